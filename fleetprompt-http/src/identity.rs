//! Who asks: what a request's head says about its caller.
//!
//! A host implements [`Authenticate`] over its own sessions. The program puts a [`Chain`] together, of
//! what its configuration names:
//!
//! | credential | read by | becomes |
//! | --- | --- | --- |
//! | none | | [`Principal::Anonymous`] |
//! | a JSON Web Token of the identity provider | [`Oidc`](oidc::Oidc) | a person, or an operator |
//! | a JSON Web Token of a client in its own name | [`Services`](service::Services) | an owning system |
//! | `fps_…`, a static token | [`Services`](service::Services) | an owning system |
//! | `dev:…`, `dev-system:…` | [`DevIdentity`](dev::DevIdentity) | whom it says, on this machine alone |
//!
//! What a credential can become follows from its form, issuer and audience, so that no person's token can
//! turn into a system's, nor the other way round.

mod chain;
mod credential;
pub mod dev;
mod error;
pub mod jwt;
pub mod oidc;
pub mod service;

pub use chain::Chain;
pub use error::{AuthenticateError, IdentityConfigError};

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
