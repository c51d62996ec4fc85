//! Exporting a catalogue, and importing what was exported.

use super::fixture::*;
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::{
    Acting, CatalogueEntry, CatalogueLine, CatalogueStage, EntryAsset, EntryOutcome, ExportCursor,
    ListingEdit, ListingEntry, NewListing,
};
use crate::port::PageSize;

/// Everything that an operator exports, as lines.
fn exported(operator: &Acting, size: PageSize) -> Vec<String> {
    let (mut lines, mut next) = (Vec::new(), Some(ExportCursor::default()));
    while let Some(cursor) = next {
        let page = run(operator.export(&cursor, size)).unwrap();
        lines.extend(page.entries.iter().map(|entry| serde_json::to_string(entry).unwrap()));
        // Kept as text in between, as by a host that may be stopped.
        let kept = serde_json::to_string(&page.next).unwrap();
        assert_eq!(serde_json::from_str::<Option<ExportCursor>>(&kept).unwrap(), page.next);
        next = page.next.map(|cursor| of(&cursor.to_string()));
    }
    lines
}

fn entry(line: &str) -> CatalogueEntry {
    match CatalogueLine::parse(line, true).unwrap() {
        CatalogueLine::Entry(entry) => *entry,
        CatalogueLine::Row(_) => panic!("an entry has a type"),
    }
}

/// A catalogue with something of everything.
fn populated() -> Fixture {
    let f = Fixture::default();
    let (acme, beta) = (f.person("acme", "ada"), f.person("beta", "ben"));
    let a = f.publisher(&acme, "acme");
    let b = f.publisher(&beta, "beta");
    f.publisher(&beta, "beta-labs");
    let operator = f.operator();
    run(operator.grant_badge(a, BadgeKind::Verified, of("case-1138"), &f.key())).unwrap();
    let bot = f.offered(&acme, a, "bot");
    f.release(&acme, bot, "2.0.0-rc.1");
    f.release(&acme, bot, "1.1.0");
    run(acme.yank_release(bot, of("1.1.0"), of("It loops."), &f.key())).unwrap();
    f.draft(&acme, a, "draft");
    let old = f.offered(&acme, a, "old");
    run(acme.deprecate_listing(old, Some(bot), &f.key())).unwrap();
    let unlisted = f.published(&beta, b, "quiet");
    run(beta.unlist_listing(unlisted, &f.key())).unwrap();
    let spam = f.published(&beta, b, "spam");
    run(operator.take_down(spam, TakedownReason::Spam, of("Sells watches."), &f.key())).unwrap();
    let gone = f.published(&beta, b, "gone");
    run(beta.delete_listing(gone, &f.key())).unwrap();
    let asset = Asset::Pack { members: vec![bot, unlisted].try_into().unwrap() };
    let pack = NewListing { asset, ..new_listing(a, "pack") };
    let pack = run(acme.create_listing(pack, &f.key())).unwrap().id;
    run(acme.publish_listing(pack, &f.key())).unwrap();
    run(operator.suspend_publisher(b, of("Under review."), &f.key())).unwrap();
    f
}

#[test]
fn what_was_exported_is_exported_again_after_an_import() {
    let first = populated();
    let lines = exported(&first.operator(), ALL);
    for needle in ["beta-labs", "case-1138", "It loops.", "Sells watches.", "Under review."] {
        assert!(lines.iter().any(|line| line.contains(needle)), "{needle} is not exported");
    }
    assert!(!lines.iter().any(|line| line.contains("gone")), "what was deleted stays behind");
    assert!(!lines.iter().any(|line| line.contains("user") || line.contains("ada")), "people stay");

    let second = Fixture::default();
    let operator = second.operator();
    for line in &lines {
        let imported = run(operator.import_entry(entry(line))).unwrap();
        assert_ne!(imported.outcome, EntryOutcome::Unchanged, "{line}");
    }
    assert_eq!(exported(&operator, ALL), lines);
    let visitor = second.anonymous();
    let bot = run(visitor.listing_by_name(&of("acme"), &of("bot"))).unwrap();
    let crate::marketplace::Found::Here(bot) = bot else { panic!("it is here") };
    assert_eq!(bot.latest, Some(of("1.0.0")), "1.1.0 is yanked");
    assert_eq!(bot.reference, Some(BindingState::Confirmed));
    let report = run(second.market.check_index(Position::START, |_| {})).unwrap();
    assert!(report.is_clean(), "{report:?}");

    // Once more, and from a marketplace that has moved on: nothing changes.
    second.pass(Span::days(3));
    run(second.market.maintain(ALL)).unwrap();
    let events = second.events();
    for line in &lines {
        let imported = run(operator.import_entry(entry(line))).unwrap();
        assert_eq!(imported.outcome, EntryOutcome::Unchanged, "{line}");
    }
    assert_eq!(second.events(), events);
}

/// It would be refused, and the deprecation with it.
#[test]
fn a_successor_that_readers_of_its_listing_cannot_read_any_more_is_left_out() {
    let first = Fixture::default();
    let ada = first.person("acme", "ada");
    let acme = first.publisher(&ada, "acme");
    let (old, next) = (first.published(&ada, acme, "old"), first.published(&ada, acme, "next"));
    run(ada.deprecate_listing(old, Some(next), &first.key())).unwrap();
    let internal = ListingContent { visibility: Visibility::Organisation, ..content("Next") };
    let edit = ListingEdit { slug: of("next"), content: internal, asset: None };
    let revision = run(ada.listing(next)).unwrap().revision;
    run(ada.update_listing(next, revision, edit, &first.key())).unwrap();

    let lines = exported(&first.operator(), ALL);
    assert!(lines.iter().any(|line| line.contains("deprecation")), "{lines:?}");
    let second = Fixture::default();
    for line in &lines {
        run(second.operator().import_entry(entry(line))).unwrap();
    }
    assert_eq!(exported(&second.operator(), ALL), lines);
}

#[test]
fn a_listing_begins_as_a_draft_published_or_unlisted() {
    let f = Fixture::default();
    f.publisher(&f.operator(), "acme");
    for state in [ListingState::Deprecated, ListingState::TakenDown, ListingState::Deleted] {
        let entry = CatalogueEntry::Listing(ListingEntry {
            publisher: of("acme"),
            slug: of("bot"),
            asset: EntryAsset::WhsAgent { whs_agent_id: of("bot") },
            content: content("Bot"),
            state,
            confirmed: false,
            popularity: 0,
        });
        let events = f.events();
        assert_eq!(refused(run(f.operator().import_entry(entry))), ErrorCode::WrongState);
        assert_eq!(f.events(), events);
    }
}

#[test]
fn rows_and_what_is_exported_of_them_make_the_same_catalogue() {
    let first = Fixture::default();
    for (kind, version) in
        [("spec_asset", "1.0.0"), ("spec_asset", "1.1.0"), ("whs_agent", "2.0.0")]
    {
        let line = format!(
            r#"{{"publisher":"acme","slug":"{}","kind":"{kind}","upstreamId":"a1","title":"T",
            "summary":"S.","version":"{version}","updated":"2026-01","popularity":3}}"#,
            kind.replace('_', "-"),
        );
        let CatalogueLine::Row(line) = CatalogueLine::parse(&line, true).unwrap() else { panic!() };
        run(first.operator().import(line.row)).unwrap();
    }
    let lines = exported(&first.operator(), ALL);
    assert_eq!(lines.iter().filter(|line| line.contains("schemaVersion\":\"1\"")).count(), 3);
    let second = Fixture::default();
    for line in &lines {
        let imported = run(second.operator().import_entry(entry(line))).unwrap();
        assert_ne!(imported.outcome, EntryOutcome::Unchanged, "{line}");
        let again = run(second.operator().import_entry(entry(line))).unwrap();
        assert_eq!(again.outcome, EntryOutcome::Unchanged, "{line}");
    }
    assert_eq!(exported(&second.operator(), ALL), lines);
}

#[test]
fn an_export_in_small_parts_is_the_same_and_in_the_order_of_an_import() {
    let f = populated();
    let lines = exported(&f.operator(), ALL);
    assert_eq!(exported(&f.operator(), PageSize::new(1)), lines);
    let stages: Vec<CatalogueStage> = lines.iter().map(|line| entry(line).stage()).collect();
    assert!(stages.is_sorted(), "{stages:?}");
    assert_eq!(stages.first(), Some(&CatalogueStage::Publishers));
    assert_eq!(stages.last(), Some(&CatalogueStage::Suspensions));
}

#[test]
fn references_are_confirmed_on_the_operators_word_alone() {
    let lines = exported(&populated().operator(), ALL);
    let f = Fixture::default();
    for line in &lines {
        let CatalogueLine::Entry(entry) = CatalogueLine::parse(line, false).unwrap() else {
            panic!("an entry has a type");
        };
        run(f.operator().import_entry(*entry)).unwrap();
    }
    assert!(!exported(&f.operator(), ALL).iter().any(|line| line.contains(r#""confirmed":true"#)));
}

#[test]
fn what_an_entry_rests_on_must_be_there_and_only_operators_import_and_export() {
    let f = Fixture::default();
    let listing = r#"{"type":"listing","publisher":"acme","slug":"p","asset":{"kind":"pack",
        "members":[{"handle":"acme","slug":"missing"}]},"content":{"title":"P","summary":"S.",
        "category":"packs","priceClass":"free","visibility":"public"}}"#;
    let import = |line: &str| run(f.operator().import_entry(entry(line)));
    assert_eq!(refused(import(listing)), ErrorCode::PublisherNotFound);
    let acme = r#"{"type":"publisher","handle":"acme","profile":{"name":"Acme"}}"#;
    import(acme).unwrap();
    assert_eq!(refused(import(listing)), ErrorCode::ListingNotFound);
    let twin = acme.replace("acme", "acrne");
    assert_eq!(refused(import(&twin)), ErrorCode::HandleTaken, "it looks like acme");

    for (who, code) in [
        (f.anonymous(), ErrorCode::Unauthenticated),
        (f.person("acme", "ada"), ErrorCode::Forbidden),
        (f.system("whs"), ErrorCode::Forbidden),
    ] {
        assert_eq!(refused(run(who.export(&ExportCursor::default(), ALL))), code);
        assert_eq!(refused(run(who.import_entry(entry(acme)))), code);
    }
}

#[test]
fn a_bad_entry_is_told_by_field_and_never_by_value() {
    let line = r#"{"type":"release","publisher":"acme","slug":"bot","version":"1.0.0",
        "publishedAt":"2026-01-31T12:00:00Z","content":{"notes":"First."}}"#;
    for (from, to, said) in [
        (r#""release""#, r#""canary""#, "/type must be one of"),
        (r#""acme""#, r#""-canary-""#, "/publisher "),
        (r#""1.0.0""#, r#""canary""#, "/version "),
        (r#""notes":"First.""#, r#""canary":"First.""#, "/content has a field that is not known"),
        (r#""slug":"bot","#, "", "JSON lacks the field slug"),
        (r#""slug":"#, r#""slug":"canary","slug":"#, "slug is there twice"),
        ("{", "{{", "line must be a JSON object"),
    ] {
        let refused = CatalogueLine::parse(&line.replacen(from, to, 1), false).unwrap_err();
        let refused = refused.to_string();
        assert!(refused.starts_with(said), "{refused}");
        assert!(!refused.contains("canary"), "{refused}");
    }
    let listing = r#"{"type":"listing","publisher":"acme","slug":"b","state":"taken_down",
        "asset":{"kind":"whs_agent","whsAgentId":"a"},"content":{"title":"B","summary":"S.",
        "category":"c","priceClass":"free","visibility":"public"}}"#;
    let refused = CatalogueLine::parse(listing, false).unwrap_err().to_string();
    assert_eq!(refused, "/state must be one of draft, published, unlisted");
}

#[test]
fn an_entry_with_a_field_that_is_not_known_is_refused_however_deep_it_is() {
    let mut tried = 0;
    for line in exported(&populated().operator(), ALL) {
        for more in with_more(&serde_json::from_str(&line).unwrap()) {
            let more = more.to_string();
            let refused = CatalogueLine::parse(&more, true).expect_err(&more).to_string();
            assert!(refused.contains("has a field that is not known"), "{refused}: {more}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}

#[test]
fn a_cursor_of_an_export_has_one_spelling() {
    let id = "01940000-0000-7000-8000-000000000001";
    let releases = format!("fpx1.releases.7.{id}/0110101023");
    for good in ["fpx1.packs", &format!("fpx1.publishers.7.{id}"), &releases] {
        assert_eq!(of::<ExportCursor>(good).to_string(), good);
    }
    for wrong in [
        "",
        "fpx1",
        "fpx2.packs",
        "fpx1.canary",
        "fpx1.packs.",
        "fpx1.packs.7",
        "fpx1.packs.7.",
        "fpx1.packs.7.canary",
        &format!("fpx1.packs.07.{id}"),
        &format!("fpx1.packs.+7.{id}"),
        &format!("fpx1.packs.-7.{id}"),
        &format!("fpx1.packs.7.{id}.canary"),
        &format!("fpx1.packs.7.{id}/0110101023"),
        &format!("fpx1.releases.7.{id}"),
        &format!("fpx1.releases.7.{id}/"),
        &format!("fpx1.releases.7.{id}/canary canary"),
        &format!("fpx1.releases.7.{id}/{}", "1".repeat(257)),
    ] {
        let refused = wrong.parse::<ExportCursor>().expect_err(wrong).to_string();
        assert_eq!(refused, "cursor must be a cursor of an export");
        let json = serde_json::to_string(wrong).unwrap();
        assert!(serde_json::from_str::<ExportCursor>(&json).is_err(), "{wrong}");
    }
}
