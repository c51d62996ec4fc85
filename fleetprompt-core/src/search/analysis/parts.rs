//! What words in mixed case, and letters with a number, are put together from.

use std::ops::Range;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Parts that begin behind so many letters are not looked for.
const MAX_LETTERS: usize = 64;
/// `python3` is a version of `python`, but `s3`, `k8s` and `b2b` are names.
const MIN_NAME: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Upper,
    Lower,
    Digit,
    Other,
}

/// The parts of a word: `get` and `User` of `getUser`, `HTTP` and `Server` of `HTTPServer`, `python`
/// and `3` of `python3`. None if it is not put together, and no single letters.
pub(super) fn parts(word: &str) -> Vec<Range<usize>> {
    let letters = letters(word);
    if !letters.iter().any(|(_, class)| matches!(class, Class::Upper | Class::Digit)) {
        return vec![];
    }
    let mut starts = vec![0];
    starts.extend((1..letters.len()).filter(|at| begins(&letters, *at)));
    let ends = starts.iter().skip(1).copied().chain([letters.len()]);
    let mut found = vec![];
    for (from, to) in starts.iter().copied().zip(ends) {
        let Some(hump) = letters.get(from..to) else { continue };
        let end = letters.get(to).map_or(word.len(), |(at, _)| *at);
        let Some((start, _)) = hump.first() else { continue };
        if starts.len() > 1 && hump.len() > 1 {
            found.push(*start..end);
        }
        let name = hump.iter().take_while(|(_, class)| *class != Class::Digit).count();
        let (_, number) = hump.split_at(name);
        if let [(digits, _), ..] = number
            && name >= MIN_NAME
            && number.iter().all(|(_, class)| *class == Class::Digit)
        {
            found.extend([*start..*digits, *digits..end]);
        }
    }
    found
}

/// Where the letters and digits stand, and their classes. Some vowels are two letters in one character.
fn letters(word: &str) -> Vec<(usize, Class)> {
    let mut letters = Vec::new();
    for (at, c) in word.char_indices() {
        if letters.len() >= MAX_LETTERS {
            break;
        }
        decompose_canonical(c, |part| letters.extend(class(part).map(|class| (at, class))));
    }
    letters.truncate(MAX_LETTERS);
    letters
}

/// The class of a letter or digit; marks and apostrophes belong to the letter before them.
fn class(letter: char) -> Option<Class> {
    match letter {
        mark if is_combining_mark(mark) => None,
        c if c.is_uppercase() => Some(Class::Upper),
        c if c.is_lowercase() => Some(Class::Lower),
        c if c.is_numeric() => Some(Class::Digit),
        c => c.is_alphanumeric().then_some(Class::Other),
    }
}

/// Whether a part begins at this letter.
fn begins(letters: &[(usize, Class)], at: usize) -> bool {
    let class = |at: usize| letters.get(at).map(|(_, class)| *class);
    if class(at) != Some(Class::Upper) {
        return false;
    }
    let next = class(at + 1);
    match class(at - 1) {
        Some(Class::Lower | Class::Other) => true,
        Some(Class::Digit) => next == Some(Class::Lower),
        // The last capital of a row begins a word, unless what follows is the ending of `URLs`.
        Some(Class::Upper) => next == Some(Class::Lower) && class(at + 2) == Some(Class::Lower),
        None => false,
    }
}
