//! What a configuration says about a service.

use fleetprompt_core::domain::{BoundedList, ClientName, IssuerName, SubjectName};
use serde::{Deserialize, Serialize};

use super::ServiceTokenHash;
use crate::identity::jwt::{Audiences, KeyOptions, Leeway};

/// An owning system's client, as its entry among the systems of the marketplace names it, and how it shows
/// who it is: by `tokens`, by `jwt`, or by either of both.
///
/// ```
/// use fleetprompt_http::identity::service::ServiceOptions;
/// let options: ServiceOptions = serde_json::from_value(serde_json::json!({
///     "issuer": "https://id.example",
///     "client": "whs-backend",
///     "jwt": { "audiences": ["https://market.example/systems"] },
/// }))?;
/// assert_eq!(options.client.as_str(), "whs-backend");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ServiceOptions {
    /// Who vouches for the client: the issuer of its JSON Web Tokens; for static tokens, any name that no
    /// other issuer has, such as the marketplace's own URL.
    pub issuer: IssuerName,
    /// The client.
    pub client: ClientName,
    /// The hashes of its static tokens: one, and another while they are exchanged.
    #[serde(default)]
    pub tokens: BoundedList<ServiceTokenHash, 2>,
    /// What its JSON Web Tokens say.
    #[serde(default)]
    pub jwt: Option<ServiceJwtOptions>,
}

impl ServiceOptions {
    /// A client without any way to show who it is yet.
    pub fn new(issuer: IssuerName, client: ClientName) -> Self {
        ServiceOptions { issuer, client, tokens: BoundedList::default(), jwt: None }
    }
}

/// JSON Web Tokens that an issuer makes for a client itself.
///
/// ```
/// use fleetprompt_http::identity::service::{ClientClaim, ServiceJwtOptions};
/// // Auth0 calls the subject of a client's own tokens by another name.
/// let auth0: ServiceJwtOptions = serde_json::from_value(serde_json::json!({
///     "audiences": ["https://market.example/systems"],
///     "client-claim": "azp",
///     "subject": "8Xq2@clients",
/// }))?;
/// assert_eq!(auth0.client_claim, ClientClaim::AuthorizedParty);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ServiceJwtOptions {
    /// Whom the tokens are made for: one of `aud`. No audience that people's tokens have.
    pub audiences: Audiences,
    /// The algorithms and the keys.
    #[serde(default)]
    pub keys: KeyOptions,
    /// How far clocks may differ.
    #[serde(default)]
    pub leeway_seconds: Leeway,
    /// Where the client stands.
    #[serde(default)]
    pub client_claim: ClientClaim,
    /// What `sub` must be; the client, unless it is said otherwise (RFC 9068, section 2.2).
    #[serde(default)]
    pub subject: Option<SubjectName>,
}

impl ServiceJwtOptions {
    /// Tokens for these audiences, by the defaults of everything else.
    pub fn new(audiences: Audiences) -> Self {
        ServiceJwtOptions {
            audiences,
            keys: KeyOptions::default(),
            leeway_seconds: Leeway::default(),
            client_claim: ClientClaim::default(),
            subject: None,
        }
    }
}

/// The claim that names the client.
///
/// ```
/// use fleetprompt_http::identity::service::ClientClaim;
/// assert_eq!(serde_json::from_str::<ClientClaim>(r#""client_id""#)?, ClientClaim::default());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientClaim {
    /// `client_id` (RFC 9068).
    #[default]
    #[serde(rename = "client_id")]
    ClientId,
    /// `azp` (OpenID Connect).
    #[serde(rename = "azp")]
    AuthorizedParty,
    /// `sub` alone: for issuers that vouch for machines only.
    #[serde(rename = "sub")]
    Subject,
}

impl ClientClaim {
    /// The claim, where it is one besides the subject.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            ClientClaim::ClientId => Some("client_id"),
            ClientClaim::AuthorizedParty => Some("azp"),
            ClientClaim::Subject => None,
        }
    }
}
