//! What the benchmarks have in common.

mod catalogue;
mod figure;
mod tasks;

pub(crate) use catalogue::{marketplace, operator, read};
pub(crate) use figure::{Goal, figure};
pub(crate) use tasks::on_two_threads;
