//! What is kept of a listing.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{ParseError, Position, Rule, Timestamp};

use super::super::error::StoreError;
use super::matching::{Clause, Matching, Phrase};

/// How text is analysed and entries are made: one that was made otherwise is made anew.
pub const INDEX_VERSION: u16 = 1;

/// The most bytes of a term.
pub const TERM_MAX_BYTES: usize = 96;

/// How much a listing is worth to those who look for one: 0 to [`MAX`](Self::MAX), more is better.
///
/// ```
/// use fleetprompt_core::port::Quality;
/// assert!(Quality::new(31) < Quality::MAX);
/// assert_eq!(Quality::new(9_999), Quality::MAX, "held within the bounds");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quality(u16);

impl Quality {
    /// The best.
    pub const MAX: Quality = Quality(4_095);

    /// A quality, held within the bounds.
    pub const fn new(points: u16) -> Self {
        if points > Self::MAX.0 { Self::MAX } else { Quality(points) }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// A listing's place in the order of quality, the best first: `(4095 − quality) << 40 | ordinal`,
/// where the ordinal is the position of the event that created the listing. No two are the same.
///
/// ```
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::port::{Quality, Rank};
/// let (older, newer) = (Position::new(7), Position::new(8));
/// assert!(Rank::new(Quality::new(2), newer) < Rank::new(Quality::new(1), older));
/// assert!(Rank::new(Quality::new(2), older) < Rank::new(Quality::new(2), newer));
/// assert_eq!(Rank::new(Quality::MAX, newer).ordinal(), newer);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rank(u64);

impl Rank {
    const ORDINAL_BITS: u32 = 40;
    const ORDINALS: u64 = (1 << Self::ORDINAL_BITS) - 1;

    /// The place of a listing of this quality that the event at `ordinal` created. Positions end at
    /// 2⁴⁰ here: some thirty years of a thousand events a second.
    pub const fn new(quality: Quality, ordinal: Position) -> Self {
        let worse = (Quality::MAX.get() - quality.get()) as u64;
        Rank(worse << Self::ORDINAL_BITS | (ordinal.get() & Self::ORDINALS))
    }

    /// The rank that a store kept as a number.
    pub const fn from_number(number: u64) -> Self {
        Rank(number)
    }

    /// The number: at most 52 bits, in the order of the ranks.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The quality.
    pub const fn quality(self) -> Quality {
        let worse = (self.0 >> Self::ORDINAL_BITS) as u16;
        Quality::new(Quality::MAX.get().saturating_sub(worse))
    }

    /// The position of the event that created the listing.
    pub const fn ordinal(self) -> Position {
        Position::new(self.0 & Self::ORDINALS)
    }
}

/// A word of the index, or a label such as `k:whs_agent`: 1 to [`TERM_MAX_BYTES`] bytes without
/// white space, control characters or `"`. Compared byte by byte.
///
/// Words of texts have no `:`; a label's class is what stands before its first one.
///
/// ```
/// use fleetprompt_core::port::Term;
/// let label: Term = "k:whs_agent".parse()?;
/// assert_eq!(label.class(), Some("k"));
/// assert_eq!("agent".parse::<Term>()?.class(), None);
/// assert!("two words".parse::<Term>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Term(String);

impl Term {
    /// The term as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first `:`; `None` for a word of a text.
    pub fn class(&self) -> Option<&str> {
        self.0.split_once(':').map(|(class, _)| class)
    }
}

impl std::str::FromStr for Term {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let broken = if text.is_empty() {
            Rule::Empty
        } else if text.len() > TERM_MAX_BYTES {
            Rule::TooLong { max: TERM_MAX_BYTES, unit: "bytes" }
        } else if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '"') {
            Rule::Characters("no white space, control characters or quotation marks")
        } else {
            return Ok(Term(text.to_owned()));
        };
        Err(ParseError::new("term", broken))
    }
}

impl TryFrom<String> for Term {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Term> for String {
    fn from(term: Term) -> Self {
        term.0
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A word of a text: as it is written there, folded, and the stem that it is found by.
///
/// ```
/// use fleetprompt_core::port::Token;
/// let token = Token { word: "agents".parse()?, stem: "agent".parse()? };
/// assert_ne!(token.word, token.stem);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Token {
    /// The folded word: what is completed while somebody types, and offered for a misspelt one.
    pub word: Term,
    /// What is searched for.
    pub stem: Term,
}

/// A part of a listing that is searched.
///
/// ```
/// use fleetprompt_core::port::Field;
/// assert_eq!(Field::ALL[Field::Name.number()], Field::Name);
/// assert_eq!(Field::COUNT, Field::ALL.len());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Title and slug.
    Name,
    /// Tags and category.
    Tags,
    /// The publisher's handle and name.
    Publisher,
    /// The summary.
    Summary,
    /// The beginning of the description.
    Description,
}

impl Field {
    /// Every field.
    pub const ALL: &'static [Field] =
        &[Field::Name, Field::Tags, Field::Publisher, Field::Summary, Field::Description];
    /// How many there are.
    pub const COUNT: usize = 5;

    /// The field's place among them.
    pub const fn number(self) -> usize {
        self as usize
    }
}

/// Words of one field in their order. Phrases are found within a run and never across.
///
/// ```
/// use fleetprompt_core::port::{Field, Run};
/// let empty = Run { field: Field::Summary, tokens: vec![] };
/// assert!(empty.tokens.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// The field.
    pub field: Field,
    /// The words.
    pub tokens: Vec<Token>,
}

/// What the index holds of a listing in the public catalogue.
///
/// ```
/// use fleetprompt_core::domain::Timestamp;
/// use fleetprompt_core::port::{
///     Clause, Field, INDEX_VERSION, IndexEntry, Matching, Phrase, Quality, Run, Token,
/// };
/// let token = Token { word: "agents".parse()?, stem: "agent".parse()? };
/// let entry = IndexEntry {
///     version: INDEX_VERSION,
///     quality: Quality::new(100),
///     released_at: Timestamp::MIN,
///     sort_name: "agents".to_owned(),
///     runs: vec![Run { field: Field::Name, tokens: vec![token] }],
///     labels: ["k:whs_agent".parse()?].into(),
/// };
/// let found = Clause::of("agent".parse()?);
/// assert!(entry.satisfies(&Matching { all: vec![found.clone()], ..Matching::default() }));
/// assert!(!entry.satisfies(&Matching { none: vec![found], ..Matching::default() }));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// How the entry was made: [`INDEX_VERSION`] of then.
    pub version: u16,
    /// The listing's quality.
    pub quality: Quality,
    /// When its newest release was published.
    pub released_at: Timestamp,
    /// Its title, folded for sorting by name.
    pub sort_name: String,
    /// Its words.
    pub runs: Vec<Run>,
    /// Terms without a place: filters, facets, words in the name, and the like. Each has a class of
    /// one ASCII letter.
    pub labels: BTreeSet<Term>,
}

impl IndexEntry {
    /// Whether the entry is what `matching` asks for. This is the definition; a store may find out
    /// in other ways.
    pub fn satisfies(&self, matching: &Matching) -> bool {
        matching.since.is_none_or(|since| self.released_at >= since)
            && matching.all.iter().all(|clause| self.has(clause))
            && !matching.none.iter().any(|clause| self.has(clause))
    }

    /// Refuses words that would pass for labels, and labels that would not.
    pub(in crate::port) fn check(&self) -> Result<(), StoreError> {
        let mut tokens = self.runs.iter().flat_map(|run| &run.tokens);
        if tokens.any(|token| token.word.class().or(token.stem.class()).is_some()) {
            return Err(StoreError::Malformed("a word of an index entry has a class"));
        }
        let one_letter =
            |class: &str| matches!(class.as_bytes(), [letter] if letter.is_ascii_alphabetic());
        if !self.labels.iter().all(|label| label.class().is_some_and(one_letter)) {
            return Err(StoreError::Malformed("a label of an index entry has no class"));
        }
        Ok(())
    }

    fn has(&self, clause: &Clause) -> bool {
        clause.any.iter().any(|phrase| self.contains(phrase))
    }

    fn contains(&self, phrase: &Phrase) -> bool {
        match phrase.terms() {
            [] => false,
            [label] if label.class().is_some() => self.labels.contains(label),
            stems => self.runs.iter().any(|run| {
                run.tokens
                    .windows(stems.len())
                    .any(|tokens| tokens.iter().map(|token| &token.stem).eq(stems))
            }),
        }
    }

    /// How many words each field has, up to 65,535.
    pub fn lengths(&self) -> [u16; Field::COUNT] {
        self.tally(|_| true)
    }

    /// How often a stem occurs in each field, up to 65,535.
    pub fn occurrences(&self, stem: &Term) -> [u16; Field::COUNT] {
        self.tally(|token| token.stem == *stem)
    }

    fn tally(&self, counts: impl Fn(&Token) -> bool) -> [u16; Field::COUNT] {
        let mut tally = [0_u16; Field::COUNT];
        for run in &self.runs {
            let found = run.tokens.iter().filter(|token| counts(token)).count();
            if let Some(slot) = tally.get_mut(run.field.number()) {
                *slot = slot.saturating_add(u16::try_from(found).unwrap_or(u16::MAX));
            }
        }
        tally
    }

    /// Every term that the entry is found by: the stems of its words, and its labels.
    pub fn terms(&self) -> BTreeSet<&Term> {
        let tokens = self.runs.iter().flat_map(|run| &run.tokens);
        tokens.map(|token| &token.stem).chain(&self.labels).collect()
    }

    /// Every word of the entry as it is written.
    pub fn words(&self) -> BTreeSet<&Token> {
        self.runs.iter().flat_map(|run| &run.tokens).collect()
    }
}
