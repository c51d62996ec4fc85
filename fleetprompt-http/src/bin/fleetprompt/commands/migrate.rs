//! `migrate`: the database brought to this version.

use crate::assemble::{self, IfMissing};
use crate::failure::Outcome;
use crate::output::tell;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings) -> Outcome {
    // Whoever opens a database brings it to this version.
    assemble::database(settings, IfMissing::Make).await?;
    tell!("{} is up to date", settings.database);
    Ok(())
}
