//! Entitlements: claiming, granting and governing what buyers own.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Entitlement, EntitlementId, EntitlementSource, EntitlementSourceKind, EntitlementState,
    EntitlementStatus, Fact, IdempotencyKey, Listing, ListingId, ListingState, Person, PersonId,
    PersonIdentity, PriceClass, Publisher, PublisherId, Reason, Revision, SourceReference, Tenant,
    TenantId, TenantIdentity, Timestamp, Window,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{Action, Standing};
use crate::port::{
    ClaimedName, NameOwner, NameScope, PageSize, Principal, RecordKey, Scan, TenantRole, Versioned,
};
use crate::search::Cursor;

use super::actor::judge;
use super::context::{Context, Who};
use super::execute::Command;
use super::paging::{Page, Paging};
use super::publishers::{expect_in_good_standing, expect_revision};
use super::{Acting, Inner};

/// Who is to own something.
///
/// ```
/// use std::num::NonZeroU32;
/// use fleetprompt_core::domain::TenantIdentity;
/// use fleetprompt_core::marketplace::Holder;
/// let acme = TenantIdentity::organisation("https://id.example".parse()?, "org_acme".parse()?);
/// let team = Holder::Tenant { identity: acme, seats: NonZeroU32::new(5) };
/// # drop(team);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// One person.
    Person(PersonIdentity),
    /// All of a tenant.
    Tenant {
        /// The tenant.
        identity: TenantIdentity,
        /// How many distinct subjects may use it; `None` means any number.
        #[serde(skip_serializing_if = "Option::is_none")]
        seats: Option<NonZeroU32>,
    },
}

/// What an operator grants, and why.
///
/// ```
/// use fleetprompt_core::domain::{ListingId, PersonIdentity};
/// use fleetprompt_core::marketplace::{Holder, OperatorGrant};
/// let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// let grant = OperatorGrant {
///     listing: ListingId::from_bytes([1; 16]),
///     holder: Holder::Person(ada),
///     reference: "ticket-31".parse()?,
///     reason: "The order was lost in the migration.".parse()?,
///     window: None,
///     pending: false,
/// };
/// # drop(grant);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorGrant {
    /// What is granted.
    pub listing: ListingId,
    /// To whom.
    pub holder: Holder,
    /// The operator's own reference; unique in the holder's tenant.
    pub reference: SourceReference,
    /// Why.
    pub reason: Reason,
    /// When it counts; `None` means from now on, without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Whether it still has to be activated before it counts.
    pub pending: bool,
}

/// What a write to an entitlement answers.
///
/// ```
/// use fleetprompt_core::domain::{EntitlementId, EntitlementState, Revision, Timestamp};
/// use fleetprompt_core::marketplace::EntitlementReceipt;
/// let receipt = EntitlementReceipt {
///     id: EntitlementId::from_bytes([1; 16]),
///     state: EntitlementState::Active,
///     revision: Revision::FIRST,
///     at: Timestamp::MIN,
/// };
/// assert_eq!(receipt.state, EntitlementState::Active);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntitlementReceipt {
    /// The entitlement.
    pub id: EntitlementId,
    /// Its state after the write.
    pub state: EntitlementState,
    /// Its revision after the write.
    pub revision: Revision,
    /// When it was written.
    pub at: Timestamp,
}

/// An entitlement, as its holder, its holder's administrator, an operator, or the owning system of
/// the asset sees it.
///
/// ```
/// use fleetprompt_core::domain::EntitlementStatus;
/// use fleetprompt_core::marketplace::EntitlementView;
/// fn may_begin(view: &EntitlementView) -> bool {
///     view.status == EntitlementStatus::Active
/// }
/// # let _ = may_begin;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntitlementView {
    /// The entitlement's id.
    pub id: EntitlementId,
    /// What is owned.
    pub listing: ListingId,
    /// Whose listing it is.
    pub publisher: PublisherId,
    /// Who owns it; `None` when all of a tenant does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Which kind of source it came from.
    pub source: EntitlementSourceKind,
    /// What it is worth, at [`as_of`](Self::as_of).
    pub status: EntitlementStatus,
    /// When it counts.
    pub window: Window,
    /// How many distinct subjects may use it; `None` means any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<NonZeroU32>,
    /// How often it has been changed.
    pub revision: Revision,
    /// When it was granted.
    pub created_at: Timestamp,
    /// The moment of which all this is true.
    pub as_of: Timestamp,
}

impl EntitlementView {
    fn of(found: Versioned<Entitlement>, now: Timestamp) -> Self {
        let Versioned { revision, value, .. } = found;
        EntitlementView {
            id: value.id,
            listing: value.listing,
            publisher: value.publisher,
            person: value.person,
            source: value.source.kind(),
            status: value.status(now),
            window: value.window,
            seats: value.seats,
            revision,
            created_at: value.created_at,
            as_of: now,
        }
    }
}

impl Acting {
    /// Claims a free listing for the person who acts. A claim is made once: one that was revoked
    /// stands in the way of another.
    ///
    /// # Errors
    /// `listing_not_found`, `not_obtainable`, `not_free`, `publisher_suspended`, `source_taken`,
    /// `tenant_closing`.
    pub async fn claim_free(
        &self,
        listing: ListingId,
        key: &IdempotencyKey,
    ) -> Result<EntitlementReceipt> {
        self.inner().execute(&self.principal, key, &ClaimFree { listing }).await
    }

    /// Grants an entitlement, as an operator.
    ///
    /// # Errors
    /// `forbidden`, `listing_not_found`, `source_taken`, `tenant_closing`.
    pub async fn grant_entitlement(
        &self,
        grant: OperatorGrant,
        key: &IdempotencyKey,
    ) -> Result<EntitlementReceipt> {
        self.inner().execute(&self.principal, key, &GrantEntitlement { grant }).await
    }

    /// Makes a pending entitlement, still at `revision`, count. Operators only.
    ///
    /// # Errors
    /// `forbidden`, `entitlement_not_found`, `revision_mismatch`, `wrong_state`.
    pub async fn activate_entitlement(
        &self,
        entitlement: EntitlementId,
        revision: Revision,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<EntitlementReceipt> {
        self.govern(entitlement, revision, Step::Activate, reason, key).await
    }

    /// Holds back an active entitlement, still at `revision`. Operators only.
    ///
    /// # Errors
    /// As for [`activate_entitlement`](Self::activate_entitlement).
    pub async fn suspend_entitlement(
        &self,
        entitlement: EntitlementId,
        revision: Revision,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<EntitlementReceipt> {
        self.govern(entitlement, revision, Step::Suspend, reason, key).await
    }

    /// Gives back a suspended entitlement, still at `revision`. Operators only.
    ///
    /// # Errors
    /// As for [`activate_entitlement`](Self::activate_entitlement).
    pub async fn resume_entitlement(
        &self,
        entitlement: EntitlementId,
        revision: Revision,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<EntitlementReceipt> {
        self.govern(entitlement, revision, Step::Resume, reason, key).await
    }

    /// Takes an entitlement, still at `revision`, back for good. Operators only.
    ///
    /// # Errors
    /// As for [`activate_entitlement`](Self::activate_entitlement).
    pub async fn revoke_entitlement(
        &self,
        entitlement: EntitlementId,
        revision: Revision,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<EntitlementReceipt> {
        self.govern(entitlement, revision, Step::Revoke, reason, key).await
    }

    async fn govern(
        &self,
        entitlement: EntitlementId,
        revision: Revision,
        step: Step,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<EntitlementReceipt> {
        let command = GovernEntitlement { entitlement, revision, step, reason };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// Reads an entitlement: its holder, an administrator of the holder's tenant, or an operator.
    ///
    /// # Errors
    /// `entitlement_not_found`, also for whoever may not know of it.
    pub async fn entitlement(&self, id: EntitlementId) -> Result<EntitlementView> {
        let mut cx = Context::for_reading(self.inner(), &self.principal).await?;
        let found = cx.entitlement_for(id, Action::ReadEntitlement).await?;
        Ok(EntitlementView::of(found, cx.now))
    }

    /// What the person who acts owns by themselves, newest first.
    ///
    /// # Errors
    /// `unauthenticated`, `invalid_cursor`.
    pub async fn my_entitlements(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<EntitlementView>> {
        let Some(person) = self.known_person().await? else { return Ok(Page::empty()) };
        let scan = Scan::EntitlementsOfPerson(person.id);
        let now = self.inner().now().await?;
        Paging::new(self.inner(), &self.principal, &"entitlements/mine", scan)?
            .page(cursor, size, |row| EntitlementView::of(row, now))
            .await
    }

    /// What the tenant of the administrator who acts owns, and what its members own; newest first.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `invalid_cursor`.
    pub async fn tenant_entitlements(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<EntitlementView>> {
        let Some(tenant) = self.administered_tenant().await? else { return Ok(Page::empty()) };
        let scan = Scan::EntitlementsOfTenant(tenant);
        let now = self.inner().now().await?;
        Paging::new(self.inner(), &self.principal, &"entitlements/tenant", scan)?
            .page(cursor, size, |row| EntitlementView::of(row, now))
            .await
    }

    /// What `subject` owns of a listing, alone or as one of a tenant, for the system that owns
    /// assets of the listing's kind. At most 400 entitlements, the newest of both.
    ///
    /// # Errors
    /// `forbidden`, `listing_not_found`: also when another system owns assets of this kind.
    pub async fn entitlements_of(
        &self,
        subject: &PersonIdentity,
        listing: ListingId,
    ) -> Result<Vec<EntitlementView>> {
        let market = self.inner();
        let system = market.acting_system(&self.principal)?;
        let found = market.read::<Listing>(&RecordKey::listing(listing)).await?;
        if !found.is_some_and(|found| system.kinds.contains(&found.value.asset.kind())) {
            return Err(ErrorCode::ListingNotFound.into());
        }
        let person = market.read::<Person>(&RecordKey::person(subject)).await?;
        let tenant = market.read::<Tenant>(&RecordKey::tenant(subject.tenant())).await?;
        let Some(tenant) = tenant else { return Ok(Vec::new()) };
        let now = market.now().await?;
        let mut owned = Vec::new();
        for holder in person.map(|person| Some(person.value.id)).into_iter().chain([None]) {
            let scan = Scan::EntitlementsIn(listing, tenant.value.id, holder);
            let rows = market.list::<Entitlement>(&scan, None, PageSize::MAX).await?;
            owned.extend(rows.into_iter().map(|row| EntitlementView::of(row, now)));
        }
        Ok(owned)
    }

    /// The person who acts, if they have ever written anything.
    pub(super) async fn known_person(&self) -> Result<Option<Person>> {
        let identity = match &self.principal {
            Principal::Person { identity, .. } | Principal::Operator { identity } => identity,
            Principal::System { .. } => return Err(ErrorCode::Forbidden.into()),
            Principal::Anonymous => return Err(ErrorCode::Unauthenticated.into()),
        };
        let found = self.inner().read::<Person>(&RecordKey::person(identity)).await?;
        Ok(found.map(|row| row.value))
    }

    /// The tenant that the principal administers, if anyone in it has ever written anything.
    pub(super) async fn administered_tenant(&self) -> Result<Option<TenantId>> {
        let identity = match &self.principal {
            Principal::Person { identity, role: TenantRole::Admin } => identity,
            Principal::Anonymous => return Err(ErrorCode::Unauthenticated.into()),
            _ => return Err(ErrorCode::Forbidden.into()),
        };
        let key = RecordKey::tenant(identity.tenant());
        Ok(self.inner().read::<Tenant>(&key).await?.map(|row| row.value.id))
    }
}

impl ClaimedName {
    /// Where an entitlement came from. Unique by kind, provider or tenant, and reference; a free
    /// claim by person and listing.
    fn source(entitlement: &Entitlement) -> Self {
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
    pub(super) async fn for_reading(market: &'m Inner, principal: &'m Principal) -> Result<Self> {
        // Nothing is drawn from the seed: what is never committed needs no ids that last.
        Context::new(market, principal, [0; 32]).await
    }

    /// An entitlement to which the principal may do `action`, by how they stand to it. Systems ask
    /// for a named subject, so none of them stands to an entitlement by its id.
    async fn entitlement_for(
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
    pub(super) async fn readable_listing(
        &mut self,
        id: ListingId,
        who: Who,
    ) -> Result<Versioned<Listing>> {
        let missing = ErrorCode::ListingNotFound;
        let found = self.find::<Listing>(RecordKey::listing(id), missing).await?;
        if !found.value.is_readable_by_anyone() {
            let publisher = self.publisher_of(&found.value).await?;
            let open = !matches!(
                found.value.state,
                ListingState::Draft | ListingState::TakenDown | ListingState::Deleted
            );
            if !open || publisher.tenant != who.tenant {
                return Err(missing.into());
            }
        }
        Ok(found)
    }

    pub(super) async fn publisher_of(&mut self, listing: &Listing) -> Result<Publisher> {
        let key = RecordKey::publisher(listing.publisher);
        Ok(self.find::<Publisher>(key, ErrorCode::ListingNotFound).await?.value)
    }

    /// Claims a free listing for `who`.
    pub(super) async fn claim_free(&mut self, listing: &Listing, who: Who) -> Result<Entitlement> {
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
    pub(super) async fn operator(&mut self, action: Action) -> Result<Who> {
        self.require(action)?;
        self.who().await
    }
}

#[derive(Serialize)]
struct ClaimFree {
    listing: ListingId,
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

    async fn may_replay(&self, cx: &mut Context<'_>, receipt: &EntitlementReceipt) -> Result<()> {
        cx.entitlement_for(receipt.id, Action::ReadEntitlement).await.map(drop)
    }
}

#[derive(Serialize)]
struct GrantEntitlement {
    grant: OperatorGrant,
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

    async fn may_replay(&self, cx: &mut Context<'_>, _: &EntitlementReceipt) -> Result<()> {
        cx.require(Action::GovernEntitlement)
    }
}

/// A change of an entitlement's state.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Step {
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
struct GovernEntitlement {
    entitlement: EntitlementId,
    revision: Revision,
    step: Step,
    reason: Reason,
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

    async fn may_replay(&self, cx: &mut Context<'_>, _: &EntitlementReceipt) -> Result<()> {
        cx.require(Action::GovernEntitlement)
    }
}
