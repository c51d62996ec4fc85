//! How a database is opened.

use std::path::Path;
use std::time::Duration;

use fleetprompt_core::port::StoreError;

use crate::store::SqliteStore;

/// How to open a [`SqliteStore`]. The defaults suit a server with some gigabytes of memory.
///
/// ```
/// use std::time::Duration;
/// use fleetprompt_sqlite::SqliteStore;
///
/// let folder = tempfile::tempdir()?;
/// let store = SqliteStore::options()
///     .readers(4)
///     .busy_timeout(Duration::from_secs(2))
///     .open(folder.path().join("market.db"))?;
/// # drop(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is opened until `open` is called"]
pub struct SqliteOptions {
    pub(crate) readers: usize,
    pub(crate) reader_cache: u64,
    pub(crate) writer_cache: u64,
    pub(crate) mmap: u64,
    pub(crate) busy_timeout: Duration,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) read_only: bool,
    pub(crate) create_if_missing: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions {
            readers: 8,
            reader_cache: 4 << 20,
            writer_cache: 8 << 20,
            mmap: 256 << 30,
            busy_timeout: Duration::from_secs(10),
            max_bytes: None,
            queue: 4_096,
            batch: 256,
            read_only: false,
            create_if_missing: true,
        }
    }
}

impl SqliteOptions {
    /// How many connections read, so how many reads run at the same time: 1 to 64, by default 8.
    /// More than twice the processors gains nothing.
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// let options = SqliteStore::options().readers(2);
    /// ```
    pub fn readers(self, connections: usize) -> Self {
        SqliteOptions { readers: connections.clamp(1, 64), ..self }
    }

    /// How many bytes of pages each reading connection and the writing one keep; 4 MiB and 8 MiB
    /// by default. More helps less than one would think: reads go through the mapped file, and
    /// SQLite looks at every page that it keeps when a transaction ends that had to split one.
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// let options = SqliteStore::options().cache(1 << 20, 8 << 20);
    /// ```
    pub fn cache(self, reader_bytes: u64, writer_bytes: u64) -> Self {
        SqliteOptions { reader_cache: reader_bytes, writer_cache: writer_bytes, ..self }
    }

    /// How many bytes of the file are mapped into memory at most; by default 256 GiB, and 0 for none.
    /// A mapping costs address space, and memory only as far as the system has it to spare.
    ///
    /// SQLite itself maps no more than 2 GiB unless it was compiled otherwise: set
    /// `LIBSQLITE3_FLAGS=-DSQLITE_MAX_MMAP_SIZE=1099511627776` for your build, as this workspace does
    /// in `.cargo/config.toml`.
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// let options = SqliteStore::options().mmap(0);
    /// ```
    pub fn mmap(self, bytes: u64) -> Self {
        SqliteOptions { mmap: bytes, ..self }
    }

    /// How long to wait for another process that writes; 10 seconds by default. After that, commits
    /// are answered [`StoreError::Unavailable`].
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// let options = SqliteStore::options().busy_timeout(std::time::Duration::from_secs(1));
    /// ```
    pub fn busy_timeout(self, timeout: Duration) -> Self {
        SqliteOptions { busy_timeout: timeout, ..self }
    }

    /// How large the file may become; without it, as large as the disk lets it. A commit that needs
    /// more is answered [`StoreError::Full`], and nothing of it is kept. The write-ahead log beside
    /// the file is not counted.
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// let options = SqliteStore::options().max_bytes(10 << 30);
    /// ```
    pub fn max_bytes(self, bytes: u64) -> Self {
        SqliteOptions { max_bytes: Some(bytes), ..self }
    }

    /// How many commits may wait for the writer; 4,096 by default, at least 1. One more is answered
    /// [`StoreError::Unavailable`]: a queue that long is minutes behind, and waiting in it longer
    /// would help nobody.
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// let options = SqliteStore::options().queue(512);
    /// ```
    pub fn queue(self, commits: usize) -> Self {
        SqliteOptions { queue: commits.max(1), ..self }
    }

    /// How many commits share a transaction at most; 256 by default, at least 1. That is enough to
    /// share the cost of making it durable, and little enough that nobody waits long for the others.
    /// Thousands suit a bulk import, which then writes each page of the search index's dictionary
    /// less often; give the writer a [`cache`](Self::cache) to match.
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// let import = SqliteStore::options().batch(4_096).queue(8_192).cache(4 << 20, 256 << 20);
    /// ```
    pub fn batch(self, commits: usize) -> Self {
        SqliteOptions { batch: commits.max(1), ..self }
    }

    /// Whether a file that is missing or empty becomes a database; on by default. Without it, the
    /// answer is [`StoreError::Missing`], and nothing is made: for whoever works on what is there,
    /// and would take a new database for one that is sound.
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// use fleetprompt_core::port::StoreError;
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("market.db");
    /// let options = SqliteStore::options().create_if_missing(false);
    /// assert!(matches!(options.open(&path), Err(StoreError::Missing(_))));
    /// assert!(!path.exists());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn create_if_missing(self, create: bool) -> Self {
        SqliteOptions { create_if_missing: create, ..self }
    }

    /// Whether a database may be made.
    pub(crate) fn creates(&self) -> bool {
        self.create_if_missing && !self.read_only
    }

    /// Whether to open the file for reading only: commits are answered [`StoreError::ReadOnly`],
    /// and a file that is missing or needs a migration is refused. Off by default.
    ///
    /// ```
    /// # use fleetprompt_sqlite::SqliteStore;
    /// let options = SqliteStore::options().read_only(true);
    /// assert!(options.open("/nonexistent/market.db").is_err());
    /// ```
    pub fn read_only(self, read_only: bool) -> Self {
        SqliteOptions { read_only, ..self }
    }

    /// Opens the database at `path`, made if it is missing, unless
    /// [`create_if_missing`](Self::create_if_missing) is off, and brought up to date if it is old.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file can't be opened or is another program's,
    /// [`StoreError::Missing`] when there is none and none may be made,
    /// [`StoreError::SchemaTooNew`] when a newer version of FleetPrompt wrote it,
    /// [`StoreError::UnfinishedCopy`] when a copy into it was begun and not finished,
    /// [`StoreError::Unavailable`] when another process holds it for longer than the busy timeout.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        SqliteStore::with_options(path.as_ref(), self)
    }
}
