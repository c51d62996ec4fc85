//! What an operator sees: logs, traces and metrics.
//!
//! Nothing that a caller sends gets in: a request is known by its route's template, its method from a
//! fixed list, its status and its code; its caller by kind alone. Queries, headers, bodies, paths and
//! addresses (unless asked for) are not written down anywhere, so that there is nothing to redact.

mod exchange;
mod log_queue;
mod logs;
mod metrics;
mod observer;
mod trace_context;
#[cfg(feature = "otlp")]
mod trace_export;
mod trace_options;

pub(crate) use exchange::Exchange;
pub use log_queue::{LogQueue, LogThread};
pub use logs::{LogError, LogFormat, LogLevel, LogOptions, init_logs, init_logs_into, subscriber};
#[cfg(feature = "otlp")]
pub use logs::{init_logs_and_traces, subscriber_exporting};
pub use metrics::Metrics;
pub(crate) use metrics::{ConnectionEnd, RequestLabels, Route, Shed};
pub use observer::Observer;
pub use trace_context::{TraceContext, TraceContextError};
#[cfg(feature = "otlp")]
pub use trace_export::{TraceExport, TraceExportError};
pub use trace_options::{CollectorUrl, SampledShare, TraceOptions};
