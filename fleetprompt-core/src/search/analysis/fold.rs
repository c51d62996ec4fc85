//! Folding: what makes no difference to somebody who searches is taken away.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The most bytes of a word. What is longer is cut, in texts and queries alike, so that there is
/// room for the class of a label in a term.
pub(super) const MAX_WORD_BYTES: usize = 64;

/// The word in compatibility form (NFKC) without case, diacritics and whatever is no letter, mark or
/// number. Idempotent, and the same for canonically equivalent text.
pub(super) fn folded(word: String) -> String {
    if word.is_ascii() {
        let mut word = word;
        word.retain(|c| c.is_ascii_alphanumeric());
        word.make_ascii_lowercase();
        return word;
    }
    word.nfkd()
        .filter(|c| !is_diacritic(*c))
        // By way of upper case, which takes `ß` to `SS` and both forms of sigma to one; but `ẞ` only
        // from lower case.
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .flat_map(plain_letters)
        // Before marks are put in order, too: what is left out may have stood between two of them.
        .filter(is_written)
        .nfkc()
        .filter(is_written)
        .collect()
}

fn is_written(c: &char) -> bool {
    c.is_alphanumeric() || is_combining_mark(*c)
}

/// Whether the mark only says how to pronounce a letter, or how to draw a character: those of Latin,
/// Greek, Cyrillic, Hebrew and Arabic. The vowel signs of Indic scripts and the voicing marks of kana
/// make other words, and stay, and so does the iota below a Greek letter, a letter in upper case.
pub(super) fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{344}' | '\u{346}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'
        | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Letters with a stroke, and ligatures, which Unicode takes for letters of their own and people
/// leave out where their keyboard has none.
fn plain_letters(c: char) -> impl Iterator<Item = char> {
    let [first, second] = match c {
        'ø' => ['o', '\0'],
        'ł' => ['l', '\0'],
        'đ' | 'ð' => ['d', '\0'],
        'ħ' => ['h', '\0'],
        'ŧ' => ['t', '\0'],
        'æ' => ['a', 'e'],
        'œ' => ['o', 'e'],
        'þ' => ['t', 'h'],
        other => [other, '\0'],
    };
    std::iter::once(first).chain((second != '\0').then_some(second))
}
