//! The search index: what a store keeps of each listing in the public catalogue, and how it is
//! asked. The core decides what the words are and what they mean; a store only finds them.

mod entry;
mod matching;
mod reads;
#[cfg(test)]
mod tests;

pub use entry::{
    Field, INDEX_VERSION, IndexEntry, Quality, Rank, Run, TERM_MAX_BYTES, Term, Token,
};
pub use matching::{Clause, Matching, Phrase};
pub use reads::{
    Find, Frequencies, Hit, LabelCount, List, SearchIndex, Shelf, ShelfKey, ShelfOrder,
    StoredEntry, Tally, TallyRequest, frequency_level, head,
};
