//! Tenants and subjects: the names an identity provider uses, and the surrogates that stand in for
//! them everywhere else.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{PersonId, TenantId};
use super::text::{IssuerName, SubjectName, TenantName};
use super::time::Timestamp;

/// Which tenant an identity provider means: an organisation, or the personal tenant of one subject.
///
/// A personal tenant is a namespace of its own, so that no organisation can be named like it.
///
/// ```
/// use fleetprompt_core::domain::TenantIdentity;
/// let acme = TenantIdentity::organisation("https://id.example".parse()?, "org_acme".parse()?);
/// let ada = TenantIdentity::personal("https://id.example".parse()?, "org_acme".parse()?);
/// assert_ne!(acme, ada);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantIdentity {
    issuer: IssuerName,
    name: TenantScope,
}

/// Which tenant of its issuer it is: an organisation, or the personal one of a subject.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
enum TenantScope {
    Organisation(TenantName),
    Personal(SubjectName),
}

impl TenantIdentity {
    /// The organisation that `issuer` calls `name`.
    pub fn organisation(issuer: IssuerName, name: TenantName) -> Self {
        TenantIdentity { issuer, name: TenantScope::Organisation(name) }
    }

    /// The personal tenant of the subject that `issuer` calls `subject`.
    pub fn personal(issuer: IssuerName, subject: SubjectName) -> Self {
        TenantIdentity { issuer, name: TenantScope::Personal(subject) }
    }

    /// The identity provider that named the tenant.
    pub fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    /// Whether this is the tenant of a single subject.
    pub fn is_personal(&self) -> bool {
        matches!(self.name, TenantScope::Personal(_))
    }

    /// The name as the identity provider says it: a tenant's, or a subject's for a personal tenant.
    pub fn name(&self) -> &str {
        match &self.name {
            TenantScope::Organisation(name) => name.as_str(),
            TenantScope::Personal(subject) => subject.as_str(),
        }
    }

    /// One text per identity. Names hold no control characters, so the separator is unambiguous.
    pub(crate) fn natural_key(&self) -> String {
        let scope = if self.is_personal() { 'p' } else { 'o' };
        format!("{scope}\u{1f}{}\u{1f}{}", self.issuer.as_str(), self.name())
    }
}

/// Names stay out of logs.
impl fmt::Debug for TenantIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_personal() {
            "TenantIdentity(personal)"
        } else {
            "TenantIdentity(organisation)"
        })
    }
}

/// A person or service in a tenant, as the identity provider names it.
///
/// ```
/// use fleetprompt_core::domain::{PersonIdentity, TenantIdentity};
/// let tenant = TenantIdentity::organisation("https://id.example".parse()?, "org_acme".parse()?);
/// let ada = PersonIdentity::new(tenant, "user_ada".parse()?);
/// assert_eq!(ada.subject().as_str(), "user_ada");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonIdentity {
    tenant: TenantIdentity,
    subject: SubjectName,
}

impl PersonIdentity {
    /// The subject `subject` in `tenant`.
    pub fn new(tenant: TenantIdentity, subject: SubjectName) -> Self {
        PersonIdentity { tenant, subject }
    }

    /// A subject that belongs to no organisation.
    pub fn personal(issuer: IssuerName, subject: SubjectName) -> Self {
        PersonIdentity { tenant: TenantIdentity::personal(issuer, subject.clone()), subject }
    }

    /// The tenant.
    pub fn tenant(&self) -> &TenantIdentity {
        &self.tenant
    }

    /// The subject's name.
    pub fn subject(&self) -> &SubjectName {
        &self.subject
    }

    pub(crate) fn natural_key(&self) -> String {
        format!("{}\u{1f}{}", self.tenant.natural_key(), self.subject.as_str())
    }
}

/// Names stay out of logs.
impl fmt::Debug for PersonIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonIdentity(redacted)")
    }
}

/// A tenant that has written something: its surrogate, and the one place with its name.
///
/// ```
/// use fleetprompt_core::domain::{Tenant, TenantId, TenantIdentity, Timestamp};
/// use fleetprompt_core::port::RecordKey;
/// let acme = TenantIdentity::organisation("https://id.example".parse()?, "org_acme".parse()?);
/// let (id, created_at) = (TenantId::from_bytes([1; 16]), Timestamp::MIN);
/// let tenant = Tenant { id, identity: acme.clone(), closing: false, created_at };
/// assert_eq!(tenant.key(), RecordKey::tenant(&acme), "found by name");
/// assert!(!format!("{tenant:?}").contains("org_acme"), "logged without it");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The surrogate.
    pub id: TenantId,
    /// The name, as the identity provider says it.
    pub identity: TenantIdentity,
    /// Set once the tenant is being deleted: nothing new is accepted from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closing: bool,
    /// When the tenant was first seen.
    pub created_at: Timestamp,
}

/// A subject that has written something: its surrogate, and the one place with its name.
///
/// Erasing a subject deletes this record. Whoever comes back under the same name is somebody new.
///
/// ```
/// use fleetprompt_core::domain::{Person, PersonId, PersonIdentity, TenantId, Timestamp};
/// # let (id, tenant) = (PersonId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
/// # let created_at = Timestamp::MIN;
/// let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// let erased = Person { id, tenant, identity: ada.clone(), erasing: true, created_at };
/// let returned = Person { id: PersonId::from_bytes([3; 16]), erasing: false, ..erased.clone() };
/// assert_eq!(erased.key(), returned.key(), "the same name");
/// assert_ne!(erased.id, returned.id, "somebody new");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The surrogate.
    pub id: PersonId,
    /// The surrogate of the tenant.
    pub tenant: TenantId,
    /// The name, as the identity provider says it.
    pub identity: PersonIdentity,
    /// Set once the subject is being erased: nothing new is accepted from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erasing: bool,
    /// When the subject was first seen.
    pub created_at: Timestamp,
}
