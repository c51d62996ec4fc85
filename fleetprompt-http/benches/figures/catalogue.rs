//! The catalogue that is served, and what is searched for in it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use fleetprompt_core::port::INDEX_VERSION;
use fleetprompt_sqlite::SqliteStore;
use futures_util::{StreamExt as _, stream};
use pollster::block_on;

use crate::corpus::{Corpus, FUNCTION_WORDS};
use crate::random::Random;
use crate::shared::{marketplace, operator};

const SEED: u64 = 1;
const OF_A_PUBLISHER: usize = 5;
/// How many rows are on their way at a time.
const IN_FLIGHT: usize = 2_048;

fn corpus(listings: usize) -> Corpus {
    Corpus::MadeUp { seed: SEED, publishers: (listings / OF_A_PUBLISHER).max(1) }
}

/// The file of a marketplace with so many made up listings, filled if it is not in `folder` yet.
pub(crate) fn filled(folder: &Path, listings: usize) -> PathBuf {
    let corpus = corpus(listings);
    let name = format!("{}-{listings}-index-{INDEX_VERSION}.db", corpus.name());
    let (file, making) = (folder.join(&name), folder.join(format!("{name}.making")));
    if !file.exists() {
        fs::create_dir_all(folder).unwrap();
        drop(fs::remove_file(&making));
        println!("filling {}", file.display());
        fill(&making, &corpus, listings);
        fs::rename(&making, &file).unwrap();
    }
    file
}

fn fill(file: &Path, corpus: &Corpus, listings: usize) {
    let store = SqliteStore::options().batch(1_024).cache(4 << 20, 256 << 20).open(file).unwrap();
    let operator = operator(&marketplace(store.clone()));
    let rows = stream::iter(corpus.rows().take(listings));
    // Rows whose names look like others' are refused, as any import of them is.
    let imports = rows.map(|row| operator.import(row)).buffered(IN_FLIGHT);
    block_on(imports.for_each(|imported| {
        drop(imported);
        std::future::ready(())
    }));
    block_on(store.merge_index()).unwrap();
}

/// So many different questions: two words of one listing each.
pub(crate) fn questions(listings: usize, many: usize) -> Vec<String> {
    let random = &mut Random::new(SEED, "questions");
    let texts: Vec<String> = corpus(listings)
        .rows()
        .take(listings)
        .map(|row| format!("{} {}", row.content.title, row.content.summary))
        .collect();
    let mut asked = HashSet::new();
    let mut questions = Vec::with_capacity(many);
    while questions.len() < many {
        let words = telling_words(random.pick(&texts).unwrap());
        let two = (random.pick(&words).unwrap(), random.pick(&words).unwrap());
        let question = format!("{} {}", two.0, two.1);
        if two.0 != two.1 && asked.insert(question.clone()) {
            questions.push(question);
        }
    }
    questions
}

fn telling_words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_ascii_lowercase);
    words.filter(|word| word.len() >= 3 && !FUNCTION_WORDS.contains(&word.as_str())).collect()
}
