//! Taking and printing figures.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// How often each of the compared runs is taken. They alternate, so that what else the machine does
/// meets all of them, and the median of each counts.
const ROUNDS: usize = 21;

/// How a figure compares with its goal.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// Prints a figure.
pub(crate) fn figure(name: &str, value: f64, unit: &str, goal: Goal) {
    let (sign, bound, met) = match goal {
        Goal::AtLeast(bound) => (">=", bound, value >= bound),
        Goal::AtMost(bound) => ("<=", bound, value <= bound),
    };
    let verdict = if met { "met" } else { "missed" };
    println!("figure {name} {value:.2} {unit} goal {sign} {bound} {verdict}");
}

/// A run that is compared: what it is called, how many operations it makes, and how; it answers how
/// long they took, without what it did to get ready.
pub(crate) struct Run<'a> {
    pub(crate) name: &'a str,
    pub(crate) operations: u32,
    pub(crate) run: Box<dyn FnMut() -> Duration + 'a>,
}

/// How long `work` takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The median of each run's operations in a second.
pub(crate) fn compare<const N: usize>(mut runs: [Run<'_>; N]) -> [f64; N] {
    // Once for nothing, so that caches are warm and statements prepared.
    for run in &mut runs {
        (run.run)();
    }
    let mut rates = [(); N].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for (run, rates) in runs.iter_mut().zip(&mut rates) {
            rates.push(f64::from(run.operations) / (run.run)().as_secs_f64());
        }
    }
    let mut medians = [0.0; N];
    for ((median, rates), run) in medians.iter_mut().zip(&mut rates).zip(&runs) {
        rates.sort_by(f64::total_cmp);
        *median = rates.get(ROUNDS / 2).copied().unwrap_or_default();
        println!("{:<44} {median:>12.0} a second", run.name);
    }
    medians
}

/// How many times a run is called by [`compare`].
pub(crate) const CALLS: u32 = ROUNDS as u32 + 1;

type Task<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Drives tasks to their ends on two threads, as a small server would.
pub(crate) fn on_two_threads(tasks: Vec<Task<'_>>) {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for (at, task) in tasks.into_iter().enumerate() {
        if at % 2 == 0 { one.push(task) } else { other.push(task) }
    }
    thread::scope(|scope| {
        for mut tasks in [one, other] {
            scope.spawn(move || {
                pollster::block_on(std::future::poll_fn(|context| {
                    tasks.retain_mut(|task| task.as_mut().poll(context).is_pending());
                    if tasks.is_empty() { Poll::Ready(()) } else { Poll::Pending }
                }));
            });
        }
    });
}
