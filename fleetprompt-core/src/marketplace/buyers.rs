//! Counting the distinct buyers of a listing.

use crate::domain::{BUYER_MARK_KEPT, BuyerMark, ListingId, Standing, Timestamp};
use crate::error::Result;
use crate::policy::BUYERS_COUNTED;
use crate::port::{PageKey, PageSize, RecordKey, Scan};

use super::Inner;
use super::context::Context;

impl Context<'_> {
    /// Counts the buyers of a listing anew, as many as make a difference, and writes their number
    /// down if it has changed; answers whether it has.
    pub(super) async fn recount(&mut self, listing: ListingId) -> Result<bool> {
        // Read before the marks are, so that of two who count at a time one begins again.
        let known = self.get::<Standing>(RecordKey::standing(listing)).await?;
        let known = known.map_or(0, |row| row.value.buyers);
        let buyers = self.market.buyers(listing, self.now, BUYERS_COUNTED, |_| true).await?;
        if buyers != known {
            self.put(Standing { listing, buyers, counted_at: self.now });
            self.note_upkeep();
        }
        Ok(buyers != known)
    }
}

impl Inner {
    /// How many buyers' marks on a listing count at `now` and are `counted`, up to `most`.
    pub(super) async fn buyers(
        &self,
        listing: ListingId,
        now: Timestamp,
        most: u32,
        counted: impl Fn(&BuyerMark) -> bool + Send,
    ) -> Result<u32> {
        let scan = Scan::BuyersOf(listing);
        let plan = scan.plan();
        // Behind those that have served and are not pruned yet.
        let oldest = BuyerMark::oldest_counted(now).plus(BUYER_MARK_KEPT);
        let mut after = PageKey { order: oldest.as_millis().into(), id: String::new() };
        let mut count = 0_u32;
        loop {
            let rows = self.list::<BuyerMark>(&scan, Some(&after), PageSize::MAX).await?;
            let found = rows.iter().filter(|row| counted(&row.value)).count();
            count = count.saturating_add(u32::try_from(found).unwrap_or(u32::MAX)).min(most);
            let full = rows.len() == usize::from(PageSize::MAX.get());
            match rows.last().filter(|_| full && count < most) {
                Some(last) => after = plan.page_key(&last.clone().map(Into::into)),
                None => return Ok(count),
            }
        }
    }
}
