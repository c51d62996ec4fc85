//! The arguments of the benchmark.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// See the module above.
#[derive(Parser)]
pub(crate) struct Options {
    #[arg(long, value_enum, value_delimiter = ',')]
    parts: Vec<Part>,
    #[arg(long, value_enum, value_delimiter = ',')]
    stores: Vec<StoreKind>,
    #[arg(long, default_value_t = 20_000)]
    pub(crate) listings: usize,
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: usize,
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u64,
    #[arg(long, default_value_t = 300)]
    pub(crate) soak: u64,
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/http"))]
    pub(crate) keep: PathBuf,
    /// What cargo says to benchmarks.
    #[arg(long, hide = true)]
    bench: bool,
    /// What the server's process is to serve.
    #[arg(long, hide = true)]
    pub(crate) serve: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Reads,
    Search,
    Redeem,
    Latency,
    Soak,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    Sqlite,
    Postgres,
}

impl StoreKind {
    /// What its figures' names begin with.
    pub(crate) fn name(self) -> &'static str {
        match self {
            StoreKind::Sqlite => "sqlite",
            StoreKind::Postgres => "postgres",
        }
    }
}

impl Options {
    pub(crate) fn chosen(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    pub(crate) fn stores(&self) -> Vec<StoreKind> {
        match (self.stores.as_slice(), crate::database::server()) {
            ([], None) => vec![StoreKind::Sqlite],
            ([], Some(_)) => vec![StoreKind::Sqlite, StoreKind::Postgres],
            (chosen, _) => chosen.to_vec(),
        }
    }
}
