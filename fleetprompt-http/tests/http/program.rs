//! The program `fleetprompt`, as an operator runs it.

mod catalogue;
mod configuration;
mod demo;
mod keys;
#[cfg(target_os = "linux")]
mod open_files;
mod operating;
mod output;
mod s3_server;
mod service_token;
mod serving;
mod settings;
#[cfg(unix)]
mod signals;
mod support;
