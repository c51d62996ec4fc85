//! A log in memory.

use std::io::Write;
use std::sync::{Arc, Mutex};

use fleetprompt_http::observe::{LogOptions, subscriber};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing_subscriber::fmt::MakeWriter;

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

impl Log {
    /// Collects all that is logged on this thread, which is where a test's tasks run, until the guard
    /// is dropped.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        let log = Log::default();
        let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
        let guard = set_default(all.with_writer(log.clone()).finish());
        (log, guard)
    }

    /// Collects what a server that is configured so logs on this thread.
    pub(crate) fn configured(options: &str) -> (Self, DefaultGuard, LogOptions) {
        let log = Log::default();
        let options: LogOptions = serde_json::from_str(options).unwrap();
        let guard = set_default(subscriber(options, log.clone()));
        (log, guard, options)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}
