//! Disks that are full, files that are not what they should be, others in the way.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fleetprompt_core::conformance::samples;
use fleetprompt_core::domain::Revision;
use fleetprompt_core::port::{Change, Commit, Committed, Prune, RecordKey, Store as _, StoreError};
use fleetprompt_sqlite::{Finding, SqliteStore};
use rusqlite::Connection;

use crate::support::{
    apply, assert_sound, attempt, attempt_key, commit, count, event, folder, frequencies, indexed,
    later, revision,
};

/// Commits attempts until there is no room, and asserts that the one that did not fit left nothing;
/// answers its number.
fn fill(store: &SqliteStore) -> u64 {
    let full = (0..100_000).find(|n| match commit(store, attempt(*n)) {
        Ok(Committed::Applied { .. }) => false,
        Err(StoreError::Full) => true,
        other => panic!("neither applied nor full: {other:?}"),
    });
    let full = full.expect("a full store");
    assert_eq!(revision(store, full), None);
    assert_eq!(count(store), full);
    let last = pollster::block_on(store.head()).unwrap().last;
    assert_eq!(last.get(), full);
    full
}

#[test]
fn a_full_store_keeps_what_it_has_and_goes_on_when_there_is_room() {
    let (_folder, path) = folder();
    let store = SqliteStore::options().max_bytes(1 << 20).open(&path).unwrap();
    let full = fill(&store);
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
    assert_sound(&store);

    let pruned = pollster::block_on(store.prune(Prune::Events(later()), 100)).unwrap();
    assert_eq!(pruned, 100);
    apply(&store, full);
    assert_sound(&store);
}

#[test]
#[ignore = "needs FLEETPROMPT_FULL_DISK_DIR, a folder on a small disk: see scripts/faults"]
fn full_disk_keeps_what_is_there_and_goes_on_when_there_is_room() {
    let folder = std::env::var_os("FLEETPROMPT_FULL_DISK_DIR").expect("FLEETPROMPT_FULL_DISK_DIR");
    let folder = tempfile::tempdir_in(PathBuf::from(folder)).unwrap();
    let ballast = folder.path().join("ballast");
    File::create(&ballast).unwrap().write_all(&vec![1; 1 << 20]).unwrap();
    let store = SqliteStore::open(folder.path().join("market.db")).unwrap();
    let full = fill(&store);
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));

    std::fs::remove_file(ballast).unwrap();
    apply(&store, full);
    assert_sound(&store);
    drop(store);
    assert_eq!(count(&SqliteStore::open(folder.path().join("market.db")).unwrap()), full + 1);
}

#[test]
fn a_store_for_reading_reads_and_refuses_commits() {
    let (_folder, path) = folder();
    let missing = SqliteStore::options().read_only(true).open(&path);
    assert!(matches!(missing, Err(StoreError::Missing(_))), "{missing:?}");
    assert!(!path.exists());

    apply(&SqliteStore::open(&path).unwrap(), 0);
    let store = SqliteStore::options().read_only(true).open(&path).unwrap();
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
    assert_eq!(commit(&store, attempt(1)), Err(StoreError::ReadOnly));
    assert_sound(&store);
}

#[test]
fn where_no_database_is_none_is_made_unless_it_may_be() {
    let (folder, path) = folder();
    let existing = SqliteStore::options().create_if_missing(false);
    let refused = existing.open(&path).unwrap_err();
    assert_eq!(refused, StoreError::Missing("there is no such file"));
    assert!(!path.exists());
    File::create(&path).unwrap();
    let refused = existing.open(&path).unwrap_err();
    assert_eq!(refused, StoreError::Missing("the file is empty"));
    let refused = existing.open_copy_target(&path).unwrap_err();
    assert_eq!(refused, StoreError::Missing("the file is empty"));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing beside it either");

    apply(&SqliteStore::open(&path).unwrap(), 0);
    assert_eq!(revision(&existing.open(&path).unwrap(), 0), Some(Revision::FIRST));
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    drop(SqliteStore::open(&path).unwrap());
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let before = std::fs::read(&path).unwrap();
    let refused = SqliteStore::open(&path).unwrap_err();
    assert_eq!(refused, StoreError::SchemaTooNew { found: 99, known: 9 });
    assert_eq!(refused.to_string(), "the store has schema version 99; this program knows up to 9",);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_not_a_database_of_ours_is_refused_and_left_alone() {
    let (folder, _) = folder();
    let others = [
        ("marked.db", "PRAGMA application_id = 7; CREATE TABLE t (x)"),
        ("unmarked.db", "CREATE TABLE t (x)"),
        ("versioned.db", "PRAGMA user_version = 1"),
    ];
    for (name, sql) in others {
        Connection::open(folder.path().join(name)).unwrap().execute_batch(sql).unwrap();
    }
    std::fs::write(folder.path().join("notes.txt"), "no database\n".repeat(1_000)).unwrap();
    for name in ["marked.db", "unmarked.db", "versioned.db", "notes.txt"] {
        let path = folder.path().join(name);
        let before = std::fs::read(&path).unwrap();
        let refused = SqliteStore::open(&path);
        assert!(matches!(refused, Err(StoreError::Open(_))), "{name}: {refused:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name}");
    }
    for path in [folder.path(), &folder.path().join("missing/market.db")] {
        let refused = SqliteStore::open(path);
        assert!(matches!(refused, Err(StoreError::Open(_))), "{refused:?}");
    }
}

/// Writes rubbish over the page at which `name`, a table or an index, begins.
fn damage(path: &Path, name: &str) {
    let conn = Connection::open(path).unwrap();
    let page: u64 = conn
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [name], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap()
        .try_into()
        .unwrap();
    let size = conn.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0)).unwrap();
    drop(conn);
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start((page - 1) * u64::try_from(size).unwrap())).unwrap();
    file.write_all(&[0xa5; 512]).unwrap();
}

#[test]
fn a_damaged_page_is_reported() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    (0..50).for_each(|n| apply(&store, n));
    drop(store);
    damage(&path, "attempt");
    let store = SqliteStore::open(&path).unwrap();
    let read = pollster::block_on(store.get(&attempt_key(0)));
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
    let report = pollster::block_on(store.check()).unwrap();
    assert!(matches!(report.findings.first(), Some(Finding::Structure(_))), "{report}");
    assert!(report.findings.contains(&Finding::Unreadable { table: "attempt" }), "{report}");
}

#[test]
fn rows_that_were_tampered_with_are_reported() {
    let tamperings = [
        ("UPDATE attempt SET kid = 'k9'", "attempt", "a column differs from the document"),
        ("UPDATE attempt SET doc = '{}'", "attempt", "the document can't be read"),
        ("UPDATE attempt SET id = 'other'", "attempt", "the document belongs under another key"),
        ("UPDATE attempt SET changed = 7", "attempt", "a position is not in the log"),
        ("DELETE FROM event WHERE position = 2", "event", "the position leaves a gap"),
        ("UPDATE event SET at = at + 1 WHERE position = 1", "event", "later than the log's head"),
        ("UPDATE event SET doc = '[]' WHERE position = 1", "event", "the document can't be read"),
        ("UPDATE log_head SET last = 9", "log_head", "does not stand where the log ends"),
    ];
    for (sql, table, wrong) in tamperings {
        let (_folder, path) = folder();
        let store = SqliteStore::open(&path).unwrap();
        apply(&store, 0);
        (1..3).for_each(|_| drop(commit(&store, only_event())));
        assert_sound(&store);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let report = pollster::block_on(store.check()).unwrap();
        let found = Finding::Rows { table, wrong, rows: 1 };
        assert!(report.findings.contains(&found), "{sql}: {report}");
    }
}

fn only_event() -> Commit {
    let events = attempt(0).events.into_iter().map(|stored| event(stored.fact)).collect();
    Commit { receipt: None, expectations: Vec::new(), changes: Vec::new(), events }
}

#[test]
fn another_process_that_keeps_the_lock_is_waited_for_and_then_reported() {
    let (_folder, path) = folder();
    let store = SqliteStore::options().busy_timeout(Duration::from_millis(20)).open(&path).unwrap();
    apply(&store, 0);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = commit(&store, attempt(1));
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(revision(&store, 0), Some(Revision::FIRST), "reads wait for nobody");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(revision(&store, 1), None);
    apply(&store, 1);
}

/// What is committed into a file that nobody finds again would be lost.
#[cfg(unix)]
#[test]
fn a_file_that_is_not_at_its_path_any_more_takes_no_commit() {
    const LEFT: StoreError =
        StoreError::Unavailable("the database's file was removed, renamed or replaced");
    let (folder, path) = folder();
    let aside = folder.path().join("aside.db");
    let store = SqliteStore::open(&path).unwrap();
    apply(&store, 0);
    let refuses = |what: &str| {
        assert_eq!(commit(&store, attempt(1)), Err(LEFT), "{what}");
        assert_eq!(pollster::block_on(store.head()), Err(LEFT), "{what}");
        assert_eq!(pollster::block_on(store.check()).unwrap_err(), LEFT, "{what}");
        let copy = pollster::block_on(store.backup(folder.path().join("copy.db"), |_| {}));
        assert_eq!(copy, Err(LEFT), "{what}");
    };
    std::fs::rename(&path, &aside).unwrap();
    let opened = SqliteStore::options().create_if_missing(false).open(&path);
    assert!(matches!(opened, Err(StoreError::Missing(_))), "{opened:?}");
    refuses("renamed");
    std::fs::write(&path, "another file").unwrap();
    // It is no database, and no connection to it is opened.
    assert_eq!(commit(&store, attempt(1)), Err(LEFT));
    assert_eq!(pollster::block_on(store.head()), Err(LEFT));
    assert_eq!(std::fs::read(&path).unwrap(), b"another file");
    std::fs::remove_file(&path).unwrap();

    std::fs::rename(&aside, &path).unwrap();
    assert_eq!(revision(&store, 1), None, "nothing of it is left");
    apply(&store, 1);
    assert_sound(&store);
    std::fs::remove_file(&path).unwrap();
    refuses("removed");
}

#[test]
fn a_reader_that_never_ends_holds_nobody_up() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    apply(&store, 0);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN; SELECT count(*) FROM attempt").unwrap();
    (1..100).for_each(|n| apply(&store, n));
    assert_eq!(count(&store), 100);
}

/// What is damaged in the index is no reason to turn away what has nothing to do with it.
#[test]
fn a_damaged_index_holds_up_nobody_else() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    (0..3).for_each(|n| drop(commit(&store, indexed(n)).unwrap()));
    let damage = "UPDATE index_count SET entries = 0";
    Connection::open(&path).unwrap().execute_batch(damage).unwrap();

    let key = RecordKey::listing(samples::listing_id(0));
    let changes = vec![Change::Delete { key, expected: Revision::FIRST }];
    let gone = Commit { receipt: None, expectations: Vec::new(), changes, events: Vec::new() };
    let waiting = [attempt(10), gone.clone(), attempt(11)].map(|commit| store.commit(commit));
    let outcomes = pollster::block_on(futures_util::future::join_all(waiting));
    assert!(matches!(outcomes[0], Ok(Committed::Applied { .. })), "{outcomes:?}");
    assert!(matches!(outcomes[1], Err(StoreError::Corrupt(_))), "{outcomes:?}");
    assert!(matches!(outcomes[2], Ok(Committed::Applied { .. })), "{outcomes:?}");

    pollster::block_on(store.rebuild_index(|_| {})).unwrap();
    assert_sound(&store);
    assert!(matches!(commit(&store, gone), Ok(Committed::Applied { .. })));
    assert_eq!(frequencies(&store, &["agent"]), (2, vec![2]));
}
