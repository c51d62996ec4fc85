//! Where words begin and end in a text.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

use super::fold::folded;
use super::parts::parts;

/// A space that Unicode takes for a part of numbers, and French sets before `!` and `kg`.
const NARROW_SPACE: char = '\u{202f}';

/// What stands between a piece and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    /// Nothing at all.
    Nothing,
    /// One character that people leave out or put in as they like.
    Tight,
    /// One character that now and then belongs to a word: `ci/cd`, `node.js`.
    Loose,
    /// Anything else.
    Gap,
}

/// A word, or a character of a script without spaces.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Where it stands in the text.
    pub span: Range<usize>,
    /// How many bytes of it are the signs of `c++` or `f#`.
    signs: usize,
    /// What stands before it.
    pub before: Between,
    /// Whether it is a character of a script without spaces.
    pub unspaced: bool,
}

/// The pieces of a text, at most `most`.
pub(super) fn pieces(text: &str, most: usize) -> Vec<Piece> {
    let mut scan = Scan { text, pieces: vec![], before: Between::Gap };
    for (at, segment) in text.split_word_bound_indices() {
        if scan.pieces.len() >= most {
            break;
        }
        if at >= scan.end() {
            scan.segment(at, segment);
        }
    }
    scan.pieces.truncate(most);
    scan.pieces
}

struct Scan<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
    before: Between,
}

impl Scan<'_> {
    /// Where the last piece ends.
    fn end(&self) -> usize {
        self.pieces.last().map_or(0, |piece| piece.span.end)
    }

    fn segment(&mut self, at: usize, segment: &str) {
        let mut open: Option<Range<usize>> = None;
        for (offset, c) in segment.char_indices() {
            let start = at + offset;
            let span = start..start + c.len_utf8();
            if c == NARROW_SPACE {
                self.close(&mut open);
                self.before = Between::Gap;
            } else if let Some(connector) = connector(c) {
                self.close(&mut open);
                let follows = self.before == Between::Nothing;
                self.before = if follows { connector } else { Between::Gap };
            } else if extends(c) {
                if let Some(word) = &mut open {
                    word.end = span.end;
                } else {
                    self.extend(span, c);
                }
            } else if is_unspaced(c) {
                self.close(&mut open);
                self.push(span, 0, true);
            } else if c.is_alphanumeric() {
                open.get_or_insert(span.clone()).end = span.end;
            } else if open.is_none() {
                self.before = Between::Gap;
            }
        }
        self.close(&mut open);
    }

    /// A mark without a word that it could belong to.
    fn extend(&mut self, span: Range<usize>, c: char) {
        let adjacent = self.before == Between::Nothing;
        match self.pieces.last_mut() {
            Some(piece) if adjacent && piece.span.end == span.start => piece.span.end = span.end,
            _ if is_jamo(c) => self.push(span, 0, true),
            _ => {}
        }
    }

    fn close(&mut self, open: &mut Option<Range<usize>>) {
        let Some(mut span) = open.take() else { return };
        let signs = signs(self.text.get(span.clone()), self.text.get(span.end..));
        span.end += signs;
        self.push(span, signs, false);
    }

    fn push(&mut self, span: Range<usize>, signs: usize, unspaced: bool) {
        self.pieces.push(Piece { span, signs, before: self.before, unspaced });
        self.before = Between::Nothing;
    }
}

fn connector(c: char) -> Option<Between> {
    match c {
        '-' | '_' | '\u{2010}' | '\u{2011}' => Some(Between::Tight),
        '.' | '/' | ':' => Some(Between::Loose),
        _ => None,
    }
}

/// How many bytes of what follows belong to a name such as `c++` or `f#`: without them, a letter is
/// left that says something else.
fn signs(word: Option<&str>, rest: Option<&str>) -> usize {
    let (Some(word), Some(rest)) = (word, rest) else { return 0 };
    let Some(sign) = ["++", "#"].into_iter().find(|sign| rest.starts_with(sign)) else { return 0 };
    let after = rest.get(sign.len()..).and_then(|rest| rest.chars().next());
    let ends = !after.is_some_and(|c| c.is_alphanumeric() || "+#".contains(c));
    let letter = word.chars().nth(3).is_none() && is_letter(&folded(word.to_owned()));
    if ends && letter { sign.len() } else { 0 }
}

fn is_letter(word: &str) -> bool {
    matches!(word.as_bytes(), [letter] if letter.is_ascii_alphabetic())
}

/// Whether the character is a part of the one before it.
pub(super) fn extends(c: char) -> bool {
    // The last two voice the kana of half a width.
    is_combining_mark(c) || is_jamo(c) || matches!(c, '\u{ff9e}' | '\u{ff9f}')
}

/// Whether the character is a vowel or the end of a syllable of Hangul that is taken apart.
fn is_jamo(c: char) -> bool {
    matches!(c, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}')
}

/// Whether the character is of a script that is written without spaces, or (Hangul) with spaces
/// between phrases rather than words: South-East Asia, and what lies beyond the radicals of Han.
pub(super) fn is_unspaced(c: char) -> bool {
    match c {
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{1950}'..='\u{19df}'
        | '\u{1a20}'..='\u{1aaf}'
        | '\u{a9e0}'..='\u{a9ff}'
        | '\u{aa60}'..='\u{aadf}' => c.is_alphabetic() && !c.is_numeric(),
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ffdc}'
        | '\u{17000}'..='\u{18d8f}'
        | '\u{1aff0}'..='\u{1b2ff}'
        | '\u{20000}'..='\u{3ffff}' => c.is_alphanumeric(),
        _ => false,
    }
}

impl Piece {
    /// Whether `next`, which follows, belongs to the same run of characters or chain of words.
    pub(super) fn joins(&self, next: &Piece) -> bool {
        match next.before {
            Between::Nothing => self.unspaced && next.unspaced,
            Between::Tight | Between::Loose => !self.unspaced && !next.unspaced,
            Between::Gap => false,
        }
    }

    /// The word, folded.
    pub(super) fn folded(&self, text: &str) -> String {
        let mut folded = folded(without_clitics(self.letters(text)).to_owned());
        // What a mark or the end of a syllable stood on may be gone with its apostrophe.
        while !self.unspaced && folded.starts_with(extends) {
            folded.remove(0);
        }
        let signs = self.span.end.saturating_sub(self.signs)..self.span.end;
        folded.push_str(text.get(signs).unwrap_or_default());
        folded
    }

    /// What the word may be put together from, folded: its parts, and the letters before its signs.
    pub(super) fn parts(&self, text: &str) -> Vec<(String, Range<usize>)> {
        let letters = self.letters(text);
        let bare = (self.signs > 0).then_some(0..letters.len());
        let ranges = bare.into_iter().chain(parts(letters));
        ranges
            .filter_map(|range| {
                let part = folded(letters.get(range.clone())?.to_owned());
                Some((part, self.span.start + range.start..self.span.start + range.end))
            })
            .collect()
    }

    fn letters<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.span.start..self.span.end.saturating_sub(self.signs)).unwrap_or_default()
    }
}

/// A word without the possessive ending of English, and without the articles and pronouns that French
/// and Italian write before a vowel.
fn without_clitics(word: &str) -> &str {
    const APOSTROPHES: [char; 3] = ['\'', '\u{2019}', '\u{ff07}'];
    const ELIDED: [&str; 9] = ["l", "d", "j", "m", "n", "s", "t", "c", "qu"];
    let Some((first, rest)) = word.split_once(APOSTROPHES) else { return word };
    let elided = ELIDED.iter().any(|elided| first.eq_ignore_ascii_case(elided));
    if elided && folded(rest.to_owned()).chars().nth(1).is_some() {
        return without_clitics(rest);
    }
    let possessive = word.strip_suffix(['s', 'S']).and_then(|rest| rest.strip_suffix(APOSTROPHES));
    possessive.unwrap_or(word)
}
