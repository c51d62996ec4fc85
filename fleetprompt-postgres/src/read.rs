//! The port's reads, each one statement, so of one state of the database.

use std::collections::{BTreeMap, HashMap};

use fleetprompt_core::domain::{Event, Position};
use fleetprompt_core::port::{
    ClaimedName, CounterRange, Fingerprint, Head, IdempotencyScope, LogPage, NameOwner, PageKey,
    PageSize, Record, RecordKey, RecordKind, Scan, StoreError, StoredEvent, StoredFeedEntry,
    StoredReceipt, Versioned,
};
use sqlx::postgres::PgRow;

use crate::error::Fault;
use crate::row::{self, RECORD, digest, integer, natural, position, time};
use crate::scan;
use crate::session::Session;

pub(crate) async fn get(
    mut session: Session<'_>,
    key: RecordKey,
) -> Result<Option<Versioned<Record>>, Fault> {
    let (schema, table) = (session.schema(), key.kind().name());
    let sql = format!("SELECT {RECORD} FROM {schema}.{table} WHERE id = $1");
    let statement = session.statement(sql).bind(key.id().to_owned());
    let found = session.first(statement).await?;
    found.map(|row| row::record(key.kind(), &row)).transpose()
}

/// Records of several kinds, each kind from its table.
pub(crate) async fn get_all(
    mut session: Session<'_>,
    keys: Vec<RecordKey>,
) -> Result<Vec<Option<Versioned<Record>>>, Fault> {
    let mut asked: BTreeMap<RecordKind, Vec<String>> = BTreeMap::new();
    for key in &keys {
        asked.entry(key.kind()).or_default().push(key.id().to_owned());
    }
    let schema = session.schema();
    let parts = (1..).zip(asked.keys()).map(|(number, kind)| {
        let table = kind.name();
        format!(
            "SELECT {RECORD}, id, '{table}' AS kind FROM {schema}.{table} WHERE id = ANY (${number})"
        )
    });
    let sql = parts.collect::<Vec<_>>().join(" UNION ALL ");
    if sql.is_empty() {
        return Ok(Vec::new());
    }
    let statement = session.statement(sql);
    let statement = asked.values().fold(statement, |statement, ids| statement.bind(ids.clone()));
    let mut found = HashMap::new();
    for row in session.all(statement).await? {
        let (id, table): (String, String) = (row::get(&row, 4)?, row::get(&row, 5)?);
        found.insert((table, id), row);
    }
    let find = |key: &RecordKey| {
        let row = found.get(&(key.kind().name().to_owned(), key.id().to_owned()));
        row.map(|row| row::record(key.kind(), row)).transpose()
    };
    keys.iter().map(find).collect()
}

pub(crate) async fn scan(
    mut session: Session<'_>,
    scan: Scan,
    after: Option<PageKey>,
    size: PageSize,
) -> Result<Vec<Versioned<Record>>, Fault> {
    let plan = scan.plan();
    let statement = scan::statement(&session, &plan, after.as_ref(), size)?;
    let rows = session.all(statement).await?;
    rows.iter().map(|row| row::record(plan.kind, row)).collect()
}

pub(crate) async fn name(
    mut session: Session<'_>,
    name: ClaimedName,
) -> Result<Option<NameOwner>, Fault> {
    let schema = session.schema();
    let sql = format!("SELECT owner FROM {schema}.name_claim WHERE scope = $1 AND name = $2");
    let statement = session.statement(sql).bind(name.scope().name()).bind(name.name().to_owned());
    let found = session.first(statement).await?;
    found.map(|row| Ok(NameOwner::new(row::get::<String>(&row, 0)?))).transpose()
}

pub(crate) async fn receipt(
    mut session: Session<'_>,
    scope: IdempotencyScope,
) -> Result<Option<StoredReceipt>, Fault> {
    let schema = session.schema();
    let sql = format!("SELECT kid, fingerprint, answer FROM {schema}.receipt WHERE scope = $1");
    let statement = session.statement(sql).bind(scope.0.to_vec());
    let found = session.first(statement).await?;
    found.map(|row| stored_receipt(&row, 0)).transpose()
}

/// A receipt from three columns of a row.
pub(crate) fn stored_receipt(row: &PgRow, first: usize) -> Result<StoredReceipt, Fault> {
    Ok(StoredReceipt { fingerprint: fingerprint(row, first)?, answer: row::get(row, first + 2)? })
}

/// A receipt's fingerprint from two columns of a row.
pub(crate) fn fingerprint(row: &PgRow, first: usize) -> Result<Fingerprint, Fault> {
    let kid: &str = row::get(row, first)?;
    let kid = kid.parse().map_err(|_| StoreError::Corrupt("a receipt names no key"))?;
    Ok(Fingerprint { kid, digest: digest(row, first + 1)? })
}

pub(crate) async fn counters(
    mut session: Session<'_>,
    range: CounterRange,
    limit: u32,
) -> Result<Vec<(String, u64)>, Fault> {
    let CounterRange { scope, from, until } = range;
    // A text can hold no NUL, and none has one: what is less than a text and a NUL behind it is at
    // most the text.
    let (from, at_or_behind) = match from.split_once('\0') {
        Some((before, _)) => (before.to_owned(), ">"),
        None => (from, ">="),
    };
    let (until, before) = match until.split_once('\0') {
        Some((before, _)) => (before.to_owned(), "<="),
        None => (until, "<"),
    };
    let schema = session.schema();
    let sql = format!(
        "SELECT name, value FROM {schema}.counter
         WHERE scope = $1 AND name {at_or_behind} $2 AND name {before} $3 AND value > 0
         ORDER BY name LIMIT $4"
    );
    let statement = session.statement(sql).bind(scope).bind(from).bind(until);
    let rows = session.all(statement.bind(i64::from(limit))).await?;
    rows.iter().map(|row| Ok((row::get(row, 0)?, natural(row, 1)?))).collect()
}

pub(crate) async fn events(
    session: Session<'_>,
    after: Position,
    size: PageSize,
) -> Result<LogPage<StoredEvent>, Fault> {
    log(session, "pruned", "position", after, size, |row| {
        Ok(StoredEvent { position: position(row, 1)?, event: event(row, 2)? })
    })
    .await
}

pub(crate) async fn feed(
    session: Session<'_>,
    after: Position,
    size: PageSize,
) -> Result<LogPage<StoredFeedEntry>, Fault> {
    log(session, "feed_pruned", "feed_position", after, size, |row| {
        let Event { at, feed, .. } = event(row, 2)?;
        let change = feed.ok_or(StoreError::Corrupt("an event in the feed has no change"))?;
        Ok(StoredFeedEntry { position: position(row, 1)?, at, change })
    })
    .await
}

/// A page of the log in the order of a column, and how far it has been pruned, of one state.
async fn log<T>(
    mut session: Session<'_>,
    pruned: &str,
    order: &str,
    after: Position,
    size: PageSize,
    read: impl Fn(&PgRow) -> Result<T, Fault>,
) -> Result<LogPage<T>, Fault> {
    let schema = session.schema();
    let sql = format!(
        "SELECT h.{pruned}, e.{order}, e.doc FROM {schema}.log_head AS h LEFT JOIN LATERAL (
             SELECT {order}, doc FROM {schema}.event WHERE {order} > $1 ORDER BY {order} LIMIT $2
         ) AS e ON true ORDER BY e.{order}"
    );
    let statement = session.statement(sql).bind(integer(after.get()));
    let rows = session.all(statement.bind(i64::from(size.get()))).await?;
    let first = rows.first().ok_or(StoreError::Corrupt("the log has no head"))?;
    if after < position(first, 0)? {
        return Ok(LogPage::TooOld);
    }
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        if row::get::<Option<i64>>(row, 1)?.is_some() {
            entries.push(read(row)?);
        }
    }
    Ok(LogPage::Entries(entries))
}

pub(crate) async fn head(mut session: Session<'_>) -> Result<Head, Fault> {
    let schema = session.schema();
    let sql = format!("SELECT last, at, feed_last, pruned, feed_pruned FROM {schema}.log_head");
    let statement = session.statement(sql);
    let row = session.one(statement).await?;
    Ok(Head {
        last: position(&row, 0)?,
        at: time(&row, 1)?,
        feed_last: position(&row, 2)?,
        pruned: position(&row, 3)?,
        feed_pruned: position(&row, 4)?,
    })
}

/// An event from a column.
pub(crate) fn event(row: &PgRow, column: usize) -> Result<Event, Fault> {
    let event = serde_json::from_str(row::get(row, column)?);
    event.map_err(|_| StoreError::Corrupt("a stored event can't be read").into())
}
