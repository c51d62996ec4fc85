//! Erasing subjects and deleting tenants: the link between names and surrogates is broken, what
//! was counted stays.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Attempt, Fact, IdempotencyKey, Listing, Membership, Person, PersonId, PersonIdentity,
    Publisher, PublisherRole, Release, Tenant, TenantId, TenantIdentity,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{Action, Standing};
use crate::port::{Principal, RecordKey, Scan, TenantRole};

use crate::marketplace::publishing::members::LAST_OWNER;
use crate::marketplace::writing::chores::Chore;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;
use crate::marketplace::{Acting, Inner};

/// What was erased.
///
/// ```
/// use fleetprompt_core::domain::PersonId;
/// use fleetprompt_core::marketplace::Erasure;
/// let erasure = Erasure { person: PersonId::from_bytes([1; 16]) };
/// // The answer is kept for retries, so it can't say who it was.
/// assert_eq!(
///     serde_json::to_string(&erasure)?,
///     r#"{"person":"01010101-0101-0101-0101-010101010101"}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// The surrogate, which stands for nobody from now on.
    pub person: PersonId,
}

/// What was deleted.
///
/// ```
/// # use fleetprompt_core::domain::{PersonIdentity, PublisherProfile, TenantIdentity};
/// # use fleetprompt_core::marketplace::NewPublisher;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::{Principal, RecordKey, Store};
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// use fleetprompt_core::marketplace::TenantDeletion;
/// # pollster::block_on(async {
/// # let store = MemoryStore::default();
/// # let market = Marketplace::builder(store.clone())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// # let acme = TenantIdentity::organisation("https://id.example".parse()?, "org_acme".parse()?);
/// # let ada = PersonIdentity::new(acme.clone(), "user_ada".parse()?);
/// # let profile = PublisherProfile { name: "Acme".parse()?, summary: None, website: None };
/// # let new = NewPublisher { handle: "acme".parse()?, profile };
/// # let key = "create-acme-0001".parse()?;
/// # market.act_as(Principal::person(ada.clone())).create_publisher(new, &key).await?;
/// let admin = market.act_as(Principal::admin(ada));
/// let key = "delete-acme-0001".parse()?;
/// let TenantDeletion { tenant: _ } = admin.delete_tenant(&acme, &key).await?;
/// assert_eq!(store.get(&RecordKey::tenant(&acme)).await?, None, "nothing leads to the name");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TenantDeletion {
    /// The surrogate, which stands for nobody from now on.
    pub tenant: TenantId,
}

impl Acting {
    /// Erases a subject: by an operator, or by an administrator of the subject's own tenant.
    ///
    /// The subject's attempts are revoked where they are still issued, kept manifests are dropped,
    /// memberships end, and nothing leads from the surrogate to the name any more; a personal
    /// tenant goes with its subject. A subject who comes back under the same name is somebody new and inherits nothing. Interrupted halfway,
    /// the same call goes on where it stopped. What was deleted is [wiped](crate::port::Store::wipe)
    /// out of the store's own files at once, or by the next upkeep if somebody reads it just then.
    ///
    /// # Errors
    /// `subject_not_found`; `last_owner` when the subject is the only owner of a publisher: make
    /// somebody else an owner first.
    pub async fn erase_subject(
        &self,
        subject: &PersonIdentity,
        key: &IdempotencyKey,
    ) -> Result<Erasure> {
        let command = BeginErasure { subject: subject.clone() };
        let erasure = self.inner().execute(&self.principal, key, &command).await?;
        self.inner().erase(subject, erasure.person).await?;
        self.inner().wipe().await?;
        Ok(erasure)
    }

    /// Deletes a tenant: by an operator, or by an administrator of the tenant itself.
    ///
    /// Its subjects are erased; its publishers lose their profile and all members, outsiders too,
    /// and are suspended for good; their listings are deleted, with what they said. Handles and
    /// slugs that were public stay taken, so that no address ever leads elsewhere. Interrupted
    /// halfway, the same call goes on where it stopped.
    ///
    /// # Errors
    /// `tenant_not_found`; `last_owner` when nobody outside the tenant owns a publisher of another
    /// tenant that somebody in it owns.
    pub async fn delete_tenant(
        &self,
        tenant: &TenantIdentity,
        key: &IdempotencyKey,
    ) -> Result<TenantDeletion> {
        let command = BeginDeletion { tenant: tenant.clone() };
        let deletion = self.inner().execute(&self.principal, key, &command).await?;
        self.inner().delete(tenant, deletion.tenant).await?;
        Ok(deletion)
    }
}

/// Whether the principal may decide over the subjects of `tenant`. By name, since an administrator
/// may never have written anything here.
fn require_over(
    cx: &Context<'_>,
    tenant: &TenantIdentity,
    action: Action,
    missing: ErrorCode,
) -> Result<()> {
    let standing = match cx.principal {
        Principal::Person { identity, role: TenantRole::Admin } if identity.tenant() == tenant => {
            cx.standing().with(Standing::TenantAdmin)
        }
        _ => cx.standing(),
    };
    if standing.may(action) { Ok(()) } else { Err(missing.into()) }
}

#[derive(Serialize)]
struct BeginErasure {
    subject: PersonIdentity,
}

impl Command for BeginErasure {
    const OPERATION: &'static str = "subject.erase";
    type Receipt = Erasure;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<Erasure> {
        let missing = ErrorCode::SubjectNotFound;
        require_over(cx, self.subject.tenant(), Action::EraseSubject, missing)?;
        let found = cx.find::<Person>(RecordKey::person(&self.subject), missing).await?;
        let person = found.value.id;
        // Whoever is erasing themselves must be able to finish.
        if !found.value.erasing {
            cx.who().await?;
            cx.end_memberships(person).await?;
            cx.put(Person { erasing: true, ..found.value });
            cx.event(Fact::PersonErasing { person });
        }
        Ok(Erasure { person })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&Erasure>) -> Result<()> {
        require_over(cx, self.subject.tenant(), Action::EraseSubject, ErrorCode::SubjectNotFound)
    }
}

#[derive(Serialize)]
struct BeginDeletion {
    tenant: TenantIdentity,
}

impl Command for BeginDeletion {
    const OPERATION: &'static str = "tenant.delete";
    type Receipt = TenantDeletion;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<TenantDeletion> {
        let missing = ErrorCode::TenantNotFound;
        require_over(cx, &self.tenant, Action::DeleteTenant, missing)?;
        let found = cx.find::<Tenant>(RecordKey::tenant(&self.tenant), missing).await?;
        let tenant = found.value.id;
        if !found.value.closing {
            cx.who().await?;
            for person in cx.market.all::<Person>(&Scan::PersonsOf(tenant)).await? {
                cx.end_ownerships_elsewhere(person.id, tenant).await?;
            }
            cx.put(Tenant { closing: true, ..found.value });
            cx.event(Fact::TenantClosing { tenant });
        }
        Ok(TenantDeletion { tenant })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&TenantDeletion>) -> Result<()> {
        require_over(cx, &self.tenant, Action::DeleteTenant, ErrorCode::TenantNotFound)
    }
}

impl Context<'_> {
    /// Ends all memberships of a person, in the commit that marks them. Of two owners who are
    /// erased at the same moment, the counter holds the second back before anything is lost.
    async fn end_memberships(&mut self, person: PersonId) -> Result<()> {
        for member in self.market.all::<Membership>(&Scan::MembershipsOf(person)).await? {
            let key = RecordKey::membership(member.publisher, person);
            if let Some(found) = self.get::<Membership>(key).await? {
                self.end_membership(&found.value, LAST_OWNER);
            }
        }
        Ok(())
    }

    /// The same for what a person owns outside their tenant `going`, whose own publishers go
    /// with it.
    async fn end_ownerships_elsewhere(&mut self, person: PersonId, going: TenantId) -> Result<()> {
        for member in self.market.all::<Membership>(&Scan::MembershipsOf(person)).await? {
            let publisher = RecordKey::publisher(member.publisher);
            let publisher = self.get::<Publisher>(publisher).await?;
            if publisher.is_some_and(|publisher| publisher.value.tenant == going) {
                continue;
            }
            let key = RecordKey::membership(member.publisher, person);
            if let Some(found) = self.get::<Membership>(key).await?
                && found.value.role == PublisherRole::Owner
            {
                self.end_membership(&found.value, LAST_OWNER);
            }
        }
        Ok(())
    }
}

impl Inner {
    /// Finishes the erasure of a person who is marked as being erased.
    async fn erase(&self, subject: &PersonIdentity, person: PersonId) -> Result<()> {
        for member in self.all::<Membership>(&Scan::MembershipsOf(person)).await? {
            self.chore(&Chore::EndMembership(member.publisher, person)).await?;
        }
        for attempt in self.all::<Attempt>(&Scan::AttemptsOfPerson(person)).await? {
            self.chore(&Chore::Forget(attempt.id)).await?;
        }
        self.chore(&Chore::ForgetPerson(subject.clone(), person)).await
    }

    /// Finishes the deletion of a tenant that is marked as closing.
    async fn delete(&self, identity: &TenantIdentity, tenant: TenantId) -> Result<()> {
        for publisher in self.all::<Publisher>(&Scan::PublishersOf(tenant)).await? {
            self.chore(&Chore::CloseWithTenant(publisher.id, tenant)).await?;
            self.index_listings_of(publisher.id).await?;
            for listing in self.all::<Listing>(&Scan::ListingsOf(publisher.id)).await? {
                let scan =
                    Scan::Releases { listing: listing.id, channel: None, available_only: false };
                for release in self.all::<Release>(&scan).await? {
                    self.chore(&Chore::DropRelease(release.key(), tenant)).await?;
                }
                self.chore(&Chore::DeleteWithTenant(listing.id, tenant)).await?;
            }
            // Nobody can own a closed publisher: an outsider who did could never be erased.
            for member in self.all::<Membership>(&Scan::MembersOf(publisher.id)).await? {
                self.chore(&Chore::EndMembership(publisher.id, member.person)).await?;
            }
        }
        for person in self.all::<Person>(&Scan::PersonsOf(tenant)).await? {
            self.chore(&Chore::MarkErasing(person.identity.clone())).await?;
            self.erase(&person.identity, person.id).await?;
        }
        self.chore(&Chore::ForgetTenant(identity.clone(), tenant)).await?;
        self.wipe().await
    }
}
