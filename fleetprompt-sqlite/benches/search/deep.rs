//! Pages far behind the first.

use fleetprompt_core::marketplace::SearchRequest;
use fleetprompt_core::port::Matching;
use fleetprompt_core::search::Cursor;

use crate::index;
use crate::latency::line;
use crate::question::Question;
use crate::sample::Sampler;
use crate::shared::{Goal, figure};
use crate::side::{Side, request};
use crate::times::{self, take};

/// The page that is looked at, or the last full one.
const PAGE: u64 = 10_000;
const SIZE: u64 = 20;
/// How many questions are asked, and how often each.
const QUESTIONS: usize = 4;
const REPEATS: usize = 40;

/// Takes the figure of deep pages.
pub(crate) fn figures(side: &Side, seed: u64) {
    let questions = Sampler::new(&side.store, &side.texts, seed).broad(QUESTIONS);
    let mut pages = Vec::new();
    for question in &questions {
        let request = request(question);
        let (cursor, page) = walk(side, &request);
        println!("deep pages: `{}` has page {page}", question.typed());
        pages.push((request, cursor));
    }
    let often: Vec<_> = pages.iter().cycle().take(pages.len() * REPEATS).collect();
    let [first, deep] = take([
        times::Side {
            questions: &often,
            answer: &|(request, _)| side.search(request, None).items.len(),
        },
        times::Side {
            questions: &often,
            answer: &|(request, cursor)| side.search(request, cursor.as_ref()).items.len(),
        },
    ]);
    line("search, first page", &first);
    line("search, deep page", &deep);
    figure("search_deep_page_vs_first", deep.p50() / first.p50(), "x", Goal::AtMost(2.0));
    of_index(side, &questions);
}

/// The cursor of the page that is looked at, and its number.
fn walk(side: &Side, request: &SearchRequest) -> (Option<Cursor>, u64) {
    let mut before = None;
    let mut cursor = None;
    for page in 1..PAGE {
        let next = side.search(request, cursor.as_ref()).next;
        if next.is_none() {
            // The last page may be short.
            return (before, page.saturating_sub(1));
        }
        before = std::mem::replace(&mut cursor, next);
    }
    (cursor, PAGE)
}

fn of_index(side: &Side, questions: &[Question]) {
    let all: Vec<Matching> = questions.iter().map(Question::matching).collect();
    let deep = all.iter().map(|matching| {
        let mut place = (PAGE - 1) * SIZE;
        loop {
            if let Some(rank) = index::rank_at(&side.store, matching, place) {
                return (matching.clone(), rank);
            }
            place = place * 3 / 4;
        }
    });
    let deep: Vec<_> = deep.collect();
    let often: Vec<_> = deep.iter().cycle().take(deep.len() * REPEATS).collect();
    let page = |matching: &Matching, after| index::page(&side.store, matching.clone(), after).len();
    let [first, deep] = take([
        times::Side { questions: &often, answer: &|(matching, _)| page(matching, None) },
        times::Side { questions: &often, answer: &|(matching, rank)| page(matching, Some(*rank)) },
    ]);
    line("index, first page", &first);
    line("index, deep page", &deep);
    figure("index_deep_page_vs_first", deep.p50() / first.p50(), "x", Goal::AtMost(2.0));
}
