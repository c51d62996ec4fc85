//! What is searched for instead, when nothing is found.

use std::cmp::Reverse;

use crate::error::Result;
use crate::port::{Hit, PageSize, Term, frequency_level};
use crate::search::analysis::single_edits;
use crate::search::query::QueryClause;

use super::plan::{Plan, stem_of};
use super::window::Ranks;
use crate::marketplace::Inner;

/// How many words may stand in for a misspelt one.
const CORRECTIONS: usize = 8;
/// How many words are corrected at most: a cursor holds them.
const MISSPELT: usize = 3;
/// How short a word is not corrected: almost any other would do.
const SHORTEST: usize = 3;

impl Inner {
    /// Searches for something near to a plan that found nothing, and says in the plan what that is.
    /// `None` when there is nothing near either.
    pub(super) async fn something_near(
        &self,
        plan: &mut Plan,
        size: PageSize,
    ) -> Result<Option<Ranks>> {
        if plan.is_wordless() {
            return Ok(None);
        }
        let asked = plan.frozen.clone();
        if let Some(found) = self.corrected(plan, size).await? {
            return Ok(Some(found));
        }
        let found = self.rarest(plan, size).await?;
        if found.is_none() {
            plan.frozen = asked;
        }
        Ok(found)
    }

    /// With words of the catalogue in place of those that nobody wrote.
    async fn corrected(&self, plan: &mut Plan, size: PageSize) -> Result<Option<Ranks>> {
        plan.frozen.corrections = self.corrections(plan).await?;
        if plan.frozen.corrections.is_empty() {
            return Ok(None);
        }
        self.weigh(plan).await?;
        let found = self.ranks(plan, None, size).await?;
        if found.ranks.is_empty() {
            return Ok(None);
        }
        if !plan.keep_found(&found.window) {
            return Ok(Some(found));
        }
        self.weigh(plan).await?;
        Ok(Some(self.ranks(plan, None, size).await?))
    }

    /// Words one edit away from those that no listing has, the most frequent first.
    async fn corrections(&self, plan: &Plan) -> Result<Vec<(usize, Vec<Term>)>> {
        let mut corrections = Vec::new();
        for (number, word) in plan.unheard_of() {
            if word.as_str().chars().count() < SHORTEST || corrections.len() == MISSPELT {
                continue;
            }
            let edits = single_edits(&word);
            let uses = self.indexed(self.store.words(&edits).await)?;
            let mut known: Vec<(u8, Term)> = edits
                .into_iter()
                .zip(uses)
                .filter(|(_, uses)| *uses > 0)
                .map(|(word, uses)| (frequency_level(uses), word))
                .collect();
            known.sort_by(|(level, word), (other, than)| {
                (Reverse(level), word).cmp(&(Reverse(other), than))
            });
            known.truncate(CORRECTIONS);
            if !known.is_empty() {
                corrections.push((number, known.into_iter().map(|(_, word)| word).collect()));
            }
        }
        Ok(corrections)
    }

    /// The two rarest words alone, or the rarest one.
    async fn rarest(&self, plan: &mut Plan, size: PageSize) -> Result<Option<Ranks>> {
        let clauses = plan.by_rarity();
        let all = plan.clauses().count();
        for few in [2, 1] {
            let Some(kept) = clauses.get(..few).filter(|_| few < all) else { continue };
            plan.frozen.kept = Some(kept.to_vec());
            self.weigh(plan).await?;
            let found = self.ranks(plan, None, size).await?;
            if !found.ranks.is_empty() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

impl Plan {
    /// The words that no listing has, nor any that completes or joins them.
    fn unheard_of(&self) -> Vec<(usize, Term)> {
        let weighed = self.clauses().zip(self.clause_weights());
        let unheard_of = weighed.filter(|(_, weight)| *weight == 0);
        unheard_of
            .filter_map(|((number, clause), _)| match clause {
                QueryClause::Word { token, .. } => Some((number, token.word.clone())),
                QueryClause::Phrase(_) => None,
            })
            .collect()
    }

    /// The clauses that some listing has, the rarest first.
    fn by_rarity(&self) -> Vec<usize> {
        let weighed = self.clauses().zip(self.clause_weights());
        let mut known: Vec<(u32, usize)> = weighed
            .map(|((number, _), weight)| (weight, number))
            .filter(|(weight, _)| *weight > 0)
            .collect();
        known.sort_by_key(|(weight, number)| (Reverse(*weight), *number));
        known.into_iter().map(|(_, number)| number).collect()
    }

    /// What each clause tells: nothing when one of its words is nowhere.
    fn clause_weights(&self) -> Vec<u32> {
        let mut weights = self.frozen.weights.iter().copied();
        let weigh = |(_, clause): (usize, &QueryClause)| {
            let words = match clause {
                QueryClause::Word { .. } => 1,
                QueryClause::Phrase(tokens) => tokens.len(),
            };
            let weights: Vec<u32> = weights.by_ref().take(words).collect();
            if weights.contains(&0) { 0 } else { weights.into_iter().max().unwrap_or_default() }
        };
        self.clauses().map(weigh).collect()
    }

    /// Leaves out the corrections that no hit of the window has; says whether there were any.
    fn keep_found(&mut self, window: &[Hit]) -> bool {
        let (stems, _) = self.scoring();
        let found: Vec<Term> = stems
            .into_iter()
            .enumerate()
            .filter(|(at, _)| {
                let counts =
                    |hit: &Hit| hit.counts.get(*at).is_some_and(|it| it.iter().any(|n| *n > 0));
                window.iter().any(counts)
            })
            .map(|(_, stem)| stem)
            .collect();
        let mut left_out = false;
        for (_, words) in &mut self.frozen.corrections {
            let before = words.len();
            words.retain(|word| stem_of(word).is_some_and(|stem| found.contains(&stem)));
            left_out |= words.len() < before;
        }
        left_out
    }
}
