//! Limits: a port, so that several processes can share them, and the one that a process keeps.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use crate::policy::{ArrivalTime, LimitDecision, Rate, gcra};

use super::clock::Clock;

/// What is limited: a digest of whose budget it is and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey(pub [u8; 32]);

/// What a limiter's methods return.
pub type LimiterFuture<'a> =
    Pin<Box<dyn Future<Output = Result<LimitDecision, LimiterUnavailable>> + Send + 'a>>;

/// Counts arrivals against a rate.
pub trait Limiter: Send + Sync {
    /// Counts one arrival and says whether it may pass. An arrival that may not pass costs nothing.
    fn arrive(&self, key: LimitKey, rate: Rate) -> LimiterFuture<'_>;
}

/// The limiter could not answer. What that means is the caller's to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limiter could not answer")]
pub struct LimiterUnavailable;

/// Limits within one process.
///
/// Remembers at most `capacity` callers; past that it forgets those whose budget is full again,
/// and then whoever has waited longest, so that a flood of keys can't fill the memory.
///
/// ```
/// use std::sync::Arc;
/// use fleetprompt_core::port::{LocalLimiter, SystemClock};
/// let limiter = LocalLimiter::new(Arc::new(SystemClock), 10_000);
/// # drop(limiter);
/// ```
pub struct LocalLimiter {
    clock: Arc<dyn Clock>,
    capacity: usize,
    due: Mutex<BTreeMap<LimitKey, ArrivalTime>>,
}

impl LocalLimiter {
    /// A limiter that remembers at most `capacity` (at least 1) callers.
    pub fn new(clock: Arc<dyn Clock>, capacity: usize) -> Self {
        LocalLimiter { clock, capacity: capacity.max(1), due: Mutex::default() }
    }

    fn decide(&self, key: LimitKey, rate: Rate) -> LimitDecision {
        let now = self.clock.now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, decision) = gcra(due.get(&key).copied().unwrap_or_default(), now, rate);
        if matches!(decision, LimitDecision::Allowed { .. }) {
            if !due.contains_key(&key) && due.len() >= self.capacity {
                let now = ArrivalTime(now.as_millis().saturating_mul(1_000));
                due.retain(|_, time| *time > now);
                if due.len() >= self.capacity {
                    let earliest = due.iter().min_by_key(|(_, time)| **time).map(|(key, _)| *key);
                    earliest.and_then(|key| due.remove(&key));
                }
            }
            due.insert(key, next);
        }
        decision
    }
}

impl Limiter for LocalLimiter {
    fn arrive(&self, key: LimitKey, rate: Rate) -> LimiterFuture<'_> {
        Box::pin(std::future::ready(Ok(self.decide(key, rate))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Span, Timestamp};

    struct Stopped;
    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_000)
        }
    }

    #[test]
    fn callers_have_budgets_of_their_own_and_memory_is_bounded() {
        let limiter = LocalLimiter::new(Arc::new(Stopped), 3);
        let rate = Rate::per(Span::seconds(1), 1);
        let allowed = |key| {
            matches!(limiter.decide(LimitKey([key; 32]), rate), LimitDecision::Allowed { .. })
        };
        assert!(allowed(1));
        assert!(!allowed(1));
        assert!((2..100).all(allowed));
        assert_eq!(limiter.due.lock().unwrap().len(), 3);
    }
}
