//! A store that fails when it is told to.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use crate::domain::Position;
use crate::port::{
    ClaimedName, Commit, Committed, CounterRange, Head, IdempotencyScope, LogPage, NameOwner,
    PageKey, PageSize, Prune, Record, RecordKey, Refusal, Scan, Store, StoreError, StoreFuture,
    StoredEvent, StoredFeedEntry, StoredReceipt, Versioned,
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
    /// It takes a while: other tasks run before it and after it.
    Delayed,
}

/// A store that fails as its script says: each commit takes the next [`Fault`], and once there are
/// no more, all goes well. Reads never fail.
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
    script: Arc<Mutex<VecDeque<Fault>>>,
}

impl FaultStore {
    /// `inner`, with an empty script.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        FaultStore { inner, script: Arc::default() }
    }

    /// Puts `faults` in the place of what is left of the script.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = faults.into_iter().collect();
    }

    fn next(&self) -> Option<Fault> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
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
        self.inner.get(key)
    }

    fn scan<'a>(
        &'a self,
        scan: &'a Scan,
        after: Option<&'a PageKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<Versioned<Record>>> {
        self.inner.scan(scan, after, size)
    }

    fn name<'a>(&'a self, name: &'a ClaimedName) -> StoreFuture<'a, Option<NameOwner>> {
        self.inner.name(name)
    }

    fn receipt<'a>(
        &'a self,
        scope: &'a IdempotencyScope,
    ) -> StoreFuture<'a, Option<StoredReceipt>> {
        self.inner.receipt(scope)
    }

    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>> {
        self.inner.counters(range, limit)
    }

    fn events(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredEvent>> {
        self.inner.events(after, size)
    }

    fn feed(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredFeedEntry>> {
        self.inner.feed(after, size)
    }

    fn head(&self) -> StoreFuture<'_, Head> {
        self.inner.head()
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, Committed> {
        let fault = self.next();
        Box::pin(async move {
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
                Some(Fault::Delayed) => {
                    pause().await;
                    let answer = self.inner.commit(commit).await;
                    pause().await;
                    answer
                }
                Some(Fault::AnswerLost) | None => self.inner.commit(commit).await,
            }
        })
    }

    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32> {
        self.inner.prune(what, limit)
    }
}
