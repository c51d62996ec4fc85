//! Whether a publisher may offer what an owning system holds: references are confirmed, not
//! believed.
//!
//! An answer holds for the publisher and the tenant that it belonged to when the question was
//! answered. When a publisher moves to another tenant the answer lapses: it counts as pending from
//! then on. That is one rule, [`answer`], so the move itself is one commit, however much is offered.
//! Its listings follow right behind it, as they do in the search index: the question is asked again,
//! and the reference given up.

use serde::{Deserialize, Serialize};

use crate::domain::{
    AssetKind, Binding, BindingState, Fact, IdempotencyKey, Listing, ListingId, ListingState,
    Publisher, PublisherId, Reason, Revision, Rule, SystemName, Timestamp, UpstreamId,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Action;
use crate::port::{
    ClaimedName, NameOwner, NameScope, PageSize, Principal, RecordKey, Scan, Versioned,
};
use crate::search::Cursor;

use crate::marketplace::reading::paging::{Page, Paging};
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;
use crate::marketplace::{Acting, Inner};

/// An owning system's answer, or an operator's in its place.
///
/// ```
/// use fleetprompt_core::marketplace::ReferenceDecision;
/// let refused = ReferenceDecision::Refuse { reason: "Not an agent of this tenant.".parse()? };
/// assert_ne!(refused, ReferenceDecision::Confirm { reason: None });
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "decision", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReferenceDecision {
    /// The publisher may offer the asset.
    Confirm {
        /// Why; an operator must say.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// The publisher may not, or not any more.
    Refuse {
        /// Why.
        reason: Reason,
    },
}

/// What a decision on a reference answers.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::domain::{BindingState, IdempotencyKey};
/// use fleetprompt_core::marketplace::{ReferenceDecision, ReferenceView};
/// async fn confirm(whs: &Acting, asked: &ReferenceView, key: &IdempotencyKey) -> Result<()> {
///     let yes = ReferenceDecision::Confirm { reason: None };
///     let receipt = whs
///         .decide_reference(asked.publisher, asked.kind, asked.upstream_id.clone(), yes, key)
///         .await?;
///     assert_eq!(receipt.state, BindingState::Confirmed);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReferenceReceipt {
    /// The publisher.
    pub publisher: PublisherId,
    /// The system that owns the asset.
    pub system: SystemName,
    /// The answer.
    pub state: BindingState,
    /// The answer's revision.
    pub revision: Revision,
    /// When it was given.
    pub at: Timestamp,
}

/// A reference that a system was asked about.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::domain::BindingState;
/// use fleetprompt_core::port::PageSize;
/// async fn waiting(whs: &Acting) -> Result<usize> {
///     let page = whs.references(BindingState::Pending, None, PageSize::MAX).await?;
///     Ok(page.items.len())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReferenceView {
    /// The publisher that offers the asset.
    pub publisher: PublisherId,
    /// Which kind of asset.
    pub kind: AssetKind,
    /// The system's own id of the asset.
    pub upstream_id: UpstreamId,
    /// The answer so far.
    pub state: BindingState,
    /// Why, if that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the question came up.
    pub asked_at: Timestamp,
    /// When it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}

impl Acting {
    /// Answers whether `publisher` may offer the asset `upstream_id`. The owning system of the kind
    /// answers, by its own service identity, or an operator, with a reason. An answer can be
    /// changed; refusing what was confirmed frees the reference for another publisher.
    ///
    /// # Errors
    /// `reference_not_found` when nobody asked, or the kind is not the system's;
    /// `reference_taken` when it is confirmed for another publisher; `system_unknown`, for an
    /// operator, when no system owns the kind; `forbidden`.
    pub async fn decide_reference(
        &self,
        publisher: PublisherId,
        kind: AssetKind,
        upstream_id: UpstreamId,
        decision: ReferenceDecision,
        key: &IdempotencyKey,
    ) -> Result<ReferenceReceipt> {
        let command = DecideReference { publisher, kind, upstream_id, decision };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// The references that the acting system was asked about and that stand at `state`, the oldest
    /// question first. A system sees its own alone.
    ///
    /// # Errors
    /// `forbidden` for anyone but an owning system; `invalid_cursor`.
    pub async fn references(
        &self,
        state: BindingState,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<ReferenceView>> {
        let system = self.inner().acting_system(&self.principal)?.name.clone();
        let query = ("references", state);
        let scan = Scan::BindingsOf(system, state);
        let paging = Paging::new(self.inner(), &self.principal, &query, scan)?;
        paging.page(cursor, size, |row: Versioned<Binding>| ReferenceView::of(row.value)).await
    }
}

impl ReferenceView {
    fn of(binding: Binding) -> Self {
        let Binding { publisher, kind, upstream_id, state, reason, created_at, decided_at, .. } =
            binding;
        ReferenceView {
            publisher,
            kind,
            upstream_id,
            state,
            reason,
            asked_at: created_at,
            decided_at,
        }
    }
}

/// What the system's answer is worth for the publisher as it is now. One that was given while the
/// publisher belonged to another tenant has lapsed; one that was never given is pending.
fn answer(binding: Option<&Binding>, publisher: &Publisher) -> BindingState {
    match binding {
        Some(binding) if binding.tenant == publisher.tenant => binding.state,
        _ => BindingState::Pending,
    }
}

impl ClaimedName {
    /// An upstream asset: confirmed for one publisher at most.
    pub(in crate::marketplace) fn reference(binding: &Binding) -> Self {
        let Binding { system, kind, upstream_id, .. } = binding;
        ClaimedName::new(NameScope::Reference, format!("{system}/{kind}/{upstream_id}"))
    }
}

impl Inner {
    /// Where the answer for a publisher's listing is kept; `None` for a pack, which refers to
    /// nothing upstream, and for kinds that no configured system owns.
    pub(in crate::marketplace) fn binding_key(
        &self,
        listing: &Listing,
        publisher: PublisherId,
    ) -> Option<RecordKey> {
        let upstream = listing.asset.upstream_id()?;
        let kind = listing.asset.kind();
        let system = self.systems.owner_of(kind)?;
        Some(RecordKey::binding(publisher, &system.name, kind, upstream))
    }

    /// Whether the owning system confirmed what a listing refers to, for whoever reads it; `None`
    /// for packs.
    pub(in crate::marketplace) async fn reference_state(
        &self,
        listing: &Listing,
        publisher: &Publisher,
    ) -> Result<Option<BindingState>> {
        let binding = match self.binding_key(listing, publisher.id) {
            Some(key) => self.read::<Binding>(&key).await?,
            None => None,
        };
        Ok(reference_answered(listing, publisher, binding.as_ref().map(|row| &row.value)))
    }
}

/// The answer to a listing's reference, as far as `binding` has one; `None` for packs.
pub(in crate::marketplace) fn reference_answered(
    listing: &Listing,
    publisher: &Publisher,
    binding: Option<&Binding>,
) -> Option<BindingState> {
    listing.asset.upstream_id().map(|_| answer(binding, publisher))
}

impl Context<'_> {
    /// Whether the owning system confirmed what a listing refers to, as the commit must still find
    /// it; `None` for packs. `publisher` is the listing's, read through this context.
    pub(in crate::marketplace) async fn binding_state(
        &mut self,
        listing: &Listing,
        publisher: &Publisher,
    ) -> Result<Option<BindingState>> {
        let binding = match self.market.binding_key(listing, publisher.id) {
            Some(key) => self.get::<Binding>(key).await?,
            None => None,
        };
        Ok(reference_answered(listing, publisher, binding.as_ref().map(|row| &row.value)))
    }

    /// Asks again about a listing's reference if the answer has lapsed. What was never asked, since no
    /// system owned the kind, stays so until the listing is saved.
    pub(in crate::marketplace) async fn ask_again(&mut self, listing: ListingId) -> Result<()> {
        let Some(listing) = self.get::<Listing>(RecordKey::listing(listing)).await? else {
            return Ok(());
        };
        let listing = listing.value;
        let Some(key) = self.market.binding_key(&listing, listing.publisher) else { return Ok(()) };
        let publisher = RecordKey::publisher(listing.publisher);
        let Some(publisher) = self.get::<Publisher>(publisher).await? else { return Ok(()) };
        let asked = self.get::<Binding>(key).await?;
        let lapsed = asked.filter(|asked| asked.value.tenant != publisher.value.tenant);
        if let Some(lapsed) = lapsed
            && listing.state != ListingState::Deleted
        {
            self.ask_reference(&listing, &publisher.value).await?;
            let Binding { publisher, system, .. } = lapsed.value;
            self.event(Fact::ReferenceLapsed { publisher, system });
        }
        Ok(())
    }

    /// Asks the owning system whether `publisher` may offer what `listing` refers to, unless it was
    /// asked already while the publisher belonged to its present tenant.
    pub(super) async fn ask_reference(
        &mut self,
        listing: &Listing,
        publisher: &Publisher,
    ) -> Result<()> {
        let Some(key) = self.market.binding_key(listing, publisher.id) else { return Ok(()) };
        let asked = self.get::<Binding>(key).await?;
        let kind = listing.asset.kind();
        let (Some(upstream_id), Some(system)) =
            (listing.asset.upstream_id().cloned(), self.market.systems.owner_of(kind))
        else {
            return Ok(());
        };
        if let Some(asked) = asked {
            if asked.value.tenant == publisher.tenant {
                return Ok(());
            }
            let owner = NameOwner::new(publisher.id);
            self.release(ClaimedName::reference(&asked.value), owner);
        }
        self.put(Binding {
            publisher: publisher.id,
            tenant: publisher.tenant,
            system: system.name.clone(),
            kind,
            upstream_id,
            state: BindingState::Pending,
            reason: None,
            created_at: self.now,
            decided_at: None,
        });
        Ok(())
    }

    /// Asks for a listing that comes to refer to it, as [`ask_reference`](Self::ask_reference) does.
    /// A question that was there is written again: whoever withdraws it at the same moment, having
    /// found no listing that refers to it, meets that.
    pub(in crate::marketplace) async fn start_offering(
        &mut self,
        listing: &Listing,
        publisher: &Publisher,
    ) -> Result<()> {
        self.ask_reference(listing, publisher).await?;
        if let Some(key) = self.market.binding_key(listing, publisher.id)
            && let Some(asked) = self.get::<Binding>(key).await?
        {
            self.put(asked.value);
        }
        Ok(())
    }

    /// `publisher` no longer offers what `listing` referred to, unless another listing of it does:
    /// the question is withdrawn, and the reference given up. What was refused stays so: it holds
    /// nothing back, and is not to be asked again until the answer is another one.
    pub(super) async fn stop_offering(
        &mut self,
        listing: &Listing,
        publisher: PublisherId,
    ) -> Result<()> {
        let Some(key) = self.market.binding_key(listing, publisher) else { return Ok(()) };
        let Some(asked) = self.get::<Binding>(key).await? else { return Ok(()) };
        if asked.value.state == BindingState::Refused
            || self.is_offered_otherwise(listing, publisher).await?
        {
            return Ok(());
        }
        self.withdraw_reference(listing, publisher).await
    }

    /// Whether another listing of `publisher` refers to the same asset.
    async fn is_offered_otherwise(
        &mut self,
        listing: &Listing,
        publisher: PublisherId,
    ) -> Result<bool> {
        let refers = |other: &Listing| {
            other.id != listing.id
                && other.publisher == publisher
                && other.state != ListingState::Deleted
                && other.asset.kind() == listing.asset.kind()
                && other.asset.upstream_id() == listing.asset.upstream_id()
        };
        for other in self.market.all::<Listing>(&Scan::ListingsOf(publisher)).await? {
            if refers(&other)
                && let Some(found) = self.get::<Listing>(RecordKey::listing(other.id)).await?
                && refers(&found.value)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Answers the question on an operator's word, once it was asked.
    pub(in crate::marketplace) async fn confirm_reference(
        &mut self,
        listing: &Listing,
        publisher: &Publisher,
    ) -> Result<()> {
        let Some(key) = self.market.binding_key(listing, publisher.id) else { return Ok(()) };
        let Some(asked) = self.get::<Binding>(key).await? else { return Ok(()) };
        if answer(Some(&asked.value), publisher) == BindingState::Confirmed {
            return Ok(());
        }
        self.claim(ClaimedName::reference(&asked.value), NameOwner::new(publisher.id));
        let (system, state) = (asked.value.system.clone(), BindingState::Confirmed);
        self.put(Binding { state, decided_at: Some(self.now), ..asked.value });
        self.event(Fact::ReferenceDecided { publisher: publisher.id, system, state });
        Ok(())
    }

    /// Withdraws the question, and gives the reference up.
    pub(in crate::marketplace) async fn withdraw_reference(
        &mut self,
        listing: &Listing,
        publisher: PublisherId,
    ) -> Result<()> {
        let Some(key) = self.market.binding_key(listing, publisher) else { return Ok(()) };
        if let Some(asked) = self.get::<Binding>(key.clone()).await? {
            self.release(ClaimedName::reference(&asked.value), NameOwner::new(publisher));
            self.delete(key);
        }
        Ok(())
    }

    /// The system that may answer for `kind`: the one that acts, or the one an operator answers
    /// in place of.
    async fn answering(&mut self, kind: AssetKind) -> Result<SystemName> {
        self.require(Action::DecideReference)?;
        if matches!(self.principal, Principal::Operator { .. }) {
            self.who().await?;
            let system = self.market.systems.owner_of(kind).ok_or(ErrorCode::SystemUnknown)?;
            return Ok(system.name.clone());
        }
        let system = self.system()?;
        if !system.kinds.contains(&kind) {
            return Err(ErrorCode::ReferenceNotFound.into());
        }
        Ok(system.name.clone())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DecideReference {
    publisher: PublisherId,
    kind: AssetKind,
    upstream_id: UpstreamId,
    decision: ReferenceDecision,
}

impl Command for DecideReference {
    const OPERATION: &'static str = "reference.decide";
    type Receipt = ReferenceReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ReferenceReceipt> {
        let system = cx.answering(self.kind).await?;
        let (state, reason) = match &self.decision {
            ReferenceDecision::Confirm { reason } => (BindingState::Confirmed, reason.clone()),
            ReferenceDecision::Refuse { reason } => (BindingState::Refused, Some(reason.clone())),
        };
        if reason.is_none() && matches!(cx.principal, Principal::Operator { .. }) {
            return Err(Error::field_rule("reason", Rule::Empty));
        }
        let missing = ErrorCode::ReferenceNotFound;
        let publisher =
            cx.find::<Publisher>(RecordKey::publisher(self.publisher), missing).await?.value;
        let key = RecordKey::binding(self.publisher, &system, self.kind, &self.upstream_id);
        let asked = cx.find::<Binding>(key, missing).await?.value;
        let (name, owner) = (ClaimedName::reference(&asked), NameOwner::new(self.publisher));
        match state {
            BindingState::Confirmed => cx.claim(name, owner),
            BindingState::Pending | BindingState::Refused => cx.release(name, owner),
        }
        let at = cx.now;
        let revision = cx.put(Binding {
            tenant: publisher.tenant,
            state,
            reason,
            decided_at: Some(at),
            ..asked
        });
        cx.event(Fact::ReferenceDecided {
            publisher: self.publisher,
            system: system.clone(),
            state,
        });
        Ok(ReferenceReceipt { publisher: self.publisher, system, state, revision, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ReferenceReceipt>) -> Result<()> {
        cx.answering(self.kind).await.map(drop)
    }
}
