//! Time and randomness, which the core never takes by itself.

use crate::domain::Timestamp;

/// Tells the time.
///
/// ```
/// use fleetprompt_core::domain::Timestamp;
/// use fleetprompt_core::port::Clock;
/// struct Stopped(Timestamp);
/// impl Clock for Stopped {
///     fn now(&self) -> Timestamp { self.0 }
/// }
/// assert_eq!(Stopped(Timestamp::MIN).now(), Timestamp::MIN);
/// ```
pub trait Clock: Send + Sync {
    /// The current time. May step back: whatever compares with it allows for that.
    fn now(&self) -> Timestamp;
}

/// Thirty-two random bytes, from which all ids and secrets of one command are derived.
///
/// ```
/// use fleetprompt_core::port::{Entropy, EntropyError, Seed};
/// struct Fixed(Seed);
/// impl Entropy for Fixed {
///     fn seed(&self) -> Result<Seed, EntropyError> { Ok(self.0) }
/// }
/// assert_eq!(Fixed([7; 32]).seed()?.len(), 32);
/// # Ok::<(), EntropyError>(())
/// ```
pub type Seed = [u8; 32];

/// Makes random bytes fit for keys.
///
/// ```
/// use fleetprompt_core::port::{Entropy, EntropyError, Seed};
/// struct Fixed;
/// impl Entropy for Fixed {
///     fn seed(&self) -> Result<Seed, EntropyError> { Ok([7; 32]) }
/// }
/// assert_eq!(Fixed.seed(), Ok([7; 32]));
/// ```
pub trait Entropy: Send + Sync {
    /// Fresh random bytes, drawn once per command: an internal retry of the command uses the same.
    ///
    /// # Errors
    /// When the source of randomness fails; the command is then refused.
    fn seed(&self) -> Result<Seed, EntropyError>;
}

/// No random bytes could be had.
///
/// ```
/// use std::sync::Arc;
/// use fleetprompt_core::Marketplace;
/// use fleetprompt_core::marketplace::BuildError;
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Entropy, EntropyError, Seed};
/// struct Broken;
/// impl Entropy for Broken {
///     fn seed(&self) -> Result<Seed, EntropyError> { Err(EntropyError) }
/// }
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// let market = Marketplace::builder(MemoryStore::default())
///     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
///     .issuer("https://market.example".parse()?)
///     .entropy(Arc::new(Broken));
/// let error = pollster::block_on(market.build()).unwrap_err();
/// assert_eq!(error, BuildError::Entropy(EntropyError));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct EntropyError;
