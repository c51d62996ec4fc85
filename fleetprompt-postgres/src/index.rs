//! The search index.
//!
//! An entry's terms have ids in `index_term`, with exact counts; `index_entry` keeps them as an array
//! under a GIN index, and beside it the words in their places as a short text, on which phrases are
//! tested and words counted here.
//!
//! There are two ways to read a list, and frequencies decide between them, not the planner: to walk
//! an order and test entry by entry, or to have the GIN index collect all matches and sort them. A
//! walk that has seen as many entries as the other way would read gives up in its favour.

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Find, Frequencies, Hit, PageSize, Record, SearchIndex, Shelf, ShelfKey, StoreFuture,
    StoredEntry, Tally, TallyRequest, Term, Token, Versioned,
};

use crate::store::PostgresStore;

mod dictionary;
mod entry;
mod find;
pub(crate) mod lookup;
mod order;
mod question;
mod shelf;
mod stream;
mod words;

pub(crate) use entry::{NewEntries, NewEntry};

impl SearchIndex for PostgresStore {
    fn find<'a>(&'a self, find: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>> {
        let find = find.clone();
        Box::pin(self.snapshot(move |session| Box::pin(find::find(session, find))))
    }

    fn tally<'a>(&'a self, request: &'a TallyRequest) -> StoreFuture<'a, Tally> {
        let request = request.clone();
        Box::pin(self.snapshot(move |session| Box::pin(find::tally(session, request))))
    }

    fn shelf<'a>(&'a self, shelf: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>> {
        let shelf = shelf.clone();
        Box::pin(self.snapshot(move |session| Box::pin(shelf::shelf(session, shelf))))
    }

    fn frequencies<'a>(&'a self, terms: &'a [Term]) -> StoreFuture<'a, Frequencies> {
        let terms = terms.to_vec();
        Box::pin(self.snapshot(move |session| Box::pin(lookup::frequencies(session, terms))))
    }

    fn words<'a>(&'a self, words: &'a [Term]) -> StoreFuture<'a, Vec<u64>> {
        let words = words.to_vec();
        Box::pin(self.snapshot(move |session| Box::pin(lookup::words(session, words))))
    }

    fn completions<'a>(&'a self, prefix: &'a Term, limit: u16) -> StoreFuture<'a, Vec<Token>> {
        let prefix = prefix.clone();
        Box::pin(
            self.snapshot(move |session| Box::pin(lookup::completions(session, prefix, limit))),
        )
    }

    fn listings<'a>(
        &'a self,
        ordinals: &'a [Position],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        let ordinals = ordinals.to_vec();
        Box::pin(self.snapshot(move |session| Box::pin(lookup::listings(session, ordinals))))
    }

    fn entries(&self, after: Position, size: PageSize) -> StoreFuture<'_, Vec<StoredEntry>> {
        Box::pin(self.snapshot(move |session| Box::pin(lookup::entries(session, after, size))))
    }
}
