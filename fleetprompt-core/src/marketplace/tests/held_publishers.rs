//! Publishers whose names look like well-known ones.

use super::fixture::*;
use crate::domain::*;
use crate::error::{ErrorCode, Result};
use crate::marketplace::{
    Acting, CatalogueLine, Found, HeldNameView, ImportLine, NewPublisher, PublisherEdit,
    PublisherReceipt, ResembledView, SearchRequest,
};
use crate::port::{Change, Commit, PageSize, Scan, Store};
use crate::search::{CatalogueFilter, CatalogueOrder, Query};

/// A publisher that an operator vouches for.
pub(super) fn verified(f: &Fixture, owner: &Acting, handle: &str) -> PublisherId {
    let id = f.publisher(owner, handle);
    run(f.operator().grant_badge(id, BadgeKind::Verified, of("case-1"), &f.key())).unwrap();
    id
}

fn create(f: &Fixture, by: &Acting, handle: &str, name: &str) -> PublisherReceipt {
    let profile = PublisherProfile { name: of(name), summary: None, website: None };
    run(by.create_publisher(NewPublisher { handle: of(handle), profile }, &f.key())).unwrap()
}

fn rename(f: &Fixture, by: &Acting, id: PublisherId, handle: &str) -> Result<PublisherReceipt> {
    let seen = run(by.publisher(id)).unwrap();
    let edit = PublisherEdit { handle: of(handle), profile: seen.profile };
    run(by.update_publisher(id, seen.revision, edit, &f.key()))
}

pub(super) fn queue(f: &Fixture) -> Vec<HeldNameView> {
    run(f.operator().held_names(None, ALL)).unwrap().items
}

pub(super) fn held(handle: &PublisherReceipt) -> bool {
    handle.held == Some(HoldReason::LooksWellKnown)
}

/// Everything that others than members see of publishers and listings called like `name`.
pub(super) fn traces(f: &Fixture, name: &str, ids: &[String]) -> Vec<String> {
    let mut traces = Vec::new();
    let readers =
        [f.anonymous(), f.person("elsewhere", "zoe"), f.person("evil", "mate"), f.system("whs")];
    for reader in readers {
        for query in [name, "acme", "robotics", &format!("publisher:{name}"), ""] {
            let asked = SearchRequest {
                query: Query::parse(query),
                counts: true,
                ..SearchRequest::default()
            };
            let page = run(reader.search(&asked, None, PageSize::MAX)).unwrap();
            traces.push(serde_json::to_string(&page).unwrap());
            let suggested = run(reader.suggest(&Query::parse(query))).unwrap();
            traces.push(serde_json::to_string(&suggested).unwrap());
        }
        let (filter, order) = (CatalogueFilter::default(), CatalogueOrder::Newest);
        let browsed = run(reader.browse(filter, order, None, ALL)).unwrap();
        traces.push(serde_json::to_string(&browsed).unwrap());
        traces.push(run(reader.feed_cursor()).unwrap().to_string());
        let changes = run(reader.changes(None, ALL)).unwrap();
        traces.push(serde_json::to_string(&changes).unwrap());
    }
    for trace in &traces {
        assert!(!ids.iter().any(|id| trace.contains(id)), "{trace}");
    }
    traces
}

#[test]
fn a_look_alike_of_a_verified_publisher_is_seen_by_its_members_alone() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    verified(&f, &ada, "acme-robotics");
    let before = traces(&f, "acme-robtics", &[]);
    let receipt = create(&f, &eve, "acme-robtics", "Robotics for all");
    assert!(held(&receipt));
    let draft = f.draft(&eve, receipt.id, "reader");
    f.release(&eve, draft, "1.0.0");
    assert_eq!(traces(&f, "acme-robtics", &[receipt.id.to_string(), draft.to_string()]), before);

    // What is held and what never was are answered alike.
    let (absent, none) = (PublisherId::from_bytes([9; 16]), ListingId::from_bytes([9; 16]));
    for reader in [f.anonymous(), f.person("elsewhere", "zoe"), f.person("evil", "mate")] {
        let found = |handle: &str| run(reader.publisher_by_handle(&of(handle))).unwrap_err();
        assert_eq!(found("acme-robtics"), found("acme-robtiks"));
        let found = |id| run(reader.publisher(id)).unwrap_err();
        assert_eq!(found(receipt.id), found(absent));
        let found = |id| run(reader.publisher_listings(id, None, ALL)).unwrap_err();
        assert_eq!(found(receipt.id), found(absent));
        let found = |id| run(reader.members(id, None, ALL)).unwrap_err();
        assert_eq!(found(receipt.id), found(absent));
        let found = |id| run(reader.metrics(id, 7)).unwrap_err();
        assert_eq!(found(draft), found(none));
        let found = |handle| run(reader.listing_by_name(&of(handle), &of("reader"))).unwrap_err();
        assert_eq!(found("acme-robtics"), found("acme-robtiks"));
    }

    // Its member sees it, why it is held, and nothing about whom it looks like.
    let Ok(Found::Here(own)) = run(eve.publisher_by_handle(&of("acme-robtics"))) else { panic!() };
    let told = serde_json::to_string(&own).unwrap();
    assert!(told.contains("looks_like_a_well_known_name") && !told.contains("acme-robotics"));
    assert_eq!(own.held.as_ref().unwrap().state, NameState::Waiting);
    let mine = run(eve.my_publishers(None, ALL)).unwrap().items;
    assert_eq!(mine[0].publisher, own);
    let published = run(eve.publish_listing(draft, &f.key()));
    assert_eq!(refused(published), ErrorCode::PublisherHeld);
    let log = run(f.operator().audit_log(Position::START, ALL)).unwrap();
    let fact = Fact::NameHeld { publisher: receipt.id, listing: None };
    assert!(fact.audiences().publisher);
    assert!(log.iter().any(|entry| entry.event.fact == fact && entry.event.feed.is_none()));

    // Once it is let pass, it is like any other.
    let subject = NameSubject::Publisher(receipt.id);
    run(f.operator().allow_name(subject, f.seen(subject), of("They are a club."), &f.key()))
        .unwrap();
    assert!(run(f.anonymous().publisher(receipt.id)).unwrap().held.is_none());
    run(eve.publish_listing(draft, &f.key())).unwrap();
    assert!(run(f.anonymous().listing(draft)).is_ok());
    assert_eq!(queue(&f), []);
}

#[test]
fn what_looks_like_a_well_known_publisher_is_held_and_what_does_not_is_not() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let acme = verified(&f, &ada, "acme-robotics");
    for (n, (handle, name, expected)) in [
        ("robotics-acme", "A", true),
        ("acmerobotics", "B", true),
        ("acme-robotics-official", "C", true),
        ("acme-rob0tiics", "D", true),
        ("weather-club", "Acrne R0botics", true),
        ("news-club", "ACME-Robotics", true),
        ("fleetpromt", "E", true),
        ("security-team", "F", true),
        ("fleet-club", "FleetPrornpt", true),
        ("acme-gardening", "Acme Gardening", false),
        ("robotics", "Robotics", false),
        ("securities", "G", false),
    ]
    .into_iter()
    .enumerate()
    {
        // The name that is shown counts as much as the handle.
        if handle == "weather-club" {
            let seen = run(ada.publisher(acme)).unwrap();
            let profile = PublisherProfile { name: of("Acme Robotics"), ..seen.profile };
            let edit = PublisherEdit { handle: seen.handle, profile };
            assert!(!held(
                &run(ada.update_publisher(acme, seen.revision, edit, &f.key())).unwrap()
            ));
        }
        let by = f.person(&format!("evil-{n}"), "eve");
        assert_eq!(held(&create(&f, &by, handle, name)), expected, "{handle}, {name}");
    }
    // A name is well known no longer than its badge.
    run(f.operator().remove_badge(acme, BadgeKind::Verified, &f.key())).unwrap();
    assert!(!held(&create(&f, &eve, "acme-robtics", "Acme Robotics")));
}

#[test]
fn nobody_is_an_impostor_of_themselves() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let acme = verified(&f, &ada, "acme-robotics");
    assert!(!held(&create(&f, &bob, "acme-robotics-labs", "Acme Robotics")), "the same tenant");
    assert!(!held(&rename(&f, &ada, acme, "acme-robotic").unwrap()), "the same publisher");
    let eve = f.person("evil", "eve");
    assert!(held(&create(&f, &eve, "acme-robotik", "A")), "the new name is the well-known one");
    assert!(!held(&create(&f, &eve, "acme-robotics2", "B")), "and not the former one");
}

#[test]
fn a_live_publisher_goes_on_under_its_former_names() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    verified(&f, &ada, "acme-robotics");
    let evil = f.publisher(&eve, "honest");
    let listing = f.published(&eve, evil, "reader");
    let seen = run(eve.publisher(evil)).unwrap();
    let profile = PublisherProfile {
        name: of("Acme-Robotics"),
        summary: Some(of("We read.")),
        website: None,
    };
    let edit = PublisherEdit { handle: of("acme-robotics-inc"), profile };
    let receipt =
        f.twice(async |key| eve.update_publisher(evil, seen.revision, edit.clone(), key).await);
    assert!(held(&receipt));
    assert_eq!(receipt.handle, of("honest"));

    let visitor = f.anonymous();
    let public = run(visitor.publisher(evil)).unwrap();
    assert_eq!((public.handle, public.profile.name), (of("honest"), of("honest")));
    assert_eq!(public.profile.summary, Some(of("We read.")), "the rest is changed");
    assert_eq!(public.held, None);
    assert!(run(visitor.listing(listing)).is_ok());
    let wanted = run(visitor.publisher_by_handle(&of("acme-robotics-inc")));
    assert_eq!(refused(wanted), ErrorCode::PublisherNotFound, "the new name leads nowhere");
    let changes = serde_json::to_string(&run(visitor.changes(None, ALL)).unwrap()).unwrap();
    assert!(!changes.contains("acme-robotics-inc"));
    let wanted = run(eve.publisher(evil)).unwrap().held.unwrap();
    let names =
        ReviewedName::Publisher { handle: of("acme-robotics-inc"), name: of("Acme-Robotics") };
    assert_eq!((wanted.names, wanted.state), (names, NameState::Waiting));
    assert_eq!(queue(&f)[0].publisher.handle, of("honest"));

    // An edit that is about something else leaves the queue as it is.
    rename(&f, &eve, evil, "honest").unwrap();
    assert_eq!(queue(&f).len(), 1);

    let subject = NameSubject::Publisher(evil);
    let seen = f.seen(subject);
    f.twice(async |key| f.operator().allow_name(subject, seen, of("A subsidiary."), key).await);
    let public = run(visitor.publisher(evil)).unwrap();
    assert_eq!(public.handle, of("acme-robotics-inc"));
    let moved = run(visitor.publisher_by_handle(&of("honest"))).unwrap();
    assert_eq!(moved, Found::Moved(of("acme-robotics-inc")));
    let asked = SearchRequest {
        query: Query::parse("publisher:acme-robotics-inc"),
        ..SearchRequest::default()
    };
    let hits = run(visitor.search(&asked, None, ALL)).unwrap().items;
    assert_eq!(hits.len(), 1, "its listings follow");
    assert!(run(f.market.check_index(Position::START, |_| {})).unwrap().is_clean());
}

#[test]
fn a_refusal_is_told_and_another_name_is_judged_anew() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    verified(&f, &ada, "acme-robotics");
    let evil = create(&f, &eve, "acme-robtics", "R").id;
    let subject = NameSubject::Publisher(evil);
    let operator = f.operator();
    let seen = f.seen(subject);
    f.twice(async |key| operator.refuse_name(subject, seen, of("Too close."), key).await);
    let told = run(eve.publisher(evil)).unwrap().held.unwrap();
    assert_eq!((told.state, told.reason), (NameState::Refused, Some(of("Too close."))));
    assert_eq!(refused(run(f.anonymous().publisher(evil))), ErrorCode::PublisherNotFound);
    assert_eq!(queue(&f), []);
    let again = run(operator.refuse_name(subject, f.seen(subject), of("Again."), &f.key()));
    assert_eq!(refused(again), ErrorCode::WrongState);

    // The same name again does not bring it back before an operator.
    assert!(held(&rename(&f, &eve, evil, "acme-robtics").unwrap()));
    assert_eq!(queue(&f), []);
    // Another look-alike does.
    assert!(held(&rename(&f, &eve, evil, "acme-robotcs").unwrap()));
    assert_eq!(queue(&f).len(), 1);
    // What was never public is given back.
    assert!(!held(&create(&f, &ada, "acme-robtics", "Ours").clone()));
    // An ordinary name needs nobody, and is public at once.
    let receipt = rename(&f, &eve, evil, "robot-club").unwrap();
    assert!(!held(&receipt));
    assert_eq!(run(f.anonymous().publisher(evil)).unwrap().handle, of("robot-club"));
    assert_eq!(queue(&f), []);
    let gone = run(operator.allow_name(subject, f.seen(subject), of("Late."), &f.key()));
    assert_eq!(refused(gone), ErrorCode::NameNotHeld);
}

#[test]
fn what_was_refused_comes_back_only_when_it_changes_itself() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    verified(&f, &ada, "acme-robotics");
    let operator = f.operator();
    let edit = |id, handle: &str, name: &str| {
        let seen = run(eve.publisher(id)).unwrap();
        let profile = PublisherProfile { name: of(name), ..seen.profile };
        let edit = PublisherEdit { handle: of(handle), profile };
        run(eve.update_publisher(id, seen.revision, edit, &f.key())).unwrap()
    };

    // The handle was refused: what is shown beside it makes no difference, nor does how it is joined.
    let by_handle = create(&f, &eve, "acme-robtics", "R").id;
    let subject = NameSubject::Publisher(by_handle);
    run(operator.refuse_name(subject, f.seen(subject), of("Too close."), &f.key())).unwrap();
    let events = f.events();
    for (handle, name) in [("acme-robtics", "S"), ("acme_robtics", "T"), ("acme-robt1cs", "T")] {
        assert!(held(&edit(by_handle, handle, name)));
        assert_eq!(queue(&f), [], "{handle}, {name}");
        let told = run(eve.publisher(by_handle)).unwrap().held.unwrap();
        assert_eq!((told.state, told.reason), (NameState::Refused, Some(of("Too close."))));
    }
    let log = run(operator.audit_log(Position::START, ALL)).unwrap();
    let holds = log.iter().filter(|entry| matches!(entry.event.fact, Fact::NameHeld { .. }));
    assert_eq!((holds.count(), f.events() - events), (1, 3), "nobody is told anew");
    // An operator who thinks better of it lets pass what there is now.
    run(operator.allow_name(subject, f.seen(subject), of("A club."), &f.key())).unwrap();
    let public = run(f.anonymous().publisher(by_handle)).unwrap();
    assert_eq!((public.handle, public.profile.name), (of("acme-robt1cs"), of("T")));

    // What is shown was refused: another handle makes no difference.
    let mal = f.person("other", "mal");
    let by_name = create(&f, &mal, "weather-club", "acme robotics").id;
    assert_eq!(queue(&f)[0].likeness, Likeness::DisplayName);
    let subject = NameSubject::Publisher(by_name);
    run(operator.refuse_name(subject, f.seen(subject), of("Theirs."), &f.key())).unwrap();
    let seen = run(mal.publisher(by_name)).unwrap();
    let profile = PublisherProfile { name: of("Acme  Robotics!"), ..seen.profile.clone() };
    let wanted = PublisherEdit { handle: of("rain-club"), profile };
    let receipt = run(mal.update_publisher(by_name, seen.revision, wanted, &f.key())).unwrap();
    assert!(held(&receipt));
    assert_eq!(queue(&f), []);
    let profile = PublisherProfile { name: of("Rain club"), ..seen.profile };
    let wanted = PublisherEdit { handle: of("rain-club"), profile };
    let receipt = run(mal.update_publisher(by_name, receipt.revision, wanted, &f.key())).unwrap();
    assert!(!held(&receipt), "what was refused is gone");
}

#[test]
fn a_name_in_another_alphabet_is_held_only_where_it_reads_as_a_well_known_one() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    // `copa`, and the same to the eye in Cyrillic and Greek letters.
    verified(&f, &ada, "copa");
    let cases = [
        ("\u{441}\u{43e}\u{440}\u{430}", true),
        ("\u{421}\u{41e}\u{420}\u{410}", true),
        ("\u{425}\u{430}\u{43e}\u{441}", false),
        ("Copacabana", false),
    ];
    for (n, (name, expected)) in cases.into_iter().enumerate() {
        let by = f.person(&format!("other-{n}"), "eve");
        assert_eq!(held(&create(&f, &by, &format!("club-{n}"), name)), expected, "{name}");
    }
}

#[test]
fn what_was_allowed_stays_allowed() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let acme = verified(&f, &ada, "acme-robotics");
    let club = create(&f, &eve, "acme-robtics", "R").id;
    let subject = NameSubject::Publisher(club);
    run(f.operator().refuse_name(subject, f.seen(subject), of("Who are they?"), &f.key())).unwrap();
    run(f.operator().allow_name(subject, f.seen(subject), of("A club."), &f.key())).unwrap();
    while run(f.market.refresh_index(ALL)).unwrap().more {}
    run(f.operator().grant_badge(acme, BadgeKind::Official, of("case-2"), &f.key())).unwrap();
    let seen = run(eve.publisher(club)).unwrap();
    let profile = PublisherProfile { summary: Some(of("A club.")), ..seen.profile };
    let edit = PublisherEdit { handle: seen.handle, profile };
    assert!(!held(&run(eve.update_publisher(club, seen.revision, edit, &f.key())).unwrap()));
    // Away and back.
    rename(&f, &eve, club, "robot-club").unwrap();
    assert!(!held(&rename(&f, &eve, club, "acme-robtics").unwrap()));
    assert!(run(f.anonymous().publisher(club)).is_ok());
    let again = run(f.operator().allow_name(subject, f.seen(subject), of("Again."), &f.key()));
    assert_eq!(refused(again), ErrorCode::WrongState);
}

#[test]
fn the_queue_is_read_page_by_page_and_by_operators_alone() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = verified(&f, &ada, "acme-robotics");
    let fakes =
        ["acme-robtics", "acmerobotics", "acme-robotics-hq", "fleetpromt", "real-acme-robotics"];
    for (n, handle) in fakes.iter().enumerate() {
        create(&f, &f.person(&format!("evil-{n}"), "eve"), handle, "N");
    }
    let operator = f.operator();
    let (mut cursor, mut found) = (None, Vec::new());
    loop {
        let page = run(operator.held_names(cursor.as_ref(), PageSize::new(2))).unwrap();
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let handles: Vec<String> = found.iter().map(|it| it.publisher.handle.to_string()).collect();
    assert_eq!(handles, fakes, "the oldest first, each once");
    let like = |it: &HeldNameView| match it.resembles.clone().unwrap() {
        ResembledView::Publisher { publisher } => publisher.id == acme,
        ResembledView::Reserved { word } => word == of("fleetprompt"),
        ResembledView::Listing { .. } => false,
    };
    assert!(found.iter().all(like));
    assert_eq!(found[2].likeness, Likeness::Affix);

    let subject = NameSubject::Publisher(found[0].publisher.id);
    let owner = f.person("evil-0", "eve");
    for who in [ada, owner, f.system("whs")] {
        assert_eq!(refused(run(who.held_names(None, ALL))), ErrorCode::Forbidden);
        assert_eq!(refused(run(who.refused_names(None, ALL))), ErrorCode::Forbidden);
        let decided = run(who.allow_name(subject, f.seen(subject), of("Me."), &f.key()));
        assert_eq!(refused(decided), ErrorCode::Forbidden);
        let decided = run(who.refuse_name(subject, f.seen(subject), of("Me."), &f.key()));
        assert_eq!(refused(decided), ErrorCode::Forbidden);
    }
    assert_eq!(refused(run(f.anonymous().held_names(None, ALL))), ErrorCode::Unauthenticated);
    let live = NameSubject::Publisher(acme);
    let decided = run(f.operator().refuse_name(live, f.seen(live), of("Not held."), &f.key()));
    assert_eq!(refused(decided), ErrorCode::NameNotHeld);
}

#[test]
fn a_name_that_waits_can_be_lost_to_somebody_else() {
    let f = Fixture::default();
    let (ada, eve, zoe) =
        (f.person("acme", "ada"), f.person("evil", "eve"), f.person("other", "zoe"));
    verified(&f, &ada, "acme-robotics");
    let evil = f.publisher(&eve, "honest");
    assert!(held(&rename(&f, &eve, evil, "acme-robtics").unwrap()));
    create(&f, &zoe, "acme-robtics", "Z");
    let subject = NameSubject::Publisher(evil);
    let allowed = run(f.operator().allow_name(subject, f.seen(subject), of("First."), &f.key()));
    assert_eq!(refused(allowed), ErrorCode::HandleTaken);
    assert_eq!(run(f.anonymous().publisher(evil)).unwrap().handle, of("honest"));
    let taken = rename(&f, &eve, evil, "acme-robtics");
    assert_eq!(refused(taken), ErrorCode::HandleTaken);
    let taken = rename(
        &f,
        &zoe,
        run(zoe.my_publishers(None, ALL)).unwrap().items[0].publisher.id,
        "honest",
    );
    assert_eq!(refused(taken), ErrorCode::HandleTaken);
}

#[test]
fn nothing_public_comes_to_a_held_publisher_and_nothing_of_it_is_told() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    verified(&f, &ada, "acme-robotics");
    let evil = create(&f, &eve, "acme-robtics", "R").id;
    let honest = f.publisher(&eve, "honest");
    let reader = f.published(&eve, honest, "reader");
    let moved = run(eve.transfer_listing(reader, evil, &f.key()));
    assert_eq!(refused(moved), ErrorCode::PublisherHeld);
    let line = r#"{"publisher":"acme-robtics","slug":"bot","kind":"whs_agent","upstreamId":"a1",
        "title":"Bot","summary":"Answers.","version":"1.0.0"}"#;
    let row = ImportLine::parse(line, false).unwrap().row;
    assert_eq!(refused(run(f.operator().import(row))), ErrorCode::PublisherHeld);

    let before = run(f.anonymous().feed_cursor()).unwrap();
    run(f.operator().suspend_publisher(evil, of("Spam."), &f.key())).unwrap();
    run(f.operator().restore_publisher(evil, &f.key())).unwrap();
    run(f.operator().grant_badge(evil, BadgeKind::Partner, of("case-3"), &f.key())).unwrap();
    let heir = f.person("heirs", "hal");
    let hal = f.join(&eve, evil, &heir, PublisherRole::Owner);
    run(eve.transfer_publisher(evil, hal, &f.key())).unwrap();
    assert_eq!(run(f.anonymous().feed_cursor()).unwrap(), before);
    // A badge makes nothing well known that nobody sees.
    assert!(!held(&create(&f, &f.person("club", "cat"), "acme-robtic-club", "C")));
    let admin = crate::port::Principal::admin(identity("heirs", "hal"));
    let tenant = identity("heirs", "hal").tenant().clone();
    run(f.market.act_as(admin).delete_tenant(&tenant, &f.key())).unwrap();
    assert_eq!(run(f.anonymous().feed_cursor()).unwrap(), before, "not even its end");
    assert_eq!(queue(&f), [], "the queue forgets it");
}

#[test]
fn of_two_decisions_at_once_one_holds() {
    for _ in 0..20 {
        let f = Fixture::default();
        let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
        verified(&f, &ada, "acme-robotics");
        let evil = create(&f, &eve, "acme-robtics", "R").id;
        let subject = NameSubject::Publisher(evil);
        let (one, other, seen) = (f.key(), f.key(), f.seen(subject));
        let (refuses, renames) = std::thread::scope(|scope| {
            let refuses =
                scope.spawn(|| run(f.operator().refuse_name(subject, seen, of("No."), &one)));
            let renames = scope.spawn(|| {
                let seen = run(eve.publisher(evil)).unwrap();
                let edit = PublisherEdit { handle: of("robot-club"), profile: seen.profile };
                run(eve.update_publisher(evil, seen.revision, edit, &other))
            });
            (refuses.join().unwrap(), renames.join().unwrap())
        });
        assert!(!held(&renames.unwrap()));
        assert!(refuses.is_ok() || refused(refuses) == ErrorCode::NameNotHeld);
        assert!(run(f.anonymous().publisher(evil)).is_ok(), "the ordinary name is live either way");
        assert_eq!(queue(&f), []);
        assert_eq!(run(eve.publisher(evil)).unwrap().held, None);
    }
}

#[test]
fn a_badge_and_a_look_alike_at_once_leave_one_or_the_other_and_nothing_between() {
    for _ in 0..20 {
        let f = Fixture::default();
        let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
        let acme = f.publisher(&ada, "acme-robotics");
        let key = f.key();
        let created = std::thread::scope(|scope| {
            let badge = of("case-1");
            scope.spawn(|| {
                run(f.operator().grant_badge(acme, BadgeKind::Verified, badge, &key)).unwrap();
            });
            scope.spawn(|| create(&f, &eve, "acme-robtics", "R")).join().unwrap()
        });
        let live = run(f.anonymous().publisher(created.id)).is_ok();
        assert_eq!(live, !held(&created));
        assert_eq!(queue(&f).len(), usize::from(!live));
        let next = create(&f, &f.person("late", "lee"), "acme-robotcs", "R");
        assert!(held(&next), "the badge is there in any case");
    }
}

/// An operator decides about what was looked at, whatever is put in its place meanwhile.
#[test]
fn a_name_that_was_swapped_since_it_was_looked_at_is_not_decided() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    verified(&f, &ada, "acme-robotics");
    let evil = create(&f, &eve, "acme-robtics", "R").id;
    let operator = f.operator();
    let looked_at = queue(&f).remove(0);
    let decide = |state| {
        let HeldNameView { subject, version, .. } = looked_at;
        let (reason, key) = (of("A club."), f.key());
        match state {
            NameState::Refused => run(operator.refuse_name(subject, version, reason, &key)),
            _ => run(operator.allow_name(subject, version, reason, &key)),
        }
    };
    let nothing_is_decided = || {
        for state in [NameState::Allowed, NameState::Refused] {
            assert_eq!(refused(decide(state)), ErrorCode::RevisionMismatch);
        }
        assert_eq!(refused(run(f.anonymous().publisher(evil))), ErrorCode::PublisherNotFound);
    };
    // Straight to the other name; or by way of a harmless one, which closes the review and opens another
    // of the same first revision.
    rename(&f, &eve, evil, "acme-robotic").unwrap();
    nothing_is_decided();
    rename(&f, &eve, evil, "robot-club").unwrap();
    assert_eq!(refused(decide(NameState::Allowed)), ErrorCode::NameNotHeld);
    let seen = run(eve.publisher(evil)).unwrap();
    let edit = PublisherEdit { handle: of("acme-robotic"), profile: seen.profile };
    let after = run(eve.update_publisher(evil, seen.revision, edit, &f.key())).unwrap();
    let wanted = queue(&f).remove(0);
    assert_ne!((wanted.version, &wanted.names), (looked_at.version, &looked_at.names));
    for state in [NameState::Allowed, NameState::Refused] {
        assert_eq!(refused(decide(state)), ErrorCode::RevisionMismatch);
    }
    assert_eq!(run(eve.publisher(evil)).unwrap().revision, after.revision, "as it was");

    // Looked at again, it can be.
    let HeldNameView { subject, version, .. } = wanted;
    run(operator.refuse_name(subject, version, of("Too close."), &f.key())).unwrap();
    let refusals = run(operator.refused_names(None, ALL)).unwrap().items;
    assert_eq!(queue(&f), []);
    assert_eq!(refusals.len(), 1);
    assert_eq!(
        (refusals[0].state, &refusals[0].reason),
        (NameState::Refused, &Some(of("Too close.")))
    );
    let stale = run(operator.allow_name(subject, version, of("A club."), &f.key()));
    assert_eq!(refused(stale), ErrorCode::RevisionMismatch, "it was refused since");
    run(operator.allow_name(subject, refusals[0].version, of("A club."), &f.key())).unwrap();
    assert_eq!(run(operator.refused_names(None, ALL)).unwrap().items, []);
    assert_eq!(run(f.anonymous().publisher(evil)).unwrap().handle, of("acme-robotic"));
}

#[test]
fn a_badge_that_comes_with_an_import_protects_as_one_that_is_granted() {
    let imported = |f: &Fixture| {
        let line = r#"{"type":"publisher","handle":"northwind","profile":{"name":"Northwind"},
            "badges":[{"kind":"verified","evidence":"case-1"}]}"#;
        let line = CatalogueLine::parse(line, true).unwrap();
        let CatalogueLine::Entry(entry) = line else { panic!("a row") };
        run(f.operator().import_entry(*entry)).unwrap();
    };
    let f = Fixture::default();
    imported(&f);
    let eve = f.person("evil", "eve");
    assert!(held(&create(&f, &eve, "northwnd", "N")));

    // A store from before that was so: what finds the name is made when the index is.
    let f = Fixture::default();
    imported(&f);
    let found = run(f.operator().publisher_by_handle(&of("northwind"))).unwrap();
    let Found::Here(northwind) = found else { panic!("it moved") };
    let scan = Scan::WellKnownOf(NameSubject::Publisher(northwind.id));
    let filed = || run(f.store.scan(&scan, None, ALL)).unwrap();
    let (changes, before) = (filed(), filed().len());
    let changes = changes
        .into_iter()
        .map(|row| Change::Delete { key: row.value.key(), expected: row.revision });
    let (expectations, changes, events) = (vec![], changes.collect(), vec![]);
    run(f.store.commit(Commit { receipt: None, expectations, changes, events })).unwrap();
    assert_eq!(filed().len(), 0);
    run(f.market.rebuild_index(Position::START, |_| {})).unwrap();
    assert_eq!(filed().len(), before);
    assert!(held(&create(&f, &f.person("evil", "eve"), "northwnd", "N")));
    let events = f.events();
    run(f.market.rebuild_index(Position::START, |_| {})).unwrap();
    assert_eq!(f.events(), events, "what is as it should be is left alone");
}
