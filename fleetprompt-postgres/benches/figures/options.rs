//! The arguments of the benchmark.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// See the module above.
#[derive(Parser)]
pub(crate) struct Options {
    #[arg(long, value_enum, value_delimiter = ',')]
    parts: Vec<Part>,
    #[arg(long, default_value_t = 20_000)]
    pub(crate) listings: u64,
    #[arg(long)]
    smaller: Option<u64>,
    #[arg(long, default_value_t = 100)]
    pub(crate) questions: usize,
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u64,
    #[arg(long)]
    pub(crate) fill: bool,
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/search"))]
    pub(crate) keep: PathBuf,
    /// What cargo says to benchmarks.
    #[arg(long, hide = true)]
    bench: bool,
    /// What one of several processes is to do.
    #[arg(long, hide = true)]
    pub(crate) worker: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Commits,
    Processes,
    Reads,
    Search,
}

impl Options {
    pub(crate) fn chosen(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    /// How many listings the smaller catalogue has.
    pub(crate) fn smaller(&self) -> u64 {
        self.smaller.unwrap_or((self.listings / 10).max(1))
    }
}
