//! The generic cell rate algorithm, as a pure decision.

use crate::domain::{Span, Timestamp};

/// A rate: so many in a period, and so many at once.
///
/// ```
/// use fleetprompt_core::domain::Span;
/// use fleetprompt_core::policy::Rate;
/// let rate = Rate::per(Span::minutes(1), 60).with_burst(10);
/// assert_eq!(rate.burst(), 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    period: Span,
    count: u32,
    burst: u32,
}

impl Rate {
    /// `count` (at least 1) in each `period`, all of them at once if need be.
    pub const fn per(period: Span, count: u32) -> Self {
        let count = if count == 0 { 1 } else { count };
        Rate { period, count, burst: count }
    }

    /// The same rate with at most `burst` (at least 1) at once.
    pub const fn with_burst(self, burst: u32) -> Self {
        Rate { burst: if burst == 0 { 1 } else { burst }, ..self }
    }

    /// How many at once.
    pub const fn burst(self) -> u32 {
        self.burst
    }

    /// The same budget, spent by something that costs `cost` (at least 1) of it: arrivals counted
    /// against several costs of one rate under one key share that key's budget.
    ///
    /// ```
    /// use fleetprompt_core::domain::{Span, Timestamp};
    /// use fleetprompt_core::policy::{ArrivalTime, LimitDecision, Rate, gcra};
    /// let rate = Rate::per(Span::minutes(1), 60);
    /// let (due, _) = gcra(ArrivalTime::default(), Timestamp::MIN, rate.costing(5));
    /// let (_, next) = gcra(due, Timestamp::MIN, rate);
    /// assert_eq!(next, LimitDecision::Allowed { remaining: 54 });
    /// ```
    pub const fn costing(self, cost: u32) -> Self {
        let cost = if cost == 0 { 1 } else { cost };
        let period = Span::of_millis(self.period.as_millis().saturating_mul(cost as i64));
        Rate { period, ..self }.with_burst(self.burst / cost)
    }

    /// How long a spent budget takes to be full again.
    ///
    /// ```
    /// use fleetprompt_core::domain::Span;
    /// use fleetprompt_core::policy::Rate;
    /// assert_eq!(Rate::per(Span::minutes(1), 60).with_burst(10).fills_in(), Span::seconds(10));
    /// ```
    pub const fn fills_in(self) -> Span {
        self.of_burst(self.burst)
    }

    /// How long it takes until `remaining` of the burst have become all of it again.
    ///
    /// ```
    /// use fleetprompt_core::domain::Span;
    /// use fleetprompt_core::policy::Rate;
    /// let rate = Rate::per(Span::minutes(1), 60).with_burst(10);
    /// assert_eq!(rate.full_after(7), Span::seconds(3));
    /// ```
    pub const fn full_after(self, remaining: u32) -> Span {
        self.of_burst(self.burst.saturating_sub(remaining))
    }

    const fn of_burst(self, count: u32) -> Span {
        let micros = self.interval_micros().saturating_mul(count as i64);
        Span::of_millis(micros.saturating_add(999) / 1_000)
    }

    /// The emission interval of the algorithm: microseconds from one to the next, at least 1. Finer
    /// than the clock, so that high rates do not round to nothing.
    ///
    /// ```
    /// use fleetprompt_core::domain::Span;
    /// use fleetprompt_core::policy::Rate;
    /// assert_eq!(Rate::per(Span::seconds(1), 3).interval_micros(), 333_333);
    /// ```
    pub const fn interval_micros(self) -> i64 {
        let interval = self.period.as_millis().saturating_mul(1_000) / self.count as i64;
        if interval < 1 { 1 } else { interval }
    }

    /// The tolerance of the algorithm: how many microseconds ahead of the clock the time that is due
    /// may come to lie, which is an interval for each of the burst; at most [`i64::MAX`].
    ///
    /// ```
    /// use fleetprompt_core::domain::Span;
    /// use fleetprompt_core::policy::Rate;
    /// let rate = Rate::per(Span::seconds(1), 10).with_burst(3);
    /// assert_eq!(rate.tolerance_micros(), 300_000);
    /// ```
    pub fn tolerance_micros(self) -> i64 {
        self.interval_micros().saturating_mul(i64::from(self.burst))
    }
}

/// When the next one is due, in microseconds since the epoch: all that is remembered of a caller.
///
/// ```
/// use fleetprompt_core::domain::{Span, Timestamp};
/// use fleetprompt_core::policy::{ArrivalTime, Rate, gcra};
/// let rate = Rate::per(Span::seconds(1), 1);
/// let never_seen = ArrivalTime::default();
/// let (next, _) = gcra(never_seen, Timestamp::from_millis(5_000), rate);
/// assert_eq!(next, ArrivalTime(6_000_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArrivalTime(pub i64);

/// What a limiter says.
///
/// ```
/// use fleetprompt_core::domain::{Span, Timestamp};
/// use fleetprompt_core::policy::{ArrivalTime, LimitDecision, Rate, gcra};
/// let rate = Rate::per(Span::minutes(1), 60).with_burst(10);
/// let (_, first) = gcra(ArrivalTime::default(), Timestamp::MIN, rate);
/// assert_eq!(first, LimitDecision::Allowed { remaining: 9 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitDecision {
    /// Go on; so many more may follow at once.
    Allowed {
        /// How many more.
        remaining: u32,
    },
    /// Too many; one more is allowed after this time.
    Limited {
        /// How long to wait.
        retry_after: Span,
    },
}

/// Decides one arrival at `now`: the time to remember, and the answer. Refusals cost nothing.
///
/// ```
/// use fleetprompt_core::domain::{Span, Timestamp};
/// use fleetprompt_core::policy::{ArrivalTime, LimitDecision, Rate, gcra};
/// let rate = Rate::per(Span::seconds(1), 2);
/// let (first, _) = gcra(ArrivalTime::default(), Timestamp::MIN, rate);
/// let (second, _) = gcra(first, Timestamp::MIN, rate);
/// let (_, third) = gcra(second, Timestamp::MIN, rate);
/// assert_eq!(third, LimitDecision::Limited { retry_after: Span::millis(500) });
/// ```
pub fn gcra(due: ArrivalTime, now: Timestamp, rate: Rate) -> (ArrivalTime, LimitDecision) {
    let now = now.as_millis().saturating_mul(1_000);
    let (interval, tolerance) = (rate.interval_micros(), rate.tolerance_micros());
    let latest = now.saturating_add(tolerance);
    // A clock that stepped back must not lock a caller out for longer than a full burst.
    let due_now = due.0.clamp(now, latest);
    let next = due_now.saturating_add(interval);
    let excess = next.saturating_sub(now).saturating_sub(tolerance);
    if excess > 0 {
        let millis = u32::try_from((excess + 999) / 1_000).unwrap_or(u32::MAX);
        return (due, LimitDecision::Limited { retry_after: Span::millis(millis) });
    }
    let remaining = u32::try_from(latest.saturating_sub(next) / interval).unwrap_or(u32::MAX);
    (ArrivalTime(next), LimitDecision::Allowed { remaining })
}

/// Takes one arrival back: the time to remember after it. A budget never holds more than its burst.
///
/// ```
/// use fleetprompt_core::domain::{Span, Timestamp};
/// use fleetprompt_core::policy::{ArrivalTime, LimitDecision, Rate, gcra, gcra_given_back};
/// let rate = Rate::per(Span::minutes(1), 1);
/// let (spent, _) = gcra(ArrivalTime::default(), Timestamp::MIN, rate);
/// let (_, again) = gcra(gcra_given_back(spent, rate), Timestamp::MIN, rate);
/// assert_eq!(again, LimitDecision::Allowed { remaining: 0 });
/// ```
pub fn gcra_given_back(due: ArrivalTime, rate: Rate) -> ArrivalTime {
    // What is due in the past is a full budget: `gcra` takes it for now.
    ArrivalTime(due.0.saturating_sub(rate.interval_micros()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Law: in any stretch of time no more pass than the burst and what the rate adds.
        #[test]
        fn never_more_than_burst_plus_rate(
            steps in prop::collection::vec(0_u32..400, 1..200), count in 1_u32..20, burst in 1_u32..10,
        ) {
            let rate = Rate::per(Span::seconds(1), count).with_burst(burst);
            let mut due = ArrivalTime::default();
            let mut now = Timestamp::from_millis(1_000_000);
            let start = now;
            let mut passed = 0_i64;
            for step in steps {
                now = now.plus(Span::millis(step));
                let (next, decision) = gcra(due, now, rate);
                due = next;
                passed += i64::from(matches!(decision, LimitDecision::Allowed { .. }));
            }
            let elapsed_us = now.since(start).as_millis() * 1_000;
            let interval = 1_000_000 / i64::from(count);
            prop_assert!(passed <= i64::from(burst) + elapsed_us / interval);
        }

        /// Law: however large the burst, somebody who was never seen may pass.
        #[test]
        fn the_first_passes(days in 1_u32..40, count in 1_u32.., burst in 1_u32..) {
            let rate = Rate::per(Span::days(days), count).with_burst(burst);
            let (_, decision) = gcra(ArrivalTime::default(), Timestamp::MAX, rate);
            let passes = matches!(decision, LimitDecision::Allowed { .. });
            prop_assert!(passes);
        }

        /// Law: whoever waits as long as told is let in.
        #[test]
        fn waiting_as_told_is_enough(count in 1_u32..50, burst in 1_u32..10) {
            let rate = Rate::per(Span::seconds(1), count).with_burst(burst);
            let mut due = ArrivalTime::default();
            let mut now = Timestamp::from_millis(5_000);
            for _ in 0..100 {
                match gcra(due, now, rate) {
                    (next, LimitDecision::Allowed { .. }) => due = next,
                    (_, LimitDecision::Limited { retry_after }) => {
                        now = now.plus(retry_after);
                        let (_, again) = gcra(due, now, rate);
                        let let_in = matches!(again, LimitDecision::Allowed { .. });
                        prop_assert!(let_in);
                    }
                }
            }
        }
    }
}
