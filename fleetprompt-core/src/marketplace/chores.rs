//! Chores: small steps of longer work, a commit each.
//!
//! A chore looks for itself whether it is still to be done, so it needs no idempotency key, and
//! whatever was interrupted can simply be run again.

use crate::domain::{
    Attempt, AttemptId, AttemptState, BuyerMark, Fact, GoneReason, Invitation, InvitationId,
    Listing, ListingId, ListingState, Membership, Person, PersonId, PersonIdentity, Publisher,
    PublisherId, Reason, Redemption, Tenant, TenantId, TenantIdentity,
};
use crate::error::{ErrorCode, Result};
use crate::port::{
    Committed, Counter, CounterFamily, Entity, PageKey, PageSize, Principal, RecordKey, Refusal,
    Scan, StoreError, Within,
};

use super::Inner;
use super::context::Context;

/// How often a chore is begun again after others changed what it works on.
const ROUNDS: u32 = 24;

/// One step.
pub(super) enum Chore {
    /// Ends a membership of somebody who is being erased.
    EndMembership(PublisherId, PersonId),
    /// Revokes an attempt if it is still issued, and drops its manifest, which names its subject.
    Forget(AttemptId),
    /// Suspends a publisher whose tenant is being deleted.
    SuspendWithTenant(PublisherId),
    /// Deletes a listing whose publisher's tenant is being deleted.
    DeleteWithTenant(ListingId),
    /// Marks a person of a tenant that is being deleted.
    MarkErasing(PersonIdentity),
    /// Breaks the link between a person's name and surrogate.
    ForgetPerson(PersonIdentity, PersonId),
    /// Breaks the link between a tenant's name and surrogate.
    ForgetTenant(TenantIdentity, TenantId),
    /// Prunes an invitation that has expired.
    PruneInvitation(InvitationId),
    /// Prunes an attempt.
    PruneAttempt(AttemptId),
    /// Prunes a buyer's mark.
    PruneBuyerMark(RecordKey),
}

impl Inner {
    /// Does a chore.
    pub(super) async fn chore(&self, chore: &Chore) -> Result<()> {
        let seed = self.entropy.seed().map_err(|_| ErrorCode::Unavailable)?;
        for _ in 0..ROUNDS {
            let mut cx = Context::new(self, &Principal::Anonymous, seed).await?;
            cx.work_on(chore).await?;
            let commit = cx.into_commit();
            if commit.changes.is_empty() {
                return Ok(());
            }
            match self.store.commit(commit).await {
                Ok(Committed::Refused(Refusal::Conflict(_)))
                | Err(StoreError::OutcomeUnknown(_)) => {}
                Ok(Committed::Refused(refusal)) => return Err(self.refused(&refusal)),
                Ok(Committed::Applied { .. } | Committed::Replayed(_)) => return Ok(()),
                Err(error) => return Err(self.store_error(&error)),
            }
        }
        Err(ErrorCode::Contended.into())
    }

    /// Every row of a list that does not grow while it is read.
    pub(super) async fn all<E: Entity + Send>(&self, scan: &Scan) -> Result<Vec<E>> {
        let plan = scan.plan();
        let mut found = Vec::new();
        let mut after: Option<PageKey> = None;
        loop {
            let rows = self.list::<E>(scan, after.as_ref(), PageSize::MAX).await?;
            let full = rows.len() == usize::from(PageSize::MAX.get());
            after = rows.last().map(|last| plan.page_key(&last.clone().map(Into::into)));
            found.extend(rows.into_iter().map(|row| row.value));
            if !full {
                return Ok(found);
            }
        }
    }
}

impl Context<'_> {
    async fn work_on(&mut self, chore: &Chore) -> Result<()> {
        match chore {
            Chore::EndMembership(publisher, person) => self.end_erased(*publisher, *person).await,
            Chore::Forget(id) => self.forget(*id).await,
            Chore::SuspendWithTenant(id) => self.suspend_with_tenant(*id).await,
            Chore::DeleteWithTenant(id) => self.delete_with_tenant(*id).await,
            Chore::MarkErasing(identity) => self.mark_erasing(identity).await,
            Chore::ForgetPerson(identity, id) => self.forget_person(identity, *id).await,
            Chore::ForgetTenant(identity, id) => self.forget_tenant(identity, *id).await,
            Chore::PruneInvitation(id) => self.prune_invitation(*id).await,
            Chore::PruneAttempt(id) => self.prune::<Attempt>(RecordKey::attempt(*id)).await,
            Chore::PruneBuyerMark(key) => self.prune::<BuyerMark>(key.clone()).await,
        }
    }

    async fn end_erased(&mut self, publisher: PublisherId, person: PersonId) -> Result<()> {
        let key = RecordKey::membership(publisher, person);
        let Some(found) = self.get::<Membership>(key).await? else { return Ok(()) };
        let record = self.get::<Publisher>(RecordKey::publisher(publisher)).await?;
        let going = record.is_none_or(|publisher| publisher.value.suspended.is_some());
        let owners = if going { Within::Any } else { Within::AtLeast(1) };
        self.end_membership(&found.value, owners);
        Ok(())
    }

    async fn forget(&mut self, id: AttemptId) -> Result<()> {
        let Some(found) = self.get::<Attempt>(RecordKey::attempt(id)).await? else { return Ok(()) };
        let attempt = found.value;
        let listing = attempt.listing;
        if attempt.state == AttemptState::Issued {
            self.put(Attempt { state: AttemptState::Revoked, ..attempt });
            self.event(Fact::InstallRevoked { attempt: id, listing });
        } else if let Some(redemption) = attempt.redemption.clone().filter(|r| r.manifest.is_some())
        {
            let redemption = Some(Redemption { manifest: None, ..redemption });
            self.put(Attempt { redemption, ..attempt });
            self.event(Fact::ManifestDropped { attempt: id, listing });
        }
        Ok(())
    }

    async fn suspend_with_tenant(&mut self, id: PublisherId) -> Result<()> {
        let Some(found) = self.get::<Publisher>(RecordKey::publisher(id)).await? else {
            return Ok(());
        };
        if found.value.suspended.is_none() {
            let reason: Reason = "The publisher's tenant was deleted.".parse()?;
            self.put(Publisher { suspended: Some(reason), updated_at: self.now, ..found.value });
            self.event(Fact::PublisherSuspended { publisher: id });
        }
        Ok(())
    }

    async fn delete_with_tenant(&mut self, id: ListingId) -> Result<()> {
        let Some(found) = self.get::<Listing>(RecordKey::listing(id)).await? else { return Ok(()) };
        let listing = found.value;
        if !listing.state.can_become(ListingState::Deleted) {
            return Ok(());
        }
        let publisher = listing.publisher;
        let after = Listing { state: ListingState::Deleted, ..listing.clone() };
        self.count(Counter::of_publisher(CounterFamily::Listings, publisher), -1, Within::Any);
        let fact = Fact::ListingDeleted { publisher, listing: id };
        self.change_listing(&listing, after, fact, GoneReason::Deleted);
        Ok(())
    }

    async fn mark_erasing(&mut self, identity: &PersonIdentity) -> Result<()> {
        let Some(found) = self.get::<Person>(RecordKey::person(identity)).await? else {
            return Ok(());
        };
        if !found.value.erasing {
            let person = found.value.id;
            self.put(Person { erasing: true, ..found.value });
            self.event(Fact::PersonErasing { person });
        }
        Ok(())
    }

    async fn forget_person(&mut self, identity: &PersonIdentity, id: PersonId) -> Result<()> {
        let key = RecordKey::person(identity);
        if self.get::<Person>(key.clone()).await?.is_some_and(|found| found.value.id == id) {
            self.delete(key);
            self.event(Fact::PersonErased { person: id });
        }
        Ok(())
    }

    async fn forget_tenant(&mut self, identity: &TenantIdentity, id: TenantId) -> Result<()> {
        let key = RecordKey::tenant(identity);
        if self.get::<Tenant>(key.clone()).await?.is_some_and(|found| found.value.id == id) {
            self.delete(key);
            self.event(Fact::TenantDeleted { tenant: id });
        }
        Ok(())
    }

    async fn prune_invitation(&mut self, id: InvitationId) -> Result<()> {
        let key = RecordKey::invitation(id);
        let Some(found) = self.get::<Invitation>(key.clone()).await? else { return Ok(()) };
        let publisher = found.value.publisher;
        self.delete(key);
        self.count(Counter::of_publisher(CounterFamily::Invitations, publisher), -1, Within::Any);
        self.event(Fact::InvitationEnded { publisher, invitation: id });
        Ok(())
    }

    async fn prune<E: Entity>(&mut self, key: RecordKey) -> Result<()> {
        if self.get::<E>(key.clone()).await?.is_some() {
            self.delete(key);
        }
        Ok(())
    }
}
