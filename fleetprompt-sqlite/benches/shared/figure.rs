//! Printing figures, and driving tasks.

use std::future::Future;
use std::pin::Pin;
use std::thread;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

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

type Task<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Drives tasks to their ends on two threads, as a small server would: one goes on when it is woken, and
/// not whenever another is.
pub(crate) fn on_two_threads(tasks: Vec<Task<'_>>) {
    let (one, other) = (FuturesUnordered::new(), FuturesUnordered::new());
    for (at, task) in tasks.into_iter().enumerate() {
        if at % 2 == 0 { one.push(task) } else { other.push(task) }
    }
    thread::scope(|scope| {
        for tasks in [one, other] {
            scope.spawn(move || pollster::block_on(tasks.collect::<()>()));
        }
    });
}
