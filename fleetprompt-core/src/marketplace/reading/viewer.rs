//! Who looks, and what they may see.

use crate::domain::{
    Listing, ListingState, Membership, Person, PersonId, Publisher, PublisherId, Tenant, TenantId,
    Visibility,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{Action, Standings};
use crate::port::{Principal, RecordKey};

use crate::marketplace::Inner;
use crate::marketplace::writing::actor::{base_standing, judge, role_standing};

/// Who looks. Looking makes no surrogate: whoever was never seen before belongs to nothing.
pub(in crate::marketplace) struct Viewer {
    pub(in crate::marketplace) standings: Standings,
    pub(in crate::marketplace) person: Option<PersonId>,
    tenant: Option<TenantId>,
}

/// How a viewer stands to one publisher.
#[derive(Clone, Copy)]
pub(in crate::marketplace) struct Sight {
    /// Sees what only members see.
    pub(in crate::marketplace) inside: bool,
    /// Belongs to the publisher's tenant.
    pub(in crate::marketplace) same_tenant: bool,
}

impl Sight {
    /// What everybody sees.
    pub(in crate::marketplace) const PUBLIC: Sight = Sight { inside: false, same_tenant: false };

    /// Whether the listing can be read at its address. The one rule of who sees a listing.
    pub(in crate::marketplace) fn reads(self, listing: &Listing, publisher: &Publisher) -> bool {
        if listing.state == ListingState::Deleted {
            return false;
        }
        self.inside
            || publisher.is_open()
                && (listing.is_readable_by_anyone() || self.same_tenant && listing.is_offered())
    }

    /// Whether the listing stands among those of its publisher, for whoever does not know its
    /// address yet.
    pub(super) fn finds(self, listing: &Listing, publisher: &Publisher) -> bool {
        self.reads(listing, publisher)
            && (self.inside
                || listing.is_listed()
                || listing.content.visibility == Visibility::Organisation
                    && listing.state != ListingState::Unlisted)
    }
}

impl Inner {
    /// Who looks.
    pub(in crate::marketplace) async fn viewer(&self, principal: &Principal) -> Result<Viewer> {
        let standings = base_standing(principal);
        let (Principal::Person { identity, .. } | Principal::Operator { identity }) = principal
        else {
            return Ok(Viewer { standings, person: None, tenant: None });
        };
        let tenant = self.read::<Tenant>(&RecordKey::tenant(identity.tenant())).await?;
        let person = self.read::<Person>(&RecordKey::person(identity)).await?;
        Ok(Viewer {
            standings,
            person: person.map(|row| row.value.id),
            tenant: tenant.map(|row| row.value.id),
        })
    }

    /// How a viewer stands to a publisher.
    pub(super) async fn standings_of(
        &self,
        viewer: &Viewer,
        publisher: PublisherId,
    ) -> Result<Standings> {
        let Some(person) = viewer.person else { return Ok(viewer.standings) };
        let key = RecordKey::membership(publisher, person);
        let member = self.read::<Membership>(&key).await?;
        Ok(member
            .map_or(viewer.standings, |row| viewer.standings.with(role_standing(row.value.role))))
    }

    /// Requires `action` of a reader. Who has no standing in the publisher is told that there is
    /// nothing, and who has not signed in is told to, whether there is something or not.
    pub(in crate::marketplace) async fn require_reader(
        &self,
        principal: &Principal,
        publisher: PublisherId,
        action: Action,
    ) -> Result<()> {
        if principal.is_anonymous() {
            return Err(ErrorCode::Unauthenticated.into());
        }
        let viewer = self.viewer(principal).await?;
        let standings = self.standings_of(&viewer, publisher).await?;
        judge(standings, action, ErrorCode::PublisherNotFound)?;
        let found = self.read::<Publisher>(&RecordKey::publisher(publisher)).await?;
        found.map(drop).ok_or_else(|| ErrorCode::PublisherNotFound.into())
    }

    /// What a viewer sees of a publisher.
    pub(in crate::marketplace) async fn sight(
        &self,
        viewer: &Viewer,
        publisher: &Publisher,
    ) -> Result<Sight> {
        let standings = self.standings_of(viewer, publisher.id).await?;
        Ok(Sight {
            inside: standings.may(Action::ReadPublisherInternals),
            same_tenant: viewer.tenant == Some(publisher.tenant),
        })
    }
}
