//! A store that fails when it is told to.

use std::collections::VecDeque;
use std::future::{poll_fn, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use crate::domain::Position;
use crate::port::{
    ClaimedName, Commit, Committed, CopyKey, CopyRow, CopyTable, CounterRange, Find, Frequencies,
    Head, Hit, IdempotencyScope, LogPage, NameOwner, PageKey, PageSize, Prune, Record, RecordKey,
    Refusal, Scan, SearchIndex, Shelf, ShelfKey, Store, StoreError, StoreFuture, StoredEntry,
    StoredEvent, StoredFeedEntry, StoredReceipt, Tally, TallyRequest, Term, Token, Versioned,
};

/// What goes wrong with a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused as if another commit had come before it.
    Conflict,
    /// The store can't be reached; nothing is applied.
    Unavailable,
    /// It is not applied, and nobody can tell.
    Lost,
    /// It is applied, and nobody can tell. Strikes only a commit with a receipt, since nothing
    /// else would tell its author what became of it; any other goes through unharmed.
    AnswerLost,
    /// It is applied, nobody can tell, and every later call fails until the store is mended: what
    /// a process meets that is cut off.
    CutOff,
    /// It takes a while: other tasks run before it and after it.
    Delayed,
}

/// A store that fails as its script says: each commit takes the next [`Fault`], and once there are
/// no more, all goes well. Reads fail only after [`Fault::CutOff`] or as
/// [`fail_after`](Self::fail_after) says.
///
/// ```
/// use std::sync::Arc;
/// use fleetprompt_core::conformance::{Fault, FaultStore};
/// use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Commit, Store, StoreError};
///
/// let store = FaultStore::new(Arc::new(MemoryStore::default()));
/// store.script([Fault::Unavailable]);
/// let commit =
///     Commit { receipt: None, expectations: vec![], changes: vec![], events: vec![] };
/// let failed = pollster::block_on(store.commit(commit.clone()));
/// assert!(matches!(failed, Err(StoreError::Unavailable(_))));
/// assert!(pollster::block_on(store.commit(commit)).is_ok());
/// ```
#[derive(Clone)]
pub struct FaultStore {
    inner: Arc<dyn Store>,
    script: Arc<Mutex<Script>>,
    /// What others do before the next commit.
    deed: Arc<Mutex<Option<Deed>>>,
    /// How many calls are still to come before what others do then.
    due: Arc<Mutex<Option<(u64, Deed)>>>,
}

type Deed = Box<dyn FnOnce() + Send>;

#[derive(Debug, Default)]
struct Script {
    faults: VecDeque<Fault>,
    /// How many calls are still answered, and what is said to the others.
    end: Option<(u64, StoreError)>,
}

impl FaultStore {
    /// `inner`, with an empty script.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        FaultStore { inner, script: Arc::default(), deed: Arc::default(), due: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `faults` in the place of what is left of the script.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults = faults.into_iter().collect();
    }

    /// Has `deed` done right before the next commit: what others do between a decision and its
    /// commit.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use fleetprompt_core::conformance::{FaultStore, load};
    /// # use fleetprompt_core::memory::MemoryStore;
    /// let data = MemoryStore::default();
    /// let store = FaultStore::new(Arc::new(data.clone()));
    /// store.meanwhile(move || load::apply(&data, 1));
    /// load::apply(&store, 2);
    /// assert_eq!(load::count(&store), 2);
    /// ```
    pub fn meanwhile(&self, deed: impl FnOnce() + Send + 'static) {
        *self.deed() = Some(Box::new(deed));
    }

    /// Has `deed` done once this many calls more, reads and commits, were answered: what others do
    /// between two reads.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use fleetprompt_core::conformance::{FaultStore, load};
    /// # use fleetprompt_core::memory::MemoryStore;
    /// use fleetprompt_core::port::Store;
    /// let data = MemoryStore::default();
    /// let store = FaultStore::new(Arc::new(data.clone()));
    /// store.after_calls(1, move || load::apply(&data, 1));
    /// let last = || pollster::block_on(store.head()).map(|head| head.last.get());
    /// assert_eq!((last()?, last()?), (0, 1));
    /// # Ok::<(), fleetprompt_core::port::StoreError>(())
    /// ```
    pub fn after_calls(&self, calls: u64, deed: impl FnOnce() + Send + 'static) {
        *self.due() = Some((calls, Box::new(deed)));
    }

    fn due(&self) -> MutexGuard<'_, Option<(u64, Deed)>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, and does what is due once it was answered.
    fn count_call(&self) {
        let mut due = self.due();
        let Some((calls, deed)) = due.take() else { return };
        match calls.checked_sub(1) {
            Some(calls) if calls > 0 => *due = Some((calls, deed)),
            _ => {
                // Not held any longer: what is done may come to this store as well.
                drop(due);
                deed();
            }
        }
    }

    fn deed(&self) -> MutexGuard<'_, Option<Deed>> {
        self.deed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves this many calls more, reads and commits; every later one fails with `error` and does
    /// nothing, until the store is mended.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use fleetprompt_core::conformance::FaultStore;
    /// # use fleetprompt_core::memory::MemoryStore;
    /// use fleetprompt_core::port::{Store, StoreError};
    /// let store = FaultStore::new(Arc::new(MemoryStore::default()));
    /// store.fail_after(1, StoreError::Corrupt("a page of the file"));
    /// assert!(pollster::block_on(store.head()).is_ok());
    /// assert!(pollster::block_on(store.head()).is_err());
    /// store.mend();
    /// assert!(pollster::block_on(store.head()).is_ok());
    /// ```
    pub fn fail_after(&self, calls: u64, error: StoreError) {
        self.state().end = Some((calls, error));
    }

    /// Lets every call through again. What is left of the script stays.
    pub fn mend(&self) {
        self.state().end = None;
    }

    /// The call's answer, unless the store no longer serves any.
    fn serve<'a, T: Send + 'a>(&self, answer: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        self.count_call();
        match &mut self.state().end {
            Some((0, error)) => Box::pin(ready(Err(error.clone()))),
            Some((left, _)) => {
                *left -= 1;
                answer
            }
            None => answer,
        }
    }
}

impl std::fmt::Debug for FaultStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultStore").field("script", &self.script).finish_non_exhaustive()
    }
}

/// Lets others run once.
async fn pause() {
    let mut paused = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Store for FaultStore {
    fn get<'a>(&'a self, key: &'a RecordKey) -> StoreFuture<'a, Option<Versioned<Record>>> {
        self.serve(self.inner.get(key))
    }

    fn scan<'a>(
        &'a self,
        scan: &'a Scan,
        after: Option<&'a PageKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<Versioned<Record>>> {
        self.serve(self.inner.scan(scan, after, size))
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [RecordKey],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        self.serve(self.inner.get_all(keys))
    }

    fn name<'a>(&'a self, name: &'a ClaimedName) -> StoreFuture<'a, Option<NameOwner>> {
        self.serve(self.inner.name(name))
    }

    fn receipt<'a>(
        &'a self,
        scope: &'a IdempotencyScope,
    ) -> StoreFuture<'a, Option<StoredReceipt>> {
        self.serve(self.inner.receipt(scope))
    }

    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>> {
        self.serve(self.inner.counters(range, limit))
    }

    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>> {
        self.serve(self.inner.rows(table, after, size))
    }

    fn events(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredEvent>> {
        self.serve(self.inner.events(after, size))
    }

    fn feed(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredFeedEntry>> {
        self.serve(self.inner.feed(after, size))
    }

    fn head(&self) -> StoreFuture<'_, Head> {
        self.serve(self.inner.head())
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, Committed> {
        self.serve(Box::pin(async move {
            // Taken out first: what is done may come to this store as well.
            let deed = self.deed().take();
            if let Some(deed) = deed {
                deed();
            }
            let fault = self.state().faults.pop_front();
            let has_receipt = commit.receipt.is_some();
            match fault {
                Some(Fault::Conflict) => {
                    Ok(Committed::Refused(Refusal::Conflict(RecordKey::deployment())))
                }
                Some(Fault::Unavailable) => Err(StoreError::Unavailable("as the script says")),
                Some(Fault::Lost) => Err(StoreError::OutcomeUnknown("as the script says")),
                Some(Fault::AnswerLost) if has_receipt => {
                    self.inner.commit(commit).await?;
                    Err(StoreError::OutcomeUnknown("as the script says"))
                }
                Some(Fault::CutOff) => {
                    self.inner.commit(commit).await?;
                    self.fail_after(0, StoreError::Unavailable("as the script says"));
                    Err(StoreError::OutcomeUnknown("as the script says"))
                }
                Some(Fault::Delayed) => {
                    pause().await;
                    let answer = self.inner.commit(commit).await;
                    pause().await;
                    answer
                }
                Some(Fault::AnswerLost) | None => self.inner.commit(commit).await,
            }
        }))
    }

    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32> {
        self.serve(Box::pin(async move { self.inner.prune(what, limit).await }))
    }

    fn wipe(&self) -> StoreFuture<'_, ()> {
        self.serve(self.inner.wipe())
    }
}

impl SearchIndex for FaultStore {
    fn find<'a>(&'a self, find: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>> {
        self.serve(self.inner.find(find))
    }

    fn tally<'a>(&'a self, request: &'a TallyRequest) -> StoreFuture<'a, Tally> {
        self.serve(self.inner.tally(request))
    }

    fn shelf<'a>(&'a self, shelf: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>> {
        self.serve(self.inner.shelf(shelf))
    }

    fn frequencies<'a>(&'a self, terms: &'a [Term]) -> StoreFuture<'a, Frequencies> {
        self.serve(self.inner.frequencies(terms))
    }

    fn words<'a>(&'a self, words: &'a [Term]) -> StoreFuture<'a, Vec<u64>> {
        self.serve(self.inner.words(words))
    }

    fn completions<'a>(&'a self, prefix: &'a Term, limit: u16) -> StoreFuture<'a, Vec<Token>> {
        self.serve(self.inner.completions(prefix, limit))
    }

    fn listings<'a>(
        &'a self,
        ordinals: &'a [Position],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        self.serve(self.inner.listings(ordinals))
    }

    fn entries(&self, after: Position, size: PageSize) -> StoreFuture<'_, Vec<StoredEntry>> {
        self.serve(self.inner.entries(after, size))
    }
}
