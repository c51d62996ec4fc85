//! How a database is connected to.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fleetprompt_core::port::StoreError;
use tokio::runtime::Handle;

use crate::address::DatabaseUrl;
use crate::store::{PostgresStore, Purpose};

/// The most bytes of a name in PostgreSQL.
const NAME_MAX_BYTES: usize = 63;

/// The name of a schema: 1 to 63 bytes, without control characters. A name that begins with `pg_`
/// is the server's own and refused.
///
/// It is always quoted, so it may be any word; it is displayed as it stands in SQL.
///
/// ```
/// use fleetprompt_postgres::SchemaName;
/// let name: SchemaName = "market".parse()?;
/// assert_eq!(name.to_string(), r#""market""#);
/// assert_eq!(name.as_str(), "market");
/// let hostile: SchemaName = r#"a"; DROP TABLE x; --"#.parse()?;
/// assert_eq!(hostile.to_string(), r#""a""; DROP TABLE x; --""#);
/// assert!("".parse::<SchemaName>().is_err());
/// assert!("pg_catalog".parse::<SchemaName>().is_err());
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaName(String);

impl SchemaName {
    /// The name as it is, without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SchemaName {
    /// `fleetprompt`.
    fn default() -> Self {
        SchemaName("fleetprompt".to_owned())
    }
}

impl FromStr for SchemaName {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.is_empty() || text.len() > NAME_MAX_BYTES {
            return Err(StoreError::Open("the schema's name has 1 to 63 bytes"));
        }
        if text.chars().any(char::is_control) {
            return Err(StoreError::Open("the schema's name has no control characters"));
        }
        if text.starts_with("pg_") {
            return Err(StoreError::Open("the schema's name does not begin with pg_"));
        }
        Ok(SchemaName(text.to_owned()))
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// How to connect a [`PostgresStore`]. The defaults suit a server process with some hundred callers.
///
/// ```no_run
/// use std::time::Duration;
/// use fleetprompt_postgres::PostgresStore;
///
/// # pollster::block_on(async {
/// let store = PostgresStore::options()
///     .schema("market".parse()?)
///     .connections(16)
///     .statement_timeout(Duration::from_secs(5))
///     .connect("postgres:///market?host=/run/postgresql")
///     .await?;
/// # drop(store);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is connected until `connect` is called"]
pub struct PostgresOptions {
    pub(crate) schema: SchemaName,
    pub(crate) create_if_missing: bool,
    pub(crate) connections: u32,
    pub(crate) threads: usize,
    pub(crate) runtime: Option<Handle>,
    pub(crate) acquire_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) transaction_pooling: bool,
    pub(crate) failover: Vec<DatabaseUrl>,
    pub(crate) replica: Option<ReplicaOptions>,
}

/// A standby that reads, and how stale it may be.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaOptions {
    pub(crate) url: DatabaseUrl,
    pub(crate) staleness: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        PostgresOptions {
            schema: SchemaName::default(),
            create_if_missing: true,
            connections: Self::DEFAULT_CONNECTIONS,
            threads: 2,
            runtime: None,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Self::DEFAULT_STATEMENT_TIMEOUT,
            queue: 4_096,
            batch: 256,
            transaction_pooling: false,
            failover: Vec::new(),
            replica: None,
        }
    }
}

impl PostgresOptions {
    /// How many connections read, unless it is said otherwise.
    ///
    /// ```
    /// use fleetprompt_postgres::PostgresOptions;
    /// assert_eq!(PostgresOptions::DEFAULT_CONNECTIONS, 8);
    /// ```
    pub const DEFAULT_CONNECTIONS: u32 = 8;

    /// How long the server may work on a statement, unless it is said otherwise.
    ///
    /// ```
    /// use fleetprompt_postgres::PostgresOptions;
    /// assert_eq!(PostgresOptions::DEFAULT_STATEMENT_TIMEOUT.as_secs(), 30);
    /// ```
    pub const DEFAULT_STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

    /// The schema that holds the store's tables; `fleetprompt` by default. A database may have
    /// several, each a store of its own.
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().schema("market".parse()?);
    /// # Ok::<(), fleetprompt_core::port::StoreError>(())
    /// ```
    pub fn schema(self, schema: SchemaName) -> Self {
        PostgresOptions { schema, ..self }
    }

    /// Whether a schema that is missing, and the tables in one that is empty, are made; on by default.
    /// Without it, the answer is [`StoreError::Missing`], and nothing is made: for whoever works on
    /// what is there, and would take a new store for one that is sound.
    ///
    /// ```no_run
    /// # use fleetprompt_postgres::PostgresStore;
    /// use fleetprompt_core::port::StoreError;
    /// # pollster::block_on(async {
    /// let options = PostgresStore::options().create_if_missing(false);
    /// match options.connect("postgres:///market?host=/run/postgresql").await {
    ///     Ok(store) => println!("{store:?}"),
    ///     Err(StoreError::Missing(what)) => println!("another database, perhaps? {what}"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), StoreError>(())
    /// # }).unwrap();
    /// ```
    pub fn create_if_missing(self, create: bool) -> Self {
        PostgresOptions { create_if_missing: create, ..self }
    }

    /// How many connections read: 1 to 512, by default 8. One more writes. All processes together
    /// must stay below the server's `max_connections`.
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().connections(32);
    /// ```
    pub fn connections(self, connections: u32) -> Self {
        PostgresOptions { connections: connections.clamp(1, 512), ..self }
    }

    /// How many threads serve the connections: 1 to 64, by default 2.
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().threads(4);
    /// ```
    pub fn threads(self, threads: usize) -> Self {
        PostgresOptions { threads: threads.clamp(1, 64), ..self }
    }

    /// Has the connections served by a runtime of the host's, on which it also calls the store: an answer
    /// then reaches whoever waits for it without another thread in between, and point reads take two thirds
    /// of the time. Without it, the store has [`threads`](Self::threads) of its own, and its futures may be
    /// polled by any executor; with it, too, but from elsewhere nothing is gained.
    ///
    /// The runtime must have its I/O and time enabled and be driven as long as the store is used; when it
    /// is shut down before, answers are [`StoreError::Unavailable`] or [`StoreError::OutcomeUnknown`]. The
    /// store, when dropped, does not wait for what is being written: [`PostgresStore::closed`] does.
    ///
    /// ```no_run
    /// use fleetprompt_postgres::PostgresStore;
    /// use fleetprompt_postgres::tokio::runtime::Handle;
    /// # async fn serve() -> Result<(), fleetprompt_core::port::StoreError> {
    /// let options = PostgresStore::options().runtime(Handle::current());
    /// let store = options.connect("postgres:///market?host=/run/postgresql").await?;
    /// let closed = store.closed();
    /// // Serve with it, and drop it; then, before the runtime ends:
    /// # drop(store);
    /// closed.await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn runtime(self, runtime: Handle) -> Self {
        PostgresOptions { runtime: Some(runtime), ..self }
    }

    /// How long to wait for a connection, a new one or one that is in use; 10 seconds by default.
    /// After that, the answer is [`StoreError::Unavailable`].
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().acquire_timeout(std::time::Duration::from_secs(2));
    /// ```
    pub fn acquire_timeout(self, timeout: Duration) -> Self {
        PostgresOptions { acquire_timeout: timeout, ..self }
    }

    /// How long the server may work on a statement; 30 seconds by default, at least a millisecond.
    /// It then gives up, and the answer is [`StoreError::Unavailable`]. A server that says nothing at
    /// all is given up five seconds later: an outcome is then unknown, and the connection closed.
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().statement_timeout(std::time::Duration::from_secs(5));
    /// ```
    pub fn statement_timeout(self, timeout: Duration) -> Self {
        PostgresOptions { statement_timeout: timeout.max(Duration::from_millis(1)), ..self }
    }

    /// How many commits may wait to be written; 4,096 by default, at least 1. One more is answered
    /// [`StoreError::Unavailable`].
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().queue(512);
    /// ```
    pub fn queue(self, commits: usize) -> Self {
        PostgresOptions { queue: commits.max(1), ..self }
    }

    /// How many commits share a transaction at most; 256 by default, at least 1.
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().batch(64);
    /// ```
    pub fn batch(self, commits: usize) -> Self {
        PostgresOptions { batch: commits.max(1), ..self }
    }

    /// Whether a pooler stands in between that gives each transaction another session, as pgbouncer
    /// does in transaction mode; off by default. Nothing then rests on a session: statements are not
    /// kept prepared, each runs in a transaction of its own, and the time-out of statements is not
    /// set on the server (set it on the role).
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options().transaction_pooling(true);
    /// ```
    pub fn transaction_pooling(self, on: bool) -> Self {
        PostgresOptions { transaction_pooling: on, ..self }
    }

    /// Another server that may be the primary: a standby that is promoted when the primary is lost.
    /// May be called for each of several. The store looks every second whether its server still is
    /// the primary, and if not, goes to the first one that is. It promotes nothing by itself, and
    /// takes whatever is not in recovery for the primary: whoever promotes a standby makes sure that
    /// the old primary stays away.
    ///
    /// Not needed where one address always leads to the primary.
    ///
    /// ```
    /// # use fleetprompt_postgres::PostgresStore;
    /// let options = PostgresStore::options()
    ///     .failover("postgres://market@db2.example/market?sslmode=verify-full".parse()?);
    /// # Ok::<(), fleetprompt_core::port::StoreError>(())
    /// ```
    pub fn failover(mut self, url: DatabaseUrl) -> Self {
        self.failover.push(url);
        self
    }

    /// A streaming standby that answers reads of the public catalogue by readers who have not signed
    /// in, as long as it is known to have everything that was answered `staleness` ago (at least
    /// 200 milliseconds). Otherwise, and when it fails, the primary answers. Everybody else reads from
    /// the primary.
    ///
    /// The address leads to one standby, not to one of several: what is known of one says nothing
    /// about another. Such a store has two connections more, which measure.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use fleetprompt_postgres::PostgresStore;
    /// let replica = "postgres://market@replica.example/market?sslmode=verify-full".parse()?;
    /// let options = PostgresStore::options().replica(replica, Duration::from_secs(5));
    /// # Ok::<(), fleetprompt_core::port::StoreError>(())
    /// ```
    pub fn replica(self, url: DatabaseUrl, staleness: Duration) -> Self {
        let staleness = staleness.max(Duration::from_millis(200));
        PostgresOptions { replica: Some(ReplicaOptions { url, staleness }), ..self }
    }

    /// Connects to the database at `url`, a [`DatabaseUrl`]. The schema is made if it is missing, unless
    /// [`create_if_missing`](Self::create_if_missing) is off, and brought up to date if it is old.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the address can't be understood, the server can't prove what
    /// `sslmode` asks it to, the role is not let in or lacks a right, or the schema is another
    /// program's; [`StoreError::Missing`] when there is none and none may be made;
    /// [`StoreError::SchemaTooNew`] when a newer version of FleetPrompt wrote it;
    /// [`StoreError::UnfinishedCopy`] when a copy into it was begun and not finished;
    /// [`StoreError::Unavailable`] when the server can't be reached.
    pub async fn connect(&self, url: &str) -> Result<PostgresStore, StoreError> {
        PostgresStore::with_options(url.parse()?, self, Purpose::Serving).await
    }
}
