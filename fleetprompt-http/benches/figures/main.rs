//! The figures of the facade, each against a ceiling that is taken in the same run.
//!
//! ```text
//! cargo bench -p fleetprompt-http --bench figures -- [options]
//!
//!   --parts A,B       of reads, search, redeem, latency, soak; by default all
//!   --stores A,B      of sqlite, postgres; by default sqlite, and postgres where
//!                     FLEETPROMPT_TEST_DATABASE_URL names a server, as scripts/with-postgres does
//!   --listings N      how many made up listings the catalogue has; 20,000
//!   --connections N   how many connections ask; 64
//!   --rounds N        how often each of the compared runs is taken; 5, the medians count
//!   --seconds N       how long a run of reads is, and one at half load; 3
//!   --soak SECONDS    how long the soak is; 300
//!   --keep FOLDER     where the filled catalogue is kept between runs; `tmp/http` in cargo's target
//!                     folder
//! ```
//!
//! Two processes: the server, with all of its threads on the first processor, and the generator of
//! requests on the second. The server is the real one: the router, `Server` with its default bounds,
//! names of requests, metrics, the access log (formatted, and written to nowhere), the limits (counted,
//! with budgets that nobody reaches), answers kept as the program keeps them. The generator is hyper's
//! client over connections that stay open.
//!
//! A static body is a route of the same router on the same server: the same connections, names, log,
//! metrics and limits, the bytes and the headers of the answer that it stands for, and behind it neither
//! authentication nor a marketplace. Beside it, for information, stands the same body served by
//! `axum::serve` without any of that.
//!
//! Latency is measured in an open loop: requests come at random (as a Poisson process) at half of the
//! rate that was just reached, and each counts from the moment when it was due, whether or not a
//! connection was free then.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on says where, and ends")]

mod catalogue;
mod child;
mod client;
#[path = "../../../fleetprompt-sqlite/benches/search/corpus/mod.rs"]
#[expect(dead_code, reason = "the benchmark of SQLite asks more")]
mod corpus;
mod database;
mod latency;
mod load;
#[path = "../../../fleetprompt-sqlite/benches/figures/market.rs"]
#[expect(dead_code, reason = "the benchmark of SQLite asks more")]
mod market;
mod options;
mod orders;
mod processor;
#[path = "../../../fleetprompt-sqlite/benches/search/random.rs"]
#[expect(dead_code, reason = "the benchmark of SQLite asks more")]
mod random;
mod reads;
mod redeem;
mod rounds;
mod search;
mod server;
#[path = "../../../fleetprompt-sqlite/benches/shared/mod.rs"]
mod shared;
mod soak;
mod town;

use clap::Parser as _;

use database::Place;
use options::{Options, Part, StoreKind};

fn main() {
    let options = Options::parse();
    if let Some(orders) = &options.serve {
        return server::serve(orders);
    }
    processor::pin(processor::GENERATOR);
    for kind in options.stores() {
        let place = Place::filled(kind, &options);
        run(&options, kind, &place);
    }
}

fn run(options: &Options, kind: StoreKind, place: &Place) {
    if options.chosen(Part::Reads) {
        reads::figures(options, kind, place);
    }
    if options.chosen(Part::Search) {
        search::figures(options, kind, place);
    }
    if options.chosen(Part::Redeem) {
        redeem::figures(options, kind, place);
    }
    if options.chosen(Part::Latency) {
        latency::figures(options, kind, place);
    }
    if options.chosen(Part::Soak) {
        soak::figures(options, kind, place);
    }
}
