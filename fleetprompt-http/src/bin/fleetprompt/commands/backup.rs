//! `backup`: a copy of a SQLite database, made while it is in use.

use crate::assemble::{self, Database, IfMissing};
use crate::cli::BackupArgs;
use crate::failure::{Failure, Outcome};
use crate::output::{bar, tell};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: BackupArgs) -> Outcome {
    let Database::Sqlite(store) = assemble::database(settings, IfMissing::Refuse).await? else {
        return Err(Failure::usage("backup is for SQLite").hint("For PostgreSQL, use pg_dump."));
    };
    let bar = bar("{bar:30} {percent:>3} % of the pages")?;
    let drawn = bar.clone();
    let to = args.to;
    let copied = store
        .backup(to.clone(), move |now| {
            drawn.set_length(now.pages);
            drawn.set_position(now.copied);
        })
        .await;
    bar.finish_and_clear();
    copied.map_err(|error| Failure::from(error).of(to.display()))?;
    tell!("{} is a copy of {}", to.display(), settings.database);
    tell!("Before a restored copy serves anyone: fleetprompt fence (see docs/OPERATIONS.md)");
    Ok(())
}
