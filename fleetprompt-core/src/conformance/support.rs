//! What cases are written with.

use std::future::Future;
use std::sync::Arc;

use proptest::test_runner::{Config, RngSeed};

use crate::domain::{Actor, Event, Fact, FeedChange, Position, Revision, Timestamp};
use crate::port::{
    Change, ClaimedName, Commit, Committed, Counter, CounterRange, Expectation, Fingerprint, Head,
    IdempotencyScope, IndexEntry, LogPage, NameOwner, NameScope, NewReceipt, PageSize, Record,
    RecordKey, Refusal, Store, StoreError, StoredEvent, StoredFeedEntry, StoredReceipt, Versioned,
    Within,
};

use super::samples;

/// Drives a store's future to its end.
pub(super) fn wait<T>(future: impl Future<Output = Result<T, StoreError>>) -> T {
    pollster::block_on(future).unwrap()
}

/// How property tests run: as `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say, else 64 times and with
/// the same input whenever they run, so that a failure comes again.
pub(super) fn config() -> Config {
    let set = |name| std::env::var_os(name).is_some();
    // Failures are persisted beside a source file, and this one is in somebody's registry.
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if !set("PROPTEST_CASES") {
        config.cases = 64;
    }
    if !set("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

/// A commit that is being put together.
#[derive(Clone, Debug)]
pub(super) struct Draft(pub(super) Commit);

impl Draft {
    pub(super) fn new() -> Self {
        Draft(Commit {
            receipt: None,
            expectations: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
        })
    }

    /// A commit with one event.
    pub(super) fn with_event() -> Self {
        Draft::new().event(0)
    }

    fn change(mut self, change: Change) -> Self {
        self.0.changes.push(change);
        self
    }

    pub(super) fn put(self, record: impl Into<Record>, expected: Option<Revision>) -> Self {
        self.change(Change::Put { record: record.into(), expected })
    }

    pub(super) fn create(self, record: impl Into<Record>) -> Self {
        self.put(record, None)
    }

    pub(super) fn delete(self, key: RecordKey, expected: Revision) -> Self {
        self.change(Change::Delete { key, expected })
    }

    pub(super) fn count(self, counter: &Counter, by: i64, within: Within) -> Self {
        self.change(Change::Count { counter: counter.clone(), by, within })
    }

    pub(super) fn claim(self, name: &ClaimedName, owner: &str) -> Self {
        self.change(Change::ClaimName { name: name.clone(), owner: NameOwner::new(owner) })
    }

    pub(super) fn release(self, name: &ClaimedName, owner: &str) -> Self {
        self.change(Change::ReleaseName { name: name.clone(), owner: NameOwner::new(owner) })
    }

    pub(super) fn index(self, n: u64, entry: impl Into<Option<IndexEntry>>) -> Self {
        let (listing, entry) = (samples::listing_id(n), entry.into().map(Box::new));
        self.change(Change::Index { listing, entry })
    }

    pub(super) fn expect(mut self, key: RecordKey, revision: Option<Revision>) -> Self {
        self.0.expectations.push(Expectation { key, revision });
        self
    }

    /// An event at the n-th time of samples.
    pub(super) fn event(mut self, n: u64) -> Self {
        self.0.events.push(event(n, None));
        self
    }

    /// An event at the n-th time of samples that the public feed shows.
    pub(super) fn public_event(mut self, n: u64) -> Self {
        let change = FeedChange::Changed { listing: samples::listing_id(n) };
        self.0.events.push(event(n, Some(change)));
        self
    }

    pub(super) fn receipt(mut self, scope: u8, answer: &str, expires_at: Timestamp) -> Self {
        self.0.receipt = Some(receipt(scope, answer, expires_at));
        self
    }

    /// Commits, and expects it to be applied; answers the log's last position.
    pub(super) fn apply(self, store: &dyn Store) -> Position {
        match wait(store.commit(self.0)) {
            Committed::Applied { last } => last,
            other => panic!("the commit should have been applied: {other:?}"),
        }
    }

    /// Commits, and expects a refusal.
    pub(super) fn refuse(self, store: &dyn Store) -> Refusal {
        match wait(store.commit(self.0)) {
            Committed::Refused(refusal) => refusal,
            other => panic!("the commit should have been refused: {other:?}"),
        }
    }
}

pub(super) fn event(n: u64, feed: Option<FeedChange>) -> Event {
    let fact = Fact::PersonSeen { person: samples::person_id(n) };
    Event { at: samples::time(n), actor: Actor::Marketplace, fact, feed }
}

pub(super) fn receipt(scope: u8, answer: &str, expires_at: Timestamp) -> NewReceipt {
    NewReceipt {
        scope: IdempotencyScope([scope; 32]),
        fingerprint: Fingerprint { kid: "k1".parse().unwrap(), digest: [scope; 32] },
        answer: answer.to_owned(),
        expires_at,
    }
}

pub(super) fn stored(new: &NewReceipt) -> StoredReceipt {
    StoredReceipt { fingerprint: new.fingerprint.clone(), answer: new.answer.clone() }
}

pub(super) fn handle(name: &str) -> ClaimedName {
    ClaimedName::new(NameScope::Handle, name.to_owned())
}

pub(super) fn get(store: &dyn Store, key: &RecordKey) -> Option<Versioned<Record>> {
    wait(store.get(key))
}

pub(super) fn value(store: &dyn Store, counter: &Counter) -> u64 {
    let found = wait(store.counters(&CounterRange::one(counter), 10));
    assert!(found.iter().all(|(name, _)| name == counter.name()), "another counter was read");
    found.iter().map(|(_, value)| value).sum()
}

pub(super) fn events(store: &dyn Store, after: u64, size: u16) -> Vec<StoredEvent> {
    entries(wait(store.events(Position::new(after), PageSize::new(size))))
}

pub(super) fn feed(store: &dyn Store, after: u64, size: u16) -> Vec<StoredFeedEntry> {
    entries(wait(store.feed(Position::new(after), PageSize::new(size))))
}

fn entries<T>(page: LogPage<T>) -> Vec<T> {
    match page {
        LogPage::Entries(entries) => entries,
        LogPage::TooOld => panic!("nothing was pruned from behind this cursor"),
    }
}

/// All that a store says of these records, names, counters and receipts, and its log.
#[derive(Debug, PartialEq)]
pub(super) struct Everything {
    records: Vec<Option<Versioned<Record>>>,
    names: Vec<Option<NameOwner>>,
    counters: Vec<u64>,
    receipts: Vec<Option<StoredReceipt>>,
    events: LogPage<StoredEvent>,
    feed: LogPage<StoredFeedEntry>,
    head: Head,
}

/// What to ask a store about.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) records: Vec<RecordKey>,
    pub(super) names: Vec<ClaimedName>,
    pub(super) counters: Vec<Counter>,
    pub(super) receipts: Vec<IdempotencyScope>,
}

impl Asked {
    pub(super) fn everything(&self, store: &Arc<dyn Store>) -> Everything {
        let head = wait(store.head());
        Everything {
            records: self.records.iter().map(|key| get(&**store, key)).collect(),
            names: self.names.iter().map(|name| wait(store.name(name))).collect(),
            counters: self.counters.iter().map(|counter| value(&**store, counter)).collect(),
            receipts: self.receipts.iter().map(|scope| wait(store.receipt(scope))).collect(),
            events: wait(store.events(head.pruned, PageSize::MAX)),
            feed: wait(store.feed(head.feed_pruned, PageSize::MAX)),
            head,
        }
    }
}
