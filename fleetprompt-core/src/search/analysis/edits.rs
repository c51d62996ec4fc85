//! Misspelt words.

use crate::port::Term;

/// Words one edit away from a word.
pub(crate) fn single_edits(word: &Term) -> Vec<Term> {
    let _ = word;
    vec![]
}
