//! One request's way through the limits.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use fleetprompt_core::ErrorCode;
use fleetprompt_core::policy::Rate;
use fleetprompt_core::port::{LimitKey, LimiterUnavailable, Principal};
use http::request::Parts;
use http::{Extensions, header};

use super::Operation;
use super::budget::{
    Purse, Spent, Standing, address_key, principal_key, spend, spend_within, tenant_key,
};
use super::by_address::{Inner, limited};
use crate::convention::{Problem, problem_code};
use crate::identity::{Authenticate, AuthenticateError};
use crate::observe::Exchange;

/// Among the extensions of an answer: it was about an install token that is not valid. Answers whose
/// problem says so need no mark.
///
/// ```
/// use axum::Extension;
/// use axum::response::IntoResponse;
/// use fleetprompt_http::limits::InvalidToken;
/// let answer = (Extension(InvalidToken), r#"{"active":false}"#).into_response();
/// assert!(answer.extensions().get::<InvalidToken>().is_some());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct InvalidToken;

/// What a request has spent so far.
#[derive(Clone)]
pub(crate) struct Admission {
    limits: Arc<Inner>,
    operation: Operation,
    /// Whether the client's address has no budget of its own.
    exempt: bool,
    /// The client's address, folded.
    address: Option<IpAddr>,
    spent: Arc<Mutex<Record>>,
}

#[derive(Default)]
struct Record {
    standings: Vec<Standing>,
    /// The budget of redemptions that was spent, to be given back for an invalid token, and that of
    /// invalid tokens.
    redemption: Option<(LimitKey, Rate, LimitKey)>,
}

/// The address that a request with these extensions counts for, unless it is exempt or not known.
pub(crate) fn counted_address(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get::<Admission>() {
        Some(admission) => admission.address.filter(|_| !admission.exempt),
        None => {
            let peer = extensions.get::<ConnectInfo<SocketAddr>>();
            peer.map(|ConnectInfo(peer)| peer.ip().to_canonical())
        }
    }
}

/// Who asks: counts what an address tries, authenticates, and counts who it turned out to be.
pub(crate) async fn admit(head: &Parts, identity: &dyn Authenticate) -> Result<Principal, Problem> {
    let admission = head.extensions.get::<Admission>();
    let tried = head.headers.contains_key(header::AUTHORIZATION);
    if let (Some(admission), true) = (admission, tried) {
        admission.credential().await?;
    }
    let found = identity.authenticate(head).await;
    if let (Some(admission), true) = (admission, tried) {
        admission.credential_judged(found.as_ref().err().copied()).await;
    }
    let principal = found?;
    if let Some(exchange) = head.extensions.get::<Exchange>() {
        exchange.note_caller(&principal);
    }
    if let Some(admission) = admission {
        admission.principal(&principal).await?;
    }
    Ok(principal)
}

impl Admission {
    pub(super) fn new(
        limits: Arc<Inner>,
        operation: Operation,
        exempt: bool,
        address: Option<IpAddr>,
    ) -> Self {
        Admission { limits, operation, exempt, address, spent: Arc::default() }
    }

    fn record<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        change(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn standings(&self) -> Vec<Standing> {
        self.record(|record| record.standings.clone())
    }

    /// Goes on, or counts the refusal.
    fn judge(&self, spent: &Spent) -> Result<(), Problem> {
        self.record(|record| record.standings.push(spent.standing));
        if spent.allowed {
            return Ok(());
        }
        self.limits.metrics.limited(spent.standing.purse.as_str(), self.operation);
        Err(limited(spent))
    }

    /// Spends of the address's budget.
    pub(super) async fn address(&self) -> Result<(), Problem> {
        if self.exempt {
            return Ok(());
        }
        let rate = self.limits.options.address.rate().costing(self.operation.cost());
        let spent = self.limits.by_address(Purse::Address, self.address, rate).await?;
        self.judge(&spent)
    }

    /// A credential is about to be looked at. It pays as one that is refused, and gets it back if it is
    /// not: so nobody can have more refused at once than there is budget for.
    async fn credential(&self) -> Result<(), Problem> {
        if self.exempt {
            return Ok(());
        }
        let rate = self.limits.options.refused_credentials.rate();
        let spent = self.limits.by_address(Purse::RefusedCredentials, self.address, rate).await?;
        match spent.allowed {
            true => Ok(()),
            false => self.judge(&spent),
        }
    }

    async fn credential_judged(&self, refused: Option<AuthenticateError>) {
        if refused == Some(AuthenticateError::Invalid) {
            self.limits.metrics.credential_refused();
        } else if !self.exempt {
            let rate = self.limits.options.refused_credentials.rate();
            let key = address_key(Purse::RefusedCredentials, self.address);
            self.limits.local.give_back(key, rate).await;
        }
    }

    /// Spends of the budgets of a principal and its tenant.
    async fn principal(&self, principal: &Principal) -> Result<(), Problem> {
        if principal.is_anonymous() {
            return Ok(());
        }
        let budgeted = self.operation.budgeted();
        let cost = self.operation.cost();
        let rate = self.limits.options.principal.of(budgeted).rate().costing(cost);
        let key = principal_key(Purse::Principal, principal, budgeted.as_str());
        let spent = self.spend(Purse::Principal, key, rate).await?;
        self.judge(&spent)?;
        if matches!(self.operation, Operation::Redeem | Operation::Introspect) {
            let invalid = principal_key(Purse::InvalidTokens, principal, "");
            self.record(|record| record.redemption = Some((key, rate, invalid)));
        }
        let Some(key) = tenant_key(principal) else { return Ok(()) };
        let rate = self.limits.options.tenant.rate().costing(cost);
        let spent = self.spend(Purse::Tenant, key, rate).await?;
        self.judge(&spent)
    }

    /// Spends of a budget that may be shared.
    async fn spend(&self, purse: Purse, key: LimitKey, rate: Rate) -> Result<Spent, Problem> {
        let limits = &*self.limits;
        let shared = match &limits.shared {
            Some(shared) => {
                let time = limits.options.shared_time.into();
                spend_within(time, &**shared, purse, key, rate).await
            }
            None => return self.spend_here(purse, key, rate).await,
        };
        match (shared, self.operation) {
            (Ok(spent), _) => Ok(spent),
            (Err(LimiterUnavailable), operation) => {
                limits.metrics.limiter_unavailable();
                match operation {
                    // What single use and quotas rest on is not done uncounted.
                    Operation::Mint | Operation::Redeem => Err(ErrorCode::Unavailable.into()),
                    _ => self.spend_here(purse, key, rate).await,
                }
            }
        }
    }

    async fn spend_here(&self, purse: Purse, key: LimitKey, rate: Rate) -> Result<Spent, Problem> {
        let spent = spend(&*self.limits.local, purse, key, rate).await;
        spent.map_err(|_| ErrorCode::Unavailable.into())
    }

    /// Looks at the answer: an invalid install token is not the redemption of the system that was
    /// handed it. It spends a budget of its own, and beyond that the system is told no more about it.
    pub(super) async fn settle(&self, response: Response) -> Response {
        let invalid = problem_code(&response) == Some(ErrorCode::InvalidToken.as_str())
            || response.extensions().get::<InvalidToken>().is_some();
        let redemption = self.record(|record| record.redemption.take());
        let (true, Some((key, rate, invalid))) = (invalid, redemption) else { return response };
        let limiter = self.limits.shared.as_ref().unwrap_or(&self.limits.local);
        // What is not given back in time is missing until the budget fills again.
        let time = self.limits.options.shared_time.into();
        let _ = tokio::time::timeout(time, limiter.give_back(key, rate)).await;
        let rate = self.limits.options.invalid_tokens.rate();
        match self.spend(Purse::InvalidTokens, invalid, rate).await {
            Ok(spent) => match self.judge(&spent) {
                Ok(()) => response,
                Err(problem) => problem.into_response(),
            },
            Err(problem) => problem.into_response(),
        }
    }
}
