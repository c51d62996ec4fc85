//! What a query is made of.

use crate::domain::{AssetKind, Handle, Tag};

/// A part of a query that means something of its own.
pub(super) struct Item<'a> {
    /// Whether it is what to be without.
    pub excluded: bool,
    /// What it is.
    pub operand: Operand<'a>,
}

pub(super) enum Operand<'a> {
    /// Text without white space.
    Words(&'a str),
    /// What stood between quotation marks.
    Quoted(&'a str),
    /// A filter.
    Filter(Filter),
}

pub(super) enum Filter {
    Kind(AssetKind),
    Tag(Tag),
    Publisher(Handle),
}

/// The parts of a text in their order.
pub(super) fn items(text: &str) -> Vec<Item<'_>> {
    let mut items = vec![];
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "([{".contains(c));
        if rest.is_empty() {
            return items;
        }
        let (excluded, positive) = excluded(rest);
        let (operand, after) = quoted(positive)
            .map(|(text, after)| (Operand::Quoted(text), after))
            .unwrap_or_else(|| unquoted(positive));
        items.push(Item { excluded, operand });
        rest = after;
    }
}

/// One hyphen before a word excludes it. Two are how a program's options are written.
fn excluded(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) if !rest.starts_with(|c: char| c.is_whitespace() || c == '-') => (true, rest),
        _ => (false, text),
    }
}

/// What stands between quotation marks at the beginning of a text, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix(is_quotation_mark)?;
    Some(inner.split_once(is_quotation_mark).unwrap_or((inner, "")))
}

/// Keyboards of telephones write typographic ones.
fn is_quotation_mark(c: char) -> bool {
    matches!(c, '"' | '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{ff02}')
}

/// A filter or words, and what follows.
fn unquoted(text: &str) -> (Operand<'_>, &str) {
    if let Some((name, rest)) = text.split_once(':') {
        let (value, after) = quoted(rest).unwrap_or_else(|| word(rest));
        if let Some(filter) = filter(name, value) {
            return (Operand::Filter(filter), after);
        }
    }
    let (words, after) = word(text);
    (Operand::Words(words), after)
}

fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

fn filter(name: &str, value: &str) -> Option<Filter> {
    let is = |operator: &str| name.eq_ignore_ascii_case(operator);
    if is("kind") {
        kind(value).map(Filter::Kind)
    } else if is("tag") {
        value.parse().ok().map(Filter::Tag)
    } else if is("publisher") {
        value.parse().ok().map(Filter::Publisher)
    } else {
        None
    }
}

fn kind(value: &str) -> Option<AssetKind> {
    match value.to_ascii_lowercase().as_str() {
        "agent" | "agents" => Some(AssetKind::WhsAgent),
        "workflow" | "workflows" => Some(AssetKind::AgentromaticWorkflow),
        "spec" | "specs" => Some(AssetKind::SpecAsset),
        "packs" => Some(AssetKind::Pack),
        exact => exact.parse().ok(),
    }
}
