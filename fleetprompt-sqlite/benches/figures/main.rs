//! The figures of the store, each against a ceiling that is taken in the same run.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on says where, and ends")]

mod commits;
mod import;
mod market;
mod measure;
mod raw;
mod reads;
#[path = "../shared/mod.rs"]
mod shared;
mod tokens;

use std::path::Path;

fn main() {
    // `cargo bench -- reads` takes these alone, `cargo bench -- import FILE` those of a catalogue.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let file = arguments.iter().map(Path::new).find(|path| path.is_file());
    let chosen = |name: &str| arguments.is_empty() || arguments.iter().any(|it| it == name);
    if chosen("commits") {
        commits::figures();
    }
    if chosen("reads") {
        reads::figures();
    }
    if chosen("tokens") {
        tokens::figures();
    }
    if chosen("import") {
        import::figures(file);
    }
}
