//! Two processes on one file.

use fleetprompt_core::domain::Revision;
use fleetprompt_sqlite::SqliteStore;

use crate::child::{REWRITES, Writing};
use crate::support::{apply, assert_sound, count, folder, revision};

#[test]
fn no_write_of_two_processes_is_lost() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    apply(&store, 0);
    let name = "child::rewrites_one_record";
    let children = [Writing::start(name, &path, 0), Writing::start(name, &path, 0)];
    children.into_iter().for_each(Writing::finish);
    let writes = 1 + 2 * REWRITES;
    assert_eq!(revision(&store, 0), Some(Revision::new(writes)));
    assert_eq!(count(&store), writes);
    assert_sound(&store);
}

#[test]
fn a_process_that_dies_in_the_middle_holds_nobody_up() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let mut dying = Writing::start("child::writes_until_killed", &path, 1_000_000);
    dying.next().unwrap();
    dying.kill();
    apply(&store, 0);
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
    assert_sound(&store);
}
