//! What others do between a decision and its commit.

use std::sync::{Arc, Mutex};

use crate::domain::Position;
use crate::port::*;

type Deed = Box<dyn FnOnce() + Send>;

/// A store in which others come first: what they do is done right before the next commit.
#[derive(Clone)]
pub(crate) struct Meanwhile {
    inner: Arc<dyn Store>,
    deed: Arc<Mutex<Option<Deed>>>,
}

impl Meanwhile {
    pub(crate) fn new(inner: impl Store + 'static) -> Self {
        Meanwhile { inner: Arc::new(inner), deed: Arc::default() }
    }

    /// Has `deed` done before the next commit.
    pub(crate) fn first(&self, deed: impl FnOnce() + Send + 'static) {
        *self.deed.lock().unwrap() = Some(Box::new(deed));
    }
}

impl Store for Meanwhile {
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
        let deed = self.deed.lock().unwrap().take();
        if let Some(deed) = deed {
            deed();
        }
        self.inner.commit(commit)
    }

    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32> {
        self.inner.prune(what, limit)
    }
}

impl SearchIndex for Meanwhile {
    fn find<'a>(&'a self, find: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>> {
        self.inner.find(find)
    }

    fn tally<'a>(&'a self, request: &'a TallyRequest) -> StoreFuture<'a, Tally> {
        self.inner.tally(request)
    }

    fn shelf<'a>(&'a self, shelf: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>> {
        self.inner.shelf(shelf)
    }

    fn frequencies<'a>(&'a self, terms: &'a [Term]) -> StoreFuture<'a, Frequencies> {
        self.inner.frequencies(terms)
    }

    fn words<'a>(&'a self, words: &'a [Term]) -> StoreFuture<'a, Vec<u64>> {
        self.inner.words(words)
    }

    fn completions<'a>(&'a self, prefix: &'a Term, limit: u16) -> StoreFuture<'a, Vec<Token>> {
        self.inner.completions(prefix, limit)
    }

    fn listings<'a>(
        &'a self,
        ordinals: &'a [Position],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        self.inner.listings(ordinals)
    }

    fn entries(&self, after: Position, size: PageSize) -> StoreFuture<'_, Vec<StoredEntry>> {
        self.inner.entries(after, size)
    }
}
