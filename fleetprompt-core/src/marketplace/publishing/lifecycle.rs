//! The life of a listing: published, withdrawn, deprecated, deleted, handed to another publisher.

use serde::Serialize;

use crate::domain::{
    Fact, GoneReason, IdempotencyKey, Listing, ListingId, ListingMedia, ListingState, NameSubject,
    Publisher, PublisherId, Rule, Visibility,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Action;
use crate::port::{ClaimedName, Counter, CounterFamily, NameOwner, RecordKey, Within};

use super::listings::{ListingReceipt, Owned};
use super::publishers::{expect_in_good_standing, expect_not_held};
use crate::marketplace::Acting;
use crate::marketplace::moderating::name_verdicts::NameVerdict;
use crate::marketplace::reading::viewer::Sight;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;

impl Acting {
    /// Publishes a listing, or makes it current again. Its visibility decides who finds it. It
    /// takes no release to publish a listing, and one to install it. If its slug looks like a
    /// well-known name of somebody else it is held, and seen by its publisher's members alone until
    /// an operator lets it pass.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`, `publisher_held`, `wrong_state`; `invalid_input` for
    /// a pack with members that its readers can't read.
    pub async fn publish_listing(
        &self,
        listing: ListingId,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        self.inner().execute(&self.principal, key, &PublishListing { listing }).await
    }

    /// Withdraws a listing from browsing and new installs; who has its address still reads it.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`, `wrong_state`.
    pub async fn unlist_listing(
        &self,
        listing: ListingId,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        self.inner().execute(&self.principal, key, &UnlistListing { listing }).await
    }

    /// Advises against a listing, in favour of `successor` if there is one; or names another successor
    /// of one that is deprecated. Whoever reads the listing has to be able to read the successor, so
    /// publish that first; should it be gone later, it is not shown.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`; `wrong_state`, also when it is
    /// deprecated in favour of that successor already; `invalid_input` for a successor that is not
    /// readable by anyone. That of a listing for an organisation may be for it as well, if it is the
    /// same publisher's.
    pub async fn deprecate_listing(
        &self,
        listing: ListingId,
        successor: Option<ListingId>,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        let command = DeprecateListing { listing, successor };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// Deletes a listing for good. Unless it was a draft, its slug stays taken, so that its address
    /// never leads elsewhere.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`; `wrong_state` while it is taken
    /// down.
    pub async fn delete_listing(
        &self,
        listing: ListingId,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        self.inner().execute(&self.principal, key, &DeleteListing { listing }).await
    }

    /// Hands a listing to another publisher, by an owner of both. Its old address leads to the new
    /// one; the owning system is asked again, since its answer was for the publisher that offered
    /// the asset before.
    ///
    /// # Errors
    /// `listing_not_found`, `publisher_not_found`, `forbidden`, `publisher_suspended`,
    /// `publisher_held`, `wrong_state`, `slug_taken`, `quota_exceeded`.
    pub async fn transfer_listing(
        &self,
        listing: ListingId,
        to: PublisherId,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        self.inner().execute(&self.principal, key, &TransferListing { listing, to }).await
    }
}

/// `before` in its next state, if it can go there.
pub(in crate::marketplace) fn moved(before: &Listing, state: ListingState) -> Result<Listing> {
    if !before.state.can_become(state) {
        return Err(ErrorCode::WrongState.into());
    }
    Ok(Listing { state, successor: None, ..before.clone() })
}

#[derive(Serialize)]
struct PublishListing {
    listing: ListingId,
}

impl Command for PublishListing {
    const OPERATION: &'static str = "listing.publish";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let owned = cx.listing_to_change(self.listing, Action::PublishListing).await?;
        let before = owned.listing.value;
        expect_not_held(&owned.publisher)?;
        let after = moved(&before, ListingState::Published)?;
        cx.expect_pack(&after).await?;
        let verdict = cx.judge_listing(&before, &after, &owned.publisher).await?;
        let after = cx.under_verdict(&before, after, verdict.as_ref()).await?;
        let publisher = before.publisher;
        let fact = Fact::ListingPublished { publisher, listing: before.id };
        let receipt = cx.change_listing(&before, after, fact, GoneReason::Withdrawn);
        let held = verdict.as_ref().and_then(NameVerdict::held);
        cx.settle(publisher, verdict);
        Ok(ListingReceipt { held, ..receipt })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

#[derive(Serialize)]
struct UnlistListing {
    listing: ListingId,
}

impl Command for UnlistListing {
    const OPERATION: &'static str = "listing.unlist";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let owned = cx.listing_to_change(self.listing, Action::PublishListing).await?;
        let before = owned.listing.value;
        let after = moved(&before, ListingState::Unlisted)?;
        let fact = Fact::ListingUnlisted { publisher: before.publisher, listing: before.id };
        Ok(cx.change_listing(&before, after, fact, GoneReason::Withdrawn))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

#[derive(Serialize)]
struct DeprecateListing {
    listing: ListingId,
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<ListingId>,
}

impl Command for DeprecateListing {
    const OPERATION: &'static str = "listing.deprecate";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let owned = cx.listing_to_change(self.listing, Action::PublishListing).await?;
        let before = owned.listing.value;
        let replaces =
            before.state == ListingState::Deprecated && before.successor != self.successor;
        let after = match replaces {
            true => before.clone(),
            false => moved(&before, ListingState::Deprecated)?,
        };
        if let Some(successor) = self.successor {
            cx.expect_successor(&before, successor).await?;
        }
        let successor = self.successor;
        let fact =
            Fact::ListingDeprecated { publisher: before.publisher, listing: before.id, successor };
        let after = Listing { successor, ..after };
        Ok(cx.change_listing(&before, after, fact, GoneReason::Withdrawn))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

impl Context<'_> {
    /// Refuses a successor that readers of the listing can't read. When it was published later, those
    /// who follow the marketplace would be told of the successor, and not that the listing names it.
    pub(in crate::marketplace) async fn expect_successor(
        &mut self,
        of: &Listing,
        id: ListingId,
    ) -> Result<()> {
        let rule = Rule::Other("must be another listing that its readers can read");
        let refused = || Error::field_rule("successor", rule);
        let found = self.get::<Listing>(RecordKey::listing(id)).await?.filter(|_| id != of.id);
        let successor = found.ok_or_else(refused)?.value;
        let key = RecordKey::publisher(successor.publisher);
        let publisher = self.get::<Publisher>(key).await?.ok_or_else(refused)?.value;
        let same_tenant = successor.publisher == of.publisher
            && of.content.visibility == Visibility::Organisation;
        let sight = Sight { same_tenant, ..Sight::PUBLIC };
        if sight.reads(&successor, &publisher) { Ok(()) } else { Err(refused()) }
    }
}

#[derive(Serialize)]
struct DeleteListing {
    listing: ListingId,
}

impl Command for DeleteListing {
    const OPERATION: &'static str = "listing.delete";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let owned = cx.listing_to_change(self.listing, Action::DeleteListing).await?;
        let before = owned.listing.value;
        let media = ListingMedia::default();
        let after = Listing { media, ..moved(&before, ListingState::Deleted)? };
        let publisher = before.publisher;
        cx.count_media(publisher, &before.media, &after.media, Within::Any);
        cx.stop_offering(&before, publisher).await?;
        cx.leave_slug(&before);
        cx.forget_review(NameSubject::Listing(before.id)).await?;
        cx.count(Counter::of_publisher(CounterFamily::Listings, publisher), -1, Within::Any);
        let fact = Fact::ListingDeleted { publisher, listing: before.id };
        Ok(cx.change_listing(&before, after, fact, GoneReason::Deleted))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

#[derive(Serialize)]
struct TransferListing {
    listing: ListingId,
    to: PublisherId,
}

impl Command for TransferListing {
    const OPERATION: &'static str = "listing.transfer";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let action = Action::TransferPublisher;
        let Owned { listing, publisher: from } = cx.listing_to_change(self.listing, action).await?;
        let before = listing.value;
        let to = cx.publisher_for(self.to, action).await?.value;
        expect_in_good_standing(&to)?;
        expect_not_held(&to)?;
        if from.id == to.id {
            return Err(ErrorCode::WrongState.into());
        }
        let after = Listing { publisher: to.id, ..before.clone() };
        cx.expect_pack(&after).await?;
        cx.stop_offering(&before, from.id).await?;
        cx.start_offering(&after, &to).await?;
        cx.claim(ClaimedName::slug(to.id, &after.slug), NameOwner::new(after.id));
        cx.leave_slug(&before);
        let limit = Within::AtMost(cx.market.quotas.listings_per_publisher);
        cx.count(Counter::of_publisher(CounterFamily::Listings, from.id), -1, Within::Any);
        cx.count(Counter::of_publisher(CounterFamily::Listings, to.id), 1, limit);
        let none = ListingMedia::default();
        cx.count_media(from.id, &before.media, &none, Within::Any);
        let limit = Within::AtMost(cx.market.quotas.media_bytes_per_publisher);
        cx.count_media(to.id, &none, &before.media, limit);
        let fact = Fact::ListingTransferred { from: from.id, publisher: to.id, listing: before.id };
        Ok(cx.change_listing(&before, after, fact, GoneReason::Withdrawn))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}
