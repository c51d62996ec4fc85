//! What the tests are written with.

use std::cell::RefCell;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use fleetprompt_core::port::{RecordKind, StoreError};
use fleetprompt_postgres::{PostgresOptions, PostgresStore, SchemaName};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _};

/// Where the server is.
const SERVER: &str = "FLEETPROMPT_TEST_DATABASE_URL";

/// Set if [`pooled`].
const POOLED: &str = "FLEETPROMPT_TEST_POOLED";

/// Whether a pooler in transaction mode stands between the tests and the server.
pub(crate) fn pooled() -> bool {
    std::env::var_os(POOLED).is_some()
}

/// How the tests connect: with few connections, since many tests run at the same time.
pub(crate) fn options() -> PostgresOptions {
    PostgresStore::options().connections(4).transaction_pooling(pooled())
}

/// The address of the server.
pub(crate) fn url() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| {
        panic!(
            "{SERVER} is not set: run the tests with a server of their own, \
             `scripts/with-postgres cargo nextest run -p fleetprompt-postgres`"
        )
    })
}

/// Connects past the store.
async fn client(url: &str) -> Result<PgConnection, sqlx::Error> {
    // A pooler refuses a session that asks for more than it knows.
    let options = url.parse::<PgConnectOptions>().unwrap().extra_float_digits(None);
    PgConnection::connect_with(&options).await
}

/// Runs SQL as a client of its own would.
pub(crate) fn sql(text: &str) -> Vec<PgRow> {
    sql_at(&url(), text).unwrap()
}

/// Runs SQL on another server.
pub(crate) fn sql_at(url: &str, text: &str) -> Result<Vec<PgRow>, sqlx::Error> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut conn = client(url).await?;
            let rows = sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut conn).await?;
            conn.close().await?;
            Ok(rows)
        })
    };
    // On a thread of its own, since this one may be ending.
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// The address of the server with another parameter.
pub(crate) fn url_with(parameter: &str) -> String {
    let url = url();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{parameter}")
}

/// A client that keeps its session.
pub(crate) struct Client {
    runtime: tokio::runtime::Runtime,
    conn: PgConnection,
}

impl Client {
    pub(crate) fn connect() -> Self {
        Client::connect_to(&url()).unwrap()
    }

    pub(crate) fn connect_to(url: &str) -> Result<Self, sqlx::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let conn = runtime.block_on(client(url))?;
        Ok(Client { runtime, conn })
    }

    /// Runs SQL in the session.
    pub(crate) fn run(&mut self, text: &str) {
        let Client { runtime, conn } = self;
        let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *conn);
        runtime.block_on(done).unwrap();
    }
}

thread_local! {
    /// Schemas that were used and can be used again by the tests of this thread.
    static SPARE: RefCell<Spare> = const { RefCell::new(Spare(Vec::new())) };
}

struct Spare(Vec<SchemaName>);

impl Drop for Spare {
    fn drop(&mut self) {
        for name in &self.0 {
            remove(name);
        }
    }
}

fn remove(name: &SchemaName) {
    sql(&format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {name} CASCADE"));
}

/// A schema that nothing else uses.
pub(crate) struct Schema {
    pub(crate) name: SchemaName,
    reusable: bool,
}

impl Schema {
    /// An empty store's schema. Making one takes some hundred times as long as emptying one.
    pub(crate) fn new() -> Self {
        let name = match SPARE.with_borrow_mut(|spare| spare.0.pop()) {
            Some(name) => {
                empty(&name);
                name
            }
            None => Schema::unmade().into_name(),
        };
        Schema { name, reusable: true }
    }

    /// The name of a schema that does not exist yet.
    pub(crate) fn unmade() -> Self {
        let random = RandomState::new().build_hasher().finish();
        let name = format!("Test \"{random:x}\"").parse().unwrap();
        Schema { name, reusable: false }
    }

    fn into_name(self) -> SchemaName {
        let name = self.name.clone();
        std::mem::forget(self);
        name
    }

    /// How the tests connect to it.
    pub(crate) fn options(&self) -> PostgresOptions {
        Schema::options_of(self.name.as_str())
    }

    /// As [`options`](Self::options), to a schema that somebody else made.
    pub(crate) fn options_of(name: &str) -> PostgresOptions {
        options().schema(name.parse().unwrap())
    }

    pub(crate) fn try_open(&self) -> Result<PostgresStore, StoreError> {
        pollster::block_on(self.options().connect(&url()))
    }

    pub(crate) fn open(&self) -> PostgresStore {
        self.try_open().unwrap()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let name = self.name.clone();
        if self.reusable {
            SPARE.with_borrow_mut(|spare| spare.0.push(name));
        } else {
            remove(&name);
        }
    }
}

/// The tables beside those of records.
const OTHERS: &[&str] = &[
    "name_claim",
    "counter",
    "receipt",
    "event",
    "index_term",
    "index_entry",
    "index_posting",
    "limit_due",
];

fn empty(name: &SchemaName) {
    let tables = RecordKind::ALL.iter().map(|kind| kind.name()).chain(OTHERS.iter().copied());
    let deletes: Vec<String> = tables.map(|table| format!("DELETE FROM {name}.{table}")).collect();
    sql(&format!(
        "{}; UPDATE {name}.log_head SET last = 0, at = 0, feed_last = 0, pruned = 0, feed_pruned = 0,
             copying = NULL;
         UPDATE {name}.index_size SET entries = 0",
        deletes.join("; ")
    ));
}
