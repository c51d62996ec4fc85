//! `copy`: everything of one database into another, tested row by row.

use fleetprompt_core::copy::{self, CopyError, CopyOptions, CopyProgress, CopyStage};
use fleetprompt_core::port::{CopySource, CopyTarget};
use indicatif::ProgressBar;
use secrecy::{ExposeSecret as _, SecretString};

use crate::assemble::{self, Database, IfMissing};
use crate::cli::CopyArgs;
use crate::failure::{Failure, Outcome};
use crate::output::{bar, tell};
use crate::settings::{DatabaseUrl, PostgresSettings, Settings};

pub(super) async fn run(settings: Settings, args: CopyArgs) -> Outcome {
    let CopyArgs { from, to, restart } = args;
    let (from, to) = (named("FROM", &from)?, named("TO", &to)?);
    // The other servers are those of the configured database, which may be neither of the two.
    let postgres = PostgresSettings { failover: Vec::new(), replica: None, ..settings.postgres };
    let settings = Settings { database: from.clone(), postgres, ..settings };
    let source: Box<dyn CopySource> =
        match assemble::database(&settings, IfMissing::RefuseNamed).await? {
            Database::Sqlite(store) => Box::new(store),
            Database::Postgres(store) => Box::new(store),
        };
    let target = target(&settings, &to).await.map_err(|error| error.of(&to))?;
    let bar = bar("{msg:12} {bar:30} {human_pos} of {human_len} rows, {eta} left")?;
    let options = CopyOptions::default().restart(restart);
    let copied = copy::copy(&*source, &*target, options, |progress| draw(&bar, progress)).await;
    bar.finish_and_clear();
    let report = copied.map_err(|error| refused(&error))?;
    tell!("{to} is a copy of {from}: {report}");
    tell!("Serve one of the two from now on: both know the same keys and tokens.");
    Ok(())
}

/// The database of an argument.
fn named(argument: &str, given: &SecretString) -> Outcome<DatabaseUrl> {
    given
        .expose_secret()
        .parse()
        .map_err(|refused| Failure::usage(format!("{argument}: {refused}")))
}

async fn target(settings: &Settings, to: &DatabaseUrl) -> Outcome<Box<dyn CopyTarget>> {
    Ok(match to {
        DatabaseUrl::Sqlite(path) => {
            Box::new(fleetprompt_sqlite::SqliteStore::options().open_copy_target(path)?)
        }
        DatabaseUrl::Postgres(url) => {
            let options = assemble::postgres(settings)?;
            Box::new(options.connect_copy_target(url.expose_secret()).await?)
        }
    })
}

fn draw(bar: &ProgressBar, progress: CopyProgress) {
    let stage = match progress.stage {
        CopyStage::Copying => "copying",
        CopyStage::Testing => "testing",
    };
    bar.set_message(stage);
    bar.set_length(progress.total);
    bar.set_position(progress.rows);
}

fn refused(error: &CopyError) -> Failure {
    let failure = Failure::failed(error.to_string());
    match error {
        CopyError::TargetOccupied => failure.hint("Name a database that does not exist yet."),
        CopyError::SourceChanged | CopyError::Differs(_) => {
            failure.hint("Stop what writes to the source, and copy again with --restart.")
        }
        CopyError::Source(_) | CopyError::Target(_) => {
            failure.hint("Run it again: it goes on where it stopped.")
        }
    }
}
