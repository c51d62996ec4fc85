//! Who asks: what a request's head says about its caller.

use std::future::Future;
use std::pin::Pin;

use fleetprompt_core::port::Principal;
use http::request::Parts;

/// What [`Authenticate::authenticate`] returns.
pub type AuthenticateFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Principal, AuthenticateError>> + Send + 'a>>;

/// Establishes who asks. A host that mounts the router implements it over its own sessions; the
/// program has implementations for OpenID Connect, service identities and development.
///
/// ```
/// use fleetprompt_core::domain::PersonIdentity;
/// use fleetprompt_core::port::Principal;
/// use fleetprompt_http::identity::{Authenticate, AuthenticateFuture};
/// /// What the host's own middleware found out.
/// #[derive(Clone)]
/// struct SignedIn(PersonIdentity);
/// struct Sessions;
/// impl Authenticate for Sessions {
///     fn authenticate<'a>(&'a self, head: &'a http::request::Parts) -> AuthenticateFuture<'a> {
///         let who = head.extensions.get::<SignedIn>();
///         let who = who.map(|SignedIn(who)| Principal::person(who.clone()));
///         Box::pin(std::future::ready(Ok(who.unwrap_or(Principal::Anonymous))))
///     }
/// }
/// ```
pub trait Authenticate: Send + Sync {
    /// Who sent the request with this head. A request that brings no credential is
    /// [`Principal::Anonymous`]; one that brings a bad credential is refused, never taken for
    /// anonymous.
    fn authenticate<'a>(&'a self, head: &'a Parts) -> AuthenticateFuture<'a>;
}

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
    /// What the credential is checked against can't be reached: 503.
    #[error("the credential can't be checked at present")]
    Unavailable,
}
