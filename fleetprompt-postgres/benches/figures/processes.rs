//! Several processes that redeem at once, against one alone with the same load.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::commits::by_callers;
use crate::market::{fill, redemption};
use crate::options::Options;
use crate::rounds::{Run, compare};
use crate::server::{fresh, open_on, runtime};
use crate::shared::{Goal, figure};

const SCHEMA: &str = "bench_processes";
const COMMITS: u64 = 8_192;
const CALLERS: u64 = 64;
/// How often each caller commits before it counts: a session plans a statement anew the first five times,
/// and a process that serves has done so long ago.
const WARM: u64 = 16;

pub(crate) fn figures(options: &Options) {
    let store = fresh(SCHEMA);
    let runs = 2 * (u64::try_from(options.rounds).unwrap() + 1);
    fill(&store, runs * (COMMITS + WARM * CALLERS));
    drop(store);
    let next = std::cell::Cell::new(0);
    let rate = |processes: u64| {
        let first = next.replace(next.get() + COMMITS + WARM * CALLERS);
        together(processes, first)
    };
    let [four, one] = compare(
        options.rounds,
        [
            Run { name: "four processes, 16 callers each", rate: Box::new(|| rate(4)) },
            Run { name: "one process, 64 callers", rate: Box::new(|| rate(1)) },
        ],
    );
    figure("redeem_four_processes_vs_one", four / one, "x", Goal::AtLeast(0.8));
}

/// Redemptions a second of so many processes together.
fn together(processes: u64, first: u64) -> f64 {
    let share = (COMMITS + WARM * CALLERS) / processes;
    let mut workers: Vec<Worker> = (0..processes)
        .map(|n| Worker::start(first + n * share, share, CALLERS / processes))
        .collect();
    workers.iter_mut().for_each(Worker::wait);
    let start = Instant::now();
    workers.iter_mut().for_each(Worker::go);
    workers.iter_mut().for_each(Worker::wait);
    COMMITS as f64 / start.elapsed().as_secs_f64()
}

/// A process, which says when it is ready and when it is done.
struct Worker {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Worker {
    fn start(first: u64, commits: u64, callers: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(format!("--worker={first},{commits},{callers}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Worker { child, lines }
    }

    fn wait(&mut self) {
        let mut line = String::new();
        assert!(self.lines.read_line(&mut line).unwrap() > 0, "a process has ended");
    }

    fn go(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// What one of the processes does.
pub(crate) fn work(orders: &str) {
    let orders: Vec<u64> = orders.split(',').map(|number| number.parse().unwrap()).collect();
    let [first, commits, callers] = orders.try_into().unwrap();
    let runtime = runtime();
    let store = open_on(&runtime, SCHEMA);
    let mut redemptions: Vec<_> = (first..first + commits).map(redemption).collect();
    let counted = redemptions.split_off(usize::try_from(WARM * callers).unwrap());
    let callers = usize::try_from(callers).unwrap();
    by_callers(&runtime, &store, redemptions, callers);
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    by_callers(&runtime, &store, counted, callers);
    println!("done");
}
