//! The listings that somebody has in mind, and what they remember of them.

use crate::question::{Question, Spelled};
use crate::random::Random;
use crate::sample::{Sampler, telling_words};
use crate::side::Side;
use crate::texts::{Document, plain_words};

/// How many words of a title somebody types at most.
const TITLE_WORDS: usize = 4;

/// Which listings are looked for.
#[derive(Clone, Copy)]
pub(super) enum Weighting {
    /// The popular ones: as often as they are popular.
    Popular,
    /// Any, as often as any other.
    Uniform,
}

impl Weighting {
    pub(super) const ALL: [Weighting; 2] = [Weighting::Popular, Weighting::Uniform];

    pub(super) fn name(self) -> &'static str {
        match self {
            Weighting::Popular => "popular",
            Weighting::Uniform => "uniform",
        }
    }
}

/// What is remembered of a listing.
#[derive(Clone, Copy)]
pub(super) enum Class {
    /// The words of the title, at most four.
    Title,
    /// These, and a word of the summary.
    TitleAndSummary,
    /// A word of the title, and one of the summary.
    OneOfBoth,
    /// Two words of the summary.
    TwoOfSummary,
    /// Three words of the summary.
    ThreeOfSummary,
    /// A word of the title, one of the summary, and one of the tags.
    OneOfEach,
}

impl Class {
    pub(super) const ALL: [Class; 6] = [
        Class::Title,
        Class::TitleAndSummary,
        Class::OneOfBoth,
        Class::TwoOfSummary,
        Class::ThreeOfSummary,
        Class::OneOfEach,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Class::Title => "title",
            Class::TitleAndSummary => "title_and_summary_word",
            Class::OneOfBoth => "title_word_and_summary_word",
            Class::TwoOfSummary => "two_summary_words",
            Class::ThreeOfSummary => "three_summary_words",
            Class::OneOfEach => "one_of_each",
        }
    }

    /// The words that somebody types who has the listing in mind.
    fn words(self, document: &Document, random: &mut Random) -> Option<Vec<String>> {
        let mut title: Vec<String> = plain_words(&document.title).collect();
        title.truncate(TITLE_WORDS);
        let new = |text: &str, known: &[String]| -> Vec<String> {
            let mut words = telling_words(text);
            words.retain(|word| !known.contains(word));
            words
        };
        let mut summary = new(&document.summary, &title);
        random.shuffle(&mut summary);
        let words = match self {
            Class::Title => title,
            Class::TitleAndSummary => {
                title.push(summary.pop()?);
                title
            }
            Class::OneOfBoth => vec![random.pick(&title)?.clone(), summary.pop()?],
            Class::TwoOfSummary => vec![summary.pop()?, summary.pop()?],
            Class::ThreeOfSummary => vec![summary.pop()?, summary.pop()?, summary.pop()?],
            Class::OneOfEach => {
                let mut words = vec![random.pick(&title)?.clone(), summary.pop()?];
                words.push(random.pick(&new(&document.tags, &words))?.clone());
                words
            }
        };
        (!words.is_empty()).then_some(words)
    }
}

/// A listing, and the query of somebody who has it in mind.
pub(super) struct Item {
    pub(super) document: Document,
    pub(super) question: Question,
}

/// How popular each listing is.
pub(super) struct Popularity(Vec<i64>);

impl Popularity {
    pub(super) fn read(side: &Side) -> Self {
        Popularity(side.texts.popularity())
    }

    /// The listings in the order in which they are drawn, none twice.
    pub(super) fn order(&self, weighting: Weighting, random: &mut Random) -> Vec<i64> {
        let weight = |popularity: i64| match weighting {
            Weighting::Popular => popularity as f64,
            Weighting::Uniform => 1.0,
        };
        // Efraimidis and Spirakis: the largest u^(1/w) are a weighted sample without repetition.
        // The weights are so far apart that its logarithm is taken.
        let keyed = self.0.iter().zip(1..).map(|(popularity, n)| {
            let weight = weight(*popularity);
            let luck = random.unit().max(f64::MIN_POSITIVE).ln();
            (if weight > 0.0 { luck / weight } else { f64::NEG_INFINITY }, n)
        });
        let mut keyed: Vec<(f64, i64)> = keyed.filter(|(key, _)| key.is_finite()).collect();
        keyed.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        keyed.into_iter().map(|(_, n)| n).collect()
    }
}

/// Draws `many` listings of which somebody can remember what `class` says.
pub(super) fn draw(
    side: &Side,
    sampler: &Sampler<'_>,
    popularity: &Popularity,
    weighting: Weighting,
    class: Class,
    seed: u64,
    many: usize,
) -> Vec<Item> {
    let random = &mut Random::new(seed, &format!("{} {}", weighting.name(), class.name()));
    let order = popularity.order(weighting, random);
    let items = order.into_iter().filter_map(|n| {
        let document = side.texts.document(n);
        let words = class.words(&document, random)?;
        let words: Option<Vec<Spelled>> =
            words.into_iter().map(|word| sampler.spell(word)).collect();
        Some(Item { document, question: Question::of(words?) })
    });
    items.take(many).collect()
}
