//! What is searched for: the query's clauses, each with what else counts as it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::port::{Clause, Matching, Phrase, Term};
use crate::search::query::QueryClause;
use crate::search::ranking::{ONE, Unit, informativeness};
use crate::search::{CatalogueFilter, Query, filter, label};

use crate::marketplace::Inner;

/// How many completions of a word count, and how many bytes of all: a cursor holds them.
const COMPLETIONS: u16 = 16;
/// How many count of what is a frequent word already: most who type it mean it, and each completion
/// costs as much as the word.
const COMPLETIONS_OF_A_WORD: usize = 4;
const COMPLETIONS_MAX_BYTES: usize = 320;
/// How much a completion counts beside the word as it was typed.
const COMPLETION_SHARE: u64 = ONE / 4;

/// What was found out when the first page was made, and holds for all that follow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frozen {
    /// What each word tells, in the order of the clauses' words.
    #[serde(rename = "w")]
    pub(super) weights: Vec<u32>,
    /// The stems that complete an unfinished word, by clause.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) completions: Vec<(usize, Vec<Term>)>,
    /// Words that are searched for in place of misspelt ones, by clause.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) corrections: Vec<(usize, Vec<Term>)>,
    /// The only clauses that are searched for, when all of them together find nothing.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Vec<usize>>,
}

/// The three lists that a window is made of, each within the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// Every word in the name.
    Name,
    /// Every word in the name or the tags.
    Tags,
    /// Every word somewhere.
    Anywhere,
}

/// A search, ready to be put to the index.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    clauses: Vec<QueryClause>,
    /// Filters and exclusions.
    base: Matching,
    /// The key of the whole query as a name, if it may be one.
    pub(super) name: Option<String>,
    pub(super) frozen: Frozen,
}

impl Inner {
    /// What `query` and `filter` ask for.
    pub(super) async fn plan(&self, query: &Query, filter: &CatalogueFilter) -> Result<Plan> {
        let mut base = filter.matching();
        let clause = filter::clause;
        if !query.kinds().is_empty() {
            base.all.push(either(query.kinds().iter().map(|kind| label::kind(*kind))));
        }
        base.all.extend(query.tags().iter().map(|tag| clause(label::tag(tag))));
        if !query.publishers().is_empty() {
            let mut publishers = Vec::new();
            for handle in query.publishers() {
                publishers.push(self.publisher_called(handle).await?.and_then(label::publisher));
            }
            base.all.push(either(publishers.into_iter()));
        }
        base.none.extend(query.without_kinds().iter().map(|kind| clause(label::kind(*kind))));
        base.none.extend(query.without_tags().iter().map(|tag| clause(label::tag(tag))));
        for handle in query.without_publishers() {
            let publisher = self.publisher_called(handle).await?;
            base.none.push(clause(publisher.and_then(label::publisher)));
        }
        let excluded = query.none().iter().map(|clause| match clause {
            QueryClause::Word { token, joined, .. } => {
                any_of([&token.stem].into_iter().chain(joined))
            }
            QueryClause::Phrase(tokens) => phrase(tokens.iter().map(|token| &token.stem)),
        });
        base.none.extend(excluded);
        let name = query.name_key().map(str::to_owned);
        Ok(Plan { clauses: query.all().to_vec(), base, name, frozen: Frozen::default() })
    }

    /// Completes what may be unfinished, and weighs the words.
    pub(super) async fn freeze(&self, plan: &mut Plan) -> Result<()> {
        if plan.is_wordless() {
            return Ok(());
        }
        plan.frozen = Frozen { completions: self.completed(plan).await?, ..Frozen::default() };
        self.weigh(plan).await
    }

    async fn completed(&self, plan: &Plan) -> Result<Vec<(usize, Vec<Term>)>> {
        let (mut completions, mut bytes) = (Vec::new(), 0);
        for (number, clause) in plan.clauses.iter().enumerate() {
            let QueryClause::Word { token, prefix: true, .. } = clause else { continue };
            let found = self.indexed(self.store.completions(&token.word, COMPLETIONS).await)?;
            let is_word = found.iter().any(|found| found.word == token.word);
            let most = if is_word { COMPLETIONS_OF_A_WORD } else { COMPLETIONS.into() };
            let mut stems = Vec::new();
            for found in found {
                bytes += found.stem.as_str().len() + 3;
                let new = found.stem != token.stem && !stems.contains(&found.stem);
                if new && stems.len() < most && bytes <= COMPLETIONS_MAX_BYTES {
                    stems.push(found.stem);
                }
            }
            completions.push((number, stems));
        }
        Ok(completions)
    }

    /// Weighs the words by how many listings have them now.
    pub(super) async fn weigh(&self, plan: &mut Plan) -> Result<()> {
        let words = plan.words();
        let stems: Vec<Term> = words.iter().flatten().map(|(stem, _)| stem.clone()).collect();
        let found = self.indexed(self.store.frequencies(&stems).await)?;
        let mut counts = found.counts.iter().copied();
        let weights = words.iter().map(|word| {
            let counts: Vec<u64> = counts.by_ref().take(word.len()).collect();
            let literal = counts.first().copied().filter(|count| *count > 0);
            let having = literal.unwrap_or_else(|| counts.iter().sum());
            if having == 0 { 0 } else { informativeness(having, found.entries).max(1) }
        });
        plan.frozen.weights = weights.collect();
        Ok(())
    }
}

fn either(labels: impl Iterator<Item = Option<Term>>) -> Clause {
    Clause { any: labels.flatten().map(Phrase::from).collect() }
}

fn any_of<'a>(stems: impl Iterator<Item = &'a Term>) -> Clause {
    Clause { any: stems.cloned().map(Phrase::from).collect() }
}

fn phrase<'a>(stems: impl Iterator<Item = &'a Term>) -> Clause {
    Clause { any: vec![Phrase::new(stems.cloned().collect())] }
}

/// A stem, and how much it counts.
type Shared = (Term, u64);

impl Plan {
    /// Whether no words are searched for.
    pub(super) fn is_wordless(&self) -> bool {
        self.clauses.is_empty()
    }

    /// The clauses that are searched for, with their numbers.
    pub(super) fn clauses(&self) -> impl Iterator<Item = (usize, &QueryClause)> {
        let kept = self.frozen.kept.as_ref();
        self.clauses
            .iter()
            .enumerate()
            .filter(move |(number, _)| kept.is_none_or(|kept| kept.contains(number)))
    }

    /// The words that are left out, as they were understood.
    pub(super) fn left_out(&self) -> impl Iterator<Item = String> {
        let kept = self.frozen.kept.as_ref();
        let left_out = self.clauses.iter().enumerate();
        let left_out = left_out.filter(move |(at, _)| kept.is_some_and(|kept| !kept.contains(at)));
        left_out.flat_map(|(_, clause)| match clause {
            QueryClause::Word { token, .. } => vec![token.word.to_string()],
            QueryClause::Phrase(tokens) => {
                tokens.iter().map(|token| token.word.to_string()).collect()
            }
        })
    }

    /// What counts as a word, the word itself first.
    fn alternatives(&self, number: usize, clause: &QueryClause) -> Vec<Shared> {
        let QueryClause::Word { token, joined, .. } = clause else { return Vec::new() };
        if let Some(words) = of(&self.frozen.corrections, number) {
            let stems = words.iter().filter_map(stem_of);
            return stems.map(|stem| (stem, ONE)).collect();
        }
        let mut all = vec![(token.stem.clone(), ONE)];
        all.extend(joined.iter().map(|stem| (stem.clone(), ONE)));
        let completions = of(&self.frozen.completions, number).unwrap_or_default().iter();
        all.extend(completions.map(|stem| (stem.clone(), COMPLETION_SHARE)));
        all
    }

    /// The words that hits are scored by, each with what counts as it.
    pub(super) fn words(&self) -> Vec<Vec<Shared>> {
        self.clauses()
            .flat_map(|(number, clause)| match clause {
                QueryClause::Word { .. } => vec![self.alternatives(number, clause)],
                QueryClause::Phrase(tokens) => {
                    tokens.iter().map(|token| vec![(token.stem.clone(), ONE)]).collect()
                }
            })
            .collect()
    }

    /// Every stem that is searched for.
    pub(super) fn stems(&self) -> BTreeSet<Term> {
        self.words().into_iter().flatten().map(|(stem, _)| stem).collect()
    }

    /// The stems to count in hits, and the words that hits are scored by.
    pub(super) fn scoring(&self) -> (Vec<Term>, Vec<Unit>) {
        let mut stems: Vec<Term> = Vec::new();
        let weights = self.frozen.weights.iter().copied().chain(std::iter::repeat(0));
        let mut units = Vec::new();
        for (word, weight) in self.words().into_iter().zip(weights) {
            let mut unit = Unit { weight, stems: Vec::new() };
            for (stem, share) in word {
                let known = stems.iter().position(|known| *known == stem);
                let at = known.unwrap_or(stems.len());
                if known.is_none() {
                    stems.push(stem);
                }
                unit.stems.push((at, share));
            }
            units.push(unit);
        }
        (stems, units)
    }

    /// Filters and exclusions alone.
    pub(super) fn base(&self) -> Matching {
        self.base.clone()
    }

    /// One of the three lists.
    pub(super) fn tier(&self, tier: Tier) -> Matching {
        let mut matching = self.base();
        for (number, clause) in self.clauses() {
            let stems = self.alternatives(number, clause);
            let in_tier = |stems: Vec<Term>| {
                let labels = stems.iter().flat_map(|stem| match tier {
                    Tier::Name => [label::in_name(stem), None],
                    Tier::Tags => [label::in_name(stem), label::in_tags_only(stem)],
                    Tier::Anywhere => [Some(stem.clone()), None],
                });
                Clause { any: labels.flatten().map(Phrase::from).collect() }
            };
            match clause {
                QueryClause::Word { .. } => {
                    let stems = stems.into_iter().map(|(stem, _)| stem).collect();
                    matching.all.push(in_tier(stems));
                }
                QueryClause::Phrase(tokens) => {
                    if tier != Tier::Anywhere {
                        let each = tokens.iter().map(|token| in_tier(vec![token.stem.clone()]));
                        matching.all.extend(each);
                    }
                    matching.all.push(phrase(tokens.iter().map(|token| &token.stem)));
                }
            }
        }
        matching
    }

    /// What may be called as the whole query says. Whoever is found has to be compared.
    pub(super) fn called(&self) -> Option<Matching> {
        let name = self.name.as_ref().filter(|_| self.frozen.kept.is_none())?;
        if !self.frozen.corrections.is_empty() {
            return None;
        }
        let mut matching = self.base();
        matching.all.push(filter::clause(label::called(name)));
        for (_, clause) in self.clauses() {
            if let QueryClause::Word { token, joined, .. } = clause {
                matching.all.push(any_of([&token.stem].into_iter().chain(joined)));
            }
        }
        Some(matching)
    }
}

/// What belongs to a clause.
fn of(by_clause: &[(usize, Vec<Term>)], number: usize) -> Option<&[Term]> {
    by_clause.iter().find(|(at, _)| *at == number).map(|(_, terms)| terms.as_slice())
}

/// The stem of a word of the index.
pub(super) fn stem_of(word: &Term) -> Option<Term> {
    let text = crate::search::analysis::analyse(word.as_str(), 1);
    text.words.into_iter().next().map(|found| found.token.stem)
}
