//! A process that copies is killed, and another goes on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use fleetprompt_core::copy::{CopyError, CopyOptions, CopyProgress, CopyReport, copy};
use fleetprompt_core::domain::Timestamp;
use fleetprompt_core::port::{CopySource, CopyTarget, PageSize, Prune, Store as _, StoreError};
use fleetprompt_postgres::PostgresStore;
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;

use super::populate;
use crate::load::{commit, indexed};
use crate::support::{Schema, url};

const FILE: &str = "FLEETPROMPT_TEST_COPY_FILE";
const SCHEMA: &str = "FLEETPROMPT_TEST_COPY_SCHEMA";
const INTO: &str = "FLEETPROMPT_TEST_COPY_INTO";

/// Where a copy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Into {
    Server,
    File,
}

/// What is said after a page.
fn said(progress: CopyProgress) -> String {
    format!("at {}.", progress.rows)
}

fn options() -> CopyOptions {
    CopyOptions::default().page(PageSize::new(3))
}

/// Copies until it is killed, saying how far it is.
#[test]
#[ignore = "a process of the tests of killed copies"]
fn copies_until_killed() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let schema = std::env::var(SCHEMA).unwrap().parse().unwrap();
    let server = PostgresStore::options().schema(schema).connections(2);
    let tell = |progress| {
        println!("{}", said(progress));
        std::io::stdout().flush().unwrap();
    };
    if std::env::var(INTO).unwrap() == "Server" {
        let source = SqliteStore::open(file).unwrap();
        let target = block_on(server.connect_copy_target(&url())).unwrap();
        block_on(copy(&source, &target, options(), tell)).unwrap();
    } else {
        let source = block_on(server.connect(&url())).unwrap();
        let target = SqliteStore::options().open_copy_target(file).unwrap();
        block_on(copy(&source, &target, options(), tell)).unwrap();
    }
}

/// Starts a process that copies and kills it (SIGKILL) after so many pages; answers how many rows it
/// said were there.
fn killed(into: Into, file: &Path, schema: &Schema, pages: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "copy::killed::copies_until_killed", "--ignored", "--nocapture"])
        .env(FILE, file)
        .env(SCHEMA, schema.name.as_str())
        .env(INTO, format!("{into:?}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines.map_while(Result::ok).filter_map(|line| {
        let (_, rows) = line.split_once("at ")?;
        rows.strip_suffix('.')?.parse().ok()
    });
    let reached = told.take(pages).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    reached
}

/// Copies on, also while the server has not yet noticed that the other is gone; answers where it began.
fn go_on(source: &dyn CopySource, target: &dyn CopyTarget) -> (u64, CopyReport) {
    loop {
        let mut first = None;
        let copying = copy(source, target, options(), |progress| {
            first.get_or_insert(progress.rows);
        });
        match block_on(copying) {
            Ok(report) => return (first.unwrap(), report),
            Err(CopyError::Target(StoreError::Unavailable(_))) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_killed_copy_into_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (file, schema) = (folder.path().join("market.db"), Schema::new());
    let source = SqliteStore::open(&file).unwrap();
    populate(&source, 40);
    let open_before = schema.open();
    let mut reached = 0;
    for pages in [1, 12, 25] {
        let now = killed(Into::Server, &file, &schema, pages);
        assert!(now > reached, "it went on where the one before stopped");
        reached = now;
        assert_eq!(schema.try_open().unwrap_err(), StoreError::UnfinishedCopy);
        assert_eq!(commit(&open_before, indexed(900)), Err(StoreError::UnfinishedCopy));
        let pruned = block_on(open_before.prune(Prune::Receipts(Timestamp::MAX), 10));
        assert_eq!(pruned, Err(StoreError::UnfinishedCopy));
    }
    let (first, report) = go_on(&source, &schema.copy_target());
    assert!(first >= reached && report.is_equal());
    assert!(commit(&schema.open(), indexed(900)).is_ok());
}

#[test]
fn a_killed_copy_into_a_file_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (file, schema) = (folder.path().join("copy.db"), Schema::new());
    let source = schema.open();
    populate(&source, 40);
    let mut reached = 0;
    for pages in [1, 12, 25] {
        let now = killed(Into::File, &file, &schema, pages);
        assert!(now > reached, "it went on where the one before stopped");
        reached = now;
        assert_eq!(SqliteStore::open(&file).unwrap_err(), StoreError::UnfinishedCopy);
    }
    let target = SqliteStore::options().open_copy_target(&file).unwrap();
    let (first, report) = go_on(&source, &target);
    assert!(first >= reached && report.is_equal());
    drop(target);
    assert!(block_on(SqliteStore::open(&file).unwrap().check()).unwrap().is_clean());
}

#[test]
fn what_a_killed_copy_left_can_be_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let (file, schema) = (folder.path().join("market.db"), Schema::new());
    let source = SqliteStore::open(&file).unwrap();
    populate(&source, 40);
    killed(Into::Server, &file, &schema, 30);
    block_on(source.commit(indexed(700))).unwrap();
    let target = schema.copy_target();
    let refused = block_on(copy(&source, &target, options(), |_| {}));
    assert_eq!(refused, Err(CopyError::SourceChanged));
    let report = block_on(copy(&source, &target, options().restart(true), |_| {})).unwrap();
    assert!(report.is_equal());

    // And in the other direction.
    let (store, file) = (schema.open(), folder.path().join("back.db"));
    killed(Into::File, &file, &schema, 60);
    commit(&store, indexed(701)).unwrap();
    let target = SqliteStore::options().open_copy_target(&file).unwrap();
    let refused = block_on(copy(&store, &target, options(), |_| {}));
    assert_eq!(refused, Err(CopyError::SourceChanged));
    block_on(copy(&store, &target, options().restart(true), |_| {})).unwrap();
    drop(target);
    assert!(block_on(SqliteStore::open(&file).unwrap().check()).unwrap().is_clean());
}
