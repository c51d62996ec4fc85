//! The port's reads, each on one connection.

use fleetprompt_core::domain::{Event, Position};
use fleetprompt_core::port::{
    ClaimedName, CounterRange, Fingerprint, Head, IdempotencyScope, LogPage, NameOwner, PageKey,
    PageSize, Record, RecordKey, Scan, StoreError, StoredEvent, StoredFeedEntry, StoredReceipt,
    Versioned,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use crate::error::Fault;
use crate::row::{self, RECORD, integer, natural, position};
use crate::scan;

pub(crate) fn get(conn: &Connection, key: &RecordKey) -> Result<Option<Versioned<Record>>, Fault> {
    let table = key.kind().name();
    let sql = format!("SELECT {RECORD} FROM {table} WHERE id = ?1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([key.id()])?;
    rows.next()?.map(|row| row::record(key.kind(), row)).transpose()
}

/// Several records; best with those of a kind next to each other.
pub(crate) fn get_all(
    conn: &Connection,
    keys: &[RecordKey],
) -> Result<Vec<Option<Versioned<Record>>>, Fault> {
    let mut found = Vec::with_capacity(keys.len());
    for of_kind in keys.chunk_by(|key, next| key.kind() == next.kind()) {
        let Some(kind) = of_kind.first().map(RecordKey::kind) else { continue };
        let sql = format!("SELECT {RECORD} FROM {} WHERE id = ?1", kind.name());
        let mut statement = conn.prepare_cached(&sql)?;
        for key in of_kind {
            let mut rows = statement.query([key.id()])?;
            found.push(rows.next()?.map(|row| row::record(kind, row)).transpose()?);
        }
    }
    Ok(found)
}

pub(crate) fn scan(
    conn: &Connection,
    scan: &Scan,
    after: Option<&PageKey>,
    size: PageSize,
) -> Result<Vec<Versioned<Record>>, Fault> {
    let plan = scan.plan();
    let mut statement = conn.prepare_cached(&scan::statement(&plan, after.is_some()))?;
    let mut rows = statement.query(params_from_iter(scan::parameters(&plan, after, size)))?;
    collect(&mut rows, |row| row::record(plan.kind, row))
}

pub(crate) fn name(conn: &Connection, name: &ClaimedName) -> Result<Option<NameOwner>, Fault> {
    let owner: Option<String> = conn
        .prepare_cached("SELECT owner FROM name_claim WHERE scope = ?1 AND name = ?2")?
        .query_row([name.scope().name(), name.name()], |row| row.get(0))
        .optional()?;
    Ok(owner.map(NameOwner::new))
}

pub(crate) fn receipt(
    conn: &Connection,
    scope: &IdempotencyScope,
) -> Result<Option<StoredReceipt>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT kid, fingerprint, answer FROM receipt WHERE scope = ?1")?;
    let mut rows = statement.query([&scope.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(StoredReceipt { fingerprint: fingerprint(row, 0)?, answer: row.get(2)? }))
}

pub(crate) fn counters(
    conn: &Connection,
    range: &CounterRange,
    limit: u32,
) -> Result<Vec<(String, u64)>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT name, value FROM counter
         WHERE scope = ?1 AND name >= ?2 AND name < ?3 AND value > 0 ORDER BY name LIMIT ?4",
    )?;
    let mut rows = statement.query(params![range.scope, range.from, range.until, limit])?;
    collect(&mut rows, |row| Ok((row.get(0)?, natural(row, 1)?)))
}

pub(crate) fn events(
    conn: &Connection,
    after: Position,
    size: PageSize,
) -> Result<LogPage<StoredEvent>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT position, doc FROM event WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    let mut rows = statement.query(params![integer(after.get()), size.get()])?;
    let entries = collect(&mut rows, |row| {
        Ok(StoredEvent { position: position(row, 0)?, event: event(row, 1)? })
    })?;
    // Read after the entries: what was not pruned then, was not when they were read.
    Ok(if after < head(conn)?.pruned { LogPage::TooOld } else { LogPage::Entries(entries) })
}

pub(crate) fn feed(
    conn: &Connection,
    after: Position,
    size: PageSize,
) -> Result<LogPage<StoredFeedEntry>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT feed_position, doc FROM event
         WHERE feed_position > ?1 ORDER BY feed_position LIMIT ?2",
    )?;
    let mut rows = statement.query(params![integer(after.get()), size.get()])?;
    let entries = collect(&mut rows, |row| {
        let Event { at, feed, .. } = event(row, 1)?;
        let change = feed.ok_or(StoreError::Corrupt("an event in the feed has no change"))?;
        Ok(StoredFeedEntry { position: position(row, 0)?, at, change })
    })?;
    // As above.
    Ok(if after < head(conn)?.feed_pruned { LogPage::TooOld } else { LogPage::Entries(entries) })
}

pub(crate) fn head(conn: &Connection) -> Result<Head, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT last, at, feed_last, pruned, feed_pruned FROM log_head")?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or(StoreError::Corrupt("the log has no head"))?;
    Ok(Head {
        last: position(row, 0)?,
        at: row::time(row, 1)?,
        feed_last: position(row, 2)?,
        pruned: position(row, 3)?,
        feed_pruned: position(row, 4)?,
    })
}

/// Whether a copy into the file was begun and not finished.
pub(crate) fn is_copying(conn: &Connection) -> Result<bool, Fault> {
    let mut statement = conn.prepare_cached("SELECT copying IS NOT NULL FROM log_head")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// A receipt's fingerprint from two columns of a row.
pub(crate) fn fingerprint(row: &Row<'_>, first: usize) -> Result<Fingerprint, Fault> {
    let kid: String = row.get(first)?;
    let kid = kid.parse().map_err(|_| StoreError::Corrupt("a receipt names no key"))?;
    Ok(Fingerprint { kid, digest: row::digest(row, first + 1)? })
}

/// An event from a column.
pub(crate) fn event(row: &Row<'_>, column: usize) -> Result<Event, Fault> {
    let doc = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    let event = serde_json::from_str(doc);
    event.map_err(|_| StoreError::Corrupt("a stored event can't be read").into())
}

pub(crate) fn collect<T>(
    rows: &mut rusqlite::Rows<'_>,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}
