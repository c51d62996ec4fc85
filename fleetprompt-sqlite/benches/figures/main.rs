//! The figures of the store, each against a ceiling that is taken in the same run.

mod commits;
mod market;
mod measure;
mod raw;
mod reads;
mod tokens;

fn main() {
    // `cargo bench -- reads` takes these alone.
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let all: [(&str, fn()); 3] =
        [("commits", commits::figures), ("reads", reads::figures), ("tokens", tokens::figures)];
    for (name, figures) in all {
        if chosen.is_empty() || chosen.iter().any(|choice| choice == name) {
            figures();
        }
    }
}
