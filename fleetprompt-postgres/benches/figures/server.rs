//! The server, past the store.

use fleetprompt_postgres::{PostgresOptions, PostgresStore};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::runtime::{Builder, Runtime};

/// The address of the server.
pub(crate) fn url() -> String {
    std::env::var("FLEETPROMPT_TEST_DATABASE_URL")
        .unwrap_or_else(|_| unreachable!("run this with scripts/with-postgres"))
}

/// How a store in a schema is opened.
pub(crate) fn options(schema: &str) -> PostgresOptions {
    PostgresStore::options().schema(schema.parse().unwrap())
}

/// A store in a schema.
pub(crate) fn open(schema: &str) -> PostgresStore {
    pollster::block_on(options(schema).connect(&url())).unwrap()
}

/// An empty store in a schema.
pub(crate) fn fresh(schema: &str) -> PostgresStore {
    drop_schema(schema);
    open(schema)
}

/// The runtime of a program on two processors.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A store in a schema, on a runtime that it is lent.
pub(crate) fn open_on(runtime: &Runtime, schema: &str) -> PostgresStore {
    let options = options(schema).runtime(runtime.handle().clone());
    runtime.block_on(options.connect(&url())).unwrap()
}

/// An empty one.
pub(crate) fn fresh_on(runtime: &Runtime, schema: &str) -> PostgresStore {
    drop_schema(schema);
    open_on(runtime, schema)
}

fn drop_schema(schema: &str) {
    Client::connect()
        .run(&format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE"));
}

/// A client with a session of its own.
pub(crate) struct Client {
    runtime: Runtime,
    conn: PgConnection,
}

impl Client {
    pub(crate) fn connect() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let conn = runtime.block_on(PgConnection::connect(&url())).unwrap();
        Client { runtime, conn }
    }

    /// Runs statements.
    pub(crate) fn run(&mut self, sql: &str) -> Vec<PgRow> {
        let Client { runtime, conn } = self;
        runtime.block_on(sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(conn)).unwrap()
    }

    /// Runs a statement that is kept prepared.
    pub(crate) fn prepared(&mut self, sql: &'static str, text: &str) -> Vec<PgRow> {
        let Client { runtime, conn } = self;
        runtime.block_on(sqlx::query(sql).bind(text).fetch_all(conn)).unwrap()
    }

    /// Inserts rows of a number and texts.
    pub(crate) fn insert(&mut self, sql: &'static str, numbers: Vec<i64>, texts: [Vec<String>; 3]) {
        let Client { runtime, conn } = self;
        let [a, b, c] = texts;
        let query = sqlx::query(sql).bind(numbers).bind(a).bind(b).bind(c);
        runtime.block_on(query.execute(conn)).unwrap();
    }
}
