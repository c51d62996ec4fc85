//! Titles with a slip of the finger in them.

use fleetprompt_core::port::{SearchIndex as _, Term};
use pollster::block_on;

use crate::latency::line;
use crate::question::{Question, Spelled};
use crate::random::Random;
use crate::shared::{Goal, figure};
use crate::side::{Side, request};
use crate::texts::{Document, plain_words};
use crate::times::{self, take};

use super::items::{Popularity, Weighting};

/// How short a word is not misspelt.
const SHORTEST: usize = 5;
const FOUND: f64 = 95.0;
/// One in a hundred may take longer than this, in milliseconds.
const P99: f64 = 15.0;

/// A single edit.
#[derive(Clone, Copy)]
enum Edit {
    Transposition,
    Omission,
    Insertion,
    Substitution,
}

impl Edit {
    const ALL: [Edit; 4] =
        [Edit::Transposition, Edit::Omission, Edit::Insertion, Edit::Substitution];

    fn name(self) -> &'static str {
        match self {
            Edit::Transposition => "transposition",
            Edit::Omission => "omission",
            Edit::Insertion => "insertion",
            Edit::Substitution => "substitution",
        }
    }

    /// The word with the edit somewhere in it; the same word if the edit changes nothing.
    fn apply(self, word: &str, random: &mut Random) -> String {
        let mut letters: Vec<u8> = word.bytes().collect();
        let any = b'a' + u8::try_from(random.below(26)).unwrap();
        match self {
            Edit::Transposition => {
                let at = random.below(letters.len() - 1);
                letters.swap(at, at + 1);
            }
            Edit::Omission => drop(letters.remove(random.below(letters.len()))),
            Edit::Insertion => letters.insert(random.below(letters.len() + 1), any),
            Edit::Substitution => {
                let at = random.below(letters.len());
                letters.splice(at..=at, [any]);
            }
        }
        String::from_utf8(letters).unwrap()
    }
}

/// A title in which a word is misspelt.
struct Typo {
    document: Document,
    edit: Edit,
    question: Question,
    /// The title as it is written.
    intact: Question,
}

impl Typo {
    /// A slip in one of the title's words that makes no word of it that some listing has.
    fn draw(side: &Side, document: Document, edit: Edit, random: &mut Random) -> Option<Self> {
        let intact: Vec<String> = plain_words(&document.title).collect();
        let long: Vec<usize> = intact
            .iter()
            .enumerate()
            .filter(|(_, word)| word.len() >= SHORTEST)
            .map(|(at, _)| at)
            .collect();
        let at = *random.pick(&long)?;
        let mut words = intact.clone();
        let word = words.get_mut(at)?;
        *word = edit.apply(word, random);
        let term: Term = word.parse().ok()?;
        let exists = block_on(side.store.words(&[term])).unwrap() != [0];
        (!exists).then(|| Typo { document, edit, question: typed(words), intact: typed(intact) })
    }

    /// Whether the listing is on the first page, and whether the page says what was searched for
    /// instead.
    fn found(&self, side: &Side) -> (bool, bool) {
        let page = side.search(&request(&self.question), None);
        let found = page.items.iter().any(|hit| hit.listing.id == self.document.listing);
        (found, page.instead.is_some())
    }

    fn found_intact(&self, side: &Side) -> bool {
        let page = side.search(&request(&self.intact), None);
        page.items.iter().any(|hit| hit.listing.id == self.document.listing)
    }
}

/// Words that are only typed: no index is asked for their stems.
fn typed(words: Vec<String>) -> Question {
    Question::of(
        words.into_iter().map(|word| Spelled { stem: word.parse().unwrap(), word }).collect(),
    )
}

/// Takes the figures of misspelt titles.
pub(crate) fn figures(side: &Side, seed: u64, many: usize) {
    let popularity = Popularity::read(side);
    let mut all = Vec::new();
    for weighting in Weighting::ALL {
        let random = &mut Random::new(seed, &format!("{} typos", weighting.name()));
        let order = popularity.order(weighting, random);
        let typos: Vec<Typo> = order
            .into_iter()
            .zip(Edit::ALL.into_iter().cycle())
            .filter_map(|(n, edit)| Typo::draw(side, side.texts.document(n), edit, random))
            .take(many)
            .collect();
        report(side, weighting, &typos);
        all.extend(typos);
    }
    let corrected: Vec<Typo> = all.into_iter().filter(|typo| typo.found(side).1).collect();
    let [times] = take([times::Side {
        questions: &corrected,
        answer: &|typo: &Typo| side.answer(&typo.question),
    }]);
    line("search, corrected", &times);
    figure("search_corrected_p99", times.p99(), "ms", Goal::AtMost(P99));
}

fn report(side: &Side, weighting: Weighting, typos: &[Typo]) {
    let name = weighting.name();
    let outcomes: Vec<(bool, bool)> = typos.iter().map(|typo| typo.found(side)).collect();
    for edit in Edit::ALL {
        let of_edit = typos.iter().zip(&outcomes).filter(|(typo, _)| {
            std::mem::discriminant(&typo.edit) == std::mem::discriminant(&edit)
        });
        let found: Vec<bool> = of_edit.map(|(_, (found, _))| *found).collect();
        println!("typos, {name}, {}: {:.1} % found", edit.name(), share(&found));
    }
    let intact: Vec<bool> = typos.iter().map(|typo| typo.found_intact(side)).collect();
    println!(
        "typos, {name}, {} titles without the slip: {:.1} % found",
        typos.len(),
        share(&intact)
    );
    let found: Vec<bool> = outcomes.iter().map(|(found, _)| *found).collect();
    let flagged: Vec<bool> = outcomes.iter().map(|(found, flagged)| *found && *flagged).collect();
    figure(&format!("typos_{name}_found"), share(&found), "%", Goal::AtLeast(FOUND));
    figure(&format!("typos_{name}_found_and_flagged"), share(&flagged), "%", Goal::AtLeast(FOUND));
}

fn share(of: &[bool]) -> f64 {
    100.0 * of.iter().filter(|one| **one).count() as f64 / of.len() as f64
}
