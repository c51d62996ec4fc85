//! What chance has a hand in.

use std::str::FromStr;

use super::{GROUPS, TEXTS, parsed, time};
use crate::domain::Timestamp;

/// Decides what a sample holds beside its key.
///
/// ```
/// use fleetprompt_core::conformance::samples::{self, Pick};
/// assert!(samples::listing(1, &mut Pick::full()).content.description.is_some());
/// assert!(samples::listing(1, &mut Pick::sparse()).content.description.is_none());
/// assert_eq!(samples::listing(1, &mut Pick::seeded(7)), samples::listing(1, &mut Pick::seeded(7)));
/// ```
#[derive(Clone, Debug)]
pub struct Pick {
    optional: Option<bool>,
    state: u64,
}

impl Pick {
    /// Everything that can be left out is there.
    pub fn full() -> Self {
        Pick { optional: Some(true), state: 0 }
    }

    /// Everything that can be left out is.
    pub fn sparse() -> Self {
        Pick { optional: Some(false), state: 0 }
    }

    /// Everything is as chance has it; the same seed has it the same way.
    pub fn seeded(seed: u64) -> Self {
        Pick { optional: None, state: seed }
    }

    /// A number from 0 up to and not including `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        // The generator SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }

    /// One of `choices`.
    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        let n = self.below(choices.len() as u64);
        choices[usize::try_from(n).unwrap()].clone()
    }

    pub(super) fn flag(&mut self) -> bool {
        let chance = self.below(2) == 1;
        self.optional.unwrap_or(chance)
    }

    pub(super) fn optional<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| make(self))
    }

    pub(super) fn group<T>(&mut self, id: fn(u64) -> T) -> T {
        id(self.below(GROUPS))
    }

    pub(super) fn text<T: FromStr>(&mut self) -> T
    where
        T::Err: std::fmt::Debug,
    {
        parsed(self.one_of(TEXTS))
    }

    pub(super) fn time(&mut self) -> Timestamp {
        time(self.below(20))
    }
}
