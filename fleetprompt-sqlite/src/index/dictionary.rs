//! The dictionary as reads use it.

use std::collections::HashMap;
use std::rc::Rc;

use fleetprompt_core::port::{StoreError, Term};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Fault;
use crate::row::{integer, natural};

use super::forward::Id;
use super::text::EVERY;

/// A term that some entry is found by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) id: Id,
    /// How many entries it finds.
    pub(super) entries: u64,
}

/// The dictionary in one snapshot: what was looked up once is kept, since the lists of a search ask
/// for the same terms.
pub(super) struct Dictionary<'c> {
    conn: &'c Connection,
    terms: HashMap<String, Option<Known>>,
    words: HashMap<Id, Rc<[Id]>>,
}

impl<'c> Dictionary<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Dictionary { conn, terms: HashMap::new(), words: HashMap::new() }
    }

    /// A stem or label.
    pub(super) fn term(&mut self, term: &Term) -> Result<Option<Known>, Fault> {
        if let Some(known) = self.terms.get(term.as_str()) {
            return Ok(*known);
        }
        let found = self
            .conn
            .prepare_cached(
                "SELECT c.id, c.entries FROM index_term AS t CROSS JOIN index_count AS c
                 ON c.id = t.id WHERE t.term = ?1 AND t.stem = 0",
            )?
            .query_row([term.as_str()], |row| {
                Ok(natural(row, 0).and_then(|id| Ok(Known { id, entries: natural(row, 1)? })))
            })
            .optional()?
            .transpose()?;
        self.terms.insert(term.as_str().to_owned(), found);
        Ok(found)
    }

    /// How many entries there are.
    pub(super) fn entries(&self) -> Result<u64, Fault> {
        let mut statement =
            self.conn.prepare_cached("SELECT entries FROM index_count WHERE id = ?1")?;
        let entries = statement.query_row([integer(EVERY)], |row| Ok(natural(row, 0)));
        entries.optional()?.ok_or(StoreError::Corrupt("the index has no count of entries"))?
    }

    /// The words that have a stem, itself among them.
    pub(super) fn words(&mut self, stem: Id) -> Result<Rc<[Id]>, Fault> {
        if let Some(words) = self.words.get(&stem) {
            return Ok(Rc::clone(words));
        }
        let mut words = vec![stem];
        let mut statement =
            self.conn.prepare_cached("SELECT id FROM index_term WHERE stem = ?1 AND stem > 0")?;
        let mut rows = statement.query([integer(stem)])?;
        while let Some(row) = rows.next()? {
            words.push(natural(row, 0)?);
        }
        let words: Rc<[Id]> = words.into();
        self.words.insert(stem, Rc::clone(&words));
        Ok(words)
    }
}

/// A term by its id: its text, and its stem's id (0 if it stands for itself).
pub(super) fn term(conn: &Connection, id: Id) -> Result<(Term, Id), Fault> {
    let found = conn
        .prepare_cached("SELECT term, stem FROM index_term WHERE id = ?1")?
        .query_row(params![integer(id)], |row| {
            let text: String = row.get(0)?;
            Ok((text, natural(row, 1)))
        })
        .optional()?;
    let (text, stem) = found.ok_or(StoreError::Corrupt("an entry of the index has no term"))?;
    Ok((parsed(&text)?, stem?))
}

/// A term from a column.
pub(super) fn parsed(text: &str) -> Result<Term, Fault> {
    text.parse().map_err(|_| StoreError::Corrupt("a term of the index is none").into())
}
