//! How answers are put into words.

use std::time::Duration;

use fleetprompt_core::domain::AssetKind;
use fleetprompt_core::marketplace::{Counts, Instead, ListingView, SearchPage};
use fleetprompt_core::search::CatalogueOrder;

/// The orders, and their words on the command line and the screen.
pub(crate) const ORDERS: [(CatalogueOrder, &str); 5] = [
    (CatalogueOrder::Relevance, "relevance"),
    (CatalogueOrder::Popularity, "popularity"),
    (CatalogueOrder::Newest, "newest"),
    (CatalogueOrder::RecentlyUpdated, "updated"),
    (CatalogueOrder::Name, "name"),
];

/// The word of an order.
pub(crate) fn order(order: CatalogueOrder) -> &'static str {
    ORDERS.iter().find(|(one, _)| *one == order).map_or("", |(_, word)| word)
}

/// The word of a kind.
pub(crate) fn kind(kind: AssetKind) -> &'static str {
    match kind {
        AssetKind::WhsAgent => "agent",
        AssetKind::AgentromaticWorkflow => "workflow",
        AssetKind::SpecAsset => "spec",
        AssetKind::Pack => "pack",
    }
}

/// Where a listing's page is.
pub(crate) fn address(listing: &ListingView) -> String {
    format!("{}/{}", listing.publisher.handle, listing.slug)
}

/// A listing's kind, and what operators vouch for.
pub(crate) fn labels(listing: &ListingView) -> String {
    let badges = listing.publisher.badges.iter().map(|badge| format!("✓ {}", badge.kind));
    badges.chain([kind(listing.asset.kind()).to_owned()]).collect::<Vec<_>>().join("  ")
}

/// How much was found.
pub(crate) fn found(counts: &Counts) -> String {
    match (counts.matches, counts.more) {
        (0, false) => "nothing found".to_owned(),
        (matches, false) => format!("{} found", grouped(matches)),
        (matches, true) => format!("at least {} found", grouped(matches)),
    }
}

/// What was found, by kind and most frequent tags.
pub(crate) fn facets(counts: &Counts) -> String {
    let plus = if counts.more { "+" } else { "" };
    let kinds = counts.kinds.iter().map(|facet| (kind(facet.value).to_owned(), facet.matches));
    let tags = counts.tags.iter().take(5).map(|facet| (format!("#{}", facet.value), facet.matches));
    let facets = kinds.chain(tags).map(|(name, matches)| format!("{name} {matches}{plus}"));
    facets.collect::<Vec<_>>().join("  ")
}

/// What the reader has to know about the results: that something else was searched for.
pub(crate) fn notices(page: &SearchPage) -> Vec<String> {
    let cut = page.cut.then(|| "the query is longer than what is looked at of it".to_owned());
    page.instead.as_ref().map(instead).into_iter().chain(cut).collect()
}

fn instead(instead: &Instead) -> String {
    let quoted = |words: &[String], between: &str| -> String {
        words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(between)
    };
    let corrections = instead.corrections.iter().map(|correction| {
        let searched = quoted(&correction.searched, " or ");
        format!("nothing has `{}`; showing {searched}", correction.word)
    });
    let left_out = (!instead.left_out.is_empty()).then(|| {
        format!("nothing has all the words; left out {}", quoted(&instead.left_out, ", "))
    });
    corrections.chain(left_out).collect::<Vec<_>>().join("; ")
}

/// How long something took.
pub(crate) fn took(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1_000.0;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

/// A number, its thousands set apart.
pub(crate) fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use fleetprompt_core::marketplace::{Correction, Facet};

    use super::*;

    #[test]
    fn counts_that_stopped_say_so() {
        let mut counts = Counts {
            matches: 1_000,
            more: true,
            kinds: vec![Facet { value: AssetKind::WhsAgent, matches: 812 }],
            categories: Vec::new(),
            tags: Vec::new(),
            badges: Vec::new(),
        };
        assert_eq!(found(&counts), "at least 1,000 found");
        assert_eq!(facets(&counts), "agent 812+");
        counts.more = false;
        assert_eq!(found(&counts), "1,000 found");
        assert_eq!(facets(&counts), "agent 812");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn it_is_said_what_was_searched_for_instead() {
        let word = |text: &str| text.to_owned();
        let correction =
            Correction { word: word("langchian"), searched: vec![word("langchain"), word("lang")] };
        let both = Instead { corrections: vec![correction], left_out: vec![word("quux")] };
        assert_eq!(
            instead(&both),
            "nothing has `langchian`; showing `langchain` or `lang`; nothing has all the words; \
             left out `quux`"
        );
    }

    #[test]
    fn times_are_read_at_a_glance() {
        assert_eq!(took(Duration::from_micros(420)), "0.4 ms");
        assert_eq!(took(Duration::from_micros(123_456)), "123 ms");
    }
}
