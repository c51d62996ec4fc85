//! Point reads: a record by its key.

use std::sync::Arc;
use std::time::Instant;

use fleetprompt_core::port::{RecordKey, Store as _};
use fleetprompt_postgres::PostgresStore;
use tokio::runtime::Runtime;

use crate::commits::finished;
use crate::market::{fill, key};
use crate::options::Options;
use crate::pgbench::Script;
use crate::rounds::{Run, compare};
use crate::server::{fresh, fresh_on, runtime};
use crate::shared::{Goal, figure};

const RECORDS: u64 = 10_000;
const TASKS: u64 = 8;
const READS: u64 = 24_000;

pub(crate) fn figures(options: &Options) {
    let runtime = runtime();
    let own = fresh("bench_reads_own");
    let lent = fresh_on(&runtime, "bench_reads");
    for store in [&own, &lent] {
        fill(store, RECORDS);
    }
    let keys: Arc<[RecordKey]> = (0..RECORDS).map(key).collect();
    let script = format!(
        "\\set n random(0, {})\n\
         SELECT revision, created, changed, doc FROM bench_reads.attempt \
         WHERE id = (lpad(to_hex(:n::bigint), 16, '0') || repeat('0', 16))::uuid::text;\n",
        RECORDS - 1
    );
    let script = Script::new(&script, 8, options.seconds);
    let [lent, own, plain] = compare(
        options.rounds,
        [
            Run {
                name: "records by key, 8 tasks, on their runtime",
                rate: Box::new(|| rate(&runtime, &lent, &keys)),
            },
            Run {
                name: "records by key, 8 tasks, on threads of the store's own",
                rate: Box::new(|| rate(&runtime, &own, &keys)),
            },
            Run { name: "pgbench by key, prepared, 8 clients", rate: Box::new(|| script.run(0)) },
        ],
    );
    figure("reads_by_key_vs_pgbench", lent / plain, "x", Goal::AtLeast(0.7));
    figure("reads_by_key_own_threads_vs_pgbench", own / plain, "x", Goal::AtLeast(0.7));
}

/// How many records a second are read by tasks of a runtime.
fn rate(runtime: &Runtime, store: &PostgresStore, keys: &Arc<[RecordKey]>) -> f64 {
    let start = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let (store, keys) = (store.clone(), Arc::clone(keys));
        runtime.spawn(async move {
            for n in (task..READS).step_by(8) {
                let at = usize::try_from(n * 7_919 % RECORDS).unwrap();
                assert!(store.get(keys.get(at).unwrap()).await.unwrap().is_some());
            }
        })
    });
    finished(runtime, tasks.collect());
    READS as f64 / start.elapsed().as_secs_f64()
}
