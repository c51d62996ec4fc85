//! The operating system's clock and random numbers: the one place in the core that touches them.

use crate::domain::Timestamp;

use super::clock::{Clock, Entropy, EntropyError, Seed};

/// The operating system's clock.
///
/// ```
/// use fleetprompt_core::port::{Clock, SystemClock};
/// assert!(SystemClock.now() > "2026-01-01T00:00:00Z".parse().unwrap());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port's adapter for the ambient clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
    }
}

/// The operating system's random numbers.
///
/// ```
/// use fleetprompt_core::port::{Entropy, SystemEntropy};
/// assert_ne!(SystemEntropy.seed(), SystemEntropy.seed());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port's adapter for ambient randomness"
    )]
    fn seed(&self) -> Result<Seed, EntropyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| EntropyError)?;
        Ok(seed)
    }
}
