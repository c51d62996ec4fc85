//! Limits: a port, so that several processes can share them, and the one that a process keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use crate::policy::{ArrivalTime, LimitDecision, Rate, gcra, gcra_given_back};

use super::clock::Clock;

/// What is limited: a digest of whose budget it is and what for.
///
/// ```
/// use fleetprompt_core::domain::Sha256Digest;
/// use fleetprompt_core::port::LimitKey;
/// let budget = |text: &str| LimitKey(*Sha256Digest::of(text.as_bytes()).as_bytes());
/// assert_ne!(budget("search by 192.0.2.1"), budget("search by 192.0.2.2"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey(pub [u8; 32]);

/// What a limiter's methods return.
///
/// ```
/// use fleetprompt_core::policy::LimitDecision;
/// use fleetprompt_core::port::LimiterFuture;
/// let passes: LimiterFuture<'_> = Box::pin(async { Ok(LimitDecision::Allowed { remaining: 3 }) });
/// assert!(pollster::block_on(passes).is_ok());
/// ```
pub type LimiterFuture<'a> =
    Pin<Box<dyn Future<Output = Result<LimitDecision, LimiterUnavailable>> + Send + 'a>>;

/// What [`Limiter::give_back`] returns.
///
/// ```
/// use fleetprompt_core::port::GiveBackFuture;
/// let nothing: GiveBackFuture<'_> = Box::pin(async {});
/// pollster::block_on(nothing);
/// ```
pub type GiveBackFuture<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Counts arrivals against a rate.
///
/// ```
/// use fleetprompt_core::policy::{LimitDecision, Rate};
/// use fleetprompt_core::port::{LimitKey, Limiter, LimiterFuture};
/// /// Lets nobody through, as while a catalogue is being moved.
/// struct Closed(fleetprompt_core::domain::Span);
/// impl Limiter for Closed {
///     fn arrive(&self, _: LimitKey, _: Rate) -> LimiterFuture<'_> {
///         Box::pin(async { Ok(LimitDecision::Limited { retry_after: self.0 }) })
///     }
/// }
/// # use fleetprompt_core::domain::Span;
/// let closed = Closed(Span::minutes(10));
/// let answer = closed.arrive(LimitKey([0; 32]), Rate::per(Span::seconds(1), 100));
/// let retry_after = Span::minutes(10);
/// assert_eq!(pollster::block_on(answer), Ok(LimitDecision::Limited { retry_after }));
/// ```
pub trait Limiter: Send + Sync {
    /// Counts one arrival and says whether it may pass. An arrival that may not pass costs nothing.
    fn arrive(&self, key: LimitKey, rate: Rate) -> LimiterFuture<'_>;

    /// Takes back one arrival that was let through, which turned out to be another's to pay. A
    /// limiter that can't leaves it as it is: the budget fills again by itself.
    fn give_back(&self, key: LimitKey, rate: Rate) -> GiveBackFuture<'_> {
        let _ = (key, rate);
        Box::pin(std::future::ready(()))
    }
}

/// The limiter could not answer. What that means is the caller's to decide.
///
/// ```
/// # use std::sync::Arc;
/// # use fleetprompt_core::domain::{PersonIdentity, PublisherProfile, Span};
/// # use fleetprompt_core::marketplace::NewPublisher;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::policy::Rate;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// use fleetprompt_core::ErrorCode;
/// use fleetprompt_core::port::{LimitKey, Limiter, LimiterFuture, LimiterUnavailable, Principal};
/// struct Away;
/// impl Limiter for Away {
///     fn arrive(&self, _: LimitKey, _: Rate) -> LimiterFuture<'_> {
///         Box::pin(async { Err(LimiterUnavailable) })
///     }
/// }
/// # pollster::block_on(async {
/// # let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// # let profile = PublisherProfile { name: "Acme".parse()?, summary: None, website: None };
/// # let acme = NewPublisher { handle: "acme".parse()?, profile };
/// # let key = "create-acme-0001".parse()?;
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .limiter(Arc::new(Away), Rate::per(Span::seconds(1), 100))
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// // A marketplace that can't count its writers refuses to write.
/// let refused = market.act_as(Principal::person(ada)).create_publisher(acme, &key).await;
/// assert_eq!(refused.unwrap_err().code(), ErrorCode::Unavailable);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limiter could not answer")]
pub struct LimiterUnavailable;

/// Limits within one process.
///
/// Remembers at most `capacity` callers; past that it forgets whoever's budget is full again first, so
/// that a flood of keys can neither fill the memory nor, at that, make each arrival slow.
///
/// ```
/// use std::sync::Arc;
/// use fleetprompt_core::domain::Span;
/// use fleetprompt_core::policy::{LimitDecision, Rate};
/// use fleetprompt_core::port::{LimitKey, Limiter, LocalLimiter, SystemClock};
/// let limiter = LocalLimiter::new(Arc::new(SystemClock), 10_000);
/// let arrive = || pollster::block_on(limiter.arrive(LimitKey([0; 32]), Rate::per(Span::DAY, 1)));
/// assert_eq!(arrive(), Ok(LimitDecision::Allowed { remaining: 0 }));
/// assert!(matches!(arrive(), Ok(LimitDecision::Limited { .. })));
/// ```
pub struct LocalLimiter {
    clock: Arc<dyn Clock>,
    capacity: usize,
    due: Mutex<Due>,
}

/// When the next of each caller is due, and the callers in the order of that.
#[derive(Default)]
struct Due {
    by_key: BTreeMap<LimitKey, ArrivalTime>,
    in_order: BTreeSet<(ArrivalTime, LimitKey)>,
}

impl Due {
    fn of(&self, key: LimitKey) -> Option<ArrivalTime> {
        self.by_key.get(&key).copied()
    }

    fn set(&mut self, key: LimitKey, due: ArrivalTime) {
        if let Some(before) = self.by_key.insert(key, due) {
            self.in_order.remove(&(before, key));
        }
        self.in_order.insert((due, key));
    }

    fn forget_down_to(&mut self, capacity: usize) {
        while self.by_key.len() > capacity {
            let Some((_, key)) = self.in_order.pop_first() else { return };
            self.by_key.remove(&key);
        }
    }
}

impl LocalLimiter {
    /// A limiter that remembers at most `capacity` (at least 1) callers.
    pub fn new(clock: Arc<dyn Clock>, capacity: usize) -> Self {
        LocalLimiter { clock, capacity: capacity.max(1), due: Mutex::default() }
    }

    fn decide(&self, key: LimitKey, rate: Rate) -> LimitDecision {
        let now = self.clock.now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, decision) = gcra(due.of(key).unwrap_or_default(), now, rate);
        if matches!(decision, LimitDecision::Allowed { .. }) {
            // Room is made beforehand: the newcomer must not be the one who is forgotten.
            if due.of(key).is_none() {
                due.forget_down_to(self.capacity - 1);
            }
            due.set(key, next);
        }
        decision
    }
}

impl Limiter for LocalLimiter {
    fn arrive(&self, key: LimitKey, rate: Rate) -> LimiterFuture<'_> {
        Box::pin(std::future::ready(Ok(self.decide(key, rate))))
    }

    fn give_back(&self, key: LimitKey, rate: Rate) -> GiveBackFuture<'_> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spent) = due.of(key) {
            due.set(key, gcra_given_back(spent, rate));
        }
        Box::pin(std::future::ready(()))
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
        let due = limiter.due.lock().unwrap();
        assert_eq!((due.by_key.len(), due.in_order.len()), (3, 3));
    }

    #[test]
    fn a_flood_of_newcomers_does_not_forget_who_has_spent_most() {
        let limiter = LocalLimiter::new(Arc::new(Stopped), 10);
        let rate = Rate::per(Span::minutes(1), 3);
        let arrive = |key| limiter.decide(LimitKey([key; 32]), rate);
        for _ in 0..3 {
            assert!(matches!(arrive(0), LimitDecision::Allowed { .. }));
        }
        for newcomer in 1..=200 {
            assert!(matches!(arrive(newcomer), LimitDecision::Allowed { .. }));
        }
        assert!(matches!(arrive(0), LimitDecision::Limited { .. }));
    }

    #[test]
    fn what_is_given_back_can_be_spent_again_and_no_more() {
        let limiter = LocalLimiter::new(Arc::new(Stopped), 10);
        let rate = Rate::per(Span::minutes(1), 2);
        let key = LimitKey([0; 32]);
        let arrive = || limiter.decide(key, rate);
        assert_eq!(arrive(), LimitDecision::Allowed { remaining: 1 });
        pollster::block_on(limiter.give_back(key, rate));
        pollster::block_on(limiter.give_back(key, rate));
        assert_eq!(arrive(), LimitDecision::Allowed { remaining: 1 });
        assert_eq!(arrive(), LimitDecision::Allowed { remaining: 0 });
        assert!(matches!(arrive(), LimitDecision::Limited { .. }));
    }
}
