//! Search: how text is understood, what the index holds of a listing, and how a page of results
//! says where the next one begins.
//!
//! The answer to a search carries a [`Cursor`] that only this deployment can make and that only
//! works for the same query by the same viewer.

pub(crate) mod analysis;
mod cursor;
pub(crate) mod document;
#[cfg_attr(not(test), expect(dead_code, reason = "the index is being built"))]
pub(crate) mod highlight;
#[expect(dead_code, reason = "the index is being built")]
pub(crate) mod label;
#[cfg_attr(not(test), expect(dead_code, reason = "the index is being built"))]
pub(crate) mod query;

pub use cursor::{Cursor, CursorBinding, InvalidCursor};
pub use highlight::Excerpt;
pub use query::Query;
