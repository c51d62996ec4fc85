//! What stands before the handlers: bounds of a request, its turn, its time, and its fall.

use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use fleetprompt_core::ErrorCode;
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderValue, StatusCode, Version, header};
use http_body::Body as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::ServeOptions;
use super::body::{BodyFault, FaultCell, Pace, Paced};
use super::by_address::{ByAddress, Place};
use super::turn::{Turns, Unread};
use crate::convention::Problem;
use crate::convention::body::too_large;
use crate::limits::{Operation, counted_address};
use crate::observe::{Metrics, Shed};

/// Keeps requests within [`ServeOptions`]: for a host that mounts the router in a server of its own.
/// [`Server`](super::Server) brings it along.
///
/// A handler that asks for a body gets it once all of it has arrived, in one piece. Nothing is read before
/// it asks, and its request is not among those that are worked on while it waits.
///
/// ```
/// use axum::{Router, routing::get};
/// use fleetprompt_http::observe::Metrics;
/// use fleetprompt_http::serve::{Guard, ServeOptions};
/// let router: Router = Router::new().route("/", get(|| async { "hello" }));
/// let guarded = Guard::new(&ServeOptions::default(), Metrics::default()).around(router);
/// # drop(guarded);
/// ```
#[derive(Clone, Debug)]
pub struct Guard {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: ServeOptions,
    /// A place for each request that is under way.
    open: Semaphore,
    by_address: Arc<ByAddress>,
    /// A turn for each that is worked on.
    turns: Arc<Turns>,
    metrics: Metrics,
}

impl Guard {
    /// A guard with these bounds; those of connections are a server's.
    pub fn new(options: &ServeOptions, metrics: Metrics) -> Self {
        let inner = Inner {
            open: Semaphore::new(options.requests.get() as usize),
            by_address: Arc::default(),
            turns: Turns::new(options),
            options: options.clone(),
            metrics,
        };
        Guard { inner: Arc::new(inner) }
    }

    /// Stands before all routes of `router` that are there already.
    pub fn around(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(Arc::clone(&self.inner), pass))
    }
}

async fn pass(State(guard): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let operation = Operation::of(&request);
    let fits = guard.fits(operation, &request);
    let (head, body) = request.into_parts();
    // A stream of HTTP/2 can be ended by itself; a connection of HTTP/1 ends with what is unread on it.
    let alone = head.version < Version::HTTP_2;
    let fault = FaultCell::default();
    let most = operation.body_bytes(&guard.options);
    let unread =
        Unread::new(Paced::new(body, Pace::new(&guard.options), most, fault.clone()), operation);
    let answer = match fits {
        Ok(()) => guard.serve(operation, head, &unread, &fault, next).await,
        Err(problem) => Err(problem),
    };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    if alone && unread.discard().await.is_pending() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

impl Inner {
    async fn serve(
        &self,
        operation: Operation,
        head: Parts,
        unread: &Unread,
        fault: &FaultCell,
        next: Next,
    ) -> Result<Response, Problem> {
        let _place = self.place(operation, &head)?;
        let _open = self.open.try_acquire().map_err(|_| self.shed(Shed::Requests))?;
        let answer = timeout(operation.time(&self.options), async {
            let turn = self.turns.take().await.map_err(|shed| self.shed(shed))?;
            let run = next.run(Request::from_parts(head, turn.body(unread)));
            AssertUnwindSafe(run).catch_unwind().await.map_err(|_| self.fallen())
        });
        let answer = answer.await.unwrap_or_else(|_| Err(self.late()));
        match fault.get() {
            Some(BodyFault::TooSlow) => {
                let detail = "The body came too slowly.";
                Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail))
            }
            Some(BodyFault::TooLarge) => Err(too_large()),
            Some(BodyFault::Shed(shed)) => Err(self.shed(shed)),
            None => answer,
        }
    }

    /// A place among the requests of its address, if that has a bound.
    fn place(&self, operation: Operation, head: &Parts) -> Result<Option<Place>, Problem> {
        let Some(address) = counted_address(&head.extensions) else { return Ok(None) };
        let most = self.options.requests_per_address.get();
        self.by_address.take(address, most).map(Some).ok_or_else(|| {
            self.metrics.limited("requests-per-address", operation);
            Problem::from(ErrorCode::RateLimited).retry_after(NonZeroU32::MIN)
        })
    }

    /// Whether the head of a request is within its bounds.
    fn fits(&self, operation: Operation, request: &Request) -> Result<(), Problem> {
        let uri = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
        if uri > self.options.uri_bytes.get() as usize {
            let detail = "The path and query are too long.";
            return Err(Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", detail));
        }
        if request.headers().len() > usize::from(self.options.headers.get()) {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            let detail = "The request has too many header fields.";
            return Err(Problem::new(status, "too_many_headers", detail));
        }
        let told = request.headers().get(header::CONTENT_LENGTH);
        let told = told.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let least = told.unwrap_or(request.body().size_hint().lower());
        match least > u64::from(operation.body_bytes(&self.options)) {
            true => Err(too_large()),
            false => Ok(()),
        }
    }

    fn shed(&self, shed: Shed) -> Problem {
        self.metrics.shed(shed);
        let detail = "There is too much to do at present. Try again in a moment.";
        passing("overloaded", detail)
    }

    fn late(&self) -> Problem {
        self.metrics.shed(Shed::Time);
        let detail = "The request took too long and was given up. Whether it had its effect is not known: \
                      repeat it with the same idempotency key.";
        passing("request_timed_out", detail)
    }

    fn fallen(&self) -> Problem {
        // What the panic says may hold what a caller sent. Where it was, the panic hook logs.
        tracing::error!("a request ended in a panic");
        self.metrics.panicked();
        Problem::from(ErrorCode::Internal)
    }
}

/// Refused for now.
fn passing(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(NonZeroU32::MIN)
}
