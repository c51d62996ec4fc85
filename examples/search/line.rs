//! Lines that a terminal can be given: whatever text they are made from, they hold no control
//! characters, and how many columns they take is known.

use std::fmt;
use std::mem;

use fleetprompt_core::search::Excerpt;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How a piece of a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    Faint,
    Strong,
    /// A word that was searched for.
    Marked,
    /// Shows which listing is selected.
    Pointer,
    /// Something to know before reading on.
    Notice,
    /// Something went wrong.
    Alarm,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    look: Look,
    text: String,
}

impl Piece {
    pub(crate) fn look(&self) -> Look {
        self.look
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A line of the screen. Only [`push`](Line::push) puts text into it, and cleans it first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pieces: Vec<Piece>,
    width: usize,
}

impl Line {
    /// The line with another piece behind it.
    #[must_use]
    pub(crate) fn with(mut self, look: Look, text: &str) -> Self {
        self.push(look, text);
        self
    }

    /// The line with a text behind it in which words are marked.
    #[must_use]
    pub(crate) fn with_excerpt(mut self, look: Look, excerpt: &Excerpt) -> Self {
        for (part, marked) in excerpt.parts() {
            self.push(if marked { Look::Marked } else { look }, part);
        }
        self
    }

    /// Puts a piece behind the line.
    pub(crate) fn push(&mut self, look: Look, text: &str) {
        if !text.is_empty() {
            let text = printable(text);
            self.width += columns(&text);
            self.pieces.push(Piece { look, text });
        }
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// How many columns the line takes.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The line in at most `width` columns: if it is longer, an ellipsis says so.
    #[must_use]
    pub(crate) fn cut(self, width: usize) -> Self {
        if self.width <= width {
            return self;
        }
        let room = width.saturating_sub(1);
        let mut cut = Line::default();
        for piece in self.pieces {
            let kept = start_of(&piece.text, room - cut.width);
            let whole = kept.len() == piece.text.len();
            cut.push(piece.look, kept);
            if !whole {
                break;
            }
        }
        if width > 0 {
            cut.push(Look::Faint, "…");
        }
        cut
    }

    /// This line at the left and another at the right of `width` columns. The right one is left out
    /// where it would take more than half of them from a line that needs them.
    #[must_use]
    pub(crate) fn and_right(self, right: Line, width: usize) -> Self {
        if right.width == 0 || (right.width + 1 > width / 2 && self.width + right.width >= width) {
            return self.cut(width);
        }
        let mut line = self.cut(width.saturating_sub(right.width + 1));
        line.push(Look::Plain, &" ".repeat(width.saturating_sub(line.width + right.width)));
        line.width += right.width;
        line.pieces.extend(right.pieces);
        line
    }
}

/// The text alone.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| f.write_str(&piece.text))
    }
}

/// A text in lines of at most `width` columns, broken between words where that is possible.
pub(crate) fn wrapped(look: Look, text: &str, width: usize) -> Vec<Line> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let paragraph = printable(&paragraph.replace('\t', "    "));
        let (mut line, mut taken) = (String::new(), 0);
        let mut end = |line: &mut String| {
            lines.push(Line::default().with(look, mem::take(line).trim_end()));
        };
        for word in paragraph.split_inclusive(' ') {
            if taken + columns(word.trim_end()) > width && !line.trim().is_empty() {
                end(&mut line);
                taken = 0;
            }
            for cluster in word.graphemes(true) {
                if taken + cluster.width() > width && cluster != " " {
                    end(&mut line);
                    taken = 0;
                }
                line.push_str(cluster);
                taken += cluster.width();
            }
        }
        end(&mut line);
    }
    lines
}

/// How many columns a text takes: each cluster of characters for itself, wherever it stands.
pub(crate) fn columns(text: &str) -> usize {
    text.graphemes(true).map(|cluster| cluster.width()).sum()
}

/// As much of the start of a text as `width` columns hold.
fn start_of(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let end = text.grapheme_indices(true).find_map(|(at, cluster)| {
        taken += cluster.width();
        (taken > width).then_some(at)
    });
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// As much of the end of a text as `width` columns hold.
pub(crate) fn end_of(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let start = text.grapheme_indices(true).rev().find_map(|(at, cluster)| {
        taken += cluster.width();
        (taken > width).then_some(at + cluster.len())
    });
    start.and_then(|start| text.get(start..)).unwrap_or(text)
}

/// A text on one line, without anything that a terminal would act upon: no control characters, so
/// no escape sequences, and nothing that turns the direction of the text after it.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => '\u{fffd}',
            '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::mark;

    fn plain(text: &str) -> Line {
        Line::default().with(Look::Plain, text)
    }

    #[test]
    fn no_escape_sequence_gets_into_a_line() {
        let hostile = "a\u{1b}[2J\u{1b}]0;title\u{7}b\u{9b}31mc\u{202e}d\r\ne\u{8}\u{7f}";
        let line = plain(hostile).to_string();
        assert_eq!(line, "a�[2J�]0;title�b�31mc�d  e��");
        let excerpt = Excerpt { text: hostile.to_owned(), marks: mark(2..5), ..Excerpt::default() };
        assert_eq!(Line::default().with_excerpt(Look::Plain, &excerpt).to_string(), line);
        let wrapped = wrapped(Look::Plain, hostile, 80);
        assert!(wrapped.iter().all(|line| !line.to_string().contains(char::is_control)));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(plain("研究助手").width(), 8);
        assert_eq!(plain("研究助手").cut(8).to_string(), "研究助手");
        assert_eq!(plain("研究助手").cut(7).to_string(), "研究助…");
        assert_eq!(plain("研究助手").cut(6).to_string(), "研究…");
        assert_eq!(end_of("研究助手", 5), "助手");
    }

    #[test]
    fn what_stands_at_the_right_gives_way_in_a_narrow_window() {
        let both = |width| plain("left").and_right(plain("right"), width).to_string();
        assert_eq!(both(12), "left   right");
        assert_eq!(both(10), "left right");
        assert_eq!(both(9), "left");
        let long = plain("a long line").and_right(plain("end"), 10);
        assert_eq!(long.to_string(), "a lon… end");
    }

    #[test]
    fn text_is_wrapped_between_words_and_within_long_ones() {
        let lines = |text, width| -> Vec<_> {
            wrapped(Look::Plain, text, width).iter().map(Line::to_string).collect()
        };
        assert_eq!(lines("to be or not", 6), ["to be", "or not"]);
        assert_eq!(lines("one\n\n    two", 20), ["one", "", "    two"]);
        assert_eq!(lines("antidisestablish", 6), ["antidi", "sestab", "lish"]);
        assert_eq!(lines("研究助手です", 5), ["研究", "助手", "です"]);
        assert_eq!(lines("研", 1), ["", "研"]);
    }

    proptest! {
        #[test]
        fn lines_keep_within_their_width(text in "[\\PC\\x00-\\x20]{0,60}", width in 0_usize..50) {
            prop_assert!(plain(&text).cut(width).width() <= width);
            let both = plain(&text).and_right(plain("right"), width);
            prop_assert!(both.width() <= width);
            // Nothing can be wrapped into no columns at all.
            let width = width.max(1);
            for line in wrapped(Look::Plain, &text, width) {
                let clusters = line.to_string().graphemes(true).count();
                prop_assert!(line.width() <= width || clusters <= 1);
            }
        }
    }
}
