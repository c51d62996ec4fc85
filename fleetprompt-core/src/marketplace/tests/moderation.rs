use super::fixture::*;
use crate::ErrorCode;
use crate::domain::*;
use crate::marketplace::{ChangeView, Found, ListingEdit, PublisherEdit};
use crate::search::{CatalogueFilter, CatalogueOrder};

#[test]
fn of_a_suspended_publisher_nothing_is_to_be_seen() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let (acme, evil) = (f.publisher(&ada, "acme"), f.publisher(&eve, "evil"));
    let bad = f.published(&eve, evil, "bad");
    let good = f.published(&ada, acme, "good");
    f.release(&eve, bad, "1.0.0");
    run(f.operator().suspend_publisher(evil, of("Malware."), &f.key())).unwrap();

    let gone = ErrorCode::ListingNotFound;
    for reader in [f.anonymous(), ada.clone(), f.person("evil", "mate"), f.system("whs")] {
        let (filter, order) = (CatalogueFilter::default(), CatalogueOrder::Name);
        let page = run(reader.browse(filter, order, None, ALL)).unwrap();
        assert_eq!(page.items.iter().map(|it| it.id).collect::<Vec<_>>(), [good]);
        assert_eq!(refused(run(reader.listing(bad))), gone);
        assert_eq!(refused(run(reader.releases(bad, None, ALL))), gone);
        let by_name = run(reader.listing_by_name(&of("evil"), &of("bad")));
        assert_eq!(refused(by_name), gone);
        let handle = run(reader.publisher_by_handle(&of("evil")));
        assert_eq!(refused(handle), ErrorCode::PublisherNotFound);
        let listings = run(reader.publisher_listings(evil, None, ALL));
        assert_eq!(refused(listings), ErrorCode::PublisherNotFound);
        let changes = run(reader.changes(None, ALL)).unwrap().changes;
        let text = serde_json::to_string(&changes).unwrap();
        assert!(!text.contains("evil") && !text.contains("\"bad\""), "{text}");
    }
    let changes = run(f.anonymous().changes(None, ALL)).unwrap().changes;
    let last = &changes.last().unwrap().change;
    assert_eq!(*last, ChangeView::PublisherGone { publisher: evil });
    // Its members still see it, with the reason, and can change nothing.
    let Ok(Found::Here(own)) = run(eve.publisher_by_handle(&of("evil"))) else { panic!() };
    assert_eq!(own.suspended, Some(of("Malware.")));
    assert!(run(eve.listing(bad)).is_ok());
    let content = ReleaseContent::default();
    let published = run(eve.publish_release(bad, of("2.0.0"), content, &f.key()));
    assert_eq!(refused(published), ErrorCode::PublisherSuspended);
    let created = run(eve.create_listing(new_listing(evil, "x"), &f.key()));
    assert_eq!(refused(created), ErrorCode::PublisherSuspended);

    run(f.operator().restore_publisher(evil, &f.key())).unwrap();
    assert!(run(f.anonymous().listing(bad)).is_ok());
    let changes = run(f.anonymous().changes(None, ALL)).unwrap().changes;
    assert!(matches!(changes.last().unwrap().change, ChangeView::Publisher { .. }));
}

#[test]
fn a_suspended_publisher_can_be_left_and_nothing_else() {
    let f = Fixture::default();
    let (ada, eve, guest) = (f.person("acme", "ada"), f.person("x", "eve"), f.person("y", "joe"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&ada, "beta"));
    let eves = f.join(&ada, acme, &eve, PublisherRole::Owner);
    let code = run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap().code.unwrap();
    let (draft, id) = (f.draft(&ada, acme, "draft"), f.published(&ada, acme, "reader"));
    let theirs = f.published(&ada, beta, "theirs");
    run(f.operator().suspend_publisher(acme, of("Malware."), &f.key())).unwrap();
    let Ok(Found::Here(own)) = run(ada.publisher_by_handle(&of("acme"))) else { panic!() };
    let edit = PublisherEdit { handle: of("acme-labs"), profile: own.profile };
    let content = run(ada.listing(id)).unwrap();
    let listing_edit = ListingEdit { slug: of("b"), content: content.content, asset: None };
    let (viewer, key) = (PublisherRole::Viewer, || f.key());
    let refusals = [
        run(ada.update_publisher(acme, own.revision, edit, &key())).map(drop),
        run(ada.transfer_publisher(acme, eves, &key())).map(drop),
        run(ada.invite(acme, viewer, &key())).map(drop),
        run(guest.accept_invitation(&code, &key())).map(drop),
        run(ada.change_role(acme, eves, viewer, &key())).map(drop),
        run(ada.create_listing(new_listing(acme, "new"), &key())).map(drop),
        run(ada.update_listing(id, content.revision, listing_edit, &key())).map(drop),
        run(ada.publish_listing(draft, &key())).map(drop),
        run(ada.unlist_listing(id, &key())).map(drop),
        run(ada.deprecate_listing(id, None, &key())).map(drop),
        run(ada.delete_listing(id, &key())).map(drop),
        run(ada.transfer_listing(id, beta, &key())).map(drop),
        run(ada.transfer_listing(theirs, acme, &key())).map(drop),
        run(ada.publish_release(id, of("1.0.0"), ReleaseContent::default(), &key())).map(drop),
    ];
    assert_eq!(refusals.map(refused), [ErrorCode::PublisherSuspended; 14]);
    run(eve.leave(acme, &key())).unwrap();
}

#[test]
fn what_is_decided_already_is_not_decided_again() {
    let f = Fixture::default();
    let (ada, operator) = (f.person("acme", "ada"), f.operator());
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let suspend = |reason: &str| run(operator.suspend_publisher(acme, of(reason), &f.key()));
    assert_eq!(
        refused(run(operator.restore_publisher(acme, &f.key()))),
        ErrorCode::WrongState,
        "it is not suspended",
    );
    suspend("Malware.").unwrap();
    assert_eq!(refused(suspend("Spam.")), ErrorCode::WrongState);
    let Ok(Found::Here(own)) = run(ada.publisher_by_handle(&of("acme"))) else { panic!() };
    assert_eq!(own.suspended, Some(of("Malware.")), "the first reason stands");
    run(operator.restore_publisher(acme, &f.key())).unwrap();
    assert_eq!(
        refused(run(operator.restore_listing(id, &f.key()))),
        ErrorCode::WrongState,
        "it is not taken down",
    );
    run(ada.delete_listing(id, &f.key())).unwrap();
    let deleted = run(operator.take_down(id, TakedownReason::Other, of("x"), &f.key()));
    assert_eq!(refused(deleted), ErrorCode::ListingNotFound);
}

#[test]
fn pages_fill_up_around_what_is_hidden() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let (acme, evil) = (f.publisher(&ada, "acme"), f.publisher(&eve, "evil"));
    for n in 0..12 {
        let (by, publisher) = if n % 3 == 0 { (&ada, acme) } else { (&eve, evil) };
        f.published(by, publisher, &format!("listing-{n}"));
    }
    run(f.operator().suspend_publisher(evil, of("Spam."), &f.key())).unwrap();
    let (mut cursor, mut pages) = (None, Vec::new());
    loop {
        let (filter, order) = (CatalogueFilter::default(), CatalogueOrder::Newest);
        let size = crate::port::PageSize::new(2);
        let page = run(f.anonymous().browse(filter, order, cursor.as_ref(), size)).unwrap();
        pages.push(page.items.iter().map(|it| it.slug.to_string()).collect::<Vec<_>>());
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, [["listing-9", "listing-6"], ["listing-3", "listing-0"]]);
}

#[test]
fn a_take_down_leaves_no_name_behind_and_can_be_reversed() {
    let f = Fixture::default();
    let eve = f.person("evil", "eve");
    let evil = f.publisher(&eve, "eve-labs");
    let bad = f.published(&eve, evil, "brand-name");
    let class = TakedownReason::Impersonation;
    let operator = f.operator();
    run(operator.take_down(bad, class, of("Pretends."), &f.key())).unwrap();
    assert_eq!(refused(run(f.anonymous().listing(bad))), ErrorCode::ListingNotFound);
    let own = run(eve.listing(bad)).unwrap();
    assert_eq!(own.takedown.unwrap().reason, of("Pretends."));
    assert_eq!(refused(run(eve.delete_listing(bad, &f.key()))), ErrorCode::WrongState);
    assert_eq!(refused(run(eve.publish_listing(bad, &f.key()))), ErrorCode::WrongState);
    let changes = run(f.anonymous().changes(None, ALL)).unwrap().changes;
    assert!(!serde_json::to_string(&changes).unwrap().contains("brand-name"));
    let reason = GoneReason::TakenDown(class);
    assert_eq!(changes.last().unwrap().change, ChangeView::Gone { listing: bad, reason });
    let again = run(operator.take_down(bad, class, of("Pretends."), &f.key()));
    assert_eq!(refused(again), ErrorCode::WrongState);
    run(operator.restore_listing(bad, &f.key())).unwrap();
    assert_eq!(run(f.anonymous().listing(bad)).unwrap().state, ListingState::Published);
}

#[test]
fn badges_are_the_operators_to_give() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let grant = |by: &crate::Acting, evidence: &str| {
        run(by.grant_badge(acme, BadgeKind::Verified, of(evidence), &f.key()))
    };
    assert_eq!(refused(grant(&ada, "me")), ErrorCode::Forbidden);
    grant(&f.operator(), "case-1").unwrap();
    grant(&f.operator(), "case-2").unwrap();
    let seen = run(f.anonymous().listing(id)).unwrap();
    assert_eq!(seen.publisher.badges.len(), 1, "renewed, not doubled");
    assert!(!serde_json::to_string(&seen).unwrap().contains("case-"));
    let remove = || run(f.operator().remove_badge(acme, BadgeKind::Verified, &f.key()));
    remove().unwrap();
    assert_eq!(refused(remove()), ErrorCode::BadgeNotFound);
}

#[test]
fn a_badge_of_one_kind_leaves_those_of_another_alone() {
    let f = Fixture::default();
    let (ada, operator) = (f.person("acme", "ada"), f.operator());
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let badges = || -> Vec<BadgeKind> {
        let seen = run(f.anonymous().listing(id)).unwrap().publisher.badges;
        seen.iter().map(|badge| badge.kind).collect()
    };
    let (verified, official) = (BadgeKind::Verified, BadgeKind::Official);
    run(operator.grant_badge(acme, verified, of("case-1"), &f.key())).unwrap();
    let missing = run(operator.remove_badge(acme, official, &f.key()));
    assert_eq!(refused(missing), ErrorCode::BadgeNotFound);
    run(operator.grant_badge(acme, official, of("case-2"), &f.key())).unwrap();
    assert_eq!(badges(), [verified, official]);
    run(operator.remove_badge(acme, verified, &f.key())).unwrap();
    assert_eq!(badges(), [official]);
}

#[test]
fn nobody_but_operators_moderates_or_reads_the_log() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    for who in [ada, f.system("whs")] {
        let (class, reason) = (TakedownReason::Spam, || of("x"));
        let refusals = [
            refused(run(who.suspend_publisher(acme, reason(), &f.key()))),
            refused(run(who.restore_publisher(acme, &f.key()))),
            refused(run(who.take_down(id, class, reason(), &f.key()))),
            refused(run(who.restore_listing(id, &f.key()))),
            refused(run(who.remove_badge(acme, BadgeKind::Official, &f.key()))),
            refused(run(who.audit_log(Position::START, ALL))),
        ];
        assert_eq!(refusals, [ErrorCode::Forbidden; 6]);
    }
    let anonymous = run(f.anonymous().audit_log(Position::START, ALL));
    assert_eq!(refused(anonymous), ErrorCode::Unauthenticated);
    let log = run(f.operator().audit_log(Position::START, ALL)).unwrap();
    assert!(log.iter().any(|entry| entry.event.fact.name() == "listing.published"));
}

#[test]
fn an_operator_sees_everything_and_edits_nothing() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let draft = f.draft(&ada, acme, "reader");
    let operator = f.operator();
    assert!(run(operator.listing(draft)).is_ok());
    assert_eq!(run(operator.members(acme, None, ALL)).unwrap().items.len(), 1);
    let edits = [
        refused(run(operator.publish_listing(draft, &f.key()))),
        refused(run(operator.delete_listing(draft, &f.key()))),
        refused(run(operator.invite(acme, PublisherRole::Owner, &f.key()))),
    ];
    assert_eq!(edits, [ErrorCode::Forbidden; 3]);
    let nothing = run(operator.publish_listing(ListingId::from_bytes([9; 16]), &f.key()));
    assert_eq!(refused(nothing), ErrorCode::ListingNotFound);
}
