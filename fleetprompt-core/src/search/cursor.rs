//! Cursors: opaque, authenticated, bound to a query and its viewer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::{DeploymentId, ParseError, Rule};
use crate::token::sealed::Form;
use crate::token::{KeyRing, KeyScope, Purpose};

const FORM: Form =
    Form { prefix: "fpc1", domain: "fleetprompt cursor 1", max_bytes: Cursor::MAX_BYTES };

/// A place in a list, as callers hand it back: opaque text of at most 2,048 printable ASCII bytes.
///
/// Parsing checks no more than that; [`open`](Self::open) tells whether it is genuine.
///
/// ```
/// use fleetprompt_core::domain::DeploymentId;
/// use fleetprompt_core::search::{Cursor, CursorBinding};
/// use fleetprompt_core::token::{KeyRing, MasterKey};
///
/// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
/// let deployment = DeploymentId::from_bytes([1; 16]);
/// let here = CursorBinding::new(b"review bot", b"anonymous");
/// let cursor = Cursor::seal(&ring, deployment, &here, b"after 31")?;
///
/// let returned: Cursor = cursor.to_string().parse()?;
/// assert_eq!(returned.open(&ring, deployment, &here).unwrap(), b"after 31");
///
/// let elsewhere = CursorBinding::new(b"another query", b"anonymous");
/// assert!(returned.open(&ring, deployment, &elsewhere).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(value_type = String, min_length = 1, max_length = 2_048, pattern = "^[!-~]+$")
)]
#[serde(try_from = "String")]
pub struct Cursor(String);

impl TryFrom<String> for Cursor {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl Cursor {
    /// The longest cursor, in bytes.
    pub const MAX_BYTES: usize = 2_048;
    /// The longest payload, in bytes.
    pub const MAX_PAYLOAD_BYTES: usize = 1_400;

    /// The cursor for `payload` under the ring's active kid. The payload is readable.
    ///
    /// # Errors
    /// A payload of more than [`MAX_PAYLOAD_BYTES`](Self::MAX_PAYLOAD_BYTES).
    pub fn seal(
        ring: &KeyRing,
        deployment: DeploymentId,
        binding: &CursorBinding,
        payload: &[u8],
    ) -> Result<Self, ParseError> {
        if payload.len() > Self::MAX_PAYLOAD_BYTES {
            let broken = Rule::TooLong { max: Self::MAX_PAYLOAD_BYTES, unit: "bytes" };
            return Err(ParseError::new("cursor", broken));
        }
        let key = ring.derive_active(Purpose::Cursor, &KeyScope::own(deployment));
        Ok(Cursor(FORM.seal(&key, &binding.0, payload)))
    }

    /// The payload, if the cursor was made by this deployment for this query and viewer, under a
    /// kid that is active or retiring.
    ///
    /// # Errors
    /// [`InvalidCursor`], whatever the reason.
    pub fn open(
        &self,
        ring: &KeyRing,
        deployment: DeploymentId,
        binding: &CursorBinding,
    ) -> Result<Vec<u8>, InvalidCursor> {
        let sealed = FORM.split(&self.0).ok_or(InvalidCursor)?;
        ring.derive(&sealed.kid, Purpose::Cursor, &KeyScope::own(deployment))
            .and_then(|key| FORM.open(&sealed, &key, &binding.0))
            .ok_or(InvalidCursor)
    }

    /// The text, for a caller to hand back.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cursor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let broken = if text.is_empty() {
            Rule::Empty
        } else if text.len() > Self::MAX_BYTES {
            Rule::TooLong { max: Self::MAX_BYTES, unit: "bytes" }
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Rule::Characters("visible ASCII characters")
        } else {
            return Ok(Cursor(text.to_owned()));
        };
        Err(ParseError::new("cursor", broken))
    }
}

/// What a cursor holds for: one query, as one viewer sees it.
///
/// Both are given in a canonical encoding of the caller's choice; only their digest is kept.
///
/// ```
/// use fleetprompt_core::search::CursorBinding;
/// assert_ne!(CursorBinding::new(b"ab", b"c"), CursorBinding::new(b"a", b"bc"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorBinding([u8; 32]);

impl CursorBinding {
    /// The binding to `query`, with its filters, and to `viewer`.
    pub fn new(query: &[u8], viewer: &[u8]) -> Self {
        let mut digest = Sha256::new();
        for part in [query, viewer] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        CursorBinding(digest.finalize().into())
    }
}

/// A cursor that does not hold: changed, of another query, viewer or deployment, or under a kid
/// that is no longer in use. The caller starts again from the first page.
///
/// ```
/// use fleetprompt_core::search::InvalidCursor;
/// assert_eq!(InvalidCursor.to_string(), "invalid cursor");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid cursor")]
pub struct InvalidCursor;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::token::{KeyId, MasterKey};

    const DEPLOYMENT: DeploymentId = DeploymentId::from_bytes([0x11; 16]);

    fn master(seed: u8) -> MasterKey {
        MasterKey::from_bytes(&[seed; 32]).unwrap()
    }

    fn binding() -> CursorBinding {
        CursorBinding::new(b"query", b"viewer")
    }

    fn opened(ring: &KeyRing, text: &str) -> Option<Vec<u8>> {
        text.parse::<Cursor>().ok()?.open(ring, DEPLOYMENT, &binding()).ok()
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let ring = KeyRing::single(master(7));
        let cursor = Cursor::seal(&ring, DEPLOYMENT, &binding(), b"after 31").unwrap();
        let good = cursor.as_str();
        assert_eq!(opened(&ring, good).unwrap(), b"after 31");
        for at in 0..good.len() {
            for byte in (0..=0x7f).filter(|byte| *byte != good.as_bytes()[at]) {
                let mut bytes = good.as_bytes().to_vec();
                bytes[at] = byte;
                let bad = String::from_utf8(bytes).unwrap();
                assert_eq!(opened(&ring, &bad), None, "byte {at} as {byte}");
            }
            assert_eq!(opened(&ring, &good[..at]), None, "cut at {at}");
        }
        for tail in ["A", "=", ".", ".AAAA"] {
            assert_eq!(opened(&ring, &format!("{good}{tail}")), None);
        }
    }

    #[test]
    fn a_cursor_is_for_one_query_viewer_and_deployment() {
        let ring = KeyRing::single(master(7));
        let cursor = Cursor::seal(&ring, DEPLOYMENT, &binding(), b"31").unwrap();
        for other in [
            CursorBinding::new(b"query", b"someone else"),
            CursorBinding::new(b"another query", b"viewer"),
            CursorBinding::new(b"queryv", b"iewer"),
        ] {
            assert_eq!(cursor.open(&ring, DEPLOYMENT, &other), Err(InvalidCursor));
        }
        let elsewhere = DeploymentId::from_bytes([0x12; 16]);
        assert_eq!(cursor.open(&ring, elsewhere, &binding()), Err(InvalidCursor));
        let stranger = KeyRing::single(master(8));
        assert_eq!(cursor.open(&stranger, DEPLOYMENT, &binding()), Err(InvalidCursor));
    }

    #[test]
    fn a_cursor_survives_rotation_and_not_revocation() {
        let (k1, k2): (KeyId, KeyId) = ("k1".parse().unwrap(), "k2".parse().unwrap());
        let ring = KeyRing::single(master(7));
        let cursor = Cursor::seal(&ring, DEPLOYMENT, &binding(), b"31").unwrap();
        let ring = ring.with_pending(k2, master(8)).unwrap().activate(&k2).unwrap();
        assert_eq!(cursor.open(&ring, DEPLOYMENT, &binding()).unwrap(), b"31");
        let ring = ring.revoke(&k1).unwrap();
        assert_eq!(cursor.open(&ring, DEPLOYMENT, &binding()), Err(InvalidCursor));
    }

    #[test]
    fn text_is_bounded() {
        for bad in ["", " ", "fpc1 ", "é", &"A".repeat(2_049)] {
            assert!(bad.parse::<Cursor>().is_err());
        }
        assert!("A".repeat(2_048).parse::<Cursor>().is_ok());
    }

    #[test]
    fn the_largest_payload_fits() {
        let key = crate::token::KeyEntry {
            kid: "0123456789abcdef".parse().unwrap(),
            state: crate::token::KeyState::Active,
            key: master(7),
        };
        let ring = KeyRing::new(vec![key]).unwrap();
        let payload = [7; Cursor::MAX_PAYLOAD_BYTES];
        let cursor = Cursor::seal(&ring, DEPLOYMENT, &binding(), &payload).unwrap();
        assert_eq!(opened(&ring, cursor.as_str()).unwrap(), payload);
        let larger = [7; Cursor::MAX_PAYLOAD_BYTES + 1];
        assert!(Cursor::seal(&ring, DEPLOYMENT, &binding(), &larger).is_err());
    }

    proptest! {
        #[test]
        fn payloads_come_back(payload: [u8; 40], length in 0_usize..=40) {
            let ring = KeyRing::single(master(7));
            let payload = &payload[..length];
            let cursor = Cursor::seal(&ring, DEPLOYMENT, &binding(), payload).unwrap();
            prop_assert_eq!(opened(&ring, cursor.as_str()).unwrap(), payload);
        }

        #[test]
        fn garbage_is_invalid(text in r"(fpc1\.)?(k1\.)?[A-Za-z0-9_.=-]{0,200}") {
            prop_assert_eq!(opened(&KeyRing::single(master(7)), &text), None);
        }
    }
}
