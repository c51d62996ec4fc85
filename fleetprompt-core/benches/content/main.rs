//! What it costs to take in what publishers write, against the libraries underneath in the same
//! run. One file a subject.
//!
//! ```text
//! cargo bench -p fleetprompt-core --bench content                     # everything
//! cargo bench -p fleetprompt-core --bench content -- rendering
//! cargo bench -p fleetprompt-core --bench content -- secrets FOLDER   # and the READMEs below it
//! ```

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on says where, and ends")]
#![expect(clippy::expect_used, reason = "a figure that can't be taken must stop the run")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

#[path = "../../../fleetprompt-sqlite/benches/shared/figure.rs"]
#[expect(dead_code, reason = "no goal of this benchmark is a lower bound")]
mod figure;
mod rendering;
mod sample;
mod secrets;
mod timing;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Also run as a test, which only checks that the benchmark builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let names: Vec<&String> = arguments.iter().filter(|it| !it.starts_with('-')).collect();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|it| *it == name);
    if chosen("rendering") {
        rendering::figures();
    }
    if chosen("secrets") {
        secrets::figures(names.iter().map(Path::new).find(|path| path.is_dir()));
    }
}
