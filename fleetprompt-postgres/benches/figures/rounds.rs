//! Comparing runs: they alternate, so that what else the machine does meets all of them.

/// A run: what it is called, and what it takes in a second.
pub(crate) struct Run<'a> {
    pub(crate) name: &'a str,
    pub(crate) rate: Box<dyn FnMut() -> f64 + 'a>,
}

/// The median of each run.
pub(crate) fn compare<const N: usize>(rounds: usize, mut runs: [Run<'_>; N]) -> [f64; N] {
    let mut rates = [(); N].map(|()| Vec::new());
    for round in 0..=rounds {
        for (run, rates) in runs.iter_mut().zip(&mut rates) {
            let rate = (run.rate)();
            // The first is for nothing: caches are warm and statements prepared after it.
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    let mut medians = [0.0; N];
    for ((median, rates), run) in medians.iter_mut().zip(&mut rates).zip(&runs) {
        rates.sort_by(f64::total_cmp);
        *median = rates.get(rates.len() / 2).copied().unwrap_or_default();
        println!("{:<56} {median:>10.0} a second", run.name);
    }
    medians
}
