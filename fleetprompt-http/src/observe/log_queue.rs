//! A log that nobody waits for.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::Metrics;

/// How many bytes of lines may wait.
const WAITING: usize = 1 << 20;

/// How long the end waits for lines to be written.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes the lines of a log, which a thread of its own writes, so that a reader who stalls (a terminal that
/// is halted, a collector that hangs) holds up nobody who logs. Up to 1 MiB of lines wait for that thread;
/// beyond it they are lost, and counted as `fleetprompt_http_log_lines_lost`. Once there is room again, the
/// log says how many were.
///
/// ```
/// use fleetprompt_http::observe::{LogOptions, LogQueue, Metrics, subscriber};
/// let (queue, thread) = LogQueue::start(std::io::stderr(), Metrics::default())?;
/// let log = subscriber(LogOptions::default(), queue);
/// tracing::subscriber::with_default(log, || tracing::info!("nobody waits for this"));
/// drop(thread); // writes what waits yet
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct LogQueue {
    shared: Arc<Shared>,
}

/// Writes the lines of a [`LogQueue`] until it is dropped, which waits for what is queued yet, for two
/// seconds at most. What is logged after that is lost.
#[derive(Debug)]
#[must_use = "without it, lines are lost"]
pub struct LogThread {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    metrics: Metrics,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Whole lines.
    waiting: Vec<u8>,
    /// Lines that there was no room for, since the log told of such.
    lost: u64,
    ending: bool,
    ended: bool,
}

impl LogQueue {
    /// Lines are written to `out`, and those that are lost counted in `metrics`.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        out: impl Write + Send + 'static,
        metrics: Metrics,
    ) -> io::Result<(Self, LogThread)> {
        let shared = Arc::new(Shared::new(metrics));
        let writes = Arc::clone(&shared);
        thread::Builder::new().name("log".to_owned()).spawn(move || writes.run(out))?;
        Ok((LogQueue { shared: Arc::clone(&shared) }, LogThread { shared }))
    }
}

impl std::fmt::Debug for LogQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogQueue").finish_non_exhaustive()
    }
}

impl Write for &LogQueue {
    /// Takes all of `lines`, or loses all of them.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.shared.take(lines);
        Ok(lines.len())
    }

    /// Nobody waits.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = &'a LogQueue;

    fn make_writer(&'a self) -> &'a LogQueue {
        self
    }
}

impl Shared {
    fn new(metrics: Metrics) -> Self {
        Shared { metrics, state: Mutex::default(), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, lines: &[u8]) {
        let mut state = self.state();
        if state.ended || state.waiting.len() + lines.len() > WAITING {
            let count = count(lines);
            state.lost += count;
            self.metrics.log_lines_lost(count);
            return;
        }
        state.waiting.extend_from_slice(lines);
        self.changed.notify_all();
    }

    /// Writes what comes, until the end.
    fn run(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        while self.next(&mut lines) {
            match out.write_all(&lines).and_then(|()| out.flush()) {
                Ok(()) => self.tell_lost(),
                // Nobody reads them any more, and there is nowhere left to say so.
                Err(_) => self.metrics.log_lines_lost(count(&lines)),
            }
            lines.clear();
        }
    }

    /// Waits for lines and takes them all, into `lines`, which has none. Whether there are any: if not, it
    /// is the end.
    fn next(&self, lines: &mut Vec<u8>) -> bool {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.ending;
        let state = self.changed.wait_while(self.state(), idle);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.waiting, lines);
        state.ended = lines.is_empty();
        self.changed.notify_all();
        !state.ended
    }

    /// Queues a line about those that were lost.
    fn tell_lost(&self) {
        let lost = std::mem::take(&mut self.state().lost);
        if lost > 0 {
            tracing::warn!(lines = lost, "lines of this log are lost: nobody read them in time");
        }
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.ending = true;
        self.shared.changed.notify_all();
        // What is not written by then has no reader.
        drop(self.shared.changed.wait_timeout_while(state, PATIENCE, |state| !state.ended));
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn figure(metrics: &Metrics) -> u64 {
        let lost = "fleetprompt_http_log_lines_lost_total ";
        let text = metrics.encode();
        let value = text.lines().find_map(|line| line.strip_prefix(lost)).unwrap();
        value.parse().unwrap()
    }

    fn line(number: u64) -> Vec<u8> {
        format!("{number:01023}\n").into_bytes()
    }

    #[test]
    fn lines_that_nobody_reads_are_lost_and_those_that_were_taken_are_not() {
        let (mut reader, writer) = io::pipe().unwrap();
        let metrics = Metrics::default();
        let (queue, thread) = LogQueue::start(writer, metrics.clone()).unwrap();
        let mut number = 0;
        while figure(&metrics) == 0 {
            (&queue).write_all(&line(number)).unwrap();
            number += 1;
        }
        assert!(number > 1_000, "some may wait: {number}");
        let reading = thread::spawn(move || {
            let mut text = Vec::new();
            reader.read_to_end(&mut text).unwrap();
            text
        });
        drop(thread);
        let read = reading.join().unwrap();
        let taken: Vec<u8> = (0..number - 1).flat_map(line).collect();
        assert!(read == taken, "{} of {} bytes", read.len(), taken.len());
        (&queue).write_all(&line(number)).unwrap();
        assert_eq!(figure(&metrics), 2, "after the end");
    }

    #[test]
    fn a_reader_who_has_gone_costs_lines_and_nothing_else() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let metrics = Metrics::default();
        let shared = Shared::new(metrics.clone());
        for number in 0..3 {
            shared.take(&line(number));
        }
        shared.state().ending = true;
        shared.run(writer);
        assert_eq!(figure(&metrics), 3);
    }
}
