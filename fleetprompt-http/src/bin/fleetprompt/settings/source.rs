//! The layers of the configuration: what is built in, a file, the environment, flags.

use std::env;

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use crate::cli::Flags;
use crate::failure::{Failure, Outcome};

/// What every variable begins with.
pub(super) const PREFIX: &str = "FLEETPROMPT_";

/// Variables that are not for the configuration: which file it is, and what tests are told.
const OTHERS: &[&str] = &["FLEETPROMPT_CONFIG"];
const OF_TESTS: &str = "FLEETPROMPT_TEST_";

pub(super) const BUILT_IN: &str = "default";
pub(super) const ENVIRONMENT: &str = "environment";
pub(super) const COMMAND_LINE: &str = "command line";

/// Values of one origin.
struct Layer {
    name: &'static str,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// All layers of a command.
pub(super) fn layers(flags: &Flags) -> Outcome<Figment> {
    let mut layers = Figment::from(built_in());
    if let Some(path) = &flags.config {
        // Read here, since a file that is missing must not count as an empty one.
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("the configuration file {}: {error}", path.display()))
        })?;
        drop(text);
        layers = layers.merge(Toml::file_exact(path));
    }
    let values = environment()?;
    Ok(layers
        .merge(Layer { name: ENVIRONMENT, values })
        .merge(Layer { name: COMMAND_LINE, values: of_flags(flags) }))
}

/// The layers of the demo: no file and no variable can lead it to another database.
pub(super) fn demo(overrides: Dict) -> Figment {
    Figment::from(built_in()).merge(Layer { name: COMMAND_LINE, values: overrides })
}

fn built_in() -> Layer {
    let section = |key: &str, value: Value| Value::from(Dict::from([(key.to_owned(), value)]));
    let values = [
        ("database", Value::from("sqlite:fleetprompt.db")),
        ("listen", "127.0.0.1:8080".into()),
        ("pages", true.into()),
        ("operator", "operator".into()),
        ("key-file", "fleetprompt.keys.json".into()),
        ("insecure-dev-identity", false.into()),
        ("token-lifetime-seconds", 300_u16.into()),
        ("log", section("level", "info".into())),
        ("upkeep", section("interval-seconds", 60_u16.into())),
    ];
    let values = values.map(|(key, value)| (key.to_owned(), value));
    Layer { name: BUILT_IN, values: values.into() }
}

/// The variables that begin with the prefix, as keys: `__` goes into a section, `_` stands for `-`.
fn environment() -> Outcome<Dict> {
    let mut values = Dict::new();
    for (name, value) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        if OTHERS.contains(&name) || name.starts_with(OF_TESTS) {
            continue;
        }
        let value = value
            .into_string()
            .map_err(|_| Failure::usage(format!("the variable {name} is not UTF-8")))?;
        let key = key.to_ascii_lowercase().replace("__", ".").replace('_', "-");
        // Lists and sections are written as in `["a", "b"]`; anything else is a text as it is.
        let structured = value.starts_with('[') && key != "key-ring" && key != "database";
        let value = if structured { parse(&value) } else { Value::from(value) };
        merge(&mut values, figment::util::nest(&key, value));
    }
    Ok(values)
}

/// Figment's own grammar of values takes any text.
fn parse(text: &str) -> Value {
    text.parse().unwrap_or_else(|never: std::convert::Infallible| match never {})
}

fn merge(into: &mut Dict, nested: Value) {
    let Value::Dict(_, nested) = nested else { return };
    for (key, value) in nested {
        match (into.get_mut(&key), value) {
            (Some(Value::Dict(_, inner)), deeper @ Value::Dict(..)) => merge(inner, deeper),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

fn of_flags(flags: &Flags) -> Dict {
    let Flags { config: _, database, listen, key_file, operator } = flags;
    let key_file = key_file.as_ref().map(|path| path.display().to_string());
    let given = [
        ("database", database.clone()),
        ("listen", listen.map(|address| address.to_string())),
        ("key-file", key_file),
        ("operator", operator.clone()),
    ];
    let given = given.into_iter();
    given.filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?)))).collect()
}
