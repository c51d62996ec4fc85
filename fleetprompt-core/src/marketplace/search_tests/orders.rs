use super::*;
use crate::marketplace::tests::fixture::*;

const KINDS: [&str; 3] = ["whs_agent", "agentromatic_workflow", "spec_asset"];
const CATEGORIES: [&str; 2] = ["finance", "misc"];
const TAGS: [&[&str]; 4] = [&[], &["ocr"], &["ocr", "pdf"], &["pdf"]];
const MONTHS: [&str; 3] = ["2024-02", "2025-07", "2026-01"];

/// Sixty listings of every kind.
fn catalogue() -> Fixture {
    let f = Fixture::default();
    for n in 0_usize..60 {
        Row {
            publisher: if n.is_multiple_of(5) { "globex" } else { "acme" },
            kind: KINDS[n % 3],
            category: CATEGORIES[n % 2],
            updated: MONTHS[n / 7 % 3],
            popularity: (n as u64 * 7_919) % 31 * 1_000,
            ..row(&format!("n{n:02}"), &format!("Common {}", n * 37 % 60), "Text.")
                .tagged(TAGS[n % 4])
        }
        .add(&f);
    }
    f
}

fn filters(f: &Fixture) -> Vec<CatalogueFilter> {
    let globex = match run(f.anonymous().publisher_by_handle(&of("globex"))).unwrap() {
        crate::marketplace::Found::Here(publisher) => publisher.id,
        crate::marketplace::Found::Moved(_) => unreachable!("nobody moved"),
    };
    let all = CatalogueFilter::default;
    let tags = |tags: &[&str]| -> Tags {
        tags.iter().map(|tag| of(tag)).collect::<Vec<Tag>>().try_into().unwrap()
    };
    vec![
        all(),
        CatalogueFilter { kind: Some(AssetKind::SpecAsset), ..all() },
        CatalogueFilter { publisher: Some(globex), ..all() },
        CatalogueFilter { category: Some(of("finance")), tags: tags(&["ocr"]), ..all() },
        CatalogueFilter { tags: tags(&["ocr", "pdf"]), ..all() },
        CatalogueFilter { system: Some(of("agentromatic")), ..all() },
        CatalogueFilter { updated_since: Some(of("2025-07-01T00:00:00Z")), ..all() },
        CatalogueFilter { updated_since: Some(of("2025-07-02T00:00:00Z")), ..all() },
        CatalogueFilter { price_class: Some(PriceClass::Entitled), ..all() },
        CatalogueFilter { badge: Some(BadgeKind::Verified), ..all() },
        CatalogueFilter {
            kind: Some(AssetKind::WhsAgent),
            publisher: Some(globex),
            category: Some(of("misc")),
            updated_since: Some(of("2024-01-01T00:00:00Z")),
            price_class: Some(PriceClass::Free),
            ..all()
        },
    ]
}

/// Whether a listing passes a filter, in plain words.
fn passes(view: &crate::marketplace::ListingView, filter: &CatalogueFilter) -> bool {
    let system = match view.asset.kind() {
        AssetKind::WhsAgent => "whs",
        AssetKind::AgentromaticWorkflow => "agentromatic",
        AssetKind::SpecAsset => "specprompt",
        AssetKind::Pack => "",
    };
    filter.kind.is_none_or(|kind| view.asset.kind() == kind)
        && filter.publisher.is_none_or(|publisher| view.publisher.id == publisher)
        && filter.category.as_ref().is_none_or(|category| view.content.category == *category)
        && filter.tags.as_slice().iter().all(|tag| view.content.tags.as_slice().contains(tag))
        && filter.system.as_ref().is_none_or(|name| name.as_str() == system)
        && filter.updated_since.is_none_or(|since| view.released_at >= since)
        && filter.price_class.is_none_or(|class| view.content.price_class == class)
        && filter.badge.is_none_or(|kind| view.publisher.badges.iter().any(|it| it.kind == kind))
}

#[test]
fn filters_combine_and_every_order_shows_all_that_passes() {
    let f = catalogue();
    let globex = filters(&f)[2].publisher.unwrap();
    run(f.operator().grant_badge(globex, BadgeKind::Verified, of("case-7"), &f.key())).unwrap();
    let views = page(&f, &request(""), None, 200).items;
    assert_eq!(views.len(), 60);
    let orders = [
        CatalogueOrder::Relevance,
        CatalogueOrder::Popularity,
        CatalogueOrder::Newest,
        CatalogueOrder::RecentlyUpdated,
        CatalogueOrder::Name,
    ];
    for (number, filter) in filters(&f).into_iter().enumerate() {
        let passing = views.iter().filter(|hit| passes(&hit.listing, &filter));
        let mut passing: Vec<_> = passing.map(|hit| hit.listing.slug.to_string()).collect();
        passing.sort();
        for query in ["", "common "] {
            for order in orders {
                let asked = SearchRequest { filter: filter.clone(), order, ..request(query) };
                let mut walked = walk(&f, &asked, 7);
                assert_eq!(walked, slugs(&page(&f, &asked, None, 200)), "pages fit together");
                walked.sort();
                assert_eq!(walked, passing, "{number} {query:?} {order:?}");
            }
        }
    }
}

#[test]
fn each_order_is_what_it_says() {
    let f = catalogue();
    let hits = |order| {
        let asked = SearchRequest { order, ..request("common ") };
        page(&f, &asked, None, 200).items.into_iter().map(|hit| hit.listing).collect::<Vec<_>>()
    };
    let newest = hits(CatalogueOrder::Newest);
    assert!(newest.is_sorted_by(|one, next| one.slug >= next.slug), "made in the order of slugs");
    let updated = hits(CatalogueOrder::RecentlyUpdated);
    assert!(updated.is_sorted_by(|one, next| one.released_at >= next.released_at));
    let named = hits(CatalogueOrder::Name);
    assert!(named.is_sorted_by(|one, next| {
        one.content.title.as_str().to_lowercase() <= next.content.title.as_str().to_lowercase()
    }));
    let popular = hits(CatalogueOrder::Popularity);
    let by_relevance = page(&f, &request(""), None, 200).items;
    let by_relevance: Vec<_> = by_relevance.into_iter().map(|hit| hit.listing).collect();
    assert_eq!(popular, by_relevance, "without words, relevance is popularity");
}

#[test]
fn counts_are_exact_up_to_a_thousand_and_then_at_least() {
    let f = catalogue();
    let asked = SearchRequest { counts: true, ..request("common ") };
    let counts = page(&f, &asked, None, 5).counts.unwrap();
    assert_eq!((counts.matches, counts.more), (60, false));
    let kinds: Vec<_> = counts.kinds.iter().map(|facet| facet.matches).collect();
    assert_eq!(kinds, [20, 20, 20]);
    let ocr = counts.tags.iter().find(|facet| facet.value.as_str() == "ocr").unwrap();
    assert_eq!(ocr.matches, 30);
    assert_eq!(counts.categories.len(), 2);
    assert!(counts.badges.is_empty());
    for n in 0..950 {
        row(&format!("more{n}"), "Common too", "Text.").add(&f);
    }
    let counts = page(&f, &asked, None, 5).counts.unwrap();
    assert_eq!((counts.matches, counts.more), (1_000, true));
    assert_eq!(page(&f, &request("common "), None, 5).counts, None, "only on request");
}
