//! What a store answers from its index.

use crate::domain::{Position, Timestamp};

use super::super::record::{Record, Versioned};
use super::super::scan::PageSize;
use super::super::store::StoreFuture;
use super::entry::{Field, IndexEntry, Rank, Term, Token};
use super::matching::Matching;

/// What a store finds in its index of the public catalogue.
///
/// An entry is set and removed by a commit ([`Change::Index`](super::super::Change::Index)), and a
/// read that begins after the commit was answered sees it so. Whatever plan a store follows, its
/// answers are those that the documentation of [`IndexEntry`] and of each method define, order
/// included. How an entry is written down is the store's own affair: [`entries`](Self::entries) and
/// [`find`](Self::find) answer with what a commit set, and the core has no encoding of it. The cost of [`find`](Self::find) must not grow with the catalogue where matches are
/// frequent, nor with the frequency of one term where another is rare.
///
/// ```
/// use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Find, List, Matching, SearchIndex};
/// let all = List::best(Matching::default(), 20);
/// let find = Find { lists: vec![all], weigh: vec![] };
/// let found = pollster::block_on(MemoryStore::default().find(&find))?;
/// assert_eq!(found, [vec![]], "one list, and nothing in it yet");
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
pub trait SearchIndex: Send + Sync {
    /// Reads lists of entries, each the best first.
    ///
    /// - One list for each that is asked for, all from one state of the index.
    /// - In the order of their ranks: those behind `after`, up to and including `until`, at most
    ///   `limit`; none of a list that need not be read ([`List::within_next`]).
    /// - Each hit has the counts of `weigh`, in its order; without any, its lengths may be zero.
    fn find<'a>(&'a self, find: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>>;

    /// Counts what matches.
    ///
    /// - Over the first `most` matches in the order of their ranks.
    /// - Of each class, the labels with the highest counts; of those with the same, the one first
    ///   that a better match carries, and of those on one match the first in byte order.
    fn tally<'a>(&'a self, request: &'a TallyRequest) -> StoreFuture<'a, Tally>;

    /// Reads a list in another order than that of quality.
    ///
    /// - Strictly behind `after`, at most `size`; fewer only at the end of the list.
    /// - Behind the key of another order stands nothing.
    fn shelf<'a>(&'a self, shelf: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>>;

    /// Reads how many entries there are, and how many have each of the terms.
    fn frequencies<'a>(&'a self, terms: &'a [Term]) -> StoreFuture<'a, Frequencies>;

    /// Reads how many entries have each of the words as it is written.
    fn words<'a>(&'a self, words: &'a [Term]) -> StoreFuture<'a, Vec<u64>>;

    /// Reads the words that begin with `prefix`, at most `limit`: the most frequent by
    /// [`frequency_level`] first, then in byte order. Only words that some entry has.
    ///
    /// - A spelling that entries have with several stems is a word with each: it is counted, ordered (by its
    ///   spelling, then its stem) and held to `limit` with each by itself.
    /// - A prefix without a [`head`] has none.
    fn completions<'a>(&'a self, prefix: &'a Term, limit: u16) -> StoreFuture<'a, Vec<Token>>;

    /// Reads the listings that the events at these positions created, one answer for each; those
    /// without an entry too.
    fn listings<'a>(
        &'a self,
        ordinals: &'a [Position],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>>;

    /// Reads the entries of listings created behind `after`, in the order of their creation: for
    /// checks and repairs.
    fn entries(&self, after: Position, size: PageSize) -> StoreFuture<'_, Vec<StoredEntry>>;
}

/// Which lists to read.
///
/// ```
/// use fleetprompt_core::port::Find;
/// assert!(Find::default().lists.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Find {
    /// The lists.
    pub lists: Vec<List>,
    /// The stems whose occurrences are wanted.
    pub weigh: Vec<Term>,
}

impl Find {
    /// The lists as `read` reads each, but for those that are left empty ([`List::within_next`]).
    ///
    /// ```
    /// use fleetprompt_core::port::{Find, List, Matching};
    /// let all = List::best(Matching::default(), 20);
    /// let some = List { within_next: true, ..all.clone() };
    /// let find = Find { lists: vec![some, all], weigh: vec![] };
    /// let mut asked = 0;
    /// let found = find.each(|_| {
    ///     asked += 1;
    ///     Ok::<_, ()>(vec![])
    /// });
    /// assert_eq!((found, asked), (Ok(vec![vec![], vec![]]), 1));
    /// ```
    ///
    /// # Errors
    /// Those of `read`.
    pub fn each<E>(
        &self,
        mut read: impl FnMut(&List) -> Result<Vec<Hit>, E>,
    ) -> Result<Vec<Vec<Hit>>, E> {
        let mut found = Vec::with_capacity(self.lists.len());
        let mut ended = false;
        for list in self.lists.iter().rev() {
            let empty = list.within_next && ended;
            let hits = if empty { Vec::new() } else { read(list)? };
            ended = empty || hits.len() < list.limit.into();
            found.push(hits);
        }
        found.reverse();
        Ok(found)
    }
}

/// A list of matching entries, the best first.
///
/// ```
/// use fleetprompt_core::port::{List, Matching};
/// let best = List::best(Matching::default(), 50);
/// assert_eq!((best.after, best.until), (None, None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// What is in the list.
    pub matching: Matching,
    /// Only what comes after this rank.
    pub after: Option<Rank>,
    /// Only what comes at or before this rank.
    pub until: Option<Rank>,
    /// The most hits.
    pub limit: u16,
    /// Whether all of it is in the list behind it as well. It is left empty then where that one ended
    /// before its limit, or was left empty itself: whoever reads both learns nothing from it.
    pub within_next: bool,
}

impl List {
    /// The first `limit` of all that match.
    ///
    /// ```
    /// use fleetprompt_core::port::{List, Matching};
    /// assert!(!List::best(Matching::default(), 20).within_next);
    /// ```
    pub fn best(matching: Matching, limit: u16) -> Self {
        List { matching, after: None, until: None, limit, within_next: false }
    }
}

/// An entry that was found.
///
/// ```
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::port::{Field, Hit, Quality, Rank};
/// let rank = Rank::new(Quality::new(7), Position::new(31));
/// let hit = Hit { rank, lengths: [0; Field::COUNT], counts: vec![] };
/// assert_eq!(hit.rank.ordinal(), Position::new(31));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its rank.
    pub rank: Rank,
    /// How many words each field has ([`IndexEntry::lengths`]).
    pub lengths: [u16; Field::COUNT],
    /// How often each stem that was asked for occurs ([`IndexEntry::occurrences`]).
    pub counts: Vec<[u16; Field::COUNT]>,
}

/// What to count.
///
/// ```
/// use fleetprompt_core::port::{Matching, TallyRequest};
/// // The kinds, and the ten most frequent tags, among the first 1,000 matches.
/// let classes = vec![('k', 4), ('c', 10)];
/// let request = TallyRequest { matching: Matching::default(), most: 1_000, classes };
/// assert_eq!(request.most, 1_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyRequest {
    /// What is counted.
    pub matching: Matching,
    /// How many matches at most.
    pub most: u32,
    /// The classes of labels, and how many of each are wanted.
    pub classes: Vec<(char, u16)>,
}

/// What was counted.
///
/// ```
/// use fleetprompt_core::port::Tally;
/// let nothing = Tally { matches: 0, more: false, labels: vec![] };
/// assert!(!nothing.more);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many matches were counted.
    pub matches: u32,
    /// Whether there are more.
    pub more: bool,
    /// The labels of each class that was asked for.
    pub labels: Vec<Vec<LabelCount>>,
}

/// How many of the counted matches carry a label.
///
/// ```
/// use fleetprompt_core::port::LabelCount;
/// let agents = LabelCount { label: "k:whs_agent".parse()?, matches: 12 };
/// assert_eq!(agents.label.class(), Some("k"));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelCount {
    /// The label.
    pub label: Term,
    /// How many matches carry it.
    pub matches: u32,
}

/// An order other than that of quality.
///
/// ```
/// use fleetprompt_core::port::ShelfOrder;
/// assert_ne!(ShelfOrder::Newest, ShelfOrder::Name);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShelfOrder {
    /// The latest created first.
    Newest,
    /// The latest released first; among the same, the latest created.
    Released,
    /// By folded name, byte by byte; among the same, the first created.
    Name,
}

/// A list in another order than that of quality.
///
/// ```
/// use fleetprompt_core::port::{Matching, PageSize, Shelf, ShelfOrder};
/// let (matching, size) = (Matching::default(), PageSize::default());
/// let newest = Shelf { matching, order: ShelfOrder::Newest, after: None, size };
/// assert_eq!(newest.after, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// What is in the list.
    pub matching: Matching,
    /// The order.
    pub order: ShelfOrder,
    /// Only what comes behind this.
    pub after: Option<ShelfKey>,
    /// The most entries.
    pub size: PageSize,
}

/// An entry's place on a shelf.
///
/// ```
/// use fleetprompt_core::domain::{Position, Timestamp};
/// use fleetprompt_core::port::ShelfKey;
/// let early = ShelfKey::Released(Timestamp::MIN, Position::new(31));
/// assert_eq!(early.ordinal(), Position::new(31));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShelfKey {
    /// By creation.
    Newest(Position),
    /// By the newest release, then by creation.
    Released(Timestamp, Position),
    /// By folded name, then by creation.
    Name(String, Position),
}

impl ShelfKey {
    /// The position of the event that created the listing.
    pub fn ordinal(&self) -> Position {
        match self {
            ShelfKey::Newest(ordinal)
            | ShelfKey::Released(_, ordinal)
            | ShelfKey::Name(_, ordinal) => *ordinal,
        }
    }
}

/// How frequent terms are.
///
/// ```
/// use fleetprompt_core::port::Frequencies;
/// let empty = Frequencies { entries: 0, counts: vec![0, 0] };
/// assert!(empty.counts.iter().all(|count| *count <= empty.entries));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frequencies {
    /// How many entries there are.
    pub entries: u64,
    /// How many of them have each of the terms.
    pub counts: Vec<u64>,
}

/// An entry as it is stored.
///
/// ```
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::port::{PageSize, SearchIndex, StoredEntry};
/// async fn last_of_the_first(index: &dyn SearchIndex) -> Option<StoredEntry> {
///     let all = index.entries(Position::START, PageSize::default()).await;
///     all.ok()?.pop()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The position of the event that created the listing.
    pub ordinal: Position,
    /// The entry.
    pub entry: IndexEntry,
}

/// How frequent a word is, in steps: 0 for none, and then one step for each doubling. Steps, so that
/// the order of a store's completions seldom changes when a count does.
///
/// ```
/// use fleetprompt_core::port::frequency_level;
/// assert_eq!([0, 1, 2, 3, 4].map(frequency_level), [0, 1, 2, 2, 3]);
/// assert_eq!(frequency_level(1_000_000), frequency_level(1_000_001));
/// ```
pub fn frequency_level(entries: u64) -> u8 {
    let doublings = entries.checked_ilog2().map_or(0, |doublings| doublings + 1);
    u8::try_from(doublings).unwrap_or(u8::MAX)
}

/// The part of a word that a store may keep its completions by: its first two characters, or the
/// first one alone if that is a character of a script that writes a word or syllable with one.
/// `None` for a single character of any other script, which is not completed.
///
/// ```
/// use fleetprompt_core::port::head;
/// assert_eq!(head("agent"), Some("ag"));
/// assert_eq!(head("検索"), Some("検"));
/// assert_eq!(head("c"), None);
/// ```
pub fn head(word: &str) -> Option<&str> {
    let mut ends = word.char_indices().map(|(at, char)| (at + char.len_utf8(), char));
    let (first, char) = ends.next()?;
    let end = if char >= '\u{2e80}' { first } else { ends.next()?.0 };
    word.get(..end)
}
