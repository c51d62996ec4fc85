//! The marketplace's words as people read them.

use fleetprompt_core::domain::{AssetKind, BadgeKind, BindingState, PriceClass, Timestamp};
use fleetprompt_core::marketplace::BadgeView;
use fleetprompt_core::search::CatalogueOrder;

/// What kind of thing it is.
pub(super) fn kind(kind: AssetKind) -> &'static str {
    match kind {
        AssetKind::WhsAgent => "Agent",
        AssetKind::AgentromaticWorkflow => "Workflow",
        AssetKind::SpecAsset => "Spec asset",
        AssetKind::Pack => "Pack",
    }
}

/// The system that owns assets of a kind, and decides who may run them; none for what lives here.
pub(super) fn owner(kind: AssetKind) -> Option<&'static str> {
    match kind {
        AssetKind::WhsAgent => Some("WHS"),
        AssetKind::AgentromaticWorkflow => Some("Agentromatic"),
        AssetKind::SpecAsset => Some("SpecPrompt"),
        AssetKind::Pack => None,
    }
}

pub(super) fn price(class: PriceClass) -> &'static str {
    match class {
        PriceClass::Free => "Free",
        PriceClass::Entitled => "Entitlement needed",
    }
}

/// A badge, and what it says.
#[derive(Clone, Copy)]
pub(super) struct Badge {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
}

pub(super) fn badge(kind: BadgeKind) -> Badge {
    match kind {
        BadgeKind::Verified => Badge {
            name: "Verified",
            meaning: "The marketplace has checked that the publisher is who it says it is.",
        },
        BadgeKind::Official => Badge {
            name: "Official",
            meaning: "The publisher is one of the products that the marketplace belongs to.",
        },
        BadgeKind::Partner => Badge {
            name: "Partner",
            meaning: "The publisher has an agreement with the marketplace.",
        },
    }
}

pub(super) fn badges(views: &[BadgeView]) -> Vec<Badge> {
    views.iter().map(|view| badge(view.kind)).collect()
}

/// Whether the owning system has confirmed a reference, in a sentence; nothing is said of what lives here.
pub(super) fn confirmation(kind: AssetKind, state: Option<BindingState>) -> Option<Confirmation> {
    let owner = owner(kind)?;
    let (confirmed, sentence) = match state? {
        BindingState::Confirmed => {
            (true, format!("Confirmed by {owner}: this publisher may offer it."))
        }
        BindingState::Pending => (
            false,
            format!("Not confirmed by {owner}: it can't be installed by token until it is."),
        ),
        BindingState::Refused => {
            (false, format!("Not confirmed by {owner}: it has refused this publisher."))
        }
    };
    Some(Confirmation { confirmed, sentence })
}

/// What an owning system says.
pub(super) struct Confirmation {
    pub(super) confirmed: bool,
    pub(super) sentence: String,
}

/// Each order: the word in addresses, and the name.
pub(super) const ORDERS: [(CatalogueOrder, &str, &str); 5] = [
    (CatalogueOrder::Relevance, "relevance", "Best match"),
    (CatalogueOrder::Popularity, "popularity", "Most popular"),
    (CatalogueOrder::Newest, "newest", "Newest"),
    (CatalogueOrder::RecentlyUpdated, "recently_updated", "Recently updated"),
    (CatalogueOrder::Name, "name", "Name"),
];

/// A category as a heading: `data-analysis` is "Data analysis".
pub(super) fn category(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.trim().chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => name.to_owned(),
    }
}

/// A time, for people and for programs.
pub(super) struct Date {
    pub(super) day: String,
    pub(super) time: String,
}

pub(super) fn date(at: Timestamp) -> Date {
    let day = jiff::Timestamp::from_millisecond(at.as_millis());
    let day = day.map(|at| at.strftime("%-d %B %Y").to_string()).unwrap_or_default();
    Date { day, time: at.to_string() }
}

/// A number as it is written for people: `12,345`.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut written = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// A count that may be more than was counted.
pub(super) fn at_least(count: u32, more: bool) -> String {
    let count = number(count.into());
    if more { format!("at least {count}") } else { count }
}

/// Bytes as people read them.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None if bytes == 1 => "1 byte".to_owned(),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_for_people() {
        assert_eq!(category("data-analysis"), "Data analysis");
        assert_eq!(category("--"), "--");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(999), "999");
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(1_536), "1.5 KiB");
        assert_eq!(size(u64::MAX), "17179869183.9 GiB");
        let date = date("2026-01-05T10:00:00Z".parse().unwrap());
        assert_eq!(
            (date.day.as_str(), date.time.as_str()),
            ("5 January 2026", "2026-01-05T10:00:00Z")
        );
    }

    #[test]
    fn every_order_has_the_word_that_the_api_has() {
        for (order, word, _) in ORDERS {
            assert_eq!(serde_json::to_value(order).unwrap(), word);
        }
    }
}
