//! Connections, and bringing a file to the schema of this program.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use fleetprompt_core::port::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::error::open_error;
use crate::options::SqliteOptions;
use crate::private_file;

/// Marks a file as FleetPrompt's: "FlPr".
const APPLICATION_ID: i32 = 0x466c_5072;

/// The schema, step by step. Steps that were released are never changed.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("schema/0001_records.sql")),
    M::up(include_str!("schema/0002_search_index.sql")),
    M::up(include_str!("schema/0003_rendered_texts.sql")),
    M::up(include_str!("schema/0004_well_known_names.sql")),
    M::up(include_str!("schema/0005_reports.sql")),
    M::up(include_str!("schema/0006_publishers_by_creation.sql")),
    M::up(include_str!("schema/0007_copies.sql")),
    M::up(include_str!("schema/0008_latest_versions.sql")),
    M::up(include_str!("schema/0009_no_issued_attempts.sql")),
];

/// How many statements a connection keeps prepared: more than the store has.
const STATEMENTS: usize = 256;

/// After how many pages the write-ahead log is copied back into the file, 16 MiB of them, and how
/// much of it is left on disk after a burst.
const CHECKPOINT_PAGES: i64 = 4_096;
const WAL_LEFT_BYTES: i64 = 64 << 20;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It reads.
    Read,
    /// It reads and writes.
    Write,
}

/// Opens a connection to a file that has been prepared.
pub(crate) fn connect(
    path: &Path,
    access: Access,
    options: &SqliteOptions,
) -> Result<Connection, StoreError> {
    configured(path, access, options).map_err(|error| open_error(&error))
}

fn configured(
    path: &Path,
    access: Access,
    options: &SqliteOptions,
) -> rusqlite::Result<Connection> {
    let conn = bare(path, access, options)?;
    let bytes = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.pragma_update(None, "mmap_size", bytes(options.mmap))?;
    let cache = if access == Access::Read { options.reader_cache } else { options.writer_cache };
    // A negative size is one in KiB.
    conn.pragma_update(None, "cache_size", -bytes(cache / 1_024))?;
    if access == Access::Write {
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        conn.pragma_update(None, "journal_size_limit", WAL_LEFT_BYTES)?;
        // What is erased is overwritten, not just forgotten.
        conn.pragma_update(None, "secure_delete", true)?;
        if let Some(max) = options.max_bytes {
            let page: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
            conn.pragma_update(None, "max_page_count", (bytes(max) / page.max(1)).max(1))?;
        }
    }
    Ok(conn)
}

/// A connection that trusts nothing in the file.
fn bare(path: &Path, access: Access, options: &SqliteOptions) -> rusqlite::Result<Connection> {
    // Without a mutex of SQLite's own: a connection is used by one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(options.busy_timeout)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Plans do not depend on parameters: without this, SQLite plans a statement with a range anew
    // whenever the range is another.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    Ok(conn)
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Nothing yet, but for the mark that it is going to be FleetPrompt's.
    Empty,
    /// FleetPrompt's, of an older schema.
    Old,
    /// FleetPrompt's, of this program's schema.
    Current,
}

/// Makes sure that the file at `path` is one of FleetPrompt's and has this program's schema.
pub(crate) fn prepare(path: &Path, options: &SqliteOptions) -> Result<(), StoreError> {
    let access = if options.read_only { Access::Read } else { Access::Write };
    if options.creates() {
        // One that is there, or can't be made, is SQLite's to speak of.
        drop(private_file::create_new(path));
    }
    let conn = bare(path, access, options).map_err(|error| match path.try_exists() {
        Ok(false) if !options.creates() => StoreError::Missing("there is no such file"),
        _ => open_error(&error),
    })?;
    let found = look(&conn)?;
    drop(conn);
    match found {
        Found::Current => Ok(()),
        Found::Empty if !options.creates() => Err(StoreError::Missing("the file is empty")),
        Found::Old if options.read_only => {
            Err(StoreError::Open("the file needs a migration, and is opened for reading only"))
        }
        Found::Empty | Found::Old => migrate(path, options),
    }
}

fn look(conn: &Connection) -> Result<Found, StoreError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let (application, version, tables): (i32, i32, i64) = conn
        .query_row(
            "SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema)
             FROM pragma_application_id AS a, pragma_user_version AS v",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(|error| open_error(&error))?;
    if matches!(application, 0 | APPLICATION_ID) && version == 0 && tables == 0 {
        return Ok(Found::Empty);
    }
    if application != APPLICATION_ID {
        return Err(StoreError::Open("the file belongs to another program"));
    }
    let found = u32::try_from(version).map_err(|_| StoreError::Corrupt("the schema's version"))?;
    match found {
        _ if found > known => Err(StoreError::SchemaTooNew { found, known }),
        _ if found < known => Ok(Found::Old),
        _ => Ok(Found::Current),
    }
}

/// Brings the file up to date. No other process may have it open meanwhile: one that started at the
/// same time waits for the lock, and then finds the work done.
fn migrate(path: &Path, options: &SqliteOptions) -> Result<(), StoreError> {
    // SQLite's own locks are no queue: two that reach for the exclusive one at once keep each other
    // from it. A lock on a file beside the database lets them take turns.
    let mut beside = path.as_os_str().to_owned();
    beside.push("-lock");
    let no_lock = |_| StoreError::Open("the file of the lock beside the database");
    let turn = File::create(&beside).map_err(no_lock)?;
    let start = Instant::now();
    while let Err(error) = turn.try_lock() {
        match error {
            TryLockError::Error(error) => return Err(no_lock(error)),
            TryLockError::WouldBlock if start.elapsed() < options.busy_timeout => {
                std::thread::sleep(Duration::from_millis(2));
            }
            TryLockError::WouldBlock => {
                return Err(StoreError::Unavailable("another process is migrating the database"));
            }
        }
    }
    // Whoever had the turn before may be serving by now, and then nobody is alone with the file.
    let outcome = match current(path, options) {
        Ok(true) => Ok(()),
        Ok(false) => migrate_alone(path, options),
        Err(error) => Err(error),
    };
    // Whoever still waits for this file finds the work done, and so does whoever makes a new one.
    drop(std::fs::remove_file(&beside));
    outcome
}

fn current(path: &Path, options: &SqliteOptions) -> Result<bool, StoreError> {
    let conn = bare(path, Access::Write, options).map_err(|error| open_error(&error))?;
    Ok(look(&conn)? == Found::Current)
}

fn migrate_alone(path: &Path, options: &SqliteOptions) -> Result<(), StoreError> {
    let mut conn = bare(path, Access::Write, options).map_err(|error| open_error(&error))?;
    // In this mode, the lock that the transaction takes is kept until the connection is closed.
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT")
        .map_err(|error| open_error(&error))?;
    let found = look(&conn)?;
    if found == Found::Current {
        return Ok(());
    }
    if found == Found::Empty {
        // Ahead of the schema, so that a crash in between leaves a file that is known to be ours.
        conn.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(|error| open_error(&error))?;
    }
    let mode: String = conn
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(|error| open_error(&error))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Open("write-ahead logging does not work on this file system"));
    }
    conn.set_transaction_behavior(TransactionBehavior::Immediate);
    Migrations::from_slice(STEPS).to_latest(&mut conn).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => open_error(&err),
        _ => StoreError::Open("a migration failed; the file is as it was"),
    })
}

/// An empty database in memory, of this program's schema.
#[cfg(test)]
pub(crate) fn migrated() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    Migrations::from_slice(STEPS).to_latest(&mut conn).unwrap();
    conn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_valid() {
        assert_eq!(Migrations::from_slice(STEPS).validate(), Ok(()));
    }

    /// SQLite would stop at 2 GiB, had it not been told otherwise when it was compiled.
    #[test]
    fn a_file_is_mapped_as_far_as_the_options_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.db");
        private_file::create_new(&path).unwrap();
        let conn = configured(&path, Access::Write, &SqliteOptions::default()).unwrap();
        let mapped: i64 = conn.pragma_query_value(None, "mmap_size", |row| row.get(0)).unwrap();
        assert_eq!(mapped, 256 << 30);
    }

    #[test]
    fn processes_that_open_a_new_file_together_agree() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.db");
        let options = SqliteOptions::default();
        std::thread::scope(|scope| {
            let openers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| prepare(&path, &options))).collect();
            for opener in openers {
                assert_eq!(opener.join().unwrap(), Ok(()));
            }
        });
        let conn = bare(&path, Access::Read, &options).unwrap();
        assert_eq!(look(&conn), Ok(Found::Current));
    }

    #[test]
    fn whoever_waited_for_a_migration_does_not_wait_for_those_who_serve_by_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.db");
        let options = SqliteOptions { busy_timeout: Duration::ZERO, ..Default::default() };
        prepare(&path, &options).unwrap();
        let serving = connect(&path, Access::Write, &options).unwrap();
        serving.execute_batch("BEGIN IMMEDIATE").unwrap();
        // What one does that saw an empty file, and comes to its turn now.
        assert_eq!(migrate(&path, &options), Ok(()));
    }

    #[test]
    fn a_crash_before_the_schema_was_made_is_made_good() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.db");
        let options = SqliteOptions::default();
        private_file::create_new(&path).unwrap();
        let conn = bare(&path, Access::Write, &options).unwrap();
        conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        drop(conn);
        let existing = SqliteOptions::default().create_if_missing(false);
        assert_eq!(prepare(&path, &existing), Err(StoreError::Missing("the file is empty")));
        prepare(&path, &options).unwrap();
        let conn = bare(&path, Access::Read, &options).unwrap();
        assert_eq!(look(&conn), Ok(Found::Current));
    }
}
