//! Forms of values in the configuration.

use std::fmt::Display;
use std::str::FromStr;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serializer};

/// What is shown in place of a secret.
pub(super) const MASK: &str = "***";

/// A value by its own parser, whose refusals repeat no value.
pub(super) fn parsed<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

pub(super) fn parsed_if_any<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    parsed(deserializer).map(Some)
}

/// A whole number from `MIN` to `MAX`.
pub(super) fn within<'de, const MIN: u32, const MAX: u32, D>(
    deserializer: D,
) -> Result<u32, D::Error>
where
    D: Deserializer<'de>,
{
    match u32::deserialize(deserializer) {
        Ok(number) if (MIN..=MAX).contains(&number) => Ok(number),
        _ => Err(serde::de::Error::custom(format!("must be a whole number from {MIN} to {MAX}"))),
    }
}

pub(super) fn all_parsed<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

/// Nothing: the value is shown as the layers have it.
pub(super) fn as_given<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// That there is a value, of its own text.
pub(super) fn shown_if_any<T: Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// That there is a secret, and nothing of it.
pub(super) fn masked<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    shown_if_any(&secret.as_ref().map(|_| MASK), serializer)
}

/// A value by its own text.
pub(super) fn shown<T: Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
