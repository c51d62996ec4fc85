//! The dictionary while it is written: ids for terms, and how the counts change.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fleetprompt_core::port::{StoreError, frequency_level};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Fault;
use crate::row::{integer, natural};

use super::entry::NewEntry;
use super::forward::{Document, Id};
use super::text::EVERY;

/// What the index sees of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The stems and labels that find it.
    pub(crate) terms: BTreeSet<Id>,
    /// The words that it has, as they are written.
    pub(crate) words: BTreeSet<Id>,
}

impl Seen {
    /// What the index sees of a document, if all of its words have a stem.
    pub(crate) fn new(document: &Document, stem: impl Fn(Id) -> Option<Id>) -> Option<Self> {
        let words: BTreeSet<Id> = document.words().iter().copied().collect();
        let mut terms: BTreeSet<Id> = document.labels().iter().map(|(_, id)| *id).collect();
        for word in &words {
            terms.insert(stem(*word)?);
        }
        Some(Seen { terms, words })
    }
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
}

impl<'c> Ids<'c> {
    pub(super) fn load(conn: &'c Connection) -> Result<Self, Fault> {
        let last = conn
            .prepare_cached("SELECT ifnull(max(id), 0) FROM index_term")?
            .query_row([], |row| Ok(natural(row, 0)))??;
        Ok(Ids { conn, known: HashMap::new(), stems: HashMap::new(), new: BTreeMap::new(), last })
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
        for word in document.words() {
            self.look_up(*word)?;
        }
        Seen::new(document, |word| self.stems.get(&word).copied())
            .ok_or(StoreError::Corrupt("an entry of the index has a word that is no term").into())
    }

    /// Finds a word's stem, if the word is in the dictionary.
    fn look_up(&mut self, word: Id) -> Result<(), Fault> {
        if self.stems.contains_key(&word) {
            return Ok(());
        }
        let stem = self
            .conn
            .prepare_cached("SELECT stem FROM index_term WHERE id = ?1")?
            .query_row([integer(word)], |row| Ok(natural(row, 0)))
            .optional()?
            .transpose()?;
        self.stems.extend(stem.map(|stem| (word, if stem == 0 { word } else { stem })));
        Ok(())
    }

    /// Whether the dictionary has everything that finds an entry.
    pub(super) fn named(&mut self, seen: &Seen) -> Result<bool, Fault> {
        for id in &seen.terms {
            self.look_up(*id)?;
        }
        Ok(seen.terms.iter().all(|id| self.stems.contains_key(id)))
    }

    /// Writes how the counts change. Terms that nothing needs any more leave the dictionary, unless
    /// that is to `keep` them all.
    pub(super) fn write(mut self, deltas: &Deltas, keep: bool) -> Result<(), Fault> {
        let conn = self.conn;
        for (id, delta) in &deltas.0 {
            let Some(Counted { before, after }) = delta.apply(conn, "index_count", *id)? else {
                continue;
            };
            let row = integer(*id);
            let (stale, level) = (frequency_level(before.uses), frequency_level(after.uses));
            if let Some((term, stem)) = self.new.remove(id) {
                conn.prepare_cached(
                    "INSERT INTO index_term (id, term, stem, level) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![row, term, integer(stem), level])?;
            } else if after == Count::default() && *id != EVERY && !keep {
                conn.prepare_cached("DELETE FROM index_term WHERE id = ?1")?.execute([row])?;
                conn.prepare_cached("DELETE FROM index_count WHERE id = ?1")?.execute([row])?;
            } else if stale != level {
                conn.prepare_cached("UPDATE index_term SET level = ?2 WHERE id = ?1")?
                    .execute(params![row, level])?;
            }
        }
        Ok(())
    }
}

/// How the counts of terms change.
#[derive(Default)]
pub(super) struct Deltas(BTreeMap<Id, Delta>);

impl Deltas {
    /// Counts an entry in (1) or out (−1).
    pub(super) fn count(&mut self, seen: &Seen, by: i64) {
        for id in seen.terms.iter().chain([&EVERY]) {
            self.0.entry(*id).or_default().entries += by;
        }
        for id in &seen.words {
            self.0.entry(*id).or_default().uses += by;
        }
    }

    /// Adds the changes to a table of counts.
    pub(super) fn add_to(&self, conn: &Connection, table: &str) -> Result<(), Fault> {
        for (id, delta) in &self.0 {
            delta.apply(conn, table, *id)?;
        }
        Ok(())
    }
}

/// How much a term's counts change.
#[derive(Clone, Copy, Default)]
struct Delta {
    entries: i64,
    uses: i64,
}

/// A term's counts.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    entries: u64,
    uses: u64,
}

/// A term's counts before and after a change.
struct Counted {
    before: Count,
    after: Count,
}

impl Delta {
    /// Writes the change of a term; `None` if there is none.
    fn apply(self, conn: &Connection, table: &str, id: Id) -> Result<Option<Counted>, Fault> {
        if self.entries == 0 && self.uses == 0 {
            return Ok(None);
        }
        let row = integer(id);
        let found = conn
            .prepare_cached(&format!("SELECT entries, uses FROM {table} WHERE id = ?1"))?
            .query_row([row], |row| {
                Ok(natural(row, 0)
                    .and_then(|entries| Ok(Count { entries, uses: natural(row, 1)? })))
            })
            .optional()?
            .transpose()?;
        let sql = match found {
            Some(_) => format!("UPDATE {table} SET entries = ?2, uses = ?3 WHERE id = ?1"),
            None => format!("INSERT INTO {table} (id, entries, uses) VALUES (?1, ?2, ?3)"),
        };
        let before = found.unwrap_or_default();
        let sum = |count: u64, by| {
            let negative = StoreError::Corrupt("the index counts fewer entries than there are");
            count.checked_add_signed(by).ok_or(negative)
        };
        let after = Count {
            entries: sum(before.entries, self.entries)?,
            uses: sum(before.uses, self.uses)?,
        };
        conn.prepare_cached(&sql)?.execute(params![
            row,
            integer(after.entries),
            integer(after.uses)
        ])?;
        Ok(Some(Counted { before, after }))
    }
}
