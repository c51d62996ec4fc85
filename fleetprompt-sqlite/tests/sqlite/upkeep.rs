//! What operators do while the store is in use.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use fleetprompt_core::port::{Committed, StoreError};
use fleetprompt_sqlite::SqliteStore;

use crate::child::Writing;
use crate::support::{apply, assert_sound, commit, count, folder, frequencies, indexed};

#[test]
fn a_backup_under_load_is_whole_and_does_not_hold_up_writers() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    (0..2_000).for_each(|n| apply(&store, n));
    let before = count(&store);
    let copy = folder.path().join("copy.db");
    let stop = AtomicBool::new(false);
    let (progress, steps) = mpsc::channel();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = 10_000;
            while !stop.load(Ordering::SeqCst) {
                apply(&store, n);
                n += 1;
            }
        });
        let report = move |now| progress.send(now).unwrap();
        pollster::block_on(store.backup(&copy, report)).unwrap();
        stop.store(true, Ordering::SeqCst);
        writer.join().unwrap();
    });
    let steps: Vec<_> = steps.iter().collect();
    assert!(steps.len() > 1, "the copy was made in one step, in which nothing could happen");
    let last = steps.last().unwrap();
    assert_eq!(last.copied, last.pages);
    let copied = SqliteStore::open(&copy).unwrap();
    assert!((before..=count(&store)).contains(&count(&copied)));
    assert_sound(&copied);
    assert_sound(&store);
}

#[test]
fn a_backup_overwrites_nothing() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::write(&copy, "precious").unwrap();
    let refused = pollster::block_on(store.backup(&copy, |_| {}));
    assert_eq!(refused, Err(StoreError::Open("the backup's file exists already")));
    assert_eq!(std::fs::read(&copy).unwrap(), b"precious");
    let meanwhile = folder.path().join("meanwhile.db");
    let comes = meanwhile.clone();
    let backup = store.backup(&meanwhile, move |_| std::fs::write(&comes, "precious").unwrap());
    let refused = pollster::block_on(backup);
    assert_eq!(refused, Err(StoreError::Open("the backup's file exists already")));
    assert_eq!(std::fs::read(&meanwhile).unwrap(), b"precious");
    assert_eq!(partials(folder.path()), 0, "it is removed");
    let nowhere = folder.path().join("elsewhere/copy.db");
    let refused = pollster::block_on(store.backup(&nowhere, |_| {}));
    assert_eq!(refused, Err(StoreError::Open("the backup's folder does not exist")));
}

fn partials(folder: &Path) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|it| it == "partial")).count()
}

#[test]
fn a_backup_that_is_killed_is_none_and_is_in_nobodys_way() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    (0..2_000).for_each(|n| apply(&store, n));
    let mut child = Writing::start("child::backs_up_until_killed", &path, 7);
    assert_eq!(child.next(), Some(7));
    child.kill();
    let copy = folder.path().join("copy.db");
    assert!(!copy.exists(), "half a database under the name of a whole one");
    assert_eq!(partials(folder.path()), 1);
    pollster::block_on(store.backup(&copy, |_| {})).unwrap();
    let copied = SqliteStore::open(&copy).unwrap();
    assert_eq!(count(&copied), 2_000);
    assert_sound(&copied);
}

#[cfg(unix)]
#[test]
fn only_their_owner_reads_a_database_and_its_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    apply(&store, 0);
    pollster::block_on(store.backup(folder.path().join("copy.db"), |_| {})).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 4, "the database, its log and memory, and the backup");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} has mode {mode:o}", file.file_name());
    }
}

#[test]
fn the_last_handle_leaves_one_file_behind() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let clone = store.clone();
    apply(&store, 0);
    assert!(store.size().unwrap().log > 0);
    drop(store);
    apply(&clone, 1);
    drop(clone);
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(count(&SqliteStore::open(&path).unwrap()), 2);
}

#[test]
fn an_index_is_rebuilt_under_load_without_holding_up_anybody() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    (0..2_500).for_each(|n| drop(commit(&store, indexed(n)).unwrap()));
    let stop = AtomicBool::new(false);
    let mut steps = Vec::new();
    let written = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = 10_000;
            while !stop.load(Ordering::SeqCst) {
                assert!(matches!(commit(&store, indexed(n)), Ok(Committed::Applied { .. })));
                n += 1;
            }
            n - 10_000
        });
        let rebuilt = pollster::block_on(store.rebuild_index(|now| {
            // Searches see the whole index at every step.
            assert!(frequencies(&store, &["agent"]).1[0] >= 2_500);
            steps.push(now.read);
        }));
        stop.store(true, Ordering::SeqCst);
        assert_eq!(rebuilt.unwrap().removed, 0);
        writer.join().unwrap()
    });
    assert!(steps.len() > 2, "rebuilt in one step, in which nothing could happen");
    let entries = 2_500 + written;
    assert_eq!(frequencies(&store, &["agent", "word7"]), (entries, vec![entries, 1]));
    assert_sound(&store);
}
