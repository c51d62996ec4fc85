//! Durable commits: redemptions, with all that they look at and leave behind.

use std::cell::Cell;
use std::path::Path;

use fleetprompt_core::port::Commit;
use fleetprompt_sqlite::SqliteStore;

use crate::market::{commit, fill, redemption};
use crate::measure::{CALLS, Run, compare, timed};
use crate::raw::{self, Values};
use crate::shared::{Goal, figure, on_two_threads};

const CALLERS: usize = 64;
/// Commits of a run with many callers, and of one in which each waits for the disk alone.
const MANY: u32 = 1_024;
const FEW: u32 = 64;

/// Numbers of attempts that no run has redeemed yet.
struct Fresh(Cell<u64>);

impl Fresh {
    /// What `make` makes of the next `n` of them. Both the store and the ceiling get what they
    /// write made beforehand, but the store has yet to encode it.
    fn take<T>(&self, n: u32, make: fn(u64) -> T) -> Vec<T> {
        let start = self.0.get();
        self.0.set(start + u64::from(n));
        (start..self.0.get()).map(make).collect()
    }
}

pub(crate) fn figures() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let filled = |path: &Path| {
        let store = SqliteStore::open(path).unwrap();
        fill(&store, u64::from(CALLS * (MANY + FEW)));
        store
    };
    let store = filled(&path("store.db"));
    drop(filled(&path("raw.db")));
    let conn = raw::writer(&path("raw.db"));
    let (of_store, of_raw) = (Fresh(Cell::new(0)), Fresh(Cell::new(0)));
    let plain = |n, size| {
        let values = of_raw.take(n, Values::new);
        timed(|| raw::run(&conn, &values, size))
    };
    let [many, single, grouped, each] = compare([
        Run {
            name: "commits, 64 callers",
            operations: MANY,
            run: Box::new(|| {
                let commits = of_store.take(MANY, redemption);
                timed(|| by_callers(&store, &commits))
            }),
        },
        Run {
            name: "commits, one caller",
            operations: FEW,
            run: Box::new(|| {
                let commits = of_store.take(FEW, redemption);
                timed(|| {
                    for new in commits {
                        pollster::block_on(commit(&store, new));
                    }
                })
            }),
        },
        Run {
            name: "plain statements, 64 to a transaction",
            operations: MANY,
            run: Box::new(|| plain(MANY, 64)),
        },
        Run {
            name: "plain statements, one transaction each",
            operations: FEW,
            run: Box::new(|| plain(FEW, 1)),
        },
    ]);
    figure("commits_64_callers_vs_one_each", many / each, "x", Goal::AtLeast(3.0));
    figure("commits_64_callers_vs_64_together", many / grouped, "x", Goal::AtLeast(0.5));
    figure("commits_one_caller_vs_one_each", single / each, "x", Goal::AtLeast(0.9));
}

fn by_callers(store: &SqliteStore, commits: &[Commit]) {
    let callers = commits.chunks(commits.len() / CALLERS).map(|mine| {
        Box::pin(async move {
            for new in mine {
                commit(store, new.clone()).await;
            }
        }) as _
    });
    on_two_threads(callers.collect());
}
