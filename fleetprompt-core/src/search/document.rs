//! What the index holds of a listing.

use std::collections::BTreeSet;

use crate::domain::{Listing, Publisher, Release, SystemName};
use crate::policy::quality;
use crate::port::{Field, INDEX_VERSION, IndexEntry, Run, Term, Token};

use super::analysis::{Analysed, Text, analyse, name_key};
use super::label;

/// How many words of a description are searched.
const DESCRIPTION_WORDS: usize = 1_000;
/// How many words of any other text are; none has as many.
const WORDS: usize = 500;
/// How long a name is that listings are sorted by, in bytes.
const SORT_NAME_BYTES: usize = 256;

/// The entry of a listing that stands in the catalogue. `owner` is the system that owns assets of
/// its kind, `buyers` how many distinct ones it has, `latest` its highest stable release that is
/// not yanked.
pub(crate) fn entry(
    listing: &Listing,
    publisher: &Publisher,
    owner: Option<&SystemName>,
    buyers: u32,
    latest: Option<&Release>,
) -> IndexEntry {
    let runs = runs(listing, publisher);
    let labels =
        [facts(listing, publisher, owner, latest), places(&runs), names(listing, publisher)];
    IndexEntry {
        version: INDEX_VERSION,
        quality: quality(listing, publisher, buyers),
        released_at: listing.released_at,
        sort_name: sort_name(listing.content.title.as_str()),
        runs,
        labels: labels.into_iter().flatten().collect(),
    }
}

fn runs(listing: &Listing, publisher: &Publisher) -> Vec<Run> {
    let content = &listing.content;
    let mut runs = Runs::default();
    let title = analyse(content.title.as_str(), WORDS);
    let slug = but_for(analyse(listing.slug.as_str(), WORDS), &title);
    runs.add(Field::Name, [title, slug]);
    let tags = content.tags.as_slice().iter().map(|tag| tag.as_str());
    let tags = tags.chain([content.category.as_str()]);
    // A run each: no phrase is made of two tags.
    runs.add(Field::Tags, tags.map(|tag| analyse(tag, WORDS)));
    let handle = analyse(publisher.handle.as_str(), WORDS);
    let name = but_for(analyse(publisher.profile.name.as_str(), WORDS), &handle);
    runs.add(Field::Publisher, [handle, name]);
    runs.add(Field::Summary, [analyse(content.summary.as_str(), WORDS)]);
    let description = content.description.as_ref();
    runs.add(Field::Description, description.map(|text| analyse(text.as_str(), DESCRIPTION_WORDS)));
    runs.0
}

/// What `text` says that `other` does not: a slug repeats its title as a rule, and counting a word
/// twice for that would tell nothing.
fn but_for(text: Text, other: &Text) -> Text {
    let stems = |words: &[Analysed]| -> BTreeSet<Term> {
        words.iter().map(|word| word.token.stem.clone()).collect()
    };
    let (said, read) = (stems(&other.words), stems(&other.joined));
    let new = |words: Vec<Analysed>, known: &BTreeSet<Term>| -> Vec<Analysed> {
        words.into_iter().filter(|word| !known.contains(&word.token.stem)).collect()
    };
    Text { words: new(text.words, &said), joined: new(text.joined, &read) }
}

#[derive(Default)]
struct Runs(Vec<Run>);

impl Runs {
    /// Adds the texts of a field: a run of words for each, and one of all their other readings.
    fn add(&mut self, field: Field, texts: impl IntoIterator<Item = Text>) {
        let mut joined = Vec::new();
        for text in texts {
            self.run(field, text.words);
            joined.extend(text.joined);
        }
        self.run(field, joined);
    }

    fn run(&mut self, field: Field, words: Vec<Analysed>) {
        if !words.is_empty() {
            let tokens: Vec<Token> = words.into_iter().map(|word| word.token).collect();
            self.0.push(Run { field, tokens });
        }
    }
}

/// What is filtered by and counted.
fn facts(
    listing: &Listing,
    publisher: &Publisher,
    owner: Option<&SystemName>,
    latest: Option<&Release>,
) -> Vec<Term> {
    let content = &listing.content;
    let mut facts = vec![
        label::kind(listing.asset.kind()),
        label::category(&content.category),
        label::publisher(publisher.id),
        label::price_class(content.price_class),
    ];
    facts.extend(label::released(listing.released_at));
    facts.extend(content.tags.as_slice().iter().map(label::tag));
    facts.extend(publisher.badges.iter().map(|badge| label::badge(badge.kind)));
    let compatible = latest.map(|release| release.content.compatibility.as_slice());
    let compatible = compatible.unwrap_or_default().iter().map(|with| &with.system);
    facts.extend(owner.into_iter().chain(compatible).map(label::system));
    facts.into_iter().flatten().collect()
}

/// Where words stand that are not just anywhere.
fn places(runs: &[Run]) -> Vec<Term> {
    let stems = |field: Field| -> BTreeSet<&Term> {
        let runs = runs.iter().filter(|run| run.field == field);
        runs.flat_map(|run| &run.tokens).map(|token| &token.stem).collect()
    };
    let (name, tags) = (stems(Field::Name), stems(Field::Tags));
    let tags_only = tags.difference(&name).copied();
    let places = name.iter().copied().map(label::in_name);
    let places = places.chain(tags_only.map(label::in_tags_only));
    places.chain(stems(Field::Publisher).into_iter().map(label::in_publisher)).flatten().collect()
}

/// What it is called.
fn names(listing: &Listing, publisher: &Publisher) -> Vec<Term> {
    let names = [listing.content.title.as_str(), listing.slug.as_str(), publisher.handle.as_str()];
    names.iter().filter_map(|name| label::called(&name_key(name)?)).collect()
}

/// What a listing of this title is sorted by.
fn sort_name(title: &str) -> String {
    // A title without a word, such as "++", still has its place.
    let mut name = name_key(title).unwrap_or_else(|| title.to_lowercase());
    name.truncate(name.floor_char_boundary(SORT_NAME_BYTES));
    name
}

#[cfg(test)]
mod tests;
