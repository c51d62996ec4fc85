//! Creating and changing publishers.

use serde::Serialize;

use crate::domain::{
    Fact, Handle, IdempotencyKey, Membership, Publisher, PublisherId, PublisherProfile,
    PublisherRole, Revision, Skeleton,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{
    ClaimedName, Counter, CounterFamily, NameOwner, NameScope, RecordKey, Versioned, Within,
};

use super::Acting;
use super::context::Context;
use super::execute::Command;
use super::receipts::PublisherReceipt;

/// What it takes to create a publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewPublisher {
    /// The name in URLs.
    pub handle: Handle,
    /// What pages show.
    pub profile: PublisherProfile,
}

/// A change of a publisher, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublisherEdit {
    /// The name in URLs; the old one keeps leading here.
    pub handle: Handle,
    /// What pages show.
    pub profile: PublisherProfile,
}

impl Acting {
    /// Creates a publisher in the principal's tenant; the principal becomes its owner.
    ///
    /// # Errors
    /// `handle_taken`, `quota_exceeded`, `tenant_closing`.
    pub async fn create_publisher(
        &self,
        new: NewPublisher,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        self.inner().execute(&self.principal, key, &CreatePublisher { new }).await
    }

    /// Changes a publisher that is still at `revision`.
    ///
    /// # Errors
    /// `publisher_not_found`, `forbidden`, `revision_mismatch`, `handle_taken`,
    /// `publisher_suspended`.
    pub async fn update_publisher(
        &self,
        publisher: PublisherId,
        revision: Revision,
        edit: PublisherEdit,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        self.inner()
            .execute(&self.principal, key, &UpdatePublisher { publisher, revision, edit })
            .await
    }
}

impl ClaimedName {
    /// A handle, as looked up by anyone.
    pub(super) fn handle(skeleton: &Skeleton) -> Self {
        ClaimedName::new(NameScope::Handle, skeleton.to_string())
    }
}

impl Context<'_> {
    /// A publisher in which the principal may do `action`.
    pub(super) async fn publisher_for(
        &mut self,
        id: PublisherId,
        action: Action,
    ) -> Result<Versioned<Publisher>> {
        let publisher =
            self.find::<Publisher>(RecordKey::publisher(id), ErrorCode::PublisherNotFound).await?;
        self.require_in(id, action, ErrorCode::PublisherNotFound).await?;
        Ok(publisher)
    }
}

/// Refuses an edit of something that was changed since it was read.
pub(super) fn expect_revision<T>(found: &Versioned<T>, revision: Revision) -> Result<()> {
    if found.revision == revision { Ok(()) } else { Err(ErrorCode::RevisionMismatch.into()) }
}

/// Refuses what a suspended publisher must not do.
pub(super) fn expect_in_good_standing(publisher: &Publisher) -> Result<()> {
    if publisher.suspended.is_some() { Err(ErrorCode::PublisherSuspended.into()) } else { Ok(()) }
}

#[derive(Serialize)]
struct CreatePublisher {
    new: NewPublisher,
}

impl Command for CreatePublisher {
    const OPERATION: &'static str = "publisher.create";
    type Receipt = PublisherReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<PublisherReceipt> {
        cx.require(Action::CreatePublisher)?;
        let who = cx.who().await?;
        let id = cx.id(PublisherId::from_bytes);
        let handle = self.new.handle.clone();
        let now = cx.now;
        cx.claim(ClaimedName::handle(&handle.skeleton()), NameOwner::new(id));
        let limit = Within::AtMost(cx.market.quotas.publishers_per_tenant);
        cx.count(Counter::publishers(who.tenant), 1, limit);
        cx.count(Counter::of_publisher(CounterFamily::Owners, id), 1, Within::Any);
        cx.count(Counter::of_publisher(CounterFamily::Members, id), 1, Within::Any);
        cx.put(Membership {
            publisher: id,
            person: who.person,
            role: PublisherRole::Owner,
            joined_at: now,
        });
        let revision = cx.put(Publisher {
            id,
            tenant: who.tenant,
            handle: handle.clone(),
            profile: self.new.profile.clone(),
            badges: Vec::new(),
            suspended: None,
            created_at: now,
            updated_at: now,
        });
        cx.event(Fact::PublisherCreated { publisher: id });
        Ok(PublisherReceipt { id, handle, revision, at: now })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, receipt: &PublisherReceipt) -> Result<()> {
        cx.require_in(receipt.id, Action::ReadPublisherInternals, ErrorCode::PublisherNotFound)
            .await
    }
}

#[derive(Serialize)]
struct UpdatePublisher {
    publisher: PublisherId,
    revision: Revision,
    edit: PublisherEdit,
}

impl Command for UpdatePublisher {
    const OPERATION: &'static str = "publisher.update";
    type Receipt = PublisherReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<PublisherReceipt> {
        let found = cx.publisher_for(self.publisher, Action::UpdatePublisher).await?;
        expect_revision(&found, self.revision)?;
        expect_in_good_standing(&found.value)?;
        let PublisherEdit { handle, profile } = self.edit.clone();
        cx.claim(ClaimedName::handle(&handle.skeleton()), NameOwner::new(self.publisher));
        let at = cx.now;
        let revision =
            cx.put(Publisher { handle: handle.clone(), profile, updated_at: at, ..found.value });
        cx.event(Fact::PublisherUpdated { publisher: self.publisher });
        Ok(PublisherReceipt { id: self.publisher, handle, revision, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: &PublisherReceipt) -> Result<()> {
        cx.require_in(self.publisher, Action::UpdatePublisher, ErrorCode::PublisherNotFound).await
    }
}
