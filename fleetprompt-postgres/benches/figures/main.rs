//! The figures of the store, each against `pgbench` on the same server in the same run.
//!
//! ```text
//! scripts/with-postgres cargo bench -p fleetprompt-postgres --bench figures -- [options]
//!
//!   --parts A,B       of commits, processes, reads, search; by default all
//!   --listings N      how many are searched: 20,000 by default, and a tenth of them, to see how
//!                     times grow; the made up ones of the search benchmark of fleetprompt-sqlite
//!   --smaller N       how many the smaller catalogue has, instead of a tenth
//!   --questions N     how many of each class are timed; 100
//!   --rounds N        how often each of two compared runs is taken; 5, the medians count
//!   --seconds N       how long pgbench runs at a time; 3
//!   --fill            only fill the catalogues, which takes most of the time
//!   --keep FOLDER     where filled files are kept between runs; `tmp/search` in cargo's target folder
//! ```
//!
//! Catalogues are filled into a file and copied to the server, into a schema that is kept: with a server
//! that outlives the run (`FLEETPROMPT_TEST_DATABASE_URL`), the next one finds it filled. `pgbench` is
//! called as a program.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on says where, and ends")]

mod catalogue;
mod commits;
#[expect(dead_code, reason = "the benchmark of SQLite asks more")]
#[path = "../../../fleetprompt-sqlite/benches/search/corpus/mod.rs"]
mod corpus;
#[path = "../../../fleetprompt-sqlite/benches/search/fill.rs"]
mod fill;
#[path = "../../../fleetprompt-sqlite/benches/figures/market.rs"]
mod market;
mod options;
mod pgbench;
mod processes;
#[expect(dead_code, reason = "the benchmark of SQLite asks more")]
#[path = "../../../fleetprompt-sqlite/benches/search/question.rs"]
mod question;
#[path = "../../../fleetprompt-sqlite/benches/search/random.rs"]
mod random;
mod reads;
mod rounds;
#[expect(dead_code, reason = "the benchmark of SQLite asks more")]
#[path = "../../../fleetprompt-sqlite/benches/search/sample.rs"]
mod sample;
mod search;
mod server;
#[path = "../../../fleetprompt-sqlite/benches/shared/mod.rs"]
mod shared;
#[expect(dead_code, reason = "the benchmark of SQLite asks more")]
#[path = "../../../fleetprompt-sqlite/benches/search/side.rs"]
mod side;
#[expect(dead_code, reason = "the benchmark of SQLite asks more")]
#[path = "../../../fleetprompt-sqlite/benches/search/texts.rs"]
mod texts;
#[path = "../../../fleetprompt-sqlite/benches/search/times.rs"]
mod times;

use clap::Parser as _;

use options::{Options, Part};

fn main() {
    let options = Options::parse();
    if let Some(orders) = &options.worker {
        return processes::work(orders);
    }
    if options.fill {
        return drop(catalogue::filled(&options));
    }
    if options.chosen(Part::Commits) {
        commits::figures(&options);
    }
    if options.chosen(Part::Processes) {
        processes::figures(&options);
    }
    if options.chosen(Part::Reads) {
        reads::figures(&options);
    }
    if options.chosen(Part::Search) {
        search::figures(&options);
    }
}
