//! Owning systems: services that show who they are by a token of their own.
//!
//! A system is known by issuer and client, as the configuration lists them, and not by what a subject is
//! called. It brings a static token, of which the configuration holds the SHA-256 alone, or a JSON Web
//! Token that its issuer made for the client itself (RFC 6749, section 4.4).
//!
//! A person's token can't pass for a system's: the audience must be one that no person's token is made
//! for, the client is named by a claim that the issuer writes, and the subject must be the client itself.

mod options;
mod token;

use fleetprompt_core::domain::{ClientName, IssuerName, Sha256Digest};
use fleetprompt_core::port::Principal;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use super::IdentityConfigError;
use super::dev::is_dev_issuer;
use super::error::{Judged, Refused};
use super::jwt::{KeyCache, Token, Verifier};
use super::oidc::Oidc;

pub use options::{ClientClaim, ServiceJwtOptions, ServiceOptions};
pub use token::{ServiceToken, ServiceTokenHash};

/// Establishes owning systems.
///
/// ```
/// use fleetprompt_core::port::SystemEntropy;
/// use fleetprompt_http::identity::Chain;
/// use fleetprompt_http::identity::service::{ServiceOptions, ServiceToken, Services};
/// let token = ServiceToken::generate(&SystemEntropy)?;
/// let mut whs = ServiceOptions::new("https://market.example".parse()?, "whs-backend".parse()?);
/// whs.tokens = vec![token.hash()].try_into()?;
/// let chain = Chain::new(None, Some(Services::new(vec![whs])?), None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Services {
    by_token: Vec<(ServiceTokenHash, Client)>,
    by_jwt: Vec<Machine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Client {
    issuer: IssuerName,
    client: ClientName,
}

impl Client {
    fn principal(&self) -> Principal {
        Principal::system(self.issuer.clone(), self.client.clone())
    }
}

/// A client that brings JSON Web Tokens.
#[derive(Debug)]
struct Machine {
    client: Client,
    claim: ClientClaim,
    subject: String,
    verifier: Verifier,
}

impl Services {
    /// Nothing is fetched yet.
    ///
    /// # Errors
    /// When a service has no way to show who it is, or two could be taken for one another; and whatever
    /// hinders asking for keys.
    pub fn new(services: Vec<ServiceOptions>) -> Result<Self, IdentityConfigError> {
        let mut made = Services { by_token: Vec::new(), by_jwt: Vec::new() };
        let mut clients: Vec<Client> = Vec::new();
        let mut caches: Vec<KeyCache> = Vec::new();
        for ServiceOptions { issuer, client, tokens, jwt } in services {
            if is_dev_issuer(&issuer) {
                return Err(IdentityConfigError::ReservedIssuer);
            }
            if tokens.as_slice().is_empty() && jwt.is_none() {
                return Err(IdentityConfigError::NoCredential);
            }
            let client = Client { issuer, client };
            if clients.contains(&client) {
                return Err(IdentityConfigError::SameClient);
            }
            for hash in tokens.as_slice() {
                if made.by_token.iter().any(|(known, _)| known == hash) {
                    return Err(IdentityConfigError::SameToken);
                }
                made.by_token.push((hash.clone(), client.clone()));
            }
            if let Some(jwt) = jwt {
                let machine = Machine::new(client.clone(), jwt, &mut caches)?;
                if made.by_jwt.iter().any(|other| other.is_confusable_with(&machine)) {
                    return Err(IdentityConfigError::SameSubject);
                }
                made.by_jwt.push(machine);
            }
            clients.push(client);
        }
        Ok(made)
    }

    /// That no token of the provider's for a person can be one for a service.
    pub(crate) fn apart_from(&self, oidc: &Oidc) -> Result<(), IdentityConfigError> {
        let of_people = oidc.audiences().as_slice().iter().map(|audience| audience.as_str());
        for machine in &self.by_jwt {
            if machine.client.issuer != *oidc.issuer() {
                continue;
            }
            if machine.verifier.audiences().meet(of_people.clone()) {
                return Err(IdentityConfigError::SharedAudience);
            }
            if machine.claim == ClientClaim::Subject {
                return Err(IdentityConfigError::SubjectOfPeople);
            }
        }
        Ok(())
    }

    /// Whose static token it is. All hashes are compared, each in constant time.
    pub(crate) fn by_token(&self, token: &str) -> Judged<Principal> {
        let unknown = Refused::Invalid("an unknown service token");
        let token = ServiceToken::parse(token).ok_or(unknown)?;
        let hash: Sha256Digest = token.hash().digest();
        let mut place = u64::MAX;
        for (index, (known, _)) in (0_u64..).zip(&self.by_token) {
            let same: Choice = known.digest().as_bytes().ct_eq(hash.as_bytes());
            place.conditional_assign(&index, same);
        }
        let place = usize::try_from(place).map_err(|_| unknown)?;
        self.by_token.get(place).map(|(_, client)| client.principal()).ok_or(unknown)
    }

    pub(crate) fn expect(&self, token: &Token<'_>) -> bool {
        self.by_jwt.iter().any(|machine| machine.verifier.expects(token))
    }

    pub(crate) async fn judge(&self, token: &Token<'_>) -> Judged<Principal> {
        let named =
            |machine: &&Machine| machine.verifier.expects(token) && machine.is_named_by(token);
        let machine =
            self.by_jwt.iter().find(named).ok_or(Refused::Invalid("an unknown client"))?;
        // The claims are those that named the machine, and are known to be true now.
        machine.verifier.verify(token).await?;
        Ok(machine.client.principal())
    }
}

impl Machine {
    fn new(
        client: Client,
        options: ServiceJwtOptions,
        caches: &mut Vec<KeyCache>,
    ) -> Result<Self, IdentityConfigError> {
        let ServiceJwtOptions { audiences, keys, leeway_seconds, client_claim: claim, subject } =
            options;
        let issuer = &client.issuer;
        let cache = match caches.iter().find(|cache| cache.is_of(issuer, &keys)) {
            Some(cache) => cache.clone(),
            None => {
                let cache = KeyCache::new(issuer, &keys)?;
                caches.push(cache.clone());
                cache
            }
        };
        let verifier = Verifier::new(issuer.clone(), audiences, &keys, leeway_seconds, cache)?;
        let subject = subject.map_or_else(|| client.client.to_string(), |name| name.to_string());
        Ok(Machine { client, claim, subject, verifier })
    }

    fn is_named_by(&self, token: &Token<'_>) -> bool {
        let says = |claim, text: &str| token.unverified().text(claim) == Ok(Some(text));
        says("sub", &self.subject)
            && self.claim.name().is_none_or(|claim| says(claim, self.client.client.as_str()))
    }

    /// Whether a token could name both: those that have the same subject, where the claim with the client
    /// does not tell them apart.
    fn is_confusable_with(&self, other: &Machine) -> bool {
        let audiences = other.verifier.audiences().as_slice().iter().map(|name| name.as_str());
        let told_apart = self.claim == other.claim && self.claim != ClientClaim::Subject;
        self.client.issuer == other.client.issuer
            && self.subject == other.subject
            && self.verifier.audiences().meet(audiences)
            && !told_apart
    }
}
