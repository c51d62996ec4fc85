//! A place in a text where an anchor stands, and what can be read around it.

use super::anchors::Anchor;

/// A set of bytes.
pub(super) type Alphabet = fn(u8) -> bool;

pub(super) fn alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

/// The alphabet of base64url, and of most words with hyphens.
pub(super) fn url_safe(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
}

pub(super) fn base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

pub(super) fn lower_hex(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'a'..=b'f')
}

pub(super) fn upper_alphanumeric(b: u8) -> bool {
    b.is_ascii_digit() || b.is_ascii_uppercase()
}

/// A text, and where in it an anchor stands.
pub(super) struct Place<'t> {
    text: &'t [u8],
    /// Where the anchor begins.
    pub(super) start: usize,
    /// Where what follows it begins.
    pub(super) end: usize,
}

impl<'t> Place<'t> {
    /// The place of `anchor` at `start`, if it stands there.
    pub(super) fn of(text: &'t [u8], start: usize, anchor: &Anchor) -> Option<Self> {
        let end = start + anchor.text.len();
        let found = text.get(start..end)?;
        let stands = if anchor.any_case {
            found.eq_ignore_ascii_case(anchor.text.as_bytes())
        } else {
            found == anchor.text.as_bytes()
        };
        stands.then_some(Place { text, start, end })
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.text.get(from..to.min(self.text.len())).unwrap_or_default()
    }

    /// Whether nothing of `alphabet` stands right before the anchor.
    pub(super) fn begins(&self, alphabet: Alphabet) -> bool {
        !self.start.checked_sub(1).and_then(|at| self.byte(at)).is_some_and(alphabet)
    }

    /// The bytes of `alphabet` from `from` on, at most `most`.
    pub(super) fn run(&self, from: usize, alphabet: Alphabet, most: usize) -> &'t [u8] {
        let rest = self.slice(from, from.saturating_add(most));
        let length = rest.iter().take_while(|b| alphabet(**b)).count();
        rest.get(..length).unwrap_or_default()
    }

    /// The bytes of `alphabet` that end right before `to`, at most `most`.
    pub(super) fn run_before(&self, to: usize, alphabet: Alphabet, most: usize) -> &'t [u8] {
        let before = self.slice(to.saturating_sub(most), to);
        let length = before.iter().rev().take_while(|b| alphabet(**b)).count();
        before.get(before.len() - length..).unwrap_or_default()
    }

    /// What stands before the anchor on its line, at most `most` bytes.
    pub(super) fn line_before(&self, most: usize) -> &'t [u8] {
        self.run_before(self.start, |b| b != b'\n', most)
    }
}
