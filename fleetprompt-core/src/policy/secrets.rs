//! Finding what looks like a secret in a text, so that it is refused before it is published.
//!
//! One pass finds *anchors*: letters that tokens of some kind begin with, or names that say that a
//! secret follows. Each anchor has a check that reads the bytes around it, never more than a few
//! thousand, and most of them only where no word is under way; so a text costs time in proportion
//! to its length, whatever is in it. A check also lets placeholders pass, since documentation
//! cannot do without: `sk-...`, `<YOUR_API_KEY>`, `${TOKEN}`, `AKIAIOSFODNN7EXAMPLE`.
//!
//! This catches accidents. Whoever wants to publish a secret of their own can always disguise it.

mod address;
mod anchors;
mod looks;
mod named;
mod place;
mod private_key;
mod tokens;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::domain::SecretKind;

use anchors::{ANCHORS, Anchor, Check};
use place::Place;

/// The kind of the first secret that a text seems to hold.
///
/// ```
/// use fleetprompt_core::domain::SecretKind;
/// use fleetprompt_core::policy::find_secret;
/// let key = format!("key: AKIA{}", "Q3EGWZ6YVDPO5XNT");
/// assert_eq!(find_secret(&key), Some(SecretKind::AwsAccessKey));
/// assert_eq!(find_secret("export OPENAI_API_KEY=sk-..."), None);
/// ```
pub fn find_secret(text: &str) -> Option<SecretKind> {
    let bytes = text.as_bytes();
    let index = &*INDEX;
    for (start, pair) in bytes.windows(2).enumerate() {
        let &[first, second] = pair else { continue };
        if !index.may_begin(first, second) {
            continue;
        }
        for anchor in index.beginning(first) {
            if let Some(place) = Place::of(bytes, start, anchor)
                && let Some(kind) = anchor.check(&place)
            {
                return Some(kind);
            }
        }
    }
    None
}

impl Anchor {
    fn check(&self, place: &Place<'_>) -> Option<SecretKind> {
        match self.check {
            Check::Body { kind, alphabet, least, most } => {
                tokens::body(place, alphabet, least..=most).then_some(kind)
            }
            Check::If(kind, holds) => holds(place).then_some(kind),
            Check::Tell(tell) => tell(place),
        }
    }
}

/// Where anchors may begin: a bit for each pair of first letters, and the anchors by the first.
struct Index {
    pairs: Vec<u64>,
    by_first: Vec<Vec<&'static Anchor>>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { pairs: vec![0; 1 << 10], by_first: vec![Vec::new(); 1 << 8] };
    for anchor in ANCHORS {
        let mut letters = anchor.text.bytes();
        let (Some(first), Some(second)) = (letters.next(), letters.next()) else { continue };
        let cases = |letter: u8| {
            let other = if anchor.any_case { letter.to_ascii_uppercase() } else { letter };
            if other == letter { vec![letter] } else { vec![letter, other] }
        };
        for first in cases(first) {
            if let Some(anchors) = index.by_first.get_mut(usize::from(first)) {
                anchors.push(anchor);
            }
            for second in cases(second) {
                let at = pair(first, second);
                if let Some(word) = index.pairs.get_mut(at / 64) {
                    *word |= 1 << (at % 64);
                }
            }
        }
    }
    index
});

impl Index {
    fn may_begin(&self, first: u8, second: u8) -> bool {
        let at = pair(first, second);
        self.pairs.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn beginning(&self, first: u8) -> &[&'static Anchor] {
        self.by_first.get(usize::from(first)).map_or(&[], Vec::as_slice)
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}
