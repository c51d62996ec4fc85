//! The FleetPrompt marketplace as a program: `fleetprompt --help` says what it does.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `cli` | commands and flags |
//! | `settings` | the configuration: file, environment, flags; where each value comes from |
//! | `key_file` | the key ring in its file |
//! | `assemble` | the parts, put together: store, marketplace, identity, router, server |
//! | `open_files` | how many connections there is room for |
//! | `server_log` | the log of a server, and the export of traces beside it |
//! | `commands` | one file for each family of commands |
//! | `demo` | the demo catalogue, and the lines to try |
//! | `output` | what is printed, to whoever reads it or no longer does |
//! | `failure` | what went wrong, for a person, and the exit codes |
#![forbid(unsafe_code)]
// Its macros panic where nobody reads.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod assemble;
mod cli;
mod commands;
mod demo;
mod failure;
mod key_file;
mod open_files;
mod output;
mod server_log;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        // Boxed: the future of all commands together is large.
        Ok(runtime) => runtime.block_on(Box::pin(commands::run(cli))),
        Err(error) => Err(Failure::failed(format!("no threads could be started: {error}"))),
    };
    match outcome.and_then(|()| output::finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}
