//! What holds, and where it comes from, without secrets.

use std::slice;

use figment::value::{Dict, Value};
use figment::{Figment, Provider as _};
use serde::Serialize;

use super::Settings;
use super::database::DatabaseUrl;
use super::forms::MASK;
use super::problem::{place, tell};
use super::source::BUILT_IN;
use crate::failure::Outcome;

/// A setting.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    /// The key, with its sections; the entries of lists are counted from 0.
    pub(crate) key: String,
    /// The value, as TOML; `***` for a secret, nothing for what is not set.
    pub(crate) value: Option<String>,
    /// The file, variable or flag, or `default`.
    pub(crate) source: String,
    #[serde(skip)]
    pub(super) kind: Kind,
}

/// What a configuration file can make of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value that it can repeat.
    Plain,
    /// A secret, or what holds one.
    Masked,
    /// Nothing is set; the value, if there is one, follows from others, and would not if it was repeated.
    Unset,
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

/// Every setting: those that nobody has given too.
pub(super) fn all(settings: &Settings, layers: &Figment) -> Outcome<Vec<Shown>> {
    let effective = Value::serialize(settings).map_err(|errors| tell(layers, errors))?;
    let given = layers.data().map_err(|errors| tell(layers, errors))?;
    let given: Dict = given.into_values().flatten().collect();
    let mut walk = Walk { layers, shown: Vec::new() };
    walk.value("", &effective, Some(&given.into()));
    let mut shown = walk.shown;
    for (key, value, source) in [
        ("origin", string(settings.origin_at(settings.listen)?.as_str()), "the address"),
        ("issuer", string(settings.issuer()?.as_str()), "the origin"),
        (
            "deep-link-hosts",
            list(settings.deep_link_hosts().iter().map(|it| string(it))),
            "systems",
        ),
    ] {
        let unset = |one: &&mut Shown| one.key == key && one.kind == Kind::Unset;
        if let Some(one) = shown.iter_mut().find(unset) {
            one.value = Some(value);
            one.source = format!("{BUILT_IN}, by {source}");
        }
    }
    Ok(shown)
}

struct Walk<'a> {
    layers: &'a Figment,
    shown: Vec<Shown>,
}

impl Walk<'_> {
    /// A value that holds, and the same in the layers, if it was given there.
    fn value(&mut self, key: &str, effective: &Value, given: Option<&Value>) {
        match effective {
            Value::Dict(_, members) => {
                let given = given.and_then(Value::as_dict);
                for (name, member) in members {
                    let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                    self.value(&key, member, given.and_then(|it| it.get(name)));
                }
            }
            Value::Array(_, entries) if entries.iter().any(|it| matches!(it, Value::Dict(..))) => {
                let given = given.and_then(Value::as_array).unwrap_or_default();
                for (n, entry) in entries.iter().enumerate() {
                    self.value(&format!("{key}.{n}"), entry, given.get(n));
                }
            }
            leaf => self.leaf(key, leaf, given),
        }
    }

    fn leaf(&mut self, key: &str, effective: &Value, given: Option<&Value>) {
        let source = match given {
            Some(given) => place(self.layers.get_metadata(given.tag()), key),
            None => BUILT_IN.to_owned(),
        };
        let value = match effective {
            // What can't be told from its parsed form stands in the layers.
            Value::Empty(..) => given.filter(|it| !matches!(it, Value::Empty(..))),
            value => Some(value),
        };
        let (value, kind) = match value {
            None => (None, Kind::Unset),
            Some(value) => {
                let (value, kind) = shown(key, value);
                (Some(value), kind)
            }
        };
        self.shown.push(Shown { key: key.to_owned(), value, source, kind });
    }
}

/// A value as TOML, and whether something of it is masked.
fn shown(key: &str, value: &Value) -> (String, Kind) {
    if ADDRESS.contains(&key) {
        return addresses(value);
    }
    let is_empty = matches!(value, Value::Array(_, entries) if entries.is_empty());
    match is_secret(key) && !is_empty {
        true => (string(MASK), Kind::Masked),
        false => (toml(value), Kind::Plain),
    }
}

/// Addresses of databases, without passwords.
fn addresses(value: &Value) -> (String, Kind) {
    let given = value.as_array().unwrap_or(slice::from_ref(value));
    let mut kind = Kind::Plain;
    let mut told = Vec::new();
    for address in given {
        let named = address.as_str().and_then(|text| text.parse().ok());
        let text = named.map_or_else(|| MASK.to_owned(), |url: DatabaseUrl| url.to_string());
        if Some(text.as_str()) != address.as_str() && text.contains(MASK) {
            kind = Kind::Masked;
        }
        told.push(string(&text));
    }
    match value {
        Value::Array(..) => (list(told), kind),
        _ => (told.concat(), kind),
    }
}

fn is_secret(key: &str) -> bool {
    let name = key.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or(key);
    SECRET.iter().any(|ending| {
        name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
    })
}

fn toml(value: &Value) -> String {
    match value {
        Value::String(_, text) => string(text),
        Value::Char(_, one) => string(&one.to_string()),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map(|it| it.to_string())
            .or_else(|| number.to_u128().map(|it| it.to_string()))
            .or_else(|| number.to_f64().map(|it| format!("{it:?}")))
            .unwrap_or_default(),
        Value::Array(_, entries) => list(entries.iter().map(toml)),
        Value::Empty(..) | Value::Dict(..) => String::new(),
    }
}

/// A basic string of TOML: one of JSON, but that DEL is escaped too.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

fn list(entries: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", entries.into_iter().collect::<Vec<_>>().join(", "))
}
