//! How long a first page takes, by class of question, and how that grows with the catalogue.

use clap::ValueEnum as _;

use crate::catalogue::{Catalogue, filled};
use crate::options::Options;
use crate::question::Question;
use crate::sample::{Class, Sampler};
use crate::server::Client;
use crate::shared::{Goal, figure};
use crate::side::answer;
use crate::times::{self, Times, take};

const SEED: u64 = 1;
const P50: f64 = 10.0;
const GROWTH: f64 = 3.0;
const AGAINST_PLAIN: f64 = 10.0;
/// How many questions the plain table is asked, which may take seconds each.
const ASKED_PLAINLY: usize = 24;

pub(crate) fn figures(options: &Options) {
    let catalogues = filled(options);
    let [large, small] = &catalogues;
    println!("{} listings, and {}", large.file.texts.listings, small.file.texts.listings);
    for class in Class::value_variants().iter().copied() {
        let questions = catalogues.each_ref().map(|catalogue| {
            let sampler = Sampler::new(&catalogue.file.store, &catalogue.file.texts, SEED);
            sampler.questions(class, options.questions)
        });
        let [at_large, at_small] = &questions;
        if at_large.is_empty() || at_small.is_empty() {
            println!("{:<17} not measured: the listings suggest no such question", class.name());
            continue;
        }
        let [of_large, of_small] = take([
            times::Side { questions: at_large, answer: &|asked| answer(&large.visitor, asked) },
            times::Side { questions: at_small, answer: &|asked| answer(&small.visitor, asked) },
        ]);
        for (times, size) in [(&of_large, "large"), (&of_small, "small")] {
            line(&format!("search, {}, {size}", class.name()), times);
        }
        let name = |what: &str| format!("search_{}_{what}", class.name());
        figure(&name("p50"), of_large.p50(), "ms", Goal::AtMost(P50));
        let growth = of_large.p50() / of_small.p50();
        figure(&name("p50_growth"), growth, "x", Goal::AtMost(GROWTH));
        if class == Class::Common {
            against_plain(large, at_large, &of_large);
        }
    }
}

/// The same words without their filters, the best twenty by `ts_rank_cd`.
fn against_plain(catalogue: &Catalogue, questions: &[Question], ours: &Times) {
    let client = std::cell::RefCell::new(Client::connect());
    let schema = catalogue.plain.split('.').next().unwrap_or_default();
    client.borrow_mut().run(&format!("SET search_path = {schema}"));
    let ask = |question: &Question| {
        let rows = client.borrow_mut().prepared(
            "SELECT n FROM plain_texts, plainto_tsquery('english', $1) AS query
             WHERE texts @@ query ORDER BY ts_rank_cd(texts, query) DESC LIMIT 20",
            &question.typed(),
        );
        rows.len()
    };
    let some = questions.get(..ASKED_PLAINLY).unwrap_or(questions);
    let plain = times::once(times::Side { questions: some, answer: &ask });
    line("ORDER BY ts_rank_cd, common", &plain);
    let faster = plain.p50() / ours.p50();
    figure("search_common_vs_order_by_ts_rank_cd", faster, "x", Goal::AtLeast(AGAINST_PLAIN));
}

fn line(name: &str, times: &Times) {
    let (p50, p99, answers) = (times.p50(), times.p99(), times.answers);
    println!("{name:<40} p50 {p50:>9.3} ms  p99 {p99:>9.3} ms  {answers:>6.1} answers");
}
