//! The words of an entry in their places, and its labels, as texts.
//!
//! A run is a line: the number of its field, and its words, each behind a blank. A word whose stem
//! differs from it has the stem behind a quotation mark. Terms have neither white space nor
//! quotation marks. Labels are separated by blanks.

use std::collections::BTreeSet;

use fleetprompt_core::port::{Field, Run, StoreError, Term, Token};

use crate::error::Fault;

/// Runs as a text.
pub(super) fn write_runs(runs: &[Run]) -> String {
    let mut text = String::new();
    for run in runs {
        text += &run.field.number().to_string();
        for token in &run.tokens {
            text.push(' ');
            text += token.word.as_str();
            if token.word != token.stem {
                text.push('"');
                text += token.stem.as_str();
            }
        }
        text.push('\n');
    }
    text
}

/// Labels as a text, in their order.
pub(super) fn write_labels(labels: &BTreeSet<Term>) -> String {
    let labels: Vec<&str> = labels.iter().map(Term::as_str).collect();
    labels.join(" ")
}

/// A word and its stem.
pub(super) type Word<'t> = (&'t str, &'t str);

/// The words of an entry, read from the text.
#[derive(Debug, Default)]
pub(super) struct Words<'t> {
    runs: Vec<(Field, Vec<Word<'t>>)>,
}

impl<'t> Words<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, Fault> {
        let runs = text.lines().map(|line| {
            let mut parts = line.split(' ');
            let field = parts.next().and_then(|number| number.parse::<usize>().ok());
            let field = field.and_then(|number| Field::ALL.get(number)).copied();
            let field = field.ok_or(StoreError::Corrupt("a run of the index has no field"))?;
            let words = parts.map(|word| word.split_once('"').unwrap_or((word, word)));
            Ok((field, words.collect()))
        });
        Ok(Words { runs: runs.collect::<Result<_, Fault>>()? })
    }

    /// Whether the stems stand next to each other in a run.
    pub(super) fn have(&self, stems: &[Term]) -> bool {
        !stems.is_empty()
            && self.runs.iter().any(|(_, words)| {
                words.windows(stems.len()).any(|window| {
                    window.iter().zip(stems).all(|((_, stem), wanted)| *stem == wanted.as_str())
                })
            })
    }

    /// How many words of each field count, up to 65,535.
    pub(super) fn tally(&self, counts: impl Fn(&str) -> bool) -> [u16; Field::COUNT] {
        let mut tally = [0_u16; Field::COUNT];
        for (field, words) in &self.runs {
            let found = words.iter().filter(|(_, stem)| counts(stem)).count();
            if let Some(slot) = tally.get_mut(field.number()) {
                *slot = slot.saturating_add(u16::try_from(found).unwrap_or(u16::MAX));
            }
        }
        tally
    }

    /// The runs as the core has them.
    pub(super) fn to_runs(&self) -> Result<Vec<Run>, Fault> {
        let runs = self.runs.iter().map(|(field, words)| {
            let tokens = words
                .iter()
                .map(|(word, stem)| Ok(Token { word: term(word)?, stem: term(stem)? }))
                .collect::<Result<_, Fault>>()?;
            Ok(Run { field: *field, tokens })
        });
        runs.collect()
    }
}

/// The labels in a text.
pub(super) fn read_labels(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|label| !label.is_empty())
}

/// A term from a stored text.
pub(super) fn term(text: &str) -> Result<Term, Fault> {
    text.parse().map_err(|_| StoreError::Corrupt("a term of the index is none").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(word: &str, stem: &str) -> Token {
        Token { word: word.parse().unwrap(), stem: stem.parse().unwrap() }
    }

    fn sample() -> Vec<Run> {
        let words = vec![token("web", "web"), token("scrapers", "scraper"), token("検索", "検索")];
        vec![
            Run { field: Field::Description, tokens: words },
            Run { field: Field::Name, tokens: vec![] },
            Run { field: Field::Name, tokens: vec![token("it's", "it")] },
        ]
    }

    #[test]
    fn what_is_written_is_read_again() {
        for runs in [sample(), vec![]] {
            let text = write_runs(&runs);
            assert_eq!(Words::read(&text).unwrap().to_runs().unwrap(), runs);
        }
        let labels: BTreeSet<Term> = ["k:a", "t:it's"].map(|label| label.parse().unwrap()).into();
        let text = write_labels(&labels);
        assert_eq!(read_labels(&text).collect::<Vec<_>>(), ["k:a", "t:it's"]);
        assert_eq!(read_labels("").count(), 0);
    }

    #[test]
    fn stems_are_found_next_to_each_other_in_one_run() {
        let text = write_runs(&sample());
        let words = Words::read(&text).unwrap();
        let have = |stems: &str| {
            let stems: Vec<Term> = stems.split(' ').map(|stem| stem.parse().unwrap()).collect();
            words.have(&stems)
        };
        assert!(have("web scraper") && have("it") && have("検索"));
        assert!(!have("web 検索") && !have("検索 it") && !have("scrapers"));
        assert!(!words.have(&[]));
        assert_eq!(words.tally(|stem| stem == "scraper"), [0, 0, 0, 0, 1]);
    }

    #[test]
    fn what_is_no_run_is_refused() {
        assert!(Words::read("x web\n").is_err());
        assert!(Words::read("9 web\n").is_err());
        assert!(Words::read("0 \n").unwrap().to_runs().is_err());
    }
}
