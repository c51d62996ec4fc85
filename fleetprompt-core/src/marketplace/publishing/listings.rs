//! Creating and changing listings.
//!
//! A listing's address, its publisher's handle and its slug, never leads elsewhere: once a listing
//! has left the draft, each slug it ever had stays claimed for it, after a rename, a transfer or
//! its deletion. A draft's address was nobody's to follow, so a draft gives its slug back.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Asset, Fact, FeedChange, GoneReason, HoldReason, IdempotencyKey, Listing, ListingContent,
    ListingId, ListingMedia, ListingState, NameSubject, Publisher, PublisherId, Release, Revision,
    Rule, Slug, Timestamp, Visibility,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Action;
use crate::port::{
    ClaimedName, Counter, CounterFamily, NameOwner, NameScope, PageSize, RecordKey, Scan,
    Versioned, Within,
};

use super::publishers::{expect_in_good_standing, expect_revision};
use crate::marketplace::Acting;
use crate::marketplace::moderating::name_verdicts::NameVerdict;
use crate::marketplace::reading::viewer::Sight;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;

/// What it takes to create a listing.
///
/// ```
/// use fleetprompt_core::domain::{Asset, ListingContent, PublisherId};
/// use fleetprompt_core::marketplace::NewListing;
/// fn invoice_reader(acme: PublisherId, content: ListingContent) -> NewListing {
///     let asset = Asset::WhsAgent { whs_agent_id: "agt_7".parse().unwrap() };
///     NewListing { publisher: acme, slug: "invoice-reader".parse().unwrap(), asset, content }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewListing {
    /// Whose it will be.
    pub publisher: PublisherId,
    /// The name in URLs.
    pub slug: Slug,
    /// What is offered.
    pub asset: Asset,
    /// What pages show.
    pub content: ListingContent,
}

impl NewListing {
    /// The listing as it begins: nobody but its publisher has seen it.
    pub(in crate::marketplace) fn draft(self, id: ListingId, now: Timestamp) -> Listing {
        let NewListing { publisher, slug, asset, content } = self;
        Listing {
            id,
            publisher,
            slug,
            asset,
            content,
            media: ListingMedia::default(),
            state: ListingState::Draft,
            successor: None,
            takedown: None,
            held: false,
            imported_popularity: 0,
            created_at: now,
            updated_at: now,
            published_at: None,
            released_at: now,
            latest: None,
        }
    }
}

/// A change of a listing, whole.
///
/// ```
/// use fleetprompt_core::marketplace::{ListingEdit, ListingView};
/// fn retitled(seen: ListingView) -> ListingEdit {
///     let mut content = seen.content;
///     content.title = "Invoice reader".parse().unwrap();
///     ListingEdit { slug: seen.slug, content, asset: None }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListingEdit {
    /// The name in URLs; the old one keeps leading here.
    pub slug: Slug,
    /// What pages show.
    pub content: ListingContent,
    /// What is offered, if that changes; always of the same kind, and of the same upstream id once
    /// there is a release: another asset is another listing, which this one may name as its
    /// successor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<Asset>,
}

/// What a write to a listing answers.
///
/// ```
/// use fleetprompt_core::domain::ListingState;
/// use fleetprompt_core::marketplace::ListingReceipt;
/// fn is_out(receipt: &ListingReceipt) -> bool {
///     receipt.state == ListingState::Published
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListingReceipt {
    /// The listing.
    pub id: ListingId,
    /// Whose it is.
    pub publisher: PublisherId,
    /// Its slug.
    pub slug: Slug,
    /// Its state after the write.
    pub state: ListingState,
    /// Its revision after the write.
    pub revision: Revision,
    /// When it was written.
    pub at: Timestamp,
    /// Why the slug asked for is held for review, if it is: a listing that was not public yet is
    /// seen by its publisher's members alone until then, another one goes on under its former slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HoldReason>,
}

impl Acting {
    /// Creates a listing, as a draft, and asks the owning system whether the publisher may offer
    /// what it refers to.
    ///
    /// # Errors
    /// `publisher_not_found`, `forbidden`, `publisher_suspended`, `slug_taken`, `quota_exceeded`;
    /// `invalid_input` for a pack without members, or with members that can't be in it.
    pub async fn create_listing(
        &self,
        new: NewListing,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        self.inner().execute(&self.principal, key, &CreateListing { new }).await
    }

    /// Changes a listing that is still at `revision`. A slug that looks like a well-known name of
    /// somebody else is held: a listing that is public stays so under the slug that it has, until
    /// an operator lets the new one pass. Publishing or yanking a release is a change too.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`, `revision_mismatch`, `slug_taken`;
    /// `wrong_state` while it is taken down; `invalid_input` for an asset of another kind, for another
    /// upstream id once the listing has a release, and as
    /// [`create_listing`](Self::create_listing) does for packs.
    pub async fn update_listing(
        &self,
        listing: ListingId,
        revision: Revision,
        edit: ListingEdit,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        let command = UpdateListing { listing, revision, edit };
        self.inner().execute(&self.principal, key, &command).await
    }
}

impl ClaimedName {
    /// A slug in a publisher.
    pub(in crate::marketplace) fn slug(publisher: PublisherId, slug: &Slug) -> Self {
        ClaimedName::new(NameScope::Slug, format!("{publisher}/{}", slug.skeleton()))
    }
}

/// A listing that the principal may act on, and its publisher, in good standing.
pub(super) struct Owned {
    pub(super) listing: Versioned<Listing>,
    pub(super) publisher: Publisher,
}

impl Context<'_> {
    /// A listing in which the principal may do `action`.
    pub(super) async fn listing_for(&mut self, id: ListingId, action: Action) -> Result<Owned> {
        self.identify().await?;
        let missing = ErrorCode::ListingNotFound;
        let listing = self.find::<Listing>(RecordKey::listing(id), missing).await?;
        self.require_in(listing.value.publisher, action, missing).await?;
        if listing.value.state == ListingState::Deleted {
            return Err(missing.into());
        }
        let key = RecordKey::publisher(listing.value.publisher);
        let publisher = self.find::<Publisher>(key, missing).await?.value;
        Ok(Owned { listing, publisher })
    }

    /// As [`listing_for`](Self::listing_for), for changes: not while the publisher is suspended or
    /// the listing taken down.
    pub(super) async fn listing_to_change(
        &mut self,
        id: ListingId,
        action: Action,
    ) -> Result<Owned> {
        let owned = self.listing_for(id, action).await?;
        expect_in_good_standing(&owned.publisher)?;
        if owned.listing.value.state == ListingState::TakenDown {
            return Err(ErrorCode::WrongState.into());
        }
        Ok(owned)
    }

    /// Whoever still sees the publisher's inside may hear again what became of its listing, also
    /// when the listing itself is gone.
    pub(super) async fn may_hear_of_listing(&mut self, id: ListingId) -> Result<()> {
        let missing = ErrorCode::ListingNotFound;
        let listing = self.find::<Listing>(RecordKey::listing(id), missing).await?.value;
        self.require_in(listing.publisher, Action::ReadPublisherInternals, missing).await
    }

    /// Puts a listing back, changed, and says so in the log and, if it is or was public, in the
    /// public feed: `gone` is why it left the catalogue, if it did.
    pub(in crate::marketplace) fn change_listing(
        &mut self,
        before: &Listing,
        after: Listing,
        fact: Fact,
        gone: GoneReason,
    ) -> ListingReceipt {
        let at = self.now;
        let listed = after.is_listed();
        let published_at = after.published_at.or(listed.then_some(at));
        let after = Listing { published_at, updated_at: at, ..after };
        let is_tombstone = matches!(gone, GoneReason::Deleted | GoneReason::TakenDown(_));
        let left = before.is_listed() || is_tombstone && published_at.is_some();
        let feed = match (listed, left) {
            (true, _) => Some(FeedChange::Changed { listing: after.id }),
            (false, true) => Some(FeedChange::Gone { listing: after.id, reason: gone }),
            (false, false) => None,
        };
        self.public_event(fact, feed);
        let Listing { id, publisher, state, ref slug, .. } = after;
        let slug = slug.clone();
        let revision = self.put(after);
        ListingReceipt { id, publisher, slug, state, revision, at, held: None }
    }

    /// Whether a release of the listing was ever published. A release that comes in between changes
    /// the listing, and so is no matter of what was read here.
    async fn has_release(&self, listing: ListingId) -> Result<bool> {
        let scan = Scan::Releases { listing, channel: None, available_only: false };
        Ok(!self.scan::<Release>(&scan, PageSize::new(1)).await?.is_empty())
    }

    /// Gives up the slug that `listing` leaves behind, if nobody could have followed it.
    pub(in crate::marketplace) fn leave_slug(&mut self, listing: &Listing) {
        if listing.state == ListingState::Draft || listing.held {
            let name = ClaimedName::slug(listing.publisher, &listing.slug);
            self.release(name, NameOwner::new(listing.id));
        }
    }

    /// Refuses a pack whose members can't be in it. One answer for those that do not exist and
    /// those that the pack's readers can't see.
    pub(in crate::marketplace) async fn expect_pack(&mut self, pack: &Listing) -> Result<()> {
        let Asset::Pack { members } = &pack.asset else { return Ok(()) };
        if members.as_slice().is_empty() {
            return Err(Error::field_rule("members", Rule::Empty));
        }
        for id in members.as_slice() {
            let member = self.get::<Listing>(RecordKey::listing(*id)).await?;
            let fits = match member.map(|row| row.value) {
                Some(member) => self.may_hold(pack, &member).await?,
                None => false,
            };
            if !fits {
                let rule = Rule::Other("must be listings, and no packs, that its readers can read");
                return Err(Error::field_rule("members", rule));
            }
        }
        Ok(())
    }

    /// Whether whoever reads the pack reads the member as well. A draft may hold drafts.
    async fn may_hold(&mut self, pack: &Listing, member: &Listing) -> Result<bool> {
        if matches!(member.asset, Asset::Pack { .. }) {
            return Ok(false);
        }
        let key = RecordKey::publisher(member.publisher);
        let Some(publisher) = self.get::<Publisher>(key).await? else { return Ok(false) };
        let own = member.publisher == pack.publisher;
        let sight = Sight {
            inside: own && pack.state == ListingState::Draft,
            same_tenant: own && pack.content.visibility == Visibility::Organisation,
        };
        Ok(member.state != ListingState::TakenDown && sight.reads(member, &publisher.value))
    }
}

#[derive(Serialize)]
struct CreateListing {
    new: NewListing,
}

impl Command for CreateListing {
    const OPERATION: &'static str = "listing.create";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let publisher = self.new.publisher;
        let found = cx.publisher_for(publisher, Action::EditListing).await?.value;
        expect_in_good_standing(&found)?;
        let id = cx.id(ListingId::from_bytes);
        let listing = self.new.clone().draft(id, cx.now);
        cx.expect_pack(&listing).await?;
        cx.start_offering(&listing, &found).await?;
        cx.claim(ClaimedName::slug(publisher, &listing.slug), NameOwner::new(id));
        let limit = Within::AtMost(cx.market.quotas.listings_per_publisher);
        cx.count(Counter::of_publisher(CounterFamily::Listings, publisher), 1, limit);
        let fact = Fact::ListingCreated { publisher, listing: id };
        Ok(cx.change_listing(&listing.clone(), listing, fact, GoneReason::Withdrawn))
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&ListingReceipt>,
    ) -> Result<()> {
        match receipt {
            Some(receipt) => cx.may_hear_of_listing(receipt.id).await,
            None => cx.publisher_for(self.new.publisher, Action::EditListing).await.map(drop),
        }
    }
}

#[derive(Serialize)]
struct UpdateListing {
    listing: ListingId,
    revision: Revision,
    edit: ListingEdit,
}

impl Command for UpdateListing {
    const OPERATION: &'static str = "listing.update";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        edit_listing(cx, self.listing, self.revision, |_| self.edit.clone()).await
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

/// Decides an edit, made from what the listing is.
pub(super) async fn edit_listing(
    cx: &mut Context<'_>,
    listing: ListingId,
    revision: Revision,
    edit: impl FnOnce(&Listing) -> ListingEdit + Send,
) -> Result<ListingReceipt> {
    let owned = cx.listing_to_change(listing, Action::EditListing).await?;
    expect_revision(&owned.listing, revision)?;
    let before = owned.listing.value;
    let ListingEdit { slug, content, asset } = edit(&before);
    let asset = asset.unwrap_or_else(|| before.asset.clone());
    if asset.kind() != before.asset.kind() {
        return Err(Error::field_rule("asset", Rule::Other("must stay of the same kind")));
    }
    if asset.upstream_id() != before.asset.upstream_id() && cx.has_release(listing).await? {
        let rule = Rule::Other("must stay the same once the listing has a release");
        return Err(Error::field_rule("asset", rule));
    }
    let after = Listing { slug, content, asset, ..before.clone() };
    cx.expect_pack(&after).await?;
    let widened = before.content.visibility == Visibility::Organisation
        && after.content.visibility != Visibility::Organisation;
    if let Some(successor) = after.successor.filter(|_| widened) {
        cx.expect_successor(&after, successor).await?;
    }
    if after.asset == before.asset {
        cx.ask_reference(&after, &owned.publisher).await?;
    } else {
        cx.stop_offering(&before, before.publisher).await?;
        cx.start_offering(&after, &owned.publisher).await?;
    }
    let publisher = before.publisher;
    let verdict = cx.judge_listing(&before, &after, &owned.publisher).await?;
    let after = cx.under_verdict(&before, after, verdict.as_ref()).await?;
    cx.claim(ClaimedName::slug(publisher, &after.slug), NameOwner::new(before.id));
    if after.slug.skeleton() != before.slug.skeleton() {
        cx.leave_slug(&before);
    }
    if before.held && !after.held && verdict.is_none() {
        cx.forget_review(NameSubject::Listing(before.id)).await?;
    }
    let fact = Fact::ListingUpdated { publisher, listing: before.id };
    let receipt = cx.change_listing(&before, after, fact, GoneReason::Withdrawn);
    let held = verdict.as_ref().and_then(NameVerdict::held);
    cx.settle(publisher, verdict);
    Ok(ListingReceipt { held, ..receipt })
}
