//! The cases, by family. Each one starts with new data and panics when the store is wrong.

mod counters;
mod durability;
mod log;
mod names;
mod races;
mod receipts;
mod records;
mod scans;

pub(super) use self::counters::*;
pub(super) use self::durability::*;
pub(super) use self::log::*;
pub(super) use self::names::*;
pub(super) use self::races::*;
pub(super) use self::receipts::*;
pub(super) use self::records::*;
pub(super) use self::scans::*;
pub(super) use super::raw::random_commits_do_what_the_oracle_does;
pub(super) use super::stateful::a_marketplace_answers_as_it_does_over_the_oracle;
