//! Values that a query spells in its own way.

use fleetprompt_core::domain::{ParseError, Rule};
use serde::Deserialize;

/// `true` or `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Flag(pub(crate) bool);

impl TryFrom<String> for Flag {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        match text.as_str() {
            "true" => Ok(Flag(true)),
            "false" => Ok(Flag(false)),
            _ => Err(ParseError::new("flag", Rule::NotOneOf("`true`, `false`"))),
        }
    }
}

/// Values separated by commas; an empty text has none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String", bound = "T: std::str::FromStr<Err = ParseError>")]
pub(crate) struct Commas<T>(pub(crate) Vec<T>);

impl<T> Default for Commas<T> {
    fn default() -> Self {
        Commas(Vec::new())
    }
}

impl<T: std::str::FromStr<Err = ParseError>> TryFrom<String> for Commas<T> {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Ok(Commas::default());
        }
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Commas)
    }
}

/// A number of days from 1 to `MAX`; 30 if none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Days<const MAX: u16>(pub(crate) u16);

impl<const MAX: u16> Default for Days<MAX> {
    fn default() -> Self {
        Days(30)
    }
}

impl<const MAX: u16> TryFrom<String> for Days<MAX> {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        let days = text.parse().ok().filter(|days| (1..=MAX).contains(days));
        days.map(Days).ok_or(ParseError::new("days", Rule::OutOfRange))
    }
}
