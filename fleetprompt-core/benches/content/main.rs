//! What it costs to take in what publishers write, against the libraries underneath in the same
//! run. One file a subject.

#![expect(clippy::expect_used, reason = "a figure that can't be taken must stop the run")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

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
