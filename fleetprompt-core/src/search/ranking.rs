//! How hits are ordered: BM25F times quality, in integers, so that every store and every machine
//! gives the same order (ADR-0015).
//!
//! Weights are in 1/256. The constants were chosen by measuring known-item queries; the benchmark of
//! the SQLite store prints what they achieve.

use crate::port::{Field, Hit, Quality, Rank};

/// One, as a weight.
pub(crate) const ONE: u64 = 256;

/// How much an occurrence in each field counts, in halves of one in the summary.
const FIELD_WEIGHTS: [u64; Field::COUNT] = [20, 6, 3, 2, 1];
/// The length that each field usually has, in words.
const USUAL_LENGTHS: [u64; Field::COUNT] = [4, 5, 2, 16, 120];
/// How much a field's length counts, in 1/256: all of it would be 256.
const LENGTH_SHARE: u64 = 160;
/// How soon further occurrences stop to count: BM25's k₁, as an occurrence in the summary is
/// counted.
const SATURATION: u64 = 12 * ONE;
/// How many times more the best quality counts than the worst, less one.
const QUALITY_SHARE: u64 = 3;

/// How much a word tells when `having` of `entries` entries have it: log₂(1 + (N − n + ½)/(n + ½)),
/// in 1/256.
pub(crate) fn informativeness(having: u64, entries: u64) -> u32 {
    let having = having.min(entries);
    let without = (entries - having).saturating_mul(2).saturating_add(1);
    let with = having.saturating_mul(2).saturating_add(1);
    let ratio = (u128::from(without) << 16) / u128::from(with) + (1 << 16);
    u32::try_from(log2(ratio).saturating_sub(16 * ONE)).unwrap_or(u32::MAX)
}

/// The logarithm of a number, at least 1, in 1/256: exact at the powers of two and straight between.
fn log2(number: u128) -> u64 {
    let doublings = u64::from(number.checked_ilog2().unwrap_or_default());
    let fraction = (number << 8 >> doublings) & 0xff;
    doublings * ONE + u64::try_from(fraction).unwrap_or_default()
}

/// A word of a query, as hits are scored by it.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// What it tells, in 1/256.
    pub(crate) weight: u32,
    /// The stems that count as it: their places in [`Hit::counts`], and how much each counts.
    pub(crate) stems: Vec<(usize, u64)>,
}

/// A place among the hits of a window: the higher score first, then the better rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The score, turned around so that places order the best first.
    pub(crate) lack: u64,
    /// The rank.
    pub(crate) rank: Rank,
}

/// The place of a hit.
pub(crate) fn place(hit: &Hit, units: &[Unit]) -> Place {
    let text: u64 = units.iter().map(|unit| score(hit, unit)).fold(0, u64::saturating_add);
    Place { lack: u64::MAX - text.saturating_mul(appeal(hit.rank.quality())), rank: hit.rank }
}

/// What quality makes of a score: from 4,095 to `1 + QUALITY_SHARE` times that.
fn appeal(quality: Quality) -> u64 {
    u64::from(Quality::MAX.get()) + QUALITY_SHARE * u64::from(quality.get())
}

/// BM25F of one word, at most its weight times 256.
fn score(hit: &Hit, unit: &Unit) -> u64 {
    let mut occurrences = 0_u64;
    let fields = FIELD_WEIGHTS.iter().zip(USUAL_LENGTHS).zip(hit.lengths);
    for (field, ((weight, usual), length)) in fields.enumerate() {
        let counted: u64 = unit
            .stems
            .iter()
            .filter_map(|(at, share)| {
                let count = hit.counts.get(*at)?.get(field)?;
                Some(u64::from(*count) * share)
            })
            .sum();
        // 256 for the usual length.
        let norm = (ONE - LENGTH_SHARE) + LENGTH_SHARE * u64::from(length) / usual;
        occurrences = occurrences.saturating_add(counted * weight * ONE / 2 / norm.max(1));
    }
    let saturated = occurrences.saturating_mul(ONE) / occurrences.saturating_add(SATURATION).max(1);
    u64::from(unit.weight) * saturated
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Position;

    const ENTRIES: u64 = 1_000_000;

    fn hit(quality: u16, counts: [u16; Field::COUNT], lengths: [u16; Field::COUNT]) -> Hit {
        let rank = Rank::new(Quality::new(quality), Position::new(1));
        Hit { rank, lengths, counts: vec![counts] }
    }

    fn unit(having: u64) -> Unit {
        Unit { weight: informativeness(having, ENTRIES), stems: vec![(0, ONE)] }
    }

    fn better(one: &Hit, other: &Hit) -> bool {
        let units = [unit(1_000)];
        place(one, &units) < place(other, &units)
    }

    const USUAL: [u16; Field::COUNT] = [4, 5, 2, 16, 120];

    #[test]
    fn the_name_counts_most_and_the_description_least() {
        let only = |field: usize| {
            let mut counts = [0; Field::COUNT];
            counts[field] = 1;
            hit(0, counts, USUAL)
        };
        for field in 1..Field::COUNT {
            assert!(better(&only(field - 1), &only(field)), "{field}");
        }
    }

    #[test]
    fn a_word_in_every_entry_still_tells_something_and_never_more_than_a_rare_one() {
        assert!(informativeness(ENTRIES, ENTRIES) < informativeness(ENTRIES / 2, ENTRIES));
        assert_eq!(informativeness(0, 0), 256);
        // log2(1 + 999999.5 / 1.5) = 19.35
        assert_eq!(informativeness(1, ENTRIES) / 256, 19);
    }

    proptest! {
        #[test]
        fn rarer_words_tell_no_less(one in 0..ENTRIES, other in 0..ENTRIES) {
            let (rare, common) = (one.min(other), one.max(other));
            prop_assert!(informativeness(rare, ENTRIES) >= informativeness(common, ENTRIES));
        }

        #[test]
        fn more_quality_is_never_worse(
            counts: [u16; Field::COUNT], lengths: [u16; Field::COUNT],
            one in 0_u16..4096, other in 0_u16..4096,
        ) {
            let (worse, best) = (one.min(other), one.max(other));
            let units = [unit(1_000)];
            let place = |quality| place(&hit(quality, counts, lengths), &units);
            prop_assert!(place(best) <= place(worse));
        }

        #[test]
        fn more_occurrences_are_never_worse(
            counts in prop::array::uniform5(0_u16..60_000), field in 0..Field::COUNT,
        ) {
            let mut more = counts;
            more[field] += 1;
            let lengths = [9; Field::COUNT];
            prop_assert!(!better(&hit(5, counts, lengths), &hit(5, more, lengths)));
        }
    }
}
