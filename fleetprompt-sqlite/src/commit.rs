//! Applying a commit: everything is checked before anything is written.

use std::collections::BTreeMap;

use fleetprompt_core::domain::{Position, Revision};
use fleetprompt_core::port::{
    ClaimedName, Column, Committed, Counter, CounterRange, NameOwner, NewReceipt, RecordKey,
    RecordKind, Refusal,
};
use rusqlite::{Connection, ToSql, params, params_from_iter};

use crate::batch::Batch;
use crate::error::Fault;
use crate::prepared::{Body, Claim, NewEvent, NewRow, Prepared, Write};
use crate::read;
use crate::row::{Param, holds, integer, position, revision};

/// Applies a commit to the transaction of `batch`, or refuses it and writes nothing.
pub(crate) fn commit(batch: &mut Batch<'_>, prepared: &Prepared) -> Result<Committed, Fault> {
    batch.check_finished()?;
    let conn = batch.conn;
    if let Some(new) = &prepared.receipt
        && let Some(kept) = read::receipt(conn, &new.scope)?
    {
        return Ok(Committed::Replayed(kept));
    }
    let body = prepared.body.as_ref().map_err(Clone::clone)?;
    let checked = match check(conn, body)? {
        Ok(checked) => checked,
        Err(refusal) => return Ok(Committed::Refused(refusal)),
    };
    let first = batch.head.last.next();
    for (write, found) in body.writes.iter().zip(&checked.found) {
        apply(conn, write, found.as_ref(), first)?;
        if let (RecordKind::Listing, None, Some(gone)) = (write.key.kind(), &write.row, found) {
            batch.index.set(gone.created, None);
        }
    }
    for (listing, entry) in &body.indexed {
        if let Some(ordinal) = created(conn, listing)? {
            batch.index.set(ordinal, entry.clone());
        }
    }
    checked.ledger.write(conn)?;
    for event in &body.events {
        append(batch, event)?;
    }
    if let Some(new) = &prepared.receipt {
        keep(conn, new)?;
    }
    Ok(Committed::Applied { last: batch.head.last })
}

/// What the checks found out, for the writes.
struct Checked<'a> {
    /// What each write replaces.
    found: Vec<Option<Found>>,
    ledger: Ledger<'a>,
}

/// A row as it is.
struct Found {
    rowid: i64,
    revision: Revision,
    created: Position,
    /// The columns that the write changes.
    stale: Vec<Column>,
}

fn check<'a>(conn: &Connection, body: &'a Body) -> Result<Result<Checked<'a>, Refusal>, Fault> {
    for expectation in &body.expectations {
        if current(conn, &expectation.key)? != expectation.revision {
            return Ok(Err(Refusal::Conflict(expectation.key.clone())));
        }
    }
    let mut found = Vec::with_capacity(body.writes.len());
    for write in &body.writes {
        let row = find(conn, write)?;
        if row.as_ref().map(|row| row.revision) != write.expected {
            return Ok(Err(Refusal::Conflict(write.key.clone())));
        }
        found.push(row);
    }
    let mut ledger = Ledger::default();
    for claim in &body.claims {
        if let Some(refusal) = ledger.take(conn, claim)? {
            return Ok(Err(refusal));
        }
    }
    Ok(Ok(Checked { found, ledger }))
}

fn current(conn: &Connection, key: &RecordKey) -> Result<Option<Revision>, Fault> {
    let table = key.kind().name();
    let mut statement =
        conn.prepare_cached(&format!("SELECT revision FROM {table} WHERE id = ?1"))?;
    let mut rows = statement.query([key.id()])?;
    rows.next()?.map(|row| revision(row, 0)).transpose()
}

fn find(conn: &Connection, write: &Write) -> Result<Option<Found>, Fault> {
    let table = write.key.kind().name();
    let mut sql = "SELECT rowid, revision, created".to_owned();
    let columns = write.row.as_ref().map(|row| row.columns.as_slice()).unwrap_or_default();
    for (column, _) in columns {
        sql += ", ";
        sql += column.name();
    }
    sql += &format!(" FROM {table} WHERE id = ?1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([write.key.id()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut stale = Vec::new();
    for (at, (column, value)) in columns.iter().enumerate() {
        if !holds(row, at.saturating_add(3), value)? {
            stale.push(*column);
        }
    }
    Ok(Some(Found {
        rowid: row.get(0)?,
        revision: revision(row, 1)?,
        created: position(row, 2)?,
        stale,
    }))
}

/// The position that created a record.
fn created(conn: &Connection, key: &RecordKey) -> Result<Option<Position>, Fault> {
    let table = key.kind().name();
    let mut statement =
        conn.prepare_cached(&format!("SELECT created FROM {table} WHERE id = ?1"))?;
    let mut rows = statement.query([key.id()])?;
    rows.next()?.map(|row| position(row, 0)).transpose()
}

fn apply(
    conn: &Connection,
    write: &Write,
    found: Option<&Found>,
    first: Position,
) -> Result<(), Fault> {
    let table = write.key.kind().name();
    match (&write.row, found) {
        (Some(row), None) => {
            let written = Written { revision: Revision::FIRST, created: first, changed: first };
            insert(conn, &write.key, row, written)?;
        }
        (Some(row), Some(found)) => update(conn, table, row, found, first)?,
        (None, Some(found)) => {
            let sql = format!("DELETE FROM {table} WHERE rowid = ?1");
            conn.prepare_cached(&sql)?.execute([found.rowid])?;
        }
        (None, None) => {}
    }
    Ok(())
}

/// How often and where in the log a record was written.
pub(crate) struct Written {
    pub(crate) revision: Revision,
    pub(crate) created: Position,
    pub(crate) changed: Position,
}

/// Inserts a record that is not there.
pub(crate) fn insert(
    conn: &Connection,
    key: &RecordKey,
    row: &NewRow,
    written: Written,
) -> Result<(), Fault> {
    let table = key.kind().name();
    let mut sql = format!("INSERT INTO {table} (id, revision, created, changed, doc");
    for (column, _) in &row.columns {
        sql += ", ";
        sql += column.name();
    }
    sql += ") VALUES (?, ?, ?, ?, ?";
    sql += &", ?".repeat(row.columns.len());
    sql += ")";
    let values: Vec<Param<'_>> = row.columns.iter().map(|(_, value)| Param(value)).collect();
    let id = key.id();
    let revision = integer(written.revision.get());
    let (created, changed) = (integer(written.created.get()), integer(written.changed.get()));
    let mut params: Vec<&dyn ToSql> = vec![&id, &revision, &created, &changed, &row.doc];
    params.extend(values.iter().map(|value| value as &dyn ToSql));
    conn.prepare_cached(&sql)?.execute(params_from_iter(params))?;
    Ok(())
}

/// Sets only the columns that change: SQLite rewrites the entries of every index that has a column
/// in the list, whether its value is another or not.
fn update(
    conn: &Connection,
    table: &str,
    row: &NewRow,
    found: &Found,
    first: Position,
) -> Result<(), Fault> {
    let stale: Vec<(&Column, Param<'_>)> = row
        .columns
        .iter()
        .filter(|(column, _)| found.stale.contains(column))
        .map(|(column, value)| (column, Param(value)))
        .collect();
    let mut sql = format!("UPDATE {table} SET revision = ?, changed = ?, doc = ?");
    for (column, _) in &stale {
        sql += &format!(", {} = ?", column.name());
    }
    sql += " WHERE rowid = ?";
    let (revision, first) = (integer(found.revision.next().get()), integer(first.get()));
    let mut params: Vec<&dyn ToSql> = vec![&revision, &first, &row.doc];
    params.extend(stale.iter().map(|(_, value)| value as &dyn ToSql));
    params.push(&found.rowid);
    conn.prepare_cached(&sql)?.execute(params_from_iter(params))?;
    Ok(())
}

fn append(batch: &mut Batch<'_>, event: &NewEvent) -> Result<(), Fault> {
    let head = &mut batch.head;
    head.last = head.last.next();
    head.at = head.at.max(event.at);
    if event.in_feed {
        head.feed_last = head.feed_last.next();
    }
    let (position, feed_position) = (head.last, event.in_feed.then_some(head.feed_last));
    write_event(batch.conn, position, feed_position, event)
}

/// Inserts an event in its places in the log and the feed.
pub(crate) fn write_event(
    conn: &Connection,
    position: Position,
    feed_position: Option<Position>,
    event: &NewEvent,
) -> Result<(), Fault> {
    let feed_position = feed_position.map(|position| integer(position.get()));
    let (position, at) = (integer(position.get()), event.at.as_millis());
    conn.prepare_cached(
        "INSERT INTO event (position, at, feed_position, doc) VALUES (?, ?, ?, ?)",
    )?
    .execute(params![position, at, feed_position, event.doc])?;
    Ok(())
}

/// Inserts an answer kept for retries.
pub(crate) fn keep(conn: &Connection, new: &NewReceipt) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO receipt (scope, kid, fingerprint, answer, expires_at) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![
        new.scope.0,
        new.fingerprint.kid.as_str(),
        new.fingerprint.digest,
        new.answer,
        new.expires_at.as_millis(),
    ])?;
    Ok(())
}

/// Names and counters as they will be: each claim sees those before it, and nothing is written
/// before all have succeeded.
#[derive(Default)]
struct Ledger<'a> {
    counters: BTreeMap<&'a Counter, u64>,
    names: BTreeMap<&'a ClaimedName, Option<NameOwner>>,
}

impl<'a> Ledger<'a> {
    fn take(&mut self, conn: &Connection, claim: &'a Claim) -> Result<Option<Refusal>, Fault> {
        match claim {
            Claim::Count { counter, by, within } => {
                let value = match self.counters.get(counter) {
                    Some(value) => *value,
                    None => value_of(conn, counter)?,
                };
                let Some(value) = within.apply(value, *by) else {
                    return Ok(Some(Refusal::OutOfBounds(counter.clone())));
                };
                self.counters.insert(counter, value);
            }
            Claim::Take { name, owner } => match self.owner(conn, name)? {
                Some(other) if other != *owner => {
                    return Ok(Some(Refusal::NameTaken(name.clone())));
                }
                _ => drop(self.names.insert(name, Some(owner.clone()))),
            },
            Claim::GiveUp { name, owner } => {
                if self.owner(conn, name)?.as_ref() == Some(owner) {
                    self.names.insert(name, None);
                }
            }
        }
        Ok(None)
    }

    fn owner(&self, conn: &Connection, name: &ClaimedName) -> Result<Option<NameOwner>, Fault> {
        match self.names.get(name) {
            Some(owner) => Ok(owner.clone()),
            None => read::name(conn, name),
        }
    }

    fn write(&self, conn: &Connection) -> Result<(), Fault> {
        for (counter, value) in &self.counters {
            set_counter(conn, counter.scope(), counter.name(), *value)?;
        }
        for (name, owner) in &self.names {
            let (scope, name) = (name.scope().name(), name.name());
            match owner {
                Some(owner) => set_owner(conn, scope, name, owner)?,
                None => {
                    conn.prepare_cached("DELETE FROM name_claim WHERE scope = ?1 AND name = ?2")?
                        .execute([scope, name])?;
                }
            }
        }
        Ok(())
    }
}

/// Sets a counter.
pub(crate) fn set_counter(
    conn: &Connection,
    scope: &str,
    name: &str,
    value: u64,
) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO counter (scope, name, value) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET value = ?3",
    )?
    .execute(params![scope, name, integer(value)])?;
    Ok(())
}

/// Gives a name to an owner.
pub(crate) fn set_owner(
    conn: &Connection,
    scope: &str,
    name: &str,
    owner: &NameOwner,
) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO name_claim (scope, name, owner) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET owner = ?3",
    )?
    .execute([scope, name, owner.as_str()])?;
    Ok(())
}

fn value_of(conn: &Connection, counter: &Counter) -> Result<u64, Fault> {
    let one = read::counters(conn, &CounterRange::one(counter), 1)?;
    Ok(one.first().map_or(0, |(_, value)| *value))
}
