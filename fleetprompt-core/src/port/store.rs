//! The storage port: reads, and one atomic commit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::domain::{Event, FeedChange, Position, Timestamp};

use super::commit::{Commit, Committed, IdempotencyScope, StoredReceipt};
use super::copy::{CopyKey, CopyRow, CopyTable};
use super::counter::CounterRange;
use super::error::StoreError;
use super::index::SearchIndex;
use super::name::{ClaimedName, NameOwner};
use super::record::{Record, RecordKey, Versioned};
use super::scan::{PageKey, PageSize, Scan};

/// What a store's methods return: a future that any executor can drive.
///
/// ```
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Store, StoreFuture};
/// fn events_so_far(store: &dyn Store) -> StoreFuture<'_, u64> {
///     Box::pin(async move { Ok(store.head().await?.last.get()) })
/// }
/// assert_eq!(pollster::block_on(events_so_far(&MemoryStore::default())), Ok(0));
/// ```
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where records, names, counters, receipts and events are kept.
///
/// *Reads plus one [`commit`](Self::commit)*: the core decides, a store only keeps. Implementing it
/// takes one table per [`RecordKind`](super::RecordKind), one each for names, counters, receipts
/// and events, and a [`SearchIndex`]; the suite behind the feature `conformance` tells whether it was done right.
///
/// What holds for all methods:
///
/// - Commits are totally ordered, across all processes that share the store. A read that begins
///   after a commit was answered sees it, but in a view of [`bounded_staleness`](Self::bounded_staleness).
/// - Dropping a returned future cancels nothing halfway: a commit is applied whole or not at all,
///   and its caller no longer knows which.
/// - Errors hold no values; [`StoreError::OutcomeUnknown`] is the only one after which a commit may
///   have been applied.
///
/// ```
/// use std::sync::Arc;
/// use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{RecordKey, Store};
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
/// let found = pollster::block_on(store.get(&RecordKey::deployment()))?;
/// assert_eq!(found, None, "nothing was committed yet");
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
pub trait Store: SearchIndex {
    /// Reads a record.
    ///
    /// - Answers what the last commit left, whole.
    fn get<'a>(&'a self, key: &'a RecordKey) -> StoreFuture<'a, Option<Versioned<Record>>>;

    /// Reads a page of a list.
    ///
    /// - The rows that [`Scan::plan`] names, in its order, strictly behind `after`, at most `size`.
    /// - Texts are compared byte by byte, numbers as numbers.
    /// - Fewer than `size` rows mean that there are no more.
    fn scan<'a>(
        &'a self,
        scan: &'a Scan,
        after: Option<&'a PageKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<Versioned<Record>>>;

    /// Reads records: an answer for each key, in their order.
    ///
    /// - Each is what [`get`](Self::get) answers. Read by [`get`](Self::get) one after the other
    ///   unless a store has a shorter way, which a page of results is glad of.
    fn get_all<'a>(
        &'a self,
        keys: &'a [RecordKey],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                found.push(self.get(key).await?);
            }
            Ok(found)
        })
    }

    /// A view of the store for one task that may read what is a little stale: from a replica, say.
    /// `None`, the default, if there is nothing to gain. The marketplace reads the catalogue through
    /// one for readers who have not signed in, and nothing else.
    ///
    /// - What it reads was the latest state at some moment within a bound that the operator set.
    /// - Within one view, nothing that was read is followed by something older.
    /// - Commits, receipts and pruning are those of the store.
    fn bounded_staleness(&self) -> Option<Arc<dyn Store>> {
        None
    }

    /// Reads who has a name.
    fn name<'a>(&'a self, name: &'a ClaimedName) -> StoreFuture<'a, Option<NameOwner>>;

    /// Reads what was kept under an idempotency key.
    ///
    /// - A receipt is found until it is pruned, even past its time.
    fn receipt<'a>(&'a self, scope: &'a IdempotencyScope)
    -> StoreFuture<'a, Option<StoredReceipt>>;

    /// Reads counters, by name.
    ///
    /// - Counters that stand at 0 may be left out.
    /// - In the byte order of their names, at most `limit`.
    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>>;

    /// Reads the rows of a table, in the order of their keys, strictly behind `after`, at most `size`:
    /// for whoever looks through everything, a page at a time.
    ///
    /// - Each page is what [`CopySnapshot::rows`](super::CopySnapshot::rows) answers of the state that
    ///   the last commit left. The next one may be of a later state.
    /// - Fewer than `size` rows mean that there are no more.
    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>>;

    /// Reads the event log behind `after`, oldest first, at most `size` events.
    ///
    /// - Positions are dense: a reader that follows misses nothing and sees nothing twice.
    /// - [`LogPage::TooOld`] when events behind `after` have been pruned.
    fn events(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredEvent>>;

    /// Reads the public change feed behind `after`, as [`events`](Self::events) does the log. Its
    /// positions are a dense sequence of their own.
    fn feed(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredFeedEntry>>;

    /// Reads where the log stands.
    ///
    /// - Survives the pruning of all events.
    fn head(&self) -> StoreFuture<'_, Head>;

    /// Applies a commit, whole or not at all, durably before it answers. In this order:
    ///
    /// 1. The receipt's scope is known → [`Committed::Replayed`], whatever else the commit says.
    /// 2. Each expectation, then the `expected` of each put and delete, in the order given. The
    ///    first that fails → [`Refusal::Conflict`](super::Refusal::Conflict) with its key.
    /// 3. Each name and count, in the order of the changes, each seeing those before it. The first
    ///    that fails → [`Refusal::NameTaken`](super::Refusal::NameTaken) or
    ///    [`Refusal::OutOfBounds`](super::Refusal::OutOfBounds).
    /// 4. Everything is applied. Events get the next positions; those with a feed change get the
    ///    next feed positions too. A put record gets the revision after the expected one
    ///    ([`Revision::FIRST`](crate::domain::Revision::FIRST) when new), `changed` = the position of
    ///    the commit's first event, and `created` = the same when new.
    ///
    /// Index entries are set and removed in the same step
    /// ([`Change::Index`](super::Change::Index)).
    ///
    /// After step 1, [`Commit::check`] refuses what is malformed.
    fn commit(&self, commit: Commit) -> StoreFuture<'_, Committed>;

    /// Forgets what has served, at most `limit` entries, the oldest first; answers how many.
    ///
    /// - Of events, `limit` and the answer count the events; their feed entries go with them.
    /// - A small step: readers and writers are not held up.
    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32>;

    /// Wipes what was deleted out of where the store may keep it for a while yet, such as a log of
    /// its own. Called when somebody has been erased, and by every upkeep.
    ///
    /// - A small step: readers and writers are not held up for long. What can't be wiped at once,
    ///   because somebody still reads it, is left to the next call, and is no error.
    /// - Nothing, the default, for a store that keeps nothing beside, or whose operator sees to it.
    fn wipe(&self) -> StoreFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What to forget.
///
/// ```
/// # use fleetprompt_core::domain::{Span, Timestamp};
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Commit, Fingerprint, IdempotencyScope, NewReceipt, Prune, Store};
/// # pollster::block_on(async {
/// # let (store, expires_at) = (MemoryStore::default(), Timestamp::MIN.plus(Span::DAY));
/// # let fingerprint = Fingerprint { kid: "k1".parse()?, digest: [2; 32] };
/// # let scope = IdempotencyScope([1; 32]);
/// let receipt = Some(NewReceipt { scope, fingerprint, answer: "{}".to_owned(), expires_at });
/// store.commit(Commit { receipt, expectations: vec![], changes: vec![], events: vec![] }).await?;
/// assert_eq!(store.prune(Prune::Receipts(Timestamp::MIN), 100).await?, 0, "it still serves");
/// assert_eq!(store.prune(Prune::Receipts(expires_at), 100).await?, 1);
/// assert_eq!(store.receipt(&scope).await?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prune {
    /// Receipts that expired at or before this time.
    Receipts(Timestamp),
    /// Events from before this time, from the oldest on and without a gap, with their feed entries.
    /// Stops at the first event that is not older.
    Events(Timestamp),
}

/// A page of the log.
///
/// ```
/// # use fleetprompt_core::Marketplace;
/// # use fleetprompt_core::domain::{Position, Timestamp};
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// use fleetprompt_core::port::{LogPage, PageSize, Prune, Store};
/// # pollster::block_on(async {
/// # let store = MemoryStore::default();
/// # Marketplace::builder(store.clone()).keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let last = store.head().await?.last;
/// store.prune(Prune::Events(Timestamp::MAX), 100).await?;
/// assert_eq!(store.events(Position::START, PageSize::MAX).await?, LogPage::TooOld);
/// assert_eq!(store.events(last, PageSize::MAX).await?, LogPage::Entries(vec![]), "caught up");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogPage<T> {
    /// The entries behind the cursor; none when the reader has caught up.
    Entries(Vec<T>),
    /// Entries behind the cursor have been pruned: the reader must start from a snapshot.
    TooOld,
}

/// An event with its place in the log.
///
/// ```
/// # use fleetprompt_core::Marketplace;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::port::{LogPage, PageSize, Store};
/// # pollster::block_on(async {
/// # let store = MemoryStore::default();
/// # Marketplace::builder(store.clone()).keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let page = store.events(Position::START, PageSize::MAX).await?;
/// let LogPage::Entries(events) = page else { unreachable!("nothing was pruned") };
/// // A marketplace's log begins with its deployment.
/// assert_eq!(events[0].position, Position::new(1));
/// assert_eq!(events[0].event.fact.name(), "deployment.renewed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// The place.
    pub position: Position,
    /// The event.
    pub event: Event,
}

/// An entry of the public change feed.
///
/// ```
/// # use fleetprompt_core::domain::{Actor, Event, Fact, ListingId, PublisherId, Timestamp};
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::domain::{FeedChange, Position};
/// use fleetprompt_core::port::{Commit, LogPage, PageSize, Store, StoredFeedEntry};
/// # pollster::block_on(async {
/// # let (store, at) = (MemoryStore::default(), Timestamp::MIN);
/// # let (publisher, listing) = (PublisherId::from_bytes([1; 16]), ListingId::from_bytes([2; 16]));
/// # let event = |fact, feed| Event { at, actor: Actor::Marketplace, fact, feed };
/// let change = FeedChange::Changed { listing };
/// let created = event(Fact::ListingCreated { publisher, listing }, None);
/// let published = event(Fact::ListingPublished { publisher, listing }, Some(change.clone()));
/// let events = vec![created, published];
/// store.commit(Commit { receipt: None, expectations: vec![], changes: vec![], events }).await?;
/// // The second event of the log is the first entry of the feed.
/// let feed = store.feed(Position::START, PageSize::MAX).await?;
/// let entry = StoredFeedEntry { position: Position::new(1), at, change };
/// assert_eq!(feed, LogPage::Entries(vec![entry]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFeedEntry {
    /// The place in the feed.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// What changed.
    pub change: FeedChange,
}

/// Where the log stands.
///
/// ```
/// # use fleetprompt_core::Marketplace;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::port::{Prune, Store};
/// # use fleetprompt_core::domain::Timestamp;
/// # pollster::block_on(async {
/// # let store = MemoryStore::default();
/// # Marketplace::builder(store.clone()).keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// store.prune(Prune::Events(Timestamp::MAX), 100).await?;
/// let head = store.head().await?;
/// assert_eq!((head.last, head.pruned), (Position::new(1), Position::new(1)));
/// assert_eq!(head.feed_last, Position::START, "nothing public happened");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last event's position.
    pub last: Position,
    /// The latest time of any event so far; the epoch without one.
    pub at: Timestamp,
    /// The last feed entry's position.
    pub feed_last: Position,
    /// Events up to and including this position have been pruned.
    pub pruned: Position,
    /// Feed entries up to and including this position have been pruned.
    pub feed_pruned: Position,
}
