//! The server's process, as the generator sees it.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::orders::{Order, Report, Serve, Served};
use crate::processor::{Memory, worked};

/// A running server; it ends when this is dropped.
pub(crate) struct ServerProcess {
    child: Child,
    reports: BufReader<ChildStdout>,
    pub(crate) served: Served,
}

impl ServerProcess {
    pub(crate) fn start(serve: &Serve) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(format!("--serve={}", serde_json::to_string(serve).unwrap()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut reports = BufReader::new(child.stdout.take().unwrap());
        let Report::Ready(served) = report(&mut reports) else { unreachable!("it is ready first") };
        ServerProcess { child, reports, served }
    }

    fn order(&mut self, order: &Order) -> Report {
        let mut orders = self.child.stdin.as_ref().unwrap();
        writeln!(orders, "{}", serde_json::to_string(order).unwrap()).unwrap();
        report(&mut self.reports)
    }

    pub(crate) fn issue(&mut self, many: usize) -> Vec<String> {
        match self.order(&Order::Issue(many)) {
            Report::Tokens(tokens) => tokens,
            Report::Ready(_) | Report::Took(_) => unreachable!("tokens were ordered"),
        }
    }

    /// How long it takes.
    pub(crate) fn timed(&mut self, order: &Order) -> Duration {
        match self.order(order) {
            Report::Took(seconds) => Duration::from_secs_f64(seconds),
            Report::Ready(_) | Report::Tokens(_) => unreachable!("work was ordered"),
        }
    }

    /// How long it has worked so far.
    pub(crate) fn worked(&self) -> Duration {
        worked(self.child.id())
    }

    pub(crate) fn memory(&self) -> Memory {
        Memory::of(self.child.id())
    }
}

fn report(reports: &mut impl BufRead) -> Report {
    let mut line = String::new();
    assert!(reports.read_line(&mut line).unwrap() > 0, "the server has ended");
    serde_json::from_str(&line).unwrap()
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}
