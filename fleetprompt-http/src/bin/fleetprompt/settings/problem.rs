//! What is wrong in the configuration: where, which key, which rule, and never the value.

use figment::error::{Actual, Kind};
use figment::{Error, Figment, Metadata, Source};

use super::source::{BUILT_IN, COMMAND_LINE, ENVIRONMENT, PREFIX};
use crate::failure::Failure;

/// All that is wrong, one line each.
pub(super) fn tell(layers: &Figment, errors: Error) -> Failure {
    let lines: Vec<String> = errors.into_iter().map(|error| line(layers, error)).collect();
    Failure::usage(format!("the configuration is wrong\n  {}", lines.join("\n  ")))
        .hint("`fleetprompt config show` prints what holds; docs/OPERATIONS.md lists all keys.")
}

fn line(layers: &Figment, error: Error) -> String {
    let mut path = error.path.clone();
    if let Kind::UnknownField(name, _) = &error.kind
        && path.last() != Some(name)
    {
        path.push(name.clone());
    }
    let key = path.join(".");
    let metadata = layers.find_metadata(&key).or(error.metadata.as_ref());
    let wrong = wrong(error.kind);
    if key.is_empty() {
        return format!("{}: {wrong}", place(metadata, &key));
    }
    format!("{}: {wrong}", named(metadata, &key))
}

/// The key, in the words of the layer that it comes from.
pub(super) fn named(metadata: Option<&Metadata>, key: &str) -> String {
    match metadata.map(|it| &*it.name) {
        Some(ENVIRONMENT) => format!("the variable {}", variable(key)),
        Some(COMMAND_LINE) => format!("the flag --{key}"),
        _ => format!("{}: {key}", place(metadata, key)),
    }
}

/// Where a value comes from.
pub(super) fn place(metadata: Option<&Metadata>, key: &str) -> String {
    let Some(metadata) = metadata else { return "the configuration".to_owned() };
    match (&*metadata.name, &metadata.source) {
        (_, Some(Source::File(path))) => path.display().to_string(),
        (ENVIRONMENT, _) => variable(key),
        (COMMAND_LINE, _) => format!("--{key}"),
        (BUILT_IN, _) => BUILT_IN.to_owned(),
        (other, _) => other.to_owned(),
    }
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").replace('-', "_").to_ascii_uppercase())
}

/// The rule, without the value that breaks it.
fn wrong(kind: Kind) -> String {
    match kind {
        // A parser's message may go on with the line that it stopped at.
        Kind::Message(message) => message.lines().next().unwrap_or_default().to_owned(),
        Kind::InvalidType(found, expected) => {
            format!("must be {expected}, and is {}", type_of(&found))
        }
        Kind::InvalidValue(_, expected) => format!("must be {expected}"),
        Kind::InvalidLength(_, expected) => format!("must have {expected}"),
        Kind::UnknownVariant(_, known) => format!("must be one of {}", known.join(", ")),
        Kind::UnknownField(_, known) => {
            format!("there is no such key; there are {}", known.join(", "))
        }
        Kind::MissingField(name) => format!("{name} is missing"),
        Kind::DuplicateField(name) => format!("{name} is there twice"),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => "is out of range".to_owned(),
        Kind::Unsupported(found) => format!("can't be {}", type_of(&found)),
        Kind::UnsupportedKey(found, _) => format!("can't have {} as a key", type_of(&found)),
    }
}

fn type_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a section",
        _ => "something else",
    }
}
