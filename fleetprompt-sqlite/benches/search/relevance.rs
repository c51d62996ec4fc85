//! Whether search finds what somebody has in mind: a listing is drawn, a query is made of its own
//! words, and the answer is looked at for that listing.

mod full_scan;
mod items;
mod typos;

use fleetprompt_core::marketplace::SearchRequest;
use fleetprompt_core::search::Query;

use crate::sample::Sampler;
use crate::shared::{Goal, figure};
use crate::side::Side;

use full_scan::FullScan;
use items::{Class, Item, Popularity, Weighting};

pub(crate) use typos::figures as typo_figures;

/// How far down an answer is read, and how far for the recall.
const READ: usize = 20;
const RECALL: usize = 10;
/// A difference that is noise, in hundredths.
const NOISE: f64 = 1.0;

/// How well one who is asked found the listings, in hundredths.
#[derive(Clone, Copy, Default)]
struct Score {
    /// The mean of one over the place, or of nothing from the 21st on.
    mrr: f64,
    /// How many are among the first ten.
    recall: f64,
}

impl Score {
    fn of(items: &[Item], place: impl Fn(&Item) -> Option<usize>) -> Self {
        let mut score = Score::default();
        let each = 100.0 / items.len() as f64;
        for place in items.iter().filter_map(place) {
            score.mrr += each / (place + 1) as f64;
            if place < RECALL {
                score.recall += each;
            }
        }
        score
    }
}

/// Takes the figures of relevance.
pub(crate) fn figures(side: &Side, seed: u64, many: usize) {
    let sampler = Sampler::new(&side.store, &side.texts, seed);
    let popularity = Popularity::read(side);
    let scan = FullScan::new(side);
    for weighting in Weighting::ALL {
        for class in Class::ALL {
            let items = items::draw(side, &sampler, &popularity, weighting, class, seed, many);
            let name = format!("{}_{}", weighting.name(), class.name());
            if items.is_empty() {
                println!("{name}: not measured: the listings suggest no such query");
                continue;
            }
            let finished = |item: &Item| ours(side, item, " ");
            let ours = Score::of(&items, |item| ours(side, item, ""));
            let plain = Score::of(&items, |item| {
                let found = side.texts.best(&item.question, READ);
                found.iter().position(|n| *n == item.document.n)
            });
            let all = Score::of(&items, |item| scan.place(item));
            for (who, score) in [
                ("search", ours),
                ("search, last word finished", Score::of(&items, finished)),
                ("ORDER BY bm25()", plain),
                ("all matches, BM25 x quality", all),
            ] {
                println!(
                    "{name:<34} {who:<28} MRR@20 {:.3}  recall@10 {:.3}",
                    score.mrr / 100.0,
                    score.recall / 100.0
                );
            }
            let above = |what: &str, ours: f64, others: f64| {
                let name = format!("relevance_{name}_{what}_above_both");
                figure(&name, ours - others, "hundredths", Goal::AtLeast(-NOISE));
            };
            above("mrr", ours.mrr, plain.mrr.max(all.mrr));
            above("recall", ours.recall, plain.recall.max(all.recall));
        }
    }
}

/// The place of the listing on the first page of a search for it.
fn ours(side: &Side, item: &Item, end: &str) -> Option<usize> {
    let query = Query::parse(&(item.question.typed() + end));
    let page = side.search(&SearchRequest { query, ..SearchRequest::default() }, None);
    page.items.iter().position(|hit| hit.listing.id == item.document.listing)
}
