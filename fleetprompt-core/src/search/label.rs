//! Labels: terms of the index that are no words of a text. Each class is one letter.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::domain::{
    AssetKind, BadgeKind, Category, PriceClass, PublisherId, SystemName, Tag, Timestamp,
};
use crate::port::{Clause, Term};

/// The last year that has a label of its own; what was released later carries it too.
const LAST_YEAR: i16 = 2_100;
const FIRST_YEAR: i16 = 1_970;

/// A class of labels that answers count: what a facet shows.
pub(crate) mod class {
    pub(crate) const KIND: char = 'k';
    pub(crate) const CATEGORY: char = 'c';
    pub(crate) const TAG: char = 't';
    pub(crate) const BADGE: char = 'b';
}

/// A label. Whatever could not stand in one matches nothing, which no parsed value is.
fn label(class: char, value: impl std::fmt::Display) -> Option<Term> {
    format!("{class}:{value}").parse().ok()
}

/// The kind of asset.
pub(crate) fn kind(kind: AssetKind) -> Option<Term> {
    label(class::KIND, kind)
}

/// The category.
pub(crate) fn category(category: &Category) -> Option<Term> {
    label(class::CATEGORY, category)
}

/// A whole tag.
pub(crate) fn tag(tag: &Tag) -> Option<Term> {
    label(class::TAG, tag)
}

/// A badge of the publisher.
pub(crate) fn badge(badge: BadgeKind) -> Option<Term> {
    label(class::BADGE, badge)
}

/// The publisher.
pub(crate) fn publisher(id: PublisherId) -> Option<Term> {
    // Shorter than an id is written elsewhere: the dictionary holds each of them.
    label('p', URL_SAFE_NO_PAD.encode(id.as_bytes()))
}

/// A system that it works with.
pub(crate) fn system(system: &SystemName) -> Option<Term> {
    label('s', system)
}

/// The price class.
pub(crate) fn price_class(class: PriceClass) -> Option<Term> {
    label('f', class)
}

/// The month and the year of a release.
pub(crate) fn released(at: Timestamp) -> [Option<Term>; 2] {
    let (year, month) = year_and_month(at);
    [label('y', year), label('m', format_args!("{year}-{month:02}"))]
}

/// Whatever was released in the month of `since` or later, and so all that was at `since` or later.
pub(crate) fn released_since(since: Timestamp) -> Clause {
    let (year, month) = year_and_month(since);
    let months = (month..=12).filter_map(|month| label('m', format_args!("{year}-{month:02}")));
    let years = (year.saturating_add(1)..=LAST_YEAR).filter_map(|year| label('y', year));
    Clause { any: months.chain(years).map(Into::into).collect() }
}

fn year_and_month(at: Timestamp) -> (i16, i8) {
    let day = at.day().to_string();
    let mut parts = day.split('-');
    let year = parts.next().and_then(|year| year.parse().ok()).unwrap_or(FIRST_YEAR);
    let month = parts.next().and_then(|month| month.parse().ok()).unwrap_or(1);
    match year {
        ..FIRST_YEAR => (FIRST_YEAR, 1),
        LAST_YEAR.. => (LAST_YEAR, 12),
        _ => (year, month),
    }
}

/// A stem in the name.
pub(crate) fn in_name(stem: &Term) -> Option<Term> {
    label('n', stem)
}

/// A stem in the tags that is not in the name.
pub(crate) fn in_tags_only(stem: &Term) -> Option<Term> {
    label('g', stem)
}

/// A stem in the publisher's handle or name.
pub(crate) fn in_publisher(stem: &Term) -> Option<Term> {
    label('h', stem)
}

/// One of 65,536 boxes that what is called `key` lies in: a short way to a whole name, since a term
/// for each would make the dictionary as long as the catalogue. Whoever opens a box has to compare.
pub(crate) fn called(key: &str) -> Option<Term> {
    let [one, two, ..]: [u8; 32] = Sha256::digest(key).into();
    label('x', format_args!("{one:02x}{two:02x}"))
}
