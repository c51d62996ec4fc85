//! The fixed-size values of a token: digests and token ids.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::derive::DerivedKey;
use crate::domain::{AttemptId, Sha256Digest};

/// What a release consists of, as the marketplace computed it: SHA-256 over the release's facts.
///
/// ```
/// use fleetprompt_core::token::ReleaseDigest;
/// let digest = ReleaseDigest::from_bytes([0xab; 32]);
/// assert_eq!(digest.to_string(), format!("sha256:{}", "ab".repeat(32)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleaseDigest(Sha256Digest);

impl ReleaseDigest {
    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        ReleaseDigest(Sha256Digest::from_bytes(bytes))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ReleaseDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// SHA-256 of a whole token: what is kept of it, and by which it is recognised.
///
/// Nobody can turn it back into the token, which holds 256 bits that only the key gives; it may be
/// logged.
///
/// ```
/// use fleetprompt_core::token::TokenDigest;
/// assert!(TokenDigest::of("a token").to_string().starts_with("sha256:e3316e2b"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenDigest(Sha256Digest);

impl TokenDigest {
    /// The digest of this token text, well-formed or not.
    pub fn of(token: &str) -> Self {
        TokenDigest(Sha256Digest::of(token.as_bytes()))
    }

    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        TokenDigest(Sha256Digest::from_bytes(bytes))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of a token: 128 bits that follow from its attempt and cannot be guessed without the key.
/// No credential.
///
/// ```
/// use fleetprompt_core::token::TokenId;
/// assert_eq!(format!("{:?}", TokenId::from_bytes([0xab; 16])), format!("TokenId({})", "ab".repeat(16)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// The id of the token of `attempt`: the first 128 bits of an HMAC, so that a retried issuance
/// finds the same id again. `key` is for [`Purpose::TokenId`](super::Purpose::TokenId).
///
/// ```
/// use fleetprompt_core::domain::{AttemptId, DeploymentId};
/// use fleetprompt_core::token::{KeyRing, KeyScope, MasterKey, Purpose, token_id};
/// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
/// let scope = KeyScope::own(DeploymentId::from_bytes([1; 16]));
/// let key = ring.derive_active(Purpose::TokenId, &scope);
/// let attempt = AttemptId::from_bytes([2; 16]);
/// assert_eq!(token_id(&key, attempt), token_id(&key, attempt));
/// assert_ne!(token_id(&key, attempt), token_id(&key, AttemptId::from_bytes([3; 16])));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub fn token_id(key: &DerivedKey, attempt: AttemptId) -> TokenId {
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(key.keyed_digest(&[attempt.as_bytes()])) {
        *to = from;
    }
    TokenId(id)
}
