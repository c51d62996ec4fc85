//! The search index in memory: every question is put to every entry.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;

use crate::domain::Position;
use crate::port::{
    Find, Frequencies, Hit, IndexEntry, LabelCount, List, Matching, PageSize, Rank, Record,
    SearchIndex, Shelf, ShelfKey, ShelfOrder, StoreFuture, StoredEntry, Tally, TallyRequest, Term,
    Token, Versioned, frequency_level, head,
};

use super::MemoryStore;

/// The entries, by the position that created their listing.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries(BTreeMap<Position, IndexEntry>);

impl Entries {
    pub(super) fn set(&mut self, ordinal: Position, entry: Option<IndexEntry>) {
        match entry {
            Some(entry) => drop(self.0.insert(ordinal, entry)),
            None => drop(self.0.remove(&ordinal)),
        }
    }

    /// The entries behind `after`, in the order of their listings' creation.
    pub(super) fn behind(&self, after: Position) -> impl Iterator<Item = StoredEntry> + '_ {
        let behind = self.0.range(after.next()..);
        behind.map(|(ordinal, entry)| StoredEntry { ordinal: *ordinal, entry: entry.clone() })
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What matches, the best first.
    fn matching(&self, matching: &Matching) -> Vec<(Rank, &IndexEntry)> {
        let entries = self.0.iter().filter(|(_, entry)| entry.satisfies(matching));
        let ranked = entries.map(|(ordinal, entry)| (Rank::new(entry.quality, *ordinal), entry));
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked
    }

    fn list(&self, list: &List, weigh: &[Term]) -> Vec<Hit> {
        self.matching(&list.matching)
            .into_iter()
            .filter(|(rank, _)| list.after.is_none_or(|after| *rank > after))
            .filter(|(rank, _)| list.until.is_none_or(|until| *rank <= until))
            .take(list.limit.into())
            .map(|(rank, entry)| Hit {
                rank,
                lengths: entry.lengths(),
                counts: weigh.iter().map(|stem| entry.occurrences(stem)).collect(),
            })
            .collect()
    }

    fn tally(&self, request: &TallyRequest) -> Tally {
        let most = usize::try_from(request.most).unwrap_or(usize::MAX);
        let all = self.matching(&request.matching);
        let counted = all.get(..most).unwrap_or(&all);
        let labels = request.classes.iter().map(|(class, top)| {
            // In the order in which the matches carry them, and so are ties.
            let mut counts: Vec<LabelCount> = Vec::new();
            for (_, entry) in counted {
                for label in &entry.labels {
                    if label.class() != Some(class.to_string().as_str()) {
                        continue;
                    }
                    match counts.iter_mut().find(|count| count.label == *label) {
                        Some(count) => count.matches += 1,
                        None => counts.push(LabelCount { label: label.clone(), matches: 1 }),
                    }
                }
            }
            counts.sort_by_key(|count| std::cmp::Reverse(count.matches));
            counts.truncate((*top).into());
            counts
        });
        Tally {
            matches: u32::try_from(counted.len()).unwrap_or(u32::MAX),
            more: all.len() > counted.len(),
            labels: labels.collect(),
        }
    }

    fn shelf(&self, shelf: &Shelf) -> Vec<ShelfKey> {
        let mut all = self.matching(&shelf.matching);
        match shelf.order {
            ShelfOrder::Newest => all.sort_by_key(|(rank, _)| std::cmp::Reverse(rank.ordinal())),
            ShelfOrder::Released => all.sort_by_key(|(rank, entry)| {
                std::cmp::Reverse((entry.released_at, rank.ordinal()))
            }),
            ShelfOrder::Name => all.sort_by(|(rank, entry), (other, than)| {
                (&entry.sort_name, rank.ordinal()).cmp(&(&than.sort_name, other.ordinal()))
            }),
        }
        let keys = all.into_iter().map(|(rank, entry)| match shelf.order {
            ShelfOrder::Newest => ShelfKey::Newest(rank.ordinal()),
            ShelfOrder::Released => ShelfKey::Released(entry.released_at, rank.ordinal()),
            ShelfOrder::Name => ShelfKey::Name(entry.sort_name.clone(), rank.ordinal()),
        });
        keys.filter(|key| shelf.after.as_ref().is_none_or(|after| behind(key, after)))
            .take(shelf.size.get().into())
            .collect()
    }

    fn frequencies(&self, terms: &[Term]) -> Frequencies {
        let counts = self.uses(IndexEntry::terms);
        let counts = terms.iter().map(|term| counts.get(term).copied().unwrap_or_default());
        Frequencies { entries: self.0.len() as u64, counts: counts.collect() }
    }

    fn words(&self, words: &[Term]) -> Vec<u64> {
        let counts = self.uses(|entry| entry.words().iter().map(|token| &token.word).collect());
        words.iter().map(|word| counts.get(word).copied().unwrap_or_default()).collect()
    }

    /// In how many entries each thing is.
    fn uses<'a, T: Ord>(
        &'a self,
        of: impl Fn(&'a IndexEntry) -> BTreeSet<&'a T>,
    ) -> BTreeMap<&'a T, u64> {
        let mut uses = BTreeMap::new();
        for thing in self.0.values().flat_map(of) {
            *uses.entry(thing).or_default() += 1;
        }
        uses
    }

    fn completions(&self, prefix: &Term, limit: u16) -> Vec<Token> {
        if head(prefix.as_str()).is_none() {
            return Vec::new();
        }
        let mut found: Vec<_> = self.uses(IndexEntry::words).into_iter().collect();
        found.retain(|(token, _)| token.word.as_str().starts_with(prefix.as_str()));
        found.sort_by_key(|(token, uses)| (std::cmp::Reverse(frequency_level(*uses)), *token));
        found.into_iter().take(limit.into()).map(|(token, _)| token.clone()).collect()
    }
}

fn behind(key: &ShelfKey, after: &ShelfKey) -> bool {
    match (key, after) {
        (ShelfKey::Newest(key), ShelfKey::Newest(after)) => key < after,
        (ShelfKey::Released(at, key), ShelfKey::Released(then, after)) => (at, key) < (then, after),
        (ShelfKey::Name(name, key), ShelfKey::Name(last, after)) => (name, key) > (last, after),
        _ => false,
    }
}

impl SearchIndex for MemoryStore {
    fn find<'a>(&'a self, find: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>> {
        let state = self.state();
        let lists = find.each(|list| Ok(state.index.list(list, &find.weigh)));
        Box::pin(ready(lists))
    }

    fn tally<'a>(&'a self, request: &'a TallyRequest) -> StoreFuture<'a, Tally> {
        Box::pin(ready(Ok(self.state().index.tally(request))))
    }

    fn shelf<'a>(&'a self, shelf: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>> {
        Box::pin(ready(Ok(self.state().index.shelf(shelf))))
    }

    fn frequencies<'a>(&'a self, terms: &'a [Term]) -> StoreFuture<'a, Frequencies> {
        Box::pin(ready(Ok(self.state().index.frequencies(terms))))
    }

    fn words<'a>(&'a self, words: &'a [Term]) -> StoreFuture<'a, Vec<u64>> {
        Box::pin(ready(Ok(self.state().index.words(words))))
    }

    fn completions<'a>(&'a self, prefix: &'a Term, limit: u16) -> StoreFuture<'a, Vec<Token>> {
        Box::pin(ready(Ok(self.state().index.completions(prefix, limit))))
    }

    fn listings<'a>(
        &'a self,
        ordinals: &'a [Position],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        let state = self.state();
        let listings = state.records.values().filter(|row| matches!(row.value, Record::Listing(_)));
        let by_creation: BTreeMap<_, _> = listings.map(|row| (row.created, row)).collect();
        let found =
            ordinals.iter().map(|ordinal| by_creation.get(ordinal).map(|row| (*row).clone()));
        Box::pin(ready(Ok(found.collect())))
    }

    fn entries(&self, after: Position, size: PageSize) -> StoreFuture<'_, Vec<StoredEntry>> {
        let state = self.state();
        let stored = state.index.behind(after).take(size.get().into()).collect();
        Box::pin(ready(Ok(stored)))
    }
}
