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
/// - the words of one such alphabet use only letters that pass for Latin ones: `аре`, all
///   Cyrillic. One other letter of that alphabet anywhere in the name, and it is what it seems.
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
/// ```
pub fn deceptive(name: &str) -> Option<Rule> {
    if name.is_ascii() {
        return None;
    }
    let letters = |word: &'_ str| word.chars().filter_map(Letter::of).collect::<Vec<_>>();
    let words: Vec<Vec<Letter>> = name.split(|c: char| !in_word(c)).map(letters).collect();
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
    let borrowed = |script: &Script| {
        let of_script = |letter: &&Letter| letter.script == *script;
        let whole = words.iter().any(|word| word.iter().filter(of_script).count() > 1);
        whole && words.iter().flatten().filter(of_script).all(|letter| letter.looks_latin)
    };
    ALIKE.iter().skip(1).any(borrowed).then_some(Rule::LooksLatin)
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
            ("\u{430}\u{440}\u{435}", Rule::LooksLatin),
            ("\u{410}\u{440}\u{440} Store", Rule::LooksLatin),
            ("ΑΙ agent", Rule::LooksLatin),
            ("\u{251}cme", Rule::LooksLatin),
            ("ꓐꓳꓔ", Rule::LooksLatin),
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
        ] {
            assert_eq!(deceptive(name), None, "{name}");
        }
    }
}
