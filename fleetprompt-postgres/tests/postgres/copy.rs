//! Copies between a file and a schema, in both directions.

mod killed;

use std::process::Command;
use std::sync::Arc;

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::conformance::{StoreFixture, run};
use fleetprompt_core::copy::{CopyError, CopyOptions, CopyReport, compare, copy};
use fleetprompt_core::domain::{Fact, Position};
use fleetprompt_core::port::{
    Change, ClaimedName, Commit, Committed, CopySource, CopyTable, CopyTarget, NameOwner, PageSize,
    Prune, RecordKind, SearchIndex as _, Store, StoreError,
};
use fleetprompt_postgres::{PostgresCopyTarget, PostgresStore};
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;
use tempfile::TempDir;

use crate::load::{event, indexed};
use crate::support::{Schema, sql, url};

impl Schema {
    pub(crate) fn copy_target(&self) -> PostgresCopyTarget {
        block_on(self.options().connect_copy_target(&url())).unwrap()
    }
}

/// A commit that claims a name and puts the n-th record of a kind.
fn record(kind: RecordKind, n: u64) -> Commit {
    let record = samples::record(kind, n, &mut Pick::seeded(n));
    let (name, owner): (ClaimedName, _) = (samples::name(n), NameOwner::new(format!("{n}")));
    let fact = Fact::ListingCreated {
        publisher: samples::publisher_id(n),
        listing: samples::listing_id(n),
    };
    let changes = vec![Change::Put { record, expected: None }, Change::ClaimName { name, owner }];
    Commit { receipt: None, expectations: vec![], changes, events: vec![event(fact)] }
}

/// Fills a store with something in every table, and prunes the beginning of its log.
fn populate(store: &dyn Store, attempts: u64) {
    let mut commits: Vec<Commit> = (0..attempts).map(indexed).collect();
    for (kind, n) in RecordKind::ALL.iter().zip(10_000..) {
        commits.push(record(*kind, n));
        if samples::kinds_of_many().any(|many| many == kind) {
            commits.push(record(*kind, n + 1_000));
        }
    }
    for commit in commits {
        let outcome = block_on(store.commit(commit)).unwrap();
        assert!(matches!(outcome, Committed::Applied { .. }), "{outcome:?}");
    }
    let pruned = block_on(store.prune(Prune::Events(samples::time(1)), 3)).unwrap();
    assert_eq!(pruned, 3);
}

fn copied(source: &dyn CopySource, target: &dyn CopyTarget) -> CopyReport {
    block_on(copy(source, target, CopyOptions::default(), |_| {})).unwrap()
}

/// A schema whose content goes into a file and from there into another schema whenever it is opened
/// again.
struct CopiedFixture {
    // Dropped before the schema, which it would otherwise still use.
    store: Option<PostgresStore>,
    schema: Schema,
    folder: TempDir,
    copies: u32,
}

impl StoreFixture for CopiedFixture {
    fn new() -> Self {
        let (schema, folder) = (Schema::new(), tempfile::tempdir().unwrap());
        CopiedFixture { store: Some(schema.open()), schema, folder, copies: 0 }
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone().unwrap())
    }

    fn second(&self) -> Arc<dyn Store> {
        Arc::new(self.schema.open())
    }

    fn reopen(&mut self) {
        self.copies += 1;
        let path = self.folder.path().join(format!("{}.db", self.copies));
        let file = SqliteStore::options().open_copy_target(&path).unwrap();
        copied(&self.store.take().unwrap(), &file);
        drop(file);
        let file = SqliteStore::open(&path).unwrap();
        let schema = Schema::new();
        copied(&file, &schema.copy_target());
        assert!(block_on(file.check()).unwrap().is_clean());
        self.schema = schema;
        self.store = Some(self.schema.open());
    }
}

macro_rules! survives_copies {
    ($($(#[$attribute:meta])* $case:ident)*) => {$(
        #[test]
        $(#[$attribute])*
        fn $case() {
            run::<CopiedFixture>(stringify!($case));
        }
    )*};
}

// Through every kind of commit, read and search of the suite, compared with the oracle.
survives_copies! {
    everything_is_there_after_reopening
    positions_go_on_after_reopening
    the_index_is_there_after_reopening
    #[ignore = "a process of the test of random input"]
    random_commits_do_what_the_oracle_does
    #[ignore = "a process of the test of random input"]
    a_marketplace_answers_as_it_does_over_the_oracle
}

/// In processes of their own, which are told to try less than the suite does by itself: every reopening
/// is two copies.
#[test]
fn random_input_is_answered_the_same_after_copies() {
    for case in [
        "random_commits_do_what_the_oracle_does",
        "a_marketplace_answers_as_it_does_over_the_oracle",
    ] {
        let done = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("copy::{case}"), "--ignored", "--nocapture"])
            .env("PROPTEST_CASES", "4")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && told.contains("1 passed"), "{case}: {told}");
    }
}

#[test]
fn every_table_goes_into_the_server_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (schema, back) = (Schema::new(), folder.path().join("back.db"));
    let source = SqliteStore::open(folder.path().join("market.db")).unwrap();
    populate(&source, 30);
    let report = copied(&source, &schema.copy_target());
    assert!(report.tables.iter().all(|table| table.source.rows > 0), "{report}");

    let store = schema.open();
    let file = SqliteStore::options().open_copy_target(&back).unwrap();
    assert_eq!(copied(&store, &file).tables, report.tables);
    drop(file);
    let file = SqliteStore::open(&back).unwrap();
    assert!(block_on(file.check()).unwrap().is_clean());
    assert!(block_on(compare(&source, &file, |_| {})).unwrap().is_equal());
    // What follows from the entries is there as well.
    let words =
        ["agent".parse().unwrap(), "word7".parse().unwrap(), "k:whs_agent".parse().unwrap()];
    let expected = block_on(source.frequencies(&words)).unwrap();
    assert_eq!(expected.entries, 30);
    assert_eq!(block_on(store.frequencies(&words)).unwrap(), expected);
    assert_eq!(block_on(file.frequencies(&words)).unwrap(), expected);
    // What was answered once is answered so again, and the log goes on.
    for store in [&store as &dyn Store, &file] {
        let again = block_on(store.commit(indexed(3))).unwrap();
        assert!(matches!(again, Committed::Replayed(kept) if kept.answer == "answer 3"));
        let head = block_on(source.head()).unwrap();
        let last = Position::new(head.last.get() + 1);
        assert_eq!(block_on(store.commit(indexed(500))), Ok(Committed::Applied { last }));
    }
}

/// Others write to the source while it is copied, and the copy is of one state.
#[test]
fn the_source_is_used_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (schema, other) = (Schema::new(), Schema::new());
    let file = SqliteStore::open(folder.path().join("market.db")).unwrap();
    populate(&file, 12);
    let small = CopyOptions::default().page(PageSize::new(4));
    fn write_and_read(store: &dyn Store, n: &mut u64) {
        *n += 1;
        let outcome = block_on(store.commit(indexed(*n))).unwrap();
        assert!(matches!(outcome, Committed::Applied { .. }));
    }
    let mut n = 1_000;
    let target = schema.copy_target();
    let first = block_on(copy(&file, &target, small, |_| write_and_read(&file, &mut n))).unwrap();
    assert!(n > 1_050);
    let server = schema.open();
    let mut n = 5_000;
    let target = other.copy_target();
    let second = block_on(copy(&server, &target, small, |_| write_and_read(&server, &mut n)));
    assert_eq!(second.unwrap().tables, first.tables);
}

#[test]
fn a_row_that_was_tampered_with_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let schema = Schema::new();
    let source = SqliteStore::open(folder.path().join("market.db")).unwrap();
    populate(&source, 5);
    copied(&source, &schema.copy_target());
    let store = schema.open();
    let compared = || block_on(compare(&source, &store, |_| {}));
    assert!(compared().unwrap().is_equal());
    let change = |set: &str| drop(sql(&format!("UPDATE {}.{set}", schema.name)));
    let differing =
        || -> Vec<CopyTable> { compared().unwrap().differing().map(|table| table.table).collect() };
    change("counter SET value = value + 1");
    assert_eq!(differing(), [CopyTable::Counters]);
    change("counter SET value = value - 1");
    change("receipt SET answer = answer || ' ' WHERE answer = 'answer 2'");
    change("name_claim SET owner = 'mallory' WHERE name = 'sample-10001'");
    assert_eq!(differing(), [CopyTable::Names, CopyTable::Receipts]);
    // A column that says something else than its document is no difference, but damage.
    change("attempt SET state = state || '!'");
    assert!(matches!(compared(), Err(CopyError::Target(StoreError::Corrupt(_)))));
}

#[test]
fn a_store_is_never_copied_over() {
    let folder = tempfile::tempdir().unwrap();
    let schema = Schema::new();
    let file = SqliteStore::open(folder.path().join("market.db")).unwrap();
    populate(&file, 1);
    let store = schema.open();
    block_on(store.commit(indexed(7))).unwrap();
    for restart in [false, true] {
        let options = CopyOptions::default().restart(restart);
        let refused = block_on(copy(&file, &schema.copy_target(), options, |_| {}));
        assert_eq!(refused, Err(CopyError::TargetOccupied));
        let target = SqliteStore::options().open_copy_target(folder.path().join("market.db"));
        let refused = block_on(copy(&store, &target.unwrap(), options, |_| {}));
        assert_eq!(refused, Err(CopyError::TargetOccupied));
    }
    assert_eq!(block_on(store.head()).unwrap().last, Position::new(1));
}
