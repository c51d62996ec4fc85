//! Search: how text is understood, what the index holds of a listing, and how a page of results
//! says where the next one begins.
//!
//! The answer to a search carries a [`Cursor`] that only this deployment can make and that only
//! works for the same query by the same viewer.

pub(crate) mod analysis;
mod cursor;
pub(crate) mod document;
pub(crate) mod filter;
pub(crate) mod highlight;
pub(crate) mod label;
pub(crate) mod query;
pub(crate) mod ranking;

pub use cursor::{Cursor, CursorBinding, InvalidCursor};
pub use filter::{CatalogueFilter, CatalogueOrder};
pub use highlight::Excerpt;
pub use query::Query;
