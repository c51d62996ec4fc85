//! The figures of search, each with its goal; what they are compared with is taken in the same run.
//!
//! ```text
//! cargo bench -p fleetprompt-sqlite --bench search -- [CATALOGUE] [options]
//!
//!   CATALOGUE         JSON Lines, plain or gzip (an absolute path); without one, made up listings
//!   --listings N      by default all of a file, or 1,000,000
//!   --parts A,B       of latency, deep, relevance, typos, size, memory; by default all
//!   --classes A,B     of rare, medium, common, …: the classes that are timed; by default all
//!   --questions N     how many of each class are timed; 300
//!   --items N         how many listings of each class are looked for; 500
//!   --seed N          what the random numbers begin with; 1
//!   --keep FOLDER     where filled marketplaces are kept between runs; `tmp/search` in cargo's
//!                     target folder. Files of listings that are no longer wanted can be removed
//! ```
//!
//! Two marketplaces are filled by importing: one with all listings, and one with the first hundredth
//! of them, to see how times grow. Beside each lies a plain FTS5 table over the same texts.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on says where, and ends")]

mod corpus;
mod deep;
mod fill;
mod index;
mod latency;
mod memory;
mod options;
mod question;
mod random;
mod relevance;
mod sample;
#[path = "../shared/mod.rs"]
mod shared;
mod side;
mod size;
mod texts;
mod times;

use clap::Parser as _;

use corpus::Corpus;
use fill::Files;
use options::{Options, Part};
use side::Side;

/// How many listings are made up if nothing else is said.
const LISTINGS: u64 = 1_000_000;
/// How many of them a publisher has on average, and how many times smaller the small catalogue is.
const OF_A_PUBLISHER: u64 = 5;
const SMALLER: u64 = 100;

fn main() {
    let options = Options::parse();
    if let Some(file) = &options.serve {
        return memory::serve(file);
    }
    let (corpus, wanted) = match &options.catalogue {
        Some(file) => (Corpus::File(file.clone()), options.listings),
        None => {
            let listings = options.listings.unwrap_or(LISTINGS);
            let publishers = usize::try_from((listings / OF_A_PUBLISHER).max(1)).unwrap();
            (Corpus::MadeUp { seed: options.seed, publishers }, Some(listings))
        }
    };
    let large = Side::open(&Files::filled(&options.keep, &corpus, wanted));
    println!("{} listings, {} bytes of text", large.texts.listings, large.texts.bytes);
    if options.chosen(Part::Latency) {
        let fewer = Some((large.texts.listings.unsigned_abs() / SMALLER).max(1));
        let small = Side::open(&Files::filled(&options.keep, &corpus, fewer));
        latency::figures(&large, &small, options.classes(), options.seed, options.questions);
    }
    if options.chosen(Part::Deep) {
        deep::figures(&large, options.seed);
    }
    if options.chosen(Part::Relevance) {
        relevance::figures(&large, options.seed, options.items);
    }
    if options.chosen(Part::Typos) {
        relevance::typo_figures(&large, options.seed, options.items);
    }
    if options.chosen(Part::Size) {
        size::figures(&large);
    }
    if options.chosen(Part::Memory) {
        memory::figures(&large, options.seed, options.questions / 3);
    }
}
