//! How a question is answered: what the full-text table is asked, and what is left to be tested on
//! the forward documents of what it finds.
//!
//! Reading a row and its document takes about as long as passing this many entries of a list:
//! [`ROW`]. So a clause whose list is that much longer than the shortest one is better tested on
//! what the shortest finds, and the others are better met in the full-text table. Frequencies are
//! exact, so this is decided here and not guessed.

use fleetprompt_core::domain::Timestamp;
use fleetprompt_core::port::{Clause, Matching, Phrase};

use crate::error::Fault;

use super::dictionary::{Dictionary, Known};
use super::forward::{Class, Id};
use super::text::{self, EVERY};
use super::view::View;
use super::words::WordSet;

/// See the module's documentation; measured.
const ROW: u64 = 128;

/// A question in the words of the dictionary; terms that no entry has are left out.
pub(super) struct Question {
    all: Vec<Any>,
    /// The alternatives of all clauses that must not be there.
    none: Vec<Alternative>,
    since: Option<Timestamp>,
    /// How many entries there are.
    entries: u64,
}

/// A clause.
struct Any {
    alternatives: Vec<Alternative>,
    /// How many entries it matches at most.
    most: u64,
}

enum Alternative {
    Label(Class, Known),
    Words(Vec<Known>),
}

impl Alternative {
    fn most(&self) -> u64 {
        match self {
            Alternative::Label(_, label) => label.entries,
            Alternative::Words(stems) => stems.iter().map(|stem| stem.entries).min().unwrap_or(0),
        }
    }

    /// What the full-text table is asked. Whatever has the rarest stem of a phrase has to be read to
    /// see whether the others stand beside it, so a list that is much longer is not worth passing.
    fn asked(&self) -> impl Iterator<Item = Id> {
        let longest = self.most().saturating_mul(ROW);
        let (label, stems) = match self {
            Alternative::Label(_, label) => (Some(label.id), [].as_slice()),
            Alternative::Words(stems) => (None, stems.as_slice()),
        };
        let stems = stems.iter().filter(move |stem| stem.entries <= longest);
        label.into_iter().chain(stems.map(|stem| stem.id))
    }

    /// Whether the full-text table, which knows no places, tells all.
    fn is_exact(&self) -> bool {
        match self {
            Alternative::Label(..) => true,
            Alternative::Words(stems) => stems.len() == 1,
        }
    }
}

impl Question {
    /// The question; `None` if nothing can match.
    pub(super) fn new(
        matching: &Matching,
        dictionary: &mut Dictionary<'_>,
    ) -> Result<Option<Self>, Fault> {
        let mut all = Vec::with_capacity(matching.all.len());
        for clause in &matching.all {
            let alternatives = alternatives(clause, dictionary)?;
            if alternatives.is_empty() {
                return Ok(None);
            }
            let most = alternatives.iter().map(Alternative::most).sum();
            all.push(Any { alternatives, most });
        }
        all.sort_by_key(|any| any.most);
        let mut none = Vec::new();
        for clause in &matching.none {
            none.extend(alternatives(clause, dictionary)?);
        }
        let entries = dictionary.entries()?;
        Ok(Some(Question { all, none, since: matching.since, entries }))
    }

    /// How many entries match at most.
    pub(super) fn most(&self) -> u64 {
        self.all.first().map_or(self.entries, |any| any.most.min(self.entries))
    }

    /// How to find what matches.
    pub(super) fn plan(&self, dictionary: &mut Dictionary<'_>) -> Result<Plan, Fault> {
        let longest = self.most().saturating_mul(ROW);
        let mut expression = String::new();
        let mut tests = Tests { since: self.since, ..Tests::default() };
        for any in &self.all {
            let asked = any.most <= longest;
            if asked {
                join(&mut expression, " AND ");
                disjunction(&mut expression, &any.alternatives);
            }
            if !asked || !any.alternatives.iter().all(Alternative::is_exact) {
                tests.all.push(probes(&any.alternatives, dictionary)?);
            }
        }
        if expression.is_empty() {
            quoted(&mut expression, EVERY);
        }
        let (asked, tested): (Vec<_>, Vec<_>) =
            self.none.iter().partition(|not| not.is_exact() && not.most() <= longest);
        if !asked.is_empty() {
            expression = format!("({expression}) NOT ");
            disjunction(&mut expression, asked);
        }
        tests.none = probes(tested, dictionary)?;
        Ok(Plan { expression, tests })
    }

    /// What tells of an entry whether it matches, without the full-text table.
    pub(super) fn tests(&self, dictionary: &mut Dictionary<'_>) -> Result<Tests, Fault> {
        let all = self.all.iter().map(|any| probes(&any.alternatives, dictionary));
        let all = all.collect::<Result<_, _>>()?;
        let none = probes(&self.none, dictionary)?;
        Ok(Tests { all, none, since: self.since })
    }
}

fn alternatives(
    clause: &Clause,
    dictionary: &mut Dictionary<'_>,
) -> Result<Vec<Alternative>, Fault> {
    let mut found = Vec::with_capacity(clause.any.len());
    for phrase in &clause.any {
        found.extend(alternative(phrase, dictionary)?);
    }
    Ok(found)
}

fn alternative(
    phrase: &Phrase,
    dictionary: &mut Dictionary<'_>,
) -> Result<Option<Alternative>, Fault> {
    let known = phrase.terms().iter().map(|term| dictionary.term(term));
    let Some(known) = known.collect::<Result<Option<Vec<_>>, _>>()? else { return Ok(None) };
    Ok(match (phrase.terms(), known.as_slice()) {
        ([], _) => None,
        ([term], [label]) if term.class().is_some() => {
            Class::of_term(term).map(|class| Alternative::Label(class, *label))
        }
        _ => Some(Alternative::Words(known)),
    })
}

/// What tells whether an entry has one of the alternatives, in as few passes over it as that takes.
fn probes<'a>(
    alternatives: impl IntoIterator<Item = &'a Alternative>,
    dictionary: &mut Dictionary<'_>,
) -> Result<Vec<Probe>, Fault> {
    let (mut labels, mut words, mut phrases) = (Vec::new(), Vec::new(), Vec::new());
    for alternative in alternatives {
        match alternative {
            Alternative::Label(class, label) => labels.push((*class, label.id)),
            Alternative::Words(stems) => match stems.as_slice() {
                [stem] => words.extend(dictionary.words(stem.id)?.iter().copied()),
                stems => {
                    let places = stems.iter().map(|stem| dictionary.words(stem.id));
                    let places = places.map(|words| Ok(WordSet::new(words?.iter().copied())));
                    phrases.push(Probe::Words(places.collect::<Result<_, Fault>>()?));
                }
            },
        }
    }
    let labels = (!labels.is_empty()).then_some(Probe::Labels(labels));
    let words = (!words.is_empty()).then(|| Probe::Words(vec![WordSet::new(words)]));
    Ok(labels.into_iter().chain(words).chain(phrases).collect())
}

fn join(expression: &mut String, with: &str) {
    if !expression.is_empty() {
        expression.push_str(with);
    }
}

/// Ids in quotes, and nothing else, so that no text of a user ever meets the syntax of FTS5.
fn quoted(expression: &mut String, id: Id) {
    expression.push('"');
    text::push(expression, id);
    expression.push('"');
}

fn disjunction<'a>(
    expression: &mut String,
    alternatives: impl IntoIterator<Item = &'a Alternative>,
) {
    let mut between = "(";
    for alternative in alternatives {
        expression.push_str(between);
        between = " OR ";
        let mut within = "(";
        for id in alternative.asked() {
            expression.push_str(within);
            within = " AND ";
            quoted(expression, id);
        }
        expression.push(')');
    }
    expression.push(')');
}

/// What to ask the full-text table, and what to test on each entry that it finds.
pub(super) struct Plan {
    pub(super) expression: String,
    pub(super) tests: Tests,
}

impl Plan {
    /// How to find the entries that have any of these words, whose stems these are.
    pub(super) fn of_any(
        stems: impl IntoIterator<Item = Id>,
        words: impl IntoIterator<Item = Id>,
    ) -> Self {
        let mut expression = String::new();
        for stem in stems {
            join(&mut expression, " OR ");
            quoted(&mut expression, stem);
        }
        let any = vec![Probe::Words(vec![WordSet::new(words)])];
        Plan { expression, tests: Tests { all: vec![any], ..Tests::default() } }
    }
}

/// What an entry must and must not be.
#[derive(Default)]
pub(super) struct Tests {
    all: Vec<Vec<Probe>>,
    none: Vec<Probe>,
    since: Option<Timestamp>,
}

enum Probe {
    /// One of these labels.
    Labels(Vec<(Class, Id)>),
    /// Words next to each other: for each place, the words that may stand there.
    Words(Vec<WordSet>),
}

impl Tests {
    /// Whether there is nothing to test.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.none.is_empty() && self.since.is_none()
    }

    /// Whether an entry passes.
    pub(super) fn pass(&self, released_at: Timestamp, document: View<'_>) -> bool {
        let meets = |probe: &Probe| probe.meets(document);
        self.since.is_none_or(|since| released_at >= since)
            && self.all.iter().all(|any| any.iter().any(meets))
            && !self.none.iter().any(meets)
    }
}

impl Probe {
    fn meets(&self, document: View<'_>) -> bool {
        match self {
            Probe::Labels(labels) => document.labels().any(|label| labels.contains(&label)),
            Probe::Words(places) => document.runs().any(|run| {
                let mut words = run.words();
                while let Some((first, rest)) = places.split_first()
                    && words.by_ref().any(|word| first.has(word))
                {
                    let next = words.clone().take(rest.len());
                    if next.zip(rest).filter(|(word, place)| place.has(*word)).count() == rest.len()
                    {
                        return true;
                    }
                }
                false
            }),
        }
    }
}
