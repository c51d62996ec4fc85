//! The decision to begin an install.

use serde::Serialize;

use crate::domain::{
    Asset, Attempt, AttemptId, AttemptState, Channel, Entitlement, Fact, InstallMethod,
    IssuedToken, Listing, ListingId, ListingState, PersonIdentity, PriceClass, PublisherId,
    Release, Rule, Sha256Digest, Version,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::{Action, Grounds};
use crate::port::{Counter, CounterFamily, PageSize, Principal, RecordKey, Scan, Within};

use super::{BeginInstall, InstallReceipt};
use crate::marketplace::publishing::publishers::expect_in_good_standing;
use crate::marketplace::writing::context::{Context, Who};
use crate::marketplace::writing::execute::Command;

#[derive(Serialize)]
pub(super) struct Begin {
    pub(super) begin: BeginInstall,
}

impl Command for Begin {
    const OPERATION: &'static str = "install.begin";
    type Receipt = InstallReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<InstallReceipt> {
        cx.require(Action::Obtain)?;
        let Principal::Person { identity, .. } = cx.principal else {
            return Err(ErrorCode::Forbidden.into());
        };
        cx.expect_in_time()?;
        let who = cx.who().await?;
        let BeginInstall { listing, version, entitlement, .. } = &self.begin;
        let missing = ErrorCode::ListingNotFound;
        let listing = cx.find::<Listing>(RecordKey::listing(*listing), missing).await?.value;
        if matches!(listing.state, ListingState::Draft | ListingState::Deleted) {
            return Err(missing.into());
        }
        let owned = cx.ownership(&listing, *entitlement, who).await?;
        if !listing.is_offered() {
            return Err(ErrorCode::ListingUnavailable.into());
        }
        let mut attempts = Vec::new();
        match &listing.asset {
            Asset::Pack { members } => {
                if version.is_some() {
                    let rule = Rule::Other("can't be chosen for a pack");
                    return Err(Error::field_rule("version", rule));
                }
                expect_in_good_standing(&cx.publisher_of(&listing).await?)?;
                for member in members.as_slice() {
                    let pack = (listing.publisher, &owned);
                    let (member, by) = cx.member(*member, pack, who).await?;
                    attempts.push(cx.begin(&self.begin, &member, &by, identity, who).await?);
                }
                if attempts.is_empty() {
                    return Err(ErrorCode::NoRelease.into());
                }
            }
            Asset::WhsAgent { .. }
            | Asset::AgentromaticWorkflow { .. }
            | Asset::SpecAsset { .. } => {
                attempts.push(cx.begin(&self.begin, &listing, &owned, identity, who).await?);
            }
        }
        Ok(InstallReceipt { attempts, at: cx.now })
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&InstallReceipt>,
    ) -> Result<()> {
        cx.require(Action::Obtain)?;
        for attempt in receipt.iter().flat_map(|receipt| &receipt.attempts) {
            cx.attempt_for(*attempt, Action::ReadAttempt).await?;
        }
        Ok(())
    }
}

impl Context<'_> {
    /// A member of a pack, and the entitlement by which `who` has it: the pack's, if both are of
    /// one publisher; their own; or a free claim that is made along with the install. The publisher
    /// is the pack's present one: an entitlement says who offered the pack when it was granted.
    async fn member(
        &mut self,
        member: ListingId,
        (publisher, pack): (PublisherId, &Entitlement),
        who: Who,
    ) -> Result<(Listing, Entitlement)> {
        let missing = ErrorCode::ListingNotFound;
        let found = self.find::<Listing>(RecordKey::listing(member), missing).await?.value;
        if matches!(found.asset, Asset::Pack { .. }) {
            return Err(ErrorCode::NotObtainable.into());
        }
        if found.publisher == publisher {
            return Ok((found, pack.clone()));
        }
        match self.find_ownership(member, who).await? {
            Ok(owned) => Ok((found, owned)),
            Err(ErrorCode::EntitlementNotFound) => {
                let found = self.readable_listing(member, who).await?.value;
                if found.content.price_class != PriceClass::Free {
                    return Err(ErrorCode::EntitlementNotFound.into());
                }
                let claimed = self.claim_free(&found, who).await?;
                Ok((found, claimed))
            }
            Err(why) => Err(why.into()),
        }
    }

    /// Begins one hand-over.
    async fn begin(
        &mut self,
        begin: &BeginInstall,
        listing: &Listing,
        owned: &Entitlement,
        holder: &PersonIdentity,
        who: Who,
    ) -> Result<AttemptId> {
        let market = self.market;
        let system =
            market.systems.owner_of(listing.asset.kind()).ok_or(ErrorCode::SystemUnknown)?;
        let version = self.version(listing.id, begin.version.as_ref()).await?;
        let handed = self.handed(listing.id, listing.publisher, &version).await?;
        let Some(release) = &handed.release else { return Err(ErrorCode::ReleaseNotFound.into()) };
        let asset = (listing.publisher, listing.asset.upstream_id());
        let grounds = handed.grounds(Some(owned), asset, system, self.now);
        let grounds = match begin.method {
            InstallMethod::Token => grounds,
            // Following a link proves and consumes nothing, so nobody needs to confirm it.
            InstallMethod::DeepLink => Grounds { reference_confirmed: true, ..grounds },
        };
        if let Some(refusal) = grounds.refusal() {
            return Err(refusal.into());
        }
        self.ask_policy(holder, system, begin.context.as_ref()).await?;

        self.take_seat(owned, who).await?;
        self.count_begun(listing.id, &version, who);
        let id = self.id(AttemptId::from_bytes);
        let mut attempt = Attempt {
            id,
            listing: listing.id,
            publisher: listing.publisher,
            version,
            release_digest: release.digest,
            system: system.name.clone(),
            upstream_id: listing.asset.upstream_id().cloned(),
            context: begin.context.clone(),
            entitlement: owned.id,
            tenant: who.tenant,
            person: who.person,
            method: begin.method,
            token: None,
            state: AttemptState::Issued,
            redemption: None,
            mismatches: 0,
            issued_at: self.now,
            expires_at: self.now.plus(market.token_lifetime),
        };
        if begin.method == InstallMethod::Token {
            let (kid, token) = self.mint(&attempt, &system.audience, holder).await?;
            let digest = Sha256Digest::from_bytes(*token.digest().as_bytes());
            attempt.token = Some(IssuedToken { kid, digest });
        }
        self.put(attempt);
        self.event(Fact::InstallBegun {
            attempt: id,
            listing: listing.id,
            system: system.name.clone(),
        });
        Ok(id)
    }

    /// Counts a hand-over against the tenant's quota, and among those of the version.
    fn count_begun(&mut self, listing: ListingId, version: &Version, who: Who) {
        let day = self.now.day();
        let quota = Within::AtMost(self.market.quotas.installs_per_day);
        self.count(Counter::attempts(who.tenant, day), 1, quota);
        let begun = Counter::installs(CounterFamily::Begun, listing, day, version);
        self.count(begun, 1, Within::Any);
    }

    /// The version that is asked for, or the highest stable one that is not yanked.
    async fn version(&mut self, listing: ListingId, asked: Option<&Version>) -> Result<Version> {
        if let Some(asked) = asked {
            let key = RecordKey::release(listing, asked);
            let found = self.find::<Release>(key, ErrorCode::ReleaseNotFound).await?;
            // Versions that differ only in build metadata share a key, and are not the same.
            return match found.value.version == *asked {
                true => Ok(found.value.version),
                false => Err(ErrorCode::ReleaseNotFound.into()),
            };
        }
        let channel = Some(Channel::Stable);
        let scan = Scan::Releases { listing, channel, available_only: true };
        let latest = self.scan::<Release>(&scan, PageSize::new(1)).await?;
        let latest = latest.into_iter().next().ok_or(ErrorCode::NoRelease)?;
        Ok(latest.version)
    }
}
