//! `maintain`, and the upkeep of `serve`: what a marketplace needs done now and then, in small steps. What
//! has served is forgotten, the search index follows what is popular, texts are rendered by today's rules,
//! and images that no listing has are removed.

use std::time::Duration;

use fleetprompt_core::marketplace::Maintained;
use fleetprompt_core::port::PageSize;
use fleetprompt_core::{Error, Marketplace};
use tokio::time::{MissedTickBehavior, interval};

use crate::assemble;
use crate::failure::Outcome;
use crate::output::{note, tell};
use crate::settings::Settings;

/// How many steps of a kind a round takes at most, so that every kind has its turn.
const STEPS: u32 = 100;

/// How much a step does at most.
const BUDGET: PageSize = PageSize::MAX;

/// Does at once all that is due.
pub(super) async fn run(settings: &Settings) -> Outcome {
    let (_, market) = assemble::existing(settings).await?;
    let mut done = Done::default();
    while round(&market, &mut done).await? {
        // There is more to do.
    }
    let Done { forgotten, listings, texts, images, held_back } = done;
    tell!(
        "{forgotten} entries forgotten, {listings} listings of the search index gone over, \
         {texts} texts gone over, {images} images removed"
    );
    if held_back {
        note!("The clock has leapt since the last upkeep: what is due by it is kept for a day.");
    }
    Ok(())
}

/// Rounds as often as `every` says, never if it is zero, until it is dropped. A round that fails is
/// logged, and the next one takes up what it left: failures that go on are not logged again.
pub(super) async fn upkeep(every: Duration, market: Marketplace) {
    if every.is_zero() {
        return;
    }
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        let mut done = Done::default();
        match round(&market, &mut done).await {
            Ok(_) => {
                if failing {
                    tracing::info!("upkeep works again");
                }
                failing = false;
                tracing::debug!(?done, "upkeep");
            }
            Err(error) if !failing => {
                tracing::error!(code = error.code().as_str(), %error, "upkeep failed; it is tried again");
                failing = true;
            }
            Err(_) => {}
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    /// Entries that were forgotten.
    forgotten: u64,
    /// Listings of the search index that were gone over.
    listings: u64,
    /// Texts that were gone over, whether or not anything changed for them.
    texts: u64,
    /// Images that were removed.
    images: u64,
    /// Whether entries that are due by the clock are kept, since it has leapt.
    held_back: bool,
}

/// One round, added to what was done. Whether there is more to do.
async fn round(market: &Marketplace, done: &mut Done) -> Result<bool, Error> {
    let mut more = false;
    for work in [Work::Forget, Work::Index, Work::Texts] {
        more |= work.steps(market, done).await?;
    }
    let mut next = None;
    loop {
        let step = market.clean_media(next.as_ref(), BUDGET).await?;
        done.images += u64::from(step.removed);
        next = step.next;
        if next.is_none() {
            return Ok(more);
        }
    }
}

/// What is done in steps, each of which says whether there is more to do.
#[derive(Clone, Copy)]
enum Work {
    Forget,
    Index,
    Texts,
}

impl Work {
    /// Takes steps until there is no more to do, or they are enough for a round. Whether there is more.
    async fn steps(self, market: &Marketplace, done: &mut Done) -> Result<bool, Error> {
        for _ in 0..STEPS {
            if !self.step(market, done).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn step(self, market: &Marketplace, done: &mut Done) -> Result<bool, Error> {
        match self {
            Work::Forget => {
                let step = market.maintain(BUDGET).await?;
                done.forgotten += forgotten(&step);
                done.held_back = step.held_back;
                Ok(step.more)
            }
            Work::Index => {
                let step = market.refresh_index(BUDGET).await?;
                done.listings += u64::from(step.listings);
                Ok(step.more)
            }
            Work::Texts => {
                let step = market.resanitize(BUDGET).await?;
                done.texts += u64::from(step.texts);
                Ok(step.more)
            }
        }
    }
}

/// How many entries of all kinds a step forgot.
fn forgotten(step: &Maintained) -> u64 {
    let Maintained { receipts, invitations, attempts, buyer_marks, reports, events, .. } = *step;
    [receipts, invitations, attempts, buyer_marks, reports, events].map(u64::from).iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_forgotten_is_counted() {
        let step = Maintained {
            receipts: 1,
            invitations: 2,
            attempts: 4,
            buyer_marks: 8,
            reports: 16,
            events: 32,
            ..Maintained::default()
        };
        assert_eq!(forgotten(&step), 63);
    }
}
