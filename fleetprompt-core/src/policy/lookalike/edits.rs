//! One edit of a text.

/// Whether two texts differ by one character that is missing, added or another one, or by two
/// neighbours that are swapped.
pub(super) fn one_edit_apart(one: &str, other: &str) -> bool {
    let mut rests = (one.chars(), other.chars());
    loop {
        let (left, right) = (rests.0.clone(), rests.1.clone());
        match (rests.0.next(), rests.1.next()) {
            (None, None) => return false,
            (Some(a), Some(b)) if a == b => {}
            (a, b) => {
                let (behind, ahead) = (rests.0.as_str(), rests.1.as_str());
                let swapped = || {
                    let (mut behind, mut ahead) = (behind.chars(), ahead.chars());
                    (behind.next(), ahead.next()) == (b, a)
                        && b.is_some()
                        && a.is_some()
                        && behind.as_str() == ahead.as_str()
                };
                return behind == ahead
                    || behind == right.as_str()
                    || left.as_str() == ahead
                    || swapped();
            }
        }
    }
}

/// Every text that one character less makes of `text`. Two texts that are one edit apart have one
/// of these, or one of the texts itself, in common.
pub(super) fn deletions(text: &str) -> impl Iterator<Item = String> {
    text.char_indices().map(|(at, gone)| {
        let (head, tail) = text.split_at(at);
        let tail = tail.strip_prefix(gone).unwrap_or(tail);
        format!("{head}{tail}")
    })
}
