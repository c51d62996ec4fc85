//! Entries made ready for writing: every term once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fleetprompt_core::port::{IndexEntry, Term};

use crate::session::Statement;

use super::words::{write_labels, write_stems, write_words};

/// An entry that is to be written.
#[derive(Debug)]
pub(crate) struct NewEntry {
    quality: i32,
    released_at: i64,
    version: i32,
    sort_name: Vec<u8>,
    labels: String,
    stems: String,
    words: String,
    uses: Vec<Use>,
}

/// A term of an entry.
#[derive(Debug)]
struct Use {
    term: String,
    stem: String,
    how: How,
}

/// What a term is to an entry.
#[derive(Clone, Copy, Debug, Default)]
struct How {
    /// Whether it finds the entry.
    finds: bool,
    /// Whether the entry has it as a word.
    word: bool,
}

impl NewEntry {
    pub(crate) fn new(entry: &IndexEntry) -> Self {
        let mut terms: BTreeMap<(&Term, &Term), How> = BTreeMap::new();
        for term in entry.terms() {
            terms.entry((term, term)).or_default().finds = true;
        }
        for token in entry.words() {
            terms.entry((&token.word, &token.stem)).or_default().word = true;
        }
        let uses = terms.into_iter().map(|((term, stem), how)| Use {
            term: term.as_str().to_owned(),
            stem: stem.as_str().to_owned(),
            how,
        });
        NewEntry {
            quality: entry.quality.get().into(),
            released_at: entry.released_at.as_millis(),
            version: entry.version.into(),
            sort_name: entry.sort_name.as_bytes().to_vec(),
            labels: write_labels(&entry.labels),
            stems: write_stems(&entry.runs),
            words: write_words(&entry.runs),
            uses: uses.collect(),
        }
    }
}

/// The entries of a batch, in the form that `set_entries_1` takes.
#[derive(Default)]
pub(crate) struct NewEntries(Vec<Arc<NewEntry>>);

impl NewEntries {
    /// Adds an entry; answers its number, from 1 on.
    pub(crate) fn push(&mut self, entry: &Arc<NewEntry>) -> i32 {
        self.0.push(Arc::clone(entry));
        place(self.0.len())
    }

    /// Adds the entries to the parameters of a statement.
    pub(crate) fn bind(&self, statement: Statement) -> Statement {
        fn each<T>(entries: &NewEntries, of: impl Fn(&NewEntry) -> T) -> Vec<T> {
            entries.0.iter().map(|entry| of(entry)).collect()
        }
        let Uses { terms, stems, entries, places, finds, words } = self.uses();
        statement
            .bind(each(self, |entry| entry.quality))
            .bind(each(self, |entry| entry.released_at))
            .bind(each(self, |entry| entry.version))
            .bind(each(self, |entry| entry.sort_name.clone()))
            .bind(each(self, |entry| entry.labels.clone()))
            .bind(each(self, |entry| entry.stems.clone()))
            .bind(each(self, |entry| entry.words.clone()))
            .bind(terms)
            .bind(stems)
            .bind(entries)
            .bind(places)
            .bind(finds)
            .bind(words)
    }

    fn uses(&self) -> Uses {
        let mut uses = Uses::default();
        let mut known: HashMap<(&str, &str), i32> = HashMap::new();
        for (number, entry) in (1..).zip(&self.0) {
            for Use { term, stem, how } in &entry.uses {
                let at = *known.entry((term, stem)).or_insert_with(|| {
                    uses.terms.push(term.clone());
                    uses.stems.push(stem.clone());
                    place(uses.terms.len())
                });
                uses.entries.push(number);
                uses.places.push(at);
                uses.finds.push(how.finds);
                uses.words.push(how.word);
            }
        }
        uses
    }
}

/// The terms of a batch, each once, and which entry has which.
#[derive(Default)]
struct Uses {
    terms: Vec<String>,
    stems: Vec<String>,
    entries: Vec<i32>,
    places: Vec<i32>,
    finds: Vec<bool>,
    words: Vec<bool>,
}

/// A batch is bounded, and so is an entry: no place comes near the end of `i32`.
fn place(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
