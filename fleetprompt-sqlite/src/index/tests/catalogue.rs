//! Entries and questions, made at random.

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::{Actor, Event, Fact, Revision};
use fleetprompt_core::port::{
    Change, Clause, Commit, Field, IndexEntry, Matching, Phrase, Quality, RecordKey, Run, Term,
    Token,
};

/// Terms that the syntax of SQL or of FTS5 gives a meaning to, and letters beyond ASCII.
pub(super) const HOSTILE: &[&str] = &[
    "AND",
    "OR",
    "NOT",
    "NEAR",
    "near",
    "*",
    "^",
    "a*",
    "ids",
    "index_text",
    "rowid",
    "'",
    "''",
    "');--",
    "(",
    ")",
    "{x}",
    "-",
    "+",
    "%",
    "_",
    "?1",
    "straße",
    "ß",
    "é",
    "日本",
    "検索",
    "검색",
    "🦀",
    "0",
    "1",
    "z",
];

pub(super) fn term(text: &str) -> Term {
    text.parse().unwrap()
}

/// A word: the first ones are frequent, and some are hostile.
fn stem(pick: &mut Pick) -> String {
    let most = pick.one_of(&[2, 6, 30, 600]);
    match pick.below(12) {
        0 => pick.one_of(HOSTILE).to_owned(),
        _ => format!("w{:03}", pick.below(most)),
    }
}

fn token(pick: &mut Pick) -> Token {
    let stem = stem(pick);
    let word = match pick.below(4) {
        0 => format!("{stem}s"),
        1 => format!("{stem}ing"),
        _ => stem.clone(),
    };
    Token { word: term(&word), stem: term(&stem) }
}

fn label(pick: &mut Pick) -> Term {
    match pick.below(4) {
        0 => term(&format!("k:{}", pick.below(3))),
        1 => term(&format!("t:tag-{}", pick.below(40))),
        2 => term(&format!("n:{}", stem(pick))),
        _ => term(&format!("p:{}:{}", pick.below(3), pick.below(200))),
    }
}

pub(super) fn entry(pick: &mut Pick) -> IndexEntry {
    let runs = (0..pick.below(5)).map(|_| Run {
        field: pick.one_of(Field::ALL),
        tokens: (0..pick.below(7)).map(|_| token(pick)).collect(),
    });
    IndexEntry {
        runs: runs.collect(),
        version: u16::try_from(1 + pick.below(2)).unwrap(),
        quality: Quality::new(u16::try_from(pick.below(6) * 700).unwrap()),
        released_at: samples::time(pick.below(40)),
        sort_name: format!("{} {}", stem(pick), pick.below(3)),
        labels: (0..pick.below(8)).map(|_| label(pick)).collect(),
    }
}

fn clause(pick: &mut Pick) -> Clause {
    let phrase = |pick: &mut Pick| match pick.below(6) {
        0 => Phrase::new(vec![term(&stem(pick)), term(&stem(pick))]),
        1 => Phrase::new((0..pick.below(4)).map(|_| term(&stem(pick))).collect()),
        2 | 3 => label(pick).into(),
        _ => term(&stem(pick)).into(),
    };
    Clause { any: (0..pick.one_of(&[1, 1, 1, 2, 3])).map(|_| phrase(pick)).collect() }
}

pub(super) fn matching(pick: &mut Pick) -> Matching {
    let clauses = |pick: &mut Pick, most| (0..pick.below(most)).map(|_| clause(pick)).collect();
    Matching {
        all: clauses(pick, 4),
        none: if pick.below(3) == 0 { clauses(pick, 3) } else { Vec::new() },
        since: (pick.below(4) == 0).then(|| samples::time(pick.below(40))),
    }
}

fn event(n: u64) -> Event {
    let fact = Fact::PublisherCreated { publisher: samples::publisher_id(n) };
    Event { at: samples::time(0), actor: Actor::Marketplace, fact, feed: None }
}

pub(super) fn index(n: u64, entry: Option<IndexEntry>) -> Change {
    Change::Index { listing: samples::listing_id(n), entry: entry.map(Box::new) }
}

pub(super) fn commit(changes: Vec<Change>) -> Commit {
    Commit { receipt: None, expectations: Vec::new(), changes, events: vec![event(0)] }
}

/// Creates the n-th listing.
pub(super) fn create(n: u64, entry: Option<IndexEntry>) -> Commit {
    let record = samples::listing(n, &mut Pick::sparse()).into();
    let mut changes = vec![Change::Put { record, expected: None }];
    changes.extend(entry.map(|entry| index(n, Some(entry))));
    commit(changes)
}

/// Deletes the n-th listing, which was never changed.
pub(super) fn delete(n: u64) -> Commit {
    let key = RecordKey::listing(samples::listing_id(n));
    commit(vec![Change::Delete { key, expected: Revision::FIRST }])
}
