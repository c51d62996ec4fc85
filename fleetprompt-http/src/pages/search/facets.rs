//! How much was found of what, as links that take a filter up or leave it out.

use fleetprompt_core::domain::{AssetKind, BadgeKind, PriceClass};
use fleetprompt_core::marketplace::{Counts, Facet};

use super::terms::Terms;
use crate::pages::links::Links;
use crate::pages::words;

/// What was found, by one property.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) values: Vec<Value>,
}

/// A value, how many have it, and the search with or without it.
pub(super) struct Value {
    pub(super) name: String,
    pub(super) count: String,
    pub(super) href: String,
    pub(super) chosen: bool,
}

/// A filter that holds, and the search without it.
pub(super) struct Removable {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) href: String,
}

/// The groups that have something to choose from.
pub(super) fn groups(links: &Links, terms: &Terms, counts: &Counts) -> Vec<Group> {
    let more = counts.more;
    let one = |parameter: &'static str, word: &str, name: String, matches: u32| {
        let chosen = terms.get(parameter) == word;
        let next = terms.with(parameter, if chosen { "" } else { word });
        Value { name, count: words::at_least(matches, more), href: next.address(links), chosen }
    };
    let kinds = counts.kinds.iter().map(|Facet { value, matches }| {
        one("kind", value.as_str(), words::kind(*value).to_owned(), *matches)
    });
    let categories = counts.categories.iter().map(|Facet { value, matches }| {
        one("category", value.as_str(), words::category(value.as_str()), *matches)
    });
    let tags = counts.tags.iter().map(|Facet { value, matches }| {
        let tag = value.as_str();
        let chosen = terms.tags().any(|one| one == tag);
        let next = if chosen { terms.without_tag(tag) } else { terms.with_tag(tag) };
        let count = words::at_least(*matches, more);
        Value { name: tag.to_owned(), count, href: next.address(links), chosen }
    });
    let badges = counts.badges.iter().map(|Facet { value, matches }| {
        one("badge", value.as_str(), words::badge(*value).name.to_owned(), *matches)
    });
    let groups = [
        Group { name: "Kind", values: kinds.collect() },
        Group { name: "Category", values: categories.collect() },
        Group { name: "Publisher", values: badges.collect() },
        Group { name: "Tags", values: tags.collect() },
    ];
    groups.into_iter().filter(|group| !group.values.is_empty()).collect()
}

/// The filters that hold, a tag each.
pub(super) fn removable(links: &Links, terms: &Terms) -> Vec<Removable> {
    let mut removable = Vec::new();
    for (name, label, value) in terms.filtering() {
        if name == "tags" {
            removable.extend(terms.tags().map(|tag| Removable {
                label: "Tag",
                value: tag.to_owned(),
                href: terms.without_tag(tag).address(links),
            }));
            continue;
        }
        let href = terms.with(name, "").address(links);
        removable.push(Removable { label, value: named(name, value), href });
    }
    removable
}

/// A value of a filter as the page names it; what it does not know, as it was typed.
fn named(parameter: &str, value: &str) -> String {
    let named = match parameter {
        "kind" => value.parse::<AssetKind>().ok().map(words::kind),
        "badge" => value.parse::<BadgeKind>().ok().map(|badge| words::badge(badge).name),
        "priceClass" => value.parse::<PriceClass>().ok().map(words::price),
        _ => None,
    };
    match (named, parameter) {
        (Some(named), _) => named.to_owned(),
        (None, "category") => words::category(value),
        (None, _) => value.to_owned(),
    }
}
