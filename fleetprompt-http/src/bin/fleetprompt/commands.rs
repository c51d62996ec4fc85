//! The commands, a file for each family.

mod copy;
mod export;
mod import;
mod key_watch;
mod keys;
mod look;
mod operate;
mod serve;
mod service_token;
mod tend;
mod upkeep;

use crate::cli::{Cli, Command, ConfigCommand, DemoArgs};
use crate::failure::Outcome;
use crate::settings::Settings;

pub(crate) use import::{Importing, import};
pub(crate) use serve::run_server;

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> Outcome {
    let Cli { flags, command } = cli;
    let command = command.unwrap_or_else(|| Command::Demo(DemoArgs::default()));
    match command {
        Command::Demo(demo) => return crate::demo::run(&flags, demo).await,
        Command::Openapi => return look::openapi(),
        Command::ServiceToken(command) => return service_token::run(command),
        Command::Config(ConfigCommand::Show { format }) => return look::config(&flags, format),
        _ => {}
    }
    let settings = Settings::load(&flags)?;
    if let Command::Serve(serve) = command {
        return serve::run(settings, serve).await;
    }
    crate::assemble::logs(settings.log);
    match command {
        Command::Healthcheck => look::healthcheck(&settings).await,
        Command::Keys(command) => keys::run(&settings, command).await,
        Command::Migrate => tend::migrate(&settings).await,
        Command::Import(args) => import::run(&settings, args).await,
        Command::Export(args) => export::run(&settings, args).await,
        Command::Publisher(command) => operate::publisher(&settings, command).await,
        Command::Listing(command) => operate::listing(&settings, command).await,
        Command::Names(command) => operate::names(&settings, command).await,
        Command::Backup(args) => tend::backup(&settings, args).await,
        Command::Copy(args) => copy::run(settings, args).await,
        Command::Check(args) => tend::check(&settings, args).await,
        Command::Maintain => tend::maintain(&settings).await,
        Command::Fence(args) => tend::fence(&settings, args).await,
        // Done above.
        Command::Demo(_)
        | Command::Openapi
        | Command::ServiceToken(_)
        | Command::Config(_)
        | Command::Serve(_) => Ok(()),
    }
}
