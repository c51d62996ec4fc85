//! What is said about records that contradict each other: kinds and ids, never content.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::{Position, PublisherId};
use crate::port::{CounterFamily, NameScope, Record, RecordKind};

/// How many faults are named in a report.
pub(super) const EXAMPLES_MAX: usize = 100;

/// How the records, names, counters and events of a store go together. See
/// [`Marketplace::check_records`](crate::Marketplace::check_records).
///
/// ```
/// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let report = market.check_records(|_| {}).await?;
/// assert!(report.is_clean());
/// assert_eq!((report.kinds().count(), report.examples.len()), (0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordsReport {
    /// How many rows were looked at: records, names, counters and events.
    pub checked: u64,
    /// How many of them changed each time they were looked at, so that nothing can be said of them.
    pub unsettled: u64,
    /// The first faults that were found, at most 100.
    pub examples: Vec<RecordFault>,
    counts: BTreeMap<FaultKind, u64>,
}

impl RecordsReport {
    /// Whether no fault was found.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many faults were found.
    pub fn faults(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many faults of each kind were found, without kinds of which there are none.
    pub fn kinds(&self) -> impl Iterator<Item = (FaultKind, u64)> {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }

    pub(super) fn add(&mut self, kind: FaultKind, place: &FaultPlace) {
        *self.counts.entry(kind).or_default() += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(RecordFault { kind, place: place.clone() });
        }
    }
}

/// Something that is wrong, and where.
///
/// ```
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::marketplace::{FaultKind, FaultPlace, RecordFault};
/// let fault = RecordFault { kind: FaultKind::EventMissing, place: FaultPlace::Event(Position::new(7)) };
/// assert_eq!(fault.to_string(), "event 7: is not in the log");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Where.
    pub place: FaultPlace,
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// How records, names, counters or events contradict each other. There may be more kinds.
///
/// ```
/// use fleetprompt_core::marketplace::FaultKind;
/// use fleetprompt_core::port::NameScope;
/// let kind = FaultKind::NameNotHeld(NameScope::Slug);
/// assert_eq!(kind.to_string(), "does not hold its name (slug)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// A record does not hold the name that it bears: nobody does, or something else.
    #[error("does not hold its name ({})", .0.name())]
    NameNotHeld(NameScope),
    /// A name is held by what is not there, or does not bear it.
    #[error("is the owner of a name, and is not there or does not bear it")]
    NameAstray,
    /// A counter does not say how much there is of what it counts.
    #[error("its counter says another number than there are ({})", .0.name())]
    CounterWrong(CounterFamily),
    /// A counter counts for what is not there.
    #[error("has a counter, and is not there")]
    CounterAstray,
    /// A listing repeats another version as its latest than its releases say.
    #[error("its latest version is not that of its releases")]
    LatestWrong,
    /// A record refers to one of this kind that is not there.
    #[error("refers to a record that is not there ({})", .0.name())]
    ReferenceBroken(RecordKind),
    /// Two records stand for one surrogate.
    #[error("has the same surrogate as another")]
    SurrogateShared,
    /// A record says that it was written by an event that the log has not reached, or was changed
    /// before it was created.
    #[error("was written at a position that can't be")]
    PositionWrong,
    /// A position of the log has no event, nor was it pruned; of a gap, the first one is reported.
    #[error("is not in the log")]
    EventMissing,
    /// An event lies behind the log's last one.
    #[error("lies behind the end of the log")]
    EventAhead,
    /// The public feed says something of an event that its publisher may not read.
    #[error("is in the public feed, and not for the public")]
    AudienceWrong,
    /// The public feed's positions leave one out, or have one twice.
    #[error("is out of the feed's sequence")]
    FeedSequence,
    /// The public feed says something else than the log.
    #[error("is not in the feed as the log says it")]
    FeedDiffers,
}

/// Where something is wrong.
///
/// ```
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::marketplace::FaultPlace;
/// assert_eq!(FaultPlace::FeedEntry(Position::new(3)).to_string(), "feed entry 3");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultPlace {
    /// In a record of this kind.
    Record(RecordKind, FaultId),
    /// In the name of an owner, in this scope.
    Name(NameScope, FaultId),
    /// In a counter of this scope.
    Counter(FaultId),
    /// In an event of the log.
    Event(Position),
    /// In an entry of the public feed.
    FeedEntry(Position),
}

impl FaultPlace {
    pub(super) fn of(record: &Record) -> Self {
        FaultPlace::Record(record.kind(), FaultId::of(record))
    }
}

impl fmt::Display for FaultPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultPlace::Record(kind, id) => write!(f, "{} {id}", kind.name()),
            FaultPlace::Name(scope, owner) => write!(f, "{} of {owner}", scope.name()),
            FaultPlace::Counter(scope) => write!(f, "counter of {scope}"),
            FaultPlace::Event(position) => write!(f, "event {}", position.get()),
            FaultPlace::FeedEntry(position) => write!(f, "feed entry {}", position.get()),
        }
    }
}

/// The ids by which an operator finds what is wrong. It names no person, and holds nothing that somebody
/// wrote.
///
/// ```
/// # use fleetprompt_core::marketplace::{FaultId, FaultPlace};
/// fn ids(place: &FaultPlace) -> Option<&FaultId> {
///     match place {
///         FaultPlace::Record(_, id) | FaultPlace::Name(_, id) | FaultPlace::Counter(id) => Some(id),
///         _ => None,
///     }
/// }
/// # let event = FaultPlace::Event(fleetprompt_core::domain::Position::START);
/// # assert_eq!(ids(&event), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultId(String);

impl FaultId {
    /// Of a record: its key, without what tells a person or a text.
    fn of(record: &Record) -> Self {
        FaultId(match record {
            Record::Tenant(tenant) => tenant.id.to_string(),
            Record::Person(person) => person.id.to_string(),
            Record::Binding(binding) => format!("of publisher {}", binding.publisher),
            Record::Release(release) => format!("{} of {}", release.version, release.listing),
            Record::Rendered(rendered) => format!("of listing {}", rendered.listing),
            Record::BuyerMark(mark) => format!("of listing {}", mark.listing),
            Record::WellKnown(known) => format!("of {}", known.of),
            other => other.key().id().to_owned(),
        })
    }

    /// Of an id as a store keeps it. Whatever else stands there is not repeated.
    pub(super) fn of_text(text: &str) -> Self {
        let id = text.parse::<PublisherId>();
        FaultId(id.map_or_else(|_| "(no id)".to_owned(), |id| id.to_string()))
    }
}

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
