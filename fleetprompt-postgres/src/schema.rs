//! Bringing a schema to the version of this program.

use fleetprompt_core::port::StoreError;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqlSafeStr as _};

use crate::error::Fault;
use crate::options::SchemaName;
use crate::pool::Pool;
use crate::row;
use crate::session::{Session, Settings};

/// The schema, step by step. Steps that were released are never changed.
const STEPS: &[&[&str]] = &[
    &[
        include_str!("schema/0001_tables.sql"),
        include_str!("schema/0001_functions.sql"),
        include_str!("schema/0001_limits.sql"),
        include_str!("schema/0001_index.sql"),
        include_str!("schema/0001_upkeep.sql"),
    ],
    &[include_str!("schema/0002_no_issued_attempts.sql")],
];

/// What a schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// There is none of this name.
    Missing,
    /// Nothing is in it.
    Empty,
    /// FleetPrompt's, of this version.
    Version(u32),
}

/// Makes sure that the schema is one of FleetPrompt's and has this program's version. One that is not
/// there is made only if it may be.
pub(crate) async fn prepare(pool: &Pool, settings: &Settings, create: bool) -> Result<(), Fault> {
    let known = known();
    let mut conn = pool.acquire().await?;
    let mut transaction = conn.begin().await?;
    let missing = |what| Err(StoreError::Missing(what).into());
    match look(&mut transaction, settings).await? {
        Found::Version(version) if version == known => return Ok(()),
        Found::Missing if !create => return missing("there is no such schema"),
        Found::Empty if !create => return missing("the schema is empty"),
        _ => {}
    }
    // Whoever else migrates this schema waits here, and then finds the work done.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('fleetprompt ' || $1, 0))";
    let mut session = Session::new(&mut transaction, settings);
    session
        .all(settings.statement(lock.to_owned()).bind(settings.schema.as_str().to_owned()))
        .await?;
    let found = look(&mut transaction, settings).await?;
    let from = match found {
        Found::Version(version) if version == known => return Ok(()),
        Found::Version(version) => version,
        Found::Missing | Found::Empty => 0,
    };
    for sql in sql(&settings.schema, found, from) {
        sqlx::raw_sql(AssertSqlSafe(sql).into_sql_str()).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// Makes sure that the schema is a store, and no unfinished copy of one.
pub(crate) async fn check_finished(pool: &Pool, settings: &Settings) -> Result<(), Fault> {
    // A pooler keeps the steps of a statement on one session within a transaction alone.
    let mut conn = pool.acquire().await?;
    let mut transaction = conn.begin().await?;
    let sql = format!("SELECT copying IS NOT NULL FROM {}.log_head", settings.schema);
    let row = Session::new(&mut transaction, settings).one(settings.statement(sql)).await?;
    if row::get(&row, 0)? { Err(StoreError::UnfinishedCopy.into()) } else { Ok(()) }
}

fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// What brings a schema up to date.
fn sql(schema: &SchemaName, found: Found, from: u32) -> Vec<String> {
    let mut sql = Vec::new();
    if found == Found::Missing {
        sql.push(format!("CREATE SCHEMA {schema}"));
    }
    // Functions keep this path, so that they find their tables whatever a session's own path is.
    sql.push(format!("SET LOCAL search_path = {schema}"));
    if from == 0 {
        sql.push(
            "CREATE TABLE schema_version (
                 one smallint PRIMARY KEY CHECK (one = 1), version bigint NOT NULL);
             INSERT INTO schema_version VALUES (1, 0)"
                .to_owned(),
        );
    }
    let done = usize::try_from(from).unwrap_or(usize::MAX);
    sql.extend(STEPS.iter().skip(done).flat_map(|step| *step).map(|part| (*part).to_owned()));
    sql.push(format!("UPDATE schema_version SET version = {}", known()));
    sql
}

async fn look(conn: &mut PgConnection, settings: &Settings) -> Result<Found, Fault> {
    let schema = &settings.schema;
    let mut session = Session::new(conn, settings);
    // Asked of the tables that list tables, which show what was committed before the statement. Asking
    // by name (`to_regclass`) may answer what was so before this transaction waited for its turn.
    let statement = session.statement(
        "SELECT n.oid IS NOT NULL,
                EXISTS (SELECT FROM pg_class AS c
                        WHERE c.relnamespace = n.oid AND c.relname = 'schema_version'),
                EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid),
                current_setting('server_encoding') = 'UTF8'
         FROM (SELECT) AS one LEFT JOIN pg_namespace AS n ON n.nspname = $1"
            .to_owned(),
    );
    let row = session.one(statement.bind(schema.as_str().to_owned())).await?;
    let flag = |column| row::get::<bool>(&row, column);
    if !flag(3)? {
        return Err(StoreError::Open("the database is not in UTF-8").into());
    }
    match (flag(0)?, flag(1)?, flag(2)?) {
        (false, ..) => Ok(Found::Missing),
        (true, false, false) => Ok(Found::Empty),
        (true, false, true) => {
            Err(StoreError::Open("the schema belongs to another program").into())
        }
        (true, true, _) => {
            let sql = format!("SELECT version FROM {schema}.schema_version");
            let statement = session.statement(sql);
            let row = session.one(statement).await?;
            let version: i64 = row.try_get(0)?;
            let found = u32::try_from(version);
            let found = found.map_err(|_| StoreError::Corrupt("the schema's version"))?;
            let known = known();
            match found {
                _ if found > known => Err(StoreError::SchemaTooNew { found, known }.into()),
                _ => Ok(Found::Version(found)),
            }
        }
    }
}
