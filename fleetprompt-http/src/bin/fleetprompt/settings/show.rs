//! What holds, and where it comes from, without secrets.

use figment::value::Value;
use figment::{Figment, Metadata, Provider as _};
use serde::Serialize;

use super::database::DatabaseUrl;
use super::problem::{place, tell};
use crate::failure::Outcome;

/// A value that holds.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    /// The key, with its sections.
    pub(crate) key: String,
    /// The value, as TOML; `***` for a secret.
    pub(crate) value: String,
    /// The file, variable or flag.
    pub(crate) source: String,
}

/// Endings of keys whose values are secrets.
const SECRET: &[&str] = &[
    "secret",
    "secrets",
    "password",
    "token",
    "tokens",
    "key-ring",
    "hash",
    "hashes",
    "sha256",
    "access-key-id",
    "secret-access-key",
];

/// Keys whose values are addresses of databases, which may hold passwords.
const ADDRESS: &[&str] = &["database", "postgres.failover", "postgres.replica"];

/// Every value.
pub(super) fn all(layers: &Figment) -> Outcome<Vec<Shown>> {
    let data = layers.data().map_err(|errors| tell(layers, errors))?;
    let mut shown = Vec::new();
    for (key, value) in data.into_values().flatten() {
        walk(layers, &key, &value, &mut shown);
    }
    shown.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(shown)
}

fn walk(layers: &Figment, key: &str, value: &Value, shown: &mut Vec<Shown>) {
    let metadata: Option<&Metadata> = layers.get_metadata(value.tag());
    match value {
        Value::Dict(_, members) => {
            for (name, member) in members {
                walk(layers, &format!("{key}.{name}"), member, shown);
            }
        }
        Value::Array(_, entries) if entries.iter().any(|it| matches!(it, Value::Dict(..))) => {
            for (n, entry) in entries.iter().enumerate() {
                walk(layers, &format!("{key}.{n}"), entry, shown);
            }
        }
        leaf => {
            let (key, source) = (key.to_owned(), place(metadata, key));
            let value = if is_secret(&key) { "***".to_owned() } else { text(&key, leaf) };
            shown.push(Shown { key, value, source });
        }
    }
}

fn is_secret(key: &str) -> bool {
    let name = key.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or(key);
    SECRET.iter().any(|ending| {
        name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
    })
}

fn text(key: &str, value: &Value) -> String {
    match value {
        Value::String(_, text) if ADDRESS.contains(&key) => match text.parse::<DatabaseUrl>() {
            Ok(url) => format!("{:?}", url.to_string()),
            Err(_) => "***".to_owned(),
        },
        Value::String(_, text) => format!("{text:?}"),
        Value::Char(_, one) => format!("{:?}", one.to_string()),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map(|it| it.to_string())
            .or_else(|| number.to_u128().map(|it| it.to_string()))
            .or_else(|| number.to_f64().map(|it| it.to_string()))
            .unwrap_or_default(),
        Value::Array(_, entries) => {
            let entries: Vec<String> = entries.iter().map(|entry| text(key, entry)).collect();
            format!("[{}]", entries.join(", "))
        }
        Value::Empty(..) | Value::Dict(..) => String::new(),
    }
}
