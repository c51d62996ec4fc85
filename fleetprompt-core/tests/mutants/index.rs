//! Stores whose search index breaks one rule each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fleetprompt_core::domain::{ListingId, Position};
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::{
    Change, Clause, Commit, Committed, Find, Frequencies, Hit, IndexEntry, LabelCount, List,
    Matching, PageSize, Phrase, Quality, Run, SearchIndex, Shelf, ShelfKey, Store, StoredEntry,
    Tally, TallyRequest, Term, Token,
};
use pollster::block_on;

use super::{Answer, Break};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The entries that a commit sets.
fn set(commit: &mut Commit) -> impl Iterator<Item = (ListingId, &mut IndexEntry)> {
    commit.changes.iter_mut().filter_map(|change| match change {
        Change::Index { listing, entry: Some(entry) } => Some((*listing, &mut **entry)),
        _ => None,
    })
}

/// The question, asked about other matches.
fn asked(find: &Find, matching: impl Fn(&Matching) -> Matching) -> Find {
    let lists = find.lists.iter();
    let lists = lists.map(|list| List { matching: matching(&list.matching), ..list.clone() });
    Find { lists: lists.collect(), weigh: find.weigh.clone() }
}

/// Words of entries that are gone are still there.
#[derive(Default)]
pub(crate) struct ForgetsToRemoveWords(Mutex<BTreeSet<Token>>);

impl Break for ForgetsToRemoveWords {
    fn commit(&self, inner: &MemoryStore, mut commit: Commit) -> Answer<Committed> {
        for (_, entry) in set(&mut commit) {
            lock(&self.0).extend(entry.words().into_iter().cloned());
        }
        block_on(inner.commit(commit))
    }

    fn completions(&self, inner: &MemoryStore, prefix: &Term, limit: u16) -> Answer<Vec<Token>> {
        let mut found = block_on(inner.completions(prefix, limit))?;
        let known = lock(&self.0);
        let begins = known.iter().filter(|token| token.word.as_str().starts_with(prefix.as_str()));
        let gone: Vec<Token> = begins.filter(|token| !found.contains(token)).cloned().collect();
        found.extend(gone);
        found.truncate(limit.into());
        Ok(found)
    }
}

/// A word is counted up and never down.
#[derive(Default)]
pub(crate) struct CountsUpOnly(Mutex<BTreeMap<Term, u64>>);

impl Break for CountsUpOnly {
    fn words(&self, inner: &MemoryStore, words: &[Term]) -> Answer<Vec<u64>> {
        let mut most = lock(&self.0);
        let counts = block_on(inner.words(words))?;
        let counts = words.iter().zip(counts).map(|(word, count)| {
            let most = most.entry(word.clone()).or_default();
            *most = count.max(*most);
            *most
        });
        Ok(counts.collect())
    }
}

/// Frequencies are those of when they were first asked for.
#[derive(Default)]
pub(crate) struct StaleFrequencies(Mutex<BTreeMap<Vec<Term>, Frequencies>>);

impl Break for StaleFrequencies {
    fn frequencies(&self, inner: &MemoryStore, terms: &[Term]) -> Answer<Frequencies> {
        let now = block_on(inner.frequencies(terms))?;
        Ok(lock(&self.0).entry(terms.to_vec()).or_insert(now).clone())
    }
}

/// Frequencies say how often a term occurs, and not in how many entries.
#[derive(Default)]
pub(crate) struct CountsOccurrences;

impl Break for CountsOccurrences {
    fn frequencies(&self, inner: &MemoryStore, terms: &[Term]) -> Answer<Frequencies> {
        let mut found = block_on(inner.frequencies(terms))?;
        for entry in block_on(inner.entries(Position::START, PageSize::MAX))? {
            for (term, count) in terms.iter().zip(&mut found.counts) {
                let times: u16 = entry.entry.occurrences(term).iter().sum();
                *count += u64::from(times.saturating_sub(1));
            }
        }
        Ok(found)
    }
}

/// A list goes on behind the rank that it should end at.
#[derive(Default)]
pub(crate) struct IgnoresUntil;

impl Break for IgnoresUntil {
    fn find(&self, inner: &MemoryStore, find: &Find) -> Answer<Vec<Vec<Hit>>> {
        let mut find = find.clone();
        find.lists.iter_mut().for_each(|list| list.until = None);
        block_on(inner.find(&find))
    }
}

/// Lists are read that are in the next one whole.
#[derive(Default)]
pub(crate) struct ReadsEveryList;

impl Break for ReadsEveryList {
    fn find(&self, inner: &MemoryStore, find: &Find) -> Answer<Vec<Vec<Hit>>> {
        let mut find = find.clone();
        find.lists.iter_mut().for_each(|list| list.within_next = false);
        block_on(inner.find(&find))
    }
}

/// All lists of a question share one limit.
#[derive(Default)]
pub(crate) struct SharesTheLimit;

impl Break for SharesTheLimit {
    fn find(&self, inner: &MemoryStore, find: &Find) -> Answer<Vec<Vec<Hit>>> {
        let mut left = find.lists.iter().map(|list| list.limit).max().unwrap_or_default().into();
        let mut lists = block_on(inner.find(find))?;
        for hits in &mut lists {
            hits.truncate(left);
            left -= hits.len();
        }
        Ok(lists)
    }
}

/// What is excluded is found all the same where it is more than one term.
#[derive(Default)]
pub(crate) struct ExcludesTermsOnly;

impl Break for ExcludesTermsOnly {
    fn find(&self, inner: &MemoryStore, find: &Find) -> Answer<Vec<Vec<Hit>>> {
        let term = |phrase: &Phrase| phrase.terms().len() < 2;
        let find = asked(find, |matching| {
            let mut matching = matching.clone();
            matching.none.retain(|clause| clause.any.iter().all(term));
            matching
        });
        block_on(inner.find(&find))
    }
}

/// A clause without alternatives keeps nothing out.
#[derive(Default)]
pub(crate) struct SkipsEmptyClauses;

impl Break for SkipsEmptyClauses {
    fn find(&self, inner: &MemoryStore, find: &Find) -> Answer<Vec<Vec<Hit>>> {
        let find = asked(find, |matching| {
            let mut matching = matching.clone();
            matching.all.retain(|clause| *clause != Clause::default());
            matching
        });
        block_on(inner.find(&find))
    }
}

/// Terms are looked up in lower case, and so are not those that were meant.
#[derive(Default)]
pub(crate) struct FoldsTerms;

impl Break for FoldsTerms {
    fn find(&self, inner: &MemoryStore, find: &Find) -> Answer<Vec<Vec<Hit>>> {
        let fold = |term: &Term| term.as_str().to_ascii_lowercase().parse().unwrap_or(term.clone());
        let fold = |phrase: &Phrase| Phrase::new(phrase.terms().iter().map(fold).collect());
        let fold = |clause: &Clause| Clause { any: clause.any.iter().map(fold).collect() };
        let find = asked(find, |matching| Matching {
            all: matching.all.iter().map(fold).collect(),
            ..matching.clone()
        });
        block_on(inner.find(&find))
    }
}

/// Phrases run on from one run to the next of the same field.
#[derive(Default)]
pub(crate) struct CrossesRuns;

impl Break for CrossesRuns {
    fn commit(&self, inner: &MemoryStore, mut commit: Commit) -> Answer<Committed> {
        for (_, entry) in set(&mut commit) {
            let mut joined: Vec<Run> = Vec::new();
            for run in std::mem::take(&mut entry.runs) {
                match joined.iter_mut().find(|other| other.field == run.field) {
                    Some(other) => other.tokens.extend(run.tokens),
                    None => joined.push(run),
                }
            }
            entry.runs = joined;
        }
        block_on(inner.commit(commit))
    }
}

/// A listing keeps the rank of its first entry.
#[derive(Default)]
pub(crate) struct KeepsTheRank(Mutex<BTreeMap<ListingId, Quality>>);

impl Break for KeepsTheRank {
    fn commit(&self, inner: &MemoryStore, mut commit: Commit) -> Answer<Committed> {
        for (listing, entry) in set(&mut commit) {
            entry.quality = *lock(&self.0).entry(listing).or_insert(entry.quality);
        }
        block_on(inner.commit(commit))
    }
}

/// A refused commit sets its entries.
#[derive(Default)]
pub(crate) struct IndexesTheRefused;

impl Break for IndexesTheRefused {
    fn commit(&self, inner: &MemoryStore, commit: Commit) -> Answer<Committed> {
        let mut changes = commit.changes.clone();
        changes.retain(|change| matches!(change, Change::Index { .. }));
        let answer = block_on(inner.commit(commit))?;
        if matches!(answer, Committed::Refused(_)) {
            let half = Commit { receipt: None, expectations: vec![], changes, events: vec![] };
            block_on(inner.commit(half))?;
        }
        Ok(answer)
    }
}

/// Of labels with the same count that comes first which sorts first.
#[derive(Default)]
pub(crate) struct BreaksTiesByLabel;

impl Break for BreaksTiesByLabel {
    fn tally(&self, inner: &MemoryStore, request: &TallyRequest) -> Answer<Tally> {
        let all = request.classes.iter().map(|(class, _)| (*class, u16::MAX)).collect();
        let mut tally = block_on(inner.tally(&TallyRequest { classes: all, ..request.clone() }))?;
        for (labels, (_, top)) in tally.labels.iter_mut().zip(&request.classes) {
            let key = |count: &LabelCount| (std::cmp::Reverse(count.matches), count.label.clone());
            labels.sort_by_key(key);
            labels.truncate((*top).into());
        }
        Ok(tally)
    }
}

/// A shelf goes on behind all that has the last one's name or time.
#[derive(Default)]
pub(crate) struct SkipsTies;

impl Break for SkipsTies {
    fn shelf(&self, inner: &MemoryStore, shelf: &Shelf) -> Answer<Vec<ShelfKey>> {
        let same = |key: &ShelfKey| match (key, &shelf.after) {
            (ShelfKey::Name(one, _), Some(ShelfKey::Name(other, _))) => one == other,
            (ShelfKey::Released(one, _), Some(ShelfKey::Released(other, _))) => one == other,
            _ => false,
        };
        let mut keys = block_on(inner.shelf(&Shelf { size: PageSize::MAX, ..shelf.clone() }))?;
        keys.retain(|key| !same(key));
        keys.truncate(shelf.size.get().into());
        Ok(keys)
    }
}

/// Of all completions the first in byte order are ranked, and not the most frequent.
#[derive(Default)]
pub(crate) struct CompletesInByteOrder;

impl Break for CompletesInByteOrder {
    fn completions(&self, inner: &MemoryStore, prefix: &Term, limit: u16) -> Answer<Vec<Token>> {
        let ranked = block_on(inner.completions(prefix, u16::MAX))?;
        let mut first = ranked.clone();
        first.sort();
        first.truncate(limit.into());
        Ok(ranked.into_iter().filter(|token| first.contains(token)).collect())
    }
}

/// Labels are counted as words.
#[derive(Default)]
pub(crate) struct TakesLabelsForWords;

impl Break for TakesLabelsForWords {
    fn words(&self, inner: &MemoryStore, words: &[Term]) -> Answer<Vec<u64>> {
        let counts = block_on(inner.words(words))?;
        let labels = block_on(inner.frequencies(words))?.counts;
        let counts = words.iter().zip(counts.into_iter().zip(labels));
        let counts = counts.map(|(word, (written, label))| match word.class() {
            Some(_) => label,
            None => written,
        });
        Ok(counts.collect())
    }
}

/// Equal runs of an entry are kept once.
#[derive(Default)]
pub(crate) struct KeepsEqualRunsOnce;

impl Break for KeepsEqualRunsOnce {
    fn entries(&self, mut entries: Vec<StoredEntry>) -> Vec<StoredEntry> {
        entries.iter_mut().for_each(|stored| stored.entry.runs.dedup());
        entries
    }
}
