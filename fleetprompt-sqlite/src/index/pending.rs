//! What a batch of commits changes in the index, written once for all of them.
//!
//! FTS5 begins a new segment whenever a row id goes down, and every entry changes the counts of the
//! same frequent terms: so the changes are collected, the last one of each listing wins, and the
//! rows are written in their order, each once.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{Quality, Rank, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Fault;
use crate::row::integer;

use super::entry::NewEntry;
use super::forward::Document;
use super::ids::{Deltas, Ids, Seen};
use super::{rebuild, text};

/// The changes of a batch, by the position that created the listing; `None` removes the entry.
#[derive(Default)]
pub(crate) struct Pending(BTreeMap<Position, Option<Arc<NewEntry>>>);

impl Pending {
    /// Replaces whatever the batch was to make of this entry.
    pub(crate) fn set(&mut self, ordinal: Position, entry: Option<Arc<NewEntry>>) {
        self.0.insert(ordinal, entry);
    }

    /// Writes the changes.
    pub(crate) fn write(&self, conn: &Connection) -> Result<(), Fault> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut ids = Ids::load(conn)?;
        let mut changes = Changes { reached: rebuild::reached(conn)?, ..Changes::default() };
        for (ordinal, new) in &self.0 {
            change(conn, *ordinal, new.as_deref(), &mut ids, &mut changes)?;
        }
        changes.texts.write(conn, "index_text")?;
        ids.write(&changes.counts, changes.reached.is_some())?;
        if let Some(reached) = changes.reached {
            changes.texts.retain_until(reached);
            changes.texts.write(conn, "index_text_next")?;
            changes.rebuilt.add_to(conn, "index_count_next")?;
        }
        Ok(())
    }
}

/// What follows from the changes for the other tables.
#[derive(Default)]
struct Changes {
    texts: text::Changes,
    counts: Deltas,
    /// Where a rebuild stands, and what it has counted already.
    reached: Option<Position>,
    rebuilt: Deltas,
}

impl Changes {
    fn count(&mut self, rank: Rank, seen: &Seen, by: i64) {
        self.counts.count(seen, by);
        if self.reached.is_some_and(|reached| rank.ordinal() <= reached) {
            self.rebuilt.count(seen, by);
        }
    }
}

/// An entry as it is stored.
struct Stored {
    quality: Quality,
    forward: Vec<u8>,
}

fn change(
    conn: &Connection,
    ordinal: Position,
    new: Option<&NewEntry>,
    ids: &mut Ids<'_>,
    changes: &mut Changes,
) -> Result<(), Fault> {
    let old = stored(conn, ordinal)?;
    let mut document = Document::default();
    let seen_before = match &old {
        Some(old) => {
            document.read(&old.forward)?;
            Some((Rank::new(old.quality, ordinal), ids.seen(&document)?))
        }
        None => None,
    };
    let seen_now = match new {
        Some(new) => {
            document = ids.document(new)?;
            write(conn, ordinal, new, &document.encode(), old.as_ref())?;
            Some((Rank::new(new.quality, ordinal), ids.seen(&document)?))
        }
        None => {
            if old.is_some() {
                conn.prepare_cached("DELETE FROM index_entry WHERE ordinal = ?1")?
                    .execute([integer(ordinal.get())])?;
            }
            None
        }
    };
    if seen_before == seen_now {
        return Ok(());
    }
    if let Some((rank, seen)) = &seen_before {
        changes.count(*rank, seen, -1);
        changes.texts.remove(*rank, seen);
    }
    if let Some((rank, seen)) = &seen_now {
        changes.count(*rank, seen, 1);
        changes.texts.add(*rank, seen);
    }
    Ok(())
}

fn stored(conn: &Connection, ordinal: Position) -> Result<Option<Stored>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT quality, forward FROM index_entry WHERE ordinal = ?1")?;
    let found = statement.query_row([integer(ordinal.get())], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found
        .optional()?
        .map(|(quality, forward)| Stored { quality: Quality::new(quality), forward }))
}

/// Writes the entry. Most changes are of its quality alone, which is in no index of the table.
fn write(
    conn: &Connection,
    ordinal: Position,
    new: &NewEntry,
    forward: &[u8],
    old: Option<&Stored>,
) -> Result<(), Fault> {
    let (ordinal, quality) = (integer(ordinal.get()), new.quality.get());
    let rest =
        params![ordinal, quality, new.released_at.as_millis(), new.version, new.sort_name, forward];
    if old.is_none() {
        conn.prepare_cached(
            "INSERT INTO index_entry (ordinal, quality, released_at, version, sort_name, forward)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(rest)?;
        return Ok(());
    }
    let same = conn
        .prepare_cached(
            "UPDATE index_entry SET quality = ?2 WHERE ordinal = ?1
             AND released_at = ?3 AND version = ?4 AND sort_name = ?5 AND forward = ?6",
        )?
        .execute(rest)?;
    if same == 0 {
        let changed = conn
            .prepare_cached(
                "UPDATE index_entry SET quality = ?2, released_at = ?3, version = ?4,
                 sort_name = ?5, forward = ?6 WHERE ordinal = ?1",
            )?
            .execute(rest)?;
        if changed != 1 {
            return Err(StoreError::Corrupt("an entry of the index vanished").into());
        }
    }
    Ok(())
}
