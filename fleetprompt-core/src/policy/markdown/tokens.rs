//! HTML, cut into tags and text. Not a parser: what it makes of malformed input need not be what a
//! browser would, since everything is written anew from what it found, and sanitised after that.

use super::allow_list::{Element, WITH_CONTENT, find};

/// A piece of HTML.
pub(super) enum Token<'a> {
    /// Text, its character references as they were; it holds no `<`.
    Text(&'a str),
    /// A `<` that begins nothing.
    Less,
    /// A start tag.
    Open(&'static Element, Attributes<'a>),
    /// An end tag.
    Close(&'static Element),
}

/// Cuts HTML into pieces, in time that grows with its length alone. Comments, declarations, tags
/// that never end, elements that are not on the allow-list, and those that are not for reading with
/// all that is in them, are left out.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// Elements that have no end tag in what is left, so that it is looked for once.
    endless: Vec<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Tokens { rest: html, endless: Vec::new() }
    }

    /// Goes on behind the end tag of an element that is not for reading, if it has one.
    fn skip_content(&mut self, name: &str) {
        let Some(name) = WITH_CONTENT.iter().find(|other| other.eq_ignore_ascii_case(name)) else {
            return;
        };
        if self.endless.contains(name) {
            return;
        }
        let end = self.rest.match_indices("</").find_map(|(at, _)| {
            let behind = self.rest.get(at + 2..)?;
            let (found, behind) = behind.split_at_checked(name.len())?;
            let ends = behind.starts_with(|c| is_space(c) || matches!(c, '>' | '/'));
            (ends && found.eq_ignore_ascii_case(name)).then_some(behind)
        });
        match end {
            Some(behind) => self.rest = behind_tag(behind),
            None => self.endless.push(name),
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let Some(behind) = self.rest.strip_prefix('<') else {
                let text;
                (text, self.rest) = split_before(self.rest, '<');
                return Some(Token::Text(text));
            };
            if let Some(comment) = behind.strip_prefix("!--") {
                self.rest = behind_comment(comment);
                continue;
            }
            let (closes, named) = match behind.strip_prefix('/') {
                Some(named) => (true, named),
                None => (false, behind),
            };
            if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
                if !closes && !behind.starts_with(['!', '?']) {
                    self.rest = behind;
                    return Some(Token::Less);
                }
                self.rest = behind_tag(behind);
                continue;
            }
            let ends = |byte: u8| is_space(byte.into()) || matches!(byte, b'>' | b'/');
            let end = named.bytes().position(ends).unwrap_or(named.len());
            let (name, rest) = named.split_at_checked(end).unwrap_or((named, ""));
            let attributes = Attributes { rest };
            // A tag that never ends is no tag, and nothing can come behind it.
            self.rest = attributes.clone().behind()?;
            match find(name) {
                Some(element) if closes => return Some(Token::Close(element)),
                Some(element) => return Some(Token::Open(element, attributes)),
                None if closes => {}
                None => self.skip_content(name),
            }
        }
    }
}

/// The attributes of a tag: names as they were, and values without quotes, their character
/// references as they were.
#[derive(Clone)]
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Attributes<'a> {
    /// The attributes that `text` begins with, behind the name of their tag.
    pub(super) fn of(text: &'a str) -> Self {
        Attributes { rest: text }
    }

    /// What comes behind the tag, if it ends.
    pub(super) fn behind(mut self) -> Option<&'a str> {
        if !self.rest.starts_with('>') {
            self.by_ref().for_each(drop);
        }
        self.rest.strip_prefix('>')
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        self.rest = self.rest.trim_start_matches(|c| is_space(c) || c == '/');
        if self.rest.is_empty() || self.rest.starts_with('>') {
            return None;
        }
        let ends =
            |&(at, c): &(usize, char)| is_space(c) || matches!(c, '/' | '>') || c == '=' && at > 0;
        let end = self.rest.char_indices().find(ends).map_or(self.rest.len(), |(at, _)| at);
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        let Some(value) = rest.trim_start_matches(is_space).strip_prefix('=') else {
            return Some((name, ""));
        };
        let value = value.trim_start_matches(is_space);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = match quote {
            Some(quote) => {
                let inner = value.strip_prefix(quote).unwrap_or(value);
                let (inner, rest) = inner.split_once(quote).unwrap_or((inner, ""));
                self.rest = rest;
                inner
            }
            None => {
                let end = value.find(|c| is_space(c) || c == '>').unwrap_or(value.len());
                let (bare, rest) = value.split_at_checked(end)?;
                self.rest = rest;
                bare
            }
        };
        Some((name, value))
    }
}

/// White space as HTML has it.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0C' | '\r')
}

/// The text before `stop`, and the text from there on.
fn split_before(text: &str, stop: char) -> (&str, &str) {
    text.find(stop).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// What comes behind the next `>`.
fn behind_tag(text: &str) -> &str {
    text.split_once('>').map_or("", |(_, behind)| behind)
}

/// What comes behind a comment, which begins with `text`.
fn behind_comment(text: &str) -> &str {
    if let Some(behind) = text.strip_prefix('>').or_else(|| text.strip_prefix("->")) {
        return behind;
    }
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("--") {
        if let Some(end) = behind.strip_prefix('>').or_else(|| behind.strip_prefix("!>")) {
            return end;
        }
        // `--->` ends a comment too.
        rest = if behind.starts_with('-') { behind_first(rest) } else { behind };
    }
    ""
}

/// What comes behind the first `-` of `text`.
fn behind_first(text: &str) -> &str {
    text.split_once('-').map_or("", |(_, behind)| behind)
}
