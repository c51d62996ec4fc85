//! Copies that are made, interrupted, disturbed and tampered with.

use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on;

use super::*;
use crate::conformance::samples::{self, Pick};
use crate::domain::{Actor, Event, Fact, FeedChange, Position, Timestamp};
use crate::memory::MemoryStore;
use crate::port::{
    Change, Commit, Committed, CopyRow, Counter, Fingerprint, IdempotencyScope, IndexEntry,
    NameOwner, NewReceipt, Prune, Record, Store as _, StoreFuture, Within,
};

/// A commit that puts a record, counts, claims, keeps an answer, and is told in the feed.
fn commit(n: u64, record: Record) -> Commit {
    let change = FeedChange::Changed { listing: samples::listing_id(n) };
    let fact = Fact::ListingCreated {
        publisher: samples::publisher_id(n),
        listing: samples::listing_id(n),
    };
    let event =
        |feed| Event { at: samples::time(n), actor: Actor::Marketplace, fact: fact.clone(), feed };
    let counter = Counter::seats(samples::entitlement_id(n % 3));
    let mut scope = [7; 32];
    scope.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
    let mut changes = vec![
        Change::Put { record, expected: None },
        Change::Count { counter, by: 2, within: Within::Any },
        Change::ClaimName { name: samples::name(n), owner: NameOwner::new(format!("{n}")) },
    ];
    if let Some(Change::Put { record: Record::Listing(listing), .. }) = changes.first() {
        let entry = IndexEntry {
            version: 1,
            quality: Default::default(),
            released_at: samples::time(n),
            sort_name: format!("sample {n}"),
            runs: vec![],
            labels: ["k:whs_agent".parse().unwrap()].into(),
        };
        changes.push(Change::Index { listing: listing.id, entry: Some(Box::new(entry)) });
    }
    Commit {
        receipt: Some(NewReceipt {
            scope: IdempotencyScope(scope),
            fingerprint: Fingerprint { kid: "k1".parse().unwrap(), digest: [1; 32] },
            answer: format!("answer {n}"),
            expires_at: samples::time(n),
        }),
        expectations: vec![],
        changes,
        events: vec![event(None), event(Some(change))],
    }
}

/// A store with something in every table, and the beginning of its log pruned.
fn populated() -> MemoryStore {
    let store = MemoryStore::default();
    let mut n = 0;
    for kind in RecordKind::ALL {
        for _ in 0..3 {
            let single = !samples::kinds_of_many().any(|many| many == kind);
            let record = samples::record(*kind, n, &mut Pick::seeded(n));
            let outcome = block_on(store.commit(commit(n, record))).unwrap();
            assert!(matches!(outcome, Committed::Applied { .. }));
            n += 1;
            if single {
                break;
            }
        }
    }
    assert_eq!(block_on(store.prune(Prune::Events(samples::time(2)), 100)), Ok(4));
    store
}

fn run(source: &MemoryStore, target: &dyn CopyTarget) -> Result<CopyReport, CopyError> {
    block_on(copy(source, target, small(), |_| {}))
}

/// Pages so small that every table takes several.
fn small() -> CopyOptions {
    CopyOptions::default().page(PageSize::new(2))
}

/// A target that fails after so many pages, and may change what it is given.
struct Faulty {
    store: MemoryStore,
    pages: AtomicUsize,
    change: fn(&mut CopyRow),
}

impl Faulty {
    fn after(pages: usize) -> Self {
        Faulty { store: MemoryStore::default(), pages: AtomicUsize::new(pages), change: |_| {} }
    }
}

impl CopySource for Faulty {
    fn copy_snapshot(&self) -> StoreFuture<'_, Box<dyn CopySnapshot>> {
        self.store.copy_snapshot()
    }
}

impl CopyTarget for Faulty {
    fn copy_state(&self) -> StoreFuture<'_, CopyState> {
        self.store.copy_state()
    }

    fn begin_copy<'a>(&'a self, mark: &'a CopyMark, head: &'a Head) -> StoreFuture<'a, ()> {
        self.store.begin_copy(mark, head)
    }

    fn put_copied<'a>(
        &'a self,
        mut rows: Vec<CopyRow>,
        from: &'a CopyMark,
        to: &'a CopyMark,
    ) -> StoreFuture<'a, ()> {
        let left = self
            .pages
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_err() {
            return Box::pin(async { Err(StoreError::Unavailable("the disk was pulled out")) });
        }
        rows.iter_mut().for_each(self.change);
        self.store.put_copied(rows, from, to)
    }

    fn finish_copy<'a>(&'a self, mark: &'a CopyMark) -> StoreFuture<'a, ()> {
        self.store.finish_copy(mark)
    }
}

#[test]
fn everything_is_copied() {
    let (source, target) = (populated(), MemoryStore::default());
    let report = run(&source, &target).unwrap();
    assert!(report.is_equal());
    assert!(report.tables.iter().all(|table| table.source.rows > 0), "every table had something");
    assert_eq!(target.dump(), source.dump());
    // And it goes on as the source would.
    let next = || commit(1_000, samples::record(RecordKind::Attempt, 1_000, &mut Pick::full()));
    assert_eq!(block_on(target.commit(next())), block_on(source.commit(next())));
}

#[test]
fn an_interrupted_copy_goes_on_where_it_stopped() {
    let source = populated();
    let mut pages = 0;
    loop {
        let target = Faulty::after(pages);
        match run(&source, &target) {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, CopyError::Target(StoreError::Unavailable(_)))),
        }
        // It is no store yet.
        let nothing =
            Commit { receipt: None, expectations: vec![], changes: vec![], events: vec![] };
        let refused = block_on(target.store.commit(nothing));
        assert_eq!(refused, Err(StoreError::UnfinishedCopy));
        let refused = block_on(target.store.prune(Prune::Receipts(Timestamp::MAX), 10));
        assert_eq!(refused, Err(StoreError::UnfinishedCopy));
        let mut first = None;
        let report = block_on(copy(&source, &target.store, small(), |progress| {
            first.get_or_insert(progress.rows);
        }));
        assert!(report.unwrap().is_equal());
        assert_eq!(target.store.dump(), source.dump());
        if pages > 2 {
            assert!(first.unwrap() > 2, "what is there is not copied again");
        }
        pages += 7;
    }
    assert!(pages > 100);
}

#[test]
fn progress_ends_where_it_said() {
    let (source, target) = (populated(), MemoryStore::default());
    let mut seen = Vec::new();
    block_on(copy(&source, &target, small(), |progress| seen.push(progress))).unwrap();
    for stage in [CopyStage::Copying, CopyStage::Testing] {
        let of_stage: Vec<_> = seen.iter().filter(|progress| progress.stage == stage).collect();
        assert!(of_stage.is_sorted_by_key(|progress| progress.rows));
        let last = of_stage.last().unwrap();
        assert_eq!(last.rows, last.total);
    }
}

#[test]
fn a_source_that_changed_is_refused_until_the_copy_is_restarted() {
    let (source, target) = (populated(), Faulty::after(9));
    run(&source, &target).unwrap_err();
    let record = samples::record(RecordKind::Attempt, 2_000, &mut Pick::full());
    block_on(source.commit(commit(2_000, record))).unwrap();
    assert_eq!(run(&source, &target.store), Err(CopyError::SourceChanged));
    let restarted = copy(&source, &target.store, small().restart(true), |_| {});
    assert!(block_on(restarted).unwrap().is_equal());
    assert_eq!(target.store.dump(), source.dump());
}

/// What the log does not tell of is found by the test of the copy.
#[test]
fn a_quiet_change_of_the_source_is_found_in_the_end() {
    // Until some of the receipts were copied, of which the oldest is then pruned.
    let (source, target) = (populated(), Faulty::after(80));
    run(&source, &target).unwrap_err();
    assert_eq!(block_on(source.prune(Prune::Receipts(samples::time(5)), 1)), Ok(1));
    let counter = Counter::seats(samples::entitlement_id(0));
    let changes = vec![Change::Count { counter, by: 1, within: Within::Any }];
    let quiet = Commit { receipt: None, expectations: vec![], changes, events: vec![] };
    block_on(source.commit(quiet)).unwrap();
    let Err(CopyError::Differs(report)) = run(&source, &target.store) else { panic!("it differs") };
    let differing: Vec<_> = report.differing().map(|report| report.table).collect();
    assert_eq!(differing, [CopyTable::Counters, CopyTable::Receipts]);
    assert!(block_on(copy(&source, &target.store, small().restart(true), |_| {})).is_ok());
}

#[test]
fn a_row_that_was_tampered_with_is_found_and_its_table_named() {
    let source = populated();
    let target = Faulty {
        change: |row| {
            if let CopyRow::Receipt(kept) = row
                && kept.answer == "answer 3"
            {
                kept.answer = "answer 4".to_owned();
            }
        },
        ..Faulty::after(usize::MAX)
    };
    let Err(CopyError::Differs(report)) = run(&source, &target) else { panic!("it differs") };
    let differing: Vec<_> = report.differing().map(|report| report.table).collect();
    assert_eq!(differing, [CopyTable::Receipts]);
    assert!(!CopyError::Differs(report).to_string().contains("answer"));
    // It stays closed, also when nobody looks again.
    let state = block_on(target.store.copy_state()).unwrap();
    assert!(matches!(state, CopyState::Unfinished(_)));
}

#[test]
fn nothing_is_ever_written_over() {
    let (source, target) = (populated(), populated());
    let before = target.dump();
    assert_eq!(run(&source, &target), Err(CopyError::TargetOccupied));
    let restart = copy(&source, &target, small().restart(true), |_| {});
    assert_eq!(block_on(restart), Err(CopyError::TargetOccupied));
    let mark = CopyMark { source: samples::digest(0), next: None };
    assert!(block_on(target.begin_copy(&mark, &block_on(source.head()).unwrap())).is_err());
    assert_eq!(target.dump(), before);
}

#[test]
fn two_that_copy_at_once_do_not_mix() {
    let (source, target) = (populated(), Faulty::after(5));
    run(&source, &target).unwrap_err();
    let CopyState::Unfinished(mark) = block_on(target.copy_state()).unwrap() else {
        panic!("it was begun")
    };
    run(&source, &MemoryStore::default()).unwrap();
    let ahead = CopyMark { next: None, ..mark.clone() };
    block_on(target.store.put_copied(vec![], &mark, &ahead)).unwrap();
    let late = block_on(target.store.put_copied(vec![], &mark, &mark));
    assert!(matches!(late, Err(StoreError::Unavailable(_))));
    assert!(block_on(target.store.finish_copy(&mark)).is_err());
}

#[test]
fn an_empty_store_is_copied_too() {
    let (source, target) = (MemoryStore::default(), MemoryStore::default());
    assert!(run(&source, &target).unwrap().is_equal());
    assert_eq!(block_on(target.head()).unwrap().last, Position::START);
}
