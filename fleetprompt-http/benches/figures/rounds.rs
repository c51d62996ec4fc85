//! Comparing runs: they alternate, so that what else the machine does meets all of them.

use std::time::Duration;

/// A run: what it is called, and what came of it.
pub(crate) struct Run<'a> {
    pub(crate) name: &'a str,
    pub(crate) run: Box<dyn FnMut() -> Rate + 'a>,
}

/// What was done in which time, and how much of that the server worked, if that says anything.
pub(crate) struct Rate {
    pub(crate) done: u64,
    pub(crate) took: Duration,
    pub(crate) worked: Option<Duration>,
}

/// The median of each run, in a second.
pub(crate) fn compare<const N: usize>(rounds: usize, mut runs: [Run<'_>; N]) -> [f64; N] {
    let mut rates = [(); N].map(|()| Vec::new());
    for round in 0..=rounds {
        for (run, rates) in runs.iter_mut().zip(&mut rates) {
            let rate = (run.run)();
            // The first is for nothing: caches are warm and statements prepared after it.
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    let mut medians = [0.0; N];
    for ((median, rates), run) in medians.iter_mut().zip(&rates).zip(&runs) {
        *median = middle(rates.iter().map(|rate| rate.done as f64 / rate.took.as_secs_f64()));
        let worked = rates.iter().filter_map(|rate| Some((rate, rate.worked?.as_secs_f64())));
        let (busy, each): (Vec<_>, Vec<_>) = worked
            .map(|(rate, worked)| {
                (100.0 * worked / rate.took.as_secs_f64(), 1e6 * worked / rate.done as f64)
            })
            .unzip();
        let about = match busy.is_empty() {
            true => String::new(),
            false => {
                let (busy, each) = (middle(busy.into_iter()), middle(each.into_iter()));
                format!("  the server's core {busy:>3.0} % busy, {each:>7.1} us each")
            }
        };
        println!("{:<40} {median:>9.0} a second{about}", run.name);
    }
    medians
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
