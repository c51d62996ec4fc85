//! `import`: a catalogue in JSON Lines, plain or gzip, with a bar that shows how far it has come.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use fleetprompt_core::marketplace::{
    CatalogueEntry, CatalogueLine, CatalogueLineError, CatalogueStage, EntryOutcome, ImportLines,
    ImportOutcome,
};
use fleetprompt_core::{Acting, Error, ErrorCode, ErrorKind};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use indicatif::ProgressBar;

use crate::assemble::{self, Database, IfMissing};
use crate::cli::ImportArgs;
use crate::failure::{Failure, Outcome};
use crate::output::{self, bar, note};
use crate::settings::Settings;

/// How often a line is tried again that others keep getting in the way of: those of the same
/// listing meet each other.
const TRIES: u32 = 64;

pub(super) async fn run(settings: &Settings, args: ImportArgs) -> Outcome {
    let ImportArgs { file, confirm, strict, parallel } = args;
    // First, so that a name that is wrong makes no database.
    let (reader, progress) = open(&file)?;
    let keys = assemble::keys(settings)?;
    let database = assemble::database(settings, IfMissing::Make).await?;
    let market = assemble::marketplace(settings, &database, keys).await?;
    let operator = assemble::operator(settings, &market)?;
    let how = Importing { confirm, strict, parallel };
    let (report, ended) = import(&operator, reader, &progress, how).await;
    progress.finish_and_clear();
    output::print(&report);
    let merged = match &database {
        Database::Sqlite(store) => store.merge_index().await,
        Database::Postgres(_) => Ok(()),
    };
    ended?;
    merged?;
    match report.skipped.values().sum::<u64>() {
        0 => Ok(()),
        skipped => Err(Failure::refused(format!("{skipped} lines were not imported"))),
    }
}

/// How to import.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Importing {
    /// Whether the references count as confirmed, on the operator's word.
    pub(crate) confirm: bool,
    /// Whether to stop at the first line that can't be imported.
    pub(crate) strict: bool,
    /// How many lines are imported at a time.
    pub(crate) parallel: u16,
}

/// What became of the lines.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: u64,
    outcomes: BTreeMap<&'static str, u64>,
    normalised: u64,
    /// How many could not be imported, by reason.
    skipped: BTreeMap<String, u64>,
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
        match self.normalised {
            0 => Ok(()),
            n => writeln!(f, "{n} versions were not semver and were normalised"),
        }
    }
}

/// Imports what `reader` has, and says what became of it, also of what was imported before it had to
/// stop. Lines that can't be imported are told on standard error.
///
/// Lines are imported side by side, but for entries of different stages: those of one rest on those
/// of the stages before.
pub(crate) async fn import(
    operator: &Acting,
    reader: impl BufRead,
    progress: &ProgressBar,
    how: Importing,
) -> (Report, Outcome) {
    let mut lines = Lines { read: ImportLines::new(reader), confirm: how.confirm, ahead: None };
    let mut taken = Taken { report: Report::default(), stopped: None };
    let mut in_flight = FuturesUnordered::new();
    let mut stage = None;
    loop {
        while in_flight.len() < usize::from(how.parallel) && taken.stopped.is_none() {
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    let number = lines.read.number() + 1;
                    taken.stop(number, Failure::failed(format!("line {number}: {error}")));
                    break;
                }
            };
            if line.stage() != stage && !in_flight.is_empty() {
                lines.ahead = Some(line);
                break;
            }
            stage = line.stage();
            taken.report.lines += 1;
            in_flight.push(line.import(operator));
        }
        // Whoever stops waits for what has begun: it would be given up in the middle.
        let Some((number, fate)) = in_flight.next().await else {
            return (taken.report, taken.stopped.map_or(Ok(()), |(_, failure)| Err(failure)));
        };
        if let Some(refused) = taken.take(number, fate, how.strict) {
            progress.suspend(|| note!("line {number}: {refused}"));
        }
    }
}

/// The lines of a catalogue, in their order.
struct Lines<R> {
    read: ImportLines<R>,
    confirm: bool,
    /// The next one, if it was read before it could be begun.
    ahead: Option<Line>,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.ahead.take() {
            return Ok(Some(line));
        }
        let Some(text) = self.read.next().transpose()? else { return Ok(None) };
        Ok(Some(Line::read(self.read.number(), &text, self.confirm)))
    }
}

/// What became of the lines so far, and the first of those that end the import.
struct Taken {
    report: Report,
    stopped: Option<(u64, Failure)>,
}

impl Taken {
    /// Notes what became of a line; the reason, if it could not be imported.
    fn take(&mut self, number: u64, fate: Fate, strict: bool) -> Option<String> {
        use ErrorKind::{Forbidden, Internal, Unavailable};
        let refused = match fate {
            Fate::Done(outcome, normalised) => {
                *self.report.outcomes.entry(outcome).or_default() += 1;
                self.report.normalised += u64::from(normalised);
                return None;
            }
            Fate::Unread(refused) => refused.to_string(),
            Fate::Refused(error) => {
                let refused = format!("{}: {error}", error.code().as_str());
                if matches!(error.kind(), Unavailable | Internal | Forbidden) {
                    self.stop(number, Failure::from(error).of(format_args!("line {number}")));
                }
                refused
            }
        };
        *self.report.skipped.entry(refused.clone()).or_default() += 1;
        if strict {
            let what = format!("stopped at line {number}, as --strict asks");
            self.stop(number, Failure::refused(what));
        }
        Some(refused)
    }

    /// Several lines may end it, in any order.
    fn stop(&mut self, number: u64, failure: Failure) {
        if self.stopped.as_ref().is_none_or(|(first, _)| number < *first) {
            self.stopped = Some((number, failure));
        }
    }
}

/// A line and its number.
struct Line {
    number: u64,
    read: Result<CatalogueLine, CatalogueLineError>,
}

/// What became of one line.
enum Fate {
    Done(&'static str, bool),
    Unread(CatalogueLineError),
    Refused(Error),
}

impl Line {
    fn read(number: u64, text: &str, confirm: bool) -> Self {
        Line { number, read: CatalogueLine::parse(text, confirm) }
    }

    /// The stage of an entry; rows and what was not understood rest on nothing.
    fn stage(&self) -> Option<CatalogueStage> {
        match &self.read {
            Ok(CatalogueLine::Entry(entry)) => Some(entry.stage()),
            _ => None,
        }
    }

    async fn import(self, operator: &Acting) -> (u64, Fate) {
        let line = match self.read {
            Ok(line) => line,
            Err(refused) => return (self.number, Fate::Unread(refused)),
        };
        let mut tries = 0;
        loop {
            let fate = match once(operator, &line).await {
                Err(error) if error.code() == ErrorCode::Contended && tries < TRIES => {
                    tries += 1;
                    continue;
                }
                Err(error) => Fate::Refused(error),
                Ok((outcome, normalised)) => Fate::Done(outcome, normalised),
            };
            return (self.number, fate);
        }
    }
}

async fn once(operator: &Acting, line: &CatalogueLine) -> Result<(&'static str, bool), Error> {
    match line {
        CatalogueLine::Row(line) => {
            let imported = operator.import(line.row.clone()).await?;
            Ok((of_row(imported.outcome), line.version_normalised))
        }
        CatalogueLine::Entry(entry) => {
            let imported = operator.import_entry((**entry).clone()).await?;
            Ok((of_entry(entry, imported.outcome), false))
        }
    }
}

fn of_row(outcome: ImportOutcome) -> &'static str {
    match outcome {
        ImportOutcome::Created => "listings, each with its first release",
        ImportOutcome::ReleaseAdded => "further releases of listings",
        ImportOutcome::PopularityChanged => "listings whose popularity was brought up to date",
        ImportOutcome::Unchanged => "lines that said nothing new",
    }
}

fn of_entry(entry: &CatalogueEntry, outcome: EntryOutcome) -> &'static str {
    match (outcome, entry) {
        (EntryOutcome::Unchanged, _) => "lines that said nothing new",
        (_, CatalogueEntry::Publisher(_)) => "publishers",
        (EntryOutcome::Changed, CatalogueEntry::Listing(_)) => {
            "listings whose popularity was brought up to date"
        }
        (_, CatalogueEntry::Listing(_)) => "listings",
        (_, CatalogueEntry::Release(_)) => "releases",
        (_, CatalogueEntry::Deprecation(_)) => "deprecations",
        (_, CatalogueEntry::Takedown(_)) => "take-downs",
        (_, CatalogueEntry::Suspension(_)) => "suspensions",
    }
}

/// The lines of a file or of standard input, and a bar that shows how much of it has been read.
fn open(path: &Path) -> Outcome<(Box<dyn BufRead>, ProgressBar)> {
    let failed = |error: io::Error| Failure::file(path, &error);
    if path.as_os_str() == "-" {
        let bar = bar("{bytes} read, {elapsed_precise}")?;
        return Ok((unpacked(bar.wrap_read(io::stdin())).map_err(failed)?, bar));
    }
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let template =
        "{bar:30} {percent:>3} % of the file, {elapsed_precise} passed, {eta_precise} to go";
    let bar = bar(template)?;
    bar.set_length(length);
    Ok((unpacked(bar.wrap_read(file)).map_err(failed)?, bar))
}

/// What is read, unpacked if it is gzip.
fn unpacked(reader: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut reader = BufReader::new(reader);
    match reader.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        true => Ok(Box::new(BufReader::new(MultiGzDecoder::new(reader)))),
        false => Ok(Box::new(reader)),
    }
}
