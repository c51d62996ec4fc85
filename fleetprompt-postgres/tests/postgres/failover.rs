//! A primary that is lost, and what takes its place.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use fleetprompt_core::domain::{Fact, Position};
use fleetprompt_core::marketplace::RedeemedManifest;
use fleetprompt_core::port::{LogPage, PageSize, Store as _};
use fleetprompt_core::token::InstallToken;
use fleetprompt_core::{ErrorCode, ErrorKind, Marketplace};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;

use crate::cluster::Cluster;
use crate::market::{
    self, acme, begin, key, list_an_agent, operator, publish, redeem, redeem_under,
};
use crate::waiting::wait_until;

const THREADS: u64 = 8;
const TOKENS: u64 = 40;

fn connect(cluster: &Cluster) -> PostgresStore {
    block_on(PostgresStore::options().connections(4).connect(&cluster.url())).unwrap()
}

/// Redeems until it is told what became of it.
fn insist(market: &Marketplace, token: &InstallToken, n: u64) -> RedeemedManifest {
    loop {
        match redeem(market, token, n) {
            Ok(manifest) => return manifest,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}"),
        }
    }
}

/// How often each attempt was redeemed, as the log has it; the log has no gap.
fn redeemed(store: &PostgresStore) -> BTreeMap<String, u64> {
    let mut redeemed = BTreeMap::new();
    let mut after = Position::START;
    loop {
        let page = block_on(store.events(after, PageSize::MAX)).unwrap();
        let LogPage::Entries(entries) = page else { panic!("nothing was pruned") };
        let Some(last) = entries.last() else { return redeemed };
        assert_eq!(last.position.get(), after.get() + entries.len() as u64);
        after = last.position;
        for entry in entries {
            if let Fact::InstallRedeemed { attempt, .. } = entry.event.fact {
                *redeemed.entry(attempt.to_string()).or_default() += 1;
            }
        }
    }
}

#[test]
fn a_promoted_synchronous_standby_has_each_redemption_that_was_answered_once() {
    let primary = Cluster::new("");
    let standby = primary.standby();
    primary.replicate_synchronously();
    // Whichever of the two is the primary.
    let options = PostgresStore::options().connections(4).failover(primary.url().parse().unwrap());
    let store = block_on(options.connect(&standby.url())).unwrap();
    let market = market::open(store.clone());
    let acme = publish(&market);
    let listing = list_an_agent(&market, acme, 0);
    let tokens: Vec<_> = (0..TOKENS).map(|n| begin(&market, listing, n)).collect();
    let (answered, progress) = mpsc::channel();
    let mut manifests = thread::scope(|scope| {
        let (market, tokens) = (&market, &tokens);
        let redeemers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let answered = answered.clone();
                scope.spawn(move || {
                    let mut manifests = Vec::new();
                    for n in (thread..TOKENS).step_by(THREADS as usize) {
                        let manifest = insist(market, &tokens[n as usize], n);
                        manifests.push((n, manifest.as_str().to_owned()));
                        // Nobody listens any more once the primary is gone.
                        answered.send(()).ok();
                    }
                    manifests
                })
            })
            .collect();
        assert_eq!(progress.iter().take(10).count(), 10);
        primary.kill();
        standby.promote();
        let done = redeemers.into_iter().flat_map(|redeemer| redeemer.join().unwrap());
        done.collect::<Vec<_>>()
    });
    manifests.sort();
    assert_eq!(manifests.len() as u64, TOKENS);
    let counted = redeemed(&store);
    assert_eq!(counted.len() as u64, TOKENS);
    assert!(counted.values().all(|times| *times == 1), "{counted:?}");
    for (n, manifest) in manifests {
        let token = &tokens[n as usize];
        assert_eq!(
            redeem(&market, token, n).unwrap().as_str(),
            manifest,
            "the same, byte for byte"
        );
        let again = redeem_under(&market, token, n, &key(&format!("another-{n}"))).unwrap_err();
        assert_eq!(again.code(), ErrorCode::TokenRedeemed);
    }
}

/// An old copy of a marketplace is fenced before it serves.
fn is_safe_once_fenced(copy: &Cluster, redeemed: &InstallToken, other: &InstallToken) {
    let market = market::open(connect(copy));
    // That is what fencing is for: it does not know what was redeemed.
    assert!(redeem(&market, other, 1).is_ok());
    let reason = "restored".parse().unwrap();
    block_on(operator(&market).fence(reason, &key("fence"))).unwrap();
    for key in [key("redeem-0"), key("another")] {
        let refused = redeem_under(&market, redeemed, 0, &key).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidToken);
    }
    // Other processes than the one that fenced.
    let market = market::open(connect(copy));
    let refused = redeem(&market, redeemed, 0).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidToken);
    let listing = list_an_agent(&market, acme(&market), 1);
    let token = begin(&market, listing, 2);
    assert!(redeem(&market, &token, 2).is_ok(), "what is issued from now on is good");
}

#[test]
fn a_token_redeemed_before_a_loss_cannot_be_redeemed_after_it() {
    let primary = Cluster::new("");
    let standby = primary.standby();
    let market = market::open(connect(&primary));
    let acme = publish(&market);
    let listing = list_an_agent(&market, acme, 0);
    let (lost, other) = (begin(&market, listing, 0), begin(&market, listing, 1));
    let end = "SELECT pg_current_wal_lsn()::text";
    let end: String = sqlx::Row::get(&primary.sql(end)[0], 0);
    let replayed = format!("SELECT 1 WHERE pg_last_wal_replay_lsn() >= '{end}'");
    wait_until("the standby has everything", || !standby.sql(&replayed).is_empty());
    let backup = primary.copy();
    // The standby falls behind, and nobody notices.
    standby.sql("ALTER SYSTEM SET primary_conninfo = ''");
    standby.sql("SELECT pg_reload_conf()");
    let receiving = "SELECT 1 FROM pg_stat_wal_receiver";
    wait_until("the standby receives no more", || standby.sql(receiving).is_empty());
    redeem(&market, &lost, 0).unwrap();
    redeem(&market, &other, 1).unwrap();
    primary.kill();
    standby.promote();
    is_safe_once_fenced(&standby, &lost, &other);
    is_safe_once_fenced(&backup, &lost, &other);
}
