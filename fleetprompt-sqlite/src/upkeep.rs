//! What operators do: back up, check, measure. Whatever takes long has a thread and a connection of
//! its own, so that it holds up no reader.

mod check;
mod index;

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fleetprompt_core::port::StoreError;
use futures_channel::oneshot;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::error::{Fault, open_error, store_error};
use crate::open::{Access, connect};
use crate::private_file;
use crate::row::natural;
use crate::store::SqliteStore;

pub use check::{CheckReport, Finding};
pub use index::{RebuildProgress, RebuildReport};

/// How many pages are copied at a time: 4 MiB.
const STEP_PAGES: i32 = 1_024;

/// How far a backup is.
///
/// ```
/// use fleetprompt_sqlite::BackupProgress;
/// let now = BackupProgress { copied: 256, pages: 1_024 };
/// assert_eq!(now.copied * 100 / now.pages, 25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupProgress {
    /// Pages copied so far.
    pub copied: u64,
    /// Pages in all.
    pub pages: u64,
}

/// How large a database is, in bytes. See [`SqliteStore::size`].
///
/// ```
/// use fleetprompt_sqlite::FileSize;
/// let size = FileSize { database: 1 << 20, free: 1 << 18, log: 0 };
/// assert!(size.free * 2 < size.database, "worth a VACUUM");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSize {
    /// The file, without what is still in the write-ahead log alone.
    pub database: u64,
    /// Of these, what is free and will be used again before the file grows.
    pub free: u64,
    /// The write-ahead log beside it.
    pub log: u64,
}

/// Why a backup's file could not be made.
fn not_made(error: &Error) -> StoreError {
    match error.kind() {
        ErrorKind::AlreadyExists => StoreError::Open("the backup's file exists already"),
        ErrorKind::NotFound => StoreError::Open("the backup's folder does not exist"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::Open("the backup's folder can't be written to")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Open("the backup's file can't be made"),
    }
}

impl SqliteStore {
    /// Copies the database, as it is at this moment, into a new file at `to`, while it is being
    /// used. `progress` is called after each 4 MiB.
    ///
    /// Dropping the future does not stop the copying. A copy that fails is removed.
    ///
    /// ```
    /// use fleetprompt_sqlite::SqliteStore;
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("market.db"))?;
    /// let copy = folder.path().join("backup.db");
    /// pollster::block_on(store.backup(&copy, |_| {}))?;
    /// assert!(pollster::block_on(SqliteStore::open(&copy)?.check())?.is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Open`] when `to` exists or can't be made, which it says; [`StoreError::Full`]
    /// when there is no room for it.
    pub async fn backup(
        &self,
        to: impl Into<PathBuf>,
        progress: impl FnMut(BackupProgress) + Send + 'static,
    ) -> Result<(), StoreError> {
        let to = to.into();
        self.aside(move |conn| {
            // Made here, so that a backup never writes over anything. SQLite takes an empty file.
            private_file::create_new(&to).map_err(|error| not_made(&error))?;
            copy(conn, &to, progress).inspect_err(|_| {
                // What is left if this fails is no database, so nobody takes it for a backup.
                drop(std::fs::remove_file(&to));
            })
        })
        .await
    }

    /// Checks the whole database: the file's structure, and that every row says what it should.
    /// Reads everything, so run it on a backup if the database is large.
    ///
    /// Dropping the future does not stop the check.
    ///
    /// ```
    /// use fleetprompt_sqlite::SqliteStore;
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("market.db"))?;
    /// let report = pollster::block_on(store.check())?;
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the check could not be made. What it finds is in the report.
    pub async fn check(&self) -> Result<CheckReport, StoreError> {
        self.aside(check::check).await
    }

    /// How large the database is.
    ///
    /// ```
    /// use fleetprompt_sqlite::SqliteStore;
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("market.db"))?;
    /// assert!(store.size()?.database > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn size(&self) -> Result<FileSize, StoreError> {
        let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        let mut log = self.inner.path.clone().into_os_string();
        log.push("-wal");
        let free = self.inner.readers.read(|conn| {
            let pragma = |name| conn.pragma_query_value(None, name, |row| Ok(natural(row, 0)));
            Ok(pragma("freelist_count")??.saturating_mul(pragma("page_size")??))
        })?;
        Ok(FileSize { database: bytes(&self.inner.path), free, log: bytes(Path::new(&log)) })
    }

    /// Runs `work` on a thread and a connection of its own.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let conn = connect(&self.inner.path, Access::Read, &self.inner.options)?;
        let (caller, answer) = oneshot::channel();
        thread::Builder::new()
            .name("fleetprompt-sqlite-upkeep".to_owned())
            .spawn(move || drop(caller.send(work(&conn).map_err(StoreError::from))))
            .map_err(|_| StoreError::Unavailable("a thread could not be started"))?;
        answer.await.unwrap_or(Err(StoreError::Unavailable("a defect: the panic is in the log")))
    }
}

fn copy(
    conn: &Connection,
    to: &Path,
    mut progress: impl FnMut(BackupProgress),
) -> Result<(), Fault> {
    // One snapshot for all steps: without it, each commit would make the copying begin again.
    let snapshot = conn.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut target = Connection::open(to).map_err(|error| open_error(&error))?;
    {
        let backup = Backup::new(&snapshot, &mut target)?;
        loop {
            let step = backup.step(STEP_PAGES)?;
            let pages = |n: i32| u64::try_from(n).unwrap_or_default();
            let now = backup.progress();
            let all = pages(now.pagecount);
            let copied = all.saturating_sub(pages(now.remaining));
            progress(BackupProgress { copied, pages: all });
            match step {
                StepResult::Done => break,
                // Nobody else uses the copy; a virus scanner or the like may.
                StepResult::Busy | StepResult::Locked => thread::sleep(Duration::from_millis(10)),
                _ => {}
            }
        }
    }
    target.close().map_err(|(_, error)| store_error(&error))?;
    snapshot.commit()?;
    Ok(())
}
