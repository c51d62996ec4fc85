//! JSON Web Tokens (RFC 7519, as RFC 8725 says to use them): what is asked of one before it is believed,
//! and where the keys come from.
//!
//! - The algorithms are configured, and all are asymmetric: `none` and HMAC can't be written down.
//! - The key is one that the provider publishes. What a token says of its own key (`jwk`, `jku`, `x5c`,
//!   `x5u`) is not looked at.
//! - `exp`, `iss`, `aud` and `sub` must be there, `nbf` is kept to if it is, an unknown `crit` refuses.
//! - JSON is read strictly: no key twice, bounded bytes and levels.

mod cache;
mod claims;
mod fetch;
mod keys;
mod options;
mod token;
mod verifier;

pub use claims::{ClaimPath, ClaimValue};
pub use options::{
    Algorithms, Audiences, KeyOptions, Leeway, ProviderUrl, Seconds, SigningAlgorithm,
};

pub(crate) use cache::KeyCache;
pub(crate) use claims::Claims;
pub(crate) use token::Token;
pub(crate) use verifier::Verifier;
