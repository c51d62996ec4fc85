//! Listings whose slugs look like well-known names.

use super::fixture::*;
use super::held_publishers::{queue, traces, verified};
use crate::domain::*;
use crate::error::{ErrorCode, Result};
use crate::marketplace::{
    Acting, BeginInstall, Found, ImportLine, ListingAddress, ListingEdit, ListingReceipt,
    NewListing, ResembledView,
};
use crate::policy::POPULAR_BUYERS;
use crate::search::{CatalogueFilter, CatalogueOrder};

/// A popular listing that an operator imported.
fn popular(f: &Fixture, publisher: &str, slug: &str) -> ListingId {
    let line = serde_json::json!({
        "publisher": publisher, "slug": slug, "kind": "whs_agent", "upstreamId": slug,
        "title": "Well known", "summary": "Answers.", "version": "1.0.0", "popularity": 250_000,
    });
    let row = ImportLine::parse(&line.to_string(), false).unwrap().row;
    run(f.operator().import(row)).unwrap().listing
}

fn publish(f: &Fixture, by: &Acting, id: ListingId) -> ListingReceipt {
    run(by.publish_listing(id, &f.key())).unwrap()
}

fn edit(
    f: &Fixture,
    by: &Acting,
    id: ListingId,
    change: impl FnOnce(&mut ListingEdit),
) -> Result<ListingReceipt> {
    let seen = run(by.listing(id)).unwrap();
    let mut edit = ListingEdit { slug: seen.slug, content: seen.content, asset: None };
    change(&mut edit);
    run(by.update_listing(id, seen.revision, edit, &f.key()))
}

fn rename(f: &Fixture, by: &Acting, id: ListingId, slug: &str) -> Result<ListingReceipt> {
    edit(f, by, id, |edit| edit.slug = of(slug))
}

fn held(receipt: &ListingReceipt) -> bool {
    receipt.held == Some(HoldReason::LooksWellKnown)
}

fn readable(f: &Fixture, id: ListingId) -> bool {
    run(f.anonymous().listing(id)).is_ok()
}

#[test]
fn a_look_alike_of_a_popular_listing_is_seen_by_its_publishers_members_alone() {
    let f = Fixture::default();
    let eve = f.person("evil", "eve");
    popular(&f, "chains", "langchain");
    let evil = f.publisher(&eve, "honest");
    let before = traces(&f, "langchian", &[]);
    let id = f.draft(&eve, evil, "langchian");
    f.release(&eve, id, "1.0.0");
    let receipt = f.twice(async |key| eve.publish_listing(id, key).await);
    assert!(held(&receipt));
    assert_eq!(receipt.state, ListingState::Published);
    run(eve.yank_release(id, of("1.0.0"), of("Broken."), &f.key())).unwrap();
    run(eve.unyank_release(id, of("1.0.0"), &f.key())).unwrap();
    assert_eq!(traces(&f, "langchian", &[id.to_string()]), before);

    let none = ListingId::from_bytes([9; 16]);
    for reader in [f.anonymous(), f.person("elsewhere", "zoe"), f.person("evil", "mate")] {
        let found = |id| run(reader.listing(id)).unwrap_err();
        assert_eq!(found(id), found(none));
        let found = |slug| run(reader.listing_by_name(&of("honest"), &of(slug))).unwrap_err();
        assert_eq!(found("langchian"), found("longchian"));
        let found = |id| run(reader.releases(id, None, ALL)).unwrap_err();
        assert_eq!(found(id), found(none));
        let found = |id| run(reader.metrics(id, 7)).unwrap_err();
        assert_eq!(found(id), found(none));
        let found = |id| run(reader.claim_free(id, &f.key())).unwrap_err();
        assert_eq!(found(id), found(none));
        let found = |id| {
            let begin = BeginInstall {
                listing: id,
                version: None,
                method: InstallMethod::Token,
                context: None,
                entitlement: None,
            };
            run(reader.begin_install(begin, &f.key())).unwrap_err()
        };
        assert_eq!(found(id), found(none));
        let listings = run(reader.publisher_listings(evil, None, ALL)).unwrap();
        assert_eq!(listings.items, []);
    }
    let own = run(eve.listing(id)).unwrap();
    assert_eq!(own.held.as_ref().unwrap().state, NameState::Waiting);
    assert!(!serde_json::to_string(&own).unwrap().contains("langchain"));
    let shelf = run(eve.publisher_listings(evil, None, ALL)).unwrap().items;
    assert_eq!(shelf[0].held, own.held);

    let waiting = queue(&f).remove(0);
    assert_eq!(waiting.subject, NameSubject::Listing(id));
    let Some(ResembledView::Listing { address, .. }) = waiting.resembles else { panic!() };
    assert_eq!(address, ListingAddress { handle: of("chains"), slug: of("langchain") });
    f.twice(async |key| {
        f.operator().allow_name(waiting.subject, waiting.version, of("A pun."), key).await
    });
    assert!(readable(&f, id));
    let (filter, order) = (CatalogueFilter::default(), CatalogueOrder::Newest);
    let page = run(f.anonymous().browse(filter, order, None, ALL)).unwrap();
    assert_eq!(page.items[0].id, id);
    let changes = run(f.anonymous().changes(None, ALL)).unwrap().changes;
    let last = serde_json::to_string(changes.last().unwrap()).unwrap();
    assert!(last.contains(&id.to_string()), "it is news now");
    assert!(run(f.market.check_index(Position::START, |_| {})).unwrap().is_clean());
    run(f.person("elsewhere", "zoe").claim_free(id, &f.key())).unwrap();
}

#[test]
fn what_is_popular_by_itself_or_belongs_to_the_same_publisher_is_left_alone() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let acme = verified(&f, &ada, "acme-robotics");
    popular(&f, "acme-robotics", "langchain");
    let evil = f.publisher(&eve, "honest");
    for slug in ["langchain", "lang-chain", "langchains", "langchain-tools", "weather"] {
        assert!(!held(&publish(&f, &eve, f.draft(&eve, evil, slug))), "{slug}");
    }
    for slug in ["langchian", "acme-robotics-official", "acme-robtics"] {
        assert!(held(&publish(&f, &eve, f.draft(&eve, evil, slug))), "{slug}");
        assert!(!held(&publish(&f, &ada, f.draft(&ada, acme, slug))), "{slug}, their own");
    }
    // The publisher of what is popular is well known by that.
    run(f.operator().remove_badge(acme, BadgeKind::Verified, &f.key())).unwrap();
    let new = crate::marketplace::NewPublisher {
        handle: of("acme-robtics"),
        profile: PublisherProfile { name: of("A"), summary: None, website: None },
    };
    assert!(run(eve.create_publisher(new, &f.key())).unwrap().held.is_some());
}

#[test]
fn a_title_is_held_where_its_letters_pass_for_a_well_known_name() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    verified(&f, &ada, "copa");
    popular(&f, "chains", "soap");
    let evil = f.publisher(&eve, "honest");
    // `copa` and `soap`, spelt in Cyrillic; and a word.
    let (copa, soap) = ("\u{441}\u{43e}\u{440}\u{430}", "\u{405}\u{41e}\u{410}\u{420}");
    let chaos = "\u{425}\u{430}\u{43e}\u{441}";
    let titled = |slug: &str, title: &str| {
        let mut new = NewListing { slug: of(slug), ..new_listing(evil, slug) };
        new.content.title = of(title);
        run(eve.create_listing(new, &f.key())).unwrap().id
    };
    for (n, title) in [chaos, "Copa", "Soap", "Помощник"].into_iter().enumerate() {
        let id = titled(&format!("plain-{n}"), title);
        assert!(!held(&publish(&f, &eve, id)) && readable(&f, id), "{title}");
    }
    for (n, title) in [copa, soap].into_iter().enumerate() {
        let id = titled(&format!("fake-{n}"), title);
        assert!(held(&publish(&f, &eve, id)) && !readable(&f, id), "{title}");
        let waiting = queue(&f).remove(0);
        assert_eq!(
            (waiting.subject, waiting.likeness),
            (NameSubject::Listing(id), Likeness::DisplayName)
        );
        let names =
            ReviewedName::Listing { slug: of(&format!("fake-{n}")), title: Some(of(title)) };
        assert_eq!(waiting.names, names);
        let operator = f.operator();
        run(operator.refuse_name(waiting.subject, waiting.version, of("Not yours."), &f.key()))
            .unwrap();
        assert!(held(&rename(&f, &eve, id, &format!("other-{n}")).unwrap()));
        assert_eq!(queue(&f), [], "the title is what was refused");
        assert!(!held(&edit(&f, &eve, id, |edit| edit.content.title = of(chaos)).unwrap()));
        assert!(readable(&f, id));
    }

    // What is public goes on under its former title, and everything else is changed.
    let id = titled("reader", chaos);
    publish(&f, &eve, id);
    let receipt = edit(&f, &eve, id, |edit| {
        edit.content.title = of(copa);
        edit.content.summary = of("Reads.");
    });
    assert!(held(&receipt.unwrap()));
    let shown = run(f.anonymous().listing(id)).unwrap();
    assert_eq!((shown.content.title, shown.content.summary), (of(chaos), of("Reads.")));
    let subject = queue(&f).remove(0).subject;
    run(f.operator().allow_name(subject, f.seen(subject), of("A tribute."), &f.key())).unwrap();
    assert_eq!(run(f.anonymous().listing(id)).unwrap().content.title, of(copa));
    assert!(!held(&edit(&f, &eve, id, |edit| edit.content.summary = of("Still reads.")).unwrap()));
    assert!(run(f.market.check_index(Position::START, |_| {})).unwrap().is_clean());
}

#[test]
fn a_public_listing_goes_on_under_its_former_slug() {
    let f = Fixture::default();
    let eve = f.person("evil", "eve");
    popular(&f, "chains", "langchain");
    let evil = f.publisher(&eve, "honest");
    let id = f.published(&eve, evil, "reader");
    f.published(&eve, evil, "taken");
    assert_eq!(refused(rename(&f, &eve, id, "taken")), ErrorCode::SlugTaken);
    let receipt = edit(&f, &eve, id, |edit| {
        edit.slug = of("langchian");
        edit.content.title = of("Chains");
    });
    let receipt = receipt.unwrap();
    assert!(held(&receipt));
    assert_eq!(receipt.slug, of("reader"));
    let visitor = f.anonymous();
    let seen = run(visitor.listing(id)).unwrap();
    assert_eq!((seen.slug, seen.content.title, seen.held), (of("reader"), of("Chains"), None));
    let wanted = run(visitor.listing_by_name(&of("honest"), &of("langchian")));
    assert_eq!(refused(wanted), ErrorCode::ListingNotFound);
    assert!(run(eve.listing(id)).unwrap().held.is_some());

    let subject = NameSubject::Listing(id);
    run(f.operator().refuse_name(subject, f.seen(subject), of("No."), &f.key())).unwrap();
    assert!(readable(&f, id), "what was public stays so");
    let told = run(eve.listing(id)).unwrap().held.unwrap();
    assert_eq!((told.state, told.reason), (NameState::Refused, Some(of("No."))));
    run(f.operator().allow_name(subject, f.seen(subject), of("On second thoughts."), &f.key()))
        .unwrap();
    assert_eq!(run(visitor.listing(id)).unwrap().slug, of("langchian"));
    let moved = run(visitor.listing_by_name(&of("honest"), &of("reader"))).unwrap();
    assert!(matches!(moved, Found::Moved(_)));
    assert!(run(f.market.check_index(Position::START, |_| {})).unwrap().is_clean());
}

#[test]
fn another_slug_or_its_end_takes_a_listing_off_the_queue() {
    let f = Fixture::default();
    let eve = f.person("evil", "eve");
    popular(&f, "chains", "langchain");
    let evil = f.publisher(&eve, "honest");
    let id = f.draft(&eve, evil, "langchian");
    assert!(held(&publish(&f, &eve, id)));
    let cursor = run(f.anonymous().feed_cursor()).unwrap();
    // Unlisted or deprecated, it is still held.
    run(eve.unlist_listing(id, &f.key())).unwrap();
    assert!(!readable(&f, id));
    assert!(held(&publish(&f, &eve, id)));
    run(eve.deprecate_listing(id, None, &f.key())).unwrap();
    assert!(!readable(&f, id));
    // Taken down and restored, too.
    run(f.operator().take_down(id, TakedownReason::Spam, of("Spam."), &f.key())).unwrap();
    run(f.operator().restore_listing(id, &f.key())).unwrap();
    assert!(!readable(&f, id));
    assert_eq!(run(f.anonymous().feed_cursor()).unwrap(), cursor);

    assert!(!held(&rename(&f, &eve, id, "chain-reader").unwrap()));
    assert!(readable(&f, id));
    assert_eq!(queue(&f), []);

    let other = f.draft(&eve, evil, "langchian");
    assert!(held(&publish(&f, &eve, other)), "the slug was given back");
    let cursor = run(f.anonymous().feed_cursor()).unwrap();
    run(eve.delete_listing(other, &f.key())).unwrap();
    assert_eq!(queue(&f), []);
    assert_eq!(run(f.anonymous().feed_cursor()).unwrap(), cursor, "no tombstone of it");
    let decided = run(f.operator().allow_name(
        NameSubject::Listing(other),
        Position::START,
        of("x"),
        &f.key(),
    ));
    assert_eq!(refused(decided), ErrorCode::NameNotHeld);
    f.draft(&eve, evil, "langchian");
}

#[test]
fn what_only_an_organisation_reads_is_judged_when_everybody_will() {
    let f = Fixture::default();
    let eve = f.person("evil", "eve");
    popular(&f, "chains", "langchain");
    let evil = f.publisher(&eve, "honest");
    let private = ListingContent { visibility: Visibility::Organisation, ..content("Ours") };
    let new = NewListing { content: private, ..new_listing(evil, "langchian") };
    let id = run(eve.create_listing(new, &f.key())).unwrap().id;
    assert!(!held(&publish(&f, &eve, id)));
    // Somebody whom the store has seen, of the same tenant.
    let mate = f.person("evil", "mate");
    f.publisher(&mate, "mates");
    assert!(run(mate.listing(id)).is_ok());
    let public = |visibility| edit(&f, &eve, id, |edit| edit.content.visibility = visibility);
    for open in [Visibility::Public, Visibility::Unlisted] {
        assert!(held(&public(open).unwrap()));
        assert!(!readable(&f, id));
        assert_eq!(queue(&f).len(), 1);
        assert!(!held(&public(Visibility::Organisation).unwrap()));
        assert_eq!(queue(&f), []);
        assert!(run(mate.listing(id)).is_ok());
    }
}

#[test]
fn a_listing_becomes_well_known_by_its_buyers_and_no_longer_than_it_is_offered() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let acme = f.publisher(&ada, "acme");
    let sorter = f.offered(&ada, acme, "invoice-sorter");
    let evil = f.publisher(&eve, "honest");
    let buyers = POPULAR_BUYERS - 1;
    for n in 0..buyers {
        f.install(&identity(&format!("org-{n}"), "buyer"), sorter);
    }
    let refresh = || while run(f.market.refresh_index(ALL)).unwrap().more {};
    refresh();
    let one = f.draft(&eve, evil, "invoice-sortre");
    assert!(!held(&publish(&f, &eve, one)));
    f.install(&identity("one-more", "buyer"), sorter);
    refresh();
    assert!(held(&publish(&f, &eve, f.draft(&eve, evil, "invoice-sorterr"))));
    assert!(readable(&f, one), "what is live is not held again");
    // Under another slug, it is that one.
    rename(&f, &ada, sorter, "bill-sorter").unwrap();
    assert!(!held(&publish(&f, &eve, f.draft(&eve, evil, "invoice-sortet"))));
    assert!(held(&publish(&f, &eve, f.draft(&eve, evil, "bill-sortet"))));
    run(ada.unlist_listing(sorter, &f.key())).unwrap();
    assert!(!held(&publish(&f, &eve, f.draft(&eve, evil, "bill-sortes"))));
    run(ada.publish_listing(sorter, &f.key())).unwrap();
    run(f.operator().suspend_publisher(acme, of("Spam."), &f.key())).unwrap();
    assert!(!held(&publish(&f, &eve, f.draft(&eve, evil, "bill-sorten"))));
}

#[test]
fn an_import_is_the_operators_own_decision() {
    let f = Fixture::default();
    popular(&f, "chains", "langchain");
    let fake = popular(&f, "chaims", "langchian");
    assert!(readable(&f, fake));
    assert_eq!(queue(&f), []);
}
