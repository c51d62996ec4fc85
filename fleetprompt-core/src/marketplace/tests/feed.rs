use super::fixture::*;
use crate::ErrorCode;
use crate::domain::*;
use crate::marketplace::{ChangeView, FeedCursor, ListingEdit};
use crate::port::{PageSize, Prune, Store};

/// What the feed says of listings.
fn listings(f: &Fixture) -> Vec<String> {
    let page = run(f.anonymous().changes(None, ALL)).unwrap();
    page.changes
        .into_iter()
        .filter_map(|entry| match entry.change {
            ChangeView::Changed { listing } => Some(format!("{}", listing.slug)),
            ChangeView::Gone { reason, .. } => Some(format!("{reason:?}")),
            ChangeView::Publisher { .. } | ChangeView::PublisherGone { .. } => None,
        })
        .collect()
}

#[test]
fn what_was_never_public_leaves_no_trace() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let operator = f.operator();
    for (slug, visibility) in [
        ("draft", Visibility::Public),
        ("inside", Visibility::Organisation),
        ("hidden", Visibility::Unlisted),
    ] {
        let mut new = new_listing(acme, slug);
        new.content.visibility = visibility;
        let id = run(ada.create_listing(new, &f.key())).unwrap().id;
        f.release(&ada, id, "1.0.0");
        if visibility != Visibility::Public {
            run(ada.publish_listing(id, &f.key())).unwrap();
            run(ada.unlist_listing(id, &f.key())).unwrap();
        }
        run(operator.take_down(id, TakedownReason::Other, of("Oops."), &f.key())).unwrap();
        run(operator.restore_listing(id, &f.key())).unwrap();
        run(ada.delete_listing(id, &f.key())).unwrap();
    }
    assert_eq!(listings(&f), [""; 0]);
    let page = run(f.anonymous().changes(None, ALL)).unwrap();
    assert!(page.changes.is_empty());
}

#[test]
fn what_leaves_the_catalogue_is_gone_in_the_feed() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    assert_eq!(listings(&f), ["reader"]);
    let seen = run(ada.listing(id)).unwrap();
    let mut edit = ListingEdit { slug: of("lector"), content: seen.content, asset: None };
    edit.content.visibility = Visibility::Organisation;
    run(ada.update_listing(id, seen.revision, edit, &f.key())).unwrap();
    assert_eq!(listings(&f), ["Withdrawn", "Withdrawn"], "entries show the present");
    run(ada.unlist_listing(id, &f.key())).unwrap();
    assert_eq!(listings(&f).len(), 2, "nothing more to say");
    run(ada.delete_listing(id, &f.key())).unwrap();
    assert_eq!(listings(&f), ["Deleted"; 3]);
}

#[test]
fn a_follower_sees_each_entry_once() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let mirror = f.anonymous();
    let start = run(mirror.feed_cursor()).unwrap();
    let id = f.published(&ada, acme, "reader");
    for minor in 0..4 {
        f.release(&ada, id, &format!("1.{minor}.0"));
    }
    let (mut cursor, mut seen) = (start, 0);
    loop {
        let page = run(mirror.changes(Some(&cursor), PageSize::new(2))).unwrap();
        if page.changes.is_empty() {
            break;
        }
        seen += page.changes.len();
        // Kept in between, as by a mirror that may be stopped.
        let kept = serde_json::to_string(&page.cursor).unwrap();
        cursor = serde_json::from_str(&kept).unwrap();
        assert_eq!(of::<FeedCursor>(&cursor.to_string()), cursor);
    }
    assert_eq!(seen, 5);
    assert_eq!(cursor, run(mirror.feed_cursor()).unwrap());
}

#[test]
fn a_cursor_from_behind_the_horizon_or_another_life_is_too_old() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let start = run(f.anonymous().feed_cursor()).unwrap();
    f.published(&ada, acme, "one");
    f.published(&ada, acme, "two");
    let horizon = Prune::Events(Timestamp::MAX);
    run(f.store.prune(horizon, 1_000)).unwrap();
    let now = run(f.anonymous().feed_cursor()).unwrap();
    assert!(run(f.anonymous().changes(Some(&now), ALL)).unwrap().changes.is_empty());
    let elsewhere = of("fpf1.01940000-0000-7000-8000-000000000001.0");
    let ahead = of(&now.to_string().replace(".2", ".3"));
    for old in [Some(&start), None, Some(&elsewhere), Some(&ahead)] {
        let refusal = refused(run(f.anonymous().changes(old, ALL)));
        assert_eq!(refusal, ErrorCode::CursorTooOld);
    }
}

#[test]
fn the_audit_log_is_whole_and_names_no_person() {
    let f = Fixture::default();
    let ada = f.person("acme-tenant", "ada-lovelace");
    let acme = f.publisher(&ada, "acme");
    f.published(&ada, acme, "reader");
    let log = run(f.operator().audit_log(Position::START, ALL)).unwrap();
    let positions: Vec<u64> = log.iter().map(|entry| entry.position.get()).collect();
    assert_eq!(positions, (1..=f.events()).collect::<Vec<_>>());
    let text = serde_json::to_string(&log).unwrap();
    assert!(!text.contains("ada-lovelace") && !text.contains("acme-tenant"));
}
