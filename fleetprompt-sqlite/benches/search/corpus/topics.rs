//! What listings are about. Words of one trade meet each other, and seldom those of another.

use std::borrow::Cow;

use crate::random::{Random, Zipf};

use super::words::{COMMON, FUNCTION_WORDS, TRADES, unknown};

/// How many unknown words any text may use, each trade has for itself, all trades share, and hardly
/// any text uses.
const GENERAL: usize = 4_000;
const OF_A_TRADE: usize = 200;
const SHARED: usize = 60_000;
const RARE: usize = 1_000_000;

/// What texts are made of.
pub(super) struct Vocabulary {
    topics: Zipf,
    function: Zipf,
    general: Zipf,
    own: Zipf,
    rare: Zipf,
}

/// What one text is about.
#[derive(Clone, Copy)]
pub(super) struct Topic(usize);

impl Topic {
    /// The shelf that such listings stand on.
    pub(super) fn category(self) -> &'static str {
        const CATEGORIES: &[&str] = &[
            "finance",
            "support",
            "development",
            "health",
            "legal",
            "logistics",
            "marketing",
            "people",
            "education",
            "food",
            "travel",
            "operations",
        ];
        CATEGORIES.get(self.0 % CATEGORIES.len()).unwrap()
    }
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        Vocabulary {
            topics: Zipf::new(TRADES.len(), 2.0, 0.9),
            function: Zipf::new(FUNCTION_WORDS.len(), 1.5, 1.0),
            general: Zipf::new(COMMON.len() + GENERAL, 8.0, 1.05),
            own: Zipf::new(20_000, 3.0, 1.0),
            rare: Zipf::new(RARE, 30.0, 1.0),
        }
    }

    pub(super) fn topic(&self, random: &mut Random) -> Topic {
        Topic(self.topics.draw(random))
    }

    /// A word of prose.
    pub(super) fn prose(&self, topic: Topic, random: &mut Random) -> Cow<'static, str> {
        match random.below(100) {
            0..28 => self.function(random),
            28..50 => self.general(random),
            50..92 => self.own(topic, random),
            92..94 => self.own(self.topic(random), random),
            _ => self.rare(random),
        }
    }

    /// A word of a name: telling, hardly ever one that joins others.
    pub(super) fn of_name(&self, topic: Topic, random: &mut Random) -> Cow<'static, str> {
        match random.below(1_000) {
            0..2 => self.function(random),
            2..200 => self.general(random),
            200..650 => self.own(topic, random),
            _ => self.rare(random),
        }
    }

    /// A word that is worth a tag.
    pub(super) fn tag(&self, topic: Topic, random: &mut Random) -> Cow<'static, str> {
        if random.chance(0.2) { self.general(random) } else { self.own(topic, random) }
    }

    fn function(&self, random: &mut Random) -> Cow<'static, str> {
        FUNCTION_WORDS.get(self.function.draw(random)).copied().unwrap().into()
    }

    fn general(&self, random: &mut Random) -> Cow<'static, str> {
        let rank = self.general.draw(random);
        match COMMON.get(rank) {
            Some(word) => (*word).into(),
            None => unknown(rank - COMMON.len()).into(),
        }
    }

    /// A word of the trade: the first ones are its own, the others are known in every trade, but
    /// in each with another frequency.
    fn own(&self, Topic(topic): Topic, random: &mut Random) -> Cow<'static, str> {
        let rank = self.own.draw(random);
        if let Some(word) = TRADES.get(topic).and_then(|words| words.get(rank)) {
            return (*word).into();
        }
        unknown(if rank < OF_A_TRADE {
            GENERAL + topic * OF_A_TRADE + rank
        } else {
            GENERAL + TRADES.len() * OF_A_TRADE + (rank * 7_919 + topic * 104_729) % SHARED
        })
        .into()
    }

    fn rare(&self, random: &mut Random) -> Cow<'static, str> {
        let known = GENERAL + TRADES.len() * OF_A_TRADE + SHARED;
        unknown(known + self.rare.draw(random)).into()
    }
}
