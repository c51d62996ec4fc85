//! What is asked, in the words of the dictionary: a condition for the server, and what is left to be
//! tested here.

use fleetprompt_core::domain::Timestamp;
use fleetprompt_core::port::{Clause, Matching, Phrase, Term};

use crate::session::Statement;

use super::dictionary::Dictionary;
use super::words::Words;

/// A question; terms that no entry has are left out.
pub(super) struct Question {
    all: Vec<Any>,
    none: Vec<Any>,
    since: Option<Timestamp>,
    /// How many entries there are.
    pub(super) entries: u64,
}

/// A clause.
struct Any {
    alternatives: Vec<Alternative>,
}

/// A phrase, or a single term.
struct Alternative {
    phrase: Vec<Term>,
    ids: Vec<i32>,
    /// How many entries it matches at most.
    most: u64,
}

/// The terms that a matching speaks of.
pub(super) fn terms(matching: &Matching) -> impl Iterator<Item = &Term> {
    let clauses = matching.all.iter().chain(&matching.none);
    clauses.flat_map(|clause| &clause.any).flat_map(Phrase::terms)
}

impl Question {
    /// The question; `None` if nothing can match.
    pub(super) fn new(matching: &Matching, dictionary: &Dictionary) -> Option<Self> {
        let all: Vec<Any> =
            matching.all.iter().map(|clause| Any::new(clause, dictionary)).collect();
        if all.iter().any(|any| any.alternatives.is_empty()) {
            return None;
        }
        let none = matching.none.iter().map(|clause| Any::new(clause, dictionary));
        let none = none.filter(|any| !any.alternatives.is_empty()).collect();
        Some(Question { all, none, since: matching.since, entries: dictionary.entries })
    }

    /// How many entries the GIN index would have to look at; `None` if it has nothing to go by.
    pub(super) fn most(&self) -> Option<u64> {
        let most = |any: &Any| any.alternatives.iter().map(|it| it.most).sum::<u64>();
        self.all.iter().map(most).min()
    }

    /// The condition on an entry `e`, for the server. Its parameters are numbered behind `before`.
    pub(super) fn condition(&self, before: usize) -> String {
        let mut number = before;
        let mut next = || {
            number += 1;
            number
        };
        let mut parts: Vec<String> = self.all.iter().map(|any| any.condition(&mut next)).collect();
        for any in self.none.iter().filter(|any| any.is_exact()) {
            parts.push(format!("NOT {}", any.condition(&mut next)));
        }
        if self.since.is_some() {
            parts.push(format!("e.released_at >= ${}", next()));
        }
        if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") }
    }

    /// Adds the parameters of the condition.
    pub(super) fn bind(&self, mut statement: Statement) -> Statement {
        for any in &self.all {
            statement = any.bind(statement);
        }
        for any in self.none.iter().filter(|any| any.is_exact()) {
            statement = any.bind(statement);
        }
        match self.since {
            Some(since) => statement.bind(since.as_millis()),
            None => statement,
        }
    }

    /// Whether the condition tells all.
    pub(super) fn is_exact(&self) -> bool {
        self.all.iter().chain(&self.none).all(Any::is_exact)
    }

    /// Whether an entry with these words and labels that meets the condition matches.
    pub(super) fn passes(&self, words: &Words<'_>, labels: &str) -> bool {
        let has = |any: &Any| any.is_in(words, labels);
        self.all.iter().filter(|any| !any.is_exact()).all(has)
            && !self.none.iter().filter(|any| !any.is_exact()).any(has)
    }
}

impl Any {
    fn new(clause: &Clause, dictionary: &Dictionary) -> Self {
        let known = clause.any.iter().filter_map(|phrase| Alternative::new(phrase, dictionary));
        Any { alternatives: known.collect() }
    }

    /// Whether terms tell all, and no places are needed.
    fn is_exact(&self) -> bool {
        self.alternatives.iter().all(Alternative::is_single)
    }

    fn singles(&self) -> Vec<i32> {
        let singles = self.alternatives.iter().filter(|it| it.is_single());
        singles.flat_map(|it| it.ids.iter().copied()).collect()
    }

    fn phrases(&self) -> impl Iterator<Item = &Alternative> {
        self.alternatives.iter().filter(|it| !it.is_single())
    }

    fn condition(&self, next: &mut impl FnMut() -> usize) -> String {
        let mut parts = Vec::new();
        if !self.singles().is_empty() {
            parts.push(format!("e.terms && ${}", next()));
        }
        parts.extend(self.phrases().map(|_| format!("e.terms @> ${}", next())));
        format!("({})", parts.join(" OR "))
    }

    fn bind(&self, mut statement: Statement) -> Statement {
        let singles = self.singles();
        if !singles.is_empty() {
            statement = statement.bind(singles);
        }
        self.phrases().fold(statement, |statement, phrase| statement.bind(phrase.ids.clone()))
    }

    fn is_in(&self, words: &Words<'_>, labels: &str) -> bool {
        self.alternatives.iter().any(|it| match it.phrase.as_slice() {
            [label] if label.class().is_some() => {
                super::words::read_labels(labels).any(|found| found == label.as_str())
            }
            stems => words.have(stems),
        })
    }
}

impl Alternative {
    fn new(phrase: &Phrase, dictionary: &Dictionary) -> Option<Self> {
        let known: Option<Vec<_>> =
            phrase.terms().iter().map(|term| dictionary.term(term)).collect();
        let known = known.filter(|known| !known.is_empty())?;
        let most = known.iter().map(|known| known.entries).min().unwrap_or_default();
        let ids = known.iter().map(|known| known.id).collect();
        Some(Alternative { phrase: phrase.terms().to_vec(), ids, most })
    }

    fn is_single(&self) -> bool {
        self.ids.len() == 1
    }
}
