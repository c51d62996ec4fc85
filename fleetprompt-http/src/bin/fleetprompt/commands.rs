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

use crate::cli::{Cli, Command, ConfigCommand, Configured, DemoArgs};
use crate::failure::Outcome;
use crate::settings::Settings;

pub(crate) use import::{Importing, import};
pub(crate) use serve::run_server;

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> Outcome {
    let Cli { flags, command } = cli;
    let command = command.unwrap_or_else(|| Command::Demo(DemoArgs::default()));
    let configured = match command {
        Command::Demo(demo) => return crate::demo::run(&flags, demo).await,
        Command::Openapi => return look::openapi(),
        Command::ServiceToken(command) => return service_token::run(command),
        Command::Config(ConfigCommand::Show { format }) => return look::config(&flags, format),
        Command::Serve(args) => return serve::run(Settings::load(&flags)?, args).await,
        Command::Configured(command) => command,
    };
    let settings = Settings::load(&flags)?;
    crate::assemble::logs(settings.log);
    match configured {
        Configured::Healthcheck => look::healthcheck(&settings).await,
        Configured::Keys(command) => keys::run(&settings, command).await,
        Configured::Migrate => tend::migrate(&settings).await,
        Configured::Import(args) => import::run(&settings, args).await,
        Configured::Export(args) => export::run(&settings, args).await,
        Configured::Publisher(command) => operate::publisher(&settings, command).await,
        Configured::Listing(command) => operate::listing(&settings, command).await,
        Configured::Names(command) => operate::names(&settings, command).await,
        Configured::Backup(args) => tend::backup(&settings, args).await,
        Configured::Copy(args) => copy::run(settings, args).await,
        Configured::Check(args) => tend::check(&settings, args).await,
        Configured::Maintain => tend::maintain(&settings).await,
        Configured::Fence(args) => tend::fence(&settings, args).await,
    }
}
