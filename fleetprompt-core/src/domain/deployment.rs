//! The marketplace's own row: which copy of the data this is, and what it knows of the time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Sha256Digest;
use super::id::DeploymentId;
use super::time::{Span, Timestamp};
use crate::token::KeyId;

/// Which copy of the data this is. Keys are derived with the id, so tokens of one deployment are
/// worth nothing in another.
///
/// ```
/// use fleetprompt_core::domain::{Deployment, DeploymentId, Timestamp};
/// let before = Deployment::new(DeploymentId::from_bytes([1; 16]), Timestamp::MIN);
/// let restored = Deployment { id: DeploymentId::from_bytes([2; 16]), ..before.clone() };
/// // A store has one such row, whatever the id.
/// assert_eq!(before.key(), restored.key());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The id; random, and renewed when a copy becomes another environment or was restored.
    pub id: DeploymentId,
    /// Since when the id stands.
    pub since: Timestamp,
    /// By what each key that was ever in use here is known again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<KeyId, Sha256Digest>,
    /// Up to when the times of events say nothing of the time: a clock was ahead, until a fence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disregarded: Option<Timestamp>,
    /// How far upkeep takes the time to have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upkeep: Option<UpkeepTime>,
}

impl Deployment {
    /// A deployment that begins.
    pub fn new(id: DeploymentId, since: Timestamp) -> Self {
        Deployment { id, since, keys: BTreeMap::new(), disregarded: None, upkeep: None }
    }

    /// How far upkeep takes the time to have come: as noted, or to the deployment's beginning.
    pub fn upkeep_time(&self) -> UpkeepTime {
        self.upkeep.unwrap_or(UpkeepTime { reached: self.since, doubted: None })
    }
}

/// How far upkeep takes the time to have come.
///
/// What is forgotten does not come back, and a clock can be wrong. So upkeep believes a clock that
/// has gone on by no more than [`STEP`](Self::STEP) since it last looked, and one that has leapt only
/// once it has been seen again that much later: a leap that is noticed within a day costs nothing.
///
/// ```
/// use fleetprompt_core::domain::{Span, Timestamp, UpkeepTime};
/// let noon: Timestamp = "2026-01-31T12:00:00Z".parse()?;
/// let seen = UpkeepTime { reached: noon, doubted: None };
/// let leapt = noon.plus(Span::days(700));
/// let doubting = seen.look(leapt);
/// assert_eq!((doubting.reached, doubting.doubted), (noon, Some(leapt)));
/// // It was wrong; or it was right, since nobody had looked for so long.
/// assert_eq!(doubting.look(noon.plus(Span::minutes(1))).doubted, None);
/// let later = leapt.plus(UpkeepTime::STEP);
/// assert_eq!(doubting.look(later), UpkeepTime { reached: later, doubted: None });
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpkeepTime {
    /// What is due by this time may be forgotten.
    pub reached: Timestamp,
    /// What a clock said that had leapt, when that was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubted: Option<Timestamp>,
}

impl UpkeepTime {
    /// How far a clock may go on between two looks, and how long it is doubted otherwise. Half of
    /// what answers are kept for retries, so that whatever a clock does, a day of them is left.
    pub const STEP: Span = Span::DAY;

    /// After a look at a clock.
    #[must_use]
    pub fn look(self, clock: Timestamp) -> Self {
        let gone_on = |from: Timestamp, steps: u8| {
            let most = (0..steps).fold(from, |until, _| until.plus(Self::STEP));
            (clock <= most).then_some(UpkeepTime { reached: clock, doubted: None })
        };
        let leapt = |reached| UpkeepTime { reached, doubted: Some(clock) };
        gone_on(self.reached, 1).unwrap_or_else(|| match self.doubted {
            // It has lasted. Looked at so rarely that it has leapt again, it is right as far as that.
            Some(doubted) if clock >= doubted.plus(Self::STEP) => {
                gone_on(doubted, 2).unwrap_or_else(|| leapt(doubted))
            }
            Some(doubted) if clock >= doubted => self,
            _ => leapt(self.reached),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> Timestamp {
        Timestamp::MIN.plus(Span::days(1000)).plus(Span::days(n))
    }

    fn looks(clocks: impl IntoIterator<Item = Timestamp>) -> UpkeepTime {
        let first = UpkeepTime { reached: day(0), doubted: None };
        clocks.into_iter().fold(first, UpkeepTime::look)
    }

    #[test]
    fn a_clock_that_goes_on_is_followed_and_one_that_goes_back_too() {
        let followed = |at| UpkeepTime { reached: at, doubted: None };
        assert_eq!(looks([day(1), day(2)]), followed(day(2)));
        assert_eq!(looks([day(1), Timestamp::MIN]), followed(Timestamp::MIN));
    }

    #[test]
    fn a_leap_counts_once_it_has_lasted_and_is_forgotten_when_it_was_wrong() {
        let doubting = UpkeepTime { reached: day(0), doubted: Some(day(700)) };
        assert_eq!(looks([day(700)]), doubting);
        assert_eq!(looks([day(700), day(701).minus(Span::millis(1))]), doubting);
        assert_eq!(looks([day(700), day(701)]).reached, day(701));
        assert_eq!(looks([day(700), day(0), day(701)]).reached, day(0), "begun again");
        let other = UpkeepTime { reached: day(0), doubted: Some(day(650)) };
        assert_eq!(looks([day(700), day(650)]), other, "another leap");
        assert_eq!(looks([day(700), day(1)]), UpkeepTime { reached: day(1), doubted: None });
    }

    #[test]
    fn who_looks_seldom_is_a_look_behind() {
        let weekly = looks((1..9).map(|week| day(7 * week)));
        assert_eq!(weekly, UpkeepTime { reached: day(49), doubted: Some(day(56)) });
        let nightly = looks((1..50).map(|n| day(n).plus(Span::minutes(n))));
        assert!(nightly.reached >= day(48));
    }
}
