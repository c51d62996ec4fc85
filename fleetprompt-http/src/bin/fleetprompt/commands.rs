//! The commands, a file for each; `operate` has those by which operators decide.

mod backup;
mod check;
mod config;
mod copy;
mod export;
mod fence;
mod healthcheck;
mod import;
mod key_watch;
mod keys;
mod maintain;
mod migrate;
mod openapi;
mod operate;
mod serve;
mod service_token;

use crate::cli::{Cli, Command, Configured, DemoArgs};
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
        Command::Openapi => return openapi::run(),
        Command::ServiceToken(command) => return service_token::run(command),
        Command::Config(command) => return config::run(&flags, command),
        Command::Serve(args) => return serve::run(Settings::load(&flags)?, args).await,
        Command::Configured(command) => command,
    };
    let settings = Settings::load(&flags)?;
    crate::assemble::logs(settings.log);
    match configured {
        Configured::Healthcheck => healthcheck::run(&settings).await,
        Configured::Keys(command) => keys::run(&settings, command).await,
        Configured::Migrate => migrate::run(&settings).await,
        Configured::Import(args) => import::run(&settings, args).await,
        Configured::Export(args) => export::run(&settings, args).await,
        Configured::Publisher(command) => operate::publisher(&settings, command).await,
        Configured::Listing(command) => operate::listing(&settings, command).await,
        Configured::Names(command) => operate::names(&settings, command).await,
        Configured::Backup(args) => backup::run(&settings, args).await,
        Configured::Copy(args) => copy::run(settings, args).await,
        Configured::Check(args) => check::run(&settings, args).await,
        Configured::Maintain => maintain::run(&settings).await,
        Configured::Fence(args) => fence::run(&settings, args).await,
    }
}
