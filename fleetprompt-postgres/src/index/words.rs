//! The stems and words of an entry in their places, and its labels, as texts.
//!
//! A run of stems is a line: the number of its field, a blank, and each stem with a blank behind it, so
//! that stems next to each other are a part of the text. A line of the text of words has those of the
//! run that are not their stems, with nothing in the places of the others. Terms have no white space.
//! Labels are separated by blanks.

use std::collections::BTreeSet;

use fleetprompt_core::port::{Field, Run, StoreError, Term, Token};

use crate::error::Fault;

/// The stems of runs as a text.
pub(super) fn write_stems(runs: &[Run]) -> String {
    let mut text = String::new();
    for run in runs {
        text += &run.field.number().to_string();
        text.push(' ');
        for token in &run.tokens {
            text += token.stem.as_str();
            text.push(' ');
        }
        text.push('\n');
    }
    text
}

/// The words of runs as a text.
pub(super) fn write_words(runs: &[Run]) -> String {
    let mut text = String::new();
    for run in runs {
        for token in &run.tokens {
            if token.word != token.stem {
                text += token.word.as_str();
            }
            text.push(' ');
        }
        text.push('\n');
    }
    text
}

/// Stems next to each other, as they stand in the text.
pub(super) fn phrase_text(stems: &[Term]) -> String {
    let mut text = String::from(" ");
    for stem in stems {
        text += stem.as_str();
        text.push(' ');
    }
    text
}

/// Labels as a text, in their order.
pub(super) fn write_labels(labels: &BTreeSet<Term>) -> String {
    let labels: Vec<&str> = labels.iter().map(Term::as_str).collect();
    labels.join(" ")
}

/// The runs in a text of stems: the field of each, and its stems.
pub(super) fn read_runs(
    stems: &str,
) -> Result<impl Iterator<Item = (Field, impl Iterator<Item = &str>)>, Fault> {
    let runs = stems.lines().map(|line| {
        let corrupt = StoreError::Corrupt("a run of the index can't be read");
        let (field, stems) = line.split_once(' ').ok_or(corrupt.clone())?;
        let field = field.parse::<usize>().ok().and_then(|number| Field::ALL.get(number));
        Ok((*field.ok_or(corrupt)?, stems.split_terminator(' ')))
    });
    Ok(runs.collect::<Result<Vec<_>, Fault>>()?.into_iter())
}

/// The runs as the core has them, from the texts of stems and words.
pub(super) fn join_runs(stems: &str, words: &str) -> Result<Vec<Run>, Fault> {
    let mut lines = words.lines();
    let runs = read_runs(stems)?.map(|(field, stems)| {
        let mut words = lines.next().unwrap_or_default().split_terminator(' ');
        let tokens = stems.map(|stem| {
            let missing = StoreError::Corrupt("a run of the index lacks words");
            let word = words.next().ok_or(missing)?;
            let stem = term(stem)?;
            let word = if word.is_empty() { stem.clone() } else { term(word)? };
            Ok(Token { word, stem })
        });
        Ok(Run { field, tokens: tokens.collect::<Result<_, Fault>>()? })
    });
    runs.collect()
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
            Run { field: Field::Summary, tokens: vec![token("0", "0")] },
        ]
    }

    #[test]
    fn what_is_written_is_read_again() {
        for runs in [sample(), vec![]] {
            let (stems, words) = (write_stems(&runs), write_words(&runs));
            assert_eq!(join_runs(&stems, &words).unwrap(), runs);
        }
        let labels: BTreeSet<Term> = ["k:a", "t:it's"].map(|label| label.parse().unwrap()).into();
        let text = write_labels(&labels);
        assert_eq!(read_labels(&text).collect::<Vec<_>>(), ["k:a", "t:it's"]);
        assert_eq!(read_labels("").count(), 0);
    }

    #[test]
    fn stems_next_to_each_other_in_one_run_are_a_part_of_the_text() {
        let text = write_stems(&sample());
        let has = |stems: &str| {
            let stems: Vec<Term> = stems.split(' ').map(|stem| stem.parse().unwrap()).collect();
            text.contains(&phrase_text(&stems))
        };
        assert!(has("web scraper") && has("it") && has("検索") && has("0"));
        assert!(!has("web 検索") && !has("検索 it") && !has("scrapers") && !has("4 web"));
    }

    #[test]
    fn what_is_no_run_is_refused() {
        for text in ["x web \n", "9 web \n", "0\n"] {
            assert!(read_runs(text).is_err(), "{text}");
        }
        assert!(join_runs("0  \n", " \n").is_err());
        assert!(join_runs("0 web \n", "").is_err());
    }
}
