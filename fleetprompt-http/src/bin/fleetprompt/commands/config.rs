//! `config`: what holds, and where each value comes from.

use crate::assemble;
use crate::cli::{ConfigCommand, Flags, ShowFormat};
use crate::failure::{Failure, Outcome};
use crate::output::tell;
use crate::settings::Settings;

pub(super) fn run(flags: &Flags, command: ConfigCommand) -> Outcome {
    let ConfigCommand::Show { format } = command;
    let (settings, shown) = Settings::show(flags)?;
    assemble::accepted(&settings)?;
    if format == ShowFormat::Json {
        let json = serde_json::to_string_pretty(&shown);
        tell!("{}", json.map_err(|error| Failure::failed(error.to_string()))?);
        return Ok(());
    }
    for one in shown {
        let line = format!("{} = {}", one.key, one.value);
        tell!("{line:<60} # {}", one.source);
    }
    Ok(())
}
