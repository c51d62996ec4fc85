//! Questions that the listings themselves suggest.

use std::collections::HashSet;

use clap::ValueEnum;
use fleetprompt_core::port::{SearchIndex as _, Term};
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;

use crate::corpus::FUNCTION_WORDS;
use crate::question::{Filter, Question, Spelled};
use crate::random::Random;
use crate::texts::{Document, Texts, Word, plain_words};

/// How many completions are looked at for a word's own stem.
const COMPLETIONS: u16 = 1_000;

/// A class of questions that cost the same.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Class {
    /// A word of 5 to 50 listings.
    Rare,
    /// A word of one listing in 500 to one in 100.
    Medium,
    /// A word of one listing in 20 or more.
    Common,
    /// A word of one listing in 100 or more, and of the names of one in 1,000 at most.
    NameOnly,
    /// Two words of one listing.
    TwoTerms,
    /// Two words next to each other.
    Phrase,
    /// The beginning of a word, alone or behind another word of the same listing.
    Prefix,
    /// A common word under a filter that about one listing in 1,000 passes.
    SelectiveFilter,
    /// A common word, of what was released since a day that a tenth to nine tenths were.
    Since,
    /// Two words of one listing in 100 or more each, which at most one in 10,000 has both of.
    Disjoint,
    /// No word, only filters.
    Browse,
}

impl Class {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Class::Rare => "rare",
            Class::Medium => "medium",
            Class::Common => "common",
            Class::NameOnly => "name_only",
            Class::TwoTerms => "two_terms",
            Class::Phrase => "phrase",
            Class::Prefix => "prefix",
            Class::SelectiveFilter => "selective_filter",
            Class::Since => "since",
            Class::Disjoint => "disjoint",
            Class::Browse => "browse",
        }
    }
}

/// Samples questions from the listings of one store.
pub(crate) struct Sampler<'a> {
    store: &'a SqliteStore,
    texts: &'a Texts,
    seed: u64,
    /// Filters that one listing in ten passes or more, but not all.
    mild: Vec<Filter>,
}

impl<'a> Sampler<'a> {
    pub(crate) fn new(store: &'a SqliteStore, texts: &'a Texts, seed: u64) -> Self {
        let n = texts.listings;
        Sampler { store, texts, seed, mild: texts.filters(n / 10, n - n / 20) }
    }

    /// `many` different questions of a class; fewer where the listings have no more in them.
    pub(crate) fn questions(&self, class: Class, many: usize) -> Vec<Question> {
        let random = &mut Random::new(self.seed, class.name());
        let n = self.texts.listings;
        match class {
            Class::Rare => self.words(random, many, 5, 50, |_| true),
            Class::Medium => self.words(random, many, n / 500, n / 100, |_| true),
            Class::Common => self.words(random, many, n / 20, n, |_| true),
            Class::NameOnly => {
                let few = (n / 1_000).max(1);
                self.words(random, many, n / 100, n, |word| (1..=few).contains(&word.names))
            }
            Class::TwoTerms => self.of_documents(random, many, |sampler, random, document| {
                let words = sampler.some_words(&document, 2, random)?;
                Some(Question::of(words).among(random.pick(&sampler.mild)))
            }),
            Class::Phrase => self.of_documents(random, many, |sampler, random, document| {
                let phrase = sampler.neighbours(&document.summary, random)?;
                let question = Question { parts: vec![phrase], ..Question::default() };
                Some(question.among(random.pick(&sampler.mild)))
            }),
            Class::Prefix => self.of_documents(random, many, Self::prefix),
            Class::SelectiveFilter => {
                let filters = self.texts.filters((n / 2_000).max(1), (n / 500).max(2));
                let common = self.spelled(random, n / 20, n, |_| true);
                pairs(random, many, &common, &filters)
            }
            Class::Since => self.since(random, many),
            Class::Disjoint => self.disjoint(random, many),
            Class::Browse => self.browse(random, many),
        }
    }

    /// The words of most listings, each alone.
    pub(crate) fn broad(&self, many: usize) -> Vec<Question> {
        let mut words = self.texts.words(self.texts.listings / 20, self.texts.listings);
        words.retain(|word| word.word.len() >= 3);
        words.sort_by_key(|word| std::cmp::Reverse(word.texts));
        let words = words.into_iter().filter_map(|word| self.spell(word.word));
        words.take(many).map(|word| Question::of(vec![word])).collect()
    }

    /// A word that is searched, with the stem that the index has for it.
    pub(crate) fn spell(&self, word: String) -> Option<Spelled> {
        let term: Term = word.parse().ok()?;
        let completions = block_on(self.store.completions(&term, COMPLETIONS)).unwrap();
        let token = completions.into_iter().find(|token| token.word == term)?;
        Some(Spelled { word, stem: token.stem })
    }

    /// Words with so many listings, in any order.
    fn spelled(
        &self,
        random: &mut Random,
        fewest: i64,
        most: i64,
        which: impl Fn(&Word) -> bool,
    ) -> Vec<Spelled> {
        const ENOUGH: usize = 400;
        let mut words = self.texts.words(fewest.max(1), most);
        words.retain(|word| word.word.len() >= 3 && which(word));
        random.shuffle(&mut words);
        words.into_iter().filter_map(|word| self.spell(word.word)).take(ENOUGH).collect()
    }

    fn words(
        &self,
        random: &mut Random,
        many: usize,
        fewest: i64,
        most: i64,
        which: impl Fn(&Word) -> bool,
    ) -> Vec<Question> {
        let words = self.spelled(random, fewest, most, which);
        pairs(random, many, &words, &self.mild)
    }

    fn of_documents(
        &self,
        random: &mut Random,
        many: usize,
        ask: impl Fn(&Self, &mut Random, Document) -> Option<Question>,
    ) -> Vec<Question> {
        let mut asked = HashSet::new();
        let mut questions = Vec::new();
        for _ in 0..many * 20 {
            let n = 1 + random.below(usize::try_from(self.texts.listings).unwrap());
            let question = ask(self, random, self.texts.document(i64::try_from(n).unwrap()));
            let new = question.filter(|question| asked.insert(question.typed()));
            questions.extend(new);
            if questions.len() == many {
                break;
            }
        }
        questions
    }

    /// Different words of a listing's title and summary.
    fn some_words(
        &self,
        document: &Document,
        many: usize,
        random: &mut Random,
    ) -> Option<Vec<Spelled>> {
        let mut words: Vec<String> =
            plain_words(&document.title).chain(plain_words(&document.summary)).collect();
        words.sort();
        words.dedup();
        words.retain(|word| word.len() >= 3);
        random.shuffle(&mut words);
        let words: Vec<Spelled> =
            words.into_iter().filter_map(|word| self.spell(word)).take(many).collect();
        (words.len() == many).then_some(words)
    }

    fn neighbours(&self, text: &str, random: &mut Random) -> Option<Vec<Spelled>> {
        let words: Vec<&str> = text.split(' ').collect();
        let plain =
            |word: &&str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let pairs: Vec<&[&str]> = words.windows(2).filter(|pair| pair.iter().all(plain)).collect();
        let pair = random.pick(&pairs)?;
        pair.iter().map(|word| self.spell((*word).to_owned())).collect()
    }

    fn prefix(&self, random: &mut Random, document: Document) -> Option<Question> {
        let words = self.some_words(&document, 2, random)?;
        let [first, typed] = words.try_into().ok()?;
        let prefix: String = typed.word.chars().take(random.between(2, 4)).collect();
        let first = if random.chance(0.5) { vec![first] } else { Vec::new() };
        let question = Question { prefix: Some(prefix), ..Question::of(first) };
        Some(question.among(random.pick(&self.mild)))
    }

    fn since(&self, random: &mut Random, many: usize) -> Vec<Question> {
        let releases = self.texts.releases();
        let tenth = releases.len() / 10;
        let days = releases.get(tenth..releases.len() - tenth).unwrap_or_default();
        let mut questions = self.questions(Class::Common, many);
        for question in &mut questions {
            question.since = random.pick(days).copied();
        }
        questions
    }

    fn disjoint(&self, random: &mut Random, many: usize) -> Vec<Question> {
        let n = self.texts.listings;
        let words = self.spelled(random, n / 100, n, |_| true);
        let few = (n / 10_000).max(3);
        let mut asked = HashSet::new();
        let mut questions = Vec::new();
        for _ in 0..many * 20 {
            let (Some(one), Some(other)) = (random.pick(&words), random.pick(&words)) else {
                break;
            };
            let fresh = one.stem < other.stem && asked.insert((&one.stem, &other.stem));
            if fresh && self.texts.meetings(&one.word, &other.word, few + 1) <= few {
                questions.push(Question::of(vec![one.clone(), other.clone()]));
            }
            if questions.len() == many {
                break;
            }
        }
        questions
    }

    fn browse(&self, random: &mut Random, many: usize) -> Vec<Question> {
        let n = self.texts.listings;
        let mut filters = self.texts.filters((n / 1_000).max(1), n - n / 20);
        random.shuffle(&mut filters);
        let filters = filters.iter().map(|filter| {
            let second = self
                .mild
                .iter()
                .find(|mild| std::mem::discriminant(*mild) != std::mem::discriminant(filter));
            let second = if random.chance(0.5) { second } else { None };
            Question::default().among(Some(filter)).among(second)
        });
        filters.take(many).collect()
    }
}

/// Words that somebody would search for, unlike those that only join others.
pub(crate) fn telling_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in plain_words(text) {
        let telling = word.len() >= 3 && !FUNCTION_WORDS.contains(&word.as_str());
        if telling && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Each word under a filter, `many` different pairs in any order.
fn pairs(random: &mut Random, many: usize, words: &[Spelled], filters: &[Filter]) -> Vec<Question> {
    if filters.is_empty() {
        let questions = words.iter().map(|word| Question::of(vec![word.clone()]));
        return questions.take(many).collect();
    }
    let mut all: Vec<(usize, usize)> = (0..words.len())
        .flat_map(|word| (0..filters.len()).map(move |filter| (word, filter)))
        .collect();
    random.shuffle(&mut all);
    let questions = all.into_iter().filter_map(|(word, filter)| {
        Some(Question::of(vec![words.get(word)?.clone()]).among(filters.get(filter)))
    });
    questions.take(many).collect()
}
