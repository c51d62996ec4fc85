//! Which words of a text were searched for.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::port::Term;

use super::analysis::analyse;

/// How many words of a text are looked at.
const MARKED_WORDS: usize = 4_000;

/// A part of a text.
///
/// ```
/// use fleetprompt_core::search::Excerpt;
/// let text = Excerpt { text: "An agent".to_owned(), marks: vec![3..8], before: false, after: true };
/// assert!(text.after);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The part.
    pub text: String,
    /// Where the words stand in it, in bytes.
    pub marks: Vec<Range<usize>>,
    /// Whether text was left out before it.
    pub before: bool,
    /// Whether text was left out behind it.
    pub after: bool,
}

/// Where the words with these stems stand in a text, in bytes.
pub(crate) fn highlight(text: &str, stems: &BTreeSet<Term>) -> Vec<Range<usize>> {
    let read = analyse(text, MARKED_WORDS);
    let found = read.words.into_iter().chain(read.joined);
    found.filter(|word| stems.contains(&word.token.stem)).map(|word| word.span).collect()
}

/// The part of a text with the most of these stems, at most `most_chars` characters.
pub(crate) fn excerpt(text: &str, stems: &BTreeSet<Term>, most_chars: usize) -> Excerpt {
    let end = text.char_indices().nth(most_chars).map_or(text.len(), |(at, _)| at);
    let text = text.get(..end).unwrap_or_default();
    Excerpt { text: text.to_owned(), marks: highlight(text, stems), before: false, after: false }
}
