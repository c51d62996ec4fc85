//! The search index.
//!
//! An entry's terms have ids in `index_term`, with exact counts. `index_posting` lists the entries that a
//! term finds by rank, so the best matches are read first and the rest never is; `index_entry` keeps each
//! entry's terms as an array under a GIN index, which finds where two terms meet, and its stems in their
//! places as a text, in which phrases are looked for. A question is one call of a function of the server
//! (`schema/0001_index.sql`), which decides by frequencies how each list is read.

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Find, Frequencies, Hit, PageSize, Record, SearchIndex, Shelf, ShelfKey, StoreFuture,
    StoredEntry, Tally, TallyRequest, Term, Token, Versioned,
};

use crate::store::PostgresStore;

mod entry;
mod find;
pub(crate) mod lookup;
mod question;
mod shelf;
mod words;

pub(crate) use entry::{NewEntries, NewEntry};

impl SearchIndex for PostgresStore {
    fn find<'a>(&'a self, find: &'a Find) -> StoreFuture<'a, Vec<Vec<Hit>>> {
        let find = find.clone();
        Box::pin(self.read(move |session| Box::pin(find::find(session, find))))
    }

    fn tally<'a>(&'a self, request: &'a TallyRequest) -> StoreFuture<'a, Tally> {
        let request = request.clone();
        Box::pin(self.read(move |session| Box::pin(find::tally(session, request))))
    }

    fn shelf<'a>(&'a self, shelf: &'a Shelf) -> StoreFuture<'a, Vec<ShelfKey>> {
        let shelf = shelf.clone();
        Box::pin(self.read(move |session| Box::pin(shelf::shelf(session, shelf))))
    }

    fn frequencies<'a>(&'a self, terms: &'a [Term]) -> StoreFuture<'a, Frequencies> {
        let terms = terms.to_vec();
        Box::pin(self.read(move |session| Box::pin(lookup::frequencies(session, terms))))
    }

    fn words<'a>(&'a self, words: &'a [Term]) -> StoreFuture<'a, Vec<u64>> {
        let words = words.to_vec();
        Box::pin(self.snapshot(move |session| Box::pin(lookup::words(session, words))))
    }

    fn completions<'a>(&'a self, prefix: &'a Term, limit: u16) -> StoreFuture<'a, Vec<Token>> {
        let prefix = prefix.clone();
        Box::pin(self.read(move |session| Box::pin(lookup::completions(session, prefix, limit))))
    }

    fn listings<'a>(
        &'a self,
        ordinals: &'a [Position],
    ) -> StoreFuture<'a, Vec<Option<Versioned<Record>>>> {
        let ordinals = ordinals.to_vec();
        Box::pin(self.read(move |session| Box::pin(lookup::listings(session, ordinals))))
    }

    fn entries(&self, after: Position, size: PageSize) -> StoreFuture<'_, Vec<StoredEntry>> {
        Box::pin(self.read(move |session| Box::pin(lookup::entries(session, after, size))))
    }
}
