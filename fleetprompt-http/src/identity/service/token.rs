//! Static tokens of services, and their hashes.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fleetprompt_core::domain::{ParseError, Sha256Digest};
use fleetprompt_core::port::{Entropy, EntropyError, Seed};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "fps_";

/// A static token: `fps_` and 32 random bytes in base64url, 47 characters. It is shown once, when it is
/// made; the configuration holds its [`hash`](Self::hash).
///
/// ```
/// use fleetprompt_core::port::SystemEntropy;
/// use fleetprompt_http::identity::service::ServiceToken;
/// let token = ServiceToken::generate(&SystemEntropy)?;
/// assert!(token.expose().starts_with("fps_"));
/// assert!(token.hash().to_string().starts_with("sha256:"));
/// assert!(!format!("{token:?}").contains("fps_"));
/// # Ok::<(), fleetprompt_core::port::EntropyError>(())
/// ```
#[derive(Debug)]
pub struct ServiceToken(SecretString);

impl ServiceToken {
    /// A new token.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let random = URL_SAFE_NO_PAD.encode(entropy.seed()?);
        Ok(ServiceToken(format!("{PREFIX}{random}").into()))
    }

    /// A token that somebody presents. It has one spelling.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let random = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (random.len() == size_of::<Seed>()).then(|| ServiceToken(text.to_owned().into()))
    }

    /// The token itself, to be handed to the service and kept nowhere else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What the configuration holds. A plain hash is enough: nobody guesses 256 random bits.
    pub fn hash(&self) -> ServiceTokenHash {
        ServiceTokenHash(Sha256Digest::of(self.expose().as_bytes()))
    }
}

/// The hash of a static token: `sha256:` and 64 lower-case hexadecimal digits. Nobody can get in with it,
/// but it stays out of logs all the same.
///
/// ```
/// use fleetprompt_http::identity::service::ServiceTokenHash;
/// let text = format!("sha256:{}", "0a".repeat(32));
/// let hash: ServiceTokenHash = text.parse()?;
/// assert_eq!(hash.to_string(), text);
/// assert_eq!(format!("{hash:?}"), "ServiceTokenHash(redacted)");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceTokenHash(Sha256Digest);

impl ServiceTokenHash {
    pub(super) fn digest(&self) -> Sha256Digest {
        self.0
    }
}

impl fmt::Display for ServiceTokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ServiceTokenHash {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(ServiceTokenHash)
    }
}

impl fmt::Debug for ServiceTokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceTokenHash(redacted)")
    }
}
