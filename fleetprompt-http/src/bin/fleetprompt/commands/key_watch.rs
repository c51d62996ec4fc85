//! Keys that are rotated or revoked in their file while a server runs.

use std::path::PathBuf;
use std::time::Duration;

use fleetprompt_core::Marketplace;
use tokio::time::{MissedTickBehavior, interval};

use crate::failure::Failure;
use crate::key_file::KeyFile;
use crate::settings::Settings;

/// How often the file is read. Operators are told that a revoked key is refused within a minute.
const EVERY: Duration = Duration::from_secs(30);

/// A key file, watched for a marketplace.
pub(super) struct KeyWatch {
    path: PathBuf,
    market: Marketplace,
    /// Whether the file's keys could not be taken the last time, which is logged once.
    failing: bool,
}

impl KeyWatch {
    /// `None` if the ring is given otherwise than by a file.
    pub(super) fn new(settings: &Settings, market: &Marketplace) -> Option<Self> {
        let path = settings.key_ring.is_none().then(|| settings.key_file.clone())?;
        Some(KeyWatch { path, market: market.clone(), failing: false })
    }

    /// Looks at the file now and then, until it is dropped. Apart from upkeep, whose rounds may be
    /// long or turned off: a key that has leaked must not wait for them.
    pub(super) async fn run(mut self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    /// Takes the keys of the file into use. Without a file that can be read, and with keys that are not
    /// the store's, those in memory go on serving.
    async fn look(&mut self) {
        let ring = KeyFile::read(&self.path).and_then(|file| file.map(|it| it.ring()).transpose());
        let taken = match ring {
            Ok(Some(ring)) => self.market.set_keys(ring).await.map_err(Failure::from),
            Ok(None) => Err(Failure::failed("the key file is gone")),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &taken
            && !self.failing
        {
            tracing::error!(%failure, "the keys in memory go on serving");
        }
        self.failing = taken.is_err();
    }
}

#[cfg(test)]
mod tests {
    use fleetprompt_core::domain::PersonIdentity;
    use fleetprompt_core::memory::MemoryStore;
    use fleetprompt_core::port::Principal;
    use fleetprompt_core::token::KeyId;

    use super::*;

    /// A key can be revoked in the database once the process no longer has it in use.
    async fn is_revoked(market: &Marketplace, kid: KeyId, run: u32) -> bool {
        let who = PersonIdentity::personal(
            "https://program.example".parse().unwrap(),
            "operator".parse().unwrap(),
        );
        let operator = market.act_as(Principal::operator(who));
        let key = format!("revoke-{kid}-{run:08}").parse().unwrap();
        operator.revoke_key(kid, &key).await.is_ok()
    }

    /// A ring in its file, and a watch of it for a marketplace that has it in use.
    async fn watched(folder: &tempfile::TempDir) -> (KeyFile, KeyWatch) {
        let path = folder.path().join("keys.json");
        let file = KeyFile::first(None).unwrap();
        file.write(&path).unwrap();
        let market = Marketplace::builder(MemoryStore::default())
            .keys(file.ring().unwrap())
            .issuer("https://market.example".parse().unwrap());
        let market = market.build().await.unwrap();
        (file, KeyWatch { path, market, failing: false })
    }

    #[tokio::test(start_paused = true)]
    async fn the_file_is_looked_at_within_a_minute_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, watch) = watched(&folder).await;
        let (path, market) = (watch.path.clone(), watch.market.clone());
        let running = tokio::spawn(watch.run());
        let mut active: KeyId = "k1".parse().unwrap();
        for run in 0..3 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let next = file.generate(None).unwrap();
            file.activate(next).unwrap();
            file.revoke(active).unwrap();
            file.write(&path).unwrap();
            tokio::time::sleep(Duration::from_secs(59)).await;
            assert!(is_revoked(&market, active, run).await, "{active}");
            active = next;
        }
        running.abort();
    }

    #[tokio::test]
    async fn a_key_that_is_revoked_in_the_file_is_out_of_use_at_the_next_look() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, mut watch) = watched(&folder).await;
        let path = watch.path.clone();
        let (first, second) = ("k1".parse().unwrap(), file.generate(None).unwrap());

        file.activate(second).unwrap();
        file.revoke(first).unwrap();
        file.write(&path).unwrap();
        assert!(!is_revoked(&watch.market, first, 1).await, "nobody has looked");
        watch.look().await;
        assert!(is_revoked(&watch.market, first, 2).await);

        std::fs::remove_file(&path).unwrap();
        watch.look().await;
        assert!(watch.failing, "it is gone");
        std::fs::write(&path, "no ring").unwrap();
        watch.look().await;
        assert!(watch.failing && !is_revoked(&watch.market, second, 3).await, "it goes on serving");
        let third = file.generate(None).unwrap();
        file.activate(third).unwrap();
        file.revoke(second).unwrap();
        file.write(&path).unwrap();
        watch.look().await;
        assert!(!watch.failing && is_revoked(&watch.market, second, 4).await);

        // Another ring, whose first key has the same name.
        KeyFile::first(None).unwrap().write(&path).unwrap();
        watch.look().await;
        assert!(watch.failing && !is_revoked(&watch.market, third, 5).await, "it goes on serving");
    }
}
