//! What is asked, in the form that the server's functions take. The comment on `find_1`
//! (`schema/0001_index.sql`) says what each array holds.

use fleetprompt_core::domain::Timestamp;
use fleetprompt_core::port::{Clause, Matching, Phrase, Term};

use crate::session::Statement;

use super::words::phrase_text;

/// The clauses of lists.
#[derive(Default)]
pub(super) struct Clauses {
    lists: Vec<i32>,
    wanted: Vec<bool>,
    term_clauses: Vec<i32>,
    terms: Vec<String>,
    phrase_clauses: Vec<i32>,
    phrases: Vec<String>,
}

impl Clauses {
    /// Adds the clauses of a list, whose number counts from 1.
    pub(super) fn push(&mut self, list: i32, matching: &Matching) {
        for clause in &matching.all {
            self.require(list, clause);
        }
        for clause in &matching.none {
            let alternatives = Alternatives::of(clause);
            self.clause(list, false, &alternatives.terms, &alternatives.phrases);
        }
    }

    /// A phrase is found by postings of its terms, and then looked for.
    fn require(&mut self, list: i32, clause: &Clause) {
        let Alternatives { terms, phrases } = Alternatives::of(clause);
        match (terms.as_slice(), phrases.as_slice()) {
            (_, []) => self.clause(list, true, &terms, &[]),
            ([], [phrase]) => {
                for term in phrase.terms() {
                    self.clause(list, true, &[term], &[]);
                }
                self.clause(list, true, &[], &phrases);
            }
            _ => {
                let first = phrases.iter().filter_map(|phrase| phrase.terms().first());
                let possible: Vec<_> = terms.iter().copied().chain(first).collect();
                self.clause(list, true, &possible, &[]);
                self.clause(list, true, &terms, &phrases);
            }
        }
    }

    fn clause(&mut self, list: i32, wanted: bool, terms: &[&Term], phrases: &[&Phrase]) {
        self.lists.push(list);
        self.wanted.push(wanted);
        let number = i32::try_from(self.lists.len()).unwrap_or(i32::MAX);
        for term in terms {
            self.term_clauses.push(number);
            self.terms.push(term.as_str().to_owned());
        }
        for phrase in phrases {
            self.phrase_clauses.push(number);
            self.phrases.push(phrase_text(phrase.terms()));
        }
    }

    /// Adds the clauses to the parameters of a statement.
    pub(super) fn bind(self, statement: Statement) -> Statement {
        let statement = statement.bind(self.lists).bind(self.wanted);
        let statement = statement.bind(self.term_clauses).bind(self.terms);
        statement.bind(self.phrase_clauses).bind(self.phrases)
    }
}

/// The alternatives of a clause that an entry can have.
struct Alternatives<'c> {
    terms: Vec<&'c Term>,
    phrases: Vec<&'c Phrase>,
}

impl<'c> Alternatives<'c> {
    fn of(clause: &'c Clause) -> Self {
        let (mut terms, mut phrases) = (Vec::new(), Vec::new());
        for phrase in &clause.any {
            match phrase.terms() {
                [] => {}
                [term] => terms.push(term),
                _ => phrases.push(phrase),
            }
        }
        // The server counts what a clause finds by adding up.
        terms.sort();
        terms.dedup();
        Alternatives { terms, phrases }
    }
}

/// The earliest time that is asked for.
pub(super) fn since(matching: &Matching) -> Option<i64> {
    matching.since.map(Timestamp::as_millis)
}
