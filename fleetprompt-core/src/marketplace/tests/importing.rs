//! Importing catalogues.

use std::thread;

use proptest::prelude::*;
use serde_json::json;

use super::fixture::*;
use crate::Result;
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::{Acting, ImportLine, ImportOutcome, ImportRow, Imported};
use crate::policy::Quotas;
use crate::port::{RecordKey, Store};

fn row(publisher: &str, slug: &str, version: &str, popularity: u64) -> ImportRow {
    let line = json!({
        "publisher": publisher, "slug": slug, "kind": "whs_agent", "upstreamId": slug,
        "title": slug, "summary": "Answers.", "version": version, "popularity": popularity,
        "updated": "2026-01",
    });
    ImportLine::parse(&line.to_string(), false).unwrap().row
}

fn import(by: &Acting, row: ImportRow) -> Result<Imported> {
    run(by.import(row))
}

fn stored(f: &Fixture, listing: ListingId) -> Listing {
    let found = run(f.store.get(&RecordKey::listing(listing))).unwrap().unwrap().value;
    serde_json::from_str(&found.encode().unwrap()).unwrap()
}

#[test]
fn the_same_rows_again_change_nothing_however_much_later() {
    let f = Fixture::default();
    let operator = f.operator();
    let created = import(&operator, row("acme", "bot", "1.0.0", 7)).unwrap();
    assert_eq!(created.outcome, ImportOutcome::Created);
    let added = import(&operator, row("acme", "bot", "1.1.0", 9)).unwrap();
    assert_eq!((added.listing, added.outcome), (created.listing, ImportOutcome::ReleaseAdded));
    let events = f.events();
    // At once, and when the answer is kept no longer.
    let again = import(&operator, row("acme", "bot", "1.0.0", 7)).unwrap();
    assert_eq!((again.listing, again.outcome), (created.listing, ImportOutcome::Unchanged));
    assert_eq!(f.events(), events);
    f.pass(Span::days(3));
    assert!(run(f.market.maintain(ALL)).unwrap().receipts > 0);
    let events = f.events();
    let again = import(&operator, row("acme", "bot", "1.1.0", 9)).unwrap();
    assert_eq!((again.listing, again.outcome), (created.listing, ImportOutcome::Unchanged));
    assert_eq!(f.events(), events);
    let louder = import(&operator, row("acme", "bot", "1.1.0", 10)).unwrap();
    assert_eq!(louder.outcome, ImportOutcome::PopularityChanged);
    assert_eq!(stored(&f, created.listing).imported_popularity, 10);
    let releases = run(f.anonymous().releases(created.listing, None, ALL)).unwrap().items;
    assert_eq!(releases.len(), 2);
}

#[test]
fn rows_that_come_at_once_all_land_once() {
    let quotas = Quotas {
        publishers_per_tenant: 1,
        listings_per_publisher: 1,
        releases_per_day: 1,
        ..Quotas::default()
    };
    let f = Fixture::with(|builder| builder.quotas(quotas));
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|n| {
                let f = &f;
                // Two of each row: of one listing, of one publisher, and of different ones.
                let (n, publisher) = (n / 2, ["acme", "beta"][n % 4 / 2]);
                scope.spawn(move || {
                    let by = f.operator();
                    let version = format!("1.{n}.0");
                    let one = import(&by, row(publisher, "bot", &version, 1)).unwrap();
                    let slug = format!("bot-{n}");
                    import(&by, row(publisher, &slug, "1.0.0", 1)).unwrap();
                    one.listing
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (handle, answers) in ["acme", "beta"].into_iter().zip([
        answers.iter().enumerate().filter(|(n, _)| n % 4 < 2).map(|it| it.1).collect::<Vec<_>>(),
        answers.iter().enumerate().filter(|(n, _)| n % 4 >= 2).map(|it| it.1).collect(),
    ]) {
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "one listing");
        let releases = run(f.anonymous().releases(*answers[0], None, ALL)).unwrap().items;
        assert_eq!(releases.len(), 4);
        let found = run(f.anonymous().listing(*answers[0])).unwrap();
        assert_eq!(found.publisher.handle.as_str(), handle);
        let publisher = found.publisher.id;
        let listed = run(f.anonymous().publisher_listings(publisher, None, ALL)).unwrap().items;
        assert_eq!(listed.len(), 5);
    }
}

#[test]
fn a_name_that_looks_taken_is_refused_whole() {
    let f = Fixture::default();
    import(&f.operator(), row("acme-bots", "former", "1.0.0", 1)).unwrap();
    let (events, before) = (f.events(), f.store.dump().matches("lookalike").count());
    for (publisher, slug, code) in [
        ("acrne-bots", "lookalike", ErrorCode::HandleTaken),
        ("acme-bots", "forrner", ErrorCode::SlugTaken),
    ] {
        assert_eq!(refused(import(&f.operator(), row(publisher, slug, "1.0.0", 1))), code);
    }
    assert_eq!(f.events(), events);
    assert_eq!(f.store.dump().matches("lookalike").count(), before);
}

#[test]
fn only_operators_import() {
    let f = Fixture::default();
    for (other, code) in [
        (f.anonymous(), ErrorCode::Unauthenticated),
        (f.person("acme", "ada"), ErrorCode::Forbidden),
        (f.system("whs"), ErrorCode::Forbidden),
    ] {
        assert_eq!(refused(import(&other, row("acme", "bot", "1.0.0", 1))), code);
    }
    assert!(run(f.anonymous().publisher_by_handle(&of("acme"))).is_err());
}

#[test]
fn a_reference_is_confirmed_only_when_the_operator_says_so() {
    let f = Fixture::default();
    let state = |id| run(f.anonymous().listing(id)).unwrap().reference;
    let pending = import(&f.operator(), row("acme", "bot", "1.0.0", 1)).unwrap().listing;
    assert_eq!(state(pending), Some(BindingState::Pending));
    let sure = ImportRow { confirm: true, ..row("beta", "bot", "1.0.0", 1) };
    let confirmed = import(&f.operator(), sure).unwrap().listing;
    assert_eq!(state(confirmed), Some(BindingState::Confirmed));
    let late = ImportRow { confirm: true, ..row("gamma", "bot", "1.0.0", 1) };
    assert_eq!(refused(import(&f.operator(), late)), ErrorCode::ReferenceTaken);
    assert!(run(f.anonymous().publisher_by_handle(&of("gamma"))).is_err(), "nothing half-written");
}

#[test]
fn what_people_decided_about_a_listing_stands() {
    let f = Fixture::default();
    let (ada, operator) = (f.person("acme", "ada"), f.operator());
    let publisher = f.publisher(&ada, "acme");
    let listing = f.published(&ada, publisher, "bot");
    let content = stored(&f, listing).content;
    let mut rival = row("acme", "bot", "1.0.0", 3);
    rival.content.title = of("Hijacked");
    rival.asset = agent("other");
    let added = import(&operator, rival).unwrap();
    assert_eq!((added.listing, added.outcome), (listing, ImportOutcome::ReleaseAdded));
    let now = stored(&f, listing);
    assert_eq!((&now.content, &now.asset), (&content, &agent("bot")));

    run(operator.take_down(listing, TakedownReason::Other, of("Awful."), &f.key())).unwrap();
    let refused_now = |version| refused(import(&operator, row("acme", "bot", version, 4)));
    let before = stored(&f, listing);
    assert_eq!(refused_now("1.1.0"), ErrorCode::WrongState);
    assert_eq!(stored(&f, listing), before);
    run(operator.restore_listing(listing, &f.key())).unwrap();
    run(operator.suspend_publisher(publisher, of("Spam."), &f.key())).unwrap();
    assert_eq!(refused_now("1.2.0"), ErrorCode::PublisherSuspended);
    run(operator.restore_publisher(publisher, &f.key())).unwrap();
    run(ada.delete_listing(listing, &f.key())).unwrap();
    assert_eq!(refused_now("1.3.0"), ErrorCode::WrongState);
}

/// Values for a field, good and bad.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let text = |text: &'static str| Just(json!(text));
    prop_oneof![
        3 => text("canary-1"),
        1 => text("1.2.3-canary"),
        1 => text("2026-02-30"),
        1 => text("https://canary.example/x"),
        1 => text("javascript:canary"),
        1 => text("AKIACANARYCANARY1234"),
        1 => text("canary\u{202e}\u{0}"),
        1 => any::<u64>().prop_map(|n| json!(n)),
        1 => Just(json!(-7)),
        1 => Just(json!(null)),
        1 => Just(json!({"canary": ["canary"]})),
        1 => prop::collection::vec("[a-zA-Z ]{0,12}canary", 0..30).prop_map(|tags| json!(tags)),
        1 => (1_usize..30_000).prop_map(|n| json!("canary ".repeat(n))),
        2 => "\\PC{0,60}canary".prop_map(|text| json!(text)),
    ]
}

const FIELDS: [&str; 18] = [
    "publisher",
    "publisherName",
    "slug",
    "kind",
    "upstreamId",
    "schemaVersion",
    "title",
    "summary",
    "description",
    "tags",
    "category",
    "priceClass",
    "documentation",
    "repository",
    "license",
    "version",
    "updated",
    "popularity",
];

proptest! {
    /// Law: a line is either understood, and what comes out is within bounds and can be imported,
    /// or the error names a field and tells nothing of what was in it.
    #[test]
    fn a_line_is_understood_or_refused_by_field(
        changes in prop::collection::vec((0_usize..FIELDS.len(), value()), 0..4),
        extra in prop::option::of("[a-z]{0,3}canary"),
    ) {
        let mut line = json!({
            "publisher": "acme", "slug": "bot", "kind": "spec_asset", "upstreamId": "a1",
            "title": "Bot", "summary": "Answers.", "version": "1.0.0",
        });
        for (field, value) in changes {
            line[FIELDS[field]] = value;
        }
        if let Some(extra) = &extra {
            line[extra] = json!("canary");
        }
        match ImportLine::parse(&line.to_string(), false) {
            Err(refused) => {
                let said = refused.to_string();
                let named = FIELDS.iter().chain(&["line"]).any(|field| {
                    said.strip_prefix(field).is_some_and(|rest| rest.starts_with(' '))
                });
                prop_assert!(named, "{}", said);
                prop_assert!(!said.contains("canary") && !said.contains("CANARY"), "{}", said);
            }
            Ok(understood) => {
                prop_assert!(extra.is_none(), "no field is lost in silence");
                let again: ListingContent = serde_json::from_str(
                    &serde_json::to_string(&understood.row.content).unwrap(),
                ).unwrap();
                prop_assert_eq!(&again, &understood.row.content);
                let f = Fixture::default();
                let imported = match import(&f.operator(), understood.row) {
                    Ok(imported) => imported,
                    Err(refused) => {
                        let rule = refused.field().unwrap().rule();
                        prop_assert!(
                            matches!(rule, Rule::Secret(_) | Rule::MixedScripts | Rule::LooksLatin),
                        );
                        return Ok(());
                    }
                };
                prop_assert_eq!(stored(&f, imported.listing).content, again);
            }
        }
    }
}
