//! The store: reads on any connection, writes through the committer.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    ClaimedName, Commit, Committed, CopyKey, CopyRow, CopyTable, CounterRange, Head,
    IdempotencyScope, LogPage, NameOwner, PageKey, PageSize, Prune, Record, RecordKey, Scan, Store,
    StoreError, StoreFuture, StoredEvent, StoredFeedEntry, StoredReceipt, Versioned,
};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::sync::mpsc;

use crate::address::DatabaseUrl;
use crate::committer::{Committer, Job, submit};
use crate::connections::{Opened, connect_options, open};
use crate::copy::rows;
use crate::error::{Fault, store_error};
use crate::options::PostgresOptions;
use crate::pool::{Lent, Pool};
use crate::prepared::Prepared;
use crate::probe::PATIENCE;
use crate::prune::prune;
use crate::read;
use crate::replica::{Reader, Replica};
use crate::runtime::{Starting, Threads, run};
use crate::session::{Session, Settings, Work};

/// How much longer than its own time-out the server may take to say so.
const GRACE: Duration = Duration::from_secs(5);

/// Begins a transaction that reads. Plans are chosen by the store.
pub(crate) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL enable_seqscan = off; SET LOCAL jit = off";

/// A store in one schema of a PostgreSQL database, which any number of processes may share.
///
/// Clones are one store. The last of them, when dropped, waits for what is being written, and closes
/// the connections; on a [runtime of the host's](PostgresOptions::runtime) that goes on
/// [behind it](Self::closed).
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
    /// Who reads what may be stale; `None` for all others.
    reader: Option<Arc<Reader>>,
}

pub(crate) struct Inner {
    pub(crate) settings: Arc<Settings>,
    pub(crate) readers: Pool,
    writer: Pool,
    replica: Option<Arc<Replica>>,
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

    /// How stale the replica is at most; `None` without one, and while it does not serve because it
    /// is too far behind or gone. For an operator to look at: a replica that should be there and
    /// answers `None` for long is worth an alert.
    ///
    /// ```no_run
    /// # use fleetprompt_postgres::PostgresStore;
    /// # fn look(store: &PostgresStore) {
    /// match store.replica_staleness() {
    ///     Some(staleness) => println!("at most {} ms behind", staleness.as_millis()),
    ///     None => println!("everything is read from the primary"),
    /// }
    /// # }
    /// ```
    pub fn replica_staleness(&self) -> Option<Duration> {
        self.inner.replica.as_ref()?.staleness()
    }

    /// Over once the last clone has been dropped, everything that waited is written, and the connections
    /// are closed. It does not hold the store.
    ///
    /// ```no_run
    /// # use fleetprompt_postgres::PostgresStore;
    /// # async fn end(store: PostgresStore) {
    /// let closed = store.closed();
    /// drop(store);
    /// closed.await;
    /// # }
    /// ```
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.inner.threads.ended()
    }

    pub(crate) async fn with_options(
        url: DatabaseUrl,
        options: &PostgresOptions,
        purpose: Purpose,
    ) -> Result<Self, StoreError> {
        let replica_url = options.replica.as_ref().map(|replica| &replica.url);
        for url in [&url].into_iter().chain(&options.failover).chain(replica_url) {
            url.check_files()?;
        }
        let servers = [&url].into_iter().chain(&options.failover);
        let servers: Vec<_> = servers.map(|url| connect_options(url, options)).collect();
        let starting = Starting::new(options.runtime.clone(), options.threads)?;
        let settings = Arc::new(Settings {
            schema: options.schema.clone(),
            transaction_pooling: options.transaction_pooling,
            statement_timeout: options.statement_timeout,
        });
        let opening = open(servers, options.clone(), Arc::clone(&settings), purpose);
        let Opened { readers, writer, replica } = run(&starting.handle()?, opening).await?;
        let patience = options.statement_timeout.saturating_add(GRACE);
        let (jobs, waiting) = mpsc::channel(options.queue);
        let committer = Committer {
            pool: writer.clone(),
            settings: Arc::clone(&settings),
            waiting,
            most: options.batch,
            patience,
        };
        let mut to_close = vec![writer.clone(), readers.clone()];
        to_close.extend(replica.as_ref().map(|replica| replica.pool.clone()));
        let threads = starting.keep(async move {
            committer.run().await;
            for pool in to_close {
                // A server that says nothing is not waited for.
                drop(tokio::time::timeout(PATIENCE, pool.close()).await);
            }
        })?;
        let jobs = Some(jobs);
        let inner = Inner { settings, readers, writer, replica, patience, jobs, threads };
        Ok(PostgresStore { inner: Arc::new(inner), reader: None })
    }

    /// Reads with one statement.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Clone + Send + 'static,
    ) -> Result<T, StoreError> {
        let pooling = self.inner.settings.transaction_pooling;
        self.ask(if pooling { Begin::Snapshot } else { Begin::Nothing }, read).await
    }

    /// Reads several times in one state of the database.
    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        read: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Clone + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(Begin::Snapshot, read).await
    }

    /// Reads from the replica, if that is good enough for the reader and it answers, or else from
    /// the primary.
    async fn ask<T: Send + 'static>(
        &self,
        begin: Begin,
        read: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Clone + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.threads.here(self.ask_here(begin, read)).await
    }

    async fn ask_here<T: Send + 'static>(
        &self,
        begin: Begin,
        read: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Clone + Send + 'static,
    ) -> Result<T, StoreError> {
        let Inner { settings, readers, replica, patience, .. } = &*self.inner;
        if let (Some(reader), Some(replica)) = (&self.reader, replica)
            && let Some(confirmed) = replica.serves(reader.seen())
        {
            let patience = PATIENCE.min(*patience);
            match begin.on(&replica.pool, settings, patience, read.clone()).await {
                Ok(Ok(answer)) if replica.is_recent(confirmed) => return Ok(answer),
                // It was waited for so long that nobody knows how old this is by now.
                Ok(Ok(_)) => {}
                // What it said no to may have been cancelled by what it replays.
                Ok(Err(fault)) if fault.is_undone() => {}
                Ok(Err(_)) | Err(_) => replica.doubt(),
            }
        }
        let answer = begin.on(readers, settings, *patience, read).await?;
        if let Some(reader) = &self.reader {
            reader.saw_primary();
        }
        Ok(answer?)
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

    /// For writes beside the committer.
    pub(crate) fn jotter(&self) -> Jotter {
        let Inner { settings, readers, .. } = &*self.inner;
        Jotter { pool: readers.clone(), settings: Arc::clone(settings), begin: self.one_write() }
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

    /// Does a piece of work on a connection of a pool, to its end.
    pub(crate) async fn on<T: Send + 'static>(
        &self,
        pool: Pool,
        begin: Begin,
        patience: Duration,
        work: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<Result<T, Fault>, StoreError> {
        let settings = Arc::clone(&self.inner.settings);
        let work = async move { begin.on(&pool, &settings, patience, work).await };
        self.inner.threads.run(work).await
    }
}

/// A connection that works for somebody. Whoever gives up leaves it in the middle of something.
struct AtWork(Option<Lent>);

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            conn.give_back_tested();
        }
    }
}

/// What is begun before a piece of work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begin {
    /// Nothing: it is one statement.
    Nothing,
    /// A transaction that reads. Nothing is written, so how it ends makes no difference.
    Snapshot,
    /// A transaction that writes.
    Write,
}

/// Writes beside the committer what may be lost. It does not hold the store, whose end waits for its threads.
#[derive(Clone)]
pub(crate) struct Jotter {
    pool: Pool,
    settings: Arc<Settings>,
    begin: Begin,
}

impl Jotter {
    /// Writes with one statement; given up after `patience`. To be polled on the store's threads.
    pub(crate) async fn jot<T>(
        &self,
        patience: Duration,
        write: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T>,
    ) -> Result<T, StoreError> {
        let written = self.begin.on(&self.pool, &self.settings, patience, write);
        let written = tokio::time::timeout(patience, written).await;
        Ok(written.unwrap_or(Ok(Err(Fault::Silence)))??)
    }
}

impl Begin {
    /// Does a piece of work on a connection of a pool. One that does not answer, or to a server that has
    /// been replaced, is closed: what is still on its way must not be taken for an answer to the next
    /// question.
    async fn on<T>(
        self,
        pool: &Pool,
        settings: &Settings,
        patience: Duration,
        work: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T>,
    ) -> Result<Result<T, Fault>, StoreError> {
        let busy = StoreError::Unavailable("no connection to the database became free");
        let conn = tokio::time::timeout(patience, pool.acquire()).await;
        let conn = conn.map_err(|_| busy.clone())?.map_err(|error| store_error(&error))?;
        let mut at_work = AtWork(Some(conn));
        let AtWork(Some(conn)) = &mut at_work else { return Err(busy) };
        let server = conn.server();
        let done = {
            let work = pin!(self.and_do(conn, settings, work));
            tokio::time::timeout(patience, pool.while_led_to(server, work)).await
        };
        let Some(conn) = at_work.0.take() else { return Err(busy) };
        let Ok(Some(done)) = done else {
            drop(conn.detach());
            return Ok(Err(Fault::Silence));
        };
        match (self, &done) {
            (Begin::Nothing | Begin::Write, Ok(_)) => conn.give_back(),
            _ => conn.give_back_tested(),
        }
        Ok(done)
    }

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
                let mut transaction = conn.begin_with(settings.begin_write()).await?;
                let done = work(Session::new(&mut transaction, settings)).await?;
                transaction.commit().await?;
                Ok(done)
            }
        }
    }
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

    fn get_all<'a>(
        &'a self,
        keys: &'a [RecordKey],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        let keys = keys.to_vec();
        Box::pin(self.read(move |session| Box::pin(read::get_all(session, keys))))
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

    fn bounded_staleness(&self) -> Option<Arc<dyn Store>> {
        let PostgresStore { inner, reader } = self;
        if inner.replica.is_none() || reader.is_some() {
            return None;
        }
        let reader = Some(Arc::default());
        Some(Arc::new(PostgresStore { inner: Arc::clone(inner), reader }))
    }

    fn receipt<'a>(
        &'a self,
        scope: &'a IdempotencyScope,
    ) -> StoreFuture<'a, Option<StoredReceipt>> {
        let scope = *scope;
        let primary = PostgresStore { inner: Arc::clone(&self.inner), reader: None };
        Box::pin(async move {
            primary.read(move |session| Box::pin(read::receipt(session, scope))).await
        })
    }

    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>> {
        let range = range.clone();
        Box::pin(self.read(move |session| Box::pin(read::counters(session, range, limit))))
    }

    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>> {
        let after = after.cloned();
        Box::pin(self.read(move |session| Box::pin(rows(session, table, after, size))))
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
