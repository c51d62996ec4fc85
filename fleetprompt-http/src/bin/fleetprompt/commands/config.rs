//! `config`: what holds, as a file, and where each value comes from.

use crate::assemble;
use crate::cli::{ConfigCommand, Flags, ShowFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{print, tell};
use crate::settings::{self, Settings};

pub(super) fn run(flags: &Flags, command: ConfigCommand) -> Outcome {
    let ConfigCommand::Show { format } = command;
    let (configured, shown) = Settings::show(flags)?;
    assemble::accepted(&configured)?;
    if format == ShowFormat::Json {
        let json = serde_json::to_string_pretty(&shown);
        tell!("{}", json.map_err(|error| Failure::failed(error.to_string()))?);
        return Ok(());
    }
    print(settings::file_of(&shown));
    Ok(())
}
