//! What a hand-over rests on: read alike when an install begins and when its token is redeemed.

use crate::domain::{
    BindingState, Entitlement, EntitlementState, Listing, ListingId, OwningSystem, PersonIdentity,
    Publisher, PublisherId, Release, TargetContext, Timestamp, UpstreamId, Version,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Grounds;
use crate::port::{IdentityUnavailable, PolicyDecision, RecordKey, Versioned};

use crate::marketplace::writing::context::Context;

/// The records that a hand-over rests on, each of them an expectation of the commit.
pub(super) struct Handed {
    pub(super) listing: Option<Listing>,
    pub(super) release: Option<Release>,
    pub(super) publisher: Option<Publisher>,
    /// Whether the system has confirmed the reference, asked for or not.
    pub(super) confirmed: bool,
}

impl Context<'_> {
    /// Reads what handing `version` of `listing` by `publisher` over rests on.
    pub(super) async fn handed(
        &mut self,
        listing: ListingId,
        publisher: PublisherId,
        version: &Version,
    ) -> Result<Handed> {
        let release = self.get::<Release>(RecordKey::release(listing, version)).await?;
        let listing = self.get::<Listing>(RecordKey::listing(listing)).await?;
        let publisher = self.get::<Publisher>(RecordKey::publisher(publisher)).await?;
        let (listing, publisher) = (value(listing), value(publisher));
        let confirmed = match (&listing, &publisher) {
            (Some(listing), Some(publisher)) => {
                self.binding_state(listing, publisher).await? == Some(BindingState::Confirmed)
            }
            _ => false,
        };
        Ok(Handed { listing, release: value(release), publisher, confirmed })
    }

    /// Asks the host, uncached, whether the subject's organisation lets this be handed over. No
    /// answer is not an answer.
    pub(super) async fn ask_policy(
        &self,
        subject: &PersonIdentity,
        system: &OwningSystem,
        context: Option<&TargetContext>,
    ) -> Result<()> {
        let identity = &self.market.identity;
        let member = identity.is_member(subject).await;
        if !member.map_err(|IdentityUnavailable| ErrorCode::Unavailable)? {
            return Err(ErrorCode::PolicyDenied.into());
        }
        match identity.may_install(subject, &system.name, context).await {
            Ok(PolicyDecision::Allowed(_)) => Ok(()),
            Ok(PolicyDecision::Denied) => Err(ErrorCode::PolicyDenied.into()),
            Err(IdentityUnavailable) => Err(ErrorCode::Unavailable.into()),
        }
    }
}

impl Handed {
    /// The facts to decide by at `now`, about the asset that the system calls `upstream`, if that was
    /// noted. An entitlement that is gone was taken back.
    pub(super) fn grounds(
        &self,
        entitlement: Option<&Entitlement>,
        (publisher, upstream): (PublisherId, Option<&UpstreamId>),
        system: &OwningSystem,
        now: Timestamp,
    ) -> Grounds {
        let is_it = |listing: &Listing| {
            listing.publisher == publisher
                && upstream.is_none_or(|upstream| listing.asset.upstream_id() == Some(upstream))
        };
        Grounds {
            entitlement: entitlement.map_or(EntitlementState::Revoked, |found| found.state),
            in_window: entitlement.is_some_and(|found| found.window.is_open(now)),
            release_available: self
                .release
                .as_ref()
                .is_some_and(|release| release.yanked.is_none()),
            listing_available: self
                .listing
                .as_ref()
                .is_some_and(|listing| is_it(listing) && listing.is_offered()),
            publisher_suspended: self
                .publisher
                .as_ref()
                .is_none_or(|publisher| !publisher.is_open()),
            reference_confirmed: self.confirmed || !system.requires_confirmation,
        }
    }
}

fn value<T>(found: Option<Versioned<T>>) -> Option<T> {
    found.map(|row| row.value)
}
