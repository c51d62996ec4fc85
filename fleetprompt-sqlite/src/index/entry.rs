//! An entry made ready for writing: every term once, and the places of words as numbers of terms.

use std::collections::HashMap;

use fleetprompt_core::domain::Timestamp;
use fleetprompt_core::port::{Field, IndexEntry, Quality, Term};

use super::forward::Class;

/// An entry whose terms have no ids yet.
#[derive(Debug)]
pub(crate) struct NewEntry {
    pub(super) version: u16,
    pub(super) quality: Quality,
    pub(super) released_at: Timestamp,
    pub(super) sort_name: String,
    /// The terms. A stem comes before the words that have it.
    pub(super) terms: Vec<NewTerm>,
    /// The words of each run, as places in `terms`.
    pub(super) runs: Vec<(Field, Vec<usize>)>,
    /// The labels, as places in `terms`.
    pub(super) labels: Vec<(Class, usize)>,
}

/// A term of an entry.
#[derive(Debug)]
pub(super) struct NewTerm {
    pub(super) term: String,
    /// The place of its stem; `None` if it stands for itself.
    pub(super) stem: Option<usize>,
}

impl NewEntry {
    pub(crate) fn new(entry: IndexEntry) -> Self {
        let mut terms = Terms::default();
        let mut runs = Vec::with_capacity(entry.runs.len());
        for run in &entry.runs {
            let mut words = Vec::with_capacity(run.tokens.len());
            for token in &run.tokens {
                let stem = terms.place(&token.stem, None);
                let own = token.word == token.stem;
                words.push(if own { stem } else { terms.place(&token.word, Some(stem)) });
            }
            runs.push((run.field, words));
        }
        let labels = entry.labels.iter().map(|label| {
            let class = Class::of_term(label).unwrap_or(Class::OTHER);
            (class, terms.place(label, None))
        });
        NewEntry {
            version: entry.version,
            quality: entry.quality,
            released_at: entry.released_at,
            labels: labels.collect(),
            runs,
            terms: terms.all,
            sort_name: entry.sort_name,
        }
    }
}

#[derive(Default)]
struct Terms<'a> {
    all: Vec<NewTerm>,
    places: HashMap<(&'a Term, Option<usize>), usize>,
}

impl<'a> Terms<'a> {
    fn place(&mut self, term: &'a Term, stem: Option<usize>) -> usize {
        *self.places.entry((term, stem)).or_insert_with(|| {
            self.all.push(NewTerm { term: term.as_str().to_owned(), stem });
            self.all.len() - 1
        })
    }
}
