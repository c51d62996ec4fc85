//! What is asked for.

use crate::domain::Timestamp;

use super::entry::Term;

/// Terms next to each other in one run of words; or a single term, which may be a label.
///
/// ```
/// use fleetprompt_core::port::Phrase;
/// let phrase = Phrase::new(vec!["web".parse()?, "scraper".parse()?]);
/// assert_eq!(phrase.terms().len(), 2);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phrase(Vec<Term>);

impl Phrase {
    /// The phrase of these terms. Without any, nothing contains it.
    pub fn new(terms: Vec<Term>) -> Self {
        Phrase(terms)
    }

    /// The terms in their order.
    pub fn terms(&self) -> &[Term] {
        &self.0
    }
}

impl From<Term> for Phrase {
    fn from(term: Term) -> Self {
        Phrase(vec![term])
    }
}

/// Alternatives: an entry has the clause if it contains any of them, and no entry has an empty one.
///
/// ```
/// use fleetprompt_core::port::Clause;
/// let either = Clause { any: vec!["n:web".parse::<fleetprompt_core::port::Term>()?.into()] };
/// assert_eq!(either, Clause::of("n:web".parse()?));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause {
    /// The alternatives.
    pub any: Vec<Phrase>,
}

impl Clause {
    /// The clause that one term satisfies.
    pub fn of(term: Term) -> Self {
        Clause { any: vec![term.into()] }
    }
}

/// What an entry must have and must not. The default matches every entry.
///
/// ```
/// use fleetprompt_core::port::{Clause, Matching};
/// let agents = Clause::of("k:whs_agent".parse()?);
/// let matching = Matching { all: vec![agents], ..Matching::default() };
/// assert!(matching.none.is_empty());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Matching {
    /// Clauses that it must have, each of them.
    pub all: Vec<Clause>,
    /// Clauses that it must not have, none of them.
    pub none: Vec<Clause>,
    /// Only entries released at this time or later.
    pub since: Option<Timestamp>,
}
