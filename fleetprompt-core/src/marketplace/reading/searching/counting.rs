//! How much was found, and of what.

use std::str::FromStr;

use crate::error::Result;
use crate::port::{LabelCount, TallyRequest};
use crate::search::label::class;

use super::answers::{Counts, Facet};
use super::plan::{Plan, Tier};
use crate::marketplace::Inner;

/// How many matches are counted.
const COUNTED: u32 = 1_000;
/// How many values of each facet are told.
const VALUES: u16 = 20;

impl Inner {
    /// Counts what a plan finds.
    pub(super) async fn counts(&self, plan: &Plan) -> Result<Counts> {
        let classes = [class::KIND, class::CATEGORY, class::TAG, class::BADGE];
        let request = TallyRequest {
            matching: plan.tier(Tier::Anywhere),
            most: COUNTED,
            classes: classes.map(|class| (class, VALUES)).to_vec(),
        };
        let tally = self.indexed(self.store.tally(&request).await)?;
        let mut labels = tally.labels.into_iter();
        Ok(Counts {
            matches: tally.matches,
            more: tally.more,
            kinds: facets(labels.next()),
            categories: facets(labels.next()),
            tags: facets(labels.next()),
            badges: facets(labels.next()),
        })
    }
}

fn facets<T: FromStr>(labels: Option<Vec<LabelCount>>) -> Vec<Facet<T>> {
    let facet = |counted: LabelCount| {
        let (_, value) = counted.label.as_str().split_once(':')?;
        Some(Facet { value: value.parse().ok()?, matches: counted.matches })
    };
    labels.unwrap_or_default().into_iter().filter_map(facet).collect()
}
