//! The dictionary while a batch is written: ids for terms, and how the counts change.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fleetprompt_core::port::{StoreError, frequency_level};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Fault;
use crate::row::{integer, natural};

use super::forward::{Document, Id};
use super::prepared::NewEntry;
use super::text::EVERY;

/// What the index sees of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The stems and labels that find it.
    pub(super) terms: BTreeSet<Id>,
    /// The words that it has, as they are written.
    pub(super) words: BTreeSet<Id>,
}

/// How much a term's counts change.
#[derive(Clone, Copy, Default)]
struct Delta {
    entries: i64,
    uses: i64,
}

/// The dictionary as a batch of changes will leave it.
pub(super) struct Ids<'c> {
    conn: &'c Connection,
    /// The terms that were looked up, by their stem (0 for themselves) and text.
    known: HashMap<Id, HashMap<String, Id>>,
    /// The stem of each word that was looked up; a term that stands for itself is its own.
    stems: HashMap<Id, Id>,
    /// Terms that have no row yet.
    new: BTreeMap<Id, (String, Id)>,
    last: Id,
    deltas: BTreeMap<Id, Delta>,
}

impl<'c> Ids<'c> {
    pub(super) fn load(conn: &'c Connection) -> Result<Self, Fault> {
        let last = conn
            .prepare_cached("SELECT ifnull(max(id), 0) FROM index_term")?
            .query_row([], |row| Ok(natural(row, 0)))??;
        Ok(Ids {
            conn,
            known: HashMap::new(),
            stems: HashMap::new(),
            new: BTreeMap::new(),
            last,
            deltas: BTreeMap::new(),
        })
    }

    /// The forward document of a new entry.
    pub(super) fn document(&mut self, entry: &NewEntry) -> Result<Document, Fault> {
        let mut ids: Vec<Id> = Vec::with_capacity(entry.terms.len());
        for new in &entry.terms {
            let stem = new.stem.and_then(|place| ids.get(place).copied());
            ids.push(self.id(&new.term, stem)?);
        }
        let id = |place: &usize| ids.get(*place).copied().unwrap_or_default();
        let mut document = Document::default();
        for (field, words) in &entry.runs {
            document.push_run(*field, words.iter().map(id));
        }
        entry.labels.iter().for_each(|(class, place)| document.push_label(*class, id(place)));
        Ok(document)
    }

    fn id(&mut self, term: &str, stem: Option<Id>) -> Result<Id, Fault> {
        let under = stem.unwrap_or_default();
        if let Some(id) = self.known.get(&under).and_then(|terms| terms.get(term)) {
            return Ok(*id);
        }
        let found = self
            .conn
            .prepare_cached("SELECT id FROM index_term WHERE term = ?1 AND stem = ?2")?
            .query_row(params![term, integer(under)], |row| Ok(natural(row, 0)))
            .optional()?
            .transpose()?;
        let id = match found {
            Some(id) => id,
            None => {
                self.last += 1;
                self.new.insert(self.last, (term.to_owned(), under));
                self.last
            }
        };
        self.known.entry(under).or_default().insert(term.to_owned(), id);
        self.stems.insert(id, stem.unwrap_or(id));
        Ok(id)
    }

    /// What the index sees of a document.
    pub(super) fn seen(&mut self, document: &Document) -> Result<Seen, Fault> {
        let words: BTreeSet<Id> = document.words().iter().copied().collect();
        let mut terms: BTreeSet<Id> = document.labels().iter().map(|(_, id)| *id).collect();
        for word in &words {
            terms.insert(self.stem(*word)?);
        }
        Ok(Seen { terms, words })
    }

    fn stem(&mut self, word: Id) -> Result<Id, Fault> {
        if let Some(stem) = self.stems.get(&word) {
            return Ok(*stem);
        }
        let stem = self
            .conn
            .prepare_cached("SELECT stem FROM index_term WHERE id = ?1")?
            .query_row([integer(word)], |row| Ok(natural(row, 0)))
            .optional()?
            .transpose()?
            .ok_or(StoreError::Corrupt("an entry of the index has a word that is no term"))?;
        let stem = if stem == 0 { word } else { stem };
        self.stems.insert(word, stem);
        Ok(stem)
    }

    /// Counts an entry in (1) or out (−1).
    pub(super) fn count(&mut self, seen: &Seen, by: i64) {
        for id in seen.terms.iter().chain([&EVERY]) {
            self.deltas.entry(*id).or_default().entries += by;
        }
        for id in &seen.words {
            self.deltas.entry(*id).or_default().uses += by;
        }
    }

    /// Writes what has changed; terms that nothing needs any more leave the dictionary.
    pub(super) fn write(self) -> Result<(), Fault> {
        let conn = self.conn;
        let mut new = self.new;
        for (id, delta) in self.deltas {
            if delta.entries == 0 && delta.uses == 0 {
                continue;
            }
            let row = integer(id);
            let before = conn
                .prepare_cached("SELECT entries, uses FROM index_count WHERE id = ?1")?
                .query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let (entries, uses): (i64, i64) = before.unwrap_or_default();
            let after = (entries + delta.entries, uses + delta.uses);
            let level = |uses: i64| frequency_level(u64::try_from(uses).unwrap_or_default());
            if let Some((term, stem)) = new.remove(&id) {
                conn.prepare_cached(
                    "INSERT INTO index_term (id, term, stem, level) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![row, term, integer(stem), level(after.1)])?;
            } else if after == (0, 0) && id != EVERY {
                conn.prepare_cached("DELETE FROM index_term WHERE id = ?1")?.execute([row])?;
                conn.prepare_cached("DELETE FROM index_count WHERE id = ?1")?.execute([row])?;
                continue;
            } else if level(uses) != level(after.1) {
                conn.prepare_cached("UPDATE index_term SET level = ?2 WHERE id = ?1")?
                    .execute(params![row, level(after.1)])?;
            }
            let sql = if before.is_some() {
                "UPDATE index_count SET entries = ?2, uses = ?3 WHERE id = ?1"
            } else {
                "INSERT INTO index_count (id, entries, uses) VALUES (?1, ?2, ?3)"
            };
            conn.prepare_cached(sql)?.execute(params![row, after.0, after.1])?;
        }
        Ok(())
    }
}
