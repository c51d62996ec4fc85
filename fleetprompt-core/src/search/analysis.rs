//! How text becomes words, the same for what is indexed and for what is searched.
//!
//! A word is what stands between two boundaries of UAX #29, cut again at connectors (`-`, `_`, `.`,
//! `/`, `:`). It is folded: compatibility forms, case and diacritics make no difference. Scripts
//! that put no spaces between words are cut into overlapping pairs of characters. What is searched
//! for is the stem.
//!
//! Neither case nor connectors ever decide whether a text is found: a word in mixed case stays
//! whole (`LinkedIn` is `linkedin`), and [`Text::joined`] holds the other ways to read it.

mod edits;
mod fold;
mod parts;
mod pieces;
mod stem;

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;

use crate::port::{Term, Token};

pub(crate) use edits::single_edits;
use fold::MAX_WORD_BYTES;
use pieces::{Between, Piece, extends, is_unspaced, pieces};

/// How many words a name is compared by.
const NAME_WORDS: usize = 64;
/// `tcp/ip` and `node.js` are put together; a path of more parts than this is not.
const MAX_LOOSE_PARTS: usize = 3;

/// A word of a text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Analysed {
    /// The word.
    pub token: Token,
    /// The bytes that it was made of in the text as it was given.
    pub span: Range<usize>,
}

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    /// The words in their order. The parts of `web-scraper` are two words.
    pub words: Vec<Analysed>,
    /// Other ways to read some of them, which a run of words must not mix with the words: what
    /// stands apart put together (`webscraper`), what is written together taken apart (`get`,
    /// `user` of `getUser`, `python` of `python3`, `c` of `c++`), and the last character of a run of
    /// pairs, which no pair begins with.
    pub joined: Vec<Analysed>,
}

/// The words of a text, at most `most`, and other readings of those.
pub(crate) fn analyse(text: &str, most: usize) -> Text {
    let mut read = Text::default();
    if most > 0 && is_plain(text) {
        read.words.extend(read_as(text.to_ascii_lowercase(), 0..text.len()));
        return read;
    }
    for together in pieces(text, most).chunk_by(Piece::joins) {
        if together.first().is_some_and(|piece| piece.unspaced) {
            read.pairs(text, together);
        } else {
            read.chain(text, together);
        }
    }
    read
}

/// Whether the text is one word that can only be read in one way.
fn is_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_lowercase())
}

impl Text {
    /// A run of characters of a script without spaces.
    fn pairs(&mut self, text: &str, run: &[Piece]) {
        let mut units: Vec<(String, Range<usize>)> = vec![];
        for piece in run {
            // Folding takes some characters apart.
            for c in piece.folded(text).chars() {
                match units.last_mut() {
                    Some((unit, span)) if extends(c) => {
                        unit.push(c);
                        span.end = piece.span.end;
                    }
                    _ => units.push((c.into(), piece.span.clone())),
                }
            }
        }
        // A syllable of Hangul is one character again.
        for (unit, _) in &mut units {
            *unit = unit.nfc().collect();
        }
        if let [(unit, span)] = units.as_slice() {
            self.words.extend(read_as(unit.clone(), span.clone()));
        }
        for pair in units.windows(2) {
            if let [(first, from), (second, to)] = pair {
                self.words.extend(read_as(format!("{first}{second}"), from.start..to.end));
            }
        }
        if let [_, .., (unit, span)] = units.as_slice() {
            self.joined.extend(read_as(unit.clone(), span.clone()));
        }
    }

    /// Words with connectors between them, or one word alone.
    fn chain(&mut self, text: &str, chain: &[Piece]) {
        let folded: Vec<String> = chain.iter().map(|piece| piece.folded(text)).collect();
        for (piece, word) in chain.iter().zip(&folded) {
            self.words.extend(read_as(word.clone(), piece.span.clone()));
            for (part, span) in piece.parts(text) {
                self.joined.extend(read_as(part, span));
            }
        }
        if chain.len() < 2 {
            return;
        }
        let mut groups = 0;
        let mut from = 0;
        for group in chain.chunk_by(|_, next| next.before == Between::Tight) {
            self.join(folded.get(from..from + group.len()), group);
            from += group.len();
            groups += 1;
        }
        if (2..=MAX_LOOSE_PARTS).contains(&groups) {
            self.join(Some(&folded), chain);
        }
    }

    fn join(&mut self, folded: Option<&[String]>, of: &[Piece]) {
        if let (Some([_, _, ..]), [first, .., last]) = (folded, of) {
            let mut whole = String::new();
            for word in folded.into_iter().flatten() {
                if whole.len() >= MAX_WORD_BYTES {
                    break;
                }
                whole.push_str(word);
            }
            self.joined.extend(read_as(whole, first.span.start..last.span.end));
        }
    }
}

/// The folded word as a token; none if folding left nothing of it.
fn read_as(mut word: String, span: Range<usize>) -> Option<Analysed> {
    word.truncate(word.floor_char_boundary(MAX_WORD_BYTES));
    let token = Token { stem: stem::stem(&word).parse().ok()?, word: word.parse().ok()? };
    Some(Analysed { token, span })
}

/// Whether the word is a single character of a script whose words are cut into pairs: what begins
/// with it are the pairs that have it.
pub(super) fn is_half_a_pair(word: &Term) -> bool {
    let mut letters = word.as_str().chars().filter(|c| !extends(*c));
    letters.next().is_some_and(is_unspaced) && letters.next().is_none()
}

/// What a name is compared by: its folded words with one space between them, `None` without a word.
/// `Web-Scraper`, `web scraper` and `Wéb  Scraper` are the same name.
pub(crate) fn name_key(text: &str) -> Option<String> {
    key(analyse(text, NAME_WORDS).words.iter().map(|word| &word.token))
}

/// The key of a name of these words.
pub(super) fn key<'a>(words: impl Iterator<Item = &'a Token>) -> Option<String> {
    let words: Vec<&str> = words.map(|token| token.word.as_str()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests;
