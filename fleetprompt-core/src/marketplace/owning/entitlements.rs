//! Entitlements: claiming, granting and governing what buyers own.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Entitlement, EntitlementId, EntitlementSourceKind, EntitlementState, EntitlementStatus,
    IdempotencyKey, Listing, ListingId, Person, PersonId, PersonIdentity, Publisher, PublisherId,
    Reason, Revision, SourceReference, Tenant, TenantId, TenantIdentity, Timestamp, Window,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{PageSize, Principal, RecordKey, Scan, TenantRole, Versioned};
use crate::search::Cursor;

use crate::marketplace::Acting;
use crate::marketplace::reading::paging::{Page, Paging};
use crate::marketplace::reading::viewer::Sight;
use crate::marketplace::writing::context::Context;

mod granting;

use granting::{ClaimFree, GovernEntitlement, GrantEntitlement, Step};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Holder {
    /// One person.
    Person(PersonIdentity),
    /// All of a tenant.
    Tenant {
        /// The tenant.
        identity: TenantIdentity,
        /// How many distinct subjects may use it; `None` means any number.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1))]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    #[serde(default)]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1))]
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
        let now = self.inner().time_to_show().await?;
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
        let now = self.inner().time_to_show().await?;
        Paging::new(self.inner(), &self.principal, &"entitlements/tenant", scan)?
            .page(cursor, size, |row| EntitlementView::of(row, now))
            .await
    }

    /// What `subject` owns of a listing, alone or as one of a tenant, for the system that owns
    /// assets of the listing's kind. At most 400 entitlements, the newest of both.
    ///
    /// # Errors
    /// `forbidden`; `listing_not_found`: also when another system owns assets of this kind, and when
    /// the subject owns nothing of a listing that it can't read; `unavailable` while the clock is [behind](crate::Marketplace::clock_behind).
    pub async fn entitlements_of(
        &self,
        subject: &PersonIdentity,
        listing: ListingId,
    ) -> Result<Vec<EntitlementView>> {
        let market = self.inner();
        let system = market.acting_system(&self.principal)?;
        let missing = ErrorCode::ListingNotFound;
        let found = market.read::<Listing>(&RecordKey::listing(listing)).await?;
        let found = found.map(|row| row.value);
        let found = found.filter(|found| system.kinds.contains(&found.asset.kind()));
        let found = found.ok_or(missing)?;
        let person = market.read::<Person>(&RecordKey::person(subject)).await?;
        let tenant = market.read::<Tenant>(&RecordKey::tenant(subject.tenant())).await?;
        let tenant = tenant.map(|row| row.value.id);
        let now = market.reliable_time().await?;
        let mut owned = Vec::new();
        if let Some(tenant) = tenant {
            for holder in person.map(|person| Some(person.value.id)).into_iter().chain([None]) {
                let scan = Scan::EntitlementsIn(listing, tenant, holder);
                let rows = market.list::<Entitlement>(&scan, None, PageSize::MAX).await?;
                owned.extend(rows.into_iter().map(|row| EntitlementView::of(row, now)));
            }
        }
        if owned.is_empty() {
            // That there is a draft, or what it was that was taken down, is for nobody to find out.
            let key = RecordKey::publisher(found.publisher);
            let publisher = market.read::<Publisher>(&key).await?.ok_or(missing)?.value;
            let same_tenant = tenant == Some(publisher.tenant);
            if !(Sight { inside: false, same_tenant }).reads(&found, &publisher) {
                return Err(missing.into());
            }
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
