//! The figures of the store, each against a ceiling that is taken in the same run.

mod commits;
mod market;
mod measure;
mod raw;
mod reads;
mod tokens;

fn main() {
    commits::figures();
    reads::figures();
    tokens::figures();
}
