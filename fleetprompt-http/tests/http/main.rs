//! The facade over HTTP, as its callers see it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

mod acceptance;
mod canaries;
mod conventions;
mod document;
mod identity;
mod log;
mod matrix;
mod pages;
mod program;
mod races;
mod response_cache;
mod serve;
mod stores;
mod support;
