//! Sees each request come and go.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::StatusCode;
use tokio::time::Instant;
use tracing::Instrument;

use super::{Exchange, LogOptions, Metrics, RequestLabels, Route, TraceContext};
use crate::convention::{RequestId, problem_code};
use crate::limits::Operation;

/// Logs a line for each request, counts it, and puts what is logged meanwhile into its span, with its
/// `requestId` and the caller's `traceId`.
///
/// ```
/// use axum::{Router, routing::get};
/// use fleetprompt_http::observe::{LogOptions, Metrics, Observer};
/// let router: Router = Router::new().route("/", get(|| async { "hello" }));
/// let observed = Observer::new(LogOptions::default(), Metrics::default()).around(router);
/// # drop(observed);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Observer {
    metrics: Metrics,
    addresses: bool,
}

impl Observer {
    /// Counts into `metrics`, and logs clients' addresses if `options` say so.
    pub fn new(options: LogOptions, metrics: Metrics) -> Self {
        Observer { metrics, addresses: options.addresses }
    }

    /// Where it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Stands before all routes of `router` that are there already.
    pub fn around(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), watch))
    }
}

async fn watch(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let exchange = Exchange::default();
    request.extensions_mut().insert(exchange.clone());
    let mut seen = Seen::new(observer, exchange, &request);
    let response = next.run(request).instrument(seen.span.clone()).await;
    seen.answer = Some((response.status(), problem_code(&response)));
    response
}

/// A request until it is answered, or its client has gone.
struct Seen {
    observer: Observer,
    exchange: Exchange,
    labels: RequestLabels,
    operation: Operation,
    #[cfg(feature = "otlp")]
    request: Option<RequestId>,
    span: tracing::Span,
    since: Instant,
    answer: Option<(StatusCode, Option<&'static str>)>,
}

impl Seen {
    fn new(observer: Observer, exchange: Exchange, request: &Request) -> Self {
        let template = request.extensions().get::<MatchedPath>();
        let route = Route(template.map(|template| Arc::from(template.as_str())));
        observer.metrics.request_began();
        Seen {
            observer,
            exchange,
            labels: RequestLabels::new(route, request.method()),
            operation: Operation::of(request),
            #[cfg(feature = "otlp")]
            request: request.extensions().get::<RequestId>().copied(),
            span: span(request),
            since: Instant::now(),
            answer: None,
        }
    }
}

fn span(request: &Request) -> tracing::Span {
    let span = tracing::info_span!(
        "request",
        requestId = tracing::field::Empty,
        traceId = tracing::field::Empty,
        parentId = tracing::field::Empty,
    );
    if let Some(id) = request.extensions().get::<RequestId>() {
        span.record("requestId", tracing::field::display(id));
    }
    if let Some(trace) = TraceContext::of(request.headers()) {
        span.record("traceId", trace.trace_id());
        span.record("parentId", trace.parent_id());
        #[cfg(feature = "otlp")]
        super::trace_export::continue_trace(&span, &trace);
    }
    span
}

impl Drop for Seen {
    fn drop(&mut self) {
        let took = self.since.elapsed();
        let (status, code) = self.answer.unzip();
        let code = code.flatten();
        self.observer.metrics.request_ended(&self.labels, status, code, took);
        // Its line stands in its span, as all others of it.
        let _within = self.span.enter();
        let address = self.exchange.address().filter(|_| self.observer.addresses);
        tracing::info!(
            method = self.labels.method(),
            route = self.labels.route(),
            // Not answered: the client went away.
            status = status.map(|status| status.as_u16()),
            code,
            operation = self.operation.as_str(),
            caller = self.exchange.caller(),
            address = address.map(tracing::field::display),
            durationMs = took.as_micros() as f64 / 1_000.0,
            "request"
        );
        #[cfg(feature = "otlp")]
        super::trace_export::Told {
            method: self.labels.method(),
            route: self.labels.route(),
            status: status.map(|status| status.as_u16()),
            code,
            operation: self.operation.as_str(),
            caller: self.exchange.caller(),
            request: self.request.map(|id| id.to_string()),
        }
        .write_to(&self.span);
    }
}
