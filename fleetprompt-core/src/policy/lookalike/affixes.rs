//! Words beside a name that claim something about whose it is.

use super::{joined, joined_strokes, words};

/// What says that this is the real one, and nobody else is.
const CLAIMS: &[&str] =
    &["authentic", "genuine", "official", "original", "real", "trusted", "verified"];

/// What a company is called besides its name. In a handle alone: an asset may well be a `team`'s.
const COMPANY: &[&str] = &[
    "ag",
    "ai",
    "app",
    "apps",
    "bv",
    "co",
    "com",
    "company",
    "corp",
    "corporation",
    "dev",
    "gmbh",
    "group",
    "hq",
    "inc",
    "io",
    "labs",
    "llc",
    "llp",
    "ltd",
    "net",
    "org",
    "plc",
    "sa",
    "sas",
    "srl",
    "support",
    "team",
    "the",
];

/// Those of them that are told from the end of another word when nothing stands between.
const GLUED: &[&str] = &["company", "corp", "corporation", "gmbh", "inc", "llc", "ltd", "team"];

/// How many words beside a name are looked at, before it and after it each.
const WORDS_MAX: usize = 3;
/// The fewest letters that must be left of a name when a word without a separator is taken off.
const LEFT_MIN: usize = 4;

/// What is left of a name when words that claim something are taken off.
pub(super) fn bases(text: &str, is_slug: bool) -> impl Iterator<Item = String> {
    let claim = move |word: &str| {
        let strokes = joined_strokes(word);
        let company: &[&str] = if is_slug { &[] } else { COMPANY };
        CLAIMS.iter().chain(company).any(|claim| joined_strokes(claim) == strokes)
    };
    let parts: Vec<&str> = words(text).collect();
    let before = parts.iter().take(WORDS_MAX).take_while(|word| claim(word)).count();
    let after = parts.iter().rev().take(WORDS_MAX).take_while(|word| claim(word)).count();
    let mut bases = Vec::new();
    for from in 0..=before {
        for until in 0..=after {
            let kept = parts.len().saturating_sub(from + until);
            if kept > 0 && from + until > 0 {
                bases.push(parts.iter().skip(from).take(kept).copied().collect());
            }
        }
    }
    let whole = joined(text);
    let glued = if is_slug { &[] } else { GLUED };
    for word in CLAIMS.iter().chain(glued) {
        let sides = [whole.strip_prefix(word), whole.strip_suffix(word)];
        let long = |rest: &&str| rest.len() >= LEFT_MIN;
        bases.extend(sides.into_iter().flatten().filter(long).map(str::to_owned));
    }
    bases.into_iter()
}
