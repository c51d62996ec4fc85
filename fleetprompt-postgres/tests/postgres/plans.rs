//! How much commits read, however a session planned them.

use sqlx::Row as _;

use crate::load::apply;
use crate::support::{Schema, sql};
use crate::waiting::wait_until;

const COMMITS: u64 = 300;

/// What a session plans over empty tables it goes on doing when they have grown. Looking a receipt up was
/// reading all of them then.
#[test]
fn a_commit_reads_what_it_names_and_no_more() {
    let schema = Schema::new();
    let store = schema.open();
    (0..COMMITS).for_each(|n| apply(&store, n));
    // What a session read is known at the latest when it has ended.
    drop(store);
    for table in ["receipt", "attempt", "counter"] {
        let mut read = 0;
        wait_until("the last commit is counted", || {
            let rows = sql(&format!(
                "SELECT n_tup_ins + n_tup_upd, seq_tup_read + coalesce(idx_tup_fetch, 0)
                 FROM pg_stat_all_tables WHERE relid = '{}.{table}'::regclass",
                schema.name
            ));
            read = rows[0].get::<i64, _>(1).unsigned_abs();
            rows[0].get::<i64, _>(0).unsigned_abs() >= COMMITS
        });
        assert!(read <= 2 * COMMITS, "{read} rows of {table} were read");
    }
}
