//! Commits to load a store with, and what they leave: for tests of what a store does under load, when it
//! is killed, and when its disk is full.

use crate::domain::{Actor, Event, Fact, FeedChange, Revision};
use crate::port::{
    Change, Commit, Committed, Counter, CounterRange, Field, Fingerprint, INDEX_VERSION,
    IdempotencyScope, IndexEntry, NewReceipt, Quality, RecordKey, Run, Store, StoreError, Token,
    Within,
};

use super::samples::{self, Pick};
use super::support::wait;

/// The counter that every [`attempt`] adds one to.
pub fn tally() -> Counter {
    Counter::seats(samples::entitlement_id(0))
}

/// An event with an entry in the feed.
pub fn event(fact: Fact) -> Event {
    let feed = Some(FeedChange::Changed { listing: samples::listing_id(0) });
    Event { at: samples::time(0), actor: Actor::Marketplace, fact, feed }
}

/// A commit as an install makes it: the n-th attempt is put, counted, reported and answered.
pub fn attempt(n: u64) -> Commit {
    let attempt = samples::attempt(n, &mut Pick::full());
    let mut scope = [0; 32];
    scope.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
    let fact = Fact::InstallBegun {
        attempt: attempt.id,
        listing: attempt.listing,
        system: attempt.system.clone(),
    };
    Commit {
        receipt: Some(NewReceipt {
            scope: IdempotencyScope(scope),
            fingerprint: Fingerprint { kid: "k1".parse().unwrap(), digest: [1; 32] },
            answer: format!("answer {n}"),
            expires_at: samples::time(n % 1_000),
        }),
        expectations: Vec::new(),
        changes: vec![
            Change::Put { record: attempt.into(), expected: None },
            Change::Count { counter: tally(), by: 1, within: Within::Any },
        ],
        events: vec![event(fact)],
    }
}

/// The key of the n-th [`attempt`].
pub fn attempt_key(n: u64) -> RecordKey {
    RecordKey::attempt(samples::attempt_id(n))
}

/// A commit as [`attempt`] makes it, which also puts the n-th listing and what the search index
/// holds of it: the word `agent` and one of its own.
pub fn indexed(n: u64) -> Commit {
    let mut commit = attempt(n);
    let record = samples::listing(n, &mut Pick::sparse()).into();
    commit.changes.push(Change::Put { record, expected: None });
    let entry = Some(Box::new(entry(&["agent", &format!("word{n}")])));
    commit.changes.push(Change::Index { listing: samples::listing_id(n), entry });
    commit
}

/// An entry of these words.
pub fn entry(words: &[&str]) -> IndexEntry {
    let token = |word: &&str| Token { word: word.parse().unwrap(), stem: word.parse().unwrap() };
    IndexEntry {
        version: INDEX_VERSION,
        quality: Quality::new(7),
        released_at: samples::time(0),
        sort_name: words.join(" "),
        runs: vec![Run { field: Field::Name, tokens: words.iter().map(token).collect() }],
        labels: ["k:whs_agent".parse().unwrap()].into(),
    }
}

/// What becomes of a commit.
///
/// # Errors
/// The store's.
pub fn commit(store: &dyn Store, commit: Commit) -> Result<Committed, StoreError> {
    pollster::block_on(store.commit(commit))
}

/// Commits the n-th [`attempt`].
pub fn apply(store: &dyn Store, n: u64) {
    let outcome = commit(store, attempt(n));
    assert!(matches!(outcome, Ok(Committed::Applied { .. })), "{outcome:?}");
}

/// The revision of the n-th attempt.
pub fn revision(store: &dyn Store, n: u64) -> Option<Revision> {
    wait(store.get(&attempt_key(n))).map(|row| row.revision)
}

/// How many attempts were counted.
pub fn count(store: &dyn Store) -> u64 {
    wait(store.counters(&CounterRange::one(&tally()), 1)).first().map_or(0, |(_, value)| *value)
}

/// How many entries the index has, and how many of them have each of the words.
pub fn frequencies(store: &dyn Store, words: &[&str]) -> (u64, Vec<u64>) {
    let terms: Vec<_> = words.iter().map(|word| word.parse().unwrap()).collect();
    let found = wait(store.frequencies(&terms));
    (found.entries, found.counts)
}
