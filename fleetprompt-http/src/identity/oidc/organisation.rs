//! The tenant that a token names, and what its subject is in it.

use fleetprompt_core::domain::{BoundedList, TenantName};
use fleetprompt_core::port::TenantRole;
use serde::{Deserialize, Serialize};

use crate::identity::error::{Judged, Refused};
use crate::identity::jwt::{ClaimPath, ClaimValue, Claims};

/// Where a token names the organisation that its subject acts for. Without one, the subject acts in a
/// personal tenant. One that is malformed, of the wrong type, empty or too long refuses the token: it
/// never falls back to the personal tenant.
///
/// ```
/// use fleetprompt_http::identity::oidc::OrganisationClaims;
/// let read = |json| serde_json::from_str::<OrganisationClaims>(json);
/// assert_eq!(read(r#""clerk""#)?, OrganisationClaims::default());
/// let keycloak = r#"{"claims": {"tenant": "/organization/id", "role": "/realm_access/roles",
///     "admin-roles": ["tenant-admin"]}}"#;
/// assert!(matches!(read(keycloak)?, OrganisationClaims::Claims(_)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrganisationClaims {
    /// As Clerk writes it, in session tokens of version 1 (`org_id`, `org_role`) or 2
    /// (`o: {id, rol, slg}`). The role `admin` administrates, in version 1 `org:admin`. Sessions that are
    /// not `active` yet (`sts`) are refused.
    #[default]
    Clerk,
    /// In these claims.
    Claims(TenantClaims),
    /// Nowhere: everybody acts in a personal tenant.
    None,
}

/// Claims that name a tenant, in any provider's tokens.
///
/// ```
/// use fleetprompt_http::identity::oidc::TenantClaims;
/// let claims = TenantClaims {
///     tenant: "https://acme.example/org".parse()?,
///     role: Some("https://acme.example/roles".parse()?),
///     admin_roles: vec!["admin".parse()?].try_into()?,
/// };
/// assert_eq!(claims.admin_roles.as_slice().len(), 1);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TenantClaims {
    /// Where the tenant's name stands, a text.
    pub tenant: ClaimPath,
    /// Where the role stands, a text or a list of texts. Without it everybody is a member.
    #[serde(default)]
    pub role: Option<ClaimPath>,
    /// The roles that administrate the tenant.
    #[serde(default)]
    pub admin_roles: BoundedList<ClaimValue, 16>,
}

const DISAGREEING: Refused = Refused::Invalid("organisation claims that disagree");

impl OrganisationClaims {
    /// The tenant that the claims name, and the role in it.
    pub(super) fn membership(&self, claims: &Claims) -> Judged<Option<(TenantName, TenantRole)>> {
        match self {
            OrganisationClaims::Clerk => clerk(claims),
            OrganisationClaims::Claims(places) => {
                let admin = match &places.role {
                    Some(role) => claims.says(role, places.admin_roles.as_slice())?,
                    None => false,
                };
                claims.text_at(&places.tenant)?.map(|name| membership(name, admin)).transpose()
            }
            OrganisationClaims::None => Ok(None),
        }
    }
}

fn clerk(claims: &Claims) -> Judged<Option<(TenantName, TenantRole)>> {
    if claims.text("sts")?.is_some_and(|status| status != "active") {
        return Err(Refused::Invalid("a session that is not active"));
    }
    let flat = match (claims.text("org_id")?, claims.text("org_role")?) {
        (Some(name), role) => Some(membership(name, role == Some("org:admin"))?),
        (None, None) => None,
        (None, Some(_)) => return Err(DISAGREEING),
    };
    let nested = match claims.object("o")? {
        Some(organisation) => {
            let name = Claims::text_in(organisation, "id")?;
            let name = name.ok_or(Refused::Invalid("an organisation without id"))?;
            let _: Option<&str> = Claims::text_in(organisation, "slg")?;
            let role = Claims::text_in(organisation, "rol")?;
            Some(membership(name, role == Some("admin"))?)
        }
        None => None,
    };
    match (flat, nested) {
        (Some(flat), Some(nested)) if flat != nested => Err(DISAGREEING),
        (flat, nested) => Ok(nested.or(flat)),
    }
}

fn membership(name: &str, admin: bool) -> Judged<(TenantName, TenantRole)> {
    let name = name.parse().map_err(|_| Refused::Invalid("a malformed tenant"))?;
    Ok((name, if admin { TenantRole::Admin } else { TenantRole::Member }))
}
