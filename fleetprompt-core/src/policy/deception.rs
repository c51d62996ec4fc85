//! Names that pass for another by letters of other alphabets (UTS #39).

use unicode_script::{Script, UnicodeScript as _};
use unicode_security::GeneralSecurityProfile as _;
use unicode_security::confusable_detection::skeleton;

use crate::domain::Rule;

/// Alphabets whose letters can be taken for Latin ones, or for each other's.
const ALIKE: &[Script] = &[
    Script::Latin,
    Script::Cyrillic,
    Script::Greek,
    Script::Armenian,
    Script::Cherokee,
    Script::Coptic,
    Script::Lisu,
];

/// The rule that a name breaks, a title or the name of a publisher, if it deceives readers:
///
/// - a word mixes two alphabets that look alike, and one of its letters passes for a Latin one:
///   `раypal`, whose first two letters are Cyrillic;
/// - a letter is Latin but only imitates another, as phonetic letters do: `ɑcme`;
/// - beside words of another such alphabet, Latin or not, the words of one use only letters that pass
///   for Latin ones: `Арр Store`, whose first word is Cyrillic. One other letter of that alphabet
///   anywhere in the name, and it is what it seems.
///
/// A name that is all of one alphabet deceives nobody by itself: `Хаос` is a word. What it could be
/// taken for is asked of the names that are well known, see [`display_probes`](super::display_probes).
///
/// Scripts may stand beside each other, and within a word where nothing looks alike:
/// `Помощник GPT-4`, `データAPI`, `ΔT`. What passes for what is the Unicode consortium's table of
/// confusables. It grows, so this is judged when a name is written, and never when one is read.
///
/// ```
/// use fleetprompt_core::domain::Rule;
/// use fleetprompt_core::policy::deceptive;
/// assert_eq!(deceptive("р\u{430}ypal"), Some(Rule::MixedScripts));
/// assert_eq!(deceptive("Помощник GPT-4"), None);
/// assert_eq!(deceptive("Хаос"), None);
/// ```
pub fn deceptive(name: &str) -> Option<Rule> {
    if name.is_ascii() {
        return None;
    }
    let words = words(name);
    let mixes = |word: &Vec<Letter>| {
        let first = word.first().map(|letter| letter.script);
        let foreign = |letter: &Letter| letter.script != Script::Latin && letter.looks_latin;
        word.iter().any(|letter| Some(letter.script) != first) && word.iter().any(foreign)
    };
    if words.iter().any(mixes) {
        return Some(Rule::MixedScripts);
    }
    let imitates = |letter: &Letter| letter.script == Script::Latin && letter.looks_latin;
    if words.iter().flatten().any(imitates) {
        return Some(Rule::LooksLatin);
    }
    let one_alphabet = || {
        let mut scripts = words.iter().flatten().map(|letter| letter.script);
        let first = scripts.next();
        scripts.all(|script| Some(script) == first)
    };
    (borrowed(&words) && !one_alphabet()).then_some(Rule::LooksLatin)
}

/// Whether a name has no Latin letter and reads as if it had no other: all of its letters, of one
/// alphabet, pass for Latin ones, and there are two in a word at least.
pub(super) fn passes_for_latin(name: &str) -> bool {
    let words = words(name);
    let latin = |letter: &Letter| letter.script == Script::Latin;
    !name.is_ascii() && borrowed(&words) && !words.iter().flatten().any(latin)
}

/// Whether the words of an alphabet use only letters that pass for Latin ones.
fn borrowed(words: &[Vec<Letter>]) -> bool {
    let borrowed = |script: &Script| {
        let of_script = |letter: &&Letter| letter.script == *script;
        let whole = words.iter().any(|word| word.iter().filter(of_script).count() > 1);
        whole && words.iter().flatten().filter(of_script).all(|letter| letter.looks_latin)
    };
    ALIKE.iter().skip(1).any(borrowed)
}

/// The letters of each word, of alphabets that others look like.
fn words(name: &str) -> Vec<Vec<Letter>> {
    let letters = |word: &'_ str| word.chars().filter_map(Letter::of).collect::<Vec<_>>();
    name.split(|c: char| !in_word(c)).map(letters).collect()
}

/// A letter of an alphabet that others look like.
struct Letter {
    script: Script,
    /// Whether it is not ASCII, and is taken for an ASCII letter.
    looks_latin: bool,
}

impl Letter {
    fn of(c: char) -> Option<Self> {
        let script = c.script();
        if !c.is_alphabetic() || !ALIKE.contains(&script) {
            return None;
        }
        if c.is_ascii() {
            return Some(Letter { script, looks_latin: false });
        }
        let mut buffer = [0; 4];
        let mut prototype = skeleton(c.encode_utf8(&mut buffer));
        let is_letter = prototype.next().is_some_and(|first| first.is_ascii_alphabetic());
        // Letters that a language is written with are themselves, the Turkish dotless i for one.
        let imitates = script != Script::Latin || !c.identifier_allowed();
        Some(Letter { script, looks_latin: is_letter && prototype.next().is_none() && imitates })
    }
}

/// Words end at white space and punctuation, so that `GPT-Помощник` is two.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_pass_for_others_are_told() {
        for (name, rule) in [
            ("р\u{430}ypal", Rule::MixedScripts),
            ("The \u{410}pple store", Rule::MixedScripts),
            ("Gοοgle", Rule::MixedScripts),
            ("micros\u{43e}ft 365", Rule::MixedScripts),
            ("\u{410}\u{440}\u{440} Store", Rule::LooksLatin),
            ("ΑΙ agent", Rule::LooksLatin),
            ("\u{251}cme", Rule::LooksLatin),
            ("ꓐꓳꓔ \u{430}\u{440}\u{435}", Rule::LooksLatin),
        ] {
            assert_eq!(deceptive(name), Some(rule), "{name}");
        }
    }

    #[test]
    fn names_in_any_script_pass() {
        for name in [
            "Invoice reader",
            "Помощник GPT-4",
            "AI-агент для Notion",
            "Хор имени Пятницкого",
            "研究助手 for Notion",
            "データ API",
            "データAPI",
            "한국어AI 비서",
            "مساعد البحث",
            "עוזר מחקר GPT",
            "सहायक AI",
            "ผู้ช่วยGPT",
            "Βοηθός έρευνας",
            "Café Müller façade Łódź Ørsted",
            "Akıllı asistan",
            "Trợ lý nghiên cứu",
            "ΔT logger",
            "α-β pruning",
            "µService monitor",
            "Ünïcode — № 1",
            "Robot 🤖",
            "Օգնական",
            "\u{425}\u{430}\u{43e}\u{441}",
            "\u{422}\u{41e}\u{420} 10",
            "ꓐꓳꓔ",
        ] {
            assert_eq!(deceptive(name), None, "{name}");
        }
    }

    #[test]
    fn what_reads_as_latin_without_a_latin_letter_is_told() {
        for name in ["\u{425}\u{430}\u{43e}\u{441}", "\u{425}\u{43e}\u{440} 2", "ΑΙ", "ꓐꓳꓔ"]
        {
            assert!(passes_for_latin(name), "{name}");
        }
        for name in ["Chaos", "\u{410}\u{440}\u{440} Store", "Хоры", "研究", "ΔT", "42", ""]
        {
            assert!(!passes_for_latin(name), "{name}");
        }
    }
}
