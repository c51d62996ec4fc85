//! How long a first page takes, by class of question, and how that grows with the catalogue.

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::SearchIndex as _;
use pollster::block_on;

use crate::index;
use crate::question::Question;
use crate::sample::{Class, Sampler};
use crate::shared::{Goal, figure};
use crate::side::Side;
use crate::times::{self, Times, take};

/// How many questions the plain table is asked of each class: a common word takes it half a second.
const ASKED_PLAINLY: usize = 24;
/// A catalogue with fewer listings is no measure of how times grow.
const FEWEST: i64 = 1_000;

/// One in a hundred may take longer than this, in milliseconds.
const P99: f64 = 10.0;
const P99_DISJOINT: f64 = 40.0;
const COUNTING: f64 = 5.0;

/// Half may take longer than this, in milliseconds; `None` where nothing was promised.
fn goal_p50(class: Class) -> Option<f64> {
    match class {
        Class::Disjoint => None,
        Class::Browse => Some(0.1),
        _ => Some(1.5),
    }
}

/// Takes the figures of first pages.
pub(crate) fn figures(large: &Side, small: &Side, classes: &[Class], seed: u64, many: usize) {
    let samplers = [large, small].map(|side| Sampler::new(&side.store, &side.texts, seed));
    for class in classes.iter().copied() {
        let questions = samplers.each_ref().map(|sampler| sampler.questions(class, many));
        let [at_large, at_small] = &questions;
        if at_large.is_empty() {
            println!("{:<17} not measured: the listings suggest no such question", class.name());
            continue;
        }
        let api = take([
            times::Side { questions: at_large, answer: &|asked| large.answer(asked) },
            times::Side { questions: at_small, answer: &|asked| small.answer(asked) },
        ]);
        report("search", class, &api, small.texts.listings);
        let [api, _] = api;
        let index =
            (class != Class::Since).then(|| of_index(class, [large, small], [at_large, at_small]));
        against_plain(large, class, at_large, &api, index.as_ref());
        counting(large, class, at_large);
    }
    let [sampler, _] = samplers;
    reading(large, &sampler.questions(Class::Common, many));
}

/// What the index alone takes for the same.
fn of_index(
    class: Class,
    [large, small]: [&Side; 2],
    [at_large, at_small]: [&[Question]; 2],
) -> Times {
    let times = take([
        times::Side {
            questions: at_large,
            answer: &|asked| index::first_page(&large.store, asked),
        },
        times::Side {
            questions: at_small,
            answer: &|asked| index::first_page(&small.store, asked),
        },
    ]);
    report("index", class, &times, small.texts.listings);
    let [large, _] = times;
    large
}

/// What reading the records of a page of listings takes.
fn reading(side: &Side, questions: &[Question]) {
    let pages: Vec<Vec<Position>> = questions
        .iter()
        .map(|question| {
            let hits = index::page(&side.store, question.matching(), None);
            hits.iter().map(|hit| hit.rank.ordinal()).collect()
        })
        .collect();
    let [times] = take([times::Side {
        questions: &pages,
        answer: &|page: &Vec<Position>| block_on(side.store.listings(page)).unwrap().len(),
    }]);
    line("records of a page", &times);
}

fn report(level: &str, class: Class, [large, small]: &[Times; 2], small_listings: i64) {
    for (times, size) in [(large, "large"), (small, "small")] {
        line(&format!("{level}, {}, {size}", class.name()), times);
    }
    let name = |what: &str| format!("{level}_{}_{what}", class.name());
    if let Some(goal) = goal_p50(class) {
        figure(&name("p50"), large.p50(), "ms", Goal::AtMost(goal));
    }
    let p99 = if class == Class::Disjoint { P99_DISJOINT } else { P99 };
    figure(&name("p99"), large.p99(), "ms", Goal::AtMost(p99));
    if class != Class::Disjoint && small_listings >= FEWEST {
        figure(&name("p50_growth"), large.p50() / small.p50(), "x", Goal::AtMost(2.0));
    }
}

/// What the plain table takes for the same questions: it answers with keys, as the index does.
fn against_plain(
    side: &Side,
    class: Class,
    questions: &[Question],
    api: &Times,
    index: Option<&Times>,
) {
    if class == Class::Browse {
        return;
    }
    let some = questions.get(..ASKED_PLAINLY).unwrap_or(questions);
    let plain = times::once(times::Side {
        questions: some,
        answer: &|asked| side.texts.best(asked, 20).len(),
    });
    line(&format!("ORDER BY bm25(), {}", class.name()), &plain);
    if class == Class::Common {
        for (level, ours) in [("search", Some(api)), ("index", index)] {
            let Some(ours) = ours else { continue };
            let name = format!("{level}_common_vs_order_by_bm25");
            figure(&name, plain.p50() / ours.p50(), "x", Goal::AtLeast(100.0));
        }
    }
}

/// What totals and facets cost on top.
fn counting(side: &Side, class: Class, questions: &[Question]) {
    let [without, with] = take([
        times::Side { questions, answer: &|asked| side.answer_uncounted(asked) },
        times::Side { questions, answer: &|asked| side.answer_counted(asked) },
    ]);
    line(&format!("search, {}, counted", class.name()), &with);
    if class != Class::Disjoint {
        let more = with.p50() - without.p50();
        figure(&format!("search_{}_counts_more", class.name()), more, "ms", Goal::AtMost(COUNTING));
    }
    let tally =
        times::once(times::Side { questions, answer: &|asked| index::tally(&side.store, asked) });
    line(&format!("index, {}, counted", class.name()), &tally);
}

/// Prints the times of a class.
pub(crate) fn line(name: &str, times: &Times) {
    let (p50, p99, answers) = (times.p50(), times.p99(), times.answers);
    println!("{name:<40} p50 {p50:>9.3} ms  p99 {p99:>9.3} ms  {answers:>6.1} answers");
}
