//! Chores: small steps of longer work, a commit each.
//!
//! A chore looks for itself whether it is still to be done, so it needs no idempotency key, and
//! whatever was interrupted can simply be run again.

use crate::domain::{
    Attempt, AttemptId, AttemptState, AttemptStatus, BuyerMark, Fact, GoneReason, Invitation,
    InvitationId, Listing, ListingContent, ListingId, ListingMedia, ListingState, Membership,
    NameSubject, Person, PersonId, PersonIdentity, Publisher, PublisherId, PublisherProfile,
    Reason, Redemption, Release, Report, ReportId, Tags, Tenant, TenantId, TenantIdentity,
    Timestamp,
};
use crate::error::{ErrorCode, Result};
use crate::port::{
    Committed, Counter, CounterFamily, Entity, PageKey, PageSize, Principal, RecordKey, Refusal,
    Scan, StoreError, Within,
};

use super::context::Context;
use super::indexing::Batch;
use super::rendering::Texts;
use crate::marketplace::Inner;

/// How often a chore is begun again after others changed what it works on.
const ROUNDS: u32 = 24;

/// One step.
pub(in crate::marketplace) enum Chore {
    /// Ends a membership of somebody who is being erased, or in a publisher that is closed.
    EndMembership(PublisherId, PersonId),
    /// Revokes an attempt if it is still issued and has not expired, and drops its manifest, which names its subject,
    /// and its context, which may.
    Forget(AttemptId),
    /// Suspends a publisher whose tenant is being deleted, and drops what it says of itself.
    CloseWithTenant(PublisherId, TenantId),
    /// Drops a release of a publisher whose tenant is being deleted.
    DropRelease(RecordKey, TenantId),
    /// Deletes a listing whose publisher's tenant is being deleted, and drops what it says.
    DeleteWithTenant(ListingId, TenantId),
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
    /// Prunes a buyer's mark, unless the buyer has come back since then.
    PruneBuyerMark(RecordKey, Timestamp),
    /// Prunes a report that was decided.
    PruneReport(ReportId),
    /// Notes how far upkeep takes the time to have come.
    NoteUpkeep,
    /// Brings the search index, and the questions about references, up to date with some listings.
    Index(Batch),
    /// Renders some texts anew.
    Render(Texts),
}

impl Inner {
    /// Does a chore.
    pub(in crate::marketplace) async fn chore(&self, chore: &Chore) -> Result<()> {
        let seed = self.entropy.seed().map_err(|_| ErrorCode::Unavailable)?;
        for _ in 0..ROUNDS {
            let mut cx = Context::new(self, &Principal::Anonymous, seed).await?;
            cx.work_on(chore).await?;
            cx.follow_what_is_written().await?;
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
    pub(in crate::marketplace) async fn all<E: Entity + Send>(
        &self,
        scan: &Scan,
    ) -> Result<Vec<E>> {
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
            Chore::CloseWithTenant(id, tenant) => self.close_with_tenant(*id, *tenant).await,
            Chore::DropRelease(key, tenant) => self.drop_release(key, *tenant).await,
            Chore::DeleteWithTenant(id, tenant) => self.delete_with_tenant(*id, *tenant).await,
            Chore::MarkErasing(identity) => self.mark_erasing(identity).await,
            Chore::ForgetPerson(identity, id) => self.forget_person(identity, *id).await,
            Chore::ForgetTenant(identity, id) => self.forget_tenant(identity, *id).await,
            Chore::PruneInvitation(id) => self.prune_invitation(*id).await,
            Chore::PruneAttempt(id) => self.prune::<Attempt>(RecordKey::attempt(*id)).await,
            Chore::PruneBuyerMark(key, oldest) => self.prune_buyer_mark(key, *oldest).await,
            Chore::PruneReport(id) => self.prune::<Report>(RecordKey::report(*id)).await,
            Chore::NoteUpkeep => self.note_upkeep_time().await,
            Chore::Index(batch) => self.bring_up_to_date(batch).await,
            Chore::Render(texts) => self.render_texts(texts).await,
        }
    }

    async fn end_erased(&mut self, publisher: PublisherId, person: PersonId) -> Result<()> {
        let key = RecordKey::membership(publisher, person);
        if let Some(found) = self.get::<Membership>(key).await? {
            // The last owner was held back when the erasure began: what has begun must end.
            self.end_membership(&found.value, Within::Any);
        }
        Ok(())
    }

    async fn forget(&mut self, id: AttemptId) -> Result<()> {
        let Some(found) = self.get::<Attempt>(RecordKey::attempt(id)).await? else { return Ok(()) };
        let before = found.value;
        let listing = before.listing;
        let redemption = before.redemption.clone();
        let redemption = redemption.map(|kept| Redemption { manifest: None, ..kept });
        let mut after = Attempt { context: None, redemption, ..before.clone() };
        let fact = if before.status(self.now) == AttemptStatus::Issued {
            after.state = AttemptState::Revoked;
            Fact::InstallRevoked { attempt: id, listing }
        } else {
            Fact::ManifestDropped { attempt: id, listing }
        };
        if after != before {
            self.put(after);
            self.event(fact);
        }
        Ok(())
    }

    /// A publisher of a tenant that is being deleted.
    async fn going(&mut self, id: PublisherId, tenant: TenantId) -> Result<Option<Publisher>> {
        let found = self.get::<Publisher>(RecordKey::publisher(id)).await?;
        // It may have been handed to another tenant in the meantime.
        Ok(found.map(|row| row.value).filter(|publisher| publisher.tenant == tenant))
    }

    async fn close_with_tenant(&mut self, id: PublisherId, tenant: TenantId) -> Result<()> {
        let Some(before) = self.going(id, tenant).await? else { return Ok(()) };
        let reason: Reason = "The publisher's tenant was deleted.".parse()?;
        let name = "Deleted publisher".parse()?;
        let profile = PublisherProfile { name, summary: None, website: None };
        let closed =
            Publisher { suspended: Some(reason), profile, badges: Vec::new(), ..before.clone() };
        self.forget_review(NameSubject::Publisher(id)).await?;
        if closed != before {
            self.change_publisher(closed, Fact::PublisherSuspended { publisher: id });
        }
        Ok(())
    }

    async fn drop_release(&mut self, key: &RecordKey, tenant: TenantId) -> Result<()> {
        let Some(found) = self.get::<Release>(key.clone()).await? else { return Ok(()) };
        let listing = RecordKey::listing(found.value.listing);
        let Some(listing) = self.get::<Listing>(listing).await? else { return Ok(()) };
        let (publisher, listing) = (listing.value.publisher, listing.value.id);
        if self.going(publisher, tenant).await?.is_some() {
            self.delete(key.clone());
            self.event(Fact::ListingUpdated { publisher, listing });
        }
        Ok(())
    }

    async fn delete_with_tenant(&mut self, id: ListingId, tenant: TenantId) -> Result<()> {
        let Some(found) = self.get::<Listing>(RecordKey::listing(id)).await? else { return Ok(()) };
        let before = found.value;
        let publisher = before.publisher;
        if self.going(publisher, tenant).await?.is_none() {
            return Ok(());
        }
        let content = ListingContent {
            title: "Deleted listing".parse()?,
            summary: "Deleted along with its publisher.".parse()?,
            description: None,
            tags: Tags::default(),
            documentation: None,
            repository: None,
            license: None,
            ..before.content.clone()
        };
        // A listing that was deleted before still has its words; one that was taken down goes too.
        let (state, takedown) = (ListingState::Deleted, None);
        let media = ListingMedia::default();
        let after = Listing { state, takedown, content, media, ..before.clone() };
        if after == before {
            return Ok(());
        }
        self.count_media(publisher, &before.media, &after.media, Within::Any);
        self.withdraw_reference(&before, publisher).await?;
        self.forget_review(NameSubject::Listing(id)).await?;
        let fact = Fact::ListingDeleted { publisher, listing: id };
        if before.state == ListingState::Deleted {
            self.put(Listing { updated_at: self.now, ..after });
            self.event(fact);
        } else {
            self.leave_slug(&before);
            self.count(Counter::of_publisher(CounterFamily::Listings, publisher), -1, Within::Any);
            self.change_listing(&before, after, fact, GoneReason::Deleted);
        }
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
        let found = self.get::<Person>(key.clone()).await?.filter(|found| found.value.id == id);
        let Some(person) = found else { return Ok(()) };
        self.delete(key);
        self.event(Fact::PersonErased { person: id });
        // A personal tenant is named like its subject, and is nothing without them.
        let tenant = identity.tenant();
        if tenant.is_personal() && tenant.name() == identity.subject().as_str() {
            self.forget_tenant(tenant, person.value.tenant).await?;
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

    async fn prune_buyer_mark(&mut self, key: &RecordKey, oldest: Timestamp) -> Result<()> {
        let found = self.get::<BuyerMark>(key.clone()).await?;
        if let Some(mark) = found.filter(|mark| mark.value.last_at < oldest) {
            self.delete(key.clone());
            self.recount(mark.value.listing).await?;
        }
        Ok(())
    }

    async fn prune<E: Entity>(&mut self, key: RecordKey) -> Result<()> {
        if self.get::<E>(key.clone()).await?.is_some() {
            self.delete(key);
        }
        Ok(())
    }
}
