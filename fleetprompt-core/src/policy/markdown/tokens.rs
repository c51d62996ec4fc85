//! HTML, cut into tags and text. Not a parser: what it makes of malformed input need not be what a
//! browser would, since everything is written anew from what it found, and sanitised after that.

use memchr::memchr;

use super::allow_list::{Element, WITH_CONTENT, find};

/// A piece of HTML.
pub(super) enum Token<'a> {
    /// Text, its character references as they were; it holds no `<`.
    Text(&'a str),
    /// A `<` that begins nothing.
    Less,
    /// A start tag, whose attributes are [`Tokens::attributes`].
    Open(&'static Element),
    /// An end tag.
    Close(&'static Element),
}

/// Cuts HTML into pieces, in time that grows with its length alone. Comments, declarations, tags
/// that never end, elements that are not on the allow-list, and those that are not for reading with
/// all that is in them, are left out.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    attributes: Vec<Attribute<'a>>,
    /// Elements that have no end tag in what is left, so that it is looked for once.
    endless: Vec<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Tokens { rest: html, attributes: Vec::new(), endless: Vec::new() }
    }

    /// The first attributes of the start tag that came last.
    pub(super) fn attributes(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    /// Reads a tag behind its name to its end; answers what comes behind it, if it ends.
    fn behind_attributes(&mut self, tag: &'a str) -> Option<&'a str> {
        self.attributes.clear();
        if let Some(behind) = tag.strip_prefix('>') {
            return Some(behind);
        }
        let mut attributes = Attributes::of(tag);
        self.attributes.extend(attributes.by_ref().take(ATTRIBUTES_MAX));
        attributes.by_ref().for_each(drop);
        attributes.rest.strip_prefix('>')
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
                let end = memchr(b'<', self.rest.as_bytes()).unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
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
            let (name, tag) =
                split_where(named, |byte| is_blank(byte) || matches!(byte, b'>' | b'/'));
            // A tag that never ends is no tag, and nothing can come behind it.
            self.rest = self.behind_attributes(tag)?;
            match find(name) {
                Some(element) if closes => return Some(Token::Close(element)),
                Some(element) => return Some(Token::Open(element)),
                None if closes => {}
                None => self.skip_content(name),
            }
        }
    }
}

/// How many attributes of a tag are looked at.
const ATTRIBUTES_MAX: usize = 16;

/// The name of an attribute as it was, and its value without quotes, its character references as
/// they were.
pub(super) type Attribute<'a> = (&'a str, &'a str);

/// The attributes of a tag. What delimits them is ASCII, so they are read by the byte.
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Attributes<'a> {
    /// The attributes that `text` begins with, behind the name of their tag.
    pub(super) fn of(text: &'a str) -> Self {
        Attributes { rest: text }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        (_, self.rest) = split_where(self.rest, |byte| !is_blank(byte) && byte != b'/');
        let first = self.rest.bytes().next().filter(|first| *first != b'>')?;
        let ends = |byte: u8| is_blank(byte) || matches!(byte, b'/' | b'>' | b'=');
        // A name may begin with what ends one.
        let (name, rest) = match first {
            b'=' => {
                let behind = self.rest.bytes().skip(1).position(ends);
                self.rest.split_at_checked(behind.map_or(self.rest.len(), |at| at + 1))?
            }
            _ => split_where(self.rest, ends),
        };
        self.rest = rest;
        let Some(value) = without_blanks(rest).strip_prefix('=') else {
            return Some((name, ""));
        };
        let value = without_blanks(value);
        let value = match value.bytes().next() {
            Some(quote @ (b'"' | b'\'')) => {
                let inner = value.get(1..)?;
                let end = memchr(quote, inner.as_bytes()).unwrap_or(inner.len());
                let (inner, rest) = inner.split_at_checked(end)?;
                self.rest = rest.get(1..).unwrap_or_default();
                inner
            }
            _ => {
                let bare;
                (bare, self.rest) = split_where(value, |byte| is_blank(byte) || byte == b'>');
                bare
            }
        };
        Some((name, value))
    }
}

/// The text before the first byte of this kind, which is ASCII, and the text from there on.
fn split_where(text: &str, stops: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(stops).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn without_blanks(text: &str) -> &str {
    split_where(text, |byte| !is_blank(byte)).1
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0C' | b'\r')
}

/// White space as HTML has it.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0C' | '\r')
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
