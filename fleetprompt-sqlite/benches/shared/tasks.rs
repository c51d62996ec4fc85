//! Driving tasks.

use std::future::Future;
use std::pin::Pin;
use std::thread;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

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
