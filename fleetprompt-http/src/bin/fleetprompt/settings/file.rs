//! What holds, as a configuration file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::show::{Kind, Shown};

/// A part of a key: a name, or the place of an entry in a list of sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Name(&'a str),
    Entry(usize),
}

/// A section's key; empty for what stands before all sections.
type Section<'a> = Vec<Part<'a>>;

/// A file that says the same. What is masked or not set is a comment in it, and so is all of an entry of
/// a list that has something masked, since an entry may not be complete without.
pub(crate) fn text(shown: &[Shown]) -> String {
    let mut sections: BTreeMap<Section<'_>, Vec<(&str, &Shown)>> = BTreeMap::new();
    for one in shown {
        let (section, name) = one.key.rsplit_once('.').unwrap_or(("", &one.key));
        sections.entry(parts(section)).or_default().push((name, one));
    }
    let masked = || shown.iter().filter(|one| one.kind == Kind::Masked);
    let incomplete: BTreeSet<Section<'_>> =
        masked().filter_map(|one| entry(&parts(&one.key))).collect();
    let mut text = String::new();
    if masked().next().is_some() {
        let keys: Vec<&str> = masked().map(|one| one.key.as_str()).collect();
        // A `String` takes all that is written.
        let _ = writeln!(text, "# Fill in what is masked before this is used: {}", keys.join(", "));
    }
    for (section, settings) in &sections {
        let quiet = entry(section).is_some_and(|entry| incomplete.contains(&entry));
        let hash = if quiet { "# " } else { "" };
        if !section.is_empty() {
            let _ = writeln!(text, "\n{hash}{}", header(section));
        }
        for (name, one) in settings {
            let line = match (&one.value, one.kind) {
                (None, _) => format!("# {name} is not set"),
                (Some(value), Kind::Plain) => format!("{hash}{name} = {value}"),
                (Some(value), Kind::Masked | Kind::Unset) => format!("# {name} = {value}"),
            };
            // A comment ends with its line, whatever a file is called.
            let source = one.source.replace(char::is_control, "?");
            let _ = writeln!(text, "{line:<60} # {source}");
        }
    }
    text
}

fn parts(key: &str) -> Section<'_> {
    let parts = key.split('.').filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_or(Part::Name(part), Part::Entry)).collect()
}

/// The entry of a list that a key leads into.
fn entry<'a>(key: &[Part<'a>]) -> Option<Section<'a>> {
    let place = key.iter().position(|part| matches!(part, Part::Entry(_)))?;
    Some(key.iter().take(place + 1).copied().collect())
}

fn header(section: &[Part<'_>]) -> String {
    let names = section.iter().filter_map(|part| match part {
        Part::Name(name) => Some(*name),
        Part::Entry(_) => None,
    });
    let names = names.collect::<Vec<_>>().join(".");
    match section.last() {
        Some(Part::Entry(_)) => format!("[[{names}]]"),
        _ => format!("[{names}]"),
    }
}
