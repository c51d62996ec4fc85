//! The members of a publisher and their roles.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Fact, IdempotencyKey, Membership, Person, PersonId, PersonIdentity, PublisherId, PublisherRole,
    Tenant, Timestamp,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{
    Counter, CounterFamily, PageSize, Principal, RecordKey, Scan, Versioned, Within,
};
use crate::search::Cursor;

use super::publishers::expect_in_good_standing;
use crate::marketplace::Acting;
use crate::marketplace::reading::paging::{Page, Paging};
use crate::marketplace::writing::context::{Context, Who};
use crate::marketplace::writing::execute::Command;

/// What a write to a membership answers.
///
/// ```
/// use fleetprompt_core::marketplace::MemberReceipt;
/// fn has_left(receipt: &MemberReceipt) -> bool {
///     receipt.role.is_none()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MemberReceipt {
    /// The publisher.
    pub publisher: PublisherId,
    /// The member.
    pub person: PersonId,
    /// The role from now on; `None` when the person is a member no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<PublisherRole>,
    /// When.
    pub at: Timestamp,
}

/// A member, as other members see them: by surrogate.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::domain::{PublisherId, PublisherRole};
/// use fleetprompt_core::port::PageSize;
/// async fn owners(viewer: &Acting, acme: PublisherId) -> Result<usize> {
///     let page = viewer.members(acme, None, PageSize::MAX).await?;
///     Ok(page.items.iter().filter(|member| member.role == PublisherRole::Owner).count())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// The member.
    pub person: PersonId,
    /// What they may do.
    pub role: PublisherRole,
    /// Since when they are a member.
    pub joined_at: Timestamp,
}

impl Acting {
    /// Changes what a member may do.
    ///
    /// # Errors
    /// `publisher_not_found`, `member_not_found`, `forbidden`, `publisher_suspended`, and
    /// `last_owner`: a publisher always has one; `subject_erasing` and `tenant_closing`, of whoever
    /// is to be an owner.
    pub async fn change_role(
        &self,
        publisher: PublisherId,
        person: PersonId,
        role: PublisherRole,
        key: &IdempotencyKey,
    ) -> Result<MemberReceipt> {
        let command = ChangeRole { publisher, person, role };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// Removes a member.
    ///
    /// # Errors
    /// `publisher_not_found`, `member_not_found`, `forbidden`, `last_owner`.
    pub async fn remove_member(
        &self,
        publisher: PublisherId,
        person: PersonId,
        key: &IdempotencyKey,
    ) -> Result<MemberReceipt> {
        self.inner().execute(&self.principal, key, &RemoveMember { publisher, person }).await
    }

    /// Leaves a publisher.
    ///
    /// # Errors
    /// `publisher_not_found` for whoever is no member, `last_owner`.
    pub async fn leave(
        &self,
        publisher: PublisherId,
        key: &IdempotencyKey,
    ) -> Result<MemberReceipt> {
        self.inner().execute(&self.principal, key, &Leave { publisher }).await
    }

    /// The members of a publisher, the oldest membership first.
    ///
    /// # Errors
    /// `publisher_not_found`, `unauthenticated`, `invalid_cursor`.
    pub async fn members(
        &self,
        publisher: PublisherId,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<MemberView>> {
        let market = self.inner();
        let action = Action::ReadPublisherInternals;
        market.require_reader(&self.principal, publisher, action).await?;
        let query = ("members", publisher);
        let scan = Scan::MembersOf(publisher);
        let paging = Paging::new(market, &self.principal, &query, scan)?;
        paging
            .page(cursor, size, |row: Versioned<Membership>| {
                let Membership { person, role, joined_at, .. } = row.value;
                MemberView { person, role, joined_at }
            })
            .await
    }
}

/// A publisher keeps an owner. Two owners who leave at the same moment read different records, so
/// it is the counter that holds the last one back.
pub(in crate::marketplace) const LAST_OWNER: Within = Within::AtLeast(1);

impl Context<'_> {
    /// Finds out who acts, if that is a person, before anything else is looked up: a tenant that
    /// is being deleted is told so whether what it asks for exists or not.
    pub(super) async fn identify(&mut self) -> Result<()> {
        match self.principal {
            Principal::Person { .. } | Principal::Operator { .. } => self.who().await.map(drop),
            Principal::System { .. } | Principal::Anonymous => Ok(()),
        }
    }

    /// Requires that `person` acts.
    pub(super) async fn expect_self(&mut self, person: PersonId, missing: ErrorCode) -> Result<()> {
        if self.who().await?.person == person { Ok(()) } else { Err(missing.into()) }
    }

    /// Ends a membership, if as many owners are left as there must be.
    pub(in crate::marketplace) fn end_membership(
        &mut self,
        member: &Membership,
        owners: Within,
    ) -> MemberReceipt {
        let Membership { publisher, person, role, .. } = *member;
        self.delete(RecordKey::membership(publisher, person));
        self.count(Counter::of_publisher(CounterFamily::Members, publisher), -1, Within::Any);
        if role == PublisherRole::Owner {
            self.count(Counter::of_publisher(CounterFamily::Owners, publisher), -1, owners);
        }
        self.event(Fact::MemberLeft { publisher, person });
        MemberReceipt { publisher, person, role: None, at: self.now }
    }

    /// Writes the records of a person who comes to own a publisher, and of their tenant, again. What
    /// they own decides whether they can be erased, and is found by a list, which no commit expects:
    /// an erasure that was decided without this one meets it here.
    pub(super) async fn note_owner(&mut self, identity: &PersonIdentity) -> Result<()> {
        if let Some(person) = self.get::<Person>(RecordKey::person(identity)).await? {
            self.put(person.value);
        }
        if let Some(tenant) = self.get::<Tenant>(RecordKey::tenant(identity.tenant())).await? {
            self.put(tenant.value);
        }
        Ok(())
    }

    /// The person behind a surrogate, as the commit must still find them and their tenant: neither
    /// is being erased.
    pub(super) async fn person_behind(&mut self, id: PersonId) -> Result<(PersonIdentity, Who)> {
        let missing = ErrorCode::MemberNotFound;
        // The scan finds the name; what is read by it is what the commit rests on.
        let rows = self.scan::<Person>(&Scan::PersonBehind(id), PageSize::new(1)).await?;
        let identity = rows.into_iter().next().ok_or(missing)?.identity;
        let who = self.person(&identity).await?;
        if who.person == id { Ok((identity, who)) } else { Err(missing.into()) }
    }

    fn one_owner_less(&mut self, publisher: PublisherId) {
        self.count(Counter::of_publisher(CounterFamily::Owners, publisher), -1, LAST_OWNER);
    }

    /// Whoever manages members may hear again what became of one, and so may the one it was about:
    /// their own membership may be what has ended.
    async fn may_hear_of_member(&mut self, publisher: PublisherId, person: PersonId) -> Result<()> {
        let missing = ErrorCode::PublisherNotFound;
        if self.expect_self(person, missing).await.is_ok() {
            return Ok(());
        }
        self.require_in(publisher, Action::ManageMembers, missing).await
    }
}

#[derive(Serialize)]
struct ChangeRole {
    publisher: PublisherId,
    person: PersonId,
    role: PublisherRole,
}

impl Command for ChangeRole {
    const OPERATION: &'static str = "member.change_role";
    type Receipt = MemberReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<MemberReceipt> {
        let ChangeRole { publisher, person, role } = *self;
        let found = cx.publisher_for(publisher, Action::ManageMembers).await?;
        expect_in_good_standing(&found.value)?;
        let key = RecordKey::membership(publisher, person);
        let member = cx.find::<Membership>(key, ErrorCode::MemberNotFound).await?.value;
        match (member.role, role) {
            (PublisherRole::Owner, PublisherRole::Owner) => {}
            (PublisherRole::Owner, _) => cx.one_owner_less(publisher),
            (_, PublisherRole::Owner) => {
                let (identity, _) = cx.person_behind(person).await?;
                cx.note_owner(&identity).await?;
                cx.count(Counter::of_publisher(CounterFamily::Owners, publisher), 1, Within::Any);
            }
            _ => {}
        }
        cx.put(Membership { role, ..member });
        cx.event(Fact::MemberRoleChanged { publisher, person, role });
        Ok(MemberReceipt { publisher, person, role: Some(role), at: cx.now })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&MemberReceipt>) -> Result<()> {
        cx.may_hear_of_member(self.publisher, self.person).await
    }
}

#[derive(Serialize)]
struct RemoveMember {
    publisher: PublisherId,
    person: PersonId,
}

impl Command for RemoveMember {
    const OPERATION: &'static str = "member.remove";
    type Receipt = MemberReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<MemberReceipt> {
        cx.publisher_for(self.publisher, Action::ManageMembers).await?;
        let key = RecordKey::membership(self.publisher, self.person);
        let member = cx.find::<Membership>(key, ErrorCode::MemberNotFound).await?.value;
        Ok(cx.end_membership(&member, LAST_OWNER))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&MemberReceipt>) -> Result<()> {
        cx.may_hear_of_member(self.publisher, self.person).await
    }
}

#[derive(Serialize)]
struct Leave {
    publisher: PublisherId,
}

impl Command for Leave {
    const OPERATION: &'static str = "member.leave";
    type Receipt = MemberReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<MemberReceipt> {
        cx.require(Action::JoinPublisher)?;
        let who = cx.who().await?;
        let key = RecordKey::membership(self.publisher, who.person);
        let member = cx.find::<Membership>(key, ErrorCode::PublisherNotFound).await?.value;
        Ok(cx.end_membership(&member, LAST_OWNER))
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&MemberReceipt>,
    ) -> Result<()> {
        let Some(receipt) = receipt else { return cx.require(Action::JoinPublisher) };
        cx.expect_self(receipt.person, ErrorCode::PublisherNotFound).await
    }
}
