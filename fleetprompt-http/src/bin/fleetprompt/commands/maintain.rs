//! What a marketplace needs done now and then, in small steps: what has served is forgotten, the
//! search index follows what is popular, texts are rendered by today's rules, and images that no
//! listing has are removed.

use std::time::Duration;

use fleetprompt_core::marketplace::Maintained;
use fleetprompt_core::port::PageSize;
use fleetprompt_core::{Error, Marketplace};
use tokio::time::{MissedTickBehavior, interval};

/// How many steps of a kind a round takes at most, so that every kind has its turn.
const STEPS: u32 = 100;

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    /// Entries that were forgotten.
    pub(super) forgotten: u64,
    /// Listings of the search index that were gone over.
    pub(super) listings: u64,
    /// Texts that were gone over, whether or not anything changed for them.
    pub(super) texts: u64,
    /// Images that were removed.
    pub(super) images: u64,
    /// Whether there is more to do.
    pub(super) more: bool,
}

/// One round.
pub(super) async fn round(market: &Marketplace) -> Result<Done, Error> {
    let mut done = Done::default();
    let budget = PageSize::MAX;
    let mut more = true;
    for _ in 0..STEPS {
        let step = market.maintain(budget).await?;
        done.forgotten += forgotten(&step);
        more = step.more;
        if !more {
            break;
        }
    }
    done.more |= more;
    for _ in 0..STEPS {
        let step = market.refresh_index(budget).await?;
        done.listings += u64::from(step.listings);
        more = step.more;
        if !more {
            break;
        }
    }
    done.more |= more;
    for _ in 0..STEPS {
        let step = market.resanitize(budget).await?;
        done.texts += u64::from(step.texts);
        more = step.more;
        if !more {
            break;
        }
    }
    done.more |= more;
    let mut next = None;
    loop {
        let step = market.clean_media(next.as_ref(), budget).await?;
        done.images += u64::from(step.removed);
        next = step.next;
        if next.is_none() {
            return Ok(done);
        }
    }
}

/// How many entries of all kinds a step forgot.
fn forgotten(step: &Maintained) -> u64 {
    let Maintained { receipts, invitations, attempts, buyer_marks, reports, events, more: _ } =
        *step;
    [receipts, invitations, attempts, buyer_marks, reports, events].map(u64::from).iter().sum()
}

/// Rounds as often as `every` says, never if it is zero, until it is dropped. A round that fails is
/// logged, and the next one takes up what it left: failures that go on are not logged again.
pub(super) async fn run(every: Duration, market: Marketplace) {
    if every.is_zero() {
        return;
    }
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        match round(&market).await {
            Ok(done) => {
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
            more: false,
        };
        assert_eq!(forgotten(&step), 63);
    }
}
