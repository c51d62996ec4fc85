//! Which words of a text were searched for, and the part of it that has most of them.

mod window;

use std::collections::BTreeSet;
use std::ops::Range;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::port::Term;

use super::analysis::{Analysed, analyse};
use super::query::{Query, QueryClause};

/// How many words of a text are looked at: as many as are found in a description.
const MAX_WORDS: usize = 1_000;

/// A part of a text, and where the words stand in it that somebody searched for.
///
/// The text is as it was written: whoever shows it has to escape it. As JSON it is
/// `{"parts": [{"text": …, "marked": …}, …], "before": …, "after": …}`, since languages differ in
/// what they count as a character; put together, the parts are the text.
///
/// ```
/// use fleetprompt_core::search::{Excerpt, Query};
/// let found = Excerpt::of("Reads <b>invoices</b>.", &Query::parse("invoice"), 200);
/// let marked: Vec<_> = found.parts().filter(|(_, marked)| *marked).collect();
/// assert_eq!(marked, [("invoices", true)]);
/// assert!(!found.before && !found.after, "it is all there");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The part.
    pub text: String,
    /// Where the words stand in [`text`](Self::text), in bytes of UTF-8: in order, apart from each
    /// other, none empty.
    pub marks: Vec<Range<usize>>,
    /// Whether text was left out before it.
    pub before: bool,
    /// Whether text was left out behind it.
    pub after: bool,
}

impl Excerpt {
    /// The part of a text, at most `most_chars` characters, with the most of what a query asks for
    /// among its first 1,000 words. Of a text without any of it, the beginning. What is marked are words as they were typed: a
    /// word of which the beginning was typed is not.
    pub fn of(text: &str, query: &Query, most_chars: usize) -> Self {
        excerpt(text, &stems(query), most_chars)
    }

    /// The text in pieces, and whether each is a word that was searched for.
    pub fn parts(&self) -> impl Iterator<Item = (&str, bool)> {
        let ends = self.marks.iter().flat_map(|mark| [(mark.start, false), (mark.end, true)]);
        let mut from = 0;
        ends.chain([(self.text.len(), false)]).filter_map(move |(to, marked)| {
            let part = self.text.get(from..to)?;
            from = to;
            (!part.is_empty()).then_some((part, marked))
        })
    }
}

impl Serialize for Excerpt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Part<'a> {
            text: &'a str,
            marked: bool,
        }
        let parts: Vec<_> = self.parts().map(|(text, marked)| Part { text, marked }).collect();
        let mut excerpt = serializer.serialize_struct("Excerpt", 3)?;
        excerpt.serialize_field("parts", &parts)?;
        excerpt.serialize_field("before", &self.before)?;
        excerpt.serialize_field("after", &self.after)?;
        excerpt.end()
    }
}

/// The stems that a query asks for.
fn stems(query: &Query) -> BTreeSet<Term> {
    let stems = query.all().iter().flat_map(|clause| match clause {
        QueryClause::Word { token, joined, .. } => {
            std::iter::once(&token.stem).chain(joined).collect::<Vec<_>>()
        }
        QueryClause::Phrase(tokens) => tokens.iter().map(|token| &token.stem).collect(),
    });
    stems.cloned().collect()
}

/// A whole text, with the words that have these stems marked.
pub(crate) fn highlight(text: &str, stems: &BTreeSet<Term>) -> Excerpt {
    let marks = merged(hits(text, stems).iter().map(|hit| hit.span.clone()));
    Excerpt { text: text.to_owned(), marks, before: false, after: false }
}

/// The part of a text, at most `most_chars` characters, with the most of these stems, and among
/// several the first; of a text without any, the beginning. It begins and ends with whole words,
/// unless one is longer than all of it.
pub(crate) fn excerpt(text: &str, stems: &BTreeSet<Term>, most_chars: usize) -> Excerpt {
    let hits = hits(text, stems);
    let window = window::best(text, &hits, most_chars);
    let inside = hits.iter().map(|hit| &hit.span);
    let inside = inside.filter(|span| window.start <= span.start && span.end <= window.end);
    let moved = inside.map(|span| span.start - window.start..span.end - window.start);
    Excerpt {
        marks: merged(moved),
        before: text.get(..window.start).is_some_and(|before| !before.trim().is_empty()),
        after: text.get(window.end..).is_some_and(|after| !after.trim().is_empty()),
        text: text.get(window).unwrap_or_default().to_owned(),
    }
}

/// The words with these stems, by where they begin.
fn hits(text: &str, stems: &BTreeSet<Term>) -> Vec<Analysed> {
    let starts: Vec<&str> = stems.iter().map(start_of).collect();
    let mut hits = Vec::new();
    for (at, chunk) in chunks(text).take(MAX_WORDS) {
        if !may_hold(chunk, &starts) {
            continue;
        }
        let read = analyse(chunk, MAX_WORDS);
        let found = read.words.into_iter().chain(read.joined);
        hits.extend(
            found
                .filter(|word| stems.contains(&word.token.stem))
                .map(|word| Analysed { span: at + word.span.start..at + word.span.end, ..word }),
        );
    }
    hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
    hits
}

/// What stands between white space, and where: no word goes across it.
fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive(char::is_whitespace).map(move |chunk| {
        let from = at;
        at += chunk.len();
        (from, chunk)
    })
}

/// How all words of a stem begin, whatever their case: endings are what a stemmer changes, and in a
/// short word that may be all but the first letter.
fn start_of(stem: &Term) -> &str {
    let stem = stem.as_str();
    let kept = match stem.len() {
        ..4 => 1,
        4 => 2,
        _ => 3,
    };
    stem.get(..kept).unwrap_or(stem)
}

/// Whether it takes an analysis to tell that none of the words is in here: most of a text is passed
/// over without one.
fn may_hold(chunk: &str, starts: &[&str]) -> bool {
    let bytes = chunk.as_bytes();
    let before = std::iter::once(b' ').chain(bytes.iter().copied());
    let begins = |(at, (before, byte)): (usize, (u8, &u8))| {
        // Parts of identifiers begin with a capital, or where letters and digits meet.
        let part = !before.is_ascii_alphabetic() || !byte.is_ascii_lowercase();
        part && starts.iter().any(|start| {
            bytes
                .get(at..at + start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
        })
    };
    // What stands between letters may be read over: `o'clock` is `oclock`, and `c-i` is also `ci`.
    let inner = chunk.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    !inner.bytes().all(|byte| byte.is_ascii_alphanumeric())
        || !chunk.is_ascii()
        || before.zip(bytes).enumerate().any(begins)
}

/// Pairs of characters overlap, and so do an identifier and its parts.
fn merged(spans: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = vec![];
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
