//! Keys derived from a master key: one for each purpose and scope.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretBox};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::claims::{Audience, Issuer};
use super::key::{KeyId, MasterKey};
use crate::domain::DeploymentId;

/// What a derived key is for. Keys of two purposes have nothing in common.
///
/// ```
/// use fleetprompt_core::domain::DeploymentId;
/// use fleetprompt_core::token::{KeyRing, KeyScope, MasterKey, Purpose};
/// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
/// let scope = KeyScope::own(DeploymentId::from_bytes([1; 16]));
/// let fingerprint = ring.derive_active(Purpose::Fingerprint, &scope).keyed_digest(&[b"acme"]);
/// let buyer = ring.derive_active(Purpose::BuyerHash, &scope).keyed_digest(&[b"acme"]);
/// assert_ne!(fingerprint, buyer);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The MAC of install tokens. The only keys that owning systems may hold.
    InstallToken,
    /// Token ids, which nobody can predict from an attempt's id.
    TokenId,
    /// Invitation codes.
    InvitationCode,
    /// Search cursors.
    Cursor,
    /// Fingerprints of idempotent requests.
    Fingerprint,
    /// Hashes by which distinct buyers are counted.
    BuyerHash,
    /// The state that travels through an owning system's pages and back.
    LinkState,
    /// What a store keeps of a key, to know it again.
    KeyCheck,
}

impl Purpose {
    fn domain(self) -> &'static str {
        match self {
            Purpose::InstallToken => "fleetprompt/1/install-token",
            Purpose::TokenId => "fleetprompt/1/token-id",
            Purpose::InvitationCode => "fleetprompt/1/invitation-code",
            Purpose::Cursor => "fleetprompt/1/cursor",
            Purpose::Fingerprint => "fleetprompt/1/fingerprint",
            Purpose::BuyerHash => "fleetprompt/1/buyer-hash",
            Purpose::LinkState => "fleetprompt/1/link-state",
            Purpose::KeyCheck => "fleetprompt/1/key-check",
        }
    }
}

/// Between whom a derived key holds: within one deployment, or between it and one audience.
///
/// ```
/// use fleetprompt_core::domain::DeploymentId;
/// use fleetprompt_core::token::{Audience, Issuer, KeyScope};
/// let deployment = DeploymentId::from_bytes([1; 16]);
/// let issuer: Issuer = "https://market.example".parse()?;
/// let audience: Audience = "whs".parse()?;
/// assert_ne!(KeyScope::own(deployment), KeyScope::handover(deployment, &issuer, &audience));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyScope<'a> {
    deployment: DeploymentId,
    issuer: &'a str,
    audience: &'a str,
}

impl<'a> KeyScope<'a> {
    /// For what a deployment keeps to itself: everything but install tokens. Issuer and audience
    /// are empty, which no [`Issuer`] or [`Audience`] is.
    pub const fn own(deployment: DeploymentId) -> Self {
        KeyScope { deployment, issuer: "", audience: "" }
    }

    /// For install tokens from `issuer`, in this deployment, to `audience`.
    pub fn handover(deployment: DeploymentId, issuer: &'a Issuer, audience: &'a Audience) -> Self {
        KeyScope { deployment, issuer: issuer.as_str(), audience: audience.as_str() }
    }
}

/// A key for one purpose and scope, under one kid.
///
/// HKDF-SHA256 (RFC 5869) of the master key, without salt; the info is purpose, deployment, kid,
/// issuer and audience, each preceded by its length. Wiped from memory when dropped, redacted in
/// `Debug`. Deriving costs a few microseconds; a held key is several times cheaper.
///
/// Whatever is stored under a derived key has to be stored with its kid, or no one can check it
/// once the ring has been rotated.
///
/// ```
/// use fleetprompt_core::domain::DeploymentId;
/// use fleetprompt_core::token::{KeyRing, KeyScope, MasterKey, Purpose};
/// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
/// let scope = KeyScope::own(DeploymentId::from_bytes([1; 16]));
/// let key = ring.derive_active(Purpose::Fingerprint, &scope);
/// assert_eq!(key.kid(), ring.active());
/// // Parts are kept apart by their lengths.
/// assert_ne!(key.keyed_digest(&[b"ab", b"c"]), key.keyed_digest(&[b"a", b"bc"]));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub struct DerivedKey {
    kid: KeyId,
    secret: SecretBox<[u8; 32]>,
    /// HMAC after its key block: half of the work for a short message.
    keyed: Hmac<Sha256>,
}

impl DerivedKey {
    pub(super) fn derive(
        kid: &KeyId,
        master: &MasterKey,
        purpose: Purpose,
        scope: &KeyScope<'_>,
    ) -> Self {
        let (prk, _) = Hkdf::<Sha256>::extract(None, master.expose());
        let prk = Zeroizing::new(<[u8; 32]>::from(prk));
        // One block of HKDF-Expand is HMAC(prk, info || 1). `Hkdf::expand` can refuse a length,
        // and this one is fixed.
        let mut expand = hmac_keyed(&prk);
        for part in [
            purpose.domain().as_bytes(),
            scope.deployment.as_bytes(),
            kid.as_str().as_bytes(),
            scope.issuer.as_bytes(),
            scope.audience.as_bytes(),
        ] {
            absorb(&mut expand, part);
        }
        expand.update(&[1]);
        let secret = Zeroizing::new(<[u8; 32]>::from(expand.finalize().into_bytes()));
        Self::from_secret(*kid, &secret)
    }

    pub(super) fn from_secret(kid: KeyId, secret: &[u8; 32]) -> Self {
        DerivedKey { kid, secret: SecretBox::new(Box::new(*secret)), keyed: hmac_keyed(secret) }
    }

    /// The kid of the master key that this one is derived from.
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// HMAC-SHA256 (RFC 2104) over the parts, each preceded by its length in bytes as eight
    /// big-endian bytes, so that no two lists of parts give the same input.
    pub fn keyed_digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// Whether `digest` is the [`keyed_digest`](Self::keyed_digest) of the parts, in constant time.
    pub fn confirms(&self, parts: &[&[u8]], digest: &[u8; 32]) -> bool {
        self.mac(parts).verify(digest.into()).is_ok()
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        for part in parts {
            absorb(&mut mac, part);
        }
        mac
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        self.secret.expose_secret()
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DerivedKey({}, redacted)", self.kid)
    }
}

fn hmac_keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC fills a short key up with zeros to the 64 bytes of a block.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(secret) {
        *to = *from;
    }
    Hmac::new((&*block).into())
}

fn absorb(mac: &mut Hmac<Sha256>, part: &[u8]) {
    mac.update(&(part.len() as u64).to_be_bytes());
    mac.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivation_is_hkdf_sha256() {
        let master = MasterKey::from_bytes(&[7; 40]).unwrap();
        let kid: KeyId = "k9".parse().unwrap();
        let deployment = DeploymentId::from_bytes([1; 16]);
        let issuer: Issuer = "market".parse().unwrap();
        let audience: Audience = "whs".parse().unwrap();
        let scope = KeyScope::handover(deployment, &issuer, &audience);
        let key = DerivedKey::derive(&kid, &master, Purpose::InstallToken, &scope);

        let mut info = Vec::new();
        for part in [&b"fleetprompt/1/install-token"[..], &[1; 16], b"k9", b"market", b"whs"] {
            info.extend_from_slice(&(part.len() as u64).to_be_bytes());
            info.extend_from_slice(part);
        }
        let mut expected = [0; 32];
        Hkdf::<Sha256>::new(None, &[7; 40]).expand(&info, &mut expected).unwrap();
        assert_eq!(*key.expose(), expected);
    }

    /// RFC 4231, test case 2, through a key of 32 bytes: its "Jefe" filled up with zeros.
    #[test]
    fn the_held_state_is_hmac_sha256() {
        let mut secret = [0; 32];
        secret[..4].copy_from_slice(b"Jefe");
        let mac = hmac_keyed(&secret).chain_update("what do ya want for nothing?").finalize();
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let found: String = mac.into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_ingredient_changes_the_key() {
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let other_master = MasterKey::from_bytes(&[8; 32]).unwrap();
        let (k1, k2): (KeyId, KeyId) = ("k1".parse().unwrap(), "k2".parse().unwrap());
        let (here, there) = (DeploymentId::from_bytes([1; 16]), DeploymentId::from_bytes([2; 16]));
        let (a, b): (Issuer, Issuer) = ("a".parse().unwrap(), "b".parse().unwrap());
        let (x, y): (Audience, Audience) = ("x".parse().unwrap(), "y".parse().unwrap());
        let scope = KeyScope::handover(here, &a, &x);
        let mut secrets = vec![
            DerivedKey::derive(&k1, &other_master, Purpose::InstallToken, &scope),
            DerivedKey::derive(&k2, &master, Purpose::InstallToken, &scope),
        ];
        for scope in [
            KeyScope::own(here),
            KeyScope::handover(there, &a, &x),
            KeyScope::handover(here, &b, &x),
            KeyScope::handover(here, &a, &y),
        ] {
            secrets.push(DerivedKey::derive(&k1, &master, Purpose::InstallToken, &scope));
        }
        for purpose in [
            Purpose::InstallToken,
            Purpose::TokenId,
            Purpose::InvitationCode,
            Purpose::Cursor,
            Purpose::Fingerprint,
            Purpose::BuyerHash,
            Purpose::LinkState,
            Purpose::KeyCheck,
        ] {
            secrets.push(DerivedKey::derive(&k1, &master, purpose, &scope));
        }
        let distinct: std::collections::BTreeSet<_> = secrets.iter().map(|k| *k.expose()).collect();
        assert_eq!(distinct.len(), secrets.len());
    }
}
