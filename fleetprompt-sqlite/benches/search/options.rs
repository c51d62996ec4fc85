//! The arguments of the benchmark.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::sample::Class;

/// The figures of search: how long it takes, what it finds, what it weighs.
///
/// Over a million listings that are made up, or over a catalogue in a file. Filling the marketplace
/// takes minutes a million; it is kept, and used again by the next run with the same listings.
#[derive(Parser)]
pub(crate) struct Options {
    /// A catalogue in JSON Lines, plain or gzip; without one, listings are made up
    pub(crate) catalogue: Option<PathBuf>,
    /// How many listings: by default all of a file, or a million made up ones
    #[arg(long)]
    pub(crate) listings: Option<u64>,
    /// The parts to run, separated by commas; all of them by default
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) parts: Vec<Part>,
    /// The classes of questions that are timed, separated by commas; all of them by default
    #[arg(long, value_enum, value_delimiter = ',')]
    classes: Vec<Class>,
    /// How many questions of each class
    #[arg(long, default_value_t = 300)]
    pub(crate) questions: usize,
    /// How many listings are looked for in each class
    #[arg(long, default_value_t = 500)]
    pub(crate) items: usize,
    /// What the random numbers begin with
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where filled marketplaces are kept
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/search"))]
    pub(crate) keep: PathBuf,
    /// What `cargo bench` passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    /// Serve what comes on the standard input, to have the memory measured
    #[arg(long, hide = true)]
    pub(crate) serve: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// How long first pages take, and totals and facets
    Latency,
    /// Pages far behind the first
    Deep,
    /// Whether listings are found by their own words
    Relevance,
    /// Whether they are with a slip of the finger
    Typos,
    /// Bytes of the index against those of the text
    Size,
    /// The memory of a process that serves
    Memory,
}

impl Options {
    pub(crate) fn classes(&self) -> &[Class] {
        if self.classes.is_empty() { Class::value_variants() } else { &self.classes }
    }

    pub(crate) fn chosen(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}
