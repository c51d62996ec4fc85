//! A connection that does a piece of work, and the statements that it runs.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use fleetprompt_core::port::StoreError;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr};

use crate::error::Fault;
use crate::options::SchemaName;

/// A statement with its parameters.
pub(crate) type Statement = Query<'static, Postgres, PgArguments>;

/// A piece of work that borrows a connection.
pub(crate) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'c>>;

/// What all connections of a store have in common.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) schema: SchemaName,
    /// Whether a session is another one with each transaction.
    pub(crate) transaction_pooling: bool,
    /// How long the server may work on a statement.
    pub(crate) statement_timeout: Duration,
}

impl Settings {
    /// Begins a transaction that writes. It may have the turn of all writers, also while no statement of it
    /// runs: the server ends it then, should this process stand still.
    pub(crate) fn begin_write(&self) -> impl SqlSafeStr {
        let most = milliseconds(self.statement_timeout);
        AssertSqlSafe(format!("BEGIN; SET LOCAL idle_in_transaction_session_timeout = {most}"))
    }

    /// A statement. Its text is the store's own; whatever comes from outside is a parameter.
    pub(crate) fn statement(&self, sql: String) -> Statement {
        sqlx::query(AssertSqlSafe(sql)).persistent(!self.transaction_pooling)
    }
}

/// A time as settings of the server take it.
pub(crate) fn milliseconds(time: Duration) -> u128 {
    time.as_millis().min(i32::MAX as u128)
}

/// A connection at work.
pub(crate) struct Session<'c> {
    conn: &'c mut PgConnection,
    settings: &'c Settings,
}

impl<'c> Session<'c> {
    pub(crate) fn new(conn: &'c mut PgConnection, settings: &'c Settings) -> Self {
        Session { conn, settings }
    }

    /// The schema's name, quoted.
    pub(crate) fn schema(&self) -> &'c SchemaName {
        &self.settings.schema
    }

    pub(crate) fn statement(&self, sql: String) -> Statement {
        self.settings.statement(sql)
    }

    /// All rows. Reads to the very end, where a failure to commit is told.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<PgRow>, Fault> {
        Ok(statement.fetch_all(&mut *self.conn).await?)
    }

    /// The first row, if there is one.
    pub(crate) async fn first(&mut self, statement: Statement) -> Result<Option<PgRow>, Fault> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// The one row that is always there.
    pub(crate) async fn one(&mut self, statement: Statement) -> Result<PgRow, Fault> {
        let missing = StoreError::Corrupt("a row that is always there is missing");
        self.first(statement).await?.ok_or_else(|| missing.into())
    }
}
