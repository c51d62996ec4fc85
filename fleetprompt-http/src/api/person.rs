//! People, as owning systems and operators name them.

use fleetprompt_core::domain::{
    IssuerName, ParseError, PersonIdentity, Rule, SubjectName, TenantIdentity, TenantName,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Api;
use crate::convention::Problem;

/// Who an owning system's own session says is there.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExpectedPerson {
    /// The subject, as the identity provider names them.
    pub(super) expected_subject: SubjectName,
    /// The organisation that they act in; absent or `null` for their personal tenant.
    #[serde(default)]
    pub(super) expected_tenant: Option<TenantName>,
    /// The identity provider; needed only where the marketplace knows more than one.
    #[serde(default)]
    pub(super) expected_issuer: Option<IssuerName>,
}

impl ExpectedPerson {
    pub(super) fn identity(self, api: &Api) -> Result<PersonIdentity, Problem> {
        let issuer = issuer(self.expected_issuer, "expectedIssuer", api)?;
        Ok(person(issuer, self.expected_tenant, self.expected_subject))
    }
}

/// A person, as an operator names them.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedPerson {
    /// The subject, as the identity provider names them.
    pub(super) subject: SubjectName,
    /// The organisation that they act in; absent or `null` for their personal tenant.
    #[serde(default)]
    pub(super) tenant: Option<TenantName>,
    /// The identity provider; needed only where the marketplace knows more than one.
    #[serde(default)]
    pub(super) issuer: Option<IssuerName>,
}

impl NamedPerson {
    pub(super) fn identity(self, api: &Api) -> Result<PersonIdentity, Problem> {
        Ok(person(issuer(self.issuer, "issuer", api)?, self.tenant, self.subject))
    }
}

/// An organisation, as an operator names it.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedTenant {
    /// The organisation, as the identity provider names it.
    pub(super) tenant: TenantName,
    /// The identity provider; needed only where the marketplace knows more than one.
    #[serde(default)]
    pub(super) issuer: Option<IssuerName>,
}

impl NamedTenant {
    pub(super) fn identity(self, api: &Api) -> Result<TenantIdentity, Problem> {
        Ok(TenantIdentity::organisation(issuer(self.issuer, "issuer", api)?, self.tenant))
    }
}

fn person(issuer: IssuerName, tenant: Option<TenantName>, subject: SubjectName) -> PersonIdentity {
    match tenant {
        Some(tenant) => PersonIdentity::new(TenantIdentity::organisation(issuer, tenant), subject),
        None => PersonIdentity::personal(issuer, subject),
    }
}

fn issuer(
    named: Option<IssuerName>,
    field: &'static str,
    api: &Api,
) -> Result<IssuerName, Problem> {
    let rule = Rule::Other("must be named: the marketplace knows several identity providers");
    named
        .or_else(|| api.people_issuer().cloned())
        .ok_or_else(|| ParseError::new(field, rule).into())
}
