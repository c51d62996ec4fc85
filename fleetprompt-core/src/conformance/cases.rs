//! The cases, by family. Each one starts with new data and panics when the store is wrong.

mod catalogue;
mod counters;
mod counts;
mod durability;
mod entries;
mod index_races;
mod log;
mod matches;
mod names;
mod races;
mod receipts;
mod records;
mod rows;
mod scans;

pub(super) use self::counters::*;
pub(super) use self::counts::*;
pub(super) use self::durability::*;
pub(super) use self::entries::*;
pub(super) use self::index_races::*;
pub(super) use self::log::*;
pub(super) use self::matches::*;
pub(super) use self::names::*;
pub(super) use self::races::*;
pub(super) use self::receipts::*;
pub(super) use self::records::*;
pub(super) use self::rows::*;
pub(super) use self::scans::*;
pub(super) use super::indexing::{
    a_long_catalogue_is_answered_as_by_the_oracle, random_questions_are_answered_as_by_the_oracle,
};
pub(super) use super::raw::random_commits_do_what_the_oracle_does;
pub(super) use super::stateful::a_marketplace_answers_as_it_does_over_the_oracle;
