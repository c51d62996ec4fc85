//! What is wrong in the configuration: where, which key, which rule, and never the value.

use figment::error::{Actual, Kind};
use figment::{Error, Figment, Metadata, Source};

use super::source::{BUILT_IN, COMMAND_LINE, ENVIRONMENT, PREFIX};
use crate::failure::Failure;

/// All that is wrong, one line each.
pub(super) fn tell(layers: &Figment, errors: Error) -> Failure {
    let lines: Vec<String> = errors.into_iter().map(|error| line(layers, error)).collect();
    Failure::usage(format!("the configuration is wrong\n  {}", lines.join("\n  ")))
        .hint("docs/OPERATIONS.md#configuration lists all keys.")
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
    // A variable has a list as a whole.
    let is_name = |part: &&str| part.parse::<usize>().is_err();
    let key = key.split('.').take_while(is_name).collect::<Vec<_>>().join(".");
    format!("{PREFIX}{}", key.replace('.', "__").replace('-', "_").to_ascii_uppercase())
}

/// The rule, without the value that breaks it.
fn wrong(kind: Kind) -> String {
    match kind {
        Kind::Message(message) => reason(&message),
        Kind::InvalidType(found, expected) => {
            format!("must be {}, and is {}", in_words(&expected), type_of(&found))
        }
        Kind::InvalidValue(_, expected) => format!("must be {}", in_words(&expected)),
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

/// A parser's message. That of TOML's goes on with the line that it stopped at, drawn behind a margin,
/// and then with the reason.
fn reason(message: &str) -> String {
    if message == "invalid socket address syntax" {
        return format!("must be {ADDRESS}");
    }
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    let drawn = |line: &&str| {
        let number = line.trim_start().trim_start_matches(|it: char| it.is_ascii_digit());
        number.trim_start().starts_with('|')
    };
    let (drawn, reasons): (Vec<&str>, Vec<&str>) = lines.partition(drawn);
    // A value stands behind a key; where there is none, all may be of a value.
    let values = drawn.iter().map(|line| line.split_once('=').map_or(*line, |(_, value)| value));
    let words: Vec<&str> = values
        .flat_map(|value| value.split(|it: char| !it.is_alphanumeric()))
        .filter(|word| word.len() > 2)
        .collect();
    let told = reasons.into_iter().filter(|line| !words.iter().any(|word| line.contains(word)));
    let told: Vec<&str> = told.collect();
    match told.as_slice() {
        [] => first.to_owned(),
        told => format!("{first}: {}", told.join(", ")),
    }
}

/// What an address looks like.
pub(crate) const ADDRESS: &str = "IP:PORT, such as 127.0.0.1:8080";

/// What serde expects, in words for people.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number",
        "a nonzero u16" => "a whole number from 1 to 65535",
        "a nonzero u32" => "a whole number from 1 to 4294967295",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" => "a text",
        "a sequence" => "a list",
        "a map" => "a section",
        "socket address" => ADDRESS,
        other if other.starts_with("enum ") => "a text",
        other if other.starts_with("struct ") => "a section",
        other => other,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_repeats_a_value_is_left_out() {
        let drawn = |line: &str, reason: &str| {
            format!("TOML parse error at line 1, column 5\n  |\n1 | {line}\n  |     ^\n{reason}\n")
        };
        for (line, given, told) in [
            ("a = canary", "invalid string\nexpected `\"`", ": invalid string, expected `\"`"),
            ("a = canary", "no canary is known\nexpected `\"`", ": expected `\"`"),
            ("a = \"x|canary\"", "x|canary is wrong", ""),
            ("canary", "no canary is known", ""),
            ("listen = 1", "duplicate key `listen`", ": duplicate key `listen`"),
        ] {
            let expected = format!("TOML parse error at line 1, column 5{told}");
            assert_eq!(reason(&drawn(line, given)), expected, "{line}");
        }
    }
}
