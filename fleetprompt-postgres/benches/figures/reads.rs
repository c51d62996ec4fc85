//! Point reads: a record by its key.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use fleetprompt_core::port::{RecordKey, Store as _};

use crate::market::{fill, key};
use crate::options::Options;
use crate::pgbench::Script;
use crate::rounds::{Run, compare};
use crate::server::fresh;
use crate::shared::{Goal, figure, on_two_threads};

const RECORDS: u64 = 10_000;
const TASKS: u64 = 8;
const READS: u64 = 24_000;

pub(crate) fn figures(options: &Options) {
    let store = fresh("bench_reads");
    fill(&store, RECORDS);
    let keys: Vec<RecordKey> = (0..RECORDS).map(key).collect();
    let script = format!(
        "\\set n random(0, {})\n\
         SELECT revision, created, changed, doc FROM bench_reads.attempt \
         WHERE id = (lpad(to_hex(:n::bigint), 16, '0') || repeat('0', 16))::uuid::text;\n",
        RECORDS - 1
    );
    let script = Script::new(&script, 8, options.seconds);
    let (store, keys) = (&store, &keys);
    let [ours, plain] = compare(
        options.rounds,
        [
            Run {
                name: "records by key, 8 tasks",
                rate: Box::new(|| {
                    let start = Instant::now();
                    let tasks =
                        (0..TASKS).map(|task| -> Pin<Box<dyn Future<Output = ()> + Send>> {
                            Box::pin(async move {
                                for n in (task..READS).step_by(8) {
                                    let at = usize::try_from(n * 7_919 % RECORDS).unwrap();
                                    let found = store.get(keys.get(at).unwrap()).await;
                                    assert!(found.unwrap().is_some());
                                }
                            })
                        });
                    on_two_threads(tasks.collect());
                    READS as f64 / start.elapsed().as_secs_f64()
                }),
            },
            Run { name: "pgbench by key, prepared, 8 clients", rate: Box::new(|| script.run(0)) },
        ],
    );
    figure("reads_by_key_vs_pgbench", ours / plain, "x", Goal::AtLeast(0.7));
}
