//! What the tests are written with.

use std::path::{Path, PathBuf};

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::{Actor, Event, Fact, FeedChange, Revision, Timestamp};
use fleetprompt_core::port::{
    Change, Commit, Committed, Counter, CounterRange, Field, Fingerprint, INDEX_VERSION,
    IdempotencyScope, IndexEntry, NewReceipt, Prune, Quality, RecordKey, Run, SearchIndex as _,
    Store, StoreError, Token, Within,
};
use fleetprompt_sqlite::SqliteStore;
use tempfile::TempDir;

/// A folder and the path of a database in it.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("market.db");
    (folder, path)
}

/// The counter that every [`attempt`] adds one to.
pub(crate) fn tally() -> Counter {
    Counter::seats(samples::entitlement_id(0))
}

/// A commit as an install makes it: the n-th attempt is put, counted, reported and answered.
pub(crate) fn attempt(n: u64) -> Commit {
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

/// A commit as [`attempt`] makes it, which also puts the n-th listing and what the search index
/// holds of it: the word `agent` and one of its own.
pub(crate) fn indexed(n: u64) -> Commit {
    let mut commit = attempt(n);
    let record = samples::listing(n, &mut Pick::sparse()).into();
    commit.changes.push(Change::Put { record, expected: None });
    let entry = Some(Box::new(entry(&["agent", &format!("word{n}")])));
    commit.changes.push(Change::Index { listing: samples::listing_id(n), entry });
    commit
}

/// An entry of these words.
pub(crate) fn entry(words: &[&str]) -> IndexEntry {
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

/// How many entries the index has, and how many of them have each of the words.
pub(crate) fn frequencies(store: &SqliteStore, words: &[&str]) -> (u64, Vec<u64>) {
    let terms: Vec<_> = words.iter().map(|word| word.parse().unwrap()).collect();
    let found = pollster::block_on(store.frequencies(&terms)).unwrap();
    (found.entries, found.counts)
}

pub(crate) fn event(fact: Fact) -> Event {
    let feed = Some(FeedChange::Changed { listing: samples::listing_id(0) });
    Event { at: samples::time(0), actor: Actor::Marketplace, fact, feed }
}

pub(crate) fn attempt_key(n: u64) -> RecordKey {
    RecordKey::attempt(samples::attempt_id(n))
}

pub(crate) fn commit(store: &SqliteStore, commit: Commit) -> Result<Committed, StoreError> {
    pollster::block_on(store.commit(commit))
}

/// Commits the n-th [`attempt`].
pub(crate) fn apply(store: &SqliteStore, n: u64) {
    let outcome = commit(store, attempt(n));
    assert!(matches!(outcome, Ok(Committed::Applied { .. })), "{outcome:?}");
}

/// The revision of the n-th attempt.
pub(crate) fn revision(store: &SqliteStore, n: u64) -> Option<Revision> {
    pollster::block_on(store.get(&attempt_key(n))).unwrap().map(|row| row.revision)
}

pub(crate) fn count(store: &SqliteStore) -> u64 {
    let found = pollster::block_on(store.counters(&CounterRange::one(&tally()), 1)).unwrap();
    found.first().map_or(0, |(_, value)| *value)
}

/// Deletes a record that was never changed.
pub(crate) fn delete(store: &SqliteStore, key: RecordKey) {
    let changes = vec![Change::Delete { key, expected: Revision::FIRST }];
    let gone = Commit { receipt: None, expectations: Vec::new(), changes, events: Vec::new() };
    assert!(matches!(commit(store, gone), Ok(Committed::Applied { .. })));
}

/// Forgets all events and receipts.
pub(crate) fn prune_all(store: &SqliteStore) {
    for what in [Prune::Events(later()), Prune::Receipts(later())] {
        pollster::block_on(store.prune(what, u32::MAX)).unwrap();
    }
}

/// Asserts that the integrity check finds nothing.
pub(crate) fn assert_sound(store: &SqliteStore) {
    let report = pollster::block_on(store.check()).unwrap();
    assert!(report.is_clean(), "{report}");
}

/// Everything that is on disk: the database and its write-ahead log.
pub(crate) fn dump(path: &Path) -> Vec<u8> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let mut bytes = std::fs::read(path).unwrap();
    bytes.extend(std::fs::read(log).unwrap_or_default());
    bytes
}

/// A time after everything that the samples say.
pub(crate) fn later() -> Timestamp {
    samples::time(1_000_000)
}
