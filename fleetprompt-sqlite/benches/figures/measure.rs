//! Taking times, and comparing runs.

use std::time::{Duration, Instant};

/// How often each of the compared runs is taken. They alternate, so that what else the machine does
/// meets all of them, and the median of each counts.
const ROUNDS: usize = 21;

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
