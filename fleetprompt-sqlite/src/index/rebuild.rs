//! Making the full-text table and the counts anew from the forward documents, beside those in use.
//!
//! Contentless tables of FTS5 have no way of their own. The work is done in steps, each a short
//! transaction, in the order of the entries' ordinals; what is written meanwhile goes to the new
//! tables too, as far as they have come. Where they stand is in `index_rebuild`, so that a rebuild
//! can be continued after a crash, and other processes know of it.

use std::collections::BTreeMap;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{Quality, Rank, StoreError, frequency_level};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Fault;
use crate::row::{integer, natural, position};

use super::forward::{Document, Id};
use super::ids::{Deltas, Ids};
use super::text;

/// How many entries, or terms, a step goes on by.
const STEP: u32 = 1_000;

/// The tables beside those in use.
const BEGIN: &str = "
    CREATE TABLE index_count_next (
        id INTEGER PRIMARY KEY,
        entries INTEGER NOT NULL CHECK (entries >= 0),
        uses INTEGER NOT NULL CHECK (uses >= 0)
    ) STRICT;
    INSERT INTO index_count_next VALUES (0, 0, 0);
    CREATE VIRTUAL TABLE index_text_next USING fts5(
        ids, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
    );
    INSERT INTO index_rebuild VALUES (1, 0);
";

const SWAP: &str = "
    DROP TABLE index_text;
    ALTER TABLE index_text_next RENAME TO index_text;
    DROP TABLE index_count;
    ALTER TABLE index_count_next RENAME TO index_count;
    DELETE FROM index_rebuild;
";

/// How far the rebuild in the file has come; `None` without one.
pub(crate) fn reached(conn: &Connection) -> Result<Option<Position>, Fault> {
    let mut statement = conn.prepare_cached("SELECT reached FROM index_rebuild")?;
    statement.query_row([], |row| Ok(position(row, 0))).optional()?.transpose()
}

/// What a step did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// How many entries were read.
    pub(crate) entries: u64,
    /// How many of them were removed because they could not be read.
    pub(crate) removed: u64,
    /// Whether the new tables are now in use.
    pub(crate) swapped: bool,
}

/// Begins a rebuild, or goes on with the one that was begun.
pub(crate) fn step(conn: &Connection) -> Result<Step, Fault> {
    let after = match reached(conn)? {
        Some(after) => after,
        None => {
            conn.execute_batch(BEGIN)?;
            Position::START
        }
    };
    let mut done = Step { entries: 0, removed: 0, swapped: false };
    let mut ids = Ids::load(conn)?;
    let (mut deltas, mut texts) = (Deltas::default(), text::Changes::default());
    let mut reached = after;
    let mut unreadable = Vec::new();
    {
        let mut statement = conn.prepare_cached(
            "SELECT ordinal, quality, forward FROM index_entry WHERE ordinal > ?1
             ORDER BY ordinal LIMIT ?2",
        )?;
        let mut rows = statement.query(params![integer(after.get()), STEP])?;
        let mut document = Document::default();
        while let Some(row) = rows.next()? {
            done.entries += 1;
            reached = position(row, 0)?;
            let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let seen = document.read(bytes).map_err(Fault::from).and_then(|()| ids.seen(&document));
            match seen {
                Ok(seen) if ids.named(&seen)? => {
                    deltas.count(&seen, 1);
                    texts.add(Rank::new(Quality::new(row.get(1)?), reached), &seen);
                }
                Ok(_) | Err(Fault::Store(StoreError::Corrupt(_))) => unreadable.push(reached),
                Err(fault) => return Err(fault),
            }
        }
    }
    for ordinal in unreadable {
        done.removed += 1;
        conn.prepare_cached("DELETE FROM index_entry WHERE ordinal = ?1")?
            .execute([integer(ordinal.get())])?;
    }
    texts.write(conn, "index_text_next")?;
    deltas.add_to(conn, "index_count_next")?;
    if done.entries < u64::from(STEP) {
        conn.execute_batch(SWAP)?;
        done.swapped = true;
    } else {
        conn.execute("UPDATE index_rebuild SET reached = ?1", [integer(reached.get())])?;
    }
    Ok(done)
}

/// Makes the dictionary agree with the counts, from the term behind `after` on; answers where it
/// has come to.
pub(crate) fn tidy(conn: &Connection, after: Id) -> Result<Option<Id>, Fault> {
    let mut levels: BTreeMap<Id, Option<u8>> = BTreeMap::new();
    let mut last = None;
    {
        let mut statement = conn.prepare_cached(
            "SELECT t.id, t.level, c.entries + c.uses, c.uses
             FROM index_term AS t LEFT JOIN index_count AS c ON c.id = t.id
             WHERE t.id > ?1 ORDER BY t.id LIMIT ?2",
        )?;
        let mut rows = statement.query(params![integer(after), STEP])?;
        while let Some(row) = rows.next()? {
            let id = natural(row, 0)?;
            last = Some(id);
            let level: u8 = row.get(1)?;
            if row.get::<_, Option<i64>>(2)?.unwrap_or_default() == 0 {
                levels.insert(id, None);
            } else if level != frequency_level(natural(row, 3)?) {
                levels.insert(id, Some(frequency_level(natural(row, 3)?)));
            }
        }
    }
    for (id, level) in levels {
        let row = integer(id);
        match level {
            Some(level) => conn
                .prepare_cached("UPDATE index_term SET level = ?2 WHERE id = ?1")?
                .execute(params![row, level])?,
            None => {
                conn.prepare_cached("DELETE FROM index_count WHERE id = ?1")?.execute([row])?;
                conn.prepare_cached("DELETE FROM index_term WHERE id = ?1")?.execute([row])?
            }
        };
    }
    Ok(last)
}
