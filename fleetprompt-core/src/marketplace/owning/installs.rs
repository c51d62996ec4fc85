//! Installs: beginning a hand-over, and reading and revoking what began.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Attempt, AttemptId, AttemptState, AttemptStatus, EntitlementId, Fact, IdempotencyKey,
    InstallMethod, Listing, ListingId, PersonIdentity, PublisherId, SystemName, TargetContext,
    Timestamp, Version,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{Action, Standing};
use crate::port::{PageSize, Principal, RecordKey, Scan, Versioned};
use crate::search::Cursor;
use crate::token::InstallToken;

use crate::marketplace::Acting;
use crate::marketplace::reading::paging::{Page, Paging};
use crate::marketplace::writing::actor::judge;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;

mod begin;
mod owned;

/// What to hand over, and how.
///
/// ```
/// use fleetprompt_core::domain::{InstallMethod, ListingId};
/// use fleetprompt_core::marketplace::BeginInstall;
/// let latest = BeginInstall {
///     listing: ListingId::from_bytes([1; 16]),
///     version: None,
///     method: InstallMethod::Token,
///     context: Some("telespace:7".parse()?),
///     entitlement: None,
/// };
/// # drop(latest);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BeginInstall {
    /// The listing; a pack begins an install of each of its members, or of none.
    pub listing: ListingId,
    /// The version; `None` means the highest stable one that is not yanked. A pack's members are
    /// always installed in that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Deep link or token.
    pub method: InstallMethod,
    /// Where in the target system it should go: a hint for that system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<TargetContext>,
    /// The entitlement to use; `None` means the person's own, or else one of their tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitlement: Option<EntitlementId>,
}

/// What is kept of a begun install: where it is recorded. Tokens are kept nowhere.
///
/// ```
/// use fleetprompt_core::domain::{AttemptId, Timestamp};
/// use fleetprompt_core::marketplace::InstallReceipt;
/// let receipt =
///     InstallReceipt { attempts: vec![AttemptId::from_bytes([1; 16])], at: Timestamp::MIN };
/// assert_eq!(receipt.attempts.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InstallReceipt {
    /// The attempts, in the order of the pack's members.
    pub attempts: Vec<AttemptId>,
    /// When they began.
    pub at: Timestamp,
}

/// An install that began: one hand-over, or one for each member of a pack.
///
/// ```
/// use fleetprompt_core::marketplace::{InstallStarted, Way};
/// use fleetprompt_core::token::InstallToken;
/// fn tokens(started: &InstallStarted) -> impl Iterator<Item = &InstallToken> {
///     started.handovers.iter().filter_map(|handover| match &handover.way {
///         Way::Token(token) => token.as_ref(),
///         Way::DeepLink(_) => None,
///     })
/// }
/// # let _ = tokens;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallStarted {
    /// The hand-overs, in the order of the pack's members.
    pub handovers: Vec<Handover>,
}

/// One hand-over: the attempt, and the way into the owning system.
///
/// ```
/// use fleetprompt_core::domain::AttemptStatus;
/// use fleetprompt_core::marketplace::Handover;
/// fn is_open(handover: &Handover) -> bool {
///     handover.attempt.status == AttemptStatus::Issued
/// }
/// # let _ = is_open;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The attempt, as it stands.
    pub attempt: AttemptView,
    /// The way into the owning system.
    pub way: Way,
}

/// The way into the owning system. `None` to a retry that comes when the attempt is over; its
/// status says why.
///
/// ```
/// use fleetprompt_core::marketplace::Way;
/// assert_ne!(Way::DeepLink(None), Way::Token(None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A link that the buyer follows.
    DeepLink(Option<InstallLink>),
    /// A token that the buyer carries to the system, which redeems it.
    Token(Option<InstallToken>),
}

/// The address in an owning system that a buyer is sent to. No credential.
///
/// ```
/// use fleetprompt_core::marketplace::InstallLink;
/// fn location(link: &InstallLink) -> &str {
///     link.as_str()
/// }
/// # let _ = location;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallLink(String);

impl InstallLink {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstallLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An install attempt, as its holder, an administrator of the holder's tenant or an operator sees
/// it. Never proof of an install.
///
/// ```
/// use fleetprompt_core::domain::AttemptStatus;
/// use fleetprompt_core::marketplace::AttemptView;
/// fn was_taken_over(view: &AttemptView) -> bool {
///     view.status == AttemptStatus::Redeemed
/// }
/// # let _ = was_taken_over;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AttemptView {
    /// The attempt's id. No credential.
    pub id: AttemptId,
    /// The listing that is handed over.
    pub listing: ListingId,
    /// Whose listing it is.
    pub publisher: PublisherId,
    /// The release that is handed over.
    pub version: Version,
    /// The system that takes it over.
    pub system: SystemName,
    /// Where in that system it should go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<TargetContext>,
    /// The ownership it rests on.
    pub entitlement: EntitlementId,
    /// Deep link or token.
    pub method: InstallMethod,
    /// How it stands.
    pub status: AttemptStatus,
    /// When it began.
    pub issued_at: Timestamp,
    /// From when on it can't be redeemed, nor followed.
    pub expires_at: Timestamp,
}

impl AttemptView {
    fn of(attempt: &Attempt, now: Timestamp) -> Self {
        AttemptView {
            id: attempt.id,
            listing: attempt.listing,
            publisher: attempt.publisher,
            version: attempt.version.clone(),
            system: attempt.system.clone(),
            context: attempt.context.clone(),
            entitlement: attempt.entitlement,
            method: attempt.method,
            status: attempt.status(now),
            issued_at: attempt.issued_at,
            expires_at: attempt.expires_at,
        }
    }
}

impl Acting {
    /// Begins to hand a listing over to the system that owns its asset. Nothing is installed by
    /// it, and nobody is permitted anything.
    ///
    /// A retry gets the same token again while it is worth something.
    ///
    /// # Errors
    /// `listing_not_found`, `entitlement_not_found`, `entitlement_inactive`, `entitlement_revoked`,
    /// `seats_exhausted`, `no_release`, `release_not_found`, `release_yanked`,
    /// `listing_unavailable`, `publisher_suspended`, `system_unknown`, `reference_unconfirmed` (for
    /// a token), `policy_denied`, `unavailable` (when the policy can't be asked, and while the clock
    /// is [behind](crate::Marketplace::clock_behind)), `quota_exceeded`;
    /// for a pack also what claiming its free members can refuse.
    pub async fn begin_install(
        &self,
        begin: BeginInstall,
        key: &IdempotencyKey,
    ) -> Result<InstallStarted> {
        let command = begin::Begin { begin };
        let receipt = self.inner().execute(&self.principal, key, &command).await?;
        let Principal::Person { identity, .. } = &self.principal else {
            return Err(ErrorCode::Forbidden.into());
        };
        let mut cx = Context::for_reading(self.inner(), &self.principal).await?;
        let mut handovers = Vec::with_capacity(receipt.attempts.len());
        for id in receipt.attempts {
            let attempt = cx.attempt_for(id, Action::ReadAttempt).await?.value;
            let way = cx.way(&attempt, identity).await?;
            handovers.push(Handover { attempt: AttemptView::of(&attempt, cx.now), way });
        }
        Ok(InstallStarted { handovers })
    }

    /// Reads an attempt: its holder, an administrator of the holder's tenant, or an operator.
    ///
    /// # Errors
    /// `attempt_not_found`, also for whoever may not know of it.
    pub async fn attempt(&self, id: AttemptId) -> Result<AttemptView> {
        let mut cx = Context::for_reading(self.inner(), &self.principal).await?;
        let found = cx.attempt_for(id, Action::ReadAttempt).await?;
        Ok(AttemptView::of(&found.value, cx.now))
    }

    /// The attempts of the person who acts, newest first.
    ///
    /// # Errors
    /// `unauthenticated`, `invalid_cursor`.
    pub async fn my_installs(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<AttemptView>> {
        let Some(person) = self.known_person().await? else { return Ok(Page::empty()) };
        self.installs("installs/mine", &Scan::AttemptsOfPerson(person.id), cursor, size).await
    }

    /// The attempts in the tenant of the administrator who acts, newest first.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `invalid_cursor`.
    pub async fn tenant_installs(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<AttemptView>> {
        let Some(tenant) = self.administered_tenant().await? else { return Ok(Page::empty()) };
        self.installs("installs/tenant", &Scan::AttemptsOfTenant(tenant), cursor, size).await
    }

    async fn installs(
        &self,
        list: &str,
        scan: &Scan,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<AttemptView>> {
        let now = self.inner().time_to_show().await?;
        let shape = |row: Versioned<Attempt>| AttemptView::of(&row.value, now);
        Paging::new(self.inner(), &self.principal, &list, scan.clone())?
            .page(cursor, size, shape)
            .await
    }

    /// Revokes an attempt that nobody has redeemed: its token is worth nothing from now on.
    ///
    /// # Errors
    /// `attempt_not_found`, `wrong_state` when it is over already.
    pub async fn revoke_install(
        &self,
        attempt: AttemptId,
        key: &IdempotencyKey,
    ) -> Result<InstallReceipt> {
        self.inner().execute(&self.principal, key, &RevokeInstall { attempt }).await
    }
}

impl Context<'_> {
    /// An attempt to which the principal may do `action`, by how they stand to it.
    async fn attempt_for(&mut self, id: AttemptId, action: Action) -> Result<Versioned<Attempt>> {
        let missing = ErrorCode::AttemptNotFound;
        if self.standing().has(Standing::Anonymous) {
            return Err(ErrorCode::Unauthenticated.into());
        }
        let found = self.find::<Attempt>(RecordKey::attempt(id), missing).await?;
        let standing = self.standing_to(found.value.tenant, Some(found.value.person)).await?;
        judge(standing, action, missing)?;
        Ok(found)
    }

    /// The way into the owning system, while the attempt is open.
    async fn way(&mut self, attempt: &Attempt, holder: &PersonIdentity) -> Result<Way> {
        if attempt.method == InstallMethod::Token {
            return Ok(Way::Token(self.mint_again(attempt, holder).await?));
        }
        if attempt.status(self.now) != AttemptStatus::Issued {
            return Ok(Way::DeepLink(None));
        }
        let listing = self.get::<Listing>(RecordKey::listing(attempt.listing)).await?;
        let listing = listing.map(|row| row.value).filter(Listing::is_offered);
        let system = self.market.systems.named(&attempt.system);
        Ok(Way::DeepLink(listing.zip(system).and_then(|(listing, system)| {
            let upstream = listing.asset.upstream_id()?;
            let context = attempt.context.as_ref();
            let kind = listing.asset.kind();
            Some(InstallLink(system.deep_link.fill(kind, upstream, attempt.id, context)))
        })))
    }

    /// Revokes an attempt that is stored as issued.
    pub(in crate::marketplace) fn revoke_attempt(&mut self, attempt: Attempt) {
        let (id, listing) = (attempt.id, attempt.listing);
        self.put(Attempt { state: AttemptState::Revoked, ..attempt });
        self.event(Fact::InstallRevoked { attempt: id, listing });
    }
}

#[derive(Serialize)]
struct RevokeInstall {
    attempt: AttemptId,
}

impl Command for RevokeInstall {
    const OPERATION: &'static str = "install.revoke";
    type Receipt = InstallReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<InstallReceipt> {
        let found = cx.attempt_for(self.attempt, Action::RevokeAttempt).await?;
        cx.who().await?;
        if found.value.status(cx.now) != AttemptStatus::Issued {
            return Err(ErrorCode::WrongState.into());
        }
        cx.revoke_attempt(found.value);
        Ok(InstallReceipt { attempts: vec![self.attempt], at: cx.now })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&InstallReceipt>) -> Result<()> {
        cx.attempt_for(self.attempt, Action::RevokeAttempt).await.map(drop)
    }
}
