//! Taking listings down, and restoring them.

use serde::Serialize;

use crate::domain::{
    Fact, GoneReason, IdempotencyKey, Listing, ListingId, ListingState, Reason, Takedown,
    TakedownReason,
};
use crate::error::{ErrorCode, Result};
use crate::port::RecordKey;

use crate::marketplace::Acting;
use crate::marketplace::publishing::listings::ListingReceipt;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;

impl Acting {
    /// Takes a listing down. Its publisher is told the reason; the public feed shows the class, if
    /// the listing was ever public.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator, `listing_not_found`; `wrong_state` when it is taken
    /// down already.
    pub async fn take_down(
        &self,
        listing: ListingId,
        class: TakedownReason,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        let command = TakeDown { listing, class, reason };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// Reverses a take-down: the listing is what it was before.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator, `listing_not_found`; `wrong_state` when it is not
    /// taken down.
    pub async fn restore_listing(
        &self,
        listing: ListingId,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        self.inner().execute(&self.principal, key, &RestoreListing { listing }).await
    }
}

impl Context<'_> {
    async fn moderated_listing(&mut self, id: ListingId) -> Result<Listing> {
        self.moderates().await?;
        let missing = ErrorCode::ListingNotFound;
        let listing = self.find::<Listing>(RecordKey::listing(id), missing).await?.value;
        if listing.state == ListingState::Deleted {
            return Err(missing.into());
        }
        Ok(listing)
    }
}

#[derive(Serialize)]
pub(in crate::marketplace) struct TakeDown {
    pub(in crate::marketplace) listing: ListingId,
    pub(in crate::marketplace) class: TakedownReason,
    pub(in crate::marketplace) reason: Reason,
}

impl Command for TakeDown {
    const OPERATION: &'static str = "listing.take_down";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let TakeDown { listing, class, ref reason } = *self;
        let before = cx.moderated_listing(listing).await?;
        if !before.state.can_become(ListingState::TakenDown) {
            return Err(ErrorCode::WrongState.into());
        }
        let after = Listing {
            state: ListingState::TakenDown,
            takedown: Some(Takedown {
                class,
                reason: reason.clone(),
                state_before: before.state,
                at: cx.now,
            }),
            ..before.clone()
        };
        let fact = Fact::ListingTakenDown { publisher: before.publisher, listing, class };
        Ok(cx.change_listing(&before, after, fact, GoneReason::TakenDown(class)))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.moderates().await
    }
}

#[derive(Serialize)]
struct RestoreListing {
    listing: ListingId,
}

impl Command for RestoreListing {
    const OPERATION: &'static str = "listing.restore";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let before = cx.moderated_listing(self.listing).await?;
        let decided = before.takedown.as_ref().ok_or(ErrorCode::WrongState)?;
        let state = decided.state_before;
        if !before.state.can_become(state) {
            return Err(ErrorCode::WrongState.into());
        }
        let after = Listing { state, takedown: None, ..before.clone() };
        let fact = Fact::ListingRestored { publisher: before.publisher, listing: before.id };
        Ok(cx.change_listing(&before, after, fact, GoneReason::Withdrawn))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.moderates().await
    }
}
