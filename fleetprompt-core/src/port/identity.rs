//! Who acts: what the host's authentication established, and what only the host can answer.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::domain::{
    ClientName, IssuerName, PersonIdentity, PolicyDecisionReference, SystemName, TargetContext,
};

/// Who acts, as the host authenticated it. FleetPrompt authenticates nobody.
///
/// ```
/// use fleetprompt_core::domain::PersonIdentity;
/// use fleetprompt_core::port::Principal;
/// let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// let principal = Principal::person(ada);
/// assert!(!principal.is_anonymous());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A person or service in a tenant.
    Person {
        /// Who, by the identity provider's names.
        identity: PersonIdentity,
        /// What they are in their tenant.
        role: TenantRole,
    },
    /// An owning system, known by its configured issuer and client and never by what its subject
    /// happens to be called.
    System {
        /// Who vouched for the client.
        issuer: IssuerName,
        /// The client.
        client: ClientName,
    },
    /// An operator of the marketplace.
    Operator {
        /// Who, by the identity provider's names.
        identity: PersonIdentity,
    },
}

/// What a person is in their tenant, as the host says.
///
/// ```
/// use fleetprompt_core::domain::{PersonIdentity, TenantIdentity};
/// use fleetprompt_core::port::{Principal, TenantRole};
/// let acme = TenantIdentity::organisation("https://id.example".parse()?, "org_acme".parse()?);
/// let ada = PersonIdentity::new(acme, "user_ada".parse()?);
/// let Principal::Person { role, .. } = Principal::person(ada) else { unreachable!() };
/// assert_eq!(role, TenantRole::Member, "nobody administrates by default");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantRole {
    /// One of its members.
    #[default]
    Member,
    /// An administrator: sees what the tenant's members own.
    Admin,
}

impl Principal {
    /// A member of the tenant that `identity` names.
    pub fn person(identity: PersonIdentity) -> Self {
        Principal::Person { identity, role: TenantRole::Member }
    }

    /// An administrator of the tenant that `identity` names.
    pub fn admin(identity: PersonIdentity) -> Self {
        Principal::Person { identity, role: TenantRole::Admin }
    }

    /// An operator of the marketplace.
    pub fn operator(identity: PersonIdentity) -> Self {
        Principal::Operator { identity }
    }

    /// An owning system's service identity.
    pub fn system(issuer: IssuerName, client: ClientName) -> Self {
        Principal::System { issuer, client }
    }

    /// Whether nobody was authenticated.
    pub fn is_anonymous(&self) -> bool {
        matches!(self, Principal::Anonymous)
    }
}

/// What the identity port's methods return.
///
/// ```
/// use fleetprompt_core::port::{IdentityFuture, IdentityUnavailable};
/// let asleep: IdentityFuture<'_, bool> = Box::pin(async { Err(IdentityUnavailable) });
/// assert_eq!(pollster::block_on(asleep), Err(IdentityUnavailable));
/// ```
pub type IdentityFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, IdentityUnavailable>> + Send + 'a>>;

/// Answers what only the host knows. Errors deny.
///
/// ```
/// use fleetprompt_core::domain::{PersonIdentity, SystemName, TargetContext};
/// use fleetprompt_core::port::{Identity, IdentityFuture, PolicyDecision};
/// /// A host whose organisations let their members install into one system only.
/// struct OnlyInto(SystemName);
/// impl Identity for OnlyInto {
///     fn is_member<'a>(&'a self, _: &'a PersonIdentity) -> IdentityFuture<'a, bool> {
///         Box::pin(async { Ok(true) })
///     }
///     fn may_install<'a>(
///         &'a self, _: &'a PersonIdentity, system: &'a SystemName, _: Option<&'a TargetContext>,
///     ) -> IdentityFuture<'a, PolicyDecision> {
///         let allowed = *system == self.0;
///         Box::pin(async move {
///             Ok(if allowed { PolicyDecision::Allowed(None) } else { PolicyDecision::Denied })
///         })
///     }
/// }
/// let host = OnlyInto("whs".parse()?);
/// let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// let elsewhere = "agentromatic".parse()?;
/// let answer = pollster::block_on(host.may_install(&ada, &elsewhere, None));
/// assert_eq!(answer, Ok(PolicyDecision::Denied));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub trait Identity: Send + Sync {
    /// Whether `subject` is, at this moment, a member of the tenant it names.
    fn is_member<'a>(&'a self, subject: &'a PersonIdentity) -> IdentityFuture<'a, bool>;

    /// Whether the tenant's own policy lets `subject` hand something over to `system`, with
    /// `context` as the target. Asked uncached when a token is redeemed.
    fn may_install<'a>(
        &'a self,
        subject: &'a PersonIdentity,
        system: &'a SystemName,
        context: Option<&'a TargetContext>,
    ) -> IdentityFuture<'a, PolicyDecision>;
}

/// What an organisation's policy says.
///
/// ```
/// use fleetprompt_core::domain::PolicyDecisionReference;
/// use fleetprompt_core::port::PolicyDecision;
/// let decision: PolicyDecisionReference = "decision-5".parse()?;
/// let allowed = PolicyDecision::Allowed(Some(decision.clone()));
/// assert!(matches!(allowed, PolicyDecision::Allowed(Some(named)) if named == decision));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyDecision {
    /// Allowed; the reference names the decision, if there is one.
    Allowed(Option<PolicyDecisionReference>),
    /// Not allowed.
    Denied,
}

/// The host could not answer.
///
/// ```
/// use fleetprompt_core::port::{IdentityUnavailable, PolicyDecision};
/// // No answer is no permission.
/// fn permits(answer: Result<PolicyDecision, IdentityUnavailable>) -> bool {
///     matches!(answer, Ok(PolicyDecision::Allowed(_)))
/// }
/// assert!(!permits(Err(IdentityUnavailable)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity port could not answer")]
pub struct IdentityUnavailable;

/// The identity port of a host without organisations' policies: everybody the host authenticated
/// is a member of the tenant it named, and nothing is forbidden.
///
/// ```
/// use fleetprompt_core::domain::PersonIdentity;
/// use fleetprompt_core::port::{Identity, TrustHost};
/// let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// assert_eq!(pollster::block_on(TrustHost.is_member(&ada)), Ok(true));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TrustHost;

impl Identity for TrustHost {
    fn is_member<'a>(&'a self, _: &'a PersonIdentity) -> IdentityFuture<'a, bool> {
        Box::pin(std::future::ready(Ok(true)))
    }

    fn may_install<'a>(
        &'a self,
        _: &'a PersonIdentity,
        _: &'a SystemName,
        _: Option<&'a TargetContext>,
    ) -> IdentityFuture<'a, PolicyDecision> {
        Box::pin(std::future::ready(Ok(PolicyDecision::Allowed(None))))
    }
}
