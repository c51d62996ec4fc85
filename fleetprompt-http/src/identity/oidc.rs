//! People, and operators: the tokens of an OpenID provider.

mod organisation;

use fleetprompt_core::domain::{
    BoundedList, IssuerName, PersonIdentity, SubjectName, TenantIdentity,
};
use fleetprompt_core::port::Principal;
use serde::{Deserialize, Serialize};

use super::IdentityConfigError;
use super::error::{Judged, Refused};
use super::jwt::{Audiences, ClaimPath, ClaimValue, KeyCache, KeyOptions, Leeway, Token, Verifier};

pub use organisation::{OrganisationClaims, TenantClaims};

/// An OpenID provider whose tokens people bring.
///
/// ```
/// use fleetprompt_http::identity::oidc::OidcOptions;
/// let options: OidcOptions = serde_json::from_value(serde_json::json!({
///     "issuer": "https://clerk.acme.example",
///     "audiences": ["fleetprompt"],
///     "operator": { "claim": "/public/role", "value": "marketplace-operator" },
/// }))?;
/// assert_eq!(options.issuer.as_str(), "https://clerk.acme.example");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct OidcOptions {
    /// Who makes the tokens: `iss`, to the letter.
    pub issuer: IssuerName,
    /// Whom the tokens are made for: one of `aud`.
    pub audiences: Audiences,
    /// The algorithms and the keys.
    #[serde(default)]
    pub keys: KeyOptions,
    /// How far clocks may differ.
    #[serde(default)]
    pub leeway_seconds: Leeway,
    /// Which applications may have asked for a token: `azp` must be one of these, if there are any. Clerk
    /// writes the origin of the page there.
    #[serde(default)]
    pub authorized_parties: BoundedList<ClaimValue, 16>,
    /// Where the tenant stands, and the role in it.
    #[serde(default)]
    pub organisation: OrganisationClaims,
    /// What makes an operator. Without it nobody is one.
    #[serde(default)]
    pub operator: Option<OperatorClaim>,
}

impl OidcOptions {
    /// Tokens of this issuer for these audiences, by the defaults of everything else.
    pub fn new(issuer: IssuerName, audiences: Audiences) -> Self {
        OidcOptions {
            issuer,
            audiences,
            keys: KeyOptions::default(),
            leeway_seconds: Leeway::default(),
            authorized_parties: BoundedList::default(),
            organisation: OrganisationClaims::default(),
            operator: None,
        }
    }
}

/// What a token says of an operator of the marketplace. It must be something that users can't write
/// themselves: in Clerk public or private metadata, never unsafe metadata.
///
/// ```
/// use fleetprompt_http::identity::oidc::OperatorClaim;
/// let claim = OperatorClaim { claim: "/realm_access/roles".parse()?, value: "operator".parse()? };
/// assert_eq!(claim.value.as_str(), "operator");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OperatorClaim {
    /// Where it stands: a text, or a list of texts.
    pub claim: ClaimPath,
    /// What it says, or one of its entries.
    pub value: ClaimValue,
}

/// Establishes people by the tokens of an OpenID provider.
///
/// It asks for keys by [`tokio::spawn`], when the first token comes: it works within Tokio's runtime.
///
/// ```
/// use fleetprompt_http::identity::Chain;
/// use fleetprompt_http::identity::oidc::{Oidc, OidcOptions};
/// # if false {
/// let options = OidcOptions::new("https://id.example".parse()?, "fleetprompt".parse()?);
/// let chain = Chain::new(Some(Oidc::new(options)?), None, None)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Oidc {
    verifier: Verifier,
    authorized_parties: BoundedList<ClaimValue, 16>,
    organisation: OrganisationClaims,
    operator: Option<OperatorClaim>,
}

impl Oidc {
    /// Nothing is fetched yet.
    ///
    /// # Errors
    /// [`ReservedIssuer`](IdentityConfigError::ReservedIssuer), and whatever hinders asking for keys.
    pub fn new(options: OidcOptions) -> Result<Self, IdentityConfigError> {
        let OidcOptions {
            issuer,
            audiences,
            keys,
            leeway_seconds,
            authorized_parties,
            organisation,
            operator,
        } = options;
        if super::dev::is_dev_issuer(&issuer) {
            return Err(IdentityConfigError::ReservedIssuer);
        }
        let cache = KeyCache::new(&issuer, &keys)?;
        let verifier = Verifier::new(issuer, audiences, &keys, leeway_seconds, cache)?;
        Ok(Oidc { verifier, authorized_parties, organisation, operator })
    }

    pub(crate) fn issuer(&self) -> &IssuerName {
        self.verifier.issuer()
    }

    pub(crate) fn audiences(&self) -> &Audiences {
        self.verifier.audiences()
    }

    pub(crate) fn expects(&self, token: &Token<'_>) -> bool {
        self.verifier.expects(token)
    }

    pub(crate) async fn judge(&self, token: &Token<'_>) -> Judged<Principal> {
        let claims = self.verifier.verify(token).await?;
        let parties = self.authorized_parties.as_slice();
        let asked_by = claims.text("azp")?;
        if !parties.is_empty() && !parties.iter().any(|party| Some(party.as_str()) == asked_by) {
            return Err(Refused::Invalid("another authorized party"));
        }
        let subject = claims.text("sub")?.unwrap_or_default();
        let subject: SubjectName =
            subject.parse().map_err(|_| Refused::Invalid("a malformed subject"))?;
        let (tenant, role) = match self.organisation.membership(claims)? {
            Some((name, role)) => {
                let tenant = TenantIdentity::organisation(self.issuer().clone(), name);
                (tenant, role)
            }
            None => {
                let tenant = TenantIdentity::personal(self.issuer().clone(), subject.clone());
                (tenant, Default::default())
            }
        };
        let identity = PersonIdentity::new(tenant, subject);
        let is_operator = match &self.operator {
            Some(operator) => {
                claims.says(&operator.claim, std::slice::from_ref(&operator.value))?
            }
            None => false,
        };
        Ok(if is_operator {
            Principal::operator(identity)
        } else {
            Principal::Person { identity, role }
        })
    }
}
