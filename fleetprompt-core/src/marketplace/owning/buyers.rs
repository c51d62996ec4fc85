//! The distinct buyers of a listing: marked by tenant when they redeem it, and counted.

use crate::domain::{
    Attempt, BUYER_MARK_KEPT, BuyerMark, Fact, ListingId, Membership, Person, PersonIdentity,
    Publisher, Sha256Digest, Standing, Tenant, TenantId, Timestamp,
};
use crate::error::Result;
use crate::policy::BUYERS_COUNTED;
use crate::port::{PageKey, PageSize, RecordKey, Scan};
use crate::token::{KeyId, Purpose};

use crate::marketplace::Inner;
use crate::marketplace::writing::context::Context;

impl Context<'_> {
    /// Marks the buyer's tenant among those that redeemed the listing, by a hash that names nobody.
    /// Whoever belongs to the publisher does not count.
    pub(super) async fn mark_buyer(
        &mut self,
        attempt: &Attempt,
        buyer: &PersonIdentity,
    ) -> Result<()> {
        let Attempt { listing, tenant, .. } = *attempt;
        if self.belongs_to_publisher(attempt, buyer).await? {
            return Ok(());
        }
        let market = self.market;
        let mut mark = market.buyer_hash(market.keys().active(), listing, tenant);
        let mut first_at = self.now;
        for buyer in market.buyer_hashes(listing, tenant) {
            let key = RecordKey::buyer_mark(listing, &buyer);
            if let Some(found) = self.get::<BuyerMark>(key).await? {
                // Days count, and all of a tenant's redemptions would meet in this record.
                if found.value.last_at.day() == self.now.day() {
                    return Ok(());
                }
                // Who had stopped counting counts again from tomorrow on, like anyone new.
                if found.value.last_at >= BuyerMark::oldest_counted(self.now) {
                    first_at = found.value.first_at;
                }
                mark = Some(buyer);
                break;
            }
        }
        if let Some(buyer) = mark {
            self.put(BuyerMark { listing, buyer, first_at, last_at: self.now });
        }
        Ok(())
    }

    /// Whether a buyer is of the publisher's own tenant or one of its members, or is somebody of its
    /// tenant who came under the name of another one.
    async fn belongs_to_publisher(
        &mut self,
        attempt: &Attempt,
        buyer: &PersonIdentity,
    ) -> Result<bool> {
        let publisher = RecordKey::publisher(attempt.publisher);
        let Some(publisher) = self.get::<Publisher>(publisher).await? else { return Ok(false) };
        let own = publisher.value.tenant;
        let membership = RecordKey::membership(attempt.publisher, attempt.person);
        if own == attempt.tenant || self.get::<Membership>(membership).await?.is_some() {
            return Ok(true);
        }
        let home: Vec<Tenant> = self.scan(&Scan::TenantBehind(own), PageSize::new(1)).await?;
        let home = home.into_iter().map(|tenant| tenant.identity);
        let Some(home) = home.into_iter().find(|home| home.issuer() == buyer.tenant().issuer())
        else {
            return Ok(false);
        };
        let there = PersonIdentity::new(home, buyer.subject().clone());
        Ok(self.get::<Person>(RecordKey::person(&there)).await?.is_some())
    }

    /// Counts the buyers of a listing anew, as many as make a difference, and writes their number
    /// down if it has changed; answers whether it has.
    pub(in crate::marketplace) async fn recount(&mut self, listing: ListingId) -> Result<bool> {
        // Read before the marks are, so that of two who count at a time one begins again.
        let known = self.get::<Standing>(RecordKey::standing(listing)).await?;
        let known = known.map_or(0, |row| row.value.buyers);
        let buyers = self.market.buyers(listing, self.now, BUYERS_COUNTED, |_| true).await?;
        if buyers != known {
            self.put(Standing { listing, buyers, counted_at: self.now });
            self.note_upkeep(Fact::IndexRefreshed {});
        }
        Ok(buyers != known)
    }
}

impl Inner {
    /// Where the mark of a tenant may be that bought a listing.
    pub(super) fn buyer_marks(&self, listing: ListingId, tenant: TenantId) -> Vec<RecordKey> {
        let hashes = self.buyer_hashes(listing, tenant);
        hashes.iter().map(|buyer| RecordKey::buyer_mark(listing, buyer)).collect()
    }

    /// What stands for a tenant among the buyers of a listing under each key: it may have been marked
    /// under an older one, and rotation must not count a buyer twice.
    fn buyer_hashes(&self, listing: ListingId, tenant: TenantId) -> Vec<Sha256Digest> {
        let ring = self.keys();
        ring.kids().filter_map(|(kid, _)| self.buyer_hash(kid, listing, tenant)).collect()
    }

    /// What stands for a tenant among the buyers of a listing. Its scope leaves the deployment out,
    /// so that buyers stay known after the marketplace was fenced.
    fn buyer_hash(
        &self,
        kid: &KeyId,
        listing: ListingId,
        tenant: TenantId,
    ) -> Option<Sha256Digest> {
        let scope = self.fingerprint_scope();
        let key = self.keys().derive_known(kid, Purpose::BuyerHash, &scope)?;
        Some(Sha256Digest::from_bytes(key.keyed_digest(&[listing.as_bytes(), tenant.as_bytes()])))
    }

    /// How many buyers' marks on a listing count at `now` and are `counted`, up to `most`.
    pub(in crate::marketplace) async fn buyers(
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
