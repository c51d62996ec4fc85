//! Export of traces to an OpenTelemetry collector (feature `otlp`).

use std::fmt;
use std::future::Future;
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanEvents, SpanLinks};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::{TraceContext, TraceOptions};

/// How long the collector may take for one batch, and the last batches together when it ends.
const EXPORT_TIME: Duration = Duration::from_secs(5);

const SERVICE: &str = "fleetprompt";
const METHOD: &str = "http.request.method";
const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";
const CODE: &str = "error.type";
const OPERATION: &str = "fleetprompt.operation";
const CALLER: &str = "fleetprompt.caller";
const REQUEST: &str = "fleetprompt.request_id";

/// What may leave the process. Whatever else a span comes to have stays here.
const KNOWN: [&str; 7] = [METHOD, ROUTE, STATUS, CODE, OPERATION, CALLER, REQUEST];

/// An export that runs. Spans wait in a bounded queue, which a thread of its own sends in batches; what
/// finds the queue full is dropped, so a collector that is slow or away costs traces and nothing else.
///
/// ```
/// use fleetprompt_http::observe::{LogOptions, TraceExport, TraceOptions, subscriber_exporting};
/// let options: TraceOptions = serde_json::from_str(r#"{"endpoint": "http://127.0.0.1:9"}"#)?;
/// let export = TraceExport::start(&options)?;
/// let quiet = subscriber_exporting(LogOptions::default(), std::io::sink, &export);
/// tracing::subscriber::with_default(quiet, || tracing::info!("nobody reads this"));
/// export.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TraceExport {
    provider: SdkTracerProvider,
}

/// The export could not be set up.
///
/// ```
/// use fleetprompt_http::observe::TraceExportError;
/// assert_eq!(TraceExportError.to_string(), "the export of traces could not be set up");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the export of traces could not be set up")]
pub struct TraceExportError;

impl TraceExport {
    /// Starts the thread that exports. Nothing is sent before there is a span, and nobody waits for the
    /// collector.
    ///
    /// # Errors
    /// When the thread or its client could not be made.
    pub fn start(options: &TraceOptions) -> Result<Self, TraceExportError> {
        crate::cryptography::expect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(options.endpoint.traces())
            .with_timeout(EXPORT_TIME)
            .build()
            .map_err(|_| TraceExportError)?;
        let share = Sampler::TraceIdRatioBased(options.sampled.share());
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Known(exporter))
            .with_sampler(Sampler::ParentBased(Box::new(share)))
            .with_resource(
                Resource::builder_empty()
                    .with_service_name(SERVICE)
                    .with_attribute(version)
                    .build(),
            )
            .build();
        Ok(TraceExport { provider })
    }

    /// What makes spans of the process into spans of the export.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|it| it.is_span() && it.target().starts_with("fleetprompt")))
    }

    /// Sends what still waits, for some seconds at most, and ends. Blocks: not for a thread that serves.
    pub fn stop(self) {
        if self.provider.shutdown_with_timeout(EXPORT_TIME).is_err() {
            tracing::warn!("the last traces could not be exported");
        }
    }
}

/// The request's span goes on with the caller's trace.
pub(super) fn continue_trace(span: &Span, caller: &TraceContext) {
    let (Ok(trace), Ok(parent)) =
        (TraceId::from_hex(caller.trace_id()), SpanId::from_hex(caller.parent_id()))
    else {
        return;
    };
    let flags = TraceFlags::new(u8::from(caller.is_sampled()));
    // Without `tracestate`, which holds whatever the caller likes.
    let parent = SpanContext::new(trace, parent, flags, true, TraceState::NONE);
    // Refused where nothing is exported.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}

/// What a request was, for its span.
pub(super) struct Told<'a> {
    pub(super) method: &'static str,
    pub(super) route: &'a str,
    pub(super) status: Option<u16>,
    pub(super) code: Option<&'static str>,
    pub(super) operation: &'static str,
    pub(super) caller: Option<&'static str>,
    pub(super) request: Option<String>,
}

impl Told<'_> {
    pub(super) fn write_to(self, span: &Span) {
        let texts = [
            (METHOD, Some(self.method.to_owned())),
            (ROUTE, Some(self.route.to_owned())),
            (CODE, self.code.map(str::to_owned)),
            (OPERATION, Some(self.operation.to_owned())),
            (CALLER, self.caller.map(str::to_owned)),
            (REQUEST, self.request),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                span.set_attribute(key, text);
            }
        }
        if let Some(status) = self.status {
            span.set_attribute(STATUS, i64::from(status));
            // A caller's mistake is none of the server's.
            if status >= 500 {
                span.set_status(Status::error(""));
            }
        }
    }
}

/// An exporter that sends what is known, in the words of OpenTelemetry's semantic conventions.
struct Known(SpanExporter);

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known")
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Known {
    fn export(&self, batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        self.0.export(batch.into_iter().map(known).collect())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn known(mut span: SpanData) -> SpanData {
    span.attributes.retain(|attribute| KNOWN.contains(&attribute.key.as_str()));
    span.events = SpanEvents::default();
    span.links = SpanLinks::default();
    let text = |key: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key)?;
        match &found.value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        }
    };
    if let (Some(method), Some(route)) = (text(METHOD), text(ROUTE)) {
        span.name = format!("{method} {route}").into();
        span.span_kind = SpanKind::Server;
    }
    span
}
