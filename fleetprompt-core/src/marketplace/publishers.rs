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
///
/// ```
/// use fleetprompt_core::domain::PublisherProfile;
/// use fleetprompt_core::marketplace::NewPublisher;
/// let profile = PublisherProfile { name: "Acme Robotics".parse()?, summary: None, website: None };
/// let acme = NewPublisher { handle: "Acme-Bot".parse()?, profile };
/// assert_eq!(acme.handle.as_str(), "acme-bot", "addresses are lower-case");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewPublisher {
    /// The name in URLs.
    pub handle: Handle,
    /// What pages show.
    pub profile: PublisherProfile,
}

/// A change of a publisher, whole.
///
/// ```
/// # use fleetprompt_core::domain::{PersonIdentity, PublisherProfile};
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::Principal;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::{ErrorCode, Marketplace};
/// use fleetprompt_core::marketplace::{NewPublisher, PublisherEdit};
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// # let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// # let ada = market.act_as(Principal::person(ada));
/// # let profile = PublisherProfile { name: "Acme".parse()?, summary: None, website: None };
/// # let new = NewPublisher { handle: "acme".parse()?, profile: profile.clone() };
/// # let (key, one) = ("create-acme-0001".parse()?, "rename-acme-0001".parse()?);
/// # let two = "rename-acme-0002".parse()?;
/// let acme = ada.create_publisher(new, &key).await?;
/// let edit = PublisherEdit { handle: "acme-labs".parse()?, profile };
/// let edited = ada.update_publisher(acme.id, acme.revision, edit.clone(), &one).await?;
/// assert_eq!(edited.revision, acme.revision.next());
/// // Whoever still looks at the first revision has to look again.
/// let late = ada.update_publisher(acme.id, acme.revision, edit, &two).await.unwrap_err();
/// assert_eq!(late.code(), ErrorCode::RevisionMismatch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
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
