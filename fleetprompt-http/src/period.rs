//! Lengths of time in a configuration.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fleetprompt_core::domain::{ParseError, Rule, Span};
use serde::{Deserialize, Serialize};

/// A length of time between a millisecond and a day, written with its unit: `250ms`, `30s`, `2m`.
///
/// ```
/// use std::time::Duration;
/// use fleetprompt_http::Period;
/// let period: Period = "1m 30s".parse()?;
/// assert_eq!(Duration::from(period), Duration::from_secs(90));
/// assert_eq!(period.to_string(), "90s");
/// assert!("0s".parse::<Period>().is_err());
/// assert!("30".parse::<Period>().is_err(), "a number needs its unit");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    millis: u32,
}

impl Period {
    const MAX_MILLIS: u32 = 86_400_000;

    /// So many seconds, at least one and at most a day.
    pub const fn seconds(seconds: u32) -> Self {
        Self::millis(seconds.saturating_mul(1_000))
    }

    /// So many milliseconds, at least one and at most a day.
    pub const fn millis(millis: u32) -> Self {
        let millis = if millis == 0 { 1 } else { millis };
        Period { millis: if millis > Self::MAX_MILLIS { Self::MAX_MILLIS } else { millis } }
    }

    /// As the core counts time.
    pub const fn span(self) -> Span {
        Span::millis(self.millis)
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Duration {
        Duration::from_millis(u64::from(period.millis))
    }
}

impl FromStr for Period {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |rule| ParseError::new("period", rule);
        let parsed: jiff::SignedDuration = text
            .parse()
            .map_err(|_| refuse(Rule::Format("a number with its unit, such as 30s or 2m")))?;
        match u32::try_from(parsed.as_millis()) {
            Ok(millis @ 1..=Self::MAX_MILLIS) => Ok(Period { millis }),
            _ => Err(refuse(Rule::Other("must be between a millisecond and a day"))),
        }
    }
}

impl TryFrom<String> for Period {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.millis % 1_000 {
            0 => write!(f, "{}s", self.millis / 1_000),
            _ => write!(f, "{}ms", self.millis),
        }
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}
