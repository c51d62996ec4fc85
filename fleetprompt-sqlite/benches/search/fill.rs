//! Filling a marketplace, and the table that it is compared with.

use std::fs;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::time::Instant;

use fleetprompt_core::marketplace::{ImportOutcome, ImportRow, Imported};
use fleetprompt_core::port::INDEX_VERSION;
use fleetprompt_core::{Acting, ErrorKind};
use fleetprompt_sqlite::SqliteStore;
use futures_util::{StreamExt as _, stream};

use crate::corpus::Corpus;
use crate::shared::{marketplace, operator};
use crate::texts::Writer;

/// How many rows are on their way at a time.
const IN_FLIGHT: usize = 12_288;
/// How many share a transaction: fewer, so that rows are made ready while others are written.
const BATCH: usize = 4_096;

/// The files of one filled marketplace.
#[derive(Clone)]
pub(crate) struct Files {
    /// The marketplace's own.
    pub(crate) market: PathBuf,
    /// The plain table over the same listings.
    pub(crate) texts: PathBuf,
}

impl Files {
    /// Those with the first `listings` of `corpus`, filled if they are not in `folder` yet. Without
    /// a number: all of them.
    pub(crate) fn filled(folder: &Path, corpus: &Corpus, listings: Option<u64>) -> Self {
        let how_many = listings.map_or_else(|| "all".to_owned(), |most| most.to_string());
        let name = format!("{}-{how_many}-index-{INDEX_VERSION}", corpus.name());
        let file = |suffix: &str| folder.join(format!("{name}.{suffix}"));
        let files = Files { market: file("market.db"), texts: file("texts.db") };
        // Written last, so that what was interrupted is begun anew.
        let complete = file("complete");
        if !complete.exists() {
            fs::create_dir_all(folder).unwrap();
            for stale in ["market.db", "market.db-wal", "market.db-shm", "texts.db"] {
                drop(fs::remove_file(file(stale)));
            }
            let most = listings.map_or(usize::MAX, |most| usize::try_from(most).unwrap());
            files.fill(corpus.rows().take(most), listings);
            fs::write(&complete, []).unwrap();
        }
        files
    }

    /// The marketplace's file, opened for a bulk import.
    fn writable(&self) -> SqliteStore {
        SqliteStore::options()
            .batch(BATCH)
            .queue(2 * IN_FLIGHT)
            .cache(4 << 20, 1 << 30)
            .open(&self.market)
            .unwrap()
    }

    fn fill(&self, rows: impl Iterator<Item = ImportRow>, expected: Option<u64>) {
        let mut writer = Writer::create(&self.texts);
        let mut progress = Progress::new(expected);
        let store = self.writable();
        let operator = operator(&marketplace(store.clone()));
        pollster::block_on(
            stream::iter(rows)
                .map(|row| import(&operator, row))
                // In order, so that the same rows are created in the same order.
                .buffered(IN_FLIGHT)
                .for_each(|(row, imported)| {
                    if let Some(Imported { listing, outcome: ImportOutcome::Created }) = imported {
                        writer.add(listing, &row);
                    }
                    progress.step();
                    ready(())
                }),
        );
        pollster::block_on(store.merge_index()).unwrap();
        drop((operator, store));
        writer.finish(&self.market);
        progress.end();
    }
}

/// Imports a row. One whose name looks like another's is refused, as any import of it is.
async fn import(operator: &Acting, row: ImportRow) -> (ImportRow, Option<Imported>) {
    match operator.import(row.clone()).await {
        Ok(imported) => (row, Some(imported)),
        Err(error) => {
            let broken = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Internal);
            assert!(!broken, "{error}");
            (row, None)
        }
    }
}

/// Says how far the filling is, about every five seconds.
struct Progress {
    expected: Option<u64>,
    done: u64,
    start: Instant,
    said: u64,
}

impl Progress {
    fn new(expected: Option<u64>) -> Self {
        Progress { expected, done: 0, start: Instant::now(), said: 0 }
    }

    fn step(&mut self) {
        self.done += 1;
        let seconds = self.start.elapsed().as_secs();
        if seconds >= self.said + 5 {
            self.said = seconds;
            let of = self.expected.map_or_else(String::new, |all| format!(" of {all}"));
            eprintln!("{}{of} rows imported, {} a second", self.done, self.done / seconds);
        }
    }

    fn end(&self) {
        let seconds = self.start.elapsed().as_secs_f64();
        println!("{} rows imported in {seconds:.0} s", self.done);
    }
}
