//! Which words of a text were searched for, and the part of it that has most of them.

mod window;

use std::collections::BTreeSet;
use std::ops::Range;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::domain::schema;
use crate::port::Term;

use super::analysis::{Analysed, analyse};
use super::query::{Query, QueryClause};

/// How many words of a text are looked at: as many as are found in a description.
const MAX_WORDS: usize = 1_000;

/// What may stand behind a word and says nothing about it.
const ENDINGS: [char; 8] = [' ', '\n', '.', ',', ';', ':', '!', '?'];

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
        let marker = Marker::new(stems(query));
        marker.part(text, &marker.hits(text), most_chars)
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

schema! {
    Excerpt = crate::openapi::record([
        ("parts", crate::openapi::list_of(crate::openapi::record([
            ("text", crate::openapi::string().into()),
            ("marked", crate::openapi::boolean().into()),
        ]))),
        ("before", crate::openapi::boolean().into()),
        ("after", crate::openapi::boolean().into()),
    ]),
    "A part of a text in pieces, and which of them were searched for. Put together, the pieces are ",
    "the part, as it was written: whoever shows it has to escape it. `before` and `after` say ",
    "whether text was left out there.",
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

/// The words to mark, made ready to be looked for in many texts.
pub(crate) struct Marker {
    stems: BTreeSet<Term>,
    /// How they begin, as far as that is ASCII.
    starts: Vec<String>,
    /// The first letters of these, a bit each.
    letters: u128,
}

impl Marker {
    /// Marks the words that have these stems.
    pub(crate) fn new(stems: BTreeSet<Term>) -> Self {
        let starts = stems.iter().map(start_of).filter(|start| start.is_ascii());
        let mut starts: Vec<String> = starts.map(str::to_ascii_lowercase).collect();
        starts.dedup();
        let first = starts.iter().filter_map(|start| start.bytes().next());
        let letters = first.fold(0, |letters, first| letters | bit(first));
        Marker { stems, starts, letters }
    }

    /// A whole text, with its words marked.
    pub(crate) fn whole(&self, text: &str) -> Excerpt {
        let marks = merged(self.hits(text).iter().map(|hit| hit.span.clone()));
        Excerpt { text: text.to_owned(), marks, before: false, after: false }
    }

    /// The part of a text, at most `most_chars` characters, with the most of the words, and among
    /// several the first; `None` if the text has none of them.
    pub(crate) fn found(&self, text: &str, most_chars: usize) -> Option<Excerpt> {
        let hits = self.hits(text);
        (!hits.is_empty()).then(|| self.part(text, &hits, most_chars))
    }

    /// The same, or the beginning. It begins and ends with whole words, unless one is longer than
    /// all of it.
    fn part(&self, text: &str, hits: &[Analysed], most_chars: usize) -> Excerpt {
        let window = window::best(text, hits, most_chars);
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

    /// The words of a text that are marked, by where they begin.
    fn hits(&self, text: &str) -> Vec<Analysed> {
        let mut hits = Vec::new();
        if self.stems.is_empty() {
            return hits;
        }
        for (at, chunk) in chunks(text).take(MAX_WORDS) {
            if chunk.is_ascii() && !self.may_hold(chunk.as_bytes()) {
                continue;
            }
            // Behind a word, these belong to none.
            let read = analyse(chunk.trim_end_matches(ENDINGS), MAX_WORDS);
            let found = read.words.into_iter().chain(read.joined);
            hits.extend(
                found.filter(|word| self.stems.contains(&word.token.stem)).map(|word| Analysed {
                    span: at + word.span.start..at + word.span.end,
                    ..word
                }),
            );
        }
        hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
        hits
    }

    /// Whether it takes an analysis to tell that none of the words is in this ASCII: most of a text
    /// is passed over without one.
    fn may_hold(&self, chunk: &[u8]) -> bool {
        let mut before = b' ';
        chunk.iter().enumerate().any(|(at, byte)| {
            // Parts of identifiers begin with a capital, or where letters and digits meet.
            let part = byte.is_ascii_alphanumeric()
                && (!before.is_ascii_alphabetic() || !byte.is_ascii_lowercase());
            before = *byte;
            part && self.letters & bit(byte.to_ascii_lowercase()) != 0
                && self.starts.iter().any(|start| begins(chunk.get(at..), start.as_bytes()))
        })
    }
}

/// The bit of an ASCII character.
fn bit(ascii: u8) -> u128 {
    1_u128.checked_shl(ascii.into()).unwrap_or_default()
}

/// Whether a word that is read from here may begin so. What stands between letters may be read over:
/// `o'clock` is `oclock`, and `c-i` is also `ci`.
fn begins(chunk: Option<&[u8]>, start: &[u8]) -> bool {
    let mut letters = chunk.unwrap_or_default().iter().filter(|byte| byte.is_ascii_alphanumeric());
    start.iter().all(|wanted| letters.next().is_some_and(|it| it.eq_ignore_ascii_case(wanted)))
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
