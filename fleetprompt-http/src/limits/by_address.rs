//! The limits, and the first of them: by address, before anything else is known.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use fleetprompt_core::ErrorCode;
use fleetprompt_core::port::{Clock, Limiter, LocalLimiter, SystemClock};

use super::admission::Admission;
use super::budget::{Purse, Spent, address_key, spend};
use super::client_address::Found;
use super::{LimitOptions, Operation, headers};
use crate::convention::Problem;
use crate::observe::{Exchange, Metrics};

/// Counts requests against budgets: by address, then by principal and kind of operation, then by tenant.
///
/// The budgets of addresses are this process's own; those of principals and tenants are shared with other
/// processes, if there is a [`Limiter`] that does so. When it can't answer, tokens are neither issued nor
/// redeemed (503), and for everything else this process's own stand in.
///
/// Addresses are known if the server puts [`ConnectInfo<SocketAddr>`] among a request's extensions, as
/// [`Server`](crate::serve::Server) and `axum::serve` with
/// `into_make_service_with_connect_info::<SocketAddr>()` do. Without, all callers are one.
///
/// ```
/// use axum::{Router, routing::get};
/// use fleetprompt_http::limits::{LimitOptions, Limits};
/// let router: Router = Router::new().route("/", get(|| async { "hello" }));
/// let limited = Limits::new(LimitOptions::default()).around(router);
/// # drop(limited);
/// ```
#[derive(Clone)]
pub struct Limits {
    inner: Arc<Inner>,
}

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) options: LimitOptions,
    pub(super) local: Arc<dyn Limiter>,
    pub(super) shared: Option<Arc<dyn Limiter>>,
    pub(super) metrics: Metrics,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Limits {
    /// Limits within this process.
    pub fn new(options: LimitOptions) -> Self {
        Limits::with_clock(options, Arc::new(SystemClock))
    }

    /// The same, by another clock.
    pub fn with_clock(options: LimitOptions, clock: Arc<dyn Clock>) -> Self {
        let local = Arc::new(LocalLimiter::new(clock, options.remembered.get() as usize));
        let inner = Inner { options, local, shared: None, metrics: Metrics::default() };
        Limits { inner: Arc::new(inner) }
    }

    /// The same, with budgets of principals and tenants that several processes share.
    pub fn shared(self, limiter: Arc<dyn Limiter>) -> Self {
        Limits { inner: Arc::new(Inner { shared: Some(limiter), ..(*self.inner).clone() }) }
    }

    /// The same, counting what it refuses.
    pub fn metrics(self, metrics: Metrics) -> Self {
        Limits { inner: Arc::new(Inner { metrics, ..(*self.inner).clone() }) }
    }

    /// Stands before all routes of `router` that are there already. Principals are counted by the
    /// routes themselves, once they are authenticated.
    pub fn around(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), pass))
    }

    /// Whether `peer` is a trusted proxy.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        self.inner.options.client_address.is_proxy(peer)
    }

    /// The address by which callers are told apart.
    pub(crate) fn fold(&self, address: IpAddr) -> IpAddr {
        self.inner.options.client_address.fold(address)
    }
}

async fn pass(State(limits): State<Limits>, mut request: Request, next: Next) -> Response {
    let inner = &limits.inner;
    let operation = Operation::of(&request);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let options = &inner.options.client_address;
    let found = peer.map(|peer| options.find(peer, request.headers()));
    if let (Some(found), Some(exchange)) = (found, request.extensions().get::<Exchange>()) {
        exchange.note_address(found.address);
    }
    let address = found.map(|found| options.fold(found.address));
    let exempt = found.is_some_and(|found| inner.exempts(found));
    let admission = Admission::new(Arc::clone(inner), operation, exempt, address);
    if let Err(problem) = admission.address().await {
        return admission.told(problem.into_response());
    }
    request.extensions_mut().insert(admission.clone());
    let response = next.run(request).await;
    let response = admission.settle(response).await;
    admission.told(response)
}

impl Inner {
    /// Whether an address has no budget of its own. That of a proxy which did not say who called it may be
    /// anybody's.
    fn exempts(&self, found: Found) -> bool {
        found.is_client && self.options.exempt.iter().any(|net| net.contains(&found.address))
    }

    /// Spends of an address's budget.
    pub(super) async fn by_address(
        &self,
        purse: Purse,
        address: Option<IpAddr>,
        rate: fleetprompt_core::policy::Rate,
    ) -> Result<Spent, Problem> {
        let key = address_key(purse, address);
        spend(&*self.local, purse, key, rate).await.map_err(|_| ErrorCode::Unavailable.into())
    }
}

/// Too many: when to come again.
pub(super) fn limited(spent: &Spent) -> Problem {
    let seconds = u32::try_from(spent.standing.reset.as_seconds_ceil()).unwrap_or(u32::MAX);
    let seconds = NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN);
    Problem::from(ErrorCode::RateLimited).retry_after(seconds)
}

impl Admission {
    /// Writes how the budgets stand into an answer.
    fn told(&self, mut response: Response) -> Response {
        headers::tell(&self.standings(), response.headers_mut());
        response
    }
}
