//! A small catalogue that a case puts together, and short ways to ask about it.

use std::collections::BTreeSet;

use crate::conformance::questions::token;
use crate::conformance::samples::{self, Pick, time};
use crate::conformance::support::{Draft, get, wait};
use crate::domain::Position;
use crate::port::{
    Clause, Field, Find, Hit, INDEX_VERSION, IndexEntry, List, Matching, PageSize, Phrase, Quality,
    Rank, RecordKey, Run, Shelf, ShelfKey, ShelfOrder, Store, StoredEntry, Term, Token,
};

/// Terms, with spaces between them.
pub(super) fn terms(texts: &str) -> Vec<Term> {
    texts.split(' ').filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect()
}

/// Words of a field, with spaces between them; `word/stem` where the stem is another.
pub(super) fn run(field: Field, words: &str) -> Run {
    let words = words.split(' ').filter(|word| !word.is_empty());
    Run { field, tokens: words.map(token).collect() }
}

/// An entry with words in its summary, and labels.
pub(super) fn entry(quality: u16, words: &str, labels: &str) -> IndexEntry {
    IndexEntry {
        version: INDEX_VERSION,
        quality: Quality::new(quality),
        released_at: time(0),
        sort_name: String::new(),
        runs: vec![run(Field::Summary, words)],
        labels: terms(labels).into_iter().collect(),
    }
}

/// Creates the n-th listing with an entry, and answers its ordinal.
pub(super) fn create(store: &dyn Store, n: u64, entry: IndexEntry) -> Position {
    let listing = samples::listing(n, &mut Pick::sparse());
    Draft::with_event().create(listing).index(n, entry).apply(store)
}

/// Sets or removes the n-th listing's entry.
pub(super) fn set(store: &dyn Store, n: u64, entry: impl Into<Option<IndexEntry>>) {
    Draft::new().index(n, entry).apply(store);
}

/// Deletes the n-th listing.
pub(super) fn delete(store: &dyn Store, n: u64) {
    let key = listing_key(n);
    let row = get(store, &key).unwrap();
    Draft::with_event().delete(key, row.revision).apply(store);
}

pub(super) fn listing_key(n: u64) -> RecordKey {
    RecordKey::listing(samples::listing_id(n))
}

/// What contains each of these terms.
pub(super) fn all(texts: &str) -> Matching {
    let all = terms(texts).into_iter().map(Clause::of).collect();
    Matching { all, ..Matching::default() }
}

/// What contains these terms next to each other.
pub(super) fn phrase(texts: &str) -> Matching {
    let all = vec![Clause { any: vec![Phrase::new(terms(texts))] }];
    Matching { all, ..Matching::default() }
}

/// Every match, the best first.
pub(super) fn list(matching: Matching) -> List {
    List::best(matching, u16::MAX)
}

/// The hits of one list.
pub(super) fn hits(store: &dyn Store, list: List, weigh: &str) -> Vec<Hit> {
    let found = wait(store.find(&Find { lists: vec![list], weigh: terms(weigh) }));
    let [hits] = <[_; 1]>::try_from(found).unwrap();
    hits
}

pub(super) fn ranks(store: &dyn Store, list: List) -> Vec<Rank> {
    hits(store, list, "").into_iter().map(|hit| hit.rank).collect()
}

/// The ordinals of what matches, the best first.
pub(super) fn found(store: &dyn Store, matching: Matching) -> Vec<Position> {
    ranks(store, list(matching)).into_iter().map(Rank::ordinal).collect()
}

pub(super) fn frequencies(store: &dyn Store, texts: &str) -> Vec<u64> {
    wait(store.frequencies(&terms(texts))).counts
}

pub(super) fn words(store: &dyn Store, texts: &str) -> Vec<u64> {
    wait(store.words(&terms(texts)))
}

/// The completions of a prefix, with spaces between them.
pub(super) fn completions(store: &dyn Store, prefix: &str, limit: u16) -> String {
    let prefix: Term = prefix.parse().unwrap();
    let tokens: Vec<Token> = wait(store.completions(&prefix, limit));
    tokens.iter().map(|token| token.word.as_str()).collect::<Vec<_>>().join(" ")
}

pub(super) fn shelf(order: ShelfOrder, after: Option<ShelfKey>, size: u16) -> Shelf {
    Shelf { matching: Matching::default(), order, after, size: PageSize::new(size) }
}

/// All entries, each with its ordinal.
pub(super) fn entries(store: &dyn Store) -> Vec<(Position, IndexEntry)> {
    let stored = wait(store.entries(Position::START, PageSize::MAX));
    stored.into_iter().map(|StoredEntry { ordinal, entry }| (ordinal, entry)).collect()
}

/// The listings whose events stand at these positions.
pub(super) fn listings(store: &dyn Store, ordinals: &[Position]) -> Vec<Option<RecordKey>> {
    let rows = wait(store.listings(ordinals));
    rows.into_iter().map(|row| row.map(|row| row.value.key())).collect()
}

/// That nothing of an entry is left: neither words nor labels, and no listing is found by them.
pub(super) fn assert_gone(store: &dyn Store, gone: &IndexEntry) {
    for term in gone.terms() {
        let matching = Matching { all: vec![Clause::of(term.clone())], ..Matching::default() };
        assert_eq!(found(store, matching), [], "{term} is still found");
        assert_eq!(frequencies(store, term.as_str()), [0], "{term} is still counted");
    }
    let written: BTreeSet<&Term> = gone.words().iter().map(|token| &token.word).collect();
    for word in written {
        assert_eq!(words(store, word.as_str()), [0], "{word} is still counted");
        assert_eq!(completions(store, word.as_str(), u16::MAX), "", "{word} is still offered");
    }
}
