//! Commits to load a store with, and what they must have left.

use std::collections::BTreeMap;

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::{Actor, Event, Fact, FeedChange, Position, Revision};
use fleetprompt_core::port::{
    Change, Commit, Committed, Counter, CounterRange, Field, Fingerprint, INDEX_VERSION,
    IdempotencyScope, IndexEntry, LogPage, NewReceipt, PageSize, Quality, RecordKey, Run,
    SearchIndex as _, Store as _, StoreError, Token, Within,
};
use fleetprompt_postgres::PostgresStore;

/// The counter that every [`attempt`] adds one to.
fn tally() -> Counter {
    Counter::seats(samples::entitlement_id(0))
}

pub(crate) fn event(fact: Fact) -> Event {
    let feed = Some(FeedChange::Changed { listing: samples::listing_id(0) });
    Event { at: samples::time(0), actor: Actor::Marketplace, fact, feed }
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
    let words = ["agent".to_owned(), format!("word{n}")];
    let token = |word: &String| Token { word: word.parse().unwrap(), stem: word.parse().unwrap() };
    let entry = IndexEntry {
        version: INDEX_VERSION,
        quality: Quality::new(7),
        released_at: samples::time(0),
        sort_name: words.join(" "),
        runs: vec![Run { field: Field::Name, tokens: words.iter().map(token).collect() }],
        labels: ["k:whs_agent".parse().unwrap()].into(),
    };
    let listing = samples::listing_id(n);
    commit.changes.push(Change::Index { listing, entry: Some(Box::new(entry)) });
    commit
}

pub(crate) fn attempt_key(n: u64) -> RecordKey {
    RecordKey::attempt(samples::attempt_id(n))
}

pub(crate) fn commit(store: &PostgresStore, commit: Commit) -> Result<Committed, StoreError> {
    pollster::block_on(store.commit(commit))
}

/// Commits the n-th [`attempt`].
pub(crate) fn apply(store: &PostgresStore, n: u64) {
    let outcome = commit(store, attempt(n));
    assert!(matches!(outcome, Ok(Committed::Applied { .. })), "{outcome:?}");
}

/// The revision of the n-th attempt.
pub(crate) fn revision(store: &PostgresStore, n: u64) -> Option<Revision> {
    pollster::block_on(store.get(&attempt_key(n))).unwrap().map(|row| row.revision)
}

/// How many attempts were counted.
pub(crate) fn count(store: &PostgresStore) -> u64 {
    let found = pollster::block_on(store.counters(&CounterRange::one(&tally()), 1)).unwrap();
    found.first().map_or(0, |(_, value)| *value)
}

/// How many entries the index has, and how many of them have the word.
pub(crate) fn frequencies(store: &PostgresStore, word: &str) -> (u64, Vec<u64>) {
    let found = pollster::block_on(store.frequencies(&[word.parse().unwrap()])).unwrap();
    (found.entries, found.counts)
}

/// The page of the log behind `after`.
pub(crate) fn page(
    store: &PostgresStore,
    after: Position,
) -> Vec<fleetprompt_core::port::StoredEvent> {
    match pollster::block_on(store.events(after, PageSize::MAX)).unwrap() {
        LogPage::Entries(entries) => entries,
        LogPage::TooOld => panic!("nothing was pruned"),
    }
}

/// How often the log reports each attempt; the log has no gap.
pub(crate) fn reported(store: &PostgresStore) -> BTreeMap<String, u64> {
    let mut reported = BTreeMap::new();
    let mut after = Position::START;
    loop {
        let entries = page(store, after);
        if entries.is_empty() {
            return reported;
        }
        for entry in entries {
            assert_eq!(entry.position, after.next());
            after = entry.position;
            if let Fact::InstallBegun { attempt, .. } = entry.event.fact {
                *reported.entry(attempt.to_string()).or_default() += 1;
            }
        }
    }
}

/// Commits the n-th [`indexed`] until it is told what became of it; answers how many tries that took.
pub(crate) fn insist(store: &PostgresStore, n: u64) -> u32 {
    let mut tries = 1;
    loop {
        match commit(store, indexed(n)) {
            Ok(Committed::Applied { .. }) => return tries,
            Ok(Committed::Replayed(kept)) => {
                assert!(tries > 1, "a commit that was never sent is known");
                assert_eq!(kept.answer, format!("answer {n}"));
                return tries;
            }
            outcome => assert!(may_be_repeated(&outcome), "{outcome:?}"),
        }
        tries += 1;
    }
}

/// Whether the outcome is one after which a caller tries again.
pub(crate) fn may_be_repeated(outcome: &Result<Committed, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::OutcomeUnknown(_) | StoreError::Unavailable(_)))
}

/// The first so many [`indexed`] commits were applied, each once.
pub(crate) fn all_there_once(store: &PostgresStore, total: u64) {
    assert!((0..total).all(|n| revision(store, n) == Some(Revision::FIRST)));
    assert_eq!(count(store), total);
    assert_eq!(frequencies(store, "agent"), (total, vec![total]));
    let tables = pollster::block_on(store.check_index_tables()).unwrap();
    assert!(tables.is_clean(), "{tables}");
    let once: BTreeMap<_, _> = (0..total).map(|n| (attempt_key(n).id().to_owned(), 1)).collect();
    assert_eq!(reported(store), once);
}
