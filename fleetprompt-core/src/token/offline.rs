//! Verifying in an owning system, without asking the marketplace.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
///
/// // In the marketplace:
/// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
/// let (issuer, whs): (Issuer, Audience) = ("market".parse()?, "whs".parse()?);
/// let scope = KeyScope::handover(DeploymentId::from_bytes([1; 16]), &issuer, &whs);
/// let secret = ring.offline_key(ring.active(), &scope).unwrap().export();
///
/// // In the owning system, which got kid and secret over a confidential channel:
/// let key = OfflineKey::import("k1".parse()?, secret.expose())?;
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
    pub fn export(&self) -> OfflineSecret {
        let mut text = Zeroizing::new(String::with_capacity(43));
        URL_SAFE_NO_PAD.encode_string(self.0.expose(), &mut text);
        OfflineSecret(text)
    }
}

/// An [`OfflineKey`] as text, on its way to its owning system.
///
/// Wiped from memory when dropped, redacted in `Debug`, without `Display`; [`expose`](Self::expose)
/// is the one way to the text.
///
/// ```
/// use fleetprompt_core::token::OfflineKey;
/// let text = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
/// let secret = OfflineKey::import("k1".parse()?, text)?.export();
/// assert_eq!(secret.expose(), text);
/// assert_eq!(format!("{secret:?}"), "OfflineSecret(redacted)");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub struct OfflineSecret(Zeroizing<String>);

impl OfflineSecret {
    /// The key's text. Whoever has it can make up tokens that pass offline.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OfflineSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfflineSecret(redacted)")
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

#[cfg(test)]
mod tests {
    use super::super::tests::{DEPLOYMENT, claims, key_of, kid, master, scope_of};
    use super::super::{InstallToken, KeyRing, KeyScope};
    use super::*;

    #[test]
    fn an_owning_system_can_filter_offline() {
        let claims = claims();
        let ring = KeyRing::single(master(7)).with_pending(kid("k2"), master(8)).unwrap();
        let verifier = [kid("k1"), kid("k2")].iter().fold(
            OfflineVerifier::new(claims.issuer.clone(), claims.audience.clone()),
            |verifier, kid| {
                let secret = ring.offline_key(kid, &scope_of(&claims)).unwrap().export();
                verifier.with_key(OfflineKey::import(*kid, secret.expose()).unwrap())
            },
        );
        let strict = |token: &InstallToken, now| verifier.verify(token.expose(), now);
        let before = claims.expires.minus(Span::millis(1));

        let token = InstallToken::mint(&key_of(&ring, &claims), &claims);
        assert_eq!(strict(&token, before), Ok(claims.clone()));
        assert_eq!(strict(&token, claims.expires), Err(InvalidToken));

        // The key that was pending when it was handed over is ready once it is used.
        let rotated = ring.activate(&kid("k2")).unwrap();
        let token = InstallToken::mint(&key_of(&rotated, &claims), &claims);
        assert_eq!(strict(&token, before), Ok(claims.clone()));

        // Another marketplace's name in the claims, or a token for another system.
        let other = Claims { issuer: "https://other.example".parse().unwrap(), ..claims.clone() };
        let token = InstallToken::mint(&key_of(&ring, &claims), &other);
        assert_eq!(strict(&token, before), Err(InvalidToken));
        let other = Claims { audience: "agentromatic".parse().unwrap(), ..claims.clone() };
        let token = InstallToken::mint(&key_of(&ring, &other), &other);
        assert_eq!(strict(&token, before), Err(InvalidToken));
    }

    #[test]
    fn a_key_takes_the_place_of_another_of_its_kid() {
        let claims = claims();
        let [old, new] = [7, 8].map(|seed| KeyRing::single(master(seed)));
        let [first, second] =
            [&old, &new].map(|ring| ring.offline_key(ring.active(), &scope_of(&claims)).unwrap());
        let verifier = OfflineVerifier::new(claims.issuer.clone(), claims.audience.clone());
        let verifier = verifier.with_key(first).with_key(second);
        let verified = [&old, &new].map(|ring| {
            let token = InstallToken::mint(&key_of(ring, &claims), &claims);
            verifier.verify(token.expose(), claims.issued).is_ok()
        });
        assert_eq!(verified, [false, true]);
    }

    #[test]
    fn offline_skew_is_bounded() {
        let claims = claims();
        let ring = KeyRing::single(master(7));
        let token = InstallToken::mint(&key_of(&ring, &claims), &claims);
        let verifier = || {
            OfflineVerifier::new(claims.issuer.clone(), claims.audience.clone())
                .with_key(ring.offline_key(ring.active(), &scope_of(&claims)).unwrap())
        };
        let lenient = verifier().with_skew(OfflineVerifier::MAX_SKEW).unwrap();
        let late = claims.expires.plus(Span::millis(29_999));
        assert!(lenient.verify(token.expose(), late).is_ok());
        assert_eq!(
            lenient.verify(token.expose(), claims.expires.plus(Span::seconds(30))),
            Err(InvalidToken)
        );
        assert!(verifier().with_skew(Span::millis(30_001)).is_err());
    }

    #[test]
    fn a_revoked_key_is_not_handed_out() {
        let ring = KeyRing::single(master(1)).with_pending(kid("k2"), master(2)).unwrap();
        let ring = ring.activate(&kid("k2")).unwrap().revoke(&kid("k1")).unwrap();
        assert!(ring.offline_key(&kid("k1"), &KeyScope::own(DEPLOYMENT)).is_none());
        assert!(ring.offline_key(&kid("k3"), &KeyScope::own(DEPLOYMENT)).is_none());
    }
}
