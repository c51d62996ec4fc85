//! What operators do: back up, check, measure. Whatever takes long has a thread and a connection of
//! its own, so that it holds up no reader.

mod backup;
mod check;
mod index;

use std::path::{Path, PathBuf};
use std::thread;

use fleetprompt_core::port::StoreError;
use futures_channel::oneshot;
use rusqlite::Connection;

use crate::error::Fault;
use crate::row::natural;
use crate::store::SqliteStore;

pub use backup::BackupProgress;
pub use check::{CheckReport, Finding};
pub use index::{RebuildProgress, RebuildReport};

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

impl SqliteStore {
    /// Copies the database, as it is at this moment, into a new file at `to`, while it is being
    /// used. `progress` is called after each 4 MiB.
    ///
    /// The file has its name once it is whole and on disk. A copy that fails is removed; one that a
    /// crash interrupts is left beside it under another name, `TO.….partial`, which can be removed.
    /// Dropping the future does not stop the copying.
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
        self.aside(move |conn| backup::back_up(conn, &to, progress)).await
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
        let path = self.inner.place.path();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let free = self.inner.readers.read(|conn| {
            let pragma = |name| conn.pragma_query_value(None, name, |row| Ok(natural(row, 0)));
            Ok(pragma("freelist_count")??.saturating_mul(pragma("page_size")??))
        })?;
        Ok(FileSize { database: bytes(path), free, log: bytes(Path::new(&log)) })
    }

    /// Runs `work` on a thread and a connection of its own.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let conn = self.inner.another_reader()?;
        let (caller, answer) = oneshot::channel();
        thread::Builder::new()
            .name("fleetprompt-sqlite-upkeep".to_owned())
            .spawn(move || drop(caller.send(work(&conn).map_err(StoreError::from))))
            .map_err(|_| StoreError::Unavailable("a thread could not be started"))?;
        answer.await.unwrap_or(Err(StoreError::Unavailable("a defect: the panic is in the log")))
    }
}
