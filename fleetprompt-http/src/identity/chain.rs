//! The identities that a configuration names, as one.

use fleetprompt_core::port::Principal;
use http::request::Parts;

use super::credential::Credential;
use super::dev::DevIdentity;
use super::error::{Judged, Refused};
use super::jwt::Token;
use super::oidc::Oidc;
use super::service::Services;
use super::{Authenticate, AuthenticateError, AuthenticateFuture, IdentityConfigError};

/// Establishes who asks by whichever identity reads credentials of that form; each is optional.
///
/// A request without `Authorization` is anonymous. Other schemes than `Bearer`, several such headers and
/// credentials that nobody here reads are refused.
///
/// ```
/// use fleetprompt_core::port::Principal;
/// use fleetprompt_http::identity::{Authenticate, AuthenticateError, Chain};
/// # futures_util::FutureExt::now_or_never(async {
/// let chain = Chain::new(None, None, None)?;
/// let (head, ()) = http::Request::new(()).into_parts();
/// assert_eq!(chain.authenticate(&head).await, Ok(Principal::Anonymous));
///
/// let (head, ()) = http::Request::builder().header("authorization", "Basic YTpi").body(())?.into_parts();
/// assert_eq!(chain.authenticate(&head).await, Err(AuthenticateError::Invalid));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Debug)]
pub struct Chain {
    oidc: Option<Oidc>,
    services: Option<Services>,
    dev: Option<DevIdentity>,
}

impl Chain {
    /// A chain of these identities.
    ///
    /// # Errors
    /// [`SharedAudience`](IdentityConfigError::SharedAudience) and
    /// [`SubjectOfPeople`](IdentityConfigError::SubjectOfPeople), when the same issuer vouches for people
    /// and for services, and their tokens could be taken for one another.
    pub fn new(
        oidc: Option<Oidc>,
        services: Option<Services>,
        dev: Option<DevIdentity>,
    ) -> Result<Self, IdentityConfigError> {
        if let (Some(oidc), Some(services)) = (&oidc, &services) {
            services.apart_from(oidc)?;
        }
        Ok(Chain { oidc, services, dev })
    }

    async fn judge(&self, head: &Parts) -> Judged<Principal> {
        let unknown = Refused::Invalid("a credential of a form that is not configured");
        match Credential::of(head)? {
            Credential::Absent => Ok(Principal::Anonymous),
            Credential::Dev(who) => self.dev.as_ref().ok_or(unknown)?.person(who),
            Credential::DevSystem(system) => self.dev.as_ref().ok_or(unknown)?.system(system),
            Credential::Service(token) => self.services.as_ref().ok_or(unknown)?.by_token(token),
            Credential::Jwt(token) => {
                let token = Token::read(token)?;
                let person = self.oidc.as_ref().filter(|oidc| oidc.expects(&token));
                let system = self.services.as_ref().filter(|services| services.expect(&token));
                match (person, system) {
                    (Some(oidc), None) => oidc.judge(&token).await,
                    (None, Some(services)) => services.judge(&token).await,
                    (Some(_), Some(_)) => {
                        Err(Refused::Invalid("audiences of people and of services in one token"))
                    }
                    (None, None) => Err(Refused::Invalid("another issuer or audience")),
                }
            }
        }
    }
}

impl Authenticate for Chain {
    fn authenticate<'a>(&'a self, head: &'a Parts) -> AuthenticateFuture<'a> {
        Box::pin(async move {
            if self.dev.is_some() && !super::dev::is_local(head) {
                tracing::debug!("refused: a request that is not local");
                return Err(AuthenticateError::NotLocal);
            }
            self.judge(head).await.map_err(|refused| {
                match refused {
                    Refused::Invalid(reason) => tracing::debug!(reason, "a credential was refused"),
                    Refused::Unavailable => tracing::debug!("a credential could not be checked"),
                }
                refused.into()
            })
        })
    }
}
