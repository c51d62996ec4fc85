//! The figures of what is done to content before it is stored.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on says where, and ends")]

#[path = "../../../fleetprompt-sqlite/benches/shared/figure.rs"]
#[expect(dead_code, reason = "driving tasks is for stores")]
mod figure;
mod secrets;

use std::path::Path;

fn main() {
    // `cargo bench -- secrets` takes these alone, `cargo bench -- secrets FOLDER` those of the
    // READMEs below a folder as well.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let folder = arguments.iter().map(Path::new).find(|path| path.is_dir());
    let chosen = |name: &str| arguments.is_empty() || arguments.iter().any(|it| it == name);
    if chosen("secrets") {
        secrets::figures(folder);
//! What it costs to take in what publishers write, against the libraries underneath in the same
//! run. One file a subject.

#![expect(clippy::expect_used, reason = "a figure that can't be taken must stop the run")]

#[path = "../../../fleetprompt-sqlite/benches/shared/figure.rs"]
#[expect(dead_code, reason = "shared with benchmarks that drive tasks")]
mod figure;
mod rendering;
mod sample;
mod timing;

fn main() {
    // Also run as a test, which only checks that the benchmark builds.
    if std::env::args().any(|arg| arg == "--bench") {
        rendering::figures();
    }
}
