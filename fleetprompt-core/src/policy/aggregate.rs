//! Counts that can be shown: too coarse to tell anybody apart.

use std::fmt;

use serde::{Serialize, Serializer};

/// Counts below this are not shown, and others only in steps of it: a difference between two
/// readings, or between a total and its parts, never comes down to one buyer.
pub const AGGREGATE_STEP: u64 = 5;

/// A count, made coarse: `<5`, or rounded down to a multiple of five.
///
/// ```
/// use fleetprompt_core::policy::Aggregate;
/// assert_eq!(Aggregate::of(4).to_string(), "<5");
/// assert_eq!(Aggregate::of(14).to_string(), "10");
/// assert_eq!(Aggregate::of(0), Aggregate::of(3));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^(<5|[1-9][0-9]*)$", examples("<5", "10")))]
pub struct Aggregate(u64);

impl Aggregate {
    /// `count`, made coarse.
    pub const fn of(count: u64) -> Self {
        Aggregate(count - count % AGGREGATE_STEP)
    }

    /// The count rounded down; `None` when it is too small to be shown.
    pub const fn get(self) -> Option<u64> {
        if self.0 == 0 { None } else { Some(self.0) }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(count) => count.fmt(f),
            None => write!(f, "<{AGGREGATE_STEP}"),
        }
    }
}

impl Serialize for Aggregate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Law: one more or one less buyer shows at most as a whole step, and within a step not
        /// at all.
        #[test]
        fn one_buyer_is_hidden_within_a_step(count in 0_u64..10_000) {
            let shown = |n| Aggregate::of(n).get().unwrap_or_default();
            let difference = shown(count + 1) - shown(count);
            prop_assert!(difference == 0 || difference == AGGREGATE_STEP);
            prop_assert!(shown(count) <= count && count - shown(count) < AGGREGATE_STEP);
        }
    }
}
