//! Point reads: a record by its key, and a listing by its name.

use std::path::Path;
use std::thread;
use std::time::Duration;

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::{Actor, Event, Fact};
use fleetprompt_core::port::{Change, ClaimedName, Commit, NameOwner, RecordKey, Store as _};
use fleetprompt_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::market::{commit, fill, key};
use crate::measure::{Run, compare, timed};
use crate::raw;
use crate::shared::{Goal, figure, on_two_threads};

const RECORDS: u64 = 10_000;
const TASKS: u64 = 8;
const READS: u32 = 16_000;

pub(crate) fn figures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("market.db");
    let store = SqliteStore::open(&path).unwrap();
    fill(&store, RECORDS);
    name_listings(&store);
    by_key(&store, &path);
    by_name(&store, &path);
}

fn by_key(store: &SqliteStore, path: &Path) {
    let ids: Vec<RecordKey> = (0..RECORDS).map(key).collect();
    let [ours, ceiling] = compare([
        Run {
            name: "records by key, 8 tasks",
            operations: READS,
            run: Box::new(|| {
                on_tasks(|n| {
                    let key = pick(&ids, n);
                    async move { assert!(store.get(key).await.unwrap().is_some()) }
                })
            }),
        },
        Run {
            name: "plain statements by key, 2 threads",
            operations: READS,
            run: Box::new(|| {
                on_connections(path, |conn, n| raw_get(conn, "attempt", pick(&ids, n).id()))
            }),
        },
    ]);
    figure("reads_by_key_vs_plain_statements", ours / ceiling, "x", Goal::AtLeast(0.5));
}

fn by_name(store: &SqliteStore, path: &Path) {
    let names: Vec<ClaimedName> = (1..=LISTINGS).map(samples::name).collect();
    let [ours, ceiling] = compare([
        Run {
            name: "listings by name, 8 tasks",
            operations: READS,
            run: Box::new(|| {
                on_tasks(|n| {
                    let name = pick(&names, n);
                    async move {
                        let owner = store.name(name).await.unwrap().unwrap();
                        let key = RecordKey::listing(owner.as_str().parse().unwrap());
                        assert!(store.get(&key).await.unwrap().is_some());
                    }
                })
            }),
        },
        Run {
            name: "plain statements by name, 2 threads",
            operations: READS,
            run: Box::new(|| {
                on_connections(path, |conn, n| {
                    let name = pick(&names, n);
                    let owner: String = conn
                        .prepare_cached(
                            "SELECT owner FROM name_claim WHERE scope = ?1 AND name = ?2",
                        )
                        .unwrap()
                        .query_row([name.scope().name(), name.name()], |row| row.get(0))
                        .unwrap();
                    raw_get(conn, "listing", &owner);
                })
            }),
        },
    ]);
    figure("reads_by_name_vs_plain_statements", ours / ceiling, "x", Goal::AtLeast(0.5));
}

const LISTINGS: u64 = 1_000;

fn name_listings(store: &SqliteStore) {
    for n in 1..=LISTINGS {
        let listing = samples::listing(n, &mut Pick::full());
        let (id, publisher) = (listing.id, listing.publisher);
        let fact = Fact::ListingCreated { publisher, listing: id };
        let event = Event { at: samples::time(0), actor: Actor::Marketplace, fact, feed: None };
        let changes = vec![
            Change::ClaimName { name: samples::name(n), owner: NameOwner::new(id) },
            Change::Put { record: listing.into(), expected: None },
        ];
        let new = Commit { receipt: None, expectations: vec![], changes, events: vec![event] };
        pollster::block_on(commit(store, new));
    }
}

/// One of `all`, far from the one before.
fn pick<T>(all: &[T], n: u64) -> &T {
    let at = usize::try_from(n.wrapping_mul(7_919)).unwrap() % all.len();
    all.get(at).unwrap()
}

fn on_tasks<'a, F>(read: impl Fn(u64) -> F + Send + Sync + 'a) -> Duration
where
    F: Future<Output = ()> + Send + 'a,
{
    let read = &read;
    let tasks = (0..TASKS).map(|task| -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            for n in (task..u64::from(READS)).step_by(8) {
                read(n).await;
            }
        })
    });
    timed(|| on_two_threads(tasks.collect()))
}

fn on_connections(path: &Path, read: impl Fn(&Connection, u64) + Sync) -> Duration {
    let connections = [raw::reader(path), raw::reader(path)];
    timed(|| {
        thread::scope(|scope| {
            for (half, conn) in (0..).zip(connections) {
                let read = &read;
                scope.spawn(move || {
                    for n in (half..u64::from(READS)).step_by(2) {
                        read(&conn, n);
                    }
                });
            }
        });
    })
}

fn raw_get(conn: &Connection, table: &str, id: &str) {
    let doc: String = conn
        .prepare_cached(&format!(
            "SELECT revision, created, changed, doc FROM {table} WHERE id = ?1"
        ))
        .unwrap()
        .query_row([id], |row| row.get(3))
        .unwrap();
    assert!(!doc.is_empty());
}
