//! The store: reads on any connection, writes through the committer.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    ClaimedName, Commit, Committed, CounterRange, Head, IdempotencyScope, LogPage, NameOwner,
    PageKey, PageSize, Prune, Record, RecordKey, Scan, Store, StoreError, StoreFuture, StoredEvent,
    StoredFeedEntry, StoredReceipt, Versioned,
};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::mpsc;

use crate::committer::{Committer, Job, submit};
use crate::error::{Fault, open_error, store_error};
use crate::options::PostgresOptions;
use crate::prepared::Prepared;
use crate::prune::prune;
use crate::read;
use crate::runtime::{Starting, Threads, run};
use crate::schema;
use crate::session::{Session, Settings, Work};

/// How long a connection may have been idle before it is tested again ahead of its use.
const TRUSTED: Duration = Duration::from_secs(1);
/// How much longer than its own time-out the server may take to say so.
const GRACE: Duration = Duration::from_secs(5);
/// How many statements a connection keeps prepared: more than the store has.
const STATEMENTS: usize = 256;

/// Begins a transaction that reads. Plans are chosen by the store, see the module `index`.
pub(crate) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL enable_seqscan = off; SET LOCAL jit = off";

/// A store in one schema of a PostgreSQL database, which any number of processes may share.
///
/// Clones are one store. The last of them, when dropped, waits for what is being written, and closes
/// the connections.
///
/// ```no_run
/// use fleetprompt_core::port::Store;
/// use fleetprompt_postgres::PostgresStore;
///
/// # pollster::block_on(async {
/// let store = PostgresStore::connect("postgres://market@db.example/market").await?;
/// println!("{} events so far", store.head().await?.last.get());
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Arc<Settings>,
    pub(crate) readers: PgPool,
    writer: PgPool,
    /// How long a statement may take in all.
    pub(crate) patience: Duration,
    /// `None` once the store is closing.
    jobs: Option<mpsc::Sender<Job>>,
    pub(crate) threads: Threads,
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be read and committed to.
    Serving,
    /// To be copied into, which may not have been finished before.
    Copying,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.jobs = None;
        self.threads.join();
    }
}

impl PostgresStore {
    /// Connects to the database at `url` with the default [`options`](Self::options).
    ///
    /// ```no_run
    /// use fleetprompt_postgres::PostgresStore;
    /// # pollster::block_on(async {
    /// let store = PostgresStore::connect("postgres:///market?host=/run/postgresql").await?;
    /// # drop(store);
    /// # Ok::<(), fleetprompt_core::port::StoreError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`PostgresOptions::connect`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::options().connect(url).await
    }

    /// How to connect otherwise than by default.
    ///
    /// ```
    /// use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().connections(16);
    /// ```
    pub fn options() -> PostgresOptions {
        PostgresOptions::default()
    }

    pub(crate) async fn with_options(
        url: &str,
        options: &PostgresOptions,
        purpose: Purpose,
    ) -> Result<Self, StoreError> {
        let connect = connect_options(url, options)?;
        let starting = Starting::new(options.threads)?;
        let settings = Arc::new(Settings {
            schema: options.schema.clone(),
            transaction_pooling: options.transaction_pooling,
        });
        let opening = open(connect, options.clone(), Arc::clone(&settings), purpose);
        let (readers, writer) = run(&starting.handle()?, opening).await?;
        let patience = options.statement_timeout.saturating_add(GRACE);
        let (jobs, waiting) = mpsc::channel(options.queue);
        let committer = Committer {
            pool: writer.clone(),
            settings: Arc::clone(&settings),
            waiting,
            most: options.batch,
            patience,
        };
        let (to_close, and_this) = (readers.clone(), writer.clone());
        let threads = starting.keep(async move {
            committer.run().await;
            and_this.close().await;
            to_close.close().await;
        })?;
        let jobs = Some(jobs);
        let inner = Inner { settings, readers, writer, patience, jobs, threads };
        Ok(PostgresStore { inner: Arc::new(inner) })
    }

    /// Reads with one statement.
    async fn read<T: Send + 'static>(
        &self,
        read: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pooling = self.inner.settings.transaction_pooling;
        let begin = if pooling { Begin::Snapshot } else { Begin::Nothing };
        Ok(self.on(self.inner.readers.clone(), begin, self.inner.patience, read).await??)
    }

    /// Reads several times in one state of the database.
    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        read: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (pool, patience) = (self.inner.readers.clone(), self.inner.patience);
        Ok(self.on(pool, Begin::Snapshot, patience, read).await??)
    }

    /// Writes with one statement.
    async fn write<T: Send + 'static>(
        &self,
        write: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.written(self.one_write(), write).await
    }

    /// What is begun before one statement that writes.
    fn one_write(&self) -> Begin {
        if self.inner.settings.transaction_pooling { Begin::Write } else { Begin::Nothing }
    }

    /// Writes with one statement beside the committer, what may be lost; each wait is given up after
    /// `patience`.
    pub(crate) async fn jot<T: Send + 'static>(
        &self,
        patience: Duration,
        write: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = self.inner.readers.clone();
        Ok(self.on(pool, self.one_write(), patience, write).await??)
    }

    /// Writes with several statements, all or nothing.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        write: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.written(Begin::Write, write).await
    }

    async fn written<T: Send + 'static>(
        &self,
        begin: Begin,
        write: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lost = StoreError::OutcomeUnknown("the connection was lost while writing");
        let (pool, patience) = (self.inner.writer.clone(), self.inner.patience);
        match self.on(pool, begin, patience, write).await? {
            Err(fault) if !fault.is_undone() => Err(lost),
            done => Ok(done?),
        }
    }

    /// Does a piece of work on a connection of a pool. One that does not answer is closed: what is
    /// still on its way must not be taken for an answer to the next question.
    async fn on<T: Send + 'static>(
        &self,
        pool: PgPool,
        begin: Begin,
        patience: Duration,
        work: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<Result<T, Fault>, StoreError> {
        let settings = Arc::clone(&self.inner.settings);
        self.inner
            .threads
            .run(async move {
                let busy = StoreError::Unavailable("no connection to the database became free");
                let conn = tokio::time::timeout(patience, pool.acquire()).await;
                let mut conn = conn.map_err(|_| busy)?.map_err(|error| store_error(&error))?;
                let done = begin.and_do(&mut conn, &settings, work);
                let done = tokio::time::timeout(patience, done).await;
                Ok(done.unwrap_or_else(|_| {
                    drop(conn.detach());
                    Err(Fault::Silence)
                }))
            })
            .await
    }
}

/// What is begun before a piece of work.
#[derive(Clone, Copy, Debug)]
enum Begin {
    /// Nothing: it is one statement.
    Nothing,
    /// A transaction that reads. Nothing is written, so how it ends makes no difference.
    Snapshot,
    /// A transaction that writes.
    Write,
}

impl Begin {
    async fn and_do<T>(
        self,
        conn: &mut PgConnection,
        settings: &Settings,
        work: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T>,
    ) -> Result<T, Fault> {
        match self {
            Begin::Nothing => work(Session::new(conn, settings)).await,
            Begin::Snapshot => {
                let mut transaction = conn.begin_with(SNAPSHOT).await?;
                work(Session::new(&mut transaction, settings)).await
            }
            Begin::Write => {
                let mut transaction = conn.begin().await?;
                let done = work(Session::new(&mut transaction, settings)).await?;
                transaction.commit().await?;
                Ok(done)
            }
        }
    }
}

fn connect_options(url: &str, options: &PostgresOptions) -> Result<PgConnectOptions, StoreError> {
    let connect = PgConnectOptions::from_str(url).map_err(|error| open_error(error.into()))?;
    let connect = connect.application_name("fleetprompt").disable_statement_logging();
    if options.transaction_pooling {
        // A pooler passes neither on.
        return Ok(connect.statement_cache_capacity(0).extra_float_digits(None));
    }
    let timeout = options.statement_timeout.as_millis().min(i32::MAX as u128);
    Ok(connect.statement_cache_capacity(STATEMENTS).options([
        ("statement_timeout", timeout.to_string()),
        ("default_transaction_isolation", "read committed".to_owned()),
    ]))
}

/// Connects, and sees to the schema.
async fn open(
    connect: PgConnectOptions,
    options: PostgresOptions,
    settings: Arc<Settings>,
    purpose: Purpose,
) -> Result<(PgPool, PgPool), StoreError> {
    let pool = |connections| {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED {
                        conn.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(connect.clone())
    };
    let (readers, writer) = (pool(options.connections), pool(1));
    schema::prepare(&writer, &settings).await.map_err(open_error)?;
    if purpose == Purpose::Serving {
        schema::check_finished(&writer, &settings).await.map_err(open_error)?;
    }
    Ok((readers, writer))
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let schema = self.inner.settings.schema.as_str();
        f.debug_struct("PostgresStore").field("schema", &schema).finish_non_exhaustive()
    }
}

impl Store for PostgresStore {
    fn get<'a>(&'a self, key: &'a RecordKey) -> StoreFuture<'a, Option<Versioned<Record>>> {
        let key = key.clone();
        Box::pin(self.read(move |session| Box::pin(read::get(session, key))))
    }

    fn scan<'a>(
        &'a self,
        scan: &'a Scan,
        after: Option<&'a PageKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<Versioned<Record>>> {
        let (scan, after) = (scan.clone(), after.cloned());
        Box::pin(self.read(move |session| Box::pin(read::scan(session, scan, after, size))))
    }

    fn name<'a>(&'a self, name: &'a ClaimedName) -> StoreFuture<'a, Option<NameOwner>> {
        let name = name.clone();
        Box::pin(self.read(move |session| Box::pin(read::name(session, name))))
    }

    fn receipt<'a>(
        &'a self,
        scope: &'a IdempotencyScope,
    ) -> StoreFuture<'a, Option<StoredReceipt>> {
        let scope = *scope;
        Box::pin(self.read(move |session| Box::pin(read::receipt(session, scope))))
    }

    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>> {
        let range = range.clone();
        Box::pin(self.read(move |session| Box::pin(read::counters(session, range, limit))))
    }

    fn events(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredEvent>> {
        Box::pin(self.read(move |session| Box::pin(read::events(session, after, size))))
    }

    fn feed(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredFeedEntry>> {
        Box::pin(self.read(move |session| Box::pin(read::feed(session, after, size))))
    }

    fn head(&self) -> StoreFuture<'_, Head> {
        Box::pin(self.read(|session| Box::pin(read::head(session))))
    }

    fn commit(&self, new: Commit) -> StoreFuture<'_, Committed> {
        Box::pin(async move {
            let closed = StoreError::Unavailable("the store is closed");
            let jobs = self.inner.jobs.as_ref().ok_or(closed)?;
            submit(jobs, Prepared::new(new)).await
        })
    }

    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32> {
        Box::pin(self.write(move |session| Box::pin(prune(session, what, limit))))
    }
}
