//! The storage port: reads, and one atomic commit.

use std::future::Future;
use std::pin::Pin;

use crate::domain::{Event, FeedChange, Position, Timestamp};

use super::commit::{
    ClaimedName, Commit, Committed, CounterRange, IdempotencyScope, NameOwner, StoredReceipt,
};
use super::error::StoreError;
use super::record::{Record, RecordKey, Versioned};
use super::scan::{PageKey, PageSize, Scan};

/// What a store's methods return: a future that any executor can drive.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where records, names, counters, receipts and events are kept.
///
/// *Reads plus one [`commit`](Self::commit)*: the core decides, a store only keeps. Implementing it
/// takes one table per [`RecordKind`](super::RecordKind), and one each for names, counters, receipts
/// and events; the suite behind the feature `conformance` tells whether it was done right.
///
/// What holds for all methods:
///
/// - Commits are totally ordered, across all processes that share the store. A read that begins
///   after a commit was answered sees it.
/// - Dropping a returned future cancels nothing halfway: a commit is applied whole or not at all,
///   and its caller no longer knows which.
/// - Errors hold no values; [`StoreError::OutcomeUnknown`] is the only one after which a commit may
///   have been applied.
pub trait Store: Send + Sync {
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
    /// After step 1, [`Commit::check`] refuses what is malformed.
    fn commit(&self, commit: Commit) -> StoreFuture<'_, Committed>;

    /// Forgets what has served, at most `limit` entries, the oldest first; answers how many.
    ///
    /// - A small step: readers and writers are not held up.
    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32>;
}

/// What to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prune {
    /// Receipts that expired at or before this time.
    Receipts(Timestamp),
    /// Events from before this time, from the oldest on and without a gap, with their feed entries.
    /// Stops at the first event that is not older.
    Events(Timestamp),
}

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogPage<T> {
    /// The entries behind the cursor; none when the reader has caught up.
    Entries(Vec<T>),
    /// Entries behind the cursor have been pruned: the reader must start from a snapshot.
    TooOld,
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// The place.
    pub position: Position,
    /// The event.
    pub event: Event,
}

/// An entry of the public change feed.
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
