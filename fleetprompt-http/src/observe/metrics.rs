//! Figures for Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, Method, StatusCode, header};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::limits::Operation;

/// The figures of a server, in the OpenMetrics text format. All labels come from fixed lists: templates of
/// routes, known methods, codes. Cheap to clone; all clones count together.
///
/// ```
/// use fleetprompt_http::observe::Metrics;
/// let metrics = Metrics::default();
/// assert!(metrics.encode().contains("fleetprompt_http_connections 0"));
/// let router: axum::Router = metrics.router(); // GET /metrics, for an address of its own
/// # drop(router);
/// ```
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    requests: Family<AnsweredLabels, Counter>,
    duration: Family<RequestLabels, Histogram>,
    in_flight: Gauge,
    problems: Family<CodeLabels, Counter>,
    connections: Gauge,
    accepted: Counter,
    ended: Family<EndLabels, Counter>,
    refused: Counter,
    evicted: Counter,
    limited: Family<LimitedLabels, Counter>,
    shed: Family<ShedLabels, Counter>,
    credentials: Counter,
    limiter: Counter,
    panics: Counter,
    log_lines: Counter,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The template of a route: one of those that the router was built from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route(pub(crate) Option<Arc<str>>);

impl Route {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("unmatched")
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

/// What a request asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    route: Route,
    method: &'static str,
}

impl RequestLabels {
    pub(crate) fn new(route: Route, method: &Method) -> Self {
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            Method::OPTIONS => "OPTIONS",
            _ => "other",
        };
        RequestLabels { route, method }
    }

    pub(crate) fn route(&self) -> &str {
        self.route.as_str()
    }

    pub(crate) fn method(&self) -> &'static str {
        self.method
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnsweredLabels {
    route: Route,
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    end: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitedLabels {
    budget: &'static str,
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShedLabels {
    reason: &'static str,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionEnd {
    /// As both wanted it, or while it was idle.
    Closed,
    /// By the client, or by what is not HTTP.
    Broken,
    /// The client took too long.
    TimedOut,
    /// The server stopped and did not wait for it any longer.
    Cut,
}

/// Why a request was refused that could have been served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shed {
    /// Too many are under way.
    Requests,
    /// Its turn did not come in time.
    Running,
    /// Too many uploads are arriving.
    Uploads,
    /// It took too long.
    Time,
}

/// From half a millisecond, what a point read takes, to what is given up.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Default for Metrics {
    fn default() -> Self {
        let duration: fn() -> Histogram = histogram;
        let mut inner = Inner {
            registry: Registry::with_prefix("fleetprompt_http"),
            requests: Family::default(),
            duration: Family::new_with_constructor(duration),
            in_flight: Gauge::default(),
            problems: Family::default(),
            connections: Gauge::default(),
            accepted: Counter::default(),
            ended: Family::default(),
            refused: Counter::default(),
            evicted: Counter::default(),
            limited: Family::default(),
            shed: Family::default(),
            credentials: Counter::default(),
            limiter: Counter::default(),
            panics: Counter::default(),
            log_lines: Counter::default(),
        };
        let registry = &mut inner.registry;
        registry.register("requests", "Requests answered", inner.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from a request's head to its answer's",
            Unit::Seconds,
            inner.duration.clone(),
        );
        registry.register("requests_in_flight", "Requests under way", inner.in_flight.clone());
        registry.register("problems", "Requests refused, by code", inner.problems.clone());
        registry.register("connections", "Open connections", inner.connections.clone());
        registry.register("connections_accepted", "Connections accepted", inner.accepted.clone());
        registry.register("connections_ended", "Connections ended", inner.ended.clone());
        let help = "Connections refused, since their address had too many";
        registry.register("connections_refused", help, inner.refused.clone());
        let help = "Idle connections closed to make room";
        registry.register("connections_evicted", help, inner.evicted.clone());
        registry.register("limited", "Requests beyond a budget", inner.limited.clone());
        registry.register("shed", "Requests refused to hold up under load", inner.shed.clone());
        registry.register("credentials_refused", "Credentials refused", inner.credentials.clone());
        let help = "Times that the shared limiter did not answer";
        registry.register("limiter_unavailable", help, inner.limiter.clone());
        registry.register("panics", "Requests that ended in a panic", inner.panics.clone());
        let help = "Lines of the log that could not be written, or not in time";
        registry.register("log_lines_lost", help, inner.log_lines.clone());
        Metrics { inner: Arc::new(inner) }
    }
}

impl Metrics {
    /// All figures as OpenMetrics text.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.inner.registry);
        text
    }

    /// `GET /metrics`, to be served at an address that only the operator reaches.
    pub fn router(&self) -> Router {
        Router::new().route("/metrics", get(show)).with_state(self.clone())
    }

    pub(crate) fn request_began(&self) {
        self.inner.in_flight.inc();
    }

    pub(crate) fn request_ended(
        &self,
        labels: &RequestLabels,
        status: Option<StatusCode>,
        code: Option<&'static str>,
        took: Duration,
    ) {
        self.inner.in_flight.dec();
        self.inner.duration.get_or_create(labels).observe(took.as_secs_f64());
        let status = match status.map(|status| status.as_u16() / 100) {
            Some(1) => "1xx",
            Some(2) => "2xx",
            Some(3) => "3xx",
            Some(4) => "4xx",
            Some(_) => "5xx",
            None => "aborted",
        };
        let RequestLabels { route, method } = labels.clone();
        self.inner.requests.get_or_create(&AnsweredLabels { route, method, status }).inc();
        if let Some(code) = code {
            self.inner.problems.get_or_create(&CodeLabels { code }).inc();
        }
    }

    pub(crate) fn connections(&self) -> usize {
        usize::try_from(self.inner.connections.get()).unwrap_or(0)
    }

    pub(crate) fn connection_opened(&self) {
        self.inner.connections.inc();
        self.inner.accepted.inc();
    }

    pub(crate) fn connection_ended(&self, end: ConnectionEnd) {
        let end = match end {
            ConnectionEnd::Closed => "closed",
            ConnectionEnd::Broken => "broken",
            ConnectionEnd::TimedOut => "timed_out",
            ConnectionEnd::Cut => "cut",
        };
        self.inner.connections.dec();
        self.inner.ended.get_or_create(&EndLabels { end }).inc();
    }

    pub(crate) fn connection_refused(&self) {
        self.inner.refused.inc();
    }

    pub(crate) fn connection_evicted(&self) {
        self.inner.evicted.inc();
    }

    pub(crate) fn limited(&self, budget: &'static str, operation: Operation) {
        let labels = LimitedLabels { budget, operation: operation.as_str() };
        self.inner.limited.get_or_create(&labels).inc();
    }

    pub(crate) fn shed(&self, shed: Shed) {
        let reason = match shed {
            Shed::Requests => "requests",
            Shed::Running => "running",
            Shed::Uploads => "uploads",
            Shed::Time => "time",
        };
        self.inner.shed.get_or_create(&ShedLabels { reason }).inc();
    }

    pub(crate) fn credential_refused(&self) {
        self.inner.credentials.inc();
    }

    pub(crate) fn limiter_unavailable(&self) {
        self.inner.limiter.inc();
    }

    pub(crate) fn panicked(&self) {
        self.inner.panics.inc();
    }

    pub(crate) fn log_lines_lost(&self, lines: u64) {
        self.inner.log_lines.inc_by(lines);
    }
}

async fn show(State(metrics): State<Metrics>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let kind = HeaderValue::from_static(kind);
    ([(header::CONTENT_TYPE, kind)], metrics.encode()).into_response()
}
