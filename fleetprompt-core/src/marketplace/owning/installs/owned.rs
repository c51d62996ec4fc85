//! Finding the ownership that an install rests on, and a seat in it.

use crate::domain::{Entitlement, EntitlementId, EntitlementStatus, Listing, ListingId, Seat};
use crate::error::{ErrorCode, Result};
use crate::port::{Counter, CounterRange, PageSize, RecordKey, Scan, Within};

use crate::marketplace::writing::context::{Context, Who};

impl Context<'_> {
    /// The entitlement by which `who` may have `listing`: the one they name, or else their own
    /// newest that counts, or else one of their tenant's in which there is a seat.
    pub(super) async fn ownership(
        &mut self,
        listing: &Listing,
        named: Option<EntitlementId>,
        who: Who,
    ) -> Result<Entitlement> {
        if let Some(id) = named {
            let found = self.get::<Entitlement>(RecordKey::entitlement(id)).await?;
            let theirs = found.filter(|found| {
                found.value.tenant == who.tenant
                    && found.value.person.is_none_or(|person| person == who.person)
                    && found.value.listing == listing.id
            });
            let Some(found) = theirs else {
                self.readable_listing(listing.id, who).await?;
                return Err(ErrorCode::EntitlementNotFound.into());
            };
            return match found.value.status(self.now) {
                EntitlementStatus::Active => Ok(found.value),
                status => Err(inactive(status).into()),
            };
        }
        match self.find_ownership(listing.id, who).await? {
            Ok(found) => Ok(found),
            Err(why) => {
                // Whoever owned it once may know that it is there.
                if why == ErrorCode::EntitlementNotFound {
                    self.readable_listing(listing.id, who).await?;
                }
                Err(why.into())
            }
        }
    }

    /// The same, without a name; or why there is none.
    pub(super) async fn find_ownership(
        &mut self,
        listing: ListingId,
        who: Who,
    ) -> Result<Result<Entitlement, ErrorCode>> {
        let mut why = ErrorCode::EntitlementNotFound;
        for holder in [Some(who.person), None] {
            let scan = Scan::EntitlementsIn(listing, who.tenant, holder);
            for row in self.scan::<Entitlement>(&scan, PageSize::MAX).await? {
                let found = self.get::<Entitlement>(RecordKey::entitlement(row.id)).await?;
                let Some(found) = found else { continue };
                match found.value.status(self.now) {
                    EntitlementStatus::Active if self.has_room(&found.value, who).await? => {
                        return Ok(Ok(found.value));
                    }
                    EntitlementStatus::Active => why = ErrorCode::SeatsExhausted,
                    status if why == ErrorCode::EntitlementNotFound => why = inactive(status),
                    _ => {}
                }
            }
        }
        Ok(Err(why))
    }

    /// Whether `who` has a seat already, or one seems free. What decides is the count in
    /// [`take_seat`](Self::take_seat).
    async fn has_room(&mut self, entitlement: &Entitlement, who: Who) -> Result<bool> {
        let Some(seats) = entitlement.seats else { return Ok(true) };
        let key = RecordKey::seat(entitlement.id, who.person);
        if self.get::<Seat>(key).await?.is_some() {
            return Ok(true);
        }
        let counter = Counter::seats(entitlement.id);
        let range = CounterRange::one(&counter);
        let counted = self
            .market
            .store
            .counters(&range, 1)
            .await
            .map_err(|error| self.market.store_error(&error))?;
        let room = counted.first().is_none_or(|(_, taken)| *taken < u64::from(seats.get()));
        if room {
            // Should it be gone by then, there may be a seat in another one.
            self.note_room(counter);
        }
        Ok(room)
    }

    /// Seats `who` in an entitlement with seats, once for all of their installs.
    pub(super) async fn take_seat(&mut self, entitlement: &Entitlement, who: Who) -> Result<()> {
        let Some(seats) = entitlement.seats else { return Ok(()) };
        let key = RecordKey::seat(entitlement.id, who.person);
        if self.get::<Seat>(key).await?.is_none() {
            let within = Within::AtMost(u64::from(seats.get()));
            self.count(Counter::seats(entitlement.id), 1, within);
            let (person, taken_at) = (who.person, self.now);
            self.put(Seat { entitlement: entitlement.id, person, taken_at });
        }
        Ok(())
    }
}

fn inactive(status: EntitlementStatus) -> ErrorCode {
    match status {
        EntitlementStatus::Revoked => ErrorCode::EntitlementRevoked,
        EntitlementStatus::Pending
        | EntitlementStatus::Active
        | EntitlementStatus::Suspended
        | EntitlementStatus::Expired => ErrorCode::EntitlementInactive,
    }
}
