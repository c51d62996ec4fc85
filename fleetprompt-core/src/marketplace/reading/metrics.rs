//! Metrics: how often a listing was handed over, too coarse to tell who.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{BuyerMark, Day, ListingId};
use crate::error::Result;
use crate::policy::Aggregate;
use crate::port::{CounterFamily, CounterRange};

use crate::marketplace::{Acting, Inner};

/// The most days that one answer covers.
pub const METRICS_DAYS_MAX: u16 = 90;
/// How many counters one answer sums up at most, and how many buyers it counts at most.
const COUNTED_MAX: u32 = 10_000;

/// How often a listing was handed over, in days that are over.
///
/// Today is left out and everything is an [`Aggregate`], so that whoever watches the numbers change
/// learns nothing about a single buyer.
///
/// ```
/// use fleetprompt_core::marketplace::Metrics;
/// use fleetprompt_core::policy::Aggregate;
/// let quiet = Metrics {
///     first: "2026-01-01".parse()?,
///     end: "2026-01-31".parse()?,
///     begun: Aggregate::of(17),
///     redeemed: Aggregate::of(12),
///     distinct_buyers: Aggregate::of(3),
///     days: Vec::new(),
/// };
/// let shown = serde_json::to_value(&quiet)?;
/// assert_eq!(shown["begun"], "15");
/// assert_eq!(shown["distinctBuyers"], "<5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// The first day that is covered.
    pub first: Day,
    /// The day after the last one that is covered.
    pub end: Day,
    /// Install attempts begun: the sum of what [`days`](Self::days) shows, and so at least this
    /// many. A sum over what is not shown as well would, less what is shown, tell it.
    pub begun: Aggregate,
    /// Install attempts redeemed by the owning system, summed up likewise. Not proof of installs.
    pub redeemed: Aggregate,
    /// Distinct tenants that redeemed it in the last 90 days.
    pub distinct_buyers: Aggregate,
    /// By day and release, where there was enough to show.
    pub days: Vec<ReleaseDay>,
}

/// One release on one day.
///
/// ```
/// use fleetprompt_core::marketplace::ReleaseDay;
/// use fleetprompt_core::policy::Aggregate;
/// let day = ReleaseDay {
///     day: "2026-01-31".to_owned(),
///     version: "1.4.0".to_owned(),
///     begun: Aggregate::of(14),
///     redeemed: Aggregate::of(0),
/// };
/// // Nobody and a few look alike.
/// assert_eq!(day.redeemed, Aggregate::of(4));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReleaseDay {
    /// The day.
    pub day: String,
    /// The release's version.
    pub version: String,
    /// Install attempts begun.
    pub begun: Aggregate,
    /// Install attempts redeemed.
    pub redeemed: Aggregate,
}

impl Acting {
    /// The metrics of a listing that the principal may read, over the last `days` days that are
    /// over (1 to [`METRICS_DAYS_MAX`]).
    ///
    /// # Errors
    /// `listing_not_found`.
    pub async fn metrics(&self, listing: ListingId, days: u16) -> Result<Metrics> {
        self.listing(listing).await?;
        let market = self.inner();
        let end = market.now().await?.day();
        let first = end.minus(days.clamp(1, METRICS_DAYS_MAX));
        let begun = market.count_days(CounterFamily::Begun, listing, first, end).await?;
        let redeemed = market.count_days(CounterFamily::Redeemed, listing, first, end).await?;
        let mut rows: BTreeMap<&String, (u64, u64)> = BTreeMap::new();
        begun.iter().for_each(|(name, count)| rows.entry(name).or_default().0 = *count);
        redeemed.iter().for_each(|(name, count)| rows.entry(name).or_default().1 = *count);
        let days = rows.into_iter().filter_map(|(name, (begun, redeemed))| {
            let (begun, redeemed) = (Aggregate::of(begun), Aggregate::of(redeemed));
            // A row of two small counts would tell that there was somebody.
            begun.get().or(redeemed.get())?;
            let (day, version) = name.split_once('/')?;
            Some(ReleaseDay { day: day.to_owned(), version: version.to_owned(), begun, redeemed })
        });
        let days: Vec<_> = days.collect();
        Ok(Metrics {
            first,
            end,
            begun: sum(days.iter().map(|day| day.begun)),
            redeemed: sum(days.iter().map(|day| day.redeemed)),
            distinct_buyers: market.distinct_buyers(listing, end).await?,
            days,
        })
    }
}

/// The sum of what is shown.
fn sum(shown: impl Iterator<Item = Aggregate>) -> Aggregate {
    Aggregate::of(shown.filter_map(Aggregate::get).sum())
}

impl Inner {
    /// Counts by `day/version`.
    async fn count_days(
        &self,
        family: CounterFamily,
        listing: ListingId,
        first: Day,
        end: Day,
    ) -> Result<BTreeMap<String, u64>> {
        let range = CounterRange::days(family, listing, first, end);
        let counted =
            self.store.counters(&range, COUNTED_MAX).await.map_err(|e| self.store_error(&e))?;
        let prefix = family.name().len() + 1;
        Ok(counted
            .into_iter()
            .filter_map(|(name, count)| name.get(prefix..).map(|rest| (rest.to_owned(), count)))
            .collect())
    }

    /// Tenants that first came before `today` and last came within the time that marks are kept.
    async fn distinct_buyers(&self, listing: ListingId, today: Day) -> Result<Aggregate> {
        let (start, most) = (today.start(), COUNTED_MAX);
        let earlier = move |mark: &BuyerMark| mark.first_at < start;
        let count = self.buyers(listing, start, most, earlier).await?;
        Ok(Aggregate::of(count.into()))
    }
}
