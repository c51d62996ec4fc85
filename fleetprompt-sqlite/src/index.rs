//! The search index.
//!
//! Every term has an id, in `index_term`, and its counts in `index_count`. What an entry holds is
//! its forward document: the ids of its words and labels. The full-text table `index_text` lists
//! the entries of each term by rank, so the best matches are read first and the rest never is. It
//! is given ids in base 36 for words, and asked for them: it can hold nothing that erasing a term
//! does not make meaningless, and no text of a user meets its syntax.

use crate::store::SqliteStore;
use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Find, Frequencies, Hit, PageSize, Record, SearchIndex, Shelf, ShelfKey, StoreFuture,
    StoredEntry, Tally, TallyRequest, Term, Token, Versioned,
};

use self::shelf::Bounds;

mod dictionary;
mod entry;
mod find;
mod forward;
mod ids;
pub(crate) mod lookup;
mod pending;
mod plan;
pub(crate) mod rebuild;
mod shelf;
mod stream;
mod text;
mod view;
mod walk;
mod words;

#[cfg(test)]
mod tests;

/// The statements that read many rows, and what each must be read from.
#[cfg(test)]
fn statements() -> Vec<(String, &'static str)> {
    let mut all = stream::statements();
    all.extend(walk::statements());
    all.extend(lookup::statements());
    all
}

pub(crate) use entry::NewEntry;
pub(crate) use forward::{Document, Id};
pub(crate) use ids::Seen;
pub(crate) use pending::Pending;
pub(crate) use text::EVERY;

impl SearchIndex for SqliteStore {
    fn find<'a>(&'a self, find: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>> {
        Box::pin(self.snapshot(move |conn| find::find(conn, find)))
    }

    fn tally<'a>(&'a self, request: &'a TallyRequest) -> StoreFuture<'a, Tally> {
        Box::pin(self.snapshot(move |conn| find::tally(conn, request)))
    }

    fn shelf<'a>(&'a self, shelf: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>> {
        Box::pin(self.snapshot(move |conn| shelf::shelf(conn, shelf, Bounds::USUAL)))
    }

    fn frequencies<'a>(&'a self, terms: &'a [Term]) -> StoreFuture<'a, Frequencies> {
        Box::pin(self.snapshot(move |conn| lookup::frequencies(conn, terms)))
    }

    fn words<'a>(&'a self, words: &'a [Term]) -> StoreFuture<'a, Vec<u64>> {
        Box::pin(self.snapshot(move |conn| lookup::words(conn, words)))
    }

    fn completions<'a>(&'a self, prefix: &'a Term, limit: u16) -> StoreFuture<'a, Vec<Token>> {
        Box::pin(self.snapshot(move |conn| lookup::completions(conn, prefix, limit)))
    }

    fn listings<'a>(
        &'a self,
        ordinals: &'a [Position],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        Box::pin(self.snapshot(move |conn| lookup::listings(conn, ordinals)))
    }

    fn entries(&self, after: Position, size: PageSize) -> StoreFuture<'_, Vec<StoredEntry>> {
        Box::pin(self.snapshot(move |conn| lookup::entries(conn, after, size)))
    }
}
