//! The store: reads in place, writes through the writer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    ClaimedName, Commit, Committed, CopyKey, CopyRow, CopyTable, CounterRange, Head,
    IdempotencyScope, LogPage, NameOwner, PageKey, PageSize, Prune, Record, RecordKey, Scan, Store,
    StoreError, StoreFuture, StoredEvent, StoredFeedEntry, StoredReceipt, Versioned,
};
use rusqlite::Connection;

use crate::batch::Batch;
use crate::commit::commit;
use crate::copy::rows;
use crate::error::{Fault, open_error};
use crate::open::{Access, connect, prepare};
use crate::options::SqliteOptions;
use crate::place::Place;
use crate::prepared::Prepared;
use crate::prune::prune;
use crate::read;
use crate::readers::Readers;
use crate::writer::{OpenFile, Writer};

/// A store in one SQLite file, which any number of processes of one machine may share.
///
/// Clones are one store. The last of them, when dropped, waits for what is being written, and
/// closes the file.
///
/// On Unix it looks, with every batch of commits, whether its file still is at its path. While it is
/// not, commits and [`head`](Store::head) are answered [`StoreError::Unavailable`], and other reads are
/// of the file that was opened.
///
/// Its futures need no particular executor. Reads are short and run where they are polled, also
/// the few searches that take tens of milliseconds; commits are written by a thread of the store's
/// own.
///
/// ```
/// use fleetprompt_core::port::Store;
/// use fleetprompt_sqlite::SqliteStore;
///
/// let folder = tempfile::tempdir()?;
/// let store = SqliteStore::open(folder.path().join("market.db"))?;
/// assert_eq!(pollster::block_on(store.head())?.last.get(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) inner: Arc<Inner>,
}

/// Fields are dropped in this order: the writer's connection is the last, because one that can only
/// read could not copy the write-ahead log back into the file when it closes it.
pub(crate) struct Inner {
    pub(crate) readers: Readers,
    /// `None` when the file is open for reading only.
    writer: Option<Writer>,
    pub(crate) place: Arc<Place>,
    pub(crate) options: SqliteOptions,
}

impl Inner {
    /// One more connection that reads, of the file that is open.
    pub(crate) fn another_reader(&self) -> Result<Connection, StoreError> {
        self.place.check()?;
        let conn = connect(self.place.path(), Access::Read, &self.options)?;
        self.place.check()?;
        Ok(conn)
    }
}

impl SqliteStore {
    /// Opens the database at `path` with the default [`options`](Self::options), made if it is
    /// missing and brought up to date if it is old.
    ///
    /// ```
    /// use fleetprompt_sqlite::SqliteStore;
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("market.db"))?;
    /// # drop(store);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`SqliteOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open(path)
    }

    /// How to open a database otherwise than by default.
    ///
    /// ```
    /// use fleetprompt_sqlite::SqliteStore;
    /// let options = SqliteStore::options().readers(2);
    /// ```
    pub fn options() -> SqliteOptions {
        SqliteOptions::default()
    }

    pub(crate) fn with_options(path: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let store = SqliteStore::finished_or_not(path, options)?;
        if store.inner.readers.read(read::is_copying)? {
            return Err(StoreError::UnfinishedCopy);
        }
        Ok(store)
    }

    /// Opens the file, also while a copy into it is unfinished.
    pub(crate) fn finished_or_not(
        path: &Path,
        options: &SqliteOptions,
    ) -> Result<Self, StoreError> {
        // A host may go to another folder later.
        let path = std::path::absolute(path).map_err(|_| StoreError::Open("the file's path"))?;
        prepare(&path, options)?;
        let place = Arc::new(Place::of(&path)?);
        let writer = if options.read_only {
            None
        } else {
            let conn = connect(&path, Access::Write, options)?;
            // The writer asks for the lock by itself, more often than SQLite would.
            conn.busy_timeout(Duration::ZERO).map_err(|error| open_error(&error))?;
            let file = OpenFile { conn, place: Arc::clone(&place), patience: options.busy_timeout };
            Some(Writer::start(file, options.queue, options.batch)?)
        };
        let readers = Readers::open(&path, options)?;
        // All of them have opened one file.
        place.check()?;
        let inner = Inner { readers, writer, place, options: options.clone() };
        Ok(SqliteStore { inner: Arc::new(inner) })
    }

    pub(crate) async fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.inner.readers.read(read)
    }

    /// Reads several times in one state of the database.
    pub(crate) async fn snapshot<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.read(|conn| {
            // Nothing is written, so how it ends makes no difference.
            let snapshot = conn.unchecked_transaction()?;
            read(&snapshot)
        })
        .await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&mut Batch<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)?.submit(write).await
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.inner.place.path())
            .finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn get<'a>(&'a self, key: &'a RecordKey) -> StoreFuture<'a, Option<Versioned<Record>>> {
        Box::pin(self.read(|conn| read::get(conn, key)))
    }

    fn scan<'a>(
        &'a self,
        scan: &'a Scan,
        after: Option<&'a PageKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<Versioned<Record>>> {
        Box::pin(self.read(move |conn| read::scan(conn, scan, after, size)))
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [RecordKey],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        Box::pin(self.snapshot(move |conn| read::get_all(conn, keys)))
    }

    fn name<'a>(&'a self, name: &'a ClaimedName) -> StoreFuture<'a, Option<NameOwner>> {
        Box::pin(self.read(|conn| read::name(conn, name)))
    }

    fn receipt<'a>(
        &'a self,
        scope: &'a IdempotencyScope,
    ) -> StoreFuture<'a, Option<StoredReceipt>> {
        Box::pin(self.read(|conn| read::receipt(conn, scope)))
    }

    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>> {
        Box::pin(self.read(move |conn| read::counters(conn, range, limit)))
    }

    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>> {
        Box::pin(self.read(move |conn| rows(conn, table, after, size)))
    }

    fn events(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredEvent>> {
        Box::pin(self.read(move |conn| read::events(conn, after, size)))
    }

    fn feed(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredFeedEntry>> {
        Box::pin(self.read(move |conn| read::feed(conn, after, size)))
    }

    fn head(&self) -> StoreFuture<'_, Head> {
        Box::pin(async move {
            // Whether a store can serve is asked by this, and every write begins with it.
            self.inner.place.check()?;
            self.read(read::head).await
        })
    }

    fn commit(&self, new: Commit) -> StoreFuture<'_, Committed> {
        Box::pin(async move {
            let prepared = Prepared::new(new);
            self.write(move |batch| commit(batch, &prepared)).await
        })
    }

    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32> {
        Box::pin(self.write(move |batch| prune(batch, what, limit)))
    }

    fn wipe(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.write(|batch| {
            batch.empties_log = true;
            Ok(())
        }))
    }
}
