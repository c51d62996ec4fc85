//! Why nobody was established, and why identities were not configured.

use fleetprompt_core::domain::ParseError;

/// Nobody was established.
///
/// ```
/// use fleetprompt_http::identity::AuthenticateError;
/// assert_eq!(AuthenticateError::Invalid.to_string(), "the credential is not valid");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticateError {
    /// The credential is malformed, expired, or of somebody unknown: 401.
    #[error("the credential is not valid")]
    Invalid,
    /// Development identities are on, and the request did not come from this machine alone: 403.
    #[error("the request is not local")]
    NotLocal,
    /// What the credential is checked against can't be reached: 503.
    #[error("the credential can't be checked at present")]
    Unavailable,
}

/// An identity that can't be configured like this. Names the rule, and no value.
///
/// ```
/// use fleetprompt_http::identity::IdentityConfigError;
/// use fleetprompt_http::identity::oidc::{Oidc, OidcOptions};
/// let options = OidcOptions::new("https://dev.invalid".parse()?, "fleetprompt".parse()?);
/// assert_eq!(Oidc::new(options).unwrap_err(), IdentityConfigError::ReservedIssuer);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityConfigError {
    /// The issuer of development identities vouches for nobody else.
    #[error("issuer must not be that of development identities, https://dev.invalid")]
    ReservedIssuer,
    /// Keys are to be discovered, and the issuer is no URL to discover them at.
    #[error("issuer must be a URL without a query, or keys.jwks-url must be set: {0}")]
    Undiscoverable(ParseError),
    /// Keys would be kept for a shorter time than they are used without asking.
    #[error("keys.max-age-seconds must not be less than keys.refresh-seconds")]
    KeyTimes,
    /// There is no way for the service to show who it is.
    #[error("a service needs tokens, jwt or both")]
    NoCredential,
    /// Two services are the same client of the same issuer.
    #[error("two services have the same issuer and client")]
    SameClient,
    /// Two services would be known by the same token.
    #[error("two services have the same token")]
    SameToken,
    /// Two services would be known by the same JSON Web Token.
    #[error("two services have the same issuer, audience, client-claim and subject")]
    SameSubject,
    /// People and services would be told apart by nothing but what a token says of its subject.
    #[error("services and people of one issuer must not share an audience")]
    SharedAudience,
    /// The issuer vouches for people as well, whose subjects may be called anything.
    #[error("client-claim must not be \"sub\" for an issuer that vouches for people as well")]
    SubjectOfPeople,
    /// No client for HTTPS could be made; most often, no certificates of authorities are installed.
    #[error("HTTPS can't be set up: are certificates of authorities installed?")]
    Https,
}

/// Why a credential was refused, in words for the operator's log, which hold nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Invalid(&'static str),
    Unavailable,
}

pub(crate) type Judged<T> = Result<T, Refused>;

impl From<Refused> for AuthenticateError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid(_) => AuthenticateError::Invalid,
            Refused::Unavailable => AuthenticateError::Unavailable,
        }
    }
}
