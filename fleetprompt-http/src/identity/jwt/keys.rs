//! A provider's public keys.

use std::sync::Arc;

use fleetprompt_core::domain::{JsonBounds, from_json};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::fetch::MAX_BODY_BYTES;

/// The most keys of a set. Providers have a handful.
const MAX_KEYS: usize = 128;

/// The keys of a JSON Web Key Set (RFC 7517) that signatures can be verified with.
pub(crate) struct KeySet(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: Arc<DecodingKey>,
}

/// What looking for a key finds.
pub(crate) enum Lookup {
    Found(Arc<DecodingKey>),
    /// There is such a key, and it is not for this algorithm; or several could be meant.
    Unfit,
    Unknown,
}

impl KeySet {
    /// Reads a key set. Keys that are no use here are left out; a set without any other is none.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let bounds = JsonBounds { max_bytes: MAX_BODY_BYTES, ..JsonBounds::DOCUMENT };
        let set: Set = from_json(json, bounds).ok()?;
        if set.keys.len() > MAX_KEYS {
            return None;
        }
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::usable).collect();
        (!keys.is_empty()).then_some(KeySet(keys))
    }

    /// The key of this name for this algorithm; without a name, the only one for it.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Lookup {
        let named = || self.0.iter().filter(|key| id.is_none() || key.id.as_deref() == id);
        let mut fit = named().filter(|key| key.algorithms.contains(&algorithm));
        match (fit.next(), fit.next()) {
            (Some(key), None) => Lookup::Found(Arc::clone(&key.key)),
            (Some(_), Some(_)) => Lookup::Unfit,
            (None, _) if id.is_some() && named().next().is_some() => Lookup::Unfit,
            (None, _) => Lookup::Unknown,
        }
    }
}

impl Key {
    /// A public key for signatures, with the algorithms that it is for (RFC 7517, section 4).
    fn usable(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let common = &jwk.common;
        let for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
            && common
                .key_operations
                .as_ref()
                .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !for_signatures {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => vec![
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => vec![Algorithm::ES256],
                EllipticCurve::P384 => vec![Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            // Symmetric keys above all.
            _ => return None,
        };
        if let Some(only) = common.key_algorithm {
            let only = Algorithm::try_from(only).ok()?;
            algorithms.retain(|algorithm| *algorithm == only);
        }
        let key = Arc::new(DecodingKey::from_jwk(&jwk).ok()?);
        (!algorithms.is_empty()).then_some(Key { id: jwk.common.key_id, algorithms, key })
    }
}
