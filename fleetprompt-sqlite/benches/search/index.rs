//! Asking the index itself, as the marketplace does before it reads what it found.

use fleetprompt_core::port::{
    Clause, Find, Hit, List, Matching, Rank, SearchIndex as _, TallyRequest, Term,
};
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;

use crate::question::Question;

/// How many are read of each list that is ranked, and how many make a page.
const LIST: u16 = 50;
const PAGE: u16 = 20;
const COMPLETIONS: u16 = 16;

/// What the marketplace asks for its first page: matches in the name, in name or tags, anywhere.
pub(crate) fn first_page(store: &SqliteStore, question: &Question) -> usize {
    let lists = lists(store, question);
    let weigh = question.stems();
    let last = lists.len().saturating_sub(1);
    let lists = lists.into_iter().enumerate();
    let lists = lists.map(|(at, all)| List { within_next: at < last, ..List::best(all, LIST) });
    let find = Find { lists: lists.collect(), weigh };
    let found = block_on(store.find(&find)).unwrap();
    found.last().map_or(0, Vec::len).min(PAGE.into())
}

/// The page behind a rank.
pub(crate) fn page(store: &SqliteStore, matching: Matching, after: Option<Rank>) -> Vec<Hit> {
    let find = Find { lists: vec![list(matching, after, PAGE)], weigh: Vec::new() };
    block_on(store.find(&find)).unwrap().into_iter().flatten().collect()
}

/// The rank of the match at `place`, counted from 0.
pub(crate) fn rank_at(store: &SqliteStore, matching: &Matching, place: u64) -> Option<Rank> {
    let mut left = place;
    let mut after = None;
    loop {
        let size = u16::try_from(left + 1).unwrap_or(u16::MAX);
        let find = Find { lists: vec![list(matching.clone(), after, size)], weigh: Vec::new() };
        let found = block_on(store.find(&find)).unwrap().pop()?;
        if found.len() < size.into() {
            return None;
        }
        after = found.last().map(|hit| hit.rank);
        left = match left.checked_sub(u64::from(size)) {
            Some(left) => left,
            None => return after,
        };
    }
}

/// Every match, with the counts of the stems.
pub(crate) fn all(store: &SqliteStore, matching: &Matching, weigh: &[Term]) -> Vec<Hit> {
    const TOGETHER: u16 = 10_000;
    let mut hits: Vec<Hit> = Vec::new();
    loop {
        let after = hits.last().map(|hit| hit.rank);
        let lists = vec![list(matching.clone(), after, TOGETHER)];
        let found = block_on(store.find(&Find { lists, weigh: weigh.to_vec() })).unwrap();
        let read = hits.len();
        hits.extend(found.into_iter().flatten());
        if hits.len() - read < TOGETHER.into() {
            return hits;
        }
    }
}

/// The totals and facets of a question.
pub(crate) fn tally(store: &SqliteStore, question: &Question) -> usize {
    let classes = vec![('k', 8), ('c', 20), ('t', 20), ('b', 8)];
    let matching = lists(store, question).pop().unwrap_or_default();
    let tally = block_on(store.tally(&TallyRequest { matching, most: 1_000, classes })).unwrap();
    usize::try_from(tally.matches).unwrap()
}

/// What matches in the name, in name or tags, and anywhere. Without a word, only the last.
fn lists(store: &SqliteStore, question: &Question) -> Vec<Matching> {
    let mut anywhere = question.matching();
    let completed = question.prefix.as_ref().map(|prefix| completions(store, prefix));
    if let Some(stems) = &completed {
        anywhere.all.push(Clause { any: stems.iter().cloned().map(Into::into).collect() });
    }
    let words = question.stems().into_iter().map(|stem| vec![stem]).chain(completed);
    let words: Vec<Vec<Term>> = words.collect();
    if words.is_empty() {
        return vec![anywhere];
    }
    let within = |classes: &str| {
        let words = words.iter().map(|stems| Clause {
            any: classes
                .chars()
                .flat_map(|class| stems.iter().map(move |stem| format!("{class}:{stem}")))
                .map(|label| label.parse::<Term>().unwrap().into())
                .collect(),
        });
        Matching { all: words.chain(question.labels()).collect(), ..Matching::default() }
    };
    vec![within("n"), within("ng"), anywhere]
}

/// The stems of the words that begin so.
fn completions(store: &SqliteStore, prefix: &str) -> Vec<Term> {
    let prefix: Term = prefix.parse().unwrap();
    let tokens = block_on(store.completions(&prefix, COMPLETIONS)).unwrap();
    let mut stems: Vec<Term> = tokens.into_iter().map(|token| token.stem).collect();
    stems.push(prefix);
    stems.sort();
    stems.dedup();
    stems
}

fn list(matching: Matching, after: Option<Rank>, limit: u16) -> List {
    List { after, ..List::best(matching, limit) }
}
