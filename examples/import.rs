//! Imports a catalogue in JSON Lines into a SQLite file, and browses the result.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fleetprompt_core::Marketplace;
use fleetprompt_core::port::{PageSize, Principal};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder};
use fleetprompt_examples::importing::{Importing, Report, import};
use fleetprompt_examples::{Outcome, open_store};
use fleetprompt_sqlite::SqliteStore;

/// Import a catalogue in JSON Lines (plain or gzip) into a SQLite file, and browse the result.
///
/// Each line is a JSON object: publisher, slug, kind, upstreamId, title, summary and version are
/// required; tags, category, priceClass, popularity, updated, publisherName, description,
/// documentation, repository, license and schemaVersion may be there. A line that can't be imported
/// is reported with its number and field, and the rest goes on.
///
/// The import can be interrupted and run again at any time: what is there already is left as it is.
///
/// Exit codes: 0 everything was imported; 1 the import failed; 2 some lines were skipped.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The catalogue.
    file: PathBuf,
    /// The database; made if there is none.
    #[arg(long, default_value = "fleetprompt.db")]
    database: PathBuf,
    /// Count the references as confirmed, on your word as the operator.
    #[arg(long)]
    confirm: bool,
    /// Stop at the first line that can't be imported.
    #[arg(long)]
    strict: bool,
    /// How many rows are imported at a time.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    parallel: u16,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match pollster::block_on(run(&arguments)) {
        Ok(imported) => {
            print!("{imported}");
            if imported.report.skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) }
        }
        Err(error) => {
            eprintln!("import: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What was imported, and what browsing found then.
struct Imported {
    report: Report,
    browsed: u64,
    pages: u64,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report.fmt(f)?;
        writeln!(
            f,
            "browsing the catalogue by name finds {} listings on {} pages",
            self.browsed, self.pages
        )
    }
}

async fn run(arguments: &Arguments) -> Outcome<Imported> {
    // One thread reads and one writes, so a large mapping and many caches would only fill memory.
    let store = SqliteStore::options()
        .readers(1)
        .mmap(32 << 20)
        .cache(4 << 20, 32 << 20)
        .batch(1_024)
        .open(&arguments.database)?;
    let market = open_store(&arguments.database, store.clone()).await?;
    let Arguments { confirm, strict, parallel, .. } = *arguments;
    let report = import(&market, &arguments.file, Importing { confirm, strict, parallel }).await?;
    store.merge_index().await?;
    let (browsed, pages) = browse(&market).await?;
    Ok(Imported { report, browsed, pages })
}

/// Walks the whole catalogue, as a visitor would who never gets tired, and counts listings and
/// pages.
async fn browse(market: &Marketplace) -> Outcome<(u64, u64)> {
    let visitor = market.act_as(Principal::Anonymous);
    let (mut browsed, mut pages, mut cursor) = (0, 0, None);
    loop {
        let (filter, order) = (CatalogueFilter::default(), CatalogueOrder::Name);
        let page = visitor.browse(filter, order, cursor.as_ref(), PageSize::MAX).await?;
        browsed += page.items.len() as u64;
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            return Ok((browsed, pages));
        }
    }
}
