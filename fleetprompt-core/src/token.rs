//! Install tokens: claims, codec and keys.
//!
//! An install token is a short-lived, single-use credential that FleetPrompt hands to a buyer and
//! that one owning system redeems server-side. It expresses intent; it permits nothing to run.
//!
//! # The format
//!
//! ```text
//! fpi1.<kid>.<payload>.<mac>
//! ```
//!
//! At most [`InstallToken::MAX_BYTES`] ASCII bytes, checked before anything is decoded.
//!
//! | part | content |
//! | --- | --- |
//! | `fpi1` | the format and its version; it fixes the algorithm, which no token can choose |
//! | kid | names the master key: `[a-z0-9]{1,16}`, see [`KeyId`] |
//! | payload | base64url without padding (RFC 4648, section 5) of a compact JSON array |
//! | mac | base64url without padding of 32 bytes of HMAC-SHA256 (RFC 2104) |
//!
//! The array holds, in this order: issuer, audience, subject, tenant, release, issued, expires,
//! and the rest. The first five are strings in which only `"` and `\` are escaped; times are whole
//! milliseconds since the Unix epoch. The rest is base64url, 128 characters, of the 16 bytes each
//! of attempt, listing, entitlement and token id, and the 32 bytes of the release digest.
//!
//! There is one spelling of a payload: decoding it and encoding it again gives the same bytes, and
//! any other spelling is refused. It is readable by whoever holds the token, so it holds opaque
//! names only.
//!
//! The MAC is taken over the domain string `fleetprompt install token 1`, the kid, the audience and
//! the payload *as spelled in the token*, each preceded by its length in bytes as eight big-endian
//! bytes. Its key is derived from the kid's master key for one purpose, deployment, issuer and
//! audience ([`DerivedKey`]).
//!
//! # Minting and verifying
//!
//! Whoever verifies derives the key from the audience that *authenticated*, never from the token,
//! so a token for another system simply fails its MAC:
//!
//! ```
//! use fleetprompt_core::domain::{AttemptId, DeploymentId, EntitlementId, ListingId, Timestamp};
//! use fleetprompt_core::token::{
//!     Audience, Claims, InstallToken, Issuer, KeyRing, KeyScope, MasterKey, Purpose,
//!     ReleaseDigest, UnverifiedToken, token_id,
//! };
//!
//! let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
//! let deployment = DeploymentId::from_bytes([1; 16]);
//! let issuer: Issuer = "https://market.example".parse()?;
//! let whs: Audience = "whs".parse()?;
//! let scope = KeyScope::handover(deployment, &issuer, &whs);
//!
//! let key = ring.derive_active(Purpose::InstallToken, &scope);
//! let attempt = AttemptId::from_bytes([2; 16]);
//! let issued: Timestamp = "2026-01-31T12:00:00Z".parse()?;
//! let claims = Claims {
//!     issuer: issuer.clone(),
//!     audience: whs.clone(),
//!     subject: "user_31".parse()?,
//!     tenant: "acme".parse()?,
//!     attempt,
//!     listing: ListingId::from_bytes([3; 16]),
//!     release: "1.4.0".parse()?,
//!     release_digest: ReleaseDigest::from_bytes([4; 32]),
//!     entitlement: EntitlementId::from_bytes([5; 16]),
//!     issued,
//!     expires: issued.plus(fleetprompt_core::domain::Span::minutes(5)),
//!     token_id: token_id(&ring.derive_active(Purpose::TokenId, &KeyScope::own(deployment)), attempt),
//! };
//! let token = InstallToken::mint(&key, &claims);
//!
//! let unverified = UnverifiedToken::parse(token.expose())?;
//! let key = ring.derive(unverified.kid(), Purpose::InstallToken, &scope).unwrap();
//! assert_eq!(unverified.verify(&key, &whs)?, claims);
//!
//! // Another system's key does not verify it.
//! let other: Audience = "agentromatic".parse()?;
//! let scope = KeyScope::handover(deployment, &issuer, &other);
//! let key = ring.derive(unverified.kid(), Purpose::InstallToken, &scope).unwrap();
//! assert!(unverified.verify(&key, &other).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A verified token is not yet redeemable: FleetPrompt keeps the [`TokenDigest`] of what it minted
//! with the attempt and takes every fact, the expiry included, from there.

mod claims;
mod codec;
mod derive;
mod digest;
mod install;
mod key;
mod offline;
mod ring;
pub(crate) mod sealed;
#[cfg(test)]
mod tests;

pub use claims::{Audience, ClaimText, Claims, Issuer};
pub use derive::{DerivedKey, KeyScope, Purpose};
pub use digest::{ReleaseDigest, TokenDigest, TokenId, token_id};
pub use install::{InstallToken, InvalidToken, UnverifiedToken};
pub use key::{KeyId, MasterKey};
pub use offline::{OfflineKey, OfflineSecret, OfflineVerifier};
pub use ring::{KeyEntry, KeyRing, KeyRingError, KeyState};
