//! Random entries of a search index, and random questions about them.
//!
//! There are few words, labels, qualities, times and names, so that entries share them, and many
//! of them are traps: what a query language would take for its own, what differs in case or in
//! composition alone, and prefixes of one another.

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::samples;
use super::support::wait;
use crate::domain::{Position, Timestamp};
use crate::port::{
    Clause, Field, Find, Frequencies, Hit, IndexEntry, List, Matching, PageSize, Phrase, Quality,
    Rank, Record, Run, Shelf, ShelfKey, ShelfOrder, Store, StoredEntry, TERM_MAX_BYTES, Tally,
    TallyRequest, Term, Token, Versioned,
};

/// How many listings a catalogue has seen: questions about positions go a little further.
const ORDINALS: u64 = 40;

/// Words that many entries have, each with its stem.
const COMMON: &[&str] =
    &["agent", "agents/agent", "web", "webs/web", "scraper", "scrapers/scraper", "検索", "索引"];

/// Words that few have.
const RARE: &[&str] = &[
    // Heads and prefixes that are shared; a word with two stems; a stem that is another word.
    "ag",
    "agenda",
    "a",
    "we",
    "weba",
    "agents",
    "scraping/scrape",
    "scrape",
    "検",
    "検査",
    "검색",
    // Case, composition, marks, characters beyond 16 bits.
    "Agent",
    "AGENT",
    "ß",
    "ss",
    "é",
    "e\u{301}",
    "\u{301}",
    "été",
    "🦀",
    "🦀🦀",
    "𝒜gent",
    "İ",
    "ı",
    "\u{200d}",
    "\u{feff}",
    "\u{10ffff}",
    "a\u{301}",
    "ａｇ",
    // What query languages and tables are made of.
    "AND",
    "and",
    "OR",
    "NOT",
    "NEAR",
    "near/near",
    "NULL",
    "*",
    "ag*",
    "'",
    "''",
    "--",
    ";",
    "^",
    "^ag",
    "{}",
    "{name}",
    "(",
    ")",
    "+",
    "-web",
    "%",
    "_",
    "a%",
    "\\",
    "$1",
    "?",
    "?1",
    "@p",
    "#",
    "`",
    "[ag]",
    "rowid",
    "rank",
    "term",
    "entry",
    "name",
    "listing",
    "stem",
    "0",
    "00",
    "1e3",
];

/// Labels of all classes.
const LABELS: &[&str] = &[
    "k:a",
    "k:b",
    "k:c",
    "k:A",
    "K:a",
    "c:ai",
    "c:data",
    "t:a",
    "t:b",
    "t:c",
    "t:c++",
    "t:'",
    "t:",
    "t:a:b",
    "b:x",
    "p:0",
    "s:whs",
    "f:free",
    "y:2026",
    "m:2026-01",
    "n:agent",
    "n:web",
    "n:検索",
    "g:scraper",
    "h:agent",
    "x:00ff",
    "x:agent",
    "n:--",
    "n:*",
    "n:AND",
    "t:🦀",
];

fn term(text: &str) -> Term {
    text.parse().unwrap()
}

/// A word; `word/stem` if the stem is another.
pub(super) fn token(text: &str) -> Token {
    let parts = text.split_once('/').filter(|(word, _)| !word.is_empty());
    let (word, stem) = parts.unwrap_or((text, text));
    Token { word: term(word), stem: term(stem) }
}

/// All words, the longest ones too.
fn vocabulary() -> Vec<Token> {
    let longest = ["x".repeat(TERM_MAX_BYTES), "語".repeat(TERM_MAX_BYTES / 3)];
    let longest = longest.iter().map(|word| token(word));
    COMMON.iter().chain(RARE).map(|word| token(word)).chain(longest).collect()
}

fn any_token() -> impl Strategy<Value = Token> {
    let common: Vec<Token> = COMMON.iter().map(|word| token(word)).collect();
    prop_oneof![3 => select(common), 2 => select(vocabulary())]
}

fn any_stem() -> impl Strategy<Value = Term> {
    any_token().prop_map(|token| token.stem)
}

fn any_label() -> impl Strategy<Value = Term> {
    select(LABELS).prop_map(term)
}

/// Whatever may be asked about: also what no entry has, and words that are no stems.
fn any_term() -> impl Strategy<Value = Term> {
    prop_oneof![
        6 => any_stem(),
        4 => any_label(),
        1 => any_token().prop_map(|token| token.word),
        1 => select(vec!["nothing", "k:nothing", "z:", ":", "n:agents", "age"]).prop_map(term),
    ]
}

fn any_quality() -> impl Strategy<Value = Quality> {
    select(vec![0, 1, 2, 2_000, 4_095]).prop_map(Quality::new)
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (0..4_u64).prop_map(samples::time),
        1 => Just(Timestamp::MIN),
        1 => Just(Timestamp::MAX),
    ]
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => select(vec!["", "a", "a a", "alike"]).prop_map(str::to_owned),
        1 => select(samples::TEXTS).prop_map(str::to_owned),
    ]
}

/// Any entry.
pub(super) fn any_entry() -> impl Strategy<Value = IndexEntry> {
    let run = (select(Field::ALL), vec(any_token(), 0..7));
    let runs = vec(run.prop_map(|(field, tokens)| Run { field, tokens }), 0..6);
    let labels = btree_set(any_label(), 0..9);
    (0..3_u16, any_quality(), any_time(), any_name(), runs, labels).prop_map(
        |(version, quality, released_at, sort_name, runs, labels)| IndexEntry {
            version,
            quality,
            released_at,
            sort_name,
            runs,
            labels,
        },
    )
}

/// Anything that may be asked for.
fn any_matching() -> impl Strategy<Value = Matching> {
    let phrase = prop_oneof![
        6 => any_term().prop_map(Phrase::from),
        3 => vec(any_stem(), 2..4).prop_map(Phrase::new),
        1 => vec(any_term(), 0..4).prop_map(Phrase::new),
    ];
    let clause = prop_oneof![
        6 => vec(phrase.clone(), 1..=1),
        4 => vec(phrase.clone(), 2..5),
        1 => vec(phrase, 0..2),
    ];
    let clause = clause.prop_map(|any| Clause { any });
    let none = prop_oneof![2 => Just(Vec::new()), 1 => vec(clause.clone(), 1..3)];
    (vec(clause, 0..3), none, weighted(0.2, any_time())).prop_map(|(all, none, since)| Matching {
        all,
        none,
        since,
    })
}

fn any_rank() -> impl Strategy<Value = Rank> {
    (any_quality(), 0..ORDINALS)
        .prop_map(|(quality, ordinal)| Rank::new(quality, Position::new(ordinal)))
}

fn any_find() -> impl Strategy<Value = Find> {
    let limit = select(vec![0, 1, 2, 3, 50, u16::MAX]);
    let end = || weighted(0.3, any_rank());
    let list = (any_matching(), end(), end(), limit, proptest::bool::weighted(0.3));
    let list = list.prop_map(|(matching, after, until, limit, within_next)| List {
        matching,
        after,
        until,
        limit,
        within_next,
    });
    let weigh = prop_oneof![1 => Just(Vec::new()), 2 => vec(any_term(), 1..5)];
    (vec(list, 0..5), weigh).prop_map(|(lists, weigh)| Find { lists, weigh })
}

fn any_tally() -> impl Strategy<Value = TallyRequest> {
    let most = select(vec![0, 1, 2, 5, 1_000, u32::MAX]);
    let class = select(vec!['k', 'K', 'c', 't', 'b', 'n', 'x', 'z']);
    let classes = vec((class, select(vec![0, 1, 2, 3, u16::MAX])), 0..4);
    (any_matching(), most, classes).prop_map(|(matching, most, classes)| TallyRequest {
        matching,
        most,
        classes,
    })
}

fn any_shelf_key() -> impl Strategy<Value = ShelfKey> {
    let ordinal = || (0..ORDINALS).prop_map(Position::new);
    prop_oneof![
        ordinal().prop_map(ShelfKey::Newest),
        (any_time(), ordinal()).prop_map(|(at, ordinal)| ShelfKey::Released(at, ordinal)),
        (any_name(), ordinal()).prop_map(|(name, ordinal)| ShelfKey::Name(name, ordinal)),
    ]
}

const ORDERS: [ShelfOrder; 3] = [ShelfOrder::Newest, ShelfOrder::Released, ShelfOrder::Name];

fn any_prefix() -> impl Strategy<Value = Term> {
    (any_token(), 1..4_usize).prop_filter_map("a prefix", |(token, length)| {
        token.word.as_str().chars().take(length).collect::<String>().parse().ok()
    })
}

/// Something to ask of an index.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Find(Find),
    Tally(TallyRequest),
    /// One page.
    Shelf(Shelf),
    /// All pages, to the end of the list.
    Shelves(Shelf),
    Frequencies(Vec<Term>),
    Words(Vec<Term>),
    Completions(Term, u16),
    Listings(Vec<Position>),
    Entries(Position, PageSize),
}

/// What an index says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Hits(Vec<Vec<Hit>>),
    Tally(Tally),
    Shelf(Vec<ShelfKey>),
    Frequencies(Frequencies),
    Counts(Vec<u64>),
    Tokens(Vec<Token>),
    Listings(Vec<Option<Versioned<Record>>>),
    Entries(Vec<StoredEntry>),
}

/// Any question.
pub(super) fn any_question() -> impl Strategy<Value = Question> {
    let size = || select(vec![1, 2, 3, 7, 200]).prop_map(PageSize::new);
    let shelf = (any_matching(), select(&ORDERS[..]), weighted(0.3, any_shelf_key()), size())
        .prop_map(|(matching, order, after, size)| Shelf { matching, order, after, size });
    let written = prop_oneof![any_token().prop_map(|token| token.word), any_term()];
    let limit = select(vec![0, 1, 2, 16, u16::MAX]);
    let ordinals = || (0..ORDINALS).prop_map(Position::new);
    prop_oneof![
        8 => any_find().prop_map(Question::Find),
        3 => any_tally().prop_map(Question::Tally),
        4 => (shelf, any::<bool>()).prop_map(|(shelf, page)| match page {
            true => Question::Shelf(shelf),
            false => Question::Shelves(shelf),
        }),
        2 => vec(any_term(), 0..6).prop_map(Question::Frequencies),
        2 => vec(written, 0..6).prop_map(Question::Words),
        2 => (any_prefix(), limit).prop_map(|(prefix, limit)| Question::Completions(prefix, limit)),
        1 => vec(ordinals(), 0..5).prop_map(Question::Listings),
        1 => (ordinals(), size()).prop_map(|(after, size)| Question::Entries(after, size)),
    ]
}

/// What there is to know of an index with these entries' words and labels.
pub(super) fn standing() -> Vec<Question> {
    let matching = Matching::default;
    let all = List::best(matching(), u16::MAX);
    let vocabulary = vocabulary();
    let stems: BTreeSet<Term> = vocabulary.iter().map(|token| token.stem.clone()).collect();
    let labels: Vec<Term> = LABELS.iter().map(|label| term(label)).collect();
    let words: BTreeSet<Term> = vocabulary.iter().map(|token| token.word.clone()).collect();
    let terms = stems.iter().chain(&labels).cloned().collect();
    let classes = "kKctbpsfymnghx".chars().map(|class| (class, u16::MAX)).collect();
    let shelf = |order| Shelf { matching: matching(), order, after: None, size: PageSize::new(50) };
    let prefixes = ["ag", "we", "sc", "検", "🦀"].map(term);
    let mut questions = vec![
        Question::Find(Find { lists: vec![all], weigh: stems.into_iter().collect() }),
        Question::Tally(TallyRequest { matching: matching(), most: u32::MAX, classes }),
        Question::Frequencies(terms),
        Question::Words(words.into_iter().chain(labels).collect()),
        Question::Listings((0..ORDINALS).map(Position::new).collect()),
        Question::Entries(Position::START, PageSize::MAX),
    ];
    questions.extend(ORDERS.map(shelf).map(Question::Shelves));
    questions.extend(prefixes.map(|prefix| Question::Completions(prefix, u16::MAX)));
    questions
}

impl Question {
    /// Puts the question to a store.
    pub(super) fn ask(&self, store: &dyn Store) -> Answer {
        match self {
            Question::Find(find) => {
                let mut lists = wait(store.find(find));
                if find.weigh.is_empty() {
                    // A store may leave the lengths out.
                    lists.iter_mut().flatten().for_each(|hit| hit.lengths = Default::default());
                }
                Answer::Hits(lists)
            }
            Question::Tally(request) => Answer::Tally(wait(store.tally(request))),
            Question::Shelf(shelf) => Answer::Shelf(wait(store.shelf(shelf))),
            Question::Shelves(first) => Answer::Shelf(to_the_end(store, first.clone())),
            Question::Frequencies(terms) => Answer::Frequencies(wait(store.frequencies(terms))),
            Question::Words(words) => Answer::Counts(wait(store.words(words))),
            Question::Completions(prefix, limit) => {
                Answer::Tokens(wait(store.completions(prefix, *limit)))
            }
            Question::Listings(ordinals) => Answer::Listings(wait(store.listings(ordinals))),
            Question::Entries(after, size) => Answer::Entries(wait(store.entries(*after, *size))),
        }
    }
}

/// A shelf page by page, to the very end.
pub(super) fn to_the_end(store: &dyn Store, mut shelf: Shelf) -> Vec<ShelfKey> {
    let mut keys = Vec::new();
    loop {
        let page = wait(store.shelf(&shelf));
        let full = page.len() == usize::from(shelf.size.get());
        assert!(page.len() <= usize::from(shelf.size.get()), "a page was too long");
        let goes_on = page.first().is_none_or(|first| !keys.contains(first));
        assert!(goes_on, "a page goes on behind the one before");
        shelf.after = page.last().cloned().or(shelf.after);
        keys.extend(page);
        if !full {
            return keys;
        }
    }
}

/// Everything that a store says of the words, labels and listings that tests are made of.
pub(super) fn all_answers(store: &dyn Store) -> Vec<Answer> {
    standing().iter().map(|question| question.ask(store)).collect()
}
