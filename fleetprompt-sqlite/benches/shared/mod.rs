//! What the benchmarks have in common.

mod catalogue;
mod figure;

pub(crate) use catalogue::{marketplace, operator, read};
pub(crate) use figure::{Goal, figure, on_two_threads};
