//! Listings that nobody offers.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use fleetprompt_core::domain::{
    Asset, AssetKind, Day, ListingContent, PriceClass, Slug, Tag, Timestamp, Visibility,
};
use fleetprompt_core::marketplace::ImportRow;

use crate::random::{Random, Zipf};

use super::topics::{Topic, Vocabulary};
use super::words::distinct;

/// The last day on which one was released, and over how many days they were.
const LAST_DAY: &str = "2026-11-01";
const DAYS: f64 = 3_650.0;

const COMPANIES: &[&str] = &["", " Labs", " Works", " Systems", " Studio", " Software", " AI"];

/// Makes up one row after the other, without keeping any.
pub(super) struct Maker {
    random: Random,
    vocabulary: Vocabulary,
    publishers: Zipf,
    /// Of each name that was given, a hash.
    taken: HashSet<u64>,
    made: u64,
    last_day: Timestamp,
}

impl Maker {
    pub(super) fn new(random: Random, publishers: usize) -> Self {
        Maker {
            random,
            vocabulary: Vocabulary::new(),
            publishers: Zipf::new(publishers, 4.0, 0.8),
            taken: HashSet::new(),
            made: 0,
            last_day: LAST_DAY.parse::<Day>().unwrap().start(),
        }
    }

    fn row(&mut self) -> ImportRow {
        let number = self.made;
        self.made += 1;
        let publisher = self.publishers.draw(&mut self.random);
        let handle = distinct(publisher);
        let company = COMPANIES.get(publisher % COMPANIES.len()).unwrap();
        let topic = self.vocabulary.topic(&mut self.random);
        let title = self.title(topic);
        let (asset, price_class) = (self.asset(number), self.price_class());
        let content = ListingContent {
            title: title.parse().unwrap(),
            summary: self.sentences(topic, 8, 25).parse().unwrap(),
            description: self
                .random
                .chance(0.3)
                .then(|| self.sentences(topic, 50, 300).parse().unwrap()),
            tags: self.tags(topic).try_into().unwrap(),
            category: topic.category().parse().unwrap(),
            price_class,
            visibility: Visibility::Public,
            documentation: None,
            repository: None,
            license: None,
        };
        let minor = self.random.below(30);
        ImportRow {
            publisher_name: (capital(&handle) + company).parse().unwrap(),
            publisher: handle.parse().unwrap(),
            slug: self.slug(publisher, &title),
            asset,
            content,
            version: format!("1.{minor}.0").parse().unwrap(),
            released_at: self.released_at(),
            popularity: self.popularity(),
            confirm: false,
        }
    }

    fn title(&mut self, topic: Topic) -> String {
        let words = self.random.between(2, 4);
        let words: Vec<String> = (0..words)
            .map(|_| capital(&self.vocabulary.of_name(topic, &mut self.random)))
            .collect();
        words.join(" ")
    }

    /// The title as an address, numbered if the publisher has one like it.
    fn slug(&mut self, publisher: usize, title: &str) -> Slug {
        let plain = title.to_ascii_lowercase().replace(' ', "-");
        for number in 1_u32.. {
            let name = if number == 1 { plain.clone() } else { format!("{plain}-{number}") };
            let slug: Slug = name.parse().unwrap();
            let hasher = BuildHasherDefault::<DefaultHasher>::default();
            if self.taken.insert(hasher.hash_one((publisher, slug.skeleton().as_str()))) {
                return slug;
            }
        }
        unreachable!("a publisher has fewer than four thousand million listings")
    }

    fn asset(&mut self, number: u64) -> Asset {
        let kind = match self.random.below(100) {
            0..60 => AssetKind::WhsAgent,
            60..85 => AssetKind::AgentromaticWorkflow,
            _ => AssetKind::SpecAsset,
        };
        let id = format!("{kind}-{number}").parse().unwrap();
        match kind {
            AssetKind::WhsAgent => Asset::WhsAgent { whs_agent_id: id },
            AssetKind::AgentromaticWorkflow => {
                Asset::AgentromaticWorkflow { agentromatic_workflow_id: id }
            }
            _ => Asset::SpecAsset { spec_id: id, schema_version: "1".parse().unwrap() },
        }
    }

    fn price_class(&mut self) -> PriceClass {
        if self.random.chance(0.85) { PriceClass::Free } else { PriceClass::Entitled }
    }

    fn tags(&mut self, topic: Topic) -> Vec<Tag> {
        let mut tags: Vec<Tag> = Vec::new();
        for _ in 0..self.random.between(2, 6) {
            let tag: Tag = self.vocabulary.tag(topic, &mut self.random).parse().unwrap();
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    fn sentences(&mut self, topic: Topic, fewest: usize, most: usize) -> String {
        let words = self.random.between(fewest, most);
        let mut text = String::new();
        let mut left = 0;
        for at in 0..words {
            let word = self.vocabulary.prose(topic, &mut self.random);
            if left == 0 {
                left = self.random.between(8, 16);
                text.push_str(if at == 0 { "" } else { ". " });
                text.push_str(&capital(&word));
            } else {
                text.push_str(if self.random.chance(0.05) { ", " } else { " " });
                text.push_str(&word);
            }
            left -= 1;
        }
        text + "."
    }

    /// Within ten years, more often lately.
    fn released_at(&mut self) -> Timestamp {
        let days = DAYS * self.random.unit() * self.random.unit();
        let millis = (days as i64) * 86_400_000;
        Timestamp::from_millis(self.last_day.as_millis() - millis)
    }

    /// Half have none, one in a thousand a million.
    fn popularity(&mut self) -> u64 {
        let luck = 1.0 - self.random.unit();
        (luck.powf(-2.0) - 4.0).clamp(0.0, 1e9) as u64
    }
}

impl Iterator for Maker {
    type Item = ImportRow;

    fn next(&mut self) -> Option<ImportRow> {
        Some(self.row())
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
