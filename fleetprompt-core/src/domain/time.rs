//! Points in time, lengths of time and calendar days.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::parse::{ParseError, Rule};

/// A point in time with millisecond precision, written as RFC 3339 in UTC.
///
/// ```
/// use fleetprompt_core::domain::{Span, Timestamp};
/// let at: Timestamp = "2026-01-31T12:00:00Z".parse()?;
/// assert_eq!(at.plus(Span::seconds(90)).to_string(), "2026-01-31T12:01:30Z");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime, examples("2026-01-31T09:30:00Z")))]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest time that can be represented: 1970-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(0);
    /// The latest time that can be represented: 9999-12-30T00:00:00Z.
    pub const MAX: Timestamp = Timestamp(253_402_128_000_000);

    /// The time `millis` milliseconds after the Unix epoch, held within
    /// [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    ///
    /// ```
    /// use fleetprompt_core::domain::Timestamp;
    /// assert_eq!(Timestamp::from_millis(-1), Timestamp::MIN);
    /// ```
    pub fn from_millis(millis: i64) -> Self {
        Timestamp(millis.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// This time moved forward by `span`, saturating at [`MAX`](Self::MAX).
    pub fn plus(self, span: Span) -> Self {
        Self::from_millis(self.0.saturating_add(span.0))
    }

    /// This time moved back by `span`, saturating at [`MIN`](Self::MIN).
    pub fn minus(self, span: Span) -> Self {
        Self::from_millis(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this is; zero when it is not after.
    pub fn since(self, earlier: Timestamp) -> Span {
        Span((self.0 - earlier.0).max(0))
    }

    /// The calendar day (UTC) that holds this time.
    pub fn day(self) -> Day {
        Day(i32::try_from(self.0.div_euclid(Span::DAY.0)).unwrap_or(i32::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => at.fmt(f),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let at: jiff::Timestamp =
            text.parse().map_err(|_| ParseError::new("timestamp", Rule::Format("RFC 3339")))?;
        let millis = at.as_millisecond();
        if !(Self::MIN.0..=Self::MAX.0).contains(&millis) {
            return Err(ParseError::new("timestamp", Rule::OutOfRange));
        }
        Ok(Timestamp(millis))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> String {
        at.to_string()
    }
}

/// A non-negative length of time in milliseconds.
///
/// ```
/// use fleetprompt_core::domain::Span;
/// assert_eq!(Span::minutes(2), Span::seconds(120));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// Twenty-four hours.
    pub const DAY: Span = Span(86_400_000);

    /// A span of `n` milliseconds.
    pub const fn millis(n: u32) -> Self {
        Span(n as i64)
    }

    /// A span of `n` milliseconds that were computed; none below zero.
    pub(crate) const fn of_millis(n: i64) -> Self {
        Span(if n < 0 { 0 } else { n })
    }

    /// A span of `n` seconds.
    pub const fn seconds(n: u32) -> Self {
        Span(n as i64 * 1_000)
    }

    /// A span of `n` minutes.
    pub const fn minutes(n: u32) -> Self {
        Span(n as i64 * 60_000)
    }

    /// A span of `n` hours.
    pub const fn hours(n: u32) -> Self {
        Span(n as i64 * 3_600_000)
    }

    /// A span of `n` days of twenty-four hours.
    pub const fn days(n: u32) -> Self {
        Span(n as i64 * Self::DAY.0)
    }

    /// The length in milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The length in whole seconds, rounded up: what a `Retry-After` wants.
    pub const fn as_seconds_ceil(self) -> i64 {
        (self.0 + 999) / 1_000
    }
}

/// A calendar day in UTC, written `YYYY-MM-DD`.
///
/// ```
/// use fleetprompt_core::domain::Timestamp;
/// let at: Timestamp = "2026-01-31T23:59:59Z".parse()?;
/// assert_eq!(at.day().to_string(), "2026-01-31");
/// assert_eq!(at.day().next().to_string(), "2026-02-01");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = Date, examples("2026-01-31")))]
#[serde(try_from = "String", into = "String")]
pub struct Day(i32);

impl Day {
    /// The day after this one.
    pub fn next(self) -> Day {
        Day(self.0.saturating_add(1))
    }

    /// The day `n` days before this one.
    pub fn minus(self, n: u16) -> Day {
        Day(self.0.saturating_sub(i32::from(n)))
    }

    /// The first instant of the day.
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(i64::from(self.0).saturating_mul(Span::DAY.0))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.start().to_string();
        f.write_str(text.split('T').next().unwrap_or_default())
    }
}

impl FromStr for Day {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("day", Rule::Format("YYYY-MM-DD"));
        if text.len() != 10 {
            return Err(wrong());
        }
        let start: Timestamp = format!("{text}T00:00:00Z").parse().map_err(|_| wrong())?;
        Ok(start.day())
    }
}

impl TryFrom<String> for Day {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}
