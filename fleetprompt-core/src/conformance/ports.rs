//! A clock and sources of randomness that a test holds in its hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::domain::{Span, Timestamp};
use crate::port::{Clock, Entropy, EntropyError, Seed};

/// A clock that stands still until it is moved. Clones are one clock.
///
/// ```
/// use fleetprompt_core::conformance::ManualClock;
/// use fleetprompt_core::domain::Span;
/// use fleetprompt_core::port::Clock;
/// let clock = ManualClock::default();
/// let before = clock.now();
/// clock.advance(Span::seconds(1));
/// assert_eq!(clock.now().since(before), Span::seconds(1));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl Default for ManualClock {
    /// Noon of 1 February 2026.
    fn default() -> Self {
        ManualClock(Arc::new(AtomicI64::new(1_769_947_200_000)))
    }
}

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, span: Span) {
        self.0.fetch_add(span.as_millis(), Ordering::SeqCst);
    }

    /// Sets the clock, back as well.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Randomness that is the same in every run: the n-th seed is a digest of n. Clones are one source.
///
/// ```
/// use fleetprompt_core::conformance::SeededEntropy;
/// use fleetprompt_core::port::Entropy;
/// let (one, other) = (SeededEntropy::default(), SeededEntropy::default());
/// assert_eq!(one.seed(), other.seed());
/// assert_ne!(one.seed(), one.seed());
/// ```
#[derive(Clone, Debug, Default)]
pub struct SeededEntropy(Arc<AtomicU64>);

impl Entropy for SeededEntropy {
    fn seed(&self) -> Result<Seed, EntropyError> {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(seed(n))
    }
}

/// Randomness that stays the same until the test says otherwise: every seed is the digest of the
/// number that was set last. With a number per command, a command that is tried again draws the
/// same ids. Clones are one source.
///
/// ```
/// use fleetprompt_core::conformance::NumberedEntropy;
/// use fleetprompt_core::port::Entropy;
/// let entropy = NumberedEntropy::default();
/// let first = entropy.seed();
/// assert_eq!(entropy.seed(), first);
/// entropy.set(1);
/// assert_ne!(entropy.seed(), first);
/// ```
#[derive(Clone, Debug, Default)]
pub struct NumberedEntropy(Arc<AtomicU64>);

impl NumberedEntropy {
    /// Takes the number of the next command.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::SeqCst);
    }
}

impl Entropy for NumberedEntropy {
    fn seed(&self) -> Result<Seed, EntropyError> {
        Ok(seed(self.0.load(Ordering::SeqCst)))
    }
}

fn seed(n: u64) -> Seed {
    Sha256::digest(n.to_be_bytes()).into()
}
