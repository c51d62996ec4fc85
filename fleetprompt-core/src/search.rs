//! Search: how text is understood, what the index holds of a listing, and how a page of results
//! says where the next one begins.
//!
//! The answer to a search carries a [`Cursor`] that only this deployment can make and that only
//! works for the same query by the same viewer.

mod cursor;
#[expect(dead_code, reason = "the index is being built")]
pub(crate) mod label;

pub use cursor::{Cursor, CursorBinding, InvalidCursor};
