//! Random commits at the port, done to the oracle and the candidate alike.
//!
//! There are few keys, names, counters and receipts, so that conflicts, replays, taken names,
//! counters at their bounds and malformed commits all come up often.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use super::StoreFixture;
use super::cases::meaning;
use super::questions::{Question, any_entry, any_question, standing};
use super::samples::{self, Pick};
use super::support::{Draft, config, event, handle};
use crate::domain::{FeedChange, Position, Revision, Span};
use crate::memory::MemoryStore;
use crate::port::{
    ClaimedName, Commit, Counter, CounterFamily, CounterRange, Expectation, IdempotencyScope,
    IndexEntry, LogPage, PageSize, Prune, Record, RecordKey, RecordKind, Scan, Store, StoreError,
    Within,
};

/// The most steps of a run.
const STEPS: usize = 60;
/// The records that exist: a few of some kinds.
const SLOTS: [(RecordKind, u64); 10] = [
    (RecordKind::Listing, 0),
    (RecordKind::Listing, 1),
    (RecordKind::Listing, 2),
    (RecordKind::Membership, 0),
    (RecordKind::Membership, 3),
    (RecordKind::Release, 0),
    (RecordKind::Release, 3),
    (RecordKind::Attempt, 0),
    (RecordKind::Entitlement, 0),
    (RecordKind::Tenant, 1),
];

type Slot = (RecordKind, u64);

/// Which revision a commit believes a record to be at.
#[derive(Clone, Copy, Debug)]
enum Belief {
    /// The one it is at.
    Right,
    Absent,
    At(u64),
}

#[derive(Clone, Debug)]
enum RawChange {
    Put(Slot, u64, Belief),
    Delete(Slot, Belief),
    Count(Counter, i64, Within),
    Claim(ClaimedName, &'static str),
    Release(ClaimedName, &'static str),
    Index(u64, Option<IndexEntry>),
}

#[derive(Clone, Debug)]
struct RawCommit {
    receipt: Option<(u8, &'static str, u64)>,
    expectations: Vec<(Slot, Belief)>,
    changes: Vec<RawChange>,
    /// Times, and what the feed says.
    events: Vec<(u64, Option<u64>)>,
}

#[derive(Clone, Debug)]
enum Step {
    Commit(RawCommit),
    Scan(Scan, u16),
    Log(u64, u16),
    PruneEvents(u64, u32),
    PruneReceipts(u64, u32),
    Ask(Question),
    Everything,
    Reopen,
}

fn belief() -> impl Strategy<Value = Belief> {
    prop_oneof![
        8 => Just(Belief::Right),
        1 => Just(Belief::Absent),
        1 => (1..4_u64).prop_map(Belief::At),
    ]
}

fn counters() -> Vec<Counter> {
    let publisher = samples::publisher_id(0);
    vec![
        Counter::seats(samples::entitlement_id(0)),
        Counter::of_publisher(CounterFamily::Owners, publisher),
        Counter::of_publisher(CounterFamily::Members, publisher),
    ]
}

fn names() -> Vec<ClaimedName> {
    vec![handle("a"), handle("A"), handle("it's")]
}

fn change() -> impl Strategy<Value = RawChange> {
    let owner = || select(vec!["ada", "bob", "Ada"]);
    let within = prop_oneof![
        Just(Within::Any),
        (0..6_u64).prop_map(Within::AtMost),
        (0..3_u64).prop_map(Within::AtLeast),
    ];
    prop_oneof![
        5 => (select(&SLOTS[..]), any::<u64>(), belief())
            .prop_map(|(slot, seed, belief)| RawChange::Put(slot, seed, belief)),
        1 => (select(&SLOTS[..]), belief()).prop_map(|(slot, belief)| RawChange::Delete(slot, belief)),
        2 => (select(counters()), -2..4_i64, within)
            .prop_map(|(counter, by, within)| RawChange::Count(counter, by, within)),
        2 => (select(names()), owner()).prop_map(|(name, owner)| RawChange::Claim(name, owner)),
        1 => (select(names()), owner()).prop_map(|(name, owner)| RawChange::Release(name, owner)),
        // The last listing is none that a put creates.
        4 => (0..4_u64, proptest::option::weighted(0.8, any_entry()))
            .prop_map(|(listing, entry)| RawChange::Index(listing, entry)),
    ]
}

fn commit() -> impl Strategy<Value = RawCommit> {
    (
        proptest::option::weighted(0.4, (0..4_u8, select(vec!["one", "other"]), 0..20_u64)),
        vec((select(&SLOTS[..]), belief()), 0..3),
        vec(change(), 0..5),
        vec((0..20_u64, proptest::option::of(0..3_u64)), 0..4),
    )
        .prop_map(|(receipt, expectations, changes, events)| RawCommit {
            receipt,
            expectations,
            changes,
            events,
        })
}

fn step() -> impl Strategy<Value = Step> {
    let limit = || prop_oneof![0..4_u32, Just(u32::MAX)];
    let size = || prop_oneof![1..4_u16, Just(200)];
    prop_oneof![
        12 => commit().prop_map(Step::Commit),
        3 => (select(meaning::all()), size()).prop_map(|(scan, size)| Step::Scan(scan, size)),
        2 => (0..40_u64, size()).prop_map(|(after, size)| Step::Log(after, size)),
        1 => (0..20_u64, limit()).prop_map(|(before, limit)| Step::PruneEvents(before, limit)),
        1 => (0..20_u64, limit()).prop_map(|(before, limit)| Step::PruneReceipts(before, limit)),
        4 => any_question().prop_map(Step::Ask),
        1 => Just(Step::Everything),
        1 => Just(Step::Reopen),
    ]
}

/// Random commits, reads, prunings and reopenings, over two handles: every answer is the oracle's.
pub(super) fn random_commits_do_what_the_oracle_does<F: StoreFixture>() {
    let steps = vec((step(), any::<bool>()), 1..STEPS);
    let standing: Arc<[Question]> = standing().into();
    let outcome = TestRunner::new(config()).run(&steps, |steps| {
        let mut pair = Pair::<F>::new(Arc::clone(&standing));
        for (step, second) in steps {
            pair.second = second;
            pair.step(step)?;
        }
        pair.reopen();
        pair.everything()
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// The oracle and the candidate.
struct Pair<F> {
    oracle: MemoryStore,
    fixture: F,
    handles: Option<[Arc<dyn Store>; 2]>,
    /// What is asked of the index when everything is.
    standing: Arc<[Question]>,
    /// Whether the next step goes through the candidate's second handle.
    second: bool,
}

/// Asks both, and wants the same answer.
macro_rules! same {
    ($pair:expr, |$store:ident| $future:expr) => {{
        let $store: &dyn Store = &$pair.oracle;
        let expected = pollster::block_on($future);
        let handle = $pair.candidate();
        let $store: &dyn Store = &*handle;
        let answered = pollster::block_on($future);
        prop_assert_eq!(&answered, &expected);
        expected
    }};
}

impl<F: StoreFixture> Pair<F> {
    fn new(standing: Arc<[Question]>) -> Self {
        let fixture = F::new();
        let handles = Some([fixture.store(), fixture.second()]);
        Pair { oracle: MemoryStore::default(), fixture, handles, standing, second: false }
    }

    fn candidate(&self) -> Arc<dyn Store> {
        let [first, second] = self.handles.as_ref().unwrap();
        Arc::clone(if self.second { second } else { first })
    }

    fn reopen(&mut self) {
        self.handles = None;
        self.fixture.reopen();
        self.handles = Some([self.fixture.store(), self.fixture.second()]);
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Commit(raw) => {
                let commit = self.concrete(&raw);
                let _ = same!(self, |store| store.commit(commit.clone()));
            }
            Step::Scan(scan, size) => self.scan(&scan, size)?,
            Step::Log(after, size) => self.log(after, size)?,
            Step::PruneEvents(before, limit) => {
                let what = Prune::Events(samples::time(before));
                let _ = same!(self, |store| store.prune(what, limit));
            }
            Step::PruneReceipts(before, limit) => {
                let what = Prune::Receipts(samples::time(before));
                let _ = same!(self, |store| store.prune(what, limit));
            }
            Step::Ask(question) => self.ask(&question)?,
            Step::Everything => self.everything()?,
            Step::Reopen => self.reopen(),
        }
        Ok(())
    }

    /// The commit with its beliefs spelled out.
    fn concrete(&self, raw: &RawCommit) -> Commit {
        let mut draft = Draft::new();
        if let Some((scope, answer, at)) = raw.receipt {
            // No two receipts expire together, so that there is one oldest.
            let expires_at = samples::time(at).plus(Span::millis(scope.into()));
            draft = draft.receipt(scope, answer, expires_at);
        }
        for (slot, belief) in &raw.expectations {
            let key = key(*slot);
            let revision = self.revision(&key, *belief);
            draft.0.expectations.push(Expectation { key, revision });
        }
        for change in &raw.changes {
            draft = match change {
                RawChange::Put(slot, seed, belief) => {
                    let record = record(*slot, *seed);
                    let expected = self.revision(&record.key(), *belief);
                    draft.put(record, expected)
                }
                RawChange::Delete(slot, belief) => {
                    let key = key(*slot);
                    let expected = self.revision(&key, *belief).unwrap_or(Revision::FIRST);
                    draft.delete(key, expected)
                }
                RawChange::Count(counter, by, within) => draft.count(counter, *by, *within),
                RawChange::Claim(name, owner) => draft.claim(name, owner),
                RawChange::Release(name, owner) => draft.release(name, owner),
                RawChange::Index(listing, entry) => draft.index(*listing, entry.clone()),
            };
        }
        for (at, listing) in &raw.events {
            let listing = listing.map(samples::listing_id);
            let change = listing.map(|listing| FeedChange::Changed { listing });
            draft.0.events.push(event(*at, change));
        }
        draft.0
    }

    fn revision(&self, key: &RecordKey, belief: Belief) -> Option<Revision> {
        match belief {
            Belief::Right => {
                pollster::block_on(self.oracle.get(key)).unwrap().map(|row| row.revision)
            }
            Belief::Absent => None,
            Belief::At(n) => Some(Revision::new(n)),
        }
    }

    /// All rows of a scan, page by page.
    fn scan(&self, scan: &Scan, size: u16) -> Result<(), TestCaseError> {
        let mut after = None;
        loop {
            let size = PageSize::new(size);
            let page = same!(self, |store| store.scan(scan, after.as_ref(), size)).unwrap();
            match page.last() {
                Some(row) => after = Some(scan.plan().page_key(row)),
                None => return Ok(()),
            }
        }
    }

    fn log(&self, after: u64, size: u16) -> Result<(), TestCaseError> {
        let (after, size) = (Position::new(after), PageSize::new(size));
        let _ = same!(self, |store| store.events(after, size));
        let _ = same!(self, |store| store.feed(after, size));
        Ok(())
    }

    fn ask(&self, question: &Question) -> Result<(), TestCaseError> {
        let answered = question.ask(&*self.candidate());
        prop_assert_eq!(answered, question.ask(&self.oracle), "{:?}", question);
        Ok(())
    }

    /// All that there is to read.
    fn everything(&self) -> Result<(), TestCaseError> {
        for slot in SLOTS {
            let key = key(slot);
            let _ = same!(self, |store| store.get(&key));
        }
        for name in names() {
            let _ = same!(self, |store| store.name(&name));
        }
        for counter in counters() {
            let range = CounterRange::one(&counter);
            let _ = same!(self, |store| counted(store, &range));
        }
        for scope in 0..4 {
            let scope = IdempotencyScope([scope; 32]);
            let _ = same!(self, |store| store.receipt(&scope));
        }
        for (scan, size) in meaning::all().into_iter().zip([1, 2, 200].into_iter().cycle()) {
            self.scan(&scan, size)?;
        }
        self.log(0, 200)?;
        let head = same!(self, |store| store.head()).unwrap();
        let mut after = head.pruned;
        while let LogPage::Entries(page) =
            same!(self, |store| store.events(after, PageSize::MAX)).unwrap()
            && let Some(last) = page.last()
        {
            after = last.position;
        }
        let _ = same!(self, |store| store.feed(head.feed_pruned, PageSize::MAX));
        self.standing.iter().try_for_each(|question| self.ask(question))
    }
}

/// Counters that stand at something: a store may leave the others out.
async fn counted(
    store: &dyn Store,
    range: &CounterRange,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut found = store.counters(range, u32::MAX).await?;
    found.retain(|(_, value)| *value > 0);
    Ok(found)
}

fn record((kind, n): Slot, seed: u64) -> Record {
    samples::record(kind, n, &mut Pick::seeded(seed))
}

fn key(slot: Slot) -> RecordKey {
    record(slot, 0).key()
}
