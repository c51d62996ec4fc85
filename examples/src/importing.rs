//! Importing a catalogue in JSON Lines, plain or gzip, with a bar that shows how far it has come.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use fleetprompt_core::domain::{ParseError, PersonIdentity};
use fleetprompt_core::marketplace::{ImportLine, ImportLines, ImportOutcome};
use fleetprompt_core::port::Principal;
use fleetprompt_core::{Acting, Error, ErrorKind, Marketplace};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use indicatif::{ProgressBar, ProgressStyle};

use crate::Outcome;

/// How to import.
#[derive(Clone, Copy, Debug)]
pub struct Importing {
    /// Whether the references count as confirmed, on the operator's word.
    pub confirm: bool,
    /// Whether to stop at the first line that can't be imported.
    pub strict: bool,
    /// How many rows are imported at a time.
    pub parallel: u16,
}

impl Default for Importing {
    /// Nothing is confirmed, and bad lines are skipped.
    fn default() -> Self {
        Importing { confirm: false, strict: false, parallel: 256 }
    }
}

/// What became of the lines.
#[derive(Debug, Default)]
pub struct Report {
    /// How many there were.
    pub lines: u64,
    /// How many were imported, by what that meant.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// How many had a version that was not semver.
    pub normalised: u64,
    /// How many could not be imported, by reason.
    pub skipped: BTreeMap<String, u64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} lines read", self.lines)?;
        for (outcome, count) in &self.outcomes {
            writeln!(f, "  {count:>7}  {outcome}")?;
        }
        let skipped: u64 = self.skipped.values().sum();
        writeln!(f, "  {skipped:>7}  skipped")?;
        for (reason, count) in &self.skipped {
            writeln!(f, "           {count:>7}  {reason}")?;
        }
        writeln!(f, "{} versions were not semver and were normalised", self.normalised)
    }
}

/// Imports a file, as an operator. It can be interrupted and run again at any time: what is there
/// already is left as it is. Lines that can't be imported are reported on standard error.
///
/// # Errors
/// When the file can't be read or the store fails; with `strict`, at the first bad line.
pub async fn import(market: &Marketplace, file: &Path, how: Importing) -> Outcome<Report> {
    let importer = PersonIdentity::personal("https://id.example".parse()?, "importer".parse()?);
    let operator = &market.act_as(Principal::operator(importer));
    let (reader, progress) = open(file)?;
    let mut lines = ImportLines::new(reader);
    let mut report = Report::default();
    let mut in_flight = FuturesUnordered::new();
    let mut more = true;
    loop {
        while more && in_flight.len() < usize::from(how.parallel) {
            match lines.next().transpose()? {
                Some(line) => {
                    report.lines += 1;
                    in_flight.push(import_line(operator, lines.number(), line, how.confirm));
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
        if how.strict {
            return Err(format!("stopped at line {number}, as --strict asks").into());
        }
    }
    progress.finish_and_clear();
    Ok(report)
}

/// What became of one line.
enum Fate {
    Imported(ImportOutcome, bool),
    BadLine(ParseError),
    Refused(Error),
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
