//! Idempotency keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::parse::{ParseError, Rule};

/// A key under which a write can be tried again without being done twice: 16 to 255 visible ASCII
/// characters, chosen by the caller, unique per operation. A host may keep it as text beside the work that
/// it belongs to, so that a retry after a crash has the same.
///
/// ```
/// use fleetprompt_core::domain::IdempotencyKey;
/// let key: IdempotencyKey = "create-acme-0001".parse()?;
/// assert_eq!(key.as_str(), "create-acme-0001");
/// assert!("too short".parse::<IdempotencyKey>().is_err());
/// assert_eq!(serde_json::to_string(&key)?, r#""create-acme-0001""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

impl TryFrom<String> for IdempotencyKey {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> String {
        key.0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_kept_is_read_back_and_held_to_the_rules() {
        let key: IdempotencyKey = "create-acme-0001".parse().unwrap();
        let kept = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<IdempotencyKey>(&kept).unwrap(), key);
        for wrong in [r#""""#, r#""canary-of-15-ab""#, r#""canary canary canary""#, "7"] {
            let refused = serde_json::from_str::<IdempotencyKey>(wrong).unwrap_err().to_string();
            assert!(!refused.contains("canary"), "{refused}");
        }
    }
}
