//! What identifies an artifact's bytes: their SHA-256 and their number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::bounds::MAX_ARTIFACT_BYTES;
use super::parse::{ParseError, Rule};

/// A SHA-256 digest (FIPS 180-4), written `sha256:` and 64 lower-case hexadecimal digits.
///
/// ```
/// use fleetprompt_core::domain::Sha256Digest;
/// let digest = Sha256Digest::of(b"");
/// assert_eq!(
///     digest.to_string(),
///     "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
/// );
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^sha256:[0-9a-f]{64}$"))]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Sha256Digest(Sha256::digest(bytes).into())
    }

    /// The digest with these 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Sha256Digest(bytes)
    }

    /// The 64 lower-case hexadecimal digits, without the prefix.
    pub(crate) fn hex(&self) -> String {
        let nibbles = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let mut digits = String::with_capacity(64);
        digits.extend(nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)));
        digits
    }

    /// The digest with these 64 lower-case hexadecimal digits.
    pub(crate) fn from_hex(digits: &str) -> Option<Self> {
        let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
        let pairs: &[[u8; 2]; 32] = pairs.try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(Sha256Digest(bytes))
    }

    /// The 32 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.hex())
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Digest({self})")
    }
}

impl FromStr for Sha256Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = ParseError::new(
            "digest",
            Rule::Format("`sha256:` and 64 lower-case hexadecimal digits"),
        );
        text.strip_prefix(PREFIX).and_then(Self::from_hex).ok_or(wrong)
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Sha256Digest> for String {
    fn from(digest: Sha256Digest) -> String {
        digest.to_string()
    }
}

const PREFIX: &str = "sha256:";

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// The size of an artifact in bytes, at most 1 TiB; a number in JSON.
///
/// ```
/// use fleetprompt_core::domain::ByteSize;
/// let size = ByteSize::try_from(1_024)?;
/// assert_eq!(size.get(), 1_024);
/// assert!(ByteSize::try_from(u64::MAX).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(maximum = 1_099_511_627_776_i64))]
#[serde(try_from = "u64", into = "u64")]
pub struct ByteSize(u64);

impl ByteSize {
    /// The largest size: 1 TiB.
    pub const MAX: ByteSize = ByteSize(MAX_ARTIFACT_BYTES);

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u64> for ByteSize {
    type Error = ParseError;
    fn try_from(bytes: u64) -> Result<Self, ParseError> {
        if bytes > Self::MAX.0 {
            return Err(ParseError::new("size", Rule::OutOfRange));
        }
        Ok(ByteSize(bytes))
    }
}

impl From<ByteSize> for u64 {
    fn from(size: ByteSize) -> u64 {
        size.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_digest_has_one_spelling() {
        let good = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(good.parse::<Sha256Digest>().unwrap().to_string(), good);
        for bad in [
            "0a".repeat(32),
            format!("SHA256:{}", "0a".repeat(32)),
            format!("sha256:{}", "0A".repeat(32)),
            format!("sha256:{}", "0a".repeat(31)),
            format!("sha256:{}a", "0a".repeat(32)),
            format!("sha256:{}", "0g".repeat(32)),
            format!("sha256:{}", "é".repeat(32)),
            format!("sha512:{}", "0a".repeat(32)),
        ] {
            assert!(bad.parse::<Sha256Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_end_at_one_tebibyte() {
        assert_eq!(ByteSize::try_from(1 << 40), Ok(ByteSize::MAX));
        assert!(serde_json::from_str::<ByteSize>("1099511627777").is_err());
        assert!(serde_json::from_str::<ByteSize>("-1").is_err());
    }

    proptest! {
        #[test]
        fn digests_come_back_from_text(bytes: [u8; 32]) {
            let digest = Sha256Digest::from_bytes(bytes);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
        }
    }
}
