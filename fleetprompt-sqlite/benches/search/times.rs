//! How long questions take.

use std::time::Instant;

/// How often each question is put after a first time that does not count. The sides that are
/// compared take turns, so that what else the machine does meets both.
const ROUNDS: usize = 3;

/// The times of all questions of a class, in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    sorted: Vec<f64>,
    /// How many answers a question had, on average.
    pub(crate) answers: f64,
}

impl Times {
    /// The time that half of them don't exceed.
    pub(crate) fn p50(&self) -> f64 {
        self.at(0.50)
    }

    /// The time that one in a hundred exceeds.
    pub(crate) fn p99(&self) -> f64 {
        self.at(0.99)
    }

    fn at(&self, share: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

/// Questions, and who answers them; the answer is how many answers there were.
pub(crate) struct Side<'a, Q> {
    pub(crate) questions: &'a [Q],
    pub(crate) answer: &'a dyn Fn(&Q) -> usize,
}

/// The times of each side.
pub(crate) fn take<Q, const N: usize>(sides: [Side<'_, Q>; N]) -> [Times; N] {
    let mut times = [(); N].map(|()| Times::default());
    for round in 0..=ROUNDS {
        for (side, times) in sides.iter().zip(&mut times) {
            for question in side.questions {
                let start = Instant::now();
                let answers = (side.answer)(question);
                let millis = start.elapsed().as_secs_f64() * 1_000.0;
                if round == 0 {
                    times.answers += answers as f64 / side.questions.len() as f64;
                } else {
                    times.sorted.push(millis);
                }
            }
        }
    }
    for times in &mut times {
        times.sorted.sort_by(f64::total_cmp);
    }
    times
}

/// The time of each question, put once.
pub(crate) fn once<Q>(side: Side<'_, Q>) -> Times {
    let mut times = Times::default();
    for question in side.questions {
        let start = Instant::now();
        let answers = (side.answer)(question);
        times.sorted.push(start.elapsed().as_secs_f64() * 1_000.0);
        times.answers += answers as f64 / side.questions.len() as f64;
    }
    times.sorted.sort_by(f64::total_cmp);
    times
}
