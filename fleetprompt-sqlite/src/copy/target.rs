//! A file that a copy is written into.

use std::path::Path;
use std::sync::Arc;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    CopyMark, CopyRow, CopySnapshot, CopySource, CopyState, CopyTable, CopyTarget, Head, NameOwner,
    NewReceipt, Record, RecordKey, StoreError, StoreFuture, Versioned,
};
use rusqlite::{Connection, OptionalExtension as _};

use crate::batch::Batch;
use crate::commit::{Written, insert, keep, set_counter, set_owner, write_event};
use crate::error::Fault;
use crate::index::NewEntry;
use crate::options::SqliteOptions;
use crate::prepared::{NewEvent, NewRow, new_event, new_row};
use crate::read;
use crate::store::SqliteStore;

const ANOTHER: StoreError = StoreError::Unavailable("another process copies into this store");

/// A file that a copy is written into; once it is finished, it can be opened as a store. Each page of a
/// copy is on disk before the next is asked for.
///
/// ```
/// use fleetprompt_core::copy::{CopyOptions, copy};
/// use fleetprompt_core::port::StoreError;
/// use fleetprompt_sqlite::SqliteStore;
///
/// # pollster::block_on(async {
/// # let folder = tempfile::tempdir()?;
/// let source = SqliteStore::open(folder.path().join("market.db"))?;
/// let path = folder.path().join("copy.db");
/// let target = SqliteStore::options().open_copy_target(&path)?;
/// copy(&source, &target, CopyOptions::default(), |_| {}).await?;
/// drop(target);
/// let store = SqliteStore::open(&path)?;
/// # drop(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct SqliteCopyTarget(SqliteStore);

impl SqliteOptions {
    /// Opens the database at `path` to copy into it, made if it is missing and may be
    /// ([`create_if_missing`](Self::create_if_missing)). It must be empty, or hold an unfinished copy.
    ///
    /// ```
    /// use fleetprompt_core::port::{CopyState, CopyTarget};
    /// use fleetprompt_sqlite::SqliteStore;
    /// let folder = tempfile::tempdir()?;
    /// let target = SqliteStore::options().open_copy_target(folder.path().join("copy.db"))?;
    /// assert_eq!(pollster::block_on(target.copy_state())?, CopyState::Empty);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open), but for [`StoreError::UnfinishedCopy`].
    pub fn open_copy_target(&self, path: impl AsRef<Path>) -> Result<SqliteCopyTarget, StoreError> {
        SqliteStore::finished_or_not(path.as_ref(), self).map(SqliteCopyTarget)
    }
}

impl CopySource for SqliteCopyTarget {
    fn copy_snapshot(&self) -> StoreFuture<'_, Box<dyn CopySnapshot>> {
        self.0.copy_snapshot()
    }
}

impl CopyTarget for SqliteCopyTarget {
    fn copy_state(&self) -> StoreFuture<'_, CopyState> {
        Box::pin(self.0.read(state))
    }

    fn begin_copy<'a>(&'a self, mark: &'a CopyMark, head: &'a Head) -> StoreFuture<'a, ()> {
        let (mark, head) = (mark.clone(), *head);
        Box::pin(self.0.write(move |batch| {
            match state(batch.conn)? {
                CopyState::Occupied => {
                    return Err(StoreError::Open("the store is not empty").into());
                }
                CopyState::Unfinished(_) => empty(batch.conn)?,
                CopyState::Empty => {}
            }
            batch.head = head;
            set_mark(batch.conn, None, Some(&mark))
        }))
    }

    fn put_copied<'a>(
        &'a self,
        rows: Vec<CopyRow>,
        from: &'a CopyMark,
        to: &'a CopyMark,
    ) -> StoreFuture<'a, ()> {
        let (from, to) = (from.clone(), to.clone());
        Box::pin(async move {
            let rows: Vec<Row> = rows.into_iter().map(Row::new).collect::<Result<_, _>>()?;
            let put = move |batch: &mut Batch<'_>| {
                set_mark(batch.conn, Some(&from), Some(&to))?;
                rows.iter().try_for_each(|row| row.write(batch))
            };
            self.0.write(put).await
        })
    }

    fn finish_copy<'a>(&'a self, mark: &'a CopyMark) -> StoreFuture<'a, ()> {
        let mark = mark.clone();
        Box::pin(self.0.write(move |batch| set_mark(batch.conn, Some(&mark), None)))
    }
}

fn state(conn: &Connection) -> Result<CopyState, Fault> {
    let mark: Option<String> = conn
        .prepare_cached("SELECT copying FROM log_head")?
        .query_row([], |row| row.get(0))
        .optional()?
        .flatten();
    if let Some(mark) = mark {
        return Ok(CopyState::Unfinished(CopyMark::decode(&mark)?));
    }
    if read::head(conn)?.last > Position::START {
        return Ok(CopyState::Occupied);
    }
    for table in CopyTable::all() {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name());
        if conn.prepare_cached(&sql)?.query_row([], |row| row.get(0))? {
            return Ok(CopyState::Occupied);
        }
    }
    Ok(CopyState::Empty)
}

/// Throws away what an unfinished copy brought, and its mark.
fn empty(conn: &Connection) -> Result<(), Fault> {
    for table in CopyTable::all() {
        conn.execute(&format!("DELETE FROM {}", table.name()), [])?;
    }
    conn.execute_batch(
        "DELETE FROM index_term; DELETE FROM index_count; INSERT INTO index_count VALUES (0, 0, 0);
         INSERT INTO index_text (index_text) VALUES ('delete-all');
         UPDATE log_head SET copying = NULL",
    )?;
    Ok(())
}

/// Replaces the mark, if it is `from`.
fn set_mark(
    conn: &Connection,
    from: Option<&CopyMark>,
    to: Option<&CopyMark>,
) -> Result<(), Fault> {
    let from = from.map(CopyMark::encode).transpose()?;
    let to = to.map(CopyMark::encode).transpose()?;
    let changed = conn
        .prepare_cached("UPDATE log_head SET copying = ?2 WHERE copying IS ?1")?
        .execute([from, to])?;
    if changed == 1 { Ok(()) } else { Err(ANOTHER.into()) }
}

/// A row made ready for writing.
enum Row {
    Record(RecordKey, NewRow, Versioned<()>),
    Name(String, String, NameOwner),
    Counter(String, String, u64),
    Receipt(NewReceipt),
    Event(Position, Option<Position>, NewEvent),
    Entry(Position, Arc<NewEntry>),
}

impl Row {
    fn new(row: CopyRow) -> Result<Self, StoreError> {
        Ok(match row {
            CopyRow::Record(record) => {
                let (key, row) = (record.value.key(), new_row(&record.value)?);
                Row::Record(key, row, record.map(|_: Record| ()))
            }
            CopyRow::Name { name, owner } => {
                Row::Name(name.scope().name().to_owned(), name.name().to_owned(), owner)
            }
            CopyRow::Counter { scope, name, value } => Row::Counter(scope, name, value),
            CopyRow::Receipt(receipt) => Row::Receipt(receipt),
            CopyRow::Event { stored, feed } => {
                Row::Event(stored.position, feed, new_event(&stored.event)?)
            }
            CopyRow::Entry(stored) => {
                Row::Entry(stored.ordinal, Arc::new(NewEntry::new(stored.entry)))
            }
        })
    }

    fn write(&self, batch: &mut Batch<'_>) -> Result<(), Fault> {
        let conn = batch.conn;
        match self {
            Row::Record(key, row, at) => {
                let Versioned { revision, created, changed, .. } = *at;
                insert(conn, key, row, Written { revision, created, changed })
            }
            Row::Name(scope, name, owner) => set_owner(conn, scope, name, owner),
            Row::Counter(scope, name, value) => set_counter(conn, scope, name, *value),
            Row::Receipt(receipt) => keep(conn, receipt),
            Row::Event(position, feed, event) => write_event(conn, *position, *feed, event),
            Row::Entry(ordinal, entry) => {
                batch.index.set(*ordinal, Some(Arc::clone(entry)));
                Ok(())
            }
        }
    }
}
