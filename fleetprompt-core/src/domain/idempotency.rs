//! Idempotency keys.

use std::fmt;
use std::str::FromStr;

use super::parse::{ParseError, Rule};

/// A key under which a write can be tried again without being done twice: 16 to 255 visible ASCII
/// characters, chosen by the caller, unique per operation.
///
/// ```
/// use fleetprompt_core::domain::IdempotencyKey;
/// let key: IdempotencyKey = "create-acme-0001".parse()?;
/// assert_eq!(key.as_str(), "create-acme-0001");
/// assert!("too short".parse::<IdempotencyKey>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The fewest characters.
    pub const MIN: usize = 16;
    /// The most characters.
    pub const MAX: usize = 255;

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let rule = if text.is_empty() {
            Rule::Empty
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Rule::Characters("visible ASCII characters")
        } else if text.len() < Self::MIN {
            Rule::TooShort { min: Self::MIN, unit: "characters" }
        } else if text.len() > Self::MAX {
            Rule::TooLong { max: Self::MAX, unit: "characters" }
        } else {
            return Ok(IdempotencyKey(text.to_owned()));
        };
        Err(ParseError::new("idempotencyKey", rule))
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A caller may have put anything into its key, so logs do not show it.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(redacted)")
    }
}
