//! Other processes: this test binary, started again with one test to run.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use fleetprompt_core::port::{Change, Committed, Refusal, Store as _};
use fleetprompt_sqlite::{BackupProgress, SqliteStore};

use crate::support::{attempt, attempt_key, indexed};

const PATH: &str = "FLEETPROMPT_TEST_PATH";
const FIRST: &str = "FLEETPROMPT_TEST_FIRST";

/// How many threads of a process write.
pub(crate) const THREADS: u64 = 8;
/// How far apart the numbers of their attempts begin.
pub(crate) const STRIDE: u64 = 10_000;

/// A process that writes, and the numbers that it says are durable.
pub(crate) struct Writing {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Writing {
    /// Starts the child test `name` on the database at `path`.
    pub(crate) fn start(name: &str, path: &Path, first: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
            .env(PATH, path)
            .env(FIRST, first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Writing { child, lines }
    }

    /// The next number that the process was answered for; `None` when it has ended.
    pub(crate) fn next(&mut self) -> Option<u64> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // The harness may have begun the line, and a killed process not have ended it.
            let number = line.split_once("durable ").and_then(|(_, rest)| rest.strip_suffix(".\n"));
            if let Some(number) = number {
                return Some(number.parse().unwrap());
            }
        }
    }

    /// Kills the process (SIGKILL), and answers what it had said until then.
    pub(crate) fn kill(mut self) -> Vec<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Waits for the process to end well.
    pub(crate) fn finish(mut self) {
        assert_eq!(self.next(), None);
        assert!(self.child.wait().unwrap().success());
    }
}

/// The database and the first number that this process was started for.
pub(crate) fn orders() -> Option<(PathBuf, u64)> {
    let path = std::env::var_os(PATH)?.into();
    Some((path, std::env::var(FIRST).unwrap().parse().unwrap()))
}

/// Writes until it is killed, saying of every attempt and its listing when they are durable.
#[test]
#[ignore = "a process of the crash tests"]
fn writes_until_killed() {
    let Some((path, first)) = orders() else { return };
    let store = SqliteStore::open(path).unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                let start = first + thread * STRIDE;
                for n in start..start + STRIDE {
                    match pollster::block_on(store.commit(indexed(n))) {
                        Ok(Committed::Applied { .. }) => println!("durable {n}."),
                        other => panic!("the commit should have been applied: {other:?}"),
                    }
                }
            });
        }
    });
}

/// Backs the database up into `copy.db` beside it, and says so when some of it is copied, but not all;
/// goes no further.
#[test]
#[ignore = "a process of the test of interrupted backups"]
fn backs_up_until_killed() {
    let Some((path, first)) = orders() else { return };
    let store = SqliteStore::open(&path).unwrap();
    let backup = store.backup(path.with_file_name("copy.db"), move |now: BackupProgress| {
        assert!(0 < now.copied && now.copied < now.pages, "{now:?}");
        println!("durable {first}.");
        loop {
            thread::park();
        }
    });
    pollster::block_on(backup).unwrap();
}

/// How often [`rewrites_one_record`] writes in one process.
pub(crate) const REWRITES: u64 = 100;

/// Puts the attempt that it was started for again and again, in competition with others.
#[test]
#[ignore = "a process of the test of two processes"]
fn rewrites_one_record() {
    let Some((path, n)) = orders() else { return };
    let store = SqliteStore::open(path).unwrap();
    let mut written = 0;
    while written < REWRITES {
        let found = pollster::block_on(store.get(&attempt_key(n))).unwrap().unwrap();
        let mut commit = attempt(n);
        commit.receipt = None;
        if let Some(Change::Put { expected, .. }) = commit.changes.first_mut() {
            *expected = Some(found.revision);
        }
        match pollster::block_on(store.commit(commit)).unwrap() {
            Committed::Applied { .. } => written += 1,
            Committed::Refused(Refusal::Conflict(_)) => {}
            other => panic!("neither applied nor in conflict: {other:?}"),
        }
    }
}
