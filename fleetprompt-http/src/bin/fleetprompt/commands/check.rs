//! `check`: whether database, records and search index are sound, and repairs of the index.

use fleetprompt_core::Marketplace;
use fleetprompt_core::domain::Position;
use fleetprompt_core::marketplace::{IndexReport, RecordsReport};
use fleetprompt_postgres::PostgresStore;
use fleetprompt_sqlite::{Finding, SqliteStore};

use crate::assemble::{self, Database};
use crate::cli::CheckArgs;
use crate::failure::{Failure, Outcome};
use crate::output::{bar, note, tell};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: CheckArgs) -> Outcome {
    let (database, market) = assemble::existing(settings).await?;
    let repair = args.repair_index;
    let tables = match &database {
        Database::Sqlite(store) => check_sqlite(settings, store, repair).await,
        Database::Postgres(store) => check_postgres(settings, store, repair).await,
    };
    let tables = or_unsound(tables)?;
    let records = or_unsound(check_records(&market).await)?;
    let entries = or_unsound(check_entries(&market, repair).await)?;
    let clock = or_unsound(check_clock(&market).await)?;
    if !(tables && records && entries && clock) {
        return Err(Failure::failed("something is wrong, see above"));
    }
    tell!("nothing is wrong");
    Ok(())
}

/// A part of the check that can't be made to its end says so, and the others go on.
fn or_unsound(checked: Outcome<bool>) -> Outcome<bool> {
    match checked {
        Err(failure) if failure.is_failed() => {
            note!("{failure}");
            Ok(false)
        }
        checked => checked,
    }
}

/// Whether the clock goes with the log.
async fn check_clock(market: &Marketplace) -> Outcome<bool> {
    let Some(behind) = market.clock_behind().await? else { return Ok(true) };
    tell!(
        "clock: {} seconds behind the last event; no install token is issued or redeemed \
         (see docs/OPERATIONS.md)",
        behind.as_seconds_ceil()
    );
    Ok(false)
}

/// Whether records, names, counters and events go together.
async fn check_records(market: &Marketplace) -> Outcome<bool> {
    let bar = bar("{pos} rows compared, {elapsed_precise}")?;
    let progress = |so_far: &RecordsReport| bar.set_position(so_far.checked);
    let report = market.check_records(progress).await;
    bar.finish_and_clear();
    let report = report.map_err(|error| Failure::from(error).of("records"))?;
    tell!("records: {} rows compared, {} faults", report.checked, report.faults());
    for fault in &report.examples {
        tell!("{fault}");
    }
    if report.faults() > report.examples.len() as u64 {
        for (kind, count) in report.kinds() {
            tell!("records: {count} in all: {kind}");
        }
    }
    if report.unsettled > 0 {
        tell!(
            "records: {} rows changed each time they were looked at; check them at a quieter hour",
            report.unsettled
        );
    }
    Ok(report.is_clean())
}

/// Whether the search index says what the records say, after repairs if they are wanted.
async fn check_entries(market: &Marketplace, repair: bool) -> Outcome<bool> {
    let bar = bar("{pos} listings compared, {elapsed_precise}")?;
    let progress = |so_far: &IndexReport| bar.set_position(so_far.checked);
    let report = match repair {
        true => market.rebuild_index(Position::START, progress).await,
        false => market.check_index(Position::START, progress).await,
    };
    bar.finish_and_clear();
    let report = report.map_err(|error| Failure::from(error).of("search index"))?;
    tell!(
        "search index: {} listings compared, {} missing, {} stale, {} superfluous",
        report.checked,
        report.missing,
        report.stale,
        report.extra
    );
    match (report.is_clean(), repair) {
        (true, _) => Ok(true),
        (false, true) => {
            tell!("search index: repaired");
            Ok(true)
        }
        (false, false) => {
            tell!("search index: `fleetprompt check --repair-index` repairs it");
            Ok(false)
        }
    }
}

/// Whether the database is sound, after repairs if they are wanted.
async fn check_sqlite(settings: &Settings, store: &SqliteStore, repair: bool) -> Outcome<bool> {
    let report = store.check().await?;
    tell!("{}: {report}", settings.database);
    if report.is_clean() {
        return Ok(true);
    }
    if !repair {
        if report.findings.iter().any(is_of_the_index) {
            tell!("search index: `fleetprompt check --repair-index` makes its tables anew");
        }
        return Ok(false);
    }
    let bar = bar("{bar:30} {percent:>3} % of the search index's entries")?;
    let rebuilt = store.rebuild_index(|now| {
        bar.set_length(now.entries);
        bar.set_position(now.read);
    });
    let rebuilt = rebuilt.await;
    bar.finish_and_clear();
    tell!("search index: made anew from {} entries", rebuilt?.read);
    let report = store.check().await?;
    tell!("{}: {report}", settings.database);
    Ok(report.is_clean())
}

/// Whether a finding is about tables that `--repair-index` makes anew.
fn is_of_the_index(finding: &Finding) -> bool {
    const TABLES: [&str; 4] = ["index_entry", "index_term", "index_count", "index_text"];
    match finding {
        Finding::Structure(words) => TABLES.iter().any(|table| words.contains(table)),
        Finding::Unreadable { table } | Finding::Rows { table, .. } => {
            *table == "index" || TABLES.contains(table)
        }
        _ => false,
    }
}

/// As [`check_sqlite`].
async fn check_postgres(settings: &Settings, store: &PostgresStore, repair: bool) -> Outcome<bool> {
    tell!("{}: PostgreSQL checks its own pages (data_checksums, pg_amcheck)", settings.database);
    let tables = store.check_index_tables().await?;
    tell!("search index: {tables}");
    if tables.is_clean() {
        return Ok(true);
    }
    if !repair {
        tell!("search index: `fleetprompt check --repair-index` mends its tables");
        return Ok(false);
    }
    tell!("search index: {} differences mended", store.mend_index_tables().await?);
    let tables = store.check_index_tables().await?;
    tell!("search index: {tables}");
    Ok(tables.is_clean())
}
