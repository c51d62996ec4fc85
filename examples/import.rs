//! Imports a catalogue in JSON Lines into a SQLite file, and browses the result.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use flate2::read::MultiGzDecoder;
use fleetprompt_core::domain::{ParseError, PersonIdentity};
use fleetprompt_core::marketplace::{IMPORT_LINE_MAX_BYTES, ImportLine, ImportOutcome};
use fleetprompt_core::port::{PageSize, Principal};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder};
use fleetprompt_core::{Acting, Error, ErrorKind, Marketplace};
use fleetprompt_examples::{Outcome, open_store};
use fleetprompt_sqlite::SqliteStore;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use indicatif::{ProgressBar, ProgressStyle};

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
        Ok(report) => {
            print!("{report}");
            if report.skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) }
        }
        Err(error) => {
            eprintln!("import: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What became of the lines.
#[derive(Default)]
struct Report {
    lines: u64,
    outcomes: BTreeMap<&'static str, u64>,
    normalised: u64,
    skipped: BTreeMap<String, u64>,
    browsed: u64,
    pages: u64,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} lines read", self.lines)?;
        for (outcome, count) in &self.outcomes {
            writeln!(f, "  {count:>7}  {outcome}")?;
        }
        let skipped: u64 = self.skipped.values().sum();
        writeln!(f, "  {skipped:>7}  skipped")?;
        for (reason, count) in &self.skipped {
            writeln!(f, "           {count:>7}  {reason}")?;
        }
        writeln!(f, "{} versions were not semver and were normalised", self.normalised)?;
        writeln!(
            f,
            "browsing the catalogue by name finds {} listings on {} pages",
            self.browsed, self.pages
        )
    }
}

async fn run(arguments: &Arguments) -> Outcome<Report> {
    // One thread reads and one writes, so a large mapping and many caches would only fill memory.
    let store = SqliteStore::options()
        .readers(1)
        .mmap(32 << 20)
        .cache(4 << 20, 32 << 20)
        .open(&arguments.database)?;
    let market = open_store(&arguments.database, store).await?;
    let importer = PersonIdentity::personal("https://id.example".parse()?, "importer".parse()?);
    let operator = market.act_as(Principal::operator(importer));
    let mut report = import(&operator, arguments).await?;
    browse(&market, &mut report).await?;
    Ok(report)
}

/// What became of one line.
enum Fate {
    Imported(ImportOutcome, bool),
    BadLine(ParseError),
    Refused(Error),
}

async fn import(operator: &Acting, arguments: &Arguments) -> Outcome<Report> {
    let (mut reader, progress) = open(&arguments.file)?;
    let mut report = Report::default();
    let mut in_flight = FuturesUnordered::new();
    let mut more = true;
    loop {
        while more && in_flight.len() < usize::from(arguments.parallel) {
            match next_line(&mut reader)? {
                Some(line) => {
                    report.lines += 1;
                    in_flight.push(import_line(operator, report.lines, line, arguments.confirm));
                }
                None => more = false,
            }
        }
        let Some((number, fate)) = in_flight.next().await else { break };
        match fate {
            Fate::Imported(outcome, normalised) => {
                *report.outcomes.entry(words(outcome)).or_default() += 1;
                report.normalised += u64::from(normalised);
                continue;
            }
            Fate::BadLine(refused) => {
                progress.suspend(|| eprintln!("line {number}: {refused}"));
                *report.skipped.entry(refused.to_string()).or_default() += 1;
            }
            Fate::Refused(error) => {
                let code = error.code().as_str();
                if matches!(
                    error.kind(),
                    ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::Forbidden
                ) {
                    return Err(format!("line {number}: {code}: {error}").into());
                }
                progress.suspend(|| eprintln!("line {number}: {code}: {error}"));
                *report.skipped.entry(format!("{code}: {error}")).or_default() += 1;
            }
        }
        if arguments.strict {
            return Err(format!("stopped at line {number}, as --strict asks").into());
        }
    }
    progress.finish_and_clear();
    Ok(report)
}

async fn import_line(operator: &Acting, number: u64, line: String, confirm: bool) -> (u64, Fate) {
    let line = match ImportLine::parse(&line, confirm) {
        Ok(line) => line,
        Err(refused) => return (number, Fate::BadLine(refused)),
    };
    match operator.import(line.row).await {
        Ok(imported) => (number, Fate::Imported(imported.outcome, line.version_normalised)),
        Err(error) => (number, Fate::Refused(error)),
    }
}

fn words(outcome: ImportOutcome) -> &'static str {
    match outcome {
        ImportOutcome::Created => "listings, each with its first release",
        ImportOutcome::ReleaseAdded => "further releases of listings",
        ImportOutcome::PopularityChanged => {
            "releases that were there; popularity brought up to date"
        }
        ImportOutcome::Unchanged => "rows whose release was there already",
    }
}

/// Walks the whole catalogue, as a visitor would who never gets tired.
async fn browse(market: &Marketplace, report: &mut Report) -> Outcome {
    let visitor = market.act_as(Principal::Anonymous);
    let mut cursor = None;
    loop {
        let page = visitor
            .browse(
                CatalogueFilter::default(),
                CatalogueOrder::Name,
                cursor.as_ref(),
                PageSize::MAX,
            )
            .await?;
        report.browsed += page.items.len() as u64;
        report.pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// The file's lines, and a bar that shows how much of the file has been read.
fn open(path: &Path) -> Outcome<(Box<dyn BufRead>, ProgressBar)> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let progress =
        ProgressBar::new(file.metadata()?.len()).with_style(ProgressStyle::with_template(
            "{bar:30} {percent:>3} % of the file, {elapsed_precise} passed, {eta_precise} to go",
        )?);
    let mut start = [0; 2];
    let gzip = File::open(path)?.read(&mut start)? == 2 && start == [0x1f, 0x8b];
    let file = progress.wrap_read(file);
    let reader: Box<dyn BufRead> = if gzip {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        Box::new(BufReader::new(file))
    };
    Ok((reader, progress))
}

/// The next line that is not empty. A line over the bound is cut one byte past it, so that it is
/// refused for its length and memory stays bounded.
fn next_line(reader: &mut dyn BufRead) -> io::Result<Option<String>> {
    loop {
        let mut line = Vec::new();
        let bound = IMPORT_LINE_MAX_BYTES as u64 + 1;
        if reader.take(bound).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.len() as u64 == bound && !line.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            return Ok(Some(text.trim_end().to_owned()));
        }
    }
}
