//! How the principal stands to what it acts on.

use crate::domain::{
    Actor, Membership, OwningSystem, PersonId, PublisherId, PublisherRole, TenantId,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{Action, Standing, Standings};
use crate::port::{Principal, RecordKey, TenantRole};

use super::context::{Context, Who};
use crate::marketplace::Inner;

impl Context<'_> {
    /// What the principal is, whatever it acts on.
    pub(in crate::marketplace) fn standing(&self) -> Standings {
        base_standing(self.principal)
    }

    /// Requires `action` of what the principal is, whatever it acts on.
    pub(in crate::marketplace) fn require(&self, action: Action) -> Result<()> {
        match self.standing().may(action) {
            true => Ok(()),
            false if self.principal.is_anonymous() => Err(ErrorCode::Unauthenticated.into()),
            false => Err(ErrorCode::Forbidden.into()),
        }
    }

    /// How the principal stands to a publisher. Systems stand nowhere.
    pub(super) async fn standing_in(&mut self, publisher: PublisherId) -> Result<Standings> {
        let standing = self.standing();
        if matches!(self.principal, Principal::System { .. } | Principal::Anonymous) {
            return Ok(standing);
        }
        let who = self.who().await?;
        let membership =
            self.get::<Membership>(RecordKey::membership(publisher, who.person)).await?;
        Ok(membership.map_or(standing, |member| standing.with(role_standing(member.value.role))))
    }

    /// Requires `action` in a publisher. Who has no standing there at all is told that there is
    /// nothing (`missing`); a member whose role is not enough is told so.
    pub(in crate::marketplace) async fn require_in(
        &mut self,
        publisher: PublisherId,
        action: Action,
        missing: ErrorCode,
    ) -> Result<()> {
        let standings = self.standing_in(publisher).await?;
        judge(standings, action, missing)
    }

    /// How the principal stands to what `holder` in `tenant` holds.
    pub(in crate::marketplace) async fn standing_to(
        &mut self,
        tenant: TenantId,
        holder: Option<PersonId>,
    ) -> Result<Standings> {
        let standing = self.standing();
        let Principal::Person { role, .. } = self.principal else { return Ok(standing) };
        let role = *role;
        let who = self.who().await?;
        Ok(holding(standing, who, role, tenant, holder))
    }

    /// The owning system that acts, known by its configured issuer and client.
    pub(in crate::marketplace) fn system(&mut self) -> Result<&OwningSystem> {
        let system = self.market.acting_system(self.principal)?;
        self.acts(Actor::System { name: system.name.clone() });
        Ok(system)
    }
}

impl Inner {
    /// The owning system that `principal` is.
    pub(in crate::marketplace) fn acting_system(
        &self,
        principal: &Principal,
    ) -> Result<&OwningSystem> {
        match principal {
            Principal::Anonymous => Err(ErrorCode::Unauthenticated.into()),
            Principal::System { issuer, client } => {
                self.systems.by_client(issuer, client).ok_or_else(|| ErrorCode::Forbidden.into())
            }
            _ => Err(ErrorCode::Forbidden.into()),
        }
    }
}

/// What a principal is, whatever it acts on.
pub(in crate::marketplace) fn base_standing(principal: &Principal) -> Standings {
    match principal {
        Principal::Anonymous => Standings::NONE.with(Standing::Anonymous),
        Principal::Person { .. } => Standings::NONE.with(Standing::SignedIn),
        Principal::System { .. } => Standings::NONE.with(Standing::OwningSystem),
        Principal::Operator { .. } => Standings::NONE.with(Standing::Operator),
    }
}

pub(in crate::marketplace) fn role_standing(role: PublisherRole) -> Standing {
    match role {
        PublisherRole::Viewer => Standing::Viewer,
        PublisherRole::Maintainer => Standing::Maintainer,
        PublisherRole::Owner => Standing::Owner,
    }
}

/// `standing`, and what `who` is to something held in `tenant` by `holder` (`None`: by the tenant).
pub(super) fn holding(
    standing: Standings,
    who: Who,
    role: TenantRole,
    tenant: TenantId,
    holder: Option<PersonId>,
) -> Standings {
    if who.tenant != tenant {
        return standing;
    }
    let standing =
        if role == TenantRole::Admin { standing.with(Standing::TenantAdmin) } else { standing };
    if holder.is_none_or(|person| person == who.person) {
        standing.with(Standing::Holder)
    } else {
        standing
    }
}

/// Allowed; or forbidden, for whoever may know that the thing exists; or not found.
pub(in crate::marketplace) fn judge(
    standings: Standings,
    action: Action,
    missing: ErrorCode,
) -> Result<()> {
    if standings.may(action) {
        return Ok(());
    }
    let knows = [
        Standing::Viewer,
        Standing::Maintainer,
        Standing::Owner,
        Standing::Holder,
        Standing::TenantAdmin,
        Standing::Operator,
    ]
    .into_iter()
    .any(|standing| standings.has(standing));
    Err(if knows { ErrorCode::Forbidden } else { missing }.into())
}
