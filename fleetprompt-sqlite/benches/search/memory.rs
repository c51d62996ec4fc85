//! The memory of a process that serves, mapped pages of files aside.

use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use clap::ValueEnum as _;
use fleetprompt_core::marketplace::SearchRequest;
use fleetprompt_core::port::PageSize;
use fleetprompt_core::search::Query;
use fleetprompt_sqlite::SqliteStore;

use crate::sample::{Class, Sampler};
use crate::shared::{Goal, figure, on_two_threads};
use crate::side::{Side, visitor};

/// The most megabytes.
const GOAL: f64 = 200.0;
/// How many readers ask at the same time, and how often the questions are gone through.
const READERS: usize = 8;
const ROUNDS: usize = 3;

/// The argument that makes a process serve.
pub(crate) const SERVE: &str = "--serve";

/// Takes the figure of memory, from a process of its own: this one holds more than a server does.
pub(crate) fn figures(side: &Side, seed: u64, many: usize) {
    let sampler = Sampler::new(&side.store, &side.texts, seed);
    let asked = Class::value_variants().iter().flat_map(|class| sampler.questions(*class, many));
    let lines: Vec<String> = asked.map(|question| question.typed()).collect();
    let mut server = Command::new(env::current_exe().unwrap())
        .arg(SERVE)
        .arg(&side.file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    server.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let mut said = String::new();
    server.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(server.wait().unwrap().success());
    let kilobytes: f64 = said.trim().parse().unwrap();
    if kilobytes > 0.0 {
        figure("search_memory", kilobytes / 1_000.0, "MB", Goal::AtMost(GOAL));
    } else {
        println!("memory not measured: only Linux tells");
    }
}

/// Serves the queries on the standard input, line by line, and prints the most anonymous memory
/// that the process held meanwhile, in kilobytes; 0 if the system does not tell.
pub(crate) fn serve(file: &Path) {
    let visitor = visitor(SqliteStore::open(file).unwrap());
    let mut lines = String::new();
    std::io::stdin().read_to_string(&mut lines).unwrap();
    let queries: Vec<Query> = lines.lines().map(Query::parse).collect();
    let most = AtomicU64::new(0);
    for _ in 0..ROUNDS {
        let readers = (0..READERS).map(|reader| {
            let mine = queries.iter().skip(reader).step_by(READERS);
            let (visitor, most) = (&visitor, &most);
            Box::pin(async move {
                for query in mine {
                    let request =
                        SearchRequest { query: query.clone(), counts: true, ..Default::default() };
                    let page = visitor.search(&request, None, PageSize::default()).await.unwrap();
                    if reader == 0 {
                        most.fetch_max(anonymous().unwrap_or_default(), Ordering::Relaxed);
                    }
                    drop(page);
                }
            }) as _
        });
        on_two_threads(readers.collect());
    }
    println!("{}", most.into_inner());
}

/// How many kilobytes of anonymous memory this process holds.
fn anonymous() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
