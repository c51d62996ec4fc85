//! Two ways to do the same, timed turn by turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often each is run.
const ROUNDS: usize = 300;

/// The median time of each. They take turns, so that what slows the machine slows both.
pub(crate) fn medians<T, U>(
    mut ours: impl FnMut() -> T,
    mut ceiling: impl FnMut() -> U,
) -> (Duration, Duration) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(ours());
        first.push(start.elapsed());
        let start = Instant::now();
        black_box(ceiling());
        second.push(start.elapsed());
    }
    (median(first), median(second))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
