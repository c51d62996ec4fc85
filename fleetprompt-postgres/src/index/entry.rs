//! Entries made ready for writing: every term once.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetprompt_core::port::{IndexEntry, Term};

use crate::session::Statement;

use super::words::{write_labels, write_runs};

/// An entry that is to be written.
#[derive(Debug)]
pub(crate) struct NewEntry {
    quality: i32,
    released_at: i64,
    version: i32,
    sort_name: Vec<u8>,
    labels: String,
    runs: String,
    terms: Vec<NewTerm>,
}

/// A term of an entry.
#[derive(Debug, Default)]
struct NewTerm {
    term: String,
    stem: String,
    /// Whether it finds the entry.
    finds: bool,
    /// Whether the entry has it as a word.
    word: bool,
}

impl NewEntry {
    pub(crate) fn new(entry: &IndexEntry) -> Self {
        let mut terms: BTreeMap<(&Term, &Term), NewTerm> = BTreeMap::new();
        for term in entry.terms() {
            terms.entry((term, term)).or_default().finds = true;
        }
        for token in entry.words() {
            terms.entry((&token.word, &token.stem)).or_default().word = true;
        }
        let named = terms.into_iter().map(|((term, stem), new)| NewTerm {
            term: term.as_str().to_owned(),
            stem: stem.as_str().to_owned(),
            ..new
        });
        NewEntry {
            quality: entry.quality.get().into(),
            released_at: entry.released_at.as_millis(),
            version: entry.version.into(),
            sort_name: entry.sort_name.as_bytes().to_vec(),
            labels: write_labels(&entry.labels),
            runs: write_runs(&entry.runs),
            terms: named.collect(),
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
        i32::try_from(self.0.len()).unwrap_or(i32::MAX)
    }

    /// Adds the entries to the parameters of a statement.
    pub(crate) fn bind(&self, statement: Statement) -> Statement {
        fn each<T>(entries: &NewEntries, of: impl Fn(&NewEntry) -> T) -> Vec<T> {
            entries.0.iter().map(|entry| of(entry)).collect()
        }
        fn terms<T>(entries: &NewEntries, of: impl Fn(i32, &NewTerm) -> T) -> Vec<T> {
            let numbered = (1..).zip(&entries.0);
            let of = &of;
            let of_each = |(number, entry): (i32, &Arc<NewEntry>)| {
                entry.terms.iter().map(|term| of(number, term)).collect::<Vec<_>>()
            };
            numbered.flat_map(of_each).collect()
        }
        statement
            .bind(each(self, |entry| entry.quality))
            .bind(each(self, |entry| entry.released_at))
            .bind(each(self, |entry| entry.version))
            .bind(each(self, |entry| entry.sort_name.clone()))
            .bind(each(self, |entry| entry.labels.clone()))
            .bind(each(self, |entry| entry.runs.clone()))
            .bind(terms(self, |number, _| number))
            .bind(terms(self, |_, new| new.term.clone()))
            .bind(terms(self, |_, new| new.stem.clone()))
            .bind(terms(self, |_, new| new.finds))
            .bind(terms(self, |_, new| new.word))
    }
}
