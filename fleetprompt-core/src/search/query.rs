//! What somebody typed.

mod items;

use std::convert::Infallible;
use std::str::FromStr;

use serde::Serialize;

use crate::domain::{AssetKind, Handle, Tag};
use crate::port::{Term, Token};

use super::analysis::{Analysed, Text, analyse, is_half_a_pair, key};
use items::{Filter, Item, Operand, items};

/// What somebody typed, understood. Any text is a query, and nothing in it is an error.
///
/// | typed | means |
/// | --- | --- |
/// | `web scraper` | both words, in any order; the last one may be the beginning of a word, unless white space follows |
/// | `"web scraper"` | these words next to each other; what is not closed runs to the end |
/// | `-java`, `-"web scraper"` | without them |
/// | `kind:agent` | of this kind: `agent`, `workflow`, `spec` or `pack`, or an [`AssetKind`] as it is written |
/// | `tag:etl`, `publisher:acme` | with this [`Tag`], of the publisher with this [`Handle`] |
/// | `-kind:pack`, `-tag:etl`, `-publisher:acme` | without them |
///
/// Of several kinds one is enough, and of several publishers; of tags and words each counts.
///
/// What looks like one of these and is none (`kind:boat`) is words, and so is whatever else a
/// language of queries might know: `NOT`, `*`, parentheses. Case and diacritics make no difference,
/// nor does a connector: `web-scraper` also finds `webscraper`, and the other way round.
///
/// ```
/// use fleetprompt_core::search::Query;
/// let query = Query::parse("invoice \"line items\" -java kind:agent");
/// assert!(!query.is_empty() && !query.is_cut());
/// assert_eq!(query, Query::parse("INVOICE \"Line-Items\" -Java kind:whs_agent"));
/// assert!(Query::parse("kind:agent -java").is_empty(), "asks for no words");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Query {
    all: Vec<QueryClause>,
    none: Vec<QueryClause>,
    with: Filters,
    without: Filters,
    name_key: Option<String>,
    cut: bool,
}

/// Something that a text must, or must not, have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum QueryClause {
    /// A word: its stem, or if it is a prefix the words that begin with it; or else one of the stems
    /// of what it is a part of.
    Word { token: Token, joined: Vec<Term>, prefix: bool },
    /// Two or more words next to each other.
    Phrase(Vec<Token>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
struct Filters {
    kinds: Vec<AssetKind>,
    tags: Vec<Tag>,
    publishers: Vec<Handle>,
}

impl Filters {
    fn len(&self) -> usize {
        self.kinds.len() + self.tags.len() + self.publishers.len()
    }

    fn add(&mut self, filter: Filter) {
        match filter {
            Filter::Kind(kind) => add(&mut self.kinds, kind),
            Filter::Tag(tag) => add(&mut self.tags, tag),
            Filter::Publisher(handle) => add(&mut self.publishers, handle),
        }
    }
}

fn add<T: PartialEq>(to: &mut Vec<T>, item: T) {
    if !to.contains(&item) {
        to.push(item);
    }
}

impl Query {
    /// How much of a text is looked at, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 1_000;
    /// How many words and phrases are looked for, those to be without included; also the most words
    /// of a phrase, and the most filters.
    pub const MAX_CLAUSES: usize = 16;

    /// Understands a text.
    pub fn parse(text: &str) -> Self {
        let (looked_at, cut) = beginning(text);
        let mut query = Query { cut, ..Query::default() };
        let mut named = vec![];
        let mut items = items(looked_at).into_iter().peekable();
        while let Some(item) = items.next() {
            let typing =
                items.peek().is_none() && !cut && !looked_at.ends_with(char::is_whitespace);
            query.take(item, typing, &mut named);
        }
        if !query.cut {
            query.name_key = key(named.iter());
        }
        query
    }

    fn take(&mut self, item: Item<'_>, typing: bool, named: &mut Vec<Token>) {
        let (text, quoted) = match item.operand {
            Operand::Filter(filter) => return self.filter(filter, item.excluded),
            Operand::Words(text) => (text, false),
            Operand::Quoted(text) => (text, true),
        };
        let mut read = analyse(text, Self::MAX_CLAUSES + 1);
        if read.words.len() > Self::MAX_CLAUSES {
            read.words.truncate(Self::MAX_CLAUSES);
            self.cut = true;
        }
        if item.excluded {
            self.extend(excluded(&read), true);
            return;
        }
        named.extend(read.words.iter().map(|word| word.token.clone()));
        let clauses = match phrase(&read) {
            Some(phrase @ QueryClause::Phrase(_)) if quoted => vec![phrase],
            _ => words(&read, typing && !quoted),
        };
        self.extend(clauses, false);
    }

    fn filter(&mut self, filter: Filter, excluded: bool) {
        if self.with.len() + self.without.len() >= Self::MAX_CLAUSES {
            self.cut = true;
        } else if excluded {
            self.without.add(filter);
        } else {
            self.with.add(filter);
        }
    }

    fn extend(&mut self, clauses: Vec<QueryClause>, excluded: bool) {
        for clause in clauses {
            let full = self.all.len() + self.none.len() >= Self::MAX_CLAUSES;
            let list = if excluded { &mut self.none } else { &mut self.all };
            if list.contains(&clause) {
                continue;
            }
            if full {
                self.cut = true;
                return;
            }
            list.push(clause);
        }
    }

    /// What a text must have, each of it.
    pub(crate) fn all(&self) -> &[QueryClause] {
        &self.all
    }

    /// What a text must not have, none of it.
    pub(crate) fn none(&self) -> &[QueryClause] {
        &self.none
    }

    /// The kinds, one of which a listing must be, if there are any.
    pub(crate) fn kinds(&self) -> &[AssetKind] {
        &self.with.kinds
    }

    /// The tags, each of which a listing must have.
    pub(crate) fn tags(&self) -> &[Tag] {
        &self.with.tags
    }

    /// The publishers, one of which a listing must be of, if there are any.
    pub(crate) fn publishers(&self) -> &[Handle] {
        &self.with.publishers
    }

    /// The kinds that a listing must not be.
    pub(crate) fn without_kinds(&self) -> &[AssetKind] {
        &self.without.kinds
    }

    /// The tags that a listing must not have.
    pub(crate) fn without_tags(&self) -> &[Tag] {
        &self.without.tags
    }

    /// The publishers that a listing must not be of.
    pub(crate) fn without_publishers(&self) -> &[Handle] {
        &self.without.publishers
    }

    /// What a name would be compared by that is just what was typed, operators aside; `None` without
    /// words, and for a text that is longer than what is looked at.
    pub(crate) fn name_key(&self) -> Option<&str> {
        self.name_key.as_deref()
    }

    /// Whether it asks for no words. It may still say what to be without, and filter.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the text was longer than what is looked at; the rest makes no difference.
    ///
    /// ```
    /// use fleetprompt_core::search::Query;
    /// assert!(Query::parse(&"on and on ".repeat(1_000)).is_cut());
    /// ```
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

/// Never fails.
impl FromStr for Query {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Query::parse(text))
    }
}

/// What is looked at of a text, and whether that is less than all: whole words, if there are any.
fn beginning(text: &str) -> (&str, bool) {
    if text.len() <= Query::MAX_BYTES {
        return (text, false);
    }
    let beginning = text.get(..text.floor_char_boundary(Query::MAX_BYTES)).unwrap_or_default();
    (beginning.rsplit_once(char::is_whitespace).map_or(beginning, |(whole, _)| whole), true)
}

/// Each word, with what it may be a part of.
fn words(read: &Text, typing: bool) -> Vec<QueryClause> {
    let last = read.words.len().saturating_sub(1);
    let clause = |(at, word): (usize, &Analysed)| QueryClause::Word {
        token: word.token.clone(),
        joined: wholes(read, word).map(|whole| whole.token.stem.clone()).collect(),
        prefix: (typing && at == last) || is_half_a_pair(&word.token.word),
    };
    read.words.iter().enumerate().map(clause).collect()
}

/// What was put together from a word and its neighbours.
fn wholes<'a>(read: &'a Text, part: &Analysed) -> impl Iterator<Item = &'a Analysed> {
    let part = part.span.clone();
    let contains = move |of: &&Analysed| of.span.start <= part.start && part.end <= of.span.end;
    let larger = |of: &&Analysed| read.words.iter().all(|word| word.span != of.span);
    read.joined.iter().filter(contains).filter(larger)
}

/// The words as they stand.
fn phrase(read: &Text) -> Option<QueryClause> {
    match read.words.as_slice() {
        [] => None,
        [Analysed { token, .. }] => {
            Some(QueryClause::Word { token: token.clone(), joined: vec![], prefix: false })
        }
        words => Some(QueryClause::Phrase(words.iter().map(|word| word.token.clone()).collect())),
    }
}

/// The words as they stand, and put together if they are one identifier.
fn excluded(read: &Text) -> Vec<QueryClause> {
    let [first, .., last] = read.words.as_slice() else {
        return phrase(read).into_iter().collect();
    };
    let whole = first.span.start..last.span.end;
    let together = read.joined.iter().find(|joined| joined.span == whole);
    let together = together.map(|joined| QueryClause::Word {
        token: joined.token.clone(),
        joined: vec![],
        prefix: false,
    });
    phrase(read).into_iter().chain(together).collect()
}

#[cfg(test)]
mod tests;
