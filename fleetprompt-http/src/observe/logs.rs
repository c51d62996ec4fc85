//! Where events go: lines on the standard error stream.

use std::io;

use serde::{Deserialize, Serialize};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

/// What is logged and how, the section `[log]` of a configuration.
///
/// ```
/// use fleetprompt_http::observe::{LogFormat, LogOptions};
/// let options: LogOptions = serde_json::from_str(r#"{"format": "json", "level": "debug"}"#)?;
/// assert_eq!(options.format, LogFormat::Json);
/// assert!(!options.addresses);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LogOptions {
    /// How a line looks. Default: human.
    pub format: LogFormat,
    /// The least important events that are logged. Of other libraries only warnings and errors are
    /// logged, whatever this says: what they tell of their work may hold what callers send. Default:
    /// info.
    pub level: LogLevel,
    /// Whether a request's line holds the client's address, which may be a person's. Default: no.
    pub addresses: bool,
}

/// How a line of the log looks.
///
/// ```
/// use fleetprompt_http::observe::LogFormat;
/// assert_eq!(serde_json::to_string(&LogFormat::Json)?, r#""json""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For a person.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// How important an event is.
///
/// ```
/// use fleetprompt_http::observe::LogLevel;
/// let level: LogLevel = serde_json::from_str(r#""warn""#)?;
/// assert_eq!(level, LogLevel::Warn);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something wants looking after.
    Warn,
    /// What happens: a line for each request.
    #[default]
    Info,
    /// How it happens.
    Debug,
    /// All of it.
    Trace,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Level {
        match level {
            LogLevel::Error => Level::ERROR,
            LogLevel::Warn => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Trace => Level::TRACE,
        }
    }
}

/// The process logs elsewhere already.
///
/// ```
/// use fleetprompt_http::observe::LogError;
/// assert_eq!(LogError.to_string(), "a log is set up already");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log is set up already")]
pub struct LogError;

/// Logs to the standard error stream from now on, for the whole process. Panics are logged by their place:
/// what they say may hold what a caller sent. Whoever logs waits until the line is written, for as long as
/// nobody reads that stream: a server logs into a [`LogQueue`](super::LogQueue).
///
/// # Errors
/// When the process has a log already.
///
/// ```standalone_crate
/// use fleetprompt_http::observe::{LogError, LogOptions, init_logs};
/// init_logs(LogOptions::default())?;
/// assert_eq!(init_logs(LogOptions::default()), Err(LogError));
/// # Ok::<(), LogError>(())
/// ```
pub fn init_logs(options: LogOptions) -> Result<(), LogError> {
    init_logs_into(options, io::stderr)
}

/// The same, into another place.
///
/// # Errors
/// When the process has a log already.
///
/// ```standalone_crate
/// use fleetprompt_http::observe::{LogOptions, LogQueue, Metrics, init_logs_into};
/// let (queue, _thread) = LogQueue::start(std::io::stderr(), Metrics::default())?;
/// init_logs_into(LogOptions::default(), queue)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn init_logs_into<W>(options: LogOptions, writer: W) -> Result<(), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    init(subscriber(options, writer))
}

/// The same, exporting traces as well.
///
/// # Errors
/// When the process has a log already.
///
/// ```standalone_crate
/// use fleetprompt_http::observe::{LogOptions, TraceExport, init_logs_and_traces};
/// let options = serde_json::from_str(r#"{"endpoint": "http://127.0.0.1:9"}"#)?;
/// let export = TraceExport::start(&options)?;
/// init_logs_and_traces(LogOptions::default(), std::io::stderr, &export)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "otlp")]
pub fn init_logs_and_traces<W>(
    options: LogOptions,
    writer: W,
    export: &super::TraceExport,
) -> Result<(), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    init(subscriber_exporting(options, writer, export))
}

fn init(subscriber: impl Subscriber + Send + Sync) -> Result<(), LogError> {
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError)?;
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic.location().map_or(("", 0), |place| (place.file(), place.line()));
        tracing::error!(file, line, "a panic");
    }));
    Ok(())
}

/// The same log into another place, to be set by the caller.
///
/// ```
/// use fleetprompt_http::observe::{LogOptions, subscriber};
/// let quiet = subscriber(LogOptions::default(), std::io::sink);
/// tracing::subscriber::with_default(quiet, || tracing::info!("nobody reads this"));
/// ```
pub fn subscriber<W>(options: LogOptions, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    lines(options, writer)
}

/// The same, exporting traces as well.
///
/// See [`TraceExport`](super::TraceExport) for an example.
#[cfg(feature = "otlp")]
pub fn subscriber_exporting<W>(
    options: LogOptions,
    writer: W,
    export: &super::TraceExport,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    lines(options, writer).with(export.layer())
}

fn lines<W>(
    options: LogOptions,
    writer: W,
) -> impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level: Level = options.level.into();
    let others = LevelFilter::WARN.min(LevelFilter::from_level(level));
    let ours = Targets::new().with_default(others).with_target("fleetprompt", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let lines: Box<dyn Layer<_> + Send + Sync> = match options.format {
        LogFormat::Human => Box::new(lines),
        LogFormat::Json => Box::new(lines.json().flatten_event(true)),
    };
    tracing_subscriber::registry().with(lines.with_filter(ours))
}
