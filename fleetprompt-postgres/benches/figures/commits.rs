//! Durable commits: redemptions, with all that they look at and leave behind.

use std::cell::Cell;
use std::time::Instant;

use fleetprompt_core::port::Commit;
use fleetprompt_postgres::PostgresStore;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::market::{commit, fill, redemption};
use crate::options::Options;
use crate::pgbench::{ATTEMPTS, Script, redeeming};
use crate::rounds::{Run, compare};
use crate::server::{fresh, fresh_on, runtime};
use crate::shared::{Goal, figure};

const CALLERS: usize = 64;
/// Commits of a run with many callers, and of one in which each waits for the disk alone.
const MANY: u64 = 4_096;
const FEW: u64 = 256;

/// Numbers of attempts that no run has redeemed yet.
struct Fresh(Cell<u64>);

impl Fresh {
    /// Commits that redeem the next `n`, made beforehand, but the store has yet to encode them.
    fn redemptions(&self, n: u64) -> Vec<Commit> {
        let first = self.0.replace(self.0.get() + n);
        (first..first + n).map(redemption).collect()
    }
}

pub(crate) fn figures(options: &Options) {
    let rounds = u64::try_from(options.rounds).unwrap() + 1;
    let runtime = runtime();
    let store = fresh_on(&runtime, "bench_store");
    fill(&store, rounds * (MANY + FEW));
    let of_store = Fresh(Cell::new(0));
    let plain = fresh("bench_plain");
    fill(&plain, ATTEMPTS);
    drop(plain);
    let runs = Cell::new(0);
    let script =
        |head, clients| Script::new(&redeeming("bench_plain", head), clients, options.seconds);
    let run = |script: &Script| script.run(runs.replace(runs.get() + 1));
    let (one, many, loose) = (script(true, 1), script(true, 64), script(false, 64));
    let [together, alone, of_one, of_many, of_loose] = compare(
        options.rounds,
        [
            Run {
                name: "store, 64 callers",
                rate: Box::new(|| {
                    let commits = of_store.redemptions(MANY);
                    let start = Instant::now();
                    by_callers(&runtime, &store, commits, CALLERS);
                    MANY as f64 / start.elapsed().as_secs_f64()
                }),
            },
            Run {
                name: "store, one caller",
                rate: Box::new(|| {
                    let commits = of_store.redemptions(FEW);
                    let start = Instant::now();
                    by_callers(&runtime, &store, commits, 1);
                    FEW as f64 / start.elapsed().as_secs_f64()
                }),
            },
            Run { name: "pgbench, the same statements, one client", rate: Box::new(|| run(&one)) },
            Run { name: "pgbench, the same statements, 64 clients", rate: Box::new(|| run(&many)) },
            Run {
                name: "pgbench, positions in no order, 64 clients",
                rate: Box::new(|| run(&loose)),
            },
        ],
    );
    let plain = of_one.max(of_many);
    figure("redeem_64_callers_vs_pgbench", together / plain, "x", Goal::AtLeast(2.0));
    figure("redeem_64_callers_vs_pgbench_moonshot", together / plain, "x", Goal::AtLeast(4.0));
    figure("redeem_one_caller_vs_pgbench", alone / of_one, "x", Goal::AtLeast(0.7));
    println!("{:<56} {:>10.2} x", "64 callers against positions in no order", together / of_loose);
}

/// Has commits made by so many callers, tasks of a runtime.
pub(crate) fn by_callers(
    runtime: &Runtime,
    store: &PostgresStore,
    commits: Vec<Commit>,
    callers: usize,
) {
    let share = commits.len() / callers;
    let mut commits = commits.into_iter();
    let tasks = (0..callers).map(|_| {
        let mine: Vec<Commit> = commits.by_ref().take(share).collect();
        let store = store.clone();
        runtime.spawn(async move {
            for new in mine {
                commit(&store, new).await;
            }
        })
    });
    finished(runtime, tasks.collect());
}

/// Waits for tasks.
pub(crate) fn finished(runtime: &Runtime, tasks: Vec<JoinHandle<()>>) {
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
}
