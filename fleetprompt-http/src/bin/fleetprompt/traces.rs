//! The log of a server, and the export of traces beside it, where the program was built with it.

use crate::assemble;
use crate::failure::{Failure, Outcome};
use crate::settings::Settings;

#[cfg(feature = "otlp")]
use fleetprompt_http::observe::{TraceExport, init_logs_and_traces};

/// What is exported, from the start of a server to its end.
pub(crate) struct Traces {
    #[cfg(feature = "otlp")]
    export: Option<TraceExport>,
}

impl Traces {
    /// Logs, and exports if the configuration says where to.
    #[cfg(feature = "otlp")]
    pub(crate) fn begin(settings: &Settings) -> Outcome<Self> {
        let Some(options) = &settings.traces else {
            assemble::logs(settings.log);
            return Ok(Traces { export: None });
        };
        let export = TraceExport::start(options)
            .map_err(|error| Failure::failed(format!("traces: {error}")))?;
        // A second log is refused; the first one stays.
        let _ = init_logs_and_traces(settings.log, &export);
        Ok(Traces { export: Some(export) })
    }

    #[cfg(not(feature = "otlp"))]
    pub(crate) fn begin(settings: &Settings) -> Outcome<Self> {
        if settings.traces.is_some() {
            return Err(Failure::usage("traces: this program was built without their export")
                .hint("Build it with the feature: cargo build --release --features otlp"));
        }
        assemble::logs(settings.log);
        Ok(Traces {})
    }

    /// Sends what still waits, for some seconds at most.
    pub(crate) async fn end(self) {
        #[cfg(feature = "otlp")]
        if let Some(export) = self.export {
            drop(tokio::task::spawn_blocking(|| export.stop()).await);
        }
    }
}
