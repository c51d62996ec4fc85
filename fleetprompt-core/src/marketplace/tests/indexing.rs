//! What the search index holds, after whatever was done.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::fixture::*;
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::{ImportLine, ListingEdit, PublisherEdit};
use crate::port::{IndexEntry, SearchIndex, Term};
use crate::search::{CatalogueFilter, CatalogueOrder};

/// The entry of a listing.
pub(super) fn entry(f: &Fixture, listing: ListingId) -> Option<IndexEntry> {
    let stored = run(f.store.entries(Position::START, ALL)).unwrap();
    let ordinals: Vec<Position> = stored.iter().map(|stored| stored.ordinal).collect();
    let listings = run(f.store.listings(&ordinals)).unwrap();
    let key = crate::port::RecordKey::listing(listing);
    let at = listings.iter().flatten().position(|row| row.value.key() == key)?;
    Some(stored[at].entry.clone())
}

/// That the index is as the records want it, and shows what a visitor who browses sees.
pub(super) fn expect_clean(f: &Fixture) {
    let report = run(f.market.check_index(Position::START, |_| {})).unwrap();
    assert!(report.is_clean(), "{report:?}");
    let (filter, order) = (CatalogueFilter::default(), CatalogueOrder::Newest);
    let seen = run(f.anonymous().browse(filter, order, None, ALL)).unwrap();
    let seen: BTreeSet<ListingId> = seen.items.into_iter().map(|view| view.id).collect();
    let stored = run(f.store.entries(Position::START, ALL)).unwrap();
    let ordinals: Vec<Position> = stored.iter().map(|stored| stored.ordinal).collect();
    let found = run(f.store.listings(&ordinals)).unwrap();
    let found =
        found.into_iter().map(|row| serde_json::from_str(&row.unwrap().value.encode().unwrap()));
    let found: BTreeSet<ListingId> = found.map(|row: Result<Listing, _>| row.unwrap().id).collect();
    assert_eq!(found, seen);
}

fn term(text: &str) -> Term {
    of(text)
}

fn edit(title: &str, visibility: Visibility) -> ListingEdit {
    let content = ListingContent { visibility, ..content(title) };
    ListingEdit { slug: of("reader"), content, asset: None }
}

fn revision(f: &Fixture, listing: ListingId) -> Revision {
    run(f.person("acme", "ada").listing(listing)).unwrap().revision
}

#[test]
fn only_what_stands_in_the_catalogue_has_an_entry() {
    let f = Fixture::default();
    let (ada, operator) = (f.person("acme", "ada"), f.operator());
    let acme = f.publisher(&ada, "acme");
    let reader = f.draft(&ada, acme, "reader");
    let there = |expected: bool, after: &str| {
        assert_eq!(entry(&f, reader).is_some(), expected, "{after}");
        expect_clean(&f);
    };
    there(false, "a draft");
    run(ada.publish_listing(reader, &f.key())).unwrap();
    there(true, "published");
    run(ada.unlist_listing(reader, &f.key())).unwrap();
    there(false, "unlisted");
    run(ada.publish_listing(reader, &f.key())).unwrap();
    for hidden in [Visibility::Unlisted, Visibility::Organisation] {
        let (shown, hide) = (edit("Reader", Visibility::Public), edit("Reader", hidden));
        run(ada.update_listing(reader, revision(&f, reader), hide, &f.key())).unwrap();
        there(false, "hidden");
        run(ada.update_listing(reader, revision(&f, reader), shown, &f.key())).unwrap();
        there(true, "shown");
    }
    run(ada.deprecate_listing(reader, None, &f.key())).unwrap();
    there(true, "deprecated");
    let class = TakedownReason::Other;
    run(operator.take_down(reader, class, of("Awful."), &f.key())).unwrap();
    there(false, "taken down");
    run(operator.restore_listing(reader, &f.key())).unwrap();
    there(true, "restored");
    run(operator.suspend_publisher(acme, of("Spam."), &f.key())).unwrap();
    there(false, "suspended");
    run(operator.restore_publisher(acme, &f.key())).unwrap();
    there(true, "restored again");
    run(ada.delete_listing(reader, &f.key())).unwrap();
    there(false, "deleted");
}

#[test]
fn an_edit_shows_at_once() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let reader = f.published(&ada, acme, "reader");
    let scanner = edit("Scanner", Visibility::Public);
    run(ada.update_listing(reader, revision(&f, reader), scanner, &f.key())).unwrap();
    let entry = entry(&f, reader).unwrap();
    assert_eq!(entry.sort_name, "scanner");
    assert!(entry.words().iter().any(|token| token.word == term("scanner")));
}

#[test]
fn a_refused_command_indexes_nothing() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("beta", "eve"));
    let acme = f.publisher(&ada, "acme");
    let reader = f.published(&ada, acme, "reader");
    let before = entry(&f, reader);
    let stolen = edit("Stolen", Visibility::Public);
    let refusal = run(eve.update_listing(reader, revision(&f, reader), stolen, &f.key()));
    assert_eq!(refused(refusal), ErrorCode::ListingNotFound);
    let late = edit("Late", Visibility::Public);
    let refusal = run(ada.update_listing(reader, Revision::new(31), late, &f.key()));
    assert_eq!(refused(refusal), ErrorCode::RevisionMismatch);
    assert_eq!(entry(&f, reader), before);
}

#[test]
fn systems_are_those_of_the_latest_release_that_stands() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let reader = f.published(&ada, acme, "reader");
    let publish = |version: &str, system: &str| {
        let compatibility = vec![Compatibility { system: of(system), range: of("*") }];
        let compatibility = compatibility.try_into().unwrap();
        let content = ReleaseContent { compatibility, ..ReleaseContent::default() };
        run(ada.publish_release(reader, of(version), content, &f.key())).unwrap();
    };
    let works_with = |expected: &[&str]| {
        let entry = entry(&f, reader).unwrap();
        let systems = entry.labels.iter().filter(|label| label.class() == Some("s"));
        let systems: Vec<&str> = systems.map(|label| label.as_str()).collect();
        assert_eq!(systems, expected);
        expect_clean(&f);
    };
    works_with(&["s:whs"]);
    publish("1.0.0", "delegatic");
    works_with(&["s:delegatic", "s:whs"]);
    publish("0.9.0", "oldie");
    works_with(&["s:delegatic", "s:whs"]);
    publish("2.0.0-rc.1", "future");
    works_with(&["s:delegatic", "s:whs"]);
    publish("2.0.0", "agentelic");
    works_with(&["s:agentelic", "s:whs"]);
    run(ada.yank_release(reader, of("2.0.0"), of("Broken."), &f.key())).unwrap();
    works_with(&["s:delegatic", "s:whs"]);
    run(ada.unyank_release(reader, of("2.0.0"), &f.key())).unwrap();
    works_with(&["s:agentelic", "s:whs"]);
}

#[test]
fn a_yank_changes_the_listing_so_that_two_of_them_meet() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let reader = f.offered(&ada, acme, "reader");
    let before = revision(&f, reader);
    run(ada.yank_release(reader, of("1.0.0"), of("Broken."), &f.key())).unwrap();
    let yanked = revision(&f, reader);
    run(ada.unyank_release(reader, of("1.0.0"), &f.key())).unwrap();
    assert!(before < yanked && yanked < revision(&f, reader));
}

/// Two commands that each see the other's release as it was would leave an entry that neither means.
#[test]
fn yanks_of_two_releases_at_a_time_leave_the_one_that_stands() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let reader = f.published(&ada, acme, "reader");
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        f.release(&ada, reader, version);
    }
    run(ada.yank_release(reader, of("1.1.0"), of("Broken."), &f.key())).unwrap();
    std::thread::scope(|threads| {
        let (one, other) = (f.key(), f.key());
        let by = ada.clone();
        threads.spawn(move || run(by.yank_release(reader, of("1.2.0"), of("Broken."), &one)));
        let by = ada.clone();
        threads.spawn(move || run(by.unyank_release(reader, of("1.1.0"), &other)));
    });
    expect_clean(&f);
}

#[test]
fn what_a_publisher_is_called_and_vouched_for_shows_in_all_its_listings() {
    let f = Fixture::default();
    let (ada, operator) = (f.person("acme", "ada"), f.operator());
    let acme = f.publisher(&ada, "acme");
    let quota = 70;
    let listings: Vec<ListingId> =
        (0..quota).map(|n| f.published(&ada, acme, &format!("reader-{n}"))).collect();
    let quality = entry(&f, listings[0]).unwrap().quality;
    let evidence = of("case-1");
    run(operator.grant_badge(acme, BadgeKind::Official, evidence, &f.key())).unwrap();
    let seen = run(ada.publisher(acme)).unwrap();
    let profile = PublisherProfile { name: of("Umbrella"), summary: None, website: None };
    let renamed = PublisherEdit { handle: of("umbrella"), profile };
    run(ada.update_publisher(acme, seen.revision, renamed, &f.key())).unwrap();
    for listing in listings {
        let entry = entry(&f, listing).unwrap();
        assert!(entry.labels.contains(&term("b:official")) && entry.quality > quality);
        assert!(entry.words().iter().any(|token| token.word == term("umbrella")));
    }
    expect_clean(&f);
    run(operator.remove_badge(acme, BadgeKind::Official, &f.key())).unwrap();
    expect_clean(&f);
}

#[test]
fn importing_indexes_as_it_goes() {
    let f = Fixture::default();
    let operator = f.operator();
    let row = |version: &str, popularity: u32| {
        let line = serde_json::json!({
            "publisher": "acme", "slug": "bot", "kind": "whs_agent", "upstreamId": "bot",
            "title": "Bot", "summary": "Answers.", "version": version, "popularity": popularity,
            "updated": "2020-01",
        });
        ImportLine::parse(&line.to_string(), false).unwrap().row
    };
    let bot = run(operator.import(row("1.0.0", 0))).unwrap().listing;
    let new = entry(&f, bot).unwrap();
    assert_eq!(new.released_at, of("2020-01-01T00:00:00Z"));
    run(operator.import(row("1.0.0", 1_000_000))).unwrap();
    assert!(entry(&f, bot).unwrap().quality > new.quality);
    expect_clean(&f);
}

#[test]
fn deleting_a_tenant_removes_all_its_entries() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("beta", "eve"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&eve, "beta"));
    let going: Vec<ListingId> =
        (0..3).map(|n| f.offered(&ada, acme, &format!("reader-{n}"))).collect();
    let staying = f.offered(&eve, beta, "writer");
    let tenant = identity("acme", "ada").tenant().clone();
    run(f.operator().delete_tenant(&tenant, &f.key())).unwrap();
    assert!(going.iter().all(|listing| entry(&f, *listing).is_none()));
    assert!(entry(&f, staying).is_some());
    expect_clean(&f);
}

/// Something that somebody does with a listing or a publisher.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Publish,
    Unlist,
    Deprecate,
    Delete,
    TakeDown,
    RestoreListing,
    Edit(Visibility),
    Transfer,
    Release(u8),
    Yank(u8),
    Unyank(u8),
    Suspend,
    RestorePublisher,
    GrantBadge,
    RemoveBadge,
    Rename,
    Install,
    Refresh,
    Maintain,
    DeleteTenant,
}

fn deed() -> impl Strategy<Value = Deed> {
    use Deed::*;
    prop_oneof![
        3 => Just(Publish),
        1 => Just(Unlist),
        1 => Just(Deprecate),
        1 => Just(Delete),
        1 => Just(TakeDown),
        1 => Just(RestoreListing),
        3 => (0..3_usize).prop_map(|n| Edit(Visibility::ALL[n])),
        1 => Just(Transfer),
        2 => (0..3_u8).prop_map(Release),
        2 => (0..3_u8).prop_map(Yank),
        1 => (0..3_u8).prop_map(Unyank),
        1 => Just(Suspend),
        2 => Just(RestorePublisher),
        1 => Just(GrantBadge),
        1 => Just(RemoveBadge),
        1 => Just(Rename),
        2 => Just(Install),
        1 => Just(Refresh),
        1 => Just(Maintain),
        1 => Just(DeleteTenant),
    ]
}

/// Does it, or is refused: whatever comes of it, the index must be right.
fn attempt(f: &Fixture, deed: Deed, publishers: [PublisherId; 2], listing: ListingId) {
    let (ada, operator, key) = (f.person("acme", "ada"), f.operator(), f.key());
    let stored = run(ada.listing(listing)).ok();
    let publisher = stored.as_ref().map_or(publishers[0], |seen| seen.publisher.id);
    let other = if publisher == publishers[0] { publishers[1] } else { publishers[0] };
    let version = |n: u8| of(&format!("{n}.0.0"));
    match deed {
        Deed::Publish => drop(run(ada.publish_listing(listing, &key))),
        Deed::Unlist => drop(run(ada.unlist_listing(listing, &key))),
        Deed::Deprecate => drop(run(ada.deprecate_listing(listing, None, &key))),
        Deed::Delete => drop(run(ada.delete_listing(listing, &key))),
        Deed::TakeDown => {
            let class = TakedownReason::Other;
            drop(run(operator.take_down(listing, class, of("Awful."), &key)));
        }
        Deed::RestoreListing => drop(run(operator.restore_listing(listing, &key))),
        Deed::Edit(visibility) => {
            if let Some(seen) = stored {
                let content = ListingContent { visibility, ..content("Scanner") };
                let edit = ListingEdit { slug: seen.slug, content, asset: None };
                drop(run(ada.update_listing(listing, seen.revision, edit, &key)));
            }
        }
        Deed::Transfer => drop(run(ada.transfer_listing(listing, other, &key))),
        Deed::Release(n) => {
            let compatibility =
                vec![Compatibility { system: of(&format!("system{n}")), range: of("*") }];
            let compatibility = compatibility.try_into().unwrap();
            let content = ReleaseContent { compatibility, ..ReleaseContent::default() };
            drop(run(ada.publish_release(listing, version(n), content, &key)));
        }
        Deed::Yank(n) => {
            drop(run(ada.yank_release(listing, version(n), of("Broken."), &key)));
        }
        Deed::Unyank(n) => drop(run(ada.unyank_release(listing, version(n), &key))),
        Deed::Suspend => {
            drop(run(operator.suspend_publisher(publisher, of("Spam."), &key)));
        }
        Deed::RestorePublisher => {
            drop(run(operator.restore_publisher(publisher, &key)));
        }
        Deed::GrantBadge => {
            let (badge, evidence) = (BadgeKind::Verified, of("case-1"));
            drop(run(operator.grant_badge(publisher, badge, evidence, &key)));
        }
        Deed::RemoveBadge => {
            drop(run(operator.remove_badge(publisher, BadgeKind::Verified, &key)));
        }
        Deed::Rename => {
            if let Ok(seen) = run(ada.publisher(publisher)) {
                let profile = PublisherProfile { name: of("Umbrella"), ..seen.profile };
                let edit = PublisherEdit { handle: seen.handle, profile };
                drop(run(ada.update_publisher(publisher, seen.revision, edit, &key)));
            }
        }
        Deed::Install => {
            let carol = identity("buyers", "carol");
            let buyer = f.market.act_as(crate::port::Principal::person(carol.clone()));
            drop(run(buyer.claim_free(listing, &f.key())));
            if let Ok((token, _)) = f.begin(&buyer, listing, None) {
                drop(f.redeem(&token, &carol, &key));
            }
        }
        Deed::Refresh => while run(f.market.refresh_index(ALL)).unwrap().more {},
        Deed::Maintain => {
            f.pass(Span::days(60));
            run(f.market.maintain(ALL)).unwrap();
        }
        Deed::DeleteTenant => {
            let tenant = identity("acme", "ada").tenant().clone();
            drop(run(operator.delete_tenant(&tenant, &key)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_the_index_is_what_the_records_say(
        deeds in vec((deed(), 0..3_usize), 1..40),
    ) {
        let f = Fixture::default();
        let ada = f.person("acme", "ada");
        let publishers = ["acme", "beta"].map(|handle| f.publisher(&ada, handle));
        let listings = ["reader", "writer", "sorter"].map(|slug| f.offered(&ada, publishers[0], slug));
        for (deed, n) in deeds {
            attempt(&f, deed, publishers, listings[n]);
            expect_clean(&f);
        }
    }
}
