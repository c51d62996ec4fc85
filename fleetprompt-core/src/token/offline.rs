//! Verifying in an owning system, without asking the marketplace.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::claims::{Audience, Claims, Issuer};
use super::derive::DerivedKey;
use super::install::{InvalidToken, UnverifiedToken};
use super::key::{KeyId, decode_secret};
use crate::domain::{ParseError, Rule, Span, Timestamp};

/// The install-token key of one owning system under one kid, on its way there or arrived.
///
/// Wiped from memory when dropped and redacted in `Debug`. It lets its holder verify tokens minted
/// for it and none minted for another system.
///
/// ```
/// use fleetprompt_core::domain::DeploymentId;
/// use fleetprompt_core::token::{Audience, Issuer, KeyRing, KeyScope, MasterKey, OfflineKey};
/// use secrecy::ExposeSecret;
///
/// // In the marketplace:
/// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
/// let (issuer, whs): (Issuer, Audience) = ("market".parse()?, "whs".parse()?);
/// let scope = KeyScope::handover(DeploymentId::from_bytes([1; 16]), &issuer, &whs);
/// let secret = ring.offline_key(ring.active(), &scope).unwrap().export();
///
/// // In the owning system, which got kid and secret over a confidential channel:
/// let key = OfflineKey::import("k1".parse()?, secret.expose_secret())?;
/// assert_eq!(format!("{key:?}"), "OfflineKey(k1, redacted)");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub struct OfflineKey(DerivedKey);

impl OfflineKey {
    pub(super) fn new(key: DerivedKey) -> Self {
        OfflineKey(key)
    }

    /// The key as it was [exported](Self::export): 32 bytes as base64url without padding.
    ///
    /// # Errors
    /// Text of another form or length.
    pub fn import(kid: KeyId, secret: &str) -> Result<Self, ParseError> {
        let mut bytes = Zeroizing::new([0; 32]);
        let length = decode_secret(secret, bytes.as_mut_slice(), "offlineKey")?;
        if length < bytes.len() {
            let broken = Rule::TooShort { min: bytes.len(), unit: "bytes" };
            return Err(ParseError::new("offlineKey", broken));
        }
        Ok(OfflineKey(DerivedKey::from_secret(kid, &bytes)))
    }

    /// The kid that tokens under this key name.
    pub fn kid(&self) -> &KeyId {
        self.0.kid()
    }

    /// The secret, to be handed to the owning system and to nobody else.
    pub fn export(&self) -> SecretString {
        let mut text = String::with_capacity(43);
        URL_SAFE_NO_PAD.encode_string(self.0.expose(), &mut text);
        text.into()
    }
}

impl fmt::Debug for OfflineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfflineKey({}, redacted)", self.kid())
    }
}

/// Checks install tokens in an owning system, with that system's own keys.
///
/// **It authorises nothing.** It is a filter that turns away garbage and expired tokens before the
/// marketplace is asked. Only redemption tells whether a token was issued, is unused, unrevoked and
/// for this subject; and whoever holds these keys could have made the token up.
///
/// ```
/// use fleetprompt_core::domain::{Span, Timestamp};
/// use fleetprompt_core::token::{OfflineKey, OfflineVerifier};
/// let key = OfflineKey::import("k1".parse()?, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc")?;
/// let verifier = OfflineVerifier::new("https://market.example".parse()?, "whs".parse()?)
///     .with_key(key)
///     .with_skew(Span::seconds(10))?;
/// let now: Timestamp = "2026-01-31T12:00:00Z".parse()?;
/// assert!(verifier.verify("fpi1.k1.W10.c2VjcmV0", now).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Debug)]
pub struct OfflineVerifier {
    issuer: Issuer,
    audience: Audience,
    keys: Vec<OfflineKey>,
    skew: Span,
}

impl OfflineVerifier {
    /// The largest difference between two clocks that is put up with.
    pub const MAX_SKEW: Span = Span::seconds(30);

    /// A verifier of tokens from `issuer` to `audience`, without keys and without tolerance.
    pub fn new(issuer: Issuer, audience: Audience) -> Self {
        OfflineVerifier { issuer, audience, keys: Vec::new(), skew: Span::ZERO }
    }

    /// This verifier with one more key, in place of one of the same kid.
    #[must_use]
    pub fn with_key(mut self, key: OfflineKey) -> Self {
        self.keys.retain(|held| held.kid() != key.kid());
        self.keys.push(key);
        self
    }

    /// This verifier, accepting tokens until `skew` after their expiry.
    ///
    /// # Errors
    /// A skew beyond [`MAX_SKEW`](Self::MAX_SKEW).
    pub fn with_skew(mut self, skew: Span) -> Result<Self, ParseError> {
        if skew > Self::MAX_SKEW {
            return Err(ParseError::new("skew", Rule::OutOfRange));
        }
        self.skew = skew;
        Ok(self)
    }

    /// The claims of a token that was minted with one of the keys and has not expired.
    ///
    /// # Errors
    /// [`InvalidToken`], whatever the reason.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, InvalidToken> {
        let token = UnverifiedToken::parse(token)?;
        let key = self.keys.iter().find(|key| key.kid() == token.kid()).ok_or(InvalidToken)?;
        let claims = token.verify(&key.0, &self.audience)?;
        if claims.issuer == self.issuer && now < claims.expires.plus(self.skew) {
            Ok(claims)
        } else {
            Err(InvalidToken)
        }
    }
}
