//! A write transaction, and where the log stands in it.

use std::thread;
use std::time::{Duration, Instant};

use fleetprompt_core::port::{Head, StoreError};
use rusqlite::{Connection, ErrorCode, params};

use crate::error::Fault;
use crate::index::Pending;
use crate::read;
use crate::row::integer;

/// How long to wait before asking for the lock again. SQLite's own handler waits up to a tenth of a
/// second, and would hardly ever find the moment between two batches of another process.
const FIRST_NAP: Duration = Duration::from_micros(100);
const LONGEST_NAP: Duration = Duration::from_millis(2);

/// A write transaction that many commits share. The head of the log is read once when it begins,
/// and written once before it ends.
pub(crate) struct Batch<'c> {
    /// The connection that the transaction runs on.
    pub(crate) conn: &'c Connection,
    /// Where the log stands after the work so far.
    pub(crate) head: Head,
    saved: Head,
    /// Whether a copy into the file was begun and not finished.
    copying: bool,
    /// What the work so far makes of the search index.
    pub(crate) index: Pending,
    /// Whether the write-ahead log is to be emptied behind the commit.
    pub(crate) empties_log: bool,
}

impl<'c> Batch<'c> {
    /// Begins a transaction with the right to write; waits for another process that has it.
    pub(crate) fn begin(conn: &'c Connection, patience: Duration) -> Result<Self, Fault> {
        lock(conn, patience)?;
        let (head, copying) = (read::head(conn)?, read::is_copying(conn)?);
        let index = Pending::default();
        Ok(Batch { conn, head, saved: head, copying, index, empties_log: false })
    }

    /// Makes sure that the file is a store, and no unfinished copy of one.
    pub(crate) fn check_finished(&self) -> Result<(), Fault> {
        if self.copying { Err(StoreError::UnfinishedCopy.into()) } else { Ok(()) }
    }

    /// Writes what was left for the end: the changes of the search index, and the head, if the log
    /// has moved.
    pub(crate) fn save(self) -> Result<(), Fault> {
        self.index.write(self.conn)?;
        if self.head == self.saved {
            return Ok(());
        }
        let Head { last, at, feed_last, pruned, feed_pruned } = self.head;
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE log_head SET last = ?1, at = ?2, feed_last = ?3, pruned = ?4,
                 feed_pruned = ?5",
            )?
            .execute(params![
                integer(last.get()),
                at.as_millis(),
                integer(feed_last.get()),
                integer(pruned.get()),
                integer(feed_pruned.get()),
            ])?;
        if changed != 1 {
            return Err(StoreError::Corrupt("the log's head is not one row").into());
        }
        Ok(())
    }
}

fn lock(conn: &Connection, patience: Duration) -> Result<(), Fault> {
    let start = Instant::now();
    let mut nap = FIRST_NAP;
    loop {
        match conn.prepare_cached("BEGIN IMMEDIATE")?.execute([]) {
            Ok(_) => return Ok(()),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && start.elapsed() < patience =>
            {
                thread::sleep(nap);
                nap = (nap * 2).min(LONGEST_NAP);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
