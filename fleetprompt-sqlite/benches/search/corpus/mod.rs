//! What is searched: a catalogue in a file, or one made up.

mod made_up;
mod topics;
mod words;

use std::path::PathBuf;

use fleetprompt_core::marketplace::ImportRow;

use crate::random::Random;
use crate::shared::read;

use made_up::Maker;

pub(crate) use words::FUNCTION_WORDS;

/// Changes when other listings are made up than before.
const MADE_UP_VERSION: u32 = 1;

/// Where the listings come from.
#[derive(Clone)]
pub(crate) enum Corpus {
    /// A catalogue in JSON Lines, plain or gzip.
    File(PathBuf),
    /// Made up, the same for the same seed.
    MadeUp {
        seed: u64,
        /// How many publishers to make up, of which the larger ones have most listings.
        publishers: usize,
    },
}

impl Corpus {
    /// The rows, one after the other. Those that are made up never end.
    pub(crate) fn rows(&self) -> Box<dyn Iterator<Item = ImportRow>> {
        match self {
            Corpus::File(path) => Box::new(read(path)),
            Corpus::MadeUp { seed, publishers } => {
                Box::new(Maker::new(Random::new(*seed, "corpus"), *publishers))
            }
        }
    }

    /// A name for what is filled with it: another one whenever the rows may be others.
    pub(crate) fn name(&self) -> String {
        match self {
            Corpus::File(path) => {
                let about = path.metadata().unwrap();
                let changed = about.modified().unwrap().duration_since(std::time::UNIX_EPOCH);
                let stem = path.file_name().unwrap_or_default().to_string_lossy();
                format!("{stem}-{}-{}", about.len(), changed.unwrap().as_secs())
            }
            Corpus::MadeUp { seed, publishers } => {
                format!("made-up-{MADE_UP_VERSION}-{seed}-{publishers}")
            }
        }
    }
}
