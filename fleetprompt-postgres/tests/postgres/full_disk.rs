//! A server that has no room left.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use fleetprompt_core::port::{Committed, StoreError};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;

use crate::cluster::Cluster;
use crate::load::{all_there_once, commit, indexed, insist, may_be_repeated};

#[test]
#[ignore = "fills a small file system: scripts/faults runs it"]
fn a_server_without_room_says_so_and_goes_on_once_there_is_some() {
    let folder = std::env::var_os("FLEETPROMPT_FULL_CLUSTER_DIR").expect("a folder to be filled");
    let folder = Path::new(&folder);
    let cluster = Cluster::in_folder(folder, "max_wal_size = 32MB\nmin_wal_size = 32MB");
    let store = block_on(PostgresStore::connect(&cluster.url())).unwrap();
    assert_eq!(insist(&store, 0), 1);
    // Leaves some room, so that it gets full while commits are written.
    let filler = folder.join("filler");
    fill(&filler);
    let mut n = 1;
    let refused = loop {
        match commit(&store, indexed(n)) {
            Ok(Committed::Applied { .. }) => n += 1,
            other => break other,
        }
    };
    assert!(refused == Err(StoreError::Full) || may_be_repeated(&refused), "{refused:?}");
    fs::remove_file(filler).unwrap();
    // A log that can't be written ends the server, and it may not come back by itself.
    if !cluster.runs() {
        cluster.start();
    }
    let total = n + 20;
    while n < total {
        match commit(&store, indexed(n)) {
            Ok(Committed::Applied { .. } | Committed::Replayed(_)) => n += 1,
            outcome => assert!(may_be_repeated(&outcome), "{outcome:?}"),
        }
    }
    all_there_once(&store, total);
}

/// Takes all room but some megabytes.
fn fill(path: &Path) {
    const ROOM: u64 = 6 << 20;
    let block = vec![0_u8; 1 << 20];
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&block).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.checked_sub(ROOM).expect("the file system is larger")).unwrap();
}
