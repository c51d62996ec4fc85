//! The search index: so far, nothing is kept of it.

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Find, Frequencies, Hit, PageSize, Record, SearchIndex, Shelf, ShelfKey, StoreError,
    StoreFuture, StoredEntry, Tally, TallyRequest, Term, Token, Versioned,
};

use crate::store::SqliteStore;

fn none<'a, T: Send + 'a>() -> StoreFuture<'a, T> {
    Box::pin(std::future::ready(Err(StoreError::Unavailable("the index is being built"))))
}

impl SearchIndex for SqliteStore {
    fn find<'a>(&'a self, _: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>> {
        none()
    }

    fn tally<'a>(&'a self, _: &'a TallyRequest) -> StoreFuture<'a, Tally> {
        none()
    }

    fn shelf<'a>(&'a self, _: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>> {
        none()
    }

    fn frequencies<'a>(&'a self, _: &'a [Term]) -> StoreFuture<'a, Frequencies> {
        none()
    }

    fn words<'a>(&'a self, _: &'a [Term]) -> StoreFuture<'a, Vec<u64>> {
        none()
    }

    fn completions<'a>(&'a self, _: &'a Term, _: u16) -> StoreFuture<'a, Vec<Token>> {
        none()
    }

    fn listings<'a>(&'a self, _: &'a [Position]) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        none()
    }

    fn entries(&self, _: Position, _: PageSize) -> StoreFuture<'_, Vec<StoredEntry>> {
        none()
    }
}
