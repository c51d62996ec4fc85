//! Master keys and the names they go by.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretBox, SecretSlice};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::domain::{ParseError, Rule, schema};

/// The name of a master key, as tokens and cursors carry it: `[a-z0-9]{1,16}`.
///
/// ```
/// use fleetprompt_core::token::KeyId;
/// let kid: KeyId = "2026q1".parse()?;
/// assert_eq!(kid.as_str(), "2026q1");
/// assert!("2026-Q1".parse::<KeyId>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId {
    /// Filled up with zeros, so that order and equality are those of the text.
    text: [u8; Self::MAX_BYTES],
}

impl KeyId {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 16;

    /// The name of the only key of [`KeyRing::single`](super::KeyRing::single).
    pub(super) const FIRST: KeyId = KeyId { text: *b"k1\0\0\0\0\0\0\0\0\0\0\0\0\0\0" };

    /// The name as text.
    pub fn as_str(&self) -> &str {
        let length = self.text.iter().position(|byte| *byte == 0).unwrap_or(self.text.len());
        self.text.get(..length).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
    }
}

schema! {
    KeyId = crate::openapi::pattern(crate::openapi::string(), "^[a-z0-9]{1,16}$"),
    "The name of a key: public, and never reused for another key.",
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        let broken = if name.is_empty() {
            Rule::Empty
        } else if name.len() > Self::MAX_BYTES {
            Rule::TooLong { max: Self::MAX_BYTES, unit: "bytes" }
        } else if !name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9')) {
            Rule::Characters("a-z and 0-9")
        } else {
            let mut text = [0; Self::MAX_BYTES];
            for (to, from) in text.iter_mut().zip(name.bytes()) {
                *to = from;
            }
            return Ok(KeyId { text });
        };
        Err(ParseError::new("kid", broken))
    }
}

impl TryFrom<String> for KeyId {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(kid: KeyId) -> String {
        kid.to_string()
    }
}

/// A random secret from which all keys of one kid are derived: 32 to 128 bytes.
///
/// Wiped from memory when dropped, redacted in `Debug`, compared in constant time. It is given as
/// bytes or as base64url without padding (RFC 4648, section 5) in its one canonical spelling:
///
/// ```
/// use fleetprompt_core::token::MasterKey;
/// let key: MasterKey = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc".parse()?;
/// assert_eq!(key, MasterKey::from_bytes(&[7; 32])?);
/// assert_eq!(format!("{key:?}"), "MasterKey(redacted)");
/// assert!(MasterKey::from_bytes(&[7; 31]).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub struct MasterKey(SecretSlice<u8>);

impl MasterKey {
    /// The fewest bytes: the output of the hash function (RFC 2104, section 3).
    pub const MIN_BYTES: usize = 32;
    /// The most bytes.
    pub const MAX_BYTES: usize = 128;

    /// The key with these bytes, which should come from a random number generator.
    ///
    /// # Errors
    /// Fewer than [`MIN_BYTES`](Self::MIN_BYTES) or more than [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let broken = if bytes.len() < Self::MIN_BYTES {
            Rule::TooShort { min: Self::MIN_BYTES, unit: "bytes" }
        } else if bytes.len() > Self::MAX_BYTES {
            Rule::TooLong { max: Self::MAX_BYTES, unit: "bytes" }
        } else {
            return Ok(MasterKey(SecretBox::new(bytes.into())));
        };
        Err(ParseError::new("masterKey", broken))
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl FromStr for MasterKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut bytes = Zeroizing::new([0; Self::MAX_BYTES]);
        let length = decode_secret(text, bytes.as_mut_slice(), "masterKey")?;
        Self::from_bytes(bytes.get(..length).unwrap_or_default())
    }
}

impl PartialEq for MasterKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for MasterKey {}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(redacted)")
    }
}

/// Decodes canonical base64url into `out` and says how many bytes it held. Nothing is allocated:
/// a buffer that grows would leave copies of the secret behind.
pub(super) fn decode_secret(
    text: &str,
    out: &mut [u8],
    field: &'static str,
) -> Result<usize, ParseError> {
    let max = out.len();
    URL_SAFE_NO_PAD.decode_slice(text, out).map_err(|error| {
        let broken = match error {
            base64::DecodeSliceError::OutputSliceTooSmall => Rule::TooLong { max, unit: "bytes" },
            base64::DecodeSliceError::DecodeError(_) => Rule::Format("base64url without padding"),
        };
        ParseError::new(field, broken)
    })
}

#[cfg(test)]
mod tests {
    use super::super::OfflineKey;
    use super::super::tests::{kid, master};
    use super::*;

    #[test]
    fn secrets_have_one_spelling_and_enough_bytes() {
        let text = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
        assert_eq!(text.parse::<MasterKey>().unwrap(), master(7));
        assert_ne!(master(7), master(8));
        let last = text.strip_suffix('c').unwrap();
        for bad in ["", last, &format!("{last}d"), &format!("{text}="), &format!(" {text}")] {
            assert!(bad.parse::<MasterKey>().is_err(), "{bad}");
            assert!(OfflineKey::import(kid("k1"), bad).is_err(), "{bad}");
        }
        for (bytes, good) in [(31, false), (32, true), (128, true), (129, false)] {
            assert_eq!(MasterKey::from_bytes(&vec![9; bytes]).is_ok(), good, "{bytes} bytes");
        }
        let digits = |n: usize| "A".repeat(n).parse::<MasterKey>().is_ok();
        assert!(digits(171) && !digits(172) && !digits(100_000));
    }

    #[test]
    fn kids_are_short_and_plain() {
        for good in ["a", "0", "0123456789abcdef"] {
            assert_eq!(kid(good).to_string(), good);
        }
        for bad in ["", "0123456789abcdefg", "K1", "k.1", "k-1", "k1 ", "ké"] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
            assert!(serde_json::from_value::<KeyId>(bad.into()).is_err(), "{bad}");
        }
    }
}
