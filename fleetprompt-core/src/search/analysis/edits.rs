//! Misspelt words.

use std::collections::BTreeSet;

use crate::port::Term;

/// Every edit of a shorter word is some other word, and a longer one is hardly a word.
const LETTERS: std::ops::RangeInclusive<usize> = 3..=24;
/// Enough for every edit of the longest word in any one of the alphabets.
const MAX_EDITS: usize = 2_000;

/// The letters of a script, as folding leaves them.
const ALPHABETS: [(std::ops::RangeInclusive<char>, &str); 6] = [
    ('a'..='\u{24f}', "abcdefghijklmnopqrstuvwxyz"),
    ('0'..='9', "0123456789"),
    ('\u{370}'..='\u{3ff}', "αβγδεζηθικλμνξοπρστυφχψω"),
    ('\u{400}'..='\u{52f}', "абвгдежзиклмнопрстуфхцчшщъыьэюяєі"),
    ('\u{5d0}'..='\u{5ea}', "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
    ('\u{621}'..='\u{64a}', "ءابةتثجحخدذرزسشصضطظعغفقكلمنهوىي"),
];

/// Words that a word of 3 to 24 characters may have been meant for: two neighbours of it swapped, a
/// character left out, another in its place, one more. The characters that come in are those of the
/// alphabets that the word is written in. At most 2,000, each once, the word itself not among them,
/// and always in the same order.
pub(crate) fn single_edits(word: &Term) -> Vec<Term> {
    let letters: Vec<char> = word.as_str().chars().collect();
    if !LETTERS.contains(&letters.len()) {
        return vec![];
    }
    let mut seen = BTreeSet::from([word.as_str().to_owned()]);
    edits(&letters, &alphabet(&letters))
        .filter(|edit| seen.insert(edit.clone()))
        .filter_map(|edit| edit.parse().ok())
        .take(MAX_EDITS)
        .collect()
}

fn alphabet(letters: &[char]) -> Vec<char> {
    let used = ALPHABETS.iter().filter(|(range, _)| letters.iter().any(|c| range.contains(c)));
    used.flat_map(|(_, alphabet)| alphabet.chars()).collect()
}

/// The most likely kinds of slips first.
fn edits(letters: &[char], alphabet: &[char]) -> impl Iterator<Item = String> {
    let places = || (0..=letters.len()).map(|at| letters.split_at(at));
    let swapped = places().filter_map(|(head, tail)| match tail {
        [one, two, rest @ ..] => Some(spell(head, &[*two, *one], rest)),
        _ => None,
    });
    let without = places().filter_map(|(head, tail)| Some(spell(head, &[], tail.get(1..)?)));
    let instead = places()
        .filter_map(|(head, tail)| Some((head, tail.get(1..)?)))
        .flat_map(|(head, rest)| alphabet.iter().map(|c| spell(head, &[*c], rest)));
    let more = places().flat_map(|(head, tail)| alphabet.iter().map(|c| spell(head, &[*c], tail)));
    swapped.chain(without).chain(instead).chain(more)
}

fn spell(head: &[char], middle: &[char], tail: &[char]) -> String {
    head.iter().chain(middle).chain(tail).collect()
}
