//! Quality: what a listing is worth to those who look for one, apart from what they look for.
//!
//! Nothing in here is an age: quality changes when something happens, and not with time.

use crate::domain::{BadgeKind, Listing, ListingState, Publisher, Timestamp};
use crate::port::Quality;

/// The most points of each part. Together they are [`Quality::MAX`].
mod weight {
    pub(super) const BUYERS: u64 = 1_000;
    pub(super) const POPULARITY: u64 = 1_500;
    pub(super) const RELEASE: u64 = 750;
    pub(super) const DESCRIPTION: u64 = 150;
    pub(super) const DOCUMENTATION: u64 = 100;
    pub(super) const REPOSITORY: u64 = 100;
    pub(super) const LICENSE: u64 = 75;
    pub(super) const TAGS: u64 = 75;
    pub(super) const OFFICIAL: u64 = 345;
    pub(super) const VERIFIED: u64 = 230;
    pub(super) const PARTNER: u64 = 115;
}

/// How much less a deprecated listing is worth.
const DEPRECATED: u64 = 4;

/// The most distinct buyers that make a difference.
pub const BUYERS_COUNTED: u32 = 1_016;
/// Buyers begin to count from this number of them.
const BUYERS_FROM: u64 = 8;
/// The highest popularity that makes a difference.
const POPULARITY_MAX: u64 = (1 << 30) - 1;

/// The first day of 2015.
const RELEASES_FROM: i64 = 1_420_070_400_000;
/// Thirty days.
const MONTH: i64 = 30 * 86_400_000;
/// Releases 240 months after the first and later are worth the same.
const MONTHS: u64 = 240;

/// How long a description is that says something, in characters.
const DESCRIPTION_CHARS: usize = 100;

/// What a listing of `publisher` with so many distinct buyers is worth: the sum of five parts, each
/// of whole points up to its weight.
///
/// | part | weight | points |
/// | --- | --- | --- |
/// | distinct buyers | 1,000 | by the logarithm of 8 + buyers, up to [`BUYERS_COUNTED`] |
/// | imported popularity | 1,500 | by the logarithm of 1 + popularity, up to 2³⁰ |
/// | release | 750 | by the 30-day months from 2015 to the newest one, up to 240 |
/// | completeness | 500 | description 150, documentation and repository 100 each, licence and tags 75 each |
/// | badge | 345 | the best one: official 345, verified 230, partner 115 |
///
/// A deprecated listing has a quarter of that. The logarithms go by straight lines from one power of
/// two to the next, in whole numbers, so that they are the same on every machine. Buyers are counted
/// from eight on, so that the first one, who is the cheapest to invent, changes little.
///
/// ```
/// use fleetprompt_core::domain::{Listing, ListingState, Publisher};
/// use fleetprompt_core::policy::quality;
/// fn is_advised_against(listing: &Listing, publisher: &Publisher) -> bool {
///     let deprecated = Listing { state: ListingState::Deprecated, ..listing.clone() };
///     quality(&deprecated, publisher, 0) < quality(listing, publisher, 0)
/// }
/// # let _ = is_advised_against;
/// ```
pub fn quality(listing: &Listing, publisher: &Publisher, buyers: u32) -> Quality {
    let points = of_buyers(buyers)
        + of_popularity(listing.imported_popularity)
        + of_release(listing.released_at)
        + of_content(listing)
        + of_badges(publisher);
    let points =
        if listing.state == ListingState::Deprecated { points / DEPRECATED } else { points };
    Quality::new(u16::try_from(points).unwrap_or(u16::MAX))
}

fn of_buyers(buyers: u32) -> u64 {
    let all = BUYERS_FROM + u64::from(BUYERS_COUNTED);
    let counted = (BUYERS_FROM + u64::from(buyers)).min(all);
    let first = doublings(BUYERS_FROM);
    weight::BUYERS * (doublings(counted) - first) / (doublings(all) - first)
}

fn of_popularity(popularity: u64) -> u64 {
    let counted = popularity.min(POPULARITY_MAX) + 1;
    weight::POPULARITY * doublings(counted) / doublings(POPULARITY_MAX + 1)
}

fn of_release(at: Timestamp) -> u64 {
    let months = (at.as_millis() - RELEASES_FROM).max(0) / MONTH;
    weight::RELEASE * u64::try_from(months).unwrap_or_default().min(MONTHS) / MONTHS
}

fn of_content(listing: &Listing) -> u64 {
    let content = &listing.content;
    let described = content
        .description
        .as_ref()
        .is_some_and(|text| text.as_str().chars().count() >= DESCRIPTION_CHARS);
    let pieces = [
        (described, weight::DESCRIPTION),
        (content.documentation.is_some(), weight::DOCUMENTATION),
        (content.repository.is_some(), weight::REPOSITORY),
        (content.license.is_some(), weight::LICENSE),
        (!content.tags.as_slice().is_empty(), weight::TAGS),
    ];
    pieces.iter().filter(|(there, _)| *there).map(|(_, points)| points).sum()
}

/// Those of the best badge: they do not add up.
fn of_badges(publisher: &Publisher) -> u64 {
    let points = |badge: BadgeKind| match badge {
        BadgeKind::Official => weight::OFFICIAL,
        BadgeKind::Verified => weight::VERIFIED,
        BadgeKind::Partner => weight::PARTNER,
    };
    publisher.badges.iter().map(|badge| points(badge.kind)).max().unwrap_or_default()
}

/// How often 1 doubles until it is `n`, in 64ths: the logarithm to base 2, by straight lines from
/// one power of two to the next, so that it is the same on every machine. 0 for 0.
fn doublings(n: u64) -> u64 {
    let Some(whole) = n.checked_ilog2() else { return 0 };
    let part = (u128::from(n) << 6 >> whole) & 0b11_1111;
    (u64::from(whole) << 6) + u64::try_from(part).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;
    use crate::domain::{Badge, Span};

    const ID: &str = "01940000-0000-7000-8000-000000000001";
    const PIECES: [&str; 5] = ["description", "documentation", "repository", "license", "tags"];
    const FEW_WORDS: &str = "a description of a few words";

    /// Whatever quality is made of.
    #[derive(Clone, Debug)]
    struct Signals {
        buyers: u32,
        popularity: u64,
        released_at: Timestamp,
        pieces: Vec<&'static str>,
        badges: Vec<BadgeKind>,
        deprecated: bool,
    }

    impl Signals {
        const NONE: Signals = Signals {
            buyers: 0,
            popularity: 0,
            released_at: Timestamp::MIN,
            pieces: Vec::new(),
            badges: Vec::new(),
            deprecated: false,
        };

        fn quality(&self) -> u16 {
            let has = |piece| self.pieces.contains(&piece);
            let mut content = serde_json::json!({
                "title": "Sorter", "summary": "Sorts.", "category": "finance",
                "priceClass": "free", "visibility": "public",
            });
            for (piece, value) in PIECES.iter().zip([
                "word ".repeat(30).into(),
                "https://docs.example".into(),
                "https://git.example/acme".into(),
                "MIT".into(),
                serde_json::json!(["ai"]),
            ]) {
                if has(*piece) {
                    content[piece] = value;
                }
            }
            if has(FEW_WORDS) {
                content["description"] = "Sorts invoices.".into();
            }
            let noon = "2026-01-31T12:00:00Z";
            let listing: Listing = serde_json::from_value(serde_json::json!({
                "id": ID, "publisher": ID, "slug": "sorter", "content": content,
                "asset": { "kind": "whs_agent", "whsAgentId": "agent/42" },
                "state": if self.deprecated { "deprecated" } else { "published" },
                "importedPopularity": self.popularity,
                "createdAt": noon, "updatedAt": noon, "releasedAt": self.released_at,
            }))
            .unwrap();
            let badge = |kind: &BadgeKind| Badge {
                kind: *kind,
                evidence: "case-1".parse().unwrap(),
                granted_at: Timestamp::MIN,
            };
            let mut publisher: Publisher = serde_json::from_value(serde_json::json!({
                "id": ID, "tenant": ID, "handle": "acme", "profile": { "name": "Acme" },
                "createdAt": noon, "updatedAt": noon,
            }))
            .unwrap();
            publisher.badges = self.badges.iter().map(badge).collect();
            quality(&listing, &publisher, self.buyers).get()
        }
    }

    prop_compose! {
        fn signals()(
            buyers in prop_oneof![0..2_000_u32, any::<u32>()],
            popularity in prop_oneof![Just(0), 0..100_000_u64, any::<u64>()],
            millis in 0..4_000_000_000_000_i64,
            pieces in subsequence(PIECES.to_vec(), 0..=5),
            badges in subsequence(BadgeKind::ALL.to_vec(), 0..=3),
            deprecated in any::<bool>(),
        ) -> Signals {
            let released_at = Timestamp::from_millis(millis);
            Signals { buyers, popularity, released_at, pieces, badges, deprecated }
        }
    }

    proptest! {
        #[test]
        fn more_of_anything_is_never_worse(
            before in signals(),
            buyers in any::<u32>(),
            popularity in any::<u64>(),
            days in any::<u16>(),
            piece in select(&PIECES[..]),
            badge in select(BadgeKind::ALL),
        ) {
            let more = [
                Signals { buyers: before.buyers.saturating_add(buyers), ..before.clone() },
                Signals { popularity: before.popularity.saturating_add(popularity), ..before.clone() },
                Signals { released_at: before.released_at.plus(Span::days(days.into())), ..before.clone() },
                Signals { pieces: [before.pieces.clone(), vec![piece]].concat(), ..before.clone() },
                Signals { badges: [before.badges.clone(), vec![badge]].concat(), ..before.clone() },
                Signals { deprecated: false, ..before.clone() },
            ];
            for more in more {
                prop_assert!(more.quality() >= before.quality(), "{more:?}");
            }
        }

        #[test]
        fn one_buyer_more_changes_little(before in signals()) {
            let after = Signals { buyers: before.buyers.saturating_add(1), ..before.clone() };
            prop_assert!(after.quality() - before.quality() <= Quality::MAX.get() / 100);
        }
    }

    #[test]
    fn all_that_a_listing_can_have_is_the_best_quality_and_nothing_is_the_worst() {
        let everything = Signals {
            buyers: BUYERS_COUNTED,
            popularity: 1 << 30,
            released_at: "2035-01-01T00:00:00Z".parse().unwrap(),
            pieces: PIECES.to_vec(),
            badges: BadgeKind::ALL.to_vec(),
            deprecated: false,
        };
        assert_eq!(everything.quality(), Quality::MAX.get());
        let beyond = Signals { buyers: u32::MAX, popularity: u64::MAX, ..everything.clone() };
        assert_eq!(beyond.quality(), Quality::MAX.get());
        assert_eq!(Signals::NONE.quality(), 0);
        assert_eq!(Signals { deprecated: true, ..everything }.quality(), Quality::MAX.get() / 4);
    }

    #[test]
    fn what_people_use_weighs_more_than_all_that_a_publisher_can_say_and_do() {
        let used = Signals { buyers: 1_000, popularity: 1 << 29, ..Signals::NONE };
        let polished = Signals {
            released_at: Timestamp::MAX,
            pieces: PIECES.to_vec(),
            badges: BadgeKind::ALL.to_vec(),
            ..Signals::NONE
        };
        assert!(used.quality() > polished.quality());
    }

    /// What separates real catalogues: most have no popularity at all, one in a hundred 130,000.
    #[test]
    fn popularity_tells_apart_over_its_whole_range() {
        let of = |popularity| Signals { popularity, ..Signals::NONE }.quality();
        let steps = [0, 10, 600, 130_000, 10_000_000, 800_000_000].map(of);
        assert!(steps.windows(2).all(|pair| pair[1] - pair[0] >= 100), "{steps:?}");
    }

    #[test]
    fn a_description_of_a_few_words_says_nothing() {
        let with = |piece| Signals { pieces: vec![piece], ..Signals::NONE }.quality();
        assert_eq!(with(FEW_WORDS), Signals::NONE.quality());
        assert!(with("description") > with(FEW_WORDS));
    }

    #[test]
    fn doublings_are_those_of_a_logarithm() {
        assert_eq!([0, 1, 2, 3, 4, 1 << 30].map(doublings), [0, 0, 64, 96, 128, 1_920]);
        assert_eq!(doublings(u64::MAX), 63 * 64 + 63);
    }
}
