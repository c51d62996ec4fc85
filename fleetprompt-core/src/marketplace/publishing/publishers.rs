//! Creating and changing publishers.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Fact, FeedChange, Handle, HoldReason, IdempotencyKey, Membership, PersonId, Publisher,
    PublisherId, PublisherProfile, PublisherRole, Revision, Skeleton,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{
    ClaimedName, Counter, CounterFamily, NameOwner, NameScope, RecordKey, Versioned, Within,
};

use crate::marketplace::Acting;
use crate::marketplace::moderating::name_verdicts::NameVerdict;
use crate::marketplace::writing::context::{Context, Who};
use crate::marketplace::writing::execute::Command;
use crate::marketplace::writing::receipts::PublisherReceipt;

/// What it takes to create a publisher.
///
/// ```
/// use fleetprompt_core::domain::PublisherProfile;
/// use fleetprompt_core::marketplace::NewPublisher;
/// let profile =
///     PublisherProfile { name: "Acme Robotics".parse()?, summary: None, website: None };
/// let acme = NewPublisher { handle: "acme".parse()?, profile };
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPublisher {
    /// The name in URLs.
    pub handle: Handle,
    /// What pages show.
    pub profile: PublisherProfile,
}

/// A change of a publisher, whole.
///
/// ```
/// use fleetprompt_core::domain::Publisher;
/// use fleetprompt_core::marketplace::PublisherEdit;
/// fn without_website(acme: Publisher) -> PublisherEdit {
///     let mut profile = acme.profile;
///     profile.website = None;
///     PublisherEdit { handle: acme.handle, profile }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublisherEdit {
    /// The name in URLs; the old one keeps leading here.
    pub handle: Handle,
    /// What pages show.
    pub profile: PublisherProfile,
}

impl Acting {
    /// Creates a publisher in the principal's tenant; the principal becomes its owner. If its names
    /// look like well-known ones of somebody else it is held, and seen by its members alone until
    /// an operator lets them pass.
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

    /// Changes a publisher that is still at `revision`. Names that look like well-known ones of
    /// somebody else are held: the rest is changed, and the names that it has stay until an
    /// operator lets the new ones pass.
    ///
    /// # Errors
    /// `publisher_not_found`, `forbidden`, `revision_mismatch`, `handle_taken`,
    /// `publisher_suspended`; `quota_exceeded` for a handle too many, since each that it had stays
    /// its own.
    pub async fn update_publisher(
        &self,
        publisher: PublisherId,
        revision: Revision,
        edit: PublisherEdit,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        let command = UpdatePublisher { publisher, revision, edit };
        self.inner().execute_on_publisher(&self.principal, key, &command).await
    }

    /// Moves a publisher to the tenant of another of its owners. Members, listings and entitlements
    /// stay as they are; owning systems' answers about its references lapse, since they were given
    /// for the tenant that it leaves, and the systems are asked again.
    ///
    /// # Errors
    /// `publisher_not_found`, `forbidden`, `publisher_suspended`; `member_not_found` when `to` is
    /// no member, `wrong_state` when they are no owner or in the publisher's tenant already;
    /// `quota_exceeded` and `tenant_closing`, of their tenant.
    pub async fn transfer_publisher(
        &self,
        publisher: PublisherId,
        to: PersonId,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        let command = TransferPublisher { publisher, to };
        self.inner().execute_on_publisher(&self.principal, key, &command).await
    }
}

impl ClaimedName {
    /// A handle, as looked up by anyone.
    pub(in crate::marketplace) fn handle(skeleton: &Skeleton) -> Self {
        ClaimedName::new(NameScope::Handle, skeleton.to_string())
    }
}

impl Context<'_> {
    /// Founds a publisher in the tenant of `who`, its owner. It is left to the command to
    /// [`note_owner`](Self::note_owner): the rows of an import would all wait for one record.
    pub(in crate::marketplace) fn found_publisher(
        &mut self,
        id: PublisherId,
        who: Who,
        new: &NewPublisher,
        limit: Within,
        held: Option<HoldReason>,
    ) -> (PublisherReceipt, Publisher) {
        let NewPublisher { handle, profile } = new.clone();
        let now = self.now;
        self.claim(ClaimedName::handle(&handle.skeleton()), NameOwner::new(id));
        self.count(Counter::publishers(who.tenant), 1, limit);
        self.count(Counter::of_publisher(CounterFamily::Owners, id), 1, Within::Any);
        self.count(Counter::of_publisher(CounterFamily::Members, id), 1, Within::Any);
        let (person, role) = (who.person, PublisherRole::Owner);
        self.put(Membership { publisher: id, person, role, joined_at: now });
        let publisher = Publisher {
            id,
            tenant: who.tenant,
            handle: handle.clone(),
            profile,
            badges: Vec::new(),
            suspended: None,
            held: held.is_some(),
            created_at: now,
            updated_at: now,
        };
        let revision = self.put(publisher.clone());
        self.event(Fact::PublisherCreated { publisher: id });
        (PublisherReceipt { id, handle, revision, at: now, held }, publisher)
    }

    /// A publisher in which the principal may do `action`.
    pub(super) async fn publisher_for(
        &mut self,
        id: PublisherId,
        action: Action,
    ) -> Result<Versioned<Publisher>> {
        self.require_in(id, action, ErrorCode::PublisherNotFound).await?;
        self.find(RecordKey::publisher(id), ErrorCode::PublisherNotFound).await
    }

    /// Puts a publisher back, changed, and says so in the log and, unless its names are held and
    /// it never was public, in the public feed.
    pub(in crate::marketplace) fn change_publisher(
        &mut self,
        publisher: Publisher,
        fact: Fact,
    ) -> PublisherReceipt {
        let (id, handle, at) = (publisher.id, publisher.handle.clone(), self.now);
        let feed = (!publisher.held).then_some(FeedChange::Publisher { publisher: id });
        let revision = self.put(Publisher { updated_at: at, ..publisher });
        self.public_event(fact, feed);
        PublisherReceipt { id, handle, revision, at, held: None }
    }
}

/// Refuses an edit of something that was changed since it was read.
pub(in crate::marketplace) fn expect_revision<T>(
    found: &Versioned<T>,
    revision: Revision,
) -> Result<()> {
    if found.revision == revision { Ok(()) } else { Err(ErrorCode::RevisionMismatch.into()) }
}

/// Refuses to show anything under names that are held.
pub(in crate::marketplace) fn expect_not_held(publisher: &Publisher) -> Result<()> {
    if publisher.held { Err(ErrorCode::PublisherHeld.into()) } else { Ok(()) }
}

/// Refuses what a suspended publisher must not do.
pub(in crate::marketplace) fn expect_in_good_standing(publisher: &Publisher) -> Result<()> {
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
        let limit = Within::AtMost(cx.market.quotas.publishers_per_tenant);
        let id = cx.id(PublisherId::from_bytes);
        let names = (&self.new.handle, &self.new.profile.name);
        let verdict = cx.judge_publisher(id, who.tenant, None, names).await?;
        let held = verdict.as_ref().and_then(NameVerdict::held);
        let (receipt, _) = cx.found_publisher(id, who, &self.new, limit, held);
        cx.note_owner(cx.identity()?).await?;
        cx.settle(id, verdict);
        Ok(receipt)
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&PublisherReceipt>,
    ) -> Result<()> {
        let Some(receipt) = receipt else { return cx.require(Action::CreatePublisher) };
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
        edit_publisher(cx, self.publisher, self.revision, |_| self.edit.clone()).await
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&PublisherReceipt>) -> Result<()> {
        may_replay_edit(cx, self.publisher).await
    }
}

#[derive(Serialize)]
struct TransferPublisher {
    publisher: PublisherId,
    to: PersonId,
}

impl Command for TransferPublisher {
    const OPERATION: &'static str = "publisher.transfer";
    type Receipt = PublisherReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<PublisherReceipt> {
        let found = cx.publisher_for(self.publisher, Action::TransferPublisher).await?.value;
        expect_in_good_standing(&found)?;
        let key = RecordKey::membership(self.publisher, self.to);
        let member = cx.find::<Membership>(key, ErrorCode::MemberNotFound).await?.value;
        if member.role != PublisherRole::Owner {
            return Err(ErrorCode::WrongState.into());
        }
        let (_, heir) = cx.person_behind(self.to).await?;
        let (from, to) = (found.tenant, heir.tenant);
        if from == to {
            return Err(ErrorCode::WrongState.into());
        }
        let limit = Within::AtMost(cx.market.quotas.publishers_per_tenant);
        cx.count(Counter::publishers(from), -1, Within::Any);
        cx.count(Counter::publishers(to), 1, limit);
        let fact = Fact::PublisherTransferred { publisher: self.publisher, from, to };
        Ok(cx.change_publisher(Publisher { tenant: to, ..found }, fact))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&PublisherReceipt>) -> Result<()> {
        cx.require_in(self.publisher, Action::TransferPublisher, ErrorCode::PublisherNotFound).await
    }
}

/// Decides an edit, made from what the publisher is.
pub(super) async fn edit_publisher(
    cx: &mut Context<'_>,
    publisher: PublisherId,
    revision: Revision,
    edit: impl FnOnce(&Publisher) -> PublisherEdit + Send,
) -> Result<PublisherReceipt> {
    let found = cx.publisher_for(publisher, Action::UpdatePublisher).await?;
    expect_revision(&found, revision)?;
    expect_in_good_standing(&found.value)?;
    let (id, before) = (publisher, found.value);
    let PublisherEdit { handle, profile } = edit(&before);
    let names = (&handle, &profile.name);
    let verdict = cx.judge_publisher(id, before.tenant, Some(&before), names).await?;
    let held = verdict.as_ref().and_then(NameVerdict::held);
    let (name, owner) = (ClaimedName::handle(&handle.skeleton()), NameOwner::new(id));
    let changed = if held.is_some() && !before.held {
        cx.expect_free(name, owner, ErrorCode::HandleTaken).await?;
        let profile = PublisherProfile { name: before.profile.name.clone(), ..profile };
        Publisher { profile, ..before }
    } else {
        if handle.skeleton() != before.handle.skeleton() {
            if before.held {
                // Nobody could have followed it.
                cx.release(ClaimedName::handle(&before.handle.skeleton()), owner.clone());
            } else if cx.owner_of(&name).await?.is_none() {
                // Each is lost to everybody else, as the address of whoever had it.
                let limit = Within::AtMost(cx.market.quotas.renames_per_publisher);
                cx.count(Counter::of_publisher(CounterFamily::Renames, id), 1, limit);
            }
        }
        cx.claim(name, owner);
        Publisher { handle, profile, held: held.is_some(), ..before }
    };
    let receipt = cx.change_publisher(changed, Fact::PublisherUpdated { publisher: id });
    cx.settle(id, verdict);
    Ok(PublisherReceipt { held, ..receipt })
}

/// Whether the answer to an edit may be given again.
pub(super) async fn may_replay_edit(cx: &mut Context<'_>, publisher: PublisherId) -> Result<()> {
    cx.require_in(publisher, Action::UpdatePublisher, ErrorCode::PublisherNotFound).await
}
