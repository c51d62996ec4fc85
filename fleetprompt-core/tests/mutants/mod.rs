//! Stores that break one rule each.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};

use fleetprompt_core::conformance::StoreFixture;
use fleetprompt_core::domain::{Position, Span};
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::{
    Change, ClaimedName, ColumnValue, Commit, Committed, CopyKey, CopyRow, CopyTable, CounterRange,
    Direction, Find, Frequencies, Head, Hit, IdempotencyScope, LogPage, NameOwner, PageKey,
    PageSize, Prune, Record, RecordKey, Refusal, Scan, SearchIndex, Shelf, ShelfKey, Store,
    StoreError, StoreFuture, StoredEntry, StoredEvent, StoredFeedEntry, StoredReceipt, Tally,
    TallyRequest, Term, Token, Versioned, Within,
};
use pollster::block_on;

mod index;

pub(crate) use index::*;

type Answer<T> = Result<T, StoreError>;
type Rows = Vec<Versioned<Record>>;

/// How a store is broken; by default, not at all.
pub(crate) trait Break: Default + Send + Sync + 'static {
    fn commit(&self, inner: &MemoryStore, commit: Commit) -> Answer<Committed> {
        block_on(inner.commit(commit))
    }

    fn scanned(&self, _: &Scan, _: Option<&PageKey>, rows: Rows) -> Rows {
        rows
    }

    fn rows(&self, _: CopyTable, rows: Vec<CopyRow>) -> Vec<CopyRow> {
        rows
    }

    fn together(&self, rows: Vec<Option<Versioned<Record>>>) -> Vec<Option<Versioned<Record>>> {
        rows
    }

    fn found(&self, _: &RecordKey, row: Option<Versioned<Record>>) -> Option<Versioned<Record>> {
        row
    }

    fn events(&self, _: Position, page: LogPage<StoredEvent>) -> LogPage<StoredEvent> {
        page
    }

    fn prune(&self, inner: &MemoryStore, what: Prune, limit: u32) -> Answer<u32> {
        block_on(inner.prune(what, limit))
    }

    fn reopened(&self, inner: &MemoryStore) -> MemoryStore {
        inner.clone()
    }

    fn find(&self, inner: &MemoryStore, find: &Find) -> Answer<Vec<Vec<Hit>>> {
        block_on(inner.find(find))
    }

    fn tally(&self, inner: &MemoryStore, request: &TallyRequest) -> Answer<Tally> {
        block_on(inner.tally(request))
    }

    fn shelf(&self, inner: &MemoryStore, shelf: &Shelf) -> Answer<Vec<ShelfKey>> {
        block_on(inner.shelf(shelf))
    }

    fn frequencies(&self, inner: &MemoryStore, terms: &[Term]) -> Answer<Frequencies> {
        block_on(inner.frequencies(terms))
    }

    fn words(&self, inner: &MemoryStore, words: &[Term]) -> Answer<Vec<u64>> {
        block_on(inner.words(words))
    }

    fn completions(&self, inner: &MemoryStore, prefix: &Term, limit: u16) -> Answer<Vec<Token>> {
        block_on(inner.completions(prefix, limit))
    }

    fn entries(&self, entries: Vec<StoredEntry>) -> Vec<StoredEntry> {
        entries
    }
}

/// A store in memory with a defect. Each handle has its own.
pub(crate) struct Broken<B>(MemoryStore, B);

pub(crate) struct Fixture<B: Break>(MemoryStore, Arc<Broken<B>>);

impl<B: Break> StoreFixture for Fixture<B> {
    fn new() -> Self {
        let inner = MemoryStore::default();
        Fixture(inner.clone(), Arc::new(Broken(inner, B::default())))
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.1) as Arc<dyn Store>
    }

    fn second(&self) -> Arc<dyn Store> {
        Arc::new(Broken(self.0.clone(), B::default()))
    }

    fn reopen(&mut self) {
        let inner = self.1.1.reopened(&self.0);
        *self = Fixture(inner.clone(), Arc::new(Broken(inner, B::default())));
    }
}

impl<B: Break> Store for Broken<B> {
    fn get<'a>(&'a self, key: &'a RecordKey) -> StoreFuture<'a, Option<Versioned<Record>>> {
        Box::pin(ready(block_on(self.0.get(key)).map(|row| self.1.found(key, row))))
    }

    fn scan<'a>(
        &'a self,
        scan: &'a Scan,
        after: Option<&'a PageKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Rows> {
        let rows = block_on(self.0.scan(scan, after, size));
        Box::pin(ready(rows.map(|rows| self.1.scanned(scan, after, rows))))
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [RecordKey],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        Box::pin(ready(block_on(self.0.get_all(keys)).map(|rows| self.1.together(rows))))
    }

    fn name<'a>(&'a self, name: &'a ClaimedName) -> StoreFuture<'a, Option<NameOwner>> {
        self.0.name(name)
    }

    fn receipt<'a>(
        &'a self,
        scope: &'a IdempotencyScope,
    ) -> StoreFuture<'a, Option<StoredReceipt>> {
        self.0.receipt(scope)
    }

    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>> {
        self.0.counters(range, limit)
    }

    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>> {
        let rows = block_on(self.0.rows(table, after, size));
        Box::pin(ready(rows.map(|rows| self.1.rows(table, rows))))
    }

    fn events(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredEvent>> {
        Box::pin(ready(block_on(self.0.events(after, size)).map(|page| self.1.events(after, page))))
    }

    fn feed(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredFeedEntry>> {
        self.0.feed(after, size)
    }

    fn head(&self) -> StoreFuture<'_, Head> {
        self.0.head()
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, Committed> {
        Box::pin(ready(self.1.commit(&self.0, commit)))
    }

    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32> {
        Box::pin(ready(self.1.prune(&self.0, what, limit)))
    }
}

impl<B: Break> SearchIndex for Broken<B> {
    fn find<'a>(&'a self, find: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>> {
        Box::pin(ready(self.1.find(&self.0, find)))
    }

    fn tally<'a>(&'a self, request: &'a TallyRequest) -> StoreFuture<'a, Tally> {
        Box::pin(ready(self.1.tally(&self.0, request)))
    }

    fn shelf<'a>(&'a self, shelf: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>> {
        Box::pin(ready(self.1.shelf(&self.0, shelf)))
    }

    fn frequencies<'a>(&'a self, terms: &'a [Term]) -> StoreFuture<'a, Frequencies> {
        Box::pin(ready(self.1.frequencies(&self.0, terms)))
    }

    fn words<'a>(&'a self, words: &'a [Term]) -> StoreFuture<'a, Vec<u64>> {
        Box::pin(ready(self.1.words(&self.0, words)))
    }

    fn completions<'a>(&'a self, prefix: &'a Term, limit: u16) -> StoreFuture<'a, Vec<Token>> {
        Box::pin(ready(self.1.completions(&self.0, prefix, limit)))
    }

    fn listings<'a>(
        &'a self,
        ordinals: &'a [Position],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        self.0.listings(ordinals)
    }

    fn entries(&self, after: Position, size: PageSize) -> StoreFuture<'_, Vec<StoredEntry>> {
        let entries = block_on(self.0.entries(after, size));
        Box::pin(ready(entries.map(|entries| self.1.entries(entries))))
    }
}

/// A page begins one row too late.
#[derive(Default)]
pub(crate) struct SkipsARow;

impl Break for SkipsARow {
    fn scanned(&self, _: &Scan, after: Option<&PageKey>, rows: Rows) -> Rows {
        rows.into_iter().skip(usize::from(after.is_some())).collect()
    }
}

/// A table is read from its second row on.
#[derive(Default)]
pub(crate) struct SkipsARowOfATable;

impl Break for SkipsARowOfATable {
    fn rows(&self, _: CopyTable, rows: Vec<CopyRow>) -> Vec<CopyRow> {
        rows.into_iter().skip(1).collect()
    }
}

/// Of several that are asked for, only those that are there are answered.
#[derive(Default)]
pub(crate) struct AnswersOnlyWhatIsThere;

impl Break for AnswersOnlyWhatIsThere {
    fn together(&self, rows: Vec<Option<Versioned<Record>>>) -> Vec<Option<Versioned<Record>>> {
        rows.into_iter().filter(Option::is_some).collect()
    }
}

/// Rows that are alike in the order column come as they like.
#[derive(Default)]
pub(crate) struct ShufflesTies;

impl Break for ShufflesTies {
    fn scanned(&self, scan: &Scan, _: Option<&PageKey>, mut rows: Rows) -> Rows {
        let plan = scan.plan();
        rows.chunk_by_mut(|a, b| plan.order_value(a) == plan.order_value(b))
            .for_each(<[_]>::reverse);
        rows
    }
}

/// Every page is the first one.
#[derive(Default)]
pub(crate) struct BeginsAgain(Mutex<Rows>);

impl Break for BeginsAgain {
    fn scanned(&self, _: &Scan, after: Option<&PageKey>, rows: Rows) -> Rows {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if after.is_none() {
            first.clone_from(&rows);
        }
        first.clone()
    }
}

/// Texts are compared without regard to case, as a column may be told to.
#[derive(Default)]
pub(crate) struct IgnoresCase;

impl Break for IgnoresCase {
    fn scanned(&self, scan: &Scan, _: Option<&PageKey>, mut rows: Rows) -> Rows {
        let plan = scan.plan();
        let folded = |row: &Versioned<Record>| {
            let order = match plan.order_value(row) {
                ColumnValue::Text(text) => ColumnValue::Text(text.to_lowercase()),
                number => number,
            };
            (order, row.value.key().id().to_lowercase())
        };
        rows.sort_by_cached_key(folded);
        if plan.direction == Direction::Descending {
            rows.reverse();
        }
        rows
    }
}

/// Receipts are not kept.
#[derive(Default)]
pub(crate) struct ForgetsReceipts;

impl Break for ForgetsReceipts {
    fn commit(&self, inner: &MemoryStore, commit: Commit) -> Answer<Committed> {
        block_on(inner.commit(Commit { receipt: None, ..commit }))
    }
}

/// A retry is held to its expectations before its key is looked up.
#[derive(Default)]
pub(crate) struct LooksUpTheKeyLate;

impl Break for LooksUpTheKeyLate {
    fn commit(&self, inner: &MemoryStore, commit: Commit) -> Answer<Committed> {
        for expectation in &commit.expectations {
            let found = block_on(inner.get(&expectation.key))?;
            if found.map(|row| row.revision) != expectation.revision {
                return Ok(Committed::Refused(Refusal::Conflict(expectation.key.clone())));
            }
        }
        block_on(inner.commit(commit))
    }
}

/// What was read may have changed.
#[derive(Default)]
pub(crate) struct IgnoresExpectations;

impl Break for IgnoresExpectations {
    fn commit(&self, inner: &MemoryStore, commit: Commit) -> Answer<Committed> {
        block_on(inner.commit(Commit { expectations: Vec::new(), ..commit }))
    }
}

/// A commit that is refused leaves its events behind.
#[derive(Default)]
pub(crate) struct AppliesHalf;

impl Break for AppliesHalf {
    fn commit(&self, inner: &MemoryStore, commit: Commit) -> Answer<Committed> {
        let half = Commit {
            receipt: None,
            expectations: Vec::new(),
            changes: Vec::new(),
            events: commit.events.clone(),
        };
        let answer = block_on(inner.commit(commit))?;
        if matches!(answer, Committed::Refused(_)) {
            block_on(inner.commit(half))?;
        }
        Ok(answer)
    }
}

/// Positions have gaps.
#[derive(Default)]
pub(crate) struct LeavesGaps;

impl Break for LeavesGaps {
    fn events(&self, _: Position, page: LogPage<StoredEvent>) -> LogPage<StoredEvent> {
        match page {
            LogPage::Entries(mut entries) => {
                entries.retain(|stored| !stored.position.get().is_multiple_of(5));
                LogPage::Entries(entries)
            }
            LogPage::TooOld => LogPage::TooOld,
        }
    }
}

/// A reader behind the pruned events is not told.
#[derive(Default)]
pub(crate) struct HidesPruning;

impl Break for HidesPruning {
    fn events(&self, _: Position, page: LogPage<StoredEvent>) -> LogPage<StoredEvent> {
        match page {
            LogPage::TooOld => LogPage::Entries(Vec::new()),
            entries => entries,
        }
    }
}

/// What is exactly as old as was said is pruned too.
#[derive(Default)]
pub(crate) struct PrunesTooMuch;

impl Break for PrunesTooMuch {
    fn prune(&self, inner: &MemoryStore, what: Prune, limit: u32) -> Answer<u32> {
        let later = Span::millis(1);
        let what = match what {
            Prune::Receipts(before) => Prune::Receipts(before.plus(later)),
            Prune::Events(before) => Prune::Events(before.plus(later)),
        };
        block_on(inner.prune(what, limit))
    }
}

/// Counters know no bounds.
#[derive(Default)]
pub(crate) struct CountsOn;

fn unbound(mut commit: Commit) -> Commit {
    for change in &mut commit.changes {
        if let Change::Count { within, .. } = change {
            *within = Within::Any;
        }
    }
    commit
}

impl Break for CountsOn {
    fn commit(&self, inner: &MemoryStore, commit: Commit) -> Answer<Committed> {
        block_on(inner.commit(unbound(commit)))
    }
}

/// Bounds are tested first, and the counting comes later: eleven at once all see the same count.
#[derive(Default)]
pub(crate) struct TestsThenCounts {
    commits: AtomicUsize,
}

static ELEVEN: Barrier = Barrier::new(ELEVEN_AT_ONCE);
const ELEVEN_AT_ONCE: usize = 11;

impl Break for TestsThenCounts {
    fn commit(&self, inner: &MemoryStore, commit: Commit) -> Answer<Committed> {
        if self.commits.fetch_add(1, Ordering::SeqCst) < ELEVEN_AT_ONCE {
            ELEVEN.wait();
            return block_on(inner.commit(unbound(commit)));
        }
        block_on(inner.commit(commit))
    }
}

/// A name goes to whoever claimed it last.
#[derive(Default)]
pub(crate) struct GivesNamesAway;

impl Break for GivesNamesAway {
    fn commit(&self, inner: &MemoryStore, mut commit: Commit) -> Answer<Committed> {
        let mut changes = Vec::new();
        for change in commit.changes {
            if let Change::ClaimName { name, .. } = &change
                && let Some(owner) = block_on(inner.name(name))?
            {
                changes.push(Change::ReleaseName { name: name.clone(), owner });
            }
            changes.push(change);
        }
        commit.changes = changes;
        block_on(inner.commit(commit))
    }
}

/// What was read once is not read again.
#[derive(Default)]
pub(crate) struct RemembersReads(Mutex<BTreeMap<RecordKey, Option<Versioned<Record>>>>);

impl Break for RemembersReads {
    fn found(&self, key: &RecordKey, row: Option<Versioned<Record>>) -> Option<Versioned<Record>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key.clone())
            .or_insert(row)
            .clone()
    }
}

/// Nothing is durable.
#[derive(Default)]
pub(crate) struct LosesAll;

impl Break for LosesAll {
    fn reopened(&self, _: &MemoryStore) -> MemoryStore {
        MemoryStore::default()
    }
}
