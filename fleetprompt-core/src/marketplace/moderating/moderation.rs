//! What operators decide about publishers and listings.
//!
//! A suspension is one change of the publisher's record. Nothing is written to its listings: every
//! read of a listing looks at its publisher, and one entry of the public feed tells followers to
//! look again. So suspending and restoring are one commit, however many listings there are. What
//! the search index holds of the listings follows behind it.

use serde::Serialize;

use crate::domain::{
    Badge, BadgeKind, EvidenceReference, Fact, IdempotencyKey, Membership, Publisher, PublisherId,
    Reason, Tenant,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{PageSize, RecordKey, Scan, Versioned};

use crate::marketplace::Acting;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;
use crate::marketplace::writing::receipts::PublisherReceipt;

impl Acting {
    /// Sets a badge, or renews it with other evidence.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator, `publisher_not_found`.
    pub async fn grant_badge(
        &self,
        publisher: PublisherId,
        badge: BadgeKind,
        evidence: EvidenceReference,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        let command = GrantBadge { publisher, badge, evidence };
        self.inner().execute_on_publisher(&self.principal, key, &command).await
    }

    /// Removes a badge.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator, `publisher_not_found`, `badge_not_found`.
    pub async fn remove_badge(
        &self,
        publisher: PublisherId,
        badge: BadgeKind,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        self.inner()
            .execute_on_publisher(&self.principal, key, &RemoveBadge { publisher, badge })
            .await
    }

    /// Suspends a publisher: nobody but its members sees it or its listings, nothing of it can be
    /// obtained, and it can't be changed. Its members are told the reason.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator, `publisher_not_found`; `wrong_state` when it is
    /// suspended already.
    pub async fn suspend_publisher(
        &self,
        publisher: PublisherId,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        self.inner()
            .execute_on_publisher(&self.principal, key, &SuspendPublisher { publisher, reason })
            .await
    }

    /// Lifts a suspension.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator, `publisher_not_found`; `wrong_state` when it is not
    /// suspended, or its tenant is being deleted or was.
    pub async fn restore_publisher(
        &self,
        publisher: PublisherId,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        self.inner()
            .execute_on_publisher(&self.principal, key, &RestorePublisher { publisher })
            .await
    }
}

impl Context<'_> {
    /// Requires an operator who decides about the catalogue.
    pub(super) async fn moderates(&mut self) -> Result<()> {
        self.require(Action::ModerateCatalogue)?;
        self.who().await.map(drop)
    }

    /// Whether a publisher is suspended for good: its tenant is being deleted, or was and left
    /// nobody in it. A tenant that went with its only subject leaves other owners.
    async fn went_with_its_tenant(&mut self, publisher: &Publisher) -> Result<bool> {
        let one = PageSize::new(1);
        let behind = self.scan::<Tenant>(&Scan::TenantBehind(publisher.tenant), one).await?;
        let tenant = match behind.first() {
            Some(tenant) => self.get::<Tenant>(RecordKey::tenant(&tenant.identity)).await?,
            None => None,
        };
        match tenant.filter(|tenant| tenant.value.id == publisher.tenant) {
            Some(tenant) => Ok(tenant.value.closing),
            None => {
                let members = Scan::MembersOf(publisher.id);
                Ok(self.scan::<Membership>(&members, one).await?.is_empty())
            }
        }
    }

    async fn moderated(&mut self, id: PublisherId) -> Result<Publisher> {
        self.moderates().await?;
        let found = self.find(RecordKey::publisher(id), ErrorCode::PublisherNotFound).await;
        found.map(|row: Versioned<Publisher>| row.value)
    }
}

#[derive(Serialize)]
struct GrantBadge {
    publisher: PublisherId,
    badge: BadgeKind,
    evidence: EvidenceReference,
}

impl Command for GrantBadge {
    const OPERATION: &'static str = "badge.grant";
    type Receipt = PublisherReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<PublisherReceipt> {
        let GrantBadge { publisher, badge, ref evidence } = *self;
        let mut found = cx.moderated(publisher).await?;
        found.badges.retain(|set| set.kind != badge);
        found.badges.push(Badge { kind: badge, evidence: evidence.clone(), granted_at: cx.now });
        Ok(cx.change_publisher(found, Fact::BadgeGranted { publisher, badge }))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&PublisherReceipt>) -> Result<()> {
        cx.moderates().await
    }
}

#[derive(Serialize)]
struct RemoveBadge {
    publisher: PublisherId,
    badge: BadgeKind,
}

impl Command for RemoveBadge {
    const OPERATION: &'static str = "badge.remove";
    type Receipt = PublisherReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<PublisherReceipt> {
        let RemoveBadge { publisher, badge } = *self;
        let mut found = cx.moderated(publisher).await?;
        if !found.badges.iter().any(|set| set.kind == badge) {
            return Err(ErrorCode::BadgeNotFound.into());
        }
        found.badges.retain(|set| set.kind != badge);
        Ok(cx.change_publisher(found, Fact::BadgeRemoved { publisher, badge }))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&PublisherReceipt>) -> Result<()> {
        cx.moderates().await
    }
}

#[derive(Serialize)]
pub(in crate::marketplace) struct SuspendPublisher {
    pub(in crate::marketplace) publisher: PublisherId,
    pub(in crate::marketplace) reason: Reason,
}

impl Command for SuspendPublisher {
    const OPERATION: &'static str = "publisher.suspend";
    type Receipt = PublisherReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<PublisherReceipt> {
        let publisher = self.publisher;
        let found = cx.moderated(publisher).await?;
        if found.suspended.is_some() {
            return Err(ErrorCode::WrongState.into());
        }
        let suspended = Publisher { suspended: Some(self.reason.clone()), ..found };
        Ok(cx.change_publisher(suspended, Fact::PublisherSuspended { publisher }))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&PublisherReceipt>) -> Result<()> {
        cx.moderates().await
    }
}

#[derive(Serialize)]
struct RestorePublisher {
    publisher: PublisherId,
}

impl Command for RestorePublisher {
    const OPERATION: &'static str = "publisher.restore";
    type Receipt = PublisherReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<PublisherReceipt> {
        let publisher = self.publisher;
        let found = cx.moderated(publisher).await?;
        if found.suspended.is_none() || cx.went_with_its_tenant(&found).await? {
            return Err(ErrorCode::WrongState.into());
        }
        let restored = Publisher { suspended: None, ..found };
        Ok(cx.change_publisher(restored, Fact::PublisherRestored { publisher }))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&PublisherReceipt>) -> Result<()> {
        cx.moderates().await
    }
}
