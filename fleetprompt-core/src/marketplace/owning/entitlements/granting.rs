//! The decisions: claiming, granting, and moving entitlements between their states.

use std::num::NonZeroU32;

use serde::Serialize;

use crate::domain::{
    Entitlement, EntitlementId, EntitlementSource, EntitlementState, Fact, Listing, ListingId,
    ListingState, PersonId, PriceClass, Publisher, Reason, Revision, TenantId, Window,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{Action, Standing};
use crate::port::{ClaimedName, NameOwner, NameScope, Principal, RecordKey, Versioned};

use super::{EntitlementReceipt, Holder, OperatorGrant};
use crate::marketplace::Inner;
use crate::marketplace::publishing::publishers::{expect_in_good_standing, expect_revision};
use crate::marketplace::reading::viewer::Sight;
use crate::marketplace::writing::actor::judge;
use crate::marketplace::writing::context::{Context, Who};
use crate::marketplace::writing::execute::Command;

impl ClaimedName {
    /// Where an entitlement came from. Unique by kind, provider or tenant, and reference; a free
    /// claim by person and listing.
    pub(in crate::marketplace) fn source(entitlement: &Entitlement) -> Self {
        let kind = entitlement.source.kind();
        let name = match (&entitlement.source, entitlement.person) {
            (EntitlementSource::FreeClaim, Some(person)) => {
                format!("{kind}/{person}/{}", entitlement.listing)
            }
            (EntitlementSource::FreeClaim, None) => {
                format!("{kind}/{}/{}", entitlement.tenant, entitlement.listing)
            }
            (EntitlementSource::Commerce { provider, reference }, _) => {
                format!("{kind}/{provider}/{reference}")
            }
            (
                EntitlementSource::OperatorGrant { reference, .. }
                | EntitlementSource::OrganisationGrant { reference, .. },
                _,
            ) => format!("{kind}/{}/{reference}", entitlement.tenant),
        };
        ClaimedName::new(NameScope::EntitlementSource, name)
    }
}

/// Who will own an entitlement, by surrogate.
struct Owner {
    tenant: TenantId,
    person: Option<PersonId>,
    seats: Option<NonZeroU32>,
}

/// How an entitlement begins.
struct Terms {
    source: EntitlementSource,
    state: EntitlementState,
    window: Window,
}

impl<'m> Context<'m> {
    /// A context for reading as a decision reads, without a command.
    pub(in crate::marketplace) async fn for_reading(
        market: &'m Inner,
        principal: &'m Principal,
    ) -> Result<Self> {
        // Nothing is drawn from the seed: what is never committed needs no ids that last.
        let mut cx = Context::new(market, principal, [0; 32]).await?;
        if cx.behind.is_some() {
            cx.now = market.clock.now();
        }
        Ok(cx)
    }

    /// An entitlement to which the principal may do `action`, by how they stand to it. Systems ask
    /// for a named subject, so none of them stands to an entitlement by its id.
    pub(super) async fn entitlement_for(
        &mut self,
        id: EntitlementId,
        action: Action,
    ) -> Result<Versioned<Entitlement>> {
        let missing = ErrorCode::EntitlementNotFound;
        let standing = self.standing();
        if standing.has(Standing::Anonymous) {
            return Err(ErrorCode::Unauthenticated.into());
        }
        let found = self.find::<Entitlement>(RecordKey::entitlement(id), missing).await?;
        let standing = self.standing_to(found.value.tenant, found.value.person).await?;
        if standing.has(Standing::OwningSystem) {
            return Err(missing.into());
        }
        judge(standing, action, missing)?;
        Ok(found)
    }

    /// A listing that `who` may read without owning it.
    pub(in crate::marketplace) async fn readable_listing(
        &mut self,
        id: ListingId,
        who: Who,
    ) -> Result<Versioned<Listing>> {
        let missing = ErrorCode::ListingNotFound;
        let found = self.find::<Listing>(RecordKey::listing(id), missing).await?;
        let publisher = self.publisher_of(&found.value).await?;
        let sight = Sight { inside: false, same_tenant: publisher.tenant == who.tenant };
        if sight.reads(&found.value, &publisher) { Ok(found) } else { Err(missing.into()) }
    }

    pub(in crate::marketplace) async fn publisher_of(
        &mut self,
        listing: &Listing,
    ) -> Result<Publisher> {
        let key = RecordKey::publisher(listing.publisher);
        Ok(self.find::<Publisher>(key, ErrorCode::ListingNotFound).await?.value)
    }

    /// Claims a free listing for `who`.
    pub(in crate::marketplace) async fn claim_free(
        &mut self,
        listing: &Listing,
        who: Who,
    ) -> Result<Entitlement> {
        if !listing.is_obtainable() {
            return Err(ErrorCode::NotObtainable.into());
        }
        if listing.content.price_class != PriceClass::Free {
            return Err(ErrorCode::NotFree.into());
        }
        expect_in_good_standing(&self.publisher_of(listing).await?)?;
        let owner = Owner { tenant: who.tenant, person: Some(who.person), seats: None };
        let terms = Terms {
            source: EntitlementSource::FreeClaim,
            state: EntitlementState::Active,
            window: Window::from(self.now),
        };
        self.grant(listing, owner, terms).await
    }

    /// Writes down a new entitlement, whatever it comes from.
    async fn grant(
        &mut self,
        listing: &Listing,
        owner: Owner,
        terms: Terms,
    ) -> Result<Entitlement> {
        let id = self.id(EntitlementId::from_bytes);
        let entitlement = Entitlement {
            id,
            listing: listing.id,
            publisher: listing.publisher,
            tenant: owner.tenant,
            person: owner.person,
            source: terms.source,
            state: terms.state,
            window: terms.window,
            seats: owner.seats,
            reason: None,
            created_at: self.now,
            updated_at: self.now,
        };
        let source = ClaimedName::source(&entitlement);
        // Sources are never given up, so finding one taken is final, and kept; the claim is what
        // decides between two at once.
        if self.owner_of(&source).await?.is_some() {
            return Err(ErrorCode::SourceTaken.into());
        }
        self.claim(source, NameOwner::new(id));
        self.put(entitlement.clone());
        self.event(Fact::EntitlementGranted { entitlement: id, listing: listing.id });
        Ok(entitlement)
    }

    /// The operator who acts, in the name of `action`.
    pub(in crate::marketplace) async fn operator(&mut self, action: Action) -> Result<Who> {
        self.require(action)?;
        self.who().await
    }
}

#[derive(Serialize)]
pub(super) struct ClaimFree {
    pub(super) listing: ListingId,
}

impl Command for ClaimFree {
    const OPERATION: &'static str = "entitlement.claim_free";
    type Receipt = EntitlementReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<EntitlementReceipt> {
        cx.require(Action::Obtain)?;
        let who = cx.who().await?;
        let listing = cx.readable_listing(self.listing, who).await?;
        let granted = cx.claim_free(&listing.value, who).await?;
        Ok(EntitlementReceipt {
            id: granted.id,
            state: granted.state,
            revision: Revision::FIRST,
            at: cx.now,
        })
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&EntitlementReceipt>,
    ) -> Result<()> {
        if let Some(receipt) = receipt {
            return cx.entitlement_for(receipt.id, Action::ReadEntitlement).await.map(drop);
        }
        cx.require(Action::Obtain)?;
        let who = cx.who().await?;
        cx.readable_listing(self.listing, who).await.map(drop)
    }
}

#[derive(Serialize)]
pub(super) struct GrantEntitlement {
    pub(super) grant: OperatorGrant,
}

impl Command for GrantEntitlement {
    const OPERATION: &'static str = "entitlement.grant";
    type Receipt = EntitlementReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<EntitlementReceipt> {
        cx.operator(Action::GovernEntitlement).await?;
        let missing = ErrorCode::ListingNotFound;
        let listing = cx.find::<Listing>(RecordKey::listing(self.grant.listing), missing).await?;
        if listing.value.state == ListingState::Deleted {
            return Err(missing.into());
        }
        let owner = match &self.grant.holder {
            Holder::Person(identity) => {
                let who = cx.person(identity).await?;
                Owner { tenant: who.tenant, person: Some(who.person), seats: None }
            }
            Holder::Tenant { identity, seats } => {
                Owner { tenant: cx.tenant(identity).await?, person: None, seats: *seats }
            }
        };
        let terms = Terms {
            source: EntitlementSource::OperatorGrant {
                reference: self.grant.reference.clone(),
                reason: self.grant.reason.clone(),
            },
            state: if self.grant.pending {
                EntitlementState::Pending
            } else {
                EntitlementState::Active
            },
            window: self.grant.window.unwrap_or(Window::from(cx.now)),
        };
        let granted = cx.grant(&listing.value, owner, terms).await?;
        Ok(EntitlementReceipt {
            id: granted.id,
            state: granted.state,
            revision: Revision::FIRST,
            at: cx.now,
        })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&EntitlementReceipt>) -> Result<()> {
        cx.require(Action::GovernEntitlement)
    }
}

/// A change of an entitlement's state.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Activate,
    Suspend,
    Resume,
    Revoke,
}

impl Step {
    /// The state that follows `from`, if the step can be taken there.
    fn from(self, from: EntitlementState) -> Option<EntitlementState> {
        let to = match self {
            Step::Activate if from == EntitlementState::Pending => EntitlementState::Active,
            Step::Resume if from == EntitlementState::Suspended => EntitlementState::Active,
            Step::Suspend => EntitlementState::Suspended,
            Step::Revoke => EntitlementState::Revoked,
            Step::Activate | Step::Resume => return None,
        };
        from.can_become(to).then_some(to)
    }
}

#[derive(Serialize)]
pub(super) struct GovernEntitlement {
    pub(super) entitlement: EntitlementId,
    pub(super) revision: Revision,
    pub(super) step: Step,
    pub(super) reason: Reason,
}

impl Command for GovernEntitlement {
    const OPERATION: &'static str = "entitlement.govern";
    type Receipt = EntitlementReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<EntitlementReceipt> {
        cx.operator(Action::GovernEntitlement).await?;
        let key = RecordKey::entitlement(self.entitlement);
        let found = cx.find::<Entitlement>(key, ErrorCode::EntitlementNotFound).await?;
        expect_revision(&found, self.revision)?;
        let state = self.step.from(found.value.state).ok_or(ErrorCode::WrongState)?;
        let at = cx.now;
        let listing = found.value.listing;
        let reason = Some(self.reason.clone());
        let revision = cx.put(Entitlement { state, reason, updated_at: at, ..found.value });
        cx.event(Fact::EntitlementChanged { entitlement: self.entitlement, listing, state });
        Ok(EntitlementReceipt { id: self.entitlement, state, revision, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&EntitlementReceipt>) -> Result<()> {
        cx.require(Action::GovernEntitlement)
    }
}
