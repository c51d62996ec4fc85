//! Highlighted code: comments, strings, numbers and keywords, told apart in one pass.
//!
//! Grammars by regular expressions know more, and take a hundred times as long as all the rest of
//! the rendering, with no bound that hostile input respects (ADR-0004). Four classes of words are
//! what makes code easier to read.

mod languages;

use super::allow_list::code;
use super::escape::escape;
pub(super) use languages::Language;
use languages::find;

/// The longest code that is highlighted, in bytes.
const CODE_MAX: usize = 32 * 1_024;

/// The language of a block of code, if it is known: the first word behind the fence.
pub(super) fn language(info: &str) -> Option<&'static Language> {
    let mut words = info.split([' ', '\t', ',', '{', '}', ':']);
    words.find(|word| !word.is_empty()).and_then(find)
}

/// Writes code as HTML, highlighted if it is not too long.
pub(super) fn highlight(language: &'static Language, text: &str, out: &mut String) {
    match text.len() {
        ..=CODE_MAX => Scanner { language, rest: text, out }.run(),
        _ => escape(text, out),
    }
}

struct Scanner<'a, 'o> {
    language: &'static Language,
    rest: &'a str,
    out: &'o mut String,
}

impl<'a> Scanner<'a, '_> {
    fn run(mut self) {
        while let Some(next) = self.rest.chars().next() {
            if let Some(length) = self.comment() {
                self.mark(code::COMMENT, length);
            } else if let Some(length) = self.string(next) {
                self.mark(code::STRING, length);
            } else if next.is_ascii_digit() {
                let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
                self.mark(code::NUMBER, self.run_of(is_part));
            } else if next.is_alphabetic() || next == '_' {
                self.word();
            } else {
                let plain = |c: char| !c.is_alphanumeric() && c != '_' && !self.may_begin(c);
                let length = self.run_of(plain).max(next.len_utf8());
                let plain = self.take(length);
                escape(plain, self.out);
            }
        }
    }

    /// How long the text is that is made of such characters, in bytes.
    fn run_of(&self, is_part: impl Fn(char) -> bool) -> usize {
        self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len())
    }

    /// Whether a comment or string may begin with this character.
    fn may_begin(&self, c: char) -> bool {
        let Language { line, block, quotes, .. } = self.language;
        quotes.contains(c)
            || line.iter().any(|start| start.starts_with(c))
            || block.is_some_and(|(start, _)| start.starts_with(c))
    }

    fn comment(&self) -> Option<usize> {
        if self.language.line.iter().any(|start| self.rest.starts_with(start)) {
            return Some(self.run_of(|c| c != '\n'));
        }
        let (start, end) = self.language.block?;
        let inner = self.rest.strip_prefix(start)?;
        Some(inner.find(end).map_or(self.rest.len(), |at| start.len() + at + end.len()))
    }

    /// A string ends on its line, unless its quotes are of those that span lines.
    fn string(&self, quote: char) -> Option<usize> {
        if !self.language.quotes.contains(quote) {
            return None;
        }
        let thrice = [quote; 3].iter().collect::<String>();
        if self.language.triple && self.rest.starts_with(&thrice) {
            let inner = self.rest.get(thrice.len()..)?;
            return Some(inner.find(&thrice).map_or(self.rest.len(), |at| at + 2 * thrice.len()));
        }
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                '\n' if quote != '`' => return Some(at),
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => return Some(at + c.len_utf8()),
                _ => {}
            }
        }
        Some(self.rest.len())
    }

    fn word(&mut self) {
        let length = self.run_of(|c| c.is_alphanumeric() || c == '_');
        let word = self.rest.get(..length).unwrap_or_default();
        let is_keyword = match self.language.any_case {
            true => self.language.keywords.iter().any(|other| other.eq_ignore_ascii_case(word)),
            false => self.language.keywords.contains(&word),
        };
        if is_keyword {
            self.mark(code::KEYWORD, length);
        } else {
            let word = self.take(length);
            escape(word, self.out);
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn mark(&mut self, class: &str, length: usize) {
        let text = self.take(length);
        self.out.extend(["<span class=\"", class, "\">"]);
        escape(text, self.out);
        self.out.push_str("</span>");
    }
}
