//! Stems.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

/// Shorter words are mostly acronyms: `ios` is no plural of `io`, nor `aws` one of `aw`.
const MIN_LETTERS: usize = 4;
/// No English word is longer; what is, is an identifier.
const MAX_LETTERS: usize = 32;

/// What a folded word is searched by. Words of other languages than English are written in other
/// letters, or lose an ending now and then: the same one in the text and in the query.
pub(super) fn stem(word: &str) -> Cow<'_, str> {
    let english = (MIN_LETTERS..=MAX_LETTERS).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if english { Stemmer::create(Algorithm::English).stem(word) } else { word.into() }
}
