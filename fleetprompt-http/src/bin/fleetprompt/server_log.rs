//! The log of a server, and the export of traces beside it, where the program was built with it.

use std::io;

use fleetprompt_http::observe::{LogQueue, LogThread, Metrics};

use crate::failure::{Failure, Outcome};
use crate::settings::Settings;

/// What is logged and exported, from the start of a server to its end. Nobody who is served waits for
/// whoever reads it.
pub(crate) struct ServerLog {
    metrics: Metrics,
    export: export::Export,
    // The last to go, which writes what the others say at their end.
    _thread: LogThread,
}

impl ServerLog {
    /// Logs, and exports if the configuration says where to.
    pub(crate) fn begin(settings: &Settings) -> Outcome<Self> {
        let metrics = Metrics::default();
        let export = export::start(settings)?;
        let (queue, thread) = LogQueue::start(io::stderr(), metrics.clone())
            .map_err(|error| Failure::failed(format!("no threads could be started: {error}")))?;
        // A second log is refused; the first one stays.
        let _ = export::init_logs(settings.log, queue, &export);
        Ok(ServerLog { metrics, export, _thread: thread })
    }

    /// Where lines that are lost are counted, and all else of the server is to be.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Sends and writes what still waits, for some seconds at most.
    pub(crate) async fn end(self) {
        export::stop(self.export).await;
    }
}

#[cfg(feature = "otlp")]
mod export {
    use fleetprompt_http::observe::{
        LogError, LogOptions, LogQueue, TraceExport, init_logs_and_traces, init_logs_into,
    };

    use super::{Failure, Outcome, Settings};

    pub(super) type Export = Option<TraceExport>;

    pub(super) fn start(settings: &Settings) -> Outcome<Export> {
        let export = settings.traces.as_ref().map(TraceExport::start).transpose();
        export.map_err(|error| Failure::failed(format!("traces: {error}")))
    }

    pub(super) fn init_logs(
        options: LogOptions,
        queue: LogQueue,
        export: &Export,
    ) -> Result<(), LogError> {
        match export {
            Some(export) => init_logs_and_traces(options, queue, export),
            None => init_logs_into(options, queue),
        }
    }

    pub(super) async fn stop(export: Export) {
        if let Some(export) = export {
            drop(tokio::task::spawn_blocking(|| export.stop()).await);
        }
    }
}

#[cfg(not(feature = "otlp"))]
mod export {
    use fleetprompt_http::observe::{LogError, LogOptions, LogQueue, init_logs_into};

    use super::{Failure, Outcome, Settings};

    /// There is none.
    pub(super) struct Export;

    pub(super) fn start(settings: &Settings) -> Outcome<Export> {
        if settings.traces.is_some() {
            return Err(Failure::usage("traces: this program was built without their export")
                .hint("Build it with the feature: cargo build --release --features otlp"));
        }
        Ok(Export)
    }

    pub(super) fn init_logs(
        options: LogOptions,
        queue: LogQueue,
        _: &Export,
    ) -> Result<(), LogError> {
        init_logs_into(options, queue)
    }

    pub(super) async fn stop(_: Export) {}
}
