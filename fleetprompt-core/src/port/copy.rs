//! How everything that a store holds is read in one state and written into another store.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{Position, Sha256Digest};

use super::commit::NewReceipt;
use super::error::StoreError;
use super::index::StoredEntry;
use super::name::{ClaimedName, NameOwner};
use super::record::{Record, RecordKind, Versioned};
use super::scan::PageSize;
use super::store::{Head, StoreFuture, StoredEvent};

/// A part of a store that is copied by itself, row by row. The log's head is no table: it goes with
/// the beginning of a copy.
///
/// ```
/// use fleetprompt_core::port::{CopyTable, RecordKind};
/// assert_eq!(CopyTable::Records(RecordKind::Listing).name(), "listing");
/// assert_eq!(CopyTable::all().count(), RecordKind::ALL.len() + 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum CopyTable {
    /// The records of a kind.
    Records(RecordKind),
    /// Names with their owners.
    Names,
    /// Counters, those that stand at 0 left out.
    Counters,
    /// Answers kept for retries.
    Receipts,
    /// The event log with its public feed.
    Events,
    /// What the search index holds of each listing.
    Entries,
}

impl CopyTable {
    /// Every table, in the order in which they are copied.
    pub fn all() -> impl Iterator<Item = CopyTable> {
        let records = RecordKind::ALL.iter().copied().map(CopyTable::Records);
        records.chain([
            CopyTable::Names,
            CopyTable::Counters,
            CopyTable::Receipts,
            CopyTable::Events,
            CopyTable::Entries,
        ])
    }

    /// The table's name, unique among them.
    pub fn name(self) -> &'static str {
        match self {
            CopyTable::Records(kind) => kind.name(),
            CopyTable::Names => "name_claim",
            CopyTable::Counters => "counter",
            CopyTable::Receipts => "receipt",
            CopyTable::Events => "event",
            CopyTable::Entries => "index_entry",
        }
    }
}

impl From<CopyTable> for &'static str {
    fn from(table: CopyTable) -> Self {
        table.name()
    }
}

impl TryFrom<String> for CopyTable {
    type Error = StoreError;

    fn try_from(name: String) -> Result<Self, StoreError> {
        let unknown = StoreError::Corrupt("a copy's mark names no table");
        CopyTable::all().find(|table| table.name() == name).ok_or(unknown)
    }
}

/// A row of a table, whole.
///
/// ```
/// use fleetprompt_core::domain::{Deployment, DeploymentId, Position, Revision, Timestamp};
/// use fleetprompt_core::port::{CopyKey, CopyRow, CopyTable, RecordKind, Versioned};
/// let id = DeploymentId::from_bytes([1; 16]);
/// let row = CopyRow::Record(Versioned {
///     revision: Revision::FIRST,
///     created: Position::new(1),
///     changed: Position::new(1),
///     value: Deployment::new(id, Timestamp::MIN).into(),
/// });
/// assert_eq!(row.table(), CopyTable::Records(RecordKind::Deployment));
/// assert_eq!(row.key(), CopyKey::Text("deployment".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyRow {
    /// A record, with how often and where in the log it was written.
    Record(Versioned<Record>),
    /// A name that somebody has.
    Name {
        /// The name.
        name: ClaimedName,
        /// Who has it.
        owner: NameOwner,
    },
    /// A counter above 0.
    Counter {
        /// Whose it is.
        scope: String,
        /// Its name in the scope.
        name: String,
        /// Where it stands.
        value: u64,
    },
    /// A kept answer.
    Receipt(NewReceipt),
    /// An event.
    Event {
        /// The event with its place in the log.
        stored: StoredEvent,
        /// Its place in the public feed: there exactly when the event has a feed change.
        feed: Option<Position>,
    },
    /// An entry of the search index.
    Entry(StoredEntry),
}

impl CopyRow {
    /// The table that the row is of.
    pub fn table(&self) -> CopyTable {
        match self {
            CopyRow::Record(record) => CopyTable::Records(record.value.kind()),
            CopyRow::Name { .. } => CopyTable::Names,
            CopyRow::Counter { .. } => CopyTable::Counters,
            CopyRow::Receipt(_) => CopyTable::Receipts,
            CopyRow::Event { .. } => CopyTable::Events,
            CopyRow::Entry(_) => CopyTable::Entries,
        }
    }

    /// Where the row stands in its table.
    pub fn key(&self) -> CopyKey {
        match self {
            CopyRow::Record(record) => CopyKey::Text(record.value.key().id().to_owned()),
            CopyRow::Name { name, .. } => {
                CopyKey::Pair(name.scope().name().to_owned(), name.name().to_owned())
            }
            CopyRow::Counter { scope, name, .. } => CopyKey::Pair(scope.clone(), name.clone()),
            CopyRow::Receipt(receipt) => CopyKey::Digest(Sha256Digest::from_bytes(receipt.scope.0)),
            CopyRow::Event { stored, .. } => CopyKey::Position(stored.position),
            CopyRow::Entry(entry) => CopyKey::Position(entry.ordinal),
        }
    }
}

/// Where a row stands in its table: rows are in the order of their keys, texts byte by byte.
/// Printing one shows nothing, since keys of tenants and persons hold their names.
///
/// ```
/// use fleetprompt_core::port::CopyKey;
/// let key = |scope: &str, name: &str| CopyKey::Pair(scope.to_owned(), name.to_owned());
/// assert!(key("handle", "acme") < key("slug", "acme"));
/// assert!(!format!("{:?}", key("handle", "acme")).contains("acme"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyKey {
    /// A record's id in its kind.
    Text(String),
    /// A scope, and a name in it.
    Pair(String, String),
    /// A receipt's scope.
    Digest(Sha256Digest),
    /// A place in the log.
    Position(Position),
}

/// For a store's reads: where a page begins. Without a key, that is before all rows of the table; with
/// the key of another table, [`StoreError::Malformed`].
///
/// ```
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::port::CopyKey;
/// let last = CopyKey::Position(Position::new(7));
/// assert_eq!(CopyKey::position(Some(&last)), Ok(Position::new(7)));
/// assert_eq!(CopyKey::position(None), Ok(Position::START));
/// assert!(CopyKey::text(Some(&last)).is_err());
/// ```
impl CopyKey {
    const OF_ANOTHER: StoreError =
        StoreError::Malformed("a page begins behind another table's row");

    /// Behind an id.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for the key of another table.
    pub fn text(after: Option<&CopyKey>) -> Result<&str, StoreError> {
        match after {
            None => Ok(""),
            Some(CopyKey::Text(id)) => Ok(id),
            Some(_) => Err(Self::OF_ANOTHER),
        }
    }

    /// Behind a scope and a name in it.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for the key of another table.
    pub fn pair(after: Option<&CopyKey>) -> Result<(&str, &str), StoreError> {
        match after {
            None => Ok(("", "")),
            Some(CopyKey::Pair(scope, name)) => Ok((scope, name)),
            Some(_) => Err(Self::OF_ANOTHER),
        }
    }

    /// Behind a receipt's scope.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for the key of another table.
    pub fn digest(after: Option<&CopyKey>) -> Result<&[u8], StoreError> {
        match after {
            None => Ok(&[]),
            Some(CopyKey::Digest(scope)) => Ok(scope.as_bytes()),
            Some(_) => Err(Self::OF_ANOTHER),
        }
    }

    /// Behind a place in the log.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for the key of another table.
    pub fn position(after: Option<&CopyKey>) -> Result<Position, StoreError> {
        match after {
            None => Ok(Position::START),
            Some(CopyKey::Position(position)) => Ok(*position),
            Some(_) => Err(Self::OF_ANOTHER),
        }
    }
}

impl fmt::Debug for CopyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CopyKey")
    }
}

/// How far a copy has come. The target keeps it with what was copied, so that another run, also after
/// a crash, goes on from there.
///
/// ```
/// use fleetprompt_core::domain::Sha256Digest;
/// use fleetprompt_core::port::{CopyMark, CopyTable};
/// let source = Sha256Digest::of(b"one state of one marketplace");
/// let begun = CopyMark { source, next: CopyTable::all().next().map(|table| (table, None)) };
/// assert_eq!(CopyMark::decode(&begun.encode()?)?, begun);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyMark {
    /// The marketplace, and where its log stood.
    pub source: Sha256Digest,
    /// The table that is being copied, and the last of its rows that is there; nothing when every row
    /// is, and only their test is missing.
    pub next: Option<(CopyTable, Option<CopyKey>)>,
}

impl CopyMark {
    /// The mark as a text that a target keeps.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when it can't be written, which no mark does.
    pub fn encode(&self) -> Result<String, StoreError> {
        let malformed = |_| StoreError::Malformed("a copy's mark could not be encoded");
        serde_json::to_string(self).map_err(malformed)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is something else.
    pub fn decode(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|_| StoreError::Corrupt("a copy's mark can't be read"))
    }
}

/// What of a copy is in a target.
///
/// ```
/// use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{CopyState, CopyTarget};
/// let state = pollster::block_on(MemoryStore::default().copy_state())?;
/// assert_eq!(state, CopyState::Empty);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyState {
    /// Nothing is in the store.
    Empty,
    /// A copy was begun and not finished.
    Unfinished(CopyMark),
    /// It is a store of its own.
    Occupied,
}

/// A store whose content can be read whole.
///
/// ```
/// use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{CopySource, CopyTable, PageSize};
/// # pollster::block_on(async {
/// let snapshot = MemoryStore::default().copy_snapshot().await?;
/// assert_eq!(snapshot.rows(CopyTable::Events, None, PageSize::MAX).await?, []);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// # }).unwrap();
/// ```
pub trait CopySource: Send + Sync {
    /// One state of the store, which stays as it is while others write.
    ///
    /// - Holds up neither readers nor writers. It may keep the store from reusing room, so it is
    ///   dropped when it has served.
    fn copy_snapshot(&self) -> StoreFuture<'_, Box<dyn CopySnapshot>>;
}

/// One state of a store. See [`CopySource::copy_snapshot`].
///
/// ```
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::CopySource;
/// # pollster::block_on(async {
/// # let store = MemoryStore::default();
/// let snapshot = store.copy_snapshot().await?;
/// assert_eq!(snapshot.head().await?.last.get(), 0);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// # }).unwrap();
/// ```
pub trait CopySnapshot: Send + Sync {
    /// Where the log stands.
    fn head(&self) -> StoreFuture<'_, Head>;

    /// How many rows a table has: for somebody who watches, so about right is enough.
    fn count(&self, table: CopyTable) -> StoreFuture<'_, u64>;

    /// Reads rows in the order of their keys, strictly behind `after`, at most `size`.
    ///
    /// - Fewer than `size` rows mean that there are no more.
    /// - [`StoreError::Corrupt`] when a row contradicts itself: its document can't be read or belongs
    ///   under another key, or a column beside it says something else.
    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>>;
}

/// A store that a copy is written into. While there is an unfinished one, the store is no
/// [`Store`](super::Store): it refuses to be opened, and whoever has it open to commit
/// ([`StoreError::UnfinishedCopy`]).
///
/// ```
/// use fleetprompt_core::domain::Sha256Digest;
/// use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Commit, CopyMark, CopyTarget, Store, StoreError};
/// # pollster::block_on(async {
/// let store = MemoryStore::default();
/// let mark = CopyMark { source: Sha256Digest::of(b"a state"), next: None };
/// store.begin_copy(&mark, &store.head().await?).await?;
/// # let nothing = || Commit { receipt: None, expectations: vec![], changes: vec![], events: vec![] };
/// assert_eq!(store.commit(nothing()).await, Err(StoreError::UnfinishedCopy));
/// store.finish_copy(&mark).await?;
/// assert!(store.commit(nothing()).await.is_ok());
/// # Ok::<(), StoreError>(())
/// # }).unwrap();
/// ```
pub trait CopyTarget: CopySource {
    /// What of a copy is there.
    fn copy_state(&self) -> StoreFuture<'_, CopyState>;

    /// Begins a copy, durably: keeps the mark, and the head as it is given. What an unfinished copy
    /// had brought is gone.
    ///
    /// - [`StoreError::Open`] when the store is [`CopyState::Occupied`].
    fn begin_copy<'a>(&'a self, mark: &'a CopyMark, head: &'a Head) -> StoreFuture<'a, ()>;

    /// Adds rows of one table and replaces the mark, all or nothing, durably.
    ///
    /// - [`StoreError::Unavailable`] when the mark is not `from`: another process copies too.
    fn put_copied<'a>(
        &'a self,
        rows: Vec<CopyRow>,
        from: &'a CopyMark,
        to: &'a CopyMark,
    ) -> StoreFuture<'a, ()>;

    /// Ends the copy whose mark this is: from here on, the store is one as any other.
    ///
    /// - [`StoreError::Unavailable`] when the mark is another.
    fn finish_copy<'a>(&'a self, mark: &'a CopyMark) -> StoreFuture<'a, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_tables_apart() {
        for table in CopyTable::all() {
            assert_eq!(CopyTable::try_from(table.name().to_owned()), Ok(table));
        }
        assert!(CopyTable::try_from("attempts".to_owned()).is_err());
    }

    #[test]
    fn a_mark_that_is_none_is_refused() {
        for text in ["", "{}", r#"{"source":"x","next":null}"#] {
            assert!(matches!(CopyMark::decode(text), Err(StoreError::Corrupt(_))), "{text}");
        }
    }
}
