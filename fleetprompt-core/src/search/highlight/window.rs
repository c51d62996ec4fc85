//! Which part of a text is shown.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::port::Term;
use crate::search::analysis::Analysed;

/// The bytes of the part to show: it has no white space around it, and at most `most_chars`
/// characters.
pub(super) fn best(text: &str, hits: &[Analysed], most_chars: usize) -> Range<usize> {
    let ruler = Ruler::of(text);
    let all = trimmed(text, 0..text.len());
    if ruler.chars(&all) <= most_chars {
        return all;
    }
    let Some(core) = richest(&ruler, hits, most_chars) else {
        return trimmed(text, all.start..ruler.end(all.start, most_chars));
    };
    // A third of the room that is left goes to what leads up to it, and at the end of the text
    // all of it.
    let room = most_chars.saturating_sub(ruler.chars(&core));
    let behind = ruler.chars(&(core.end..all.end));
    let lead = (room / 3).max(room.saturating_sub(behind));
    let from = ruler.start(core.start, lead);
    trimmed(text, from..ruler.end(from, most_chars).max(core.end))
}

/// From the first to the last of those hits that have the most different stems among all that fit.
fn richest(ruler: &Ruler<'_>, hits: &[Analysed], most_chars: usize) -> Option<Range<usize>> {
    let mut near: VecDeque<&Analysed> = VecDeque::new();
    let mut seen: BTreeMap<&Term, usize> = BTreeMap::new();
    let mut best: Option<(usize, Range<usize>)> = None;
    for hit in hits {
        near.push_back(hit);
        *seen.entry(&hit.token.stem).or_default() += 1;
        let core = loop {
            let Some(first) = near.front() else { break None };
            let core = first.span.start..hit.span.end;
            if ruler.chars(&core) <= most_chars {
                break Some(core);
            }
            let stem = &first.token.stem;
            if let Some(count) = seen.get_mut(stem) {
                *count -= 1;
            }
            if seen.get(stem) == Some(&0) {
                seen.remove(stem);
            }
            near.pop_front();
        };
        if let Some(core) = core
            && best.as_ref().is_none_or(|(most, _)| seen.len() > *most)
        {
            best = Some((seen.len(), core));
        }
    }
    best.map(|(_, core)| core)
}

/// Where characters and words begin.
struct Ruler<'a> {
    text: &'a str,
    /// Where each character begins; `None` if each is one byte.
    chars: Option<Vec<usize>>,
}

impl<'a> Ruler<'a> {
    fn of(text: &'a str) -> Self {
        let wide = !text.is_ascii();
        Ruler { text, chars: wide.then(|| text.char_indices().map(|(at, _)| at).collect()) }
    }

    /// How many characters stand before a byte.
    fn nth(&self, at: usize) -> usize {
        self.chars.as_ref().map_or(at, |chars| chars.partition_point(|start| *start < at))
    }

    /// Where a character begins, if there are so many.
    fn place(&self, char: usize) -> Option<usize> {
        match &self.chars {
            Some(chars) => chars.get(char).copied(),
            None => (char < self.text.len()).then_some(char),
        }
    }

    fn chars(&self, of: &Range<usize>) -> usize {
        self.nth(of.end).saturating_sub(self.nth(of.start))
    }

    /// Where the words around `at` begin, and where the last of them ends. No word goes across white
    /// space, so what lies behind it need not be cut into words.
    fn bounds(&self, at: usize) -> impl Iterator<Item = usize> + use<'a> {
        let (before, behind) = self.text.split_at_checked(at).unwrap_or((self.text, ""));
        let start = before.trim_end_matches(|c: char| !c.is_whitespace()).len();
        let end = before.len() + behind.find(char::is_whitespace).unwrap_or(behind.len());
        let words = self.text.get(start..end).unwrap_or_default().split_word_bound_indices();
        words.map(move |(at, _)| start + at).chain([end])
    }

    /// Where the first word begins that lies at most `lead` characters before `at`.
    fn start(&self, at: usize, lead: usize) -> usize {
        let earliest = self.place(self.nth(at).saturating_sub(lead)).unwrap_or(at);
        self.bounds(earliest).find(|bound| *bound >= earliest).unwrap_or(at).min(at)
    }

    /// Where the last word ends that lies at most `most` characters behind `at`; within a word if it
    /// is longer.
    fn end(&self, at: usize, most: usize) -> usize {
        let Some(latest) = self.place(self.nth(at).saturating_add(most)) else {
            return self.text.len();
        };
        let bound = self.bounds(latest).take_while(|bound| *bound <= latest).last();
        bound.filter(|bound| *bound > at).unwrap_or(latest)
    }
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}
