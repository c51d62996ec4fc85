//! Every match, scored: what the window of a search is a short cut for.

use fleetprompt_core::port::{Field, Hit, Quality, SearchIndex as _};
use pollster::block_on;

use crate::index;
use crate::side::Side;

use super::READ;
use super::items::Item;

/// The constants of the ranking (ADR-0015), whose arithmetic is written a second time here: in
/// floating point, and for all matches.
const FIELD_WEIGHTS: [f64; Field::COUNT] = [10.0, 3.0, 1.5, 1.0, 0.5];
const USUAL_LENGTHS: [f64; Field::COUNT] = [4.0, 5.0, 2.0, 16.0, 120.0];
const LENGTH_SHARE: f64 = 0.625;
const SATURATION: f64 = 12.0;
const QUALITY_SHARE: f64 = 3.0;

/// Scores all matches by BM25F times quality.
pub(super) struct FullScan<'a> {
    side: &'a Side,
}

impl<'a> FullScan<'a> {
    pub(super) fn new(side: &'a Side) -> Self {
        FullScan { side }
    }

    /// The place of the listing among all matches, if it is one of the first.
    pub(super) fn place(&self, item: &Item) -> Option<usize> {
        let (matching, stems) = (item.question.matching(), item.question.stems());
        let known = block_on(self.side.store.frequencies(&stems)).unwrap();
        let entries = known.entries as f64;
        let weights: Vec<f64> = known
            .counts
            .iter()
            .map(|having| {
                let having = *having as f64;
                (1.0 + (entries - having + 0.5) / (having + 0.5)).log2()
            })
            .collect();
        let hits = index::all(&self.side.store, &matching, &stems);
        let ours = hits.iter().find(|hit| hit.rank.ordinal() == item.document.ordinal)?;
        let bar = score(ours, &weights);
        let better = hits.iter().filter(|hit| {
            let score = score(hit, &weights);
            score > bar || (score == bar && hit.rank < ours.rank)
        });
        Some(better.count()).filter(|place| *place < READ)
    }
}

fn score(hit: &Hit, weights: &[f64]) -> f64 {
    let text: f64 = weights
        .iter()
        .zip(&hit.counts)
        .map(|(weight, counts)| {
            let fields = FIELD_WEIGHTS.iter().zip(USUAL_LENGTHS).zip(hit.lengths).zip(counts);
            let occurrences: f64 = fields
                .map(|(((field, usual), length), count)| {
                    let norm = 1.0 - LENGTH_SHARE + LENGTH_SHARE * f64::from(length) / usual;
                    field * f64::from(*count) / norm
                })
                .sum();
            weight * occurrences / (occurrences + SATURATION)
        })
        .sum();
    let best = f64::from(Quality::MAX.get());
    text * (best + QUALITY_SHARE * f64::from(hit.rank.quality().get()))
}
