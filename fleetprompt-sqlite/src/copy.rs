//! Copying from a file and into one. See [`fleetprompt_core::copy`].

use std::sync::{Mutex, PoisonError};

use fleetprompt_core::port::{
    ClaimedName, CopyKey, CopyRow, CopySnapshot, CopySource, CopyTable, Head, IdempotencyScope,
    NameOwner, NewReceipt, PageSize, RecordKind, StoreError, StoreFuture, StoredEvent,
};
use rusqlite::{Connection, params};

use crate::error::Fault;
use crate::index::lookup;
use crate::read::{self, collect};
use crate::row::{self, digest, integer, natural, position, time};
use crate::store::SqliteStore;

mod target;

pub use target::SqliteCopyTarget;

/// A read transaction of one connection of its own: readers and writers go on, and what they write is
/// kept in the write-ahead log, which grows until the snapshot is dropped.
impl CopySource for SqliteStore {
    fn copy_snapshot(&self) -> StoreFuture<'_, Box<dyn CopySnapshot>> {
        Box::pin(async move {
            let conn = self.inner.another_reader()?;
            begin(&conn)?;
            Ok(Box::new(Snapshot(Mutex::new(conn))) as Box<dyn CopySnapshot>)
        })
    }
}

fn begin(conn: &Connection) -> Result<(), Fault> {
    conn.execute_batch("BEGIN")?;
    // The state is that of the first read.
    read::head(conn)?;
    Ok(())
}

/// A connection in a transaction, which ends when it is closed.
struct Snapshot(Mutex<Connection>);

impl Snapshot {
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, StoreError> {
        Ok(read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))?)
    }
}

impl CopySnapshot for Snapshot {
    fn head(&self) -> StoreFuture<'_, Head> {
        Box::pin(async move { self.read(read::head) })
    }

    fn count(&self, table: CopyTable) -> StoreFuture<'_, u64> {
        Box::pin(async move { self.read(|conn| count(conn, table)) })
    }

    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>> {
        Box::pin(async move { self.read(|conn| rows(conn, table, after, size)) })
    }
}

fn count(conn: &Connection, table: CopyTable) -> Result<u64, Fault> {
    let standing = if table == CopyTable::Counters { " WHERE value > 0" } else { "" };
    let sql = format!("SELECT count(*) FROM {}{standing}", table.name());
    conn.prepare_cached(&sql)?.query_row([], |row| Ok(natural(row, 0)))?
}

pub(crate) fn rows(
    conn: &Connection,
    table: CopyTable,
    after: Option<&CopyKey>,
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    match table {
        CopyTable::Records(kind) => records(conn, kind, CopyKey::text(after)?, size),
        CopyTable::Names => names(conn, CopyKey::pair(after)?, size),
        CopyTable::Counters => counters(conn, CopyKey::pair(after)?, size),
        CopyTable::Receipts => receipts(conn, CopyKey::digest(after)?, size),
        CopyTable::Events => {
            let after = integer(CopyKey::position(after)?.get());
            events(conn, after, size)
        }
        CopyTable::Entries => {
            let entries = lookup::entries(conn, CopyKey::position(after)?, size)?;
            Ok(entries.into_iter().map(CopyRow::Entry).collect())
        }
    }
}

fn records(
    conn: &Connection,
    kind: RecordKind,
    after: &str,
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let sql = format!(
        "SELECT {} FROM {} WHERE id > ?1 ORDER BY id LIMIT ?2",
        row::whole(kind),
        kind.name()
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params![after, size.get()])?;
    collect(&mut rows, |row| {
        let record = row::record(kind, row)?;
        if row.get_ref(4)?.as_str().ok() != Some(record.value.key().id()) {
            return Err(StoreError::Corrupt("a document belongs under another key").into());
        }
        if !row::agrees(row, 5, &record.value)? {
            return Err(StoreError::Corrupt("a column differs from its document").into());
        }
        Ok(CopyRow::Record(record))
    })
}

fn names(
    conn: &Connection,
    (scope, name): (&str, &str),
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT scope, name, owner FROM name_claim WHERE (scope, name) > (?1, ?2)
         ORDER BY scope, name LIMIT ?3",
    )?;
    let mut rows = statement.query(params![scope, name, size.get()])?;
    collect(&mut rows, |row| {
        let scope = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let name = ClaimedName::stored(scope, row.get(1)?)?;
        Ok(CopyRow::Name { name, owner: NameOwner::new(row.get::<_, String>(2)?) })
    })
}

fn counters(
    conn: &Connection,
    (scope, name): (&str, &str),
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT scope, name, value FROM counter WHERE (scope, name) > (?1, ?2) AND value > 0
         ORDER BY scope, name LIMIT ?3",
    )?;
    let mut rows = statement.query(params![scope, name, size.get()])?;
    collect(&mut rows, |row| {
        Ok(CopyRow::Counter { scope: row.get(0)?, name: row.get(1)?, value: natural(row, 2)? })
    })
}

fn receipts(conn: &Connection, after: &[u8], size: PageSize) -> Result<Vec<CopyRow>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT scope, kid, fingerprint, answer, expires_at FROM receipt WHERE scope > ?1
         ORDER BY scope LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, size.get()])?;
    collect(&mut rows, |row| {
        Ok(CopyRow::Receipt(NewReceipt {
            scope: IdempotencyScope(digest(row, 0)?),
            fingerprint: read::fingerprint(row, 1)?,
            answer: row.get(3)?,
            expires_at: time(row, 4)?,
        }))
    })
}

fn events(conn: &Connection, after: i64, size: PageSize) -> Result<Vec<CopyRow>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT position, doc, at, feed_position FROM event WHERE position > ?1
         ORDER BY position LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, size.get()])?;
    collect(&mut rows, |row| {
        let stored = StoredEvent { position: position(row, 0)?, event: read::event(row, 1)? };
        let in_feed = row.get::<_, Option<i64>>(3)?.is_some();
        let feed = in_feed.then(|| position(row, 3)).transpose()?;
        if stored.event.at != time(row, 2)? || stored.event.feed.is_some() != in_feed {
            return Err(StoreError::Corrupt("a column differs from its document").into());
        }
        Ok(CopyRow::Event { stored, feed })
    })
}
