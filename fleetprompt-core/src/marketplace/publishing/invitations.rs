//! Inviting people into a publisher.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Fact, IdempotencyKey, Invitation, InvitationId, Membership, PersonId, Publisher, PublisherId,
    PublisherRole, Sha256Digest, Timestamp,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{Counter, CounterFamily, PageSize, RecordKey, Scan, Versioned, Within};
use crate::search::Cursor;

use super::invitation_code::InvitationCode;
use super::members::MemberReceipt;
use super::publishers::expect_in_good_standing;
use crate::marketplace::Acting;
use crate::marketplace::reading::paging::{Page, Paging};
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;

/// What inviting answers. It holds no secret: the code stands beside it in [`IssuedInvitation`].
///
/// ```
/// use fleetprompt_core::marketplace::InvitationReceipt;
/// fn reminder(receipt: &InvitationReceipt) -> String {
///     format!("valid until {}", receipt.expires_at)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InvitationReceipt {
    /// The invitation.
    pub id: InvitationId,
    /// The publisher.
    pub publisher: PublisherId,
    /// The role offered.
    pub role: PublisherRole,
    /// From when on it can't be accepted.
    pub expires_at: Timestamp,
    /// When it was made.
    pub at: Timestamp,
}

/// An invitation and its code.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::domain::{IdempotencyKey, PublisherId, PublisherRole};
/// async fn invite(owner: &Acting, acme: PublisherId, key: &IdempotencyKey) -> Result<()> {
///     let issued = owner.invite(acme, PublisherRole::Maintainer, key).await?;
///     if let Some(code) = issued.code {
///         println!("hand this over, and to nobody else: {}", code.expose());
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedInvitation {
    /// What was made.
    pub receipt: InvitationReceipt,
    /// The code. A retry makes it again; `None` once the invitation has ended or its key is
    /// revoked.
    pub code: Option<InvitationCode>,
}

/// An invitation, as members see it.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::domain::{PublisherId, Timestamp};
/// use fleetprompt_core::port::PageSize;
/// async fn open(viewer: &Acting, acme: PublisherId, now: Timestamp) -> Result<usize> {
///     let page = viewer.invitations(acme, None, PageSize::MAX).await?;
///     Ok(page.items.iter().filter(|invitation| now < invitation.expires_at).count())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    /// The invitation.
    pub id: InvitationId,
    /// The role offered.
    pub role: PublisherRole,
    /// Who invited.
    pub invited_by: PersonId,
    /// When.
    pub created_at: Timestamp,
    /// From when on it can't be accepted.
    pub expires_at: Timestamp,
}

impl Acting {
    /// Invites whoever will present the code to join a publisher, for as long as the principal is an
    /// owner of it.
    ///
    /// # Errors
    /// `publisher_not_found`, `forbidden`, `publisher_suspended`, `quota_exceeded`; `unavailable`
    /// while the clock is [behind](crate::Marketplace::clock_behind).
    pub async fn invite(
        &self,
        publisher: PublisherId,
        role: PublisherRole,
        key: &IdempotencyKey,
    ) -> Result<IssuedInvitation> {
        let receipt =
            self.inner().execute(&self.principal, key, &Invite { publisher, role }).await?;
        let standing = self.inner().read::<Invitation>(&RecordKey::invitation(receipt.id)).await?;
        let code = standing.and_then(|row| self.inner().code_of(&row.value));
        Ok(IssuedInvitation { receipt, code })
    }

    /// Withdraws an invitation.
    ///
    /// # Errors
    /// `invitation_not_found`, `forbidden`.
    pub async fn revoke_invitation(
        &self,
        invitation: InvitationId,
        key: &IdempotencyKey,
    ) -> Result<InvitationReceipt> {
        self.inner().execute(&self.principal, key, &RevokeInvitation { invitation }).await
    }

    /// Joins the publisher that the code of an invitation is for. A code works once.
    ///
    /// # Errors
    /// `invitation_not_found`, whatever is wrong with the code, and when whoever invited is an owner
    /// no longer; `invitation_expired`,
    /// `already_member`, `publisher_suspended`, `quota_exceeded`, `tenant_closing`; `unavailable`
    /// while the clock is [behind](crate::Marketplace::clock_behind).
    pub async fn accept_invitation(
        &self,
        code: &InvitationCode,
        key: &IdempotencyKey,
    ) -> Result<MemberReceipt> {
        let command = AcceptInvitation { code_digest: code.digest(), code };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// The invitations of a publisher, the oldest first; expired ones stay until they are pruned.
    ///
    /// # Errors
    /// `publisher_not_found`, `unauthenticated`, `invalid_cursor`.
    pub async fn invitations(
        &self,
        publisher: PublisherId,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<InvitationView>> {
        let market = self.inner();
        let action = Action::ReadPublisherInternals;
        market.require_reader(&self.principal, publisher, action).await?;
        let query = ("invitations", publisher);
        let scan = Scan::InvitationsOf(publisher);
        let paging = Paging::new(market, &self.principal, &query, scan)?;
        paging
            .page(cursor, size, |row: Versioned<Invitation>| {
                let Invitation { id, role, invited_by, created_at, expires_at, .. } = row.value;
                InvitationView { id, role, invited_by, created_at, expires_at }
            })
            .await
    }
}

#[derive(Serialize)]
struct Invite {
    publisher: PublisherId,
    role: PublisherRole,
}

impl Command for Invite {
    const OPERATION: &'static str = "invitation.create";
    type Receipt = InvitationReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<InvitationReceipt> {
        let Invite { publisher, role } = *self;
        let found = cx.publisher_for(publisher, Action::ManageMembers).await?;
        expect_in_good_standing(&found.value)?;
        cx.expect_in_time()?;
        let invited_by = cx.who().await?.person;
        let id = cx.id(InvitationId::from_bytes);
        let (code, kid) = cx.market.new_code(id);
        let at = cx.now;
        let expires_at = at.plus(cx.market.invitation_lifetime);
        let limit = Within::AtMost(cx.market.quotas.pending_invitations);
        cx.count(Counter::of_publisher(CounterFamily::Invitations, publisher), 1, limit);
        cx.put(Invitation {
            id,
            publisher,
            role,
            invited_by,
            kid,
            code_digest: code.digest(),
            created_at: at,
            expires_at,
        });
        cx.event(Fact::InvitationCreated { publisher, invitation: id, role });
        Ok(InvitationReceipt { id, publisher, role, expires_at, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&InvitationReceipt>) -> Result<()> {
        cx.require_in(self.publisher, Action::ManageMembers, ErrorCode::PublisherNotFound).await
    }
}

#[derive(Serialize)]
struct RevokeInvitation {
    invitation: InvitationId,
}

impl Command for RevokeInvitation {
    const OPERATION: &'static str = "invitation.revoke";
    type Receipt = InvitationReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<InvitationReceipt> {
        cx.identify().await?;
        let missing = ErrorCode::InvitationNotFound;
        let key = RecordKey::invitation(self.invitation);
        let Invitation { id, publisher, role, expires_at, .. } =
            cx.find::<Invitation>(key, missing).await?.value;
        cx.require_in(publisher, Action::ManageMembers, missing).await?;
        cx.end_invitation(id, publisher);
        cx.event(Fact::InvitationEnded { publisher, invitation: id });
        Ok(InvitationReceipt { id, publisher, role, expires_at, at: cx.now })
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&InvitationReceipt>,
    ) -> Result<()> {
        let missing = ErrorCode::InvitationNotFound;
        let publisher = match receipt {
            Some(receipt) => receipt.publisher,
            None => {
                let key = RecordKey::invitation(self.invitation);
                cx.find::<Invitation>(key, missing).await?.value.publisher
            }
        };
        cx.require_in(publisher, Action::ManageMembers, missing).await
    }
}

/// The code itself is no part of the fingerprint; its digest tells as much.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptInvitation<'a> {
    code_digest: Sha256Digest,
    #[serde(skip)]
    code: &'a InvitationCode,
}

impl Command for AcceptInvitation<'_> {
    const OPERATION: &'static str = "invitation.accept";
    type Receipt = MemberReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<MemberReceipt> {
        cx.require(Action::JoinPublisher)?;
        let person = cx.who().await?.person;
        let missing = ErrorCode::InvitationNotFound;
        let key = RecordKey::invitation(self.code.invitation().ok_or(missing)?);
        let invitation = cx.find::<Invitation>(key, missing).await?.value;
        if cx.market.code_of(&invitation).is_none_or(|code| code != *self.code) {
            return Err(missing.into());
        }
        let Invitation { id, publisher, role, invited_by, expires_at, .. } = invitation;
        // Whoever was removed, or is no owner any more, has no way back in by a code of their own.
        let inviter = RecordKey::membership(publisher, invited_by);
        let inviter = cx.find::<Membership>(inviter, missing).await?.value;
        if inviter.role != PublisherRole::Owner {
            return Err(missing.into());
        }
        cx.expect_in_time()?;
        if cx.now >= expires_at {
            return Err(ErrorCode::InvitationExpired.into());
        }
        let found = cx.find::<Publisher>(RecordKey::publisher(publisher), missing).await?;
        expect_in_good_standing(&found.value)?;
        if cx.get::<Membership>(RecordKey::membership(publisher, person)).await?.is_some() {
            return Err(ErrorCode::AlreadyMember.into());
        }
        cx.end_invitation(id, publisher);
        let limit = Within::AtMost(cx.market.quotas.members_per_publisher);
        cx.count(Counter::of_publisher(CounterFamily::Members, publisher), 1, limit);
        if role == PublisherRole::Owner {
            cx.note_owner(cx.identity()?).await?;
            cx.count(Counter::of_publisher(CounterFamily::Owners, publisher), 1, Within::Any);
        }
        let at = cx.now;
        cx.put(Membership { publisher, person, role, joined_at: at });
        cx.event(Fact::MemberJoined { publisher, person, role });
        Ok(MemberReceipt { publisher, person, role: Some(role), at })
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&MemberReceipt>,
    ) -> Result<()> {
        let Some(receipt) = receipt else { return cx.require(Action::JoinPublisher) };
        cx.expect_self(receipt.person, ErrorCode::InvitationNotFound).await
    }
}

impl Context<'_> {
    fn end_invitation(&mut self, id: InvitationId, publisher: PublisherId) {
        self.delete(RecordKey::invitation(id));
        self.count(Counter::of_publisher(CounterFamily::Invitations, publisher), -1, Within::Any);
    }
}
