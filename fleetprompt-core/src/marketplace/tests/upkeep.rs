//! Keeping house.

use super::fixture::*;
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::writing::chores::Chore;
use crate::marketplace::{Maintained, NewPublisher, Retention};
use crate::policy::Quotas;
use crate::port::{PageSize, Principal, Scan, Store};
use crate::search::{CatalogueFilter, CatalogueOrder};

fn tidy(f: &Fixture) -> Maintained {
    run(f.market.maintain(ALL)).unwrap()
}

fn acme() -> NewPublisher {
    let profile = PublisherProfile { name: of("Acme"), summary: None, website: None };
    NewPublisher { handle: of("acme"), profile }
}

#[test]
fn answers_are_kept_two_days_and_what_they_were_about_is_unique_for_good() {
    let f = Fixture::default();
    let (ada, key) = (f.person("acme", "ada"), f.key());
    let first = run(ada.create_publisher(acme(), &key)).unwrap();
    let listing = f.offered(&ada, first.id, "reader");
    let carol = identity("buyers", "carol");
    let buyer = f.market.act_as(Principal::person(carol.clone()));
    run(buyer.claim_free(listing, &f.key())).unwrap();
    let (token, attempt) = f.begin(&buyer, listing, None).unwrap();
    let redeem = f.key();
    let manifest = f.redeem(&token, &carol, &redeem).unwrap();

    f.pass(Span::hours(47));
    assert_eq!(tidy(&f), Maintained::default());
    assert_eq!(run(ada.create_publisher(acme(), &key)), Ok(first));
    f.pass(Span::hours(1));
    let forgotten = tidy(&f);
    assert!(forgotten.receipts > 0);
    assert_eq!(forgotten, Maintained { receipts: forgotten.receipts, ..Maintained::default() });
    assert_eq!(refused(run(ada.create_publisher(acme(), &key))), ErrorCode::HandleTaken);
    assert_eq!(refused(run(buyer.claim_free(listing, &f.key()))), ErrorCode::SourceTaken);
    assert_eq!(f.redeem(&token, &carol, &redeem), Ok(manifest.clone()), "from the attempt itself");
    assert_eq!(refused(f.redeem(&token, &carol, &f.key())), ErrorCode::TokenRedeemed);
    assert_eq!(run(f.system("whs").manifest_again(attempt, &carol)), Ok(manifest));
}

#[test]
fn expired_invitations_make_room_for_others() {
    let quotas = Quotas { pending_invitations: 2, ..Quotas::default() };
    let f = Fixture::with(|builder| builder.quotas(quotas));
    let ada = f.person("acme", "ada");
    let publisher = f.publisher(&ada, "acme");
    let invite = || run(ada.invite(publisher, PublisherRole::Viewer, &f.key()));
    invite().unwrap();
    f.pass(Span::days(3));
    let kept = invite().unwrap();
    f.pass(Span::days(4));
    assert_eq!(refused(invite()), ErrorCode::QuotaExceeded);
    assert_eq!(tidy(&f).invitations, 1);
    invite().unwrap();
    assert_eq!(refused(invite()), ErrorCode::QuotaExceeded);
    let code = kept.code.unwrap();
    run(f.person("acme", "bob").accept_invitation(&code, &f.key())).unwrap();
    assert_eq!(tidy(&f).invitations, 0);
}

#[test]
fn old_attempts_and_buyers_go_and_nothing_else_does() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let publisher = f.publisher(&ada, "acme");
    let listing = f.offered(&ada, publisher, "reader");
    let carol = identity("buyers", "carol");
    let old = f.install(&carol, listing);
    let buyer = f.market.act_as(Principal::person(carol.clone()));

    // A mark goes when it has stopped counting, and so never changes what is shown today.
    f.pass(Span::days(90));
    f.pass(Span::hours(11));
    assert_eq!(tidy(&f).buyer_marks, 0);
    f.pass(Span::hours(1));
    assert_eq!(tidy(&f).buyer_marks, 1);

    f.pass(Span::days(309));
    f.pass(Span::hours(12));
    let recent = f.install(&carol, listing);
    assert_eq!(tidy(&f).attempts, 0, "five minutes early");
    f.pass(Span::minutes(5));
    let owned = run(buyer.my_entitlements(None, ALL)).unwrap().items.len();
    assert_eq!(tidy(&f).attempts, 1);
    assert_eq!(refused(run(buyer.attempt(old))), ErrorCode::AttemptNotFound);
    assert!(run(buyer.attempt(recent)).is_ok());
    assert!(run(f.system("whs").manifest_again(recent, &carol)).is_ok());
    assert_eq!(run(buyer.my_entitlements(None, ALL)).unwrap().items.len(), owned);
    assert!(run(f.anonymous().listing(listing)).unwrap().latest.is_some());
    assert_eq!(run(ada.my_publishers(None, ALL)).unwrap().items.len(), 1);

    let before = f.store.dump();
    assert_eq!(tidy(&f), Maintained::default());
    assert_eq!(f.store.dump(), before, "doing it twice changes nothing");
}

#[test]
fn a_reader_left_behind_starts_from_a_snapshot() {
    let short = Retention { events: Span::days(30), ..Retention::default() };
    let f = Fixture::with(|builder| builder.retention(short));
    let ada = f.person("acme", "ada");
    let publisher = f.publisher(&ada, "acme");
    f.published(&ada, publisher, "one");
    let behind = run(f.anonymous().feed_cursor()).unwrap();
    f.published(&ada, publisher, "two");
    f.pass(Span::days(30));
    assert_eq!(tidy(&f).events, 0);
    f.pass(Span::millis(1));
    assert!(run(f.anonymous().changes(Some(&behind), ALL)).is_ok());
    assert!(tidy(&f).events > 0);
    for cursor in [None, Some(&behind)] {
        let told = refused(run(f.anonymous().changes(cursor, ALL)));
        assert_eq!(told, ErrorCode::CursorTooOld);
    }
    let told = refused(run(f.operator().audit_log(Position::START, ALL)));
    assert_eq!(told, ErrorCode::CursorTooOld);

    let cursor = run(f.anonymous().feed_cursor()).unwrap();
    let (all, order) = (CatalogueFilter::default(), CatalogueOrder::default());
    let snapshot = run(f.anonymous().browse(all, order, None, ALL)).unwrap().items;
    assert_eq!(snapshot.len(), 2);
    f.published(&ada, publisher, "three");
    assert_eq!(run(f.anonymous().changes(Some(&cursor), ALL)).unwrap().changes.len(), 1);
}

#[test]
fn every_budget_gets_there() {
    for budget in [1, 2, 3, 7, 200] {
        let f = Fixture::default();
        let ada = f.person("acme", "ada");
        let publisher = f.publisher(&ada, "acme");
        let listing = f.offered(&ada, publisher, "reader");
        for n in 0..3 {
            run(ada.invite(publisher, PublisherRole::Viewer, &f.key())).unwrap();
            f.install(&identity(&format!("buyers-{n}"), "carol"), listing);
        }
        f.pass(Span::days(500));
        let (mut total, mut calls) = (Maintained::default(), 0);
        loop {
            let done = run(f.market.maintain(PageSize::new(budget))).unwrap();
            let parts =
                [done.receipts, done.invitations, done.attempts, done.buyer_marks, done.events];
            assert!(parts.into_iter().all(|part| part <= u32::from(budget)), "{done:?}");
            total.invitations += done.invitations;
            total.attempts += done.attempts;
            total.buyer_marks += done.buyer_marks;
            total.receipts += done.receipts;
            calls += 1;
            if !done.more {
                break;
            }
            assert!(parts != [0; 5], "no work, and yet more of it");
        }
        assert!(budget < 200 || calls == 1);
        assert_eq!((total.invitations, total.attempts, total.buyer_marks), (3, 3, 3));
        assert!(total.receipts > 10);
        let left = tidy(&f);
        assert_eq!(left, Maintained { events: left.events, ..Maintained::default() });
        assert_eq!(left.events, 0, "nothing was left to do");
    }
}

#[test]
fn a_buyer_who_comes_back_while_marks_are_pruned_is_kept() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let publisher = f.publisher(&ada, "acme");
    let listing = f.offered(&ada, publisher, "reader");
    let carol = identity("buyers", "carol");
    f.install(&carol, listing);
    f.clock.advance(Span::days(92));
    let oldest = BuyerMark::oldest_counted(crate::port::Clock::now(&f.clock));
    let marks = || run(f.store.scan(&Scan::BuyersOf(listing), None, ALL)).unwrap();
    let due = Chore::PruneBuyerMark(marks()[0].value.key(), oldest);
    // The mark was found to be due, and then:
    f.install(&carol, listing);
    run(f.market.inner.chore(&due)).unwrap();
    assert_eq!(marks().len(), 1);
}

/// One run of upkeep by a clock that is years ahead.
#[test]
fn a_clock_that_leaps_makes_nothing_be_forgotten_before_it_has_gone_on_for_a_day() {
    let f = Fixture::default();
    let (ada, key) = (f.person("acme", "ada"), f.key());
    let first = run(ada.create_publisher(acme(), &key)).unwrap();
    let noon = crate::port::Clock::now(&f.clock);
    let held_back = Maintained { held_back: true, ..Maintained::default() };
    f.clock.advance(Span::days(730));
    for _ in 0..3 {
        assert_eq!(tidy(&f), held_back);
        f.clock.advance(Span::hours(7));
    }
    f.clock.set(noon);
    assert_eq!(tidy(&f), Maintained::default());
    assert_eq!(run(f.market.clock_behind()), Ok(None), "the log was not taken along");
    assert_eq!(run(ada.create_publisher(acme(), &key)), Ok(first));

    // Nobody has looked for two years.
    f.clock.advance(Span::days(730));
    assert_eq!(tidy(&f), held_back);
    f.clock.advance(Span::days(1));
    let forgotten = tidy(&f);
    assert!(forgotten.receipts > 0 && forgotten.events > 0 && !forgotten.held_back);
}

#[test]
fn a_clock_that_was_ahead_for_one_write_costs_nothing_that_is_kept() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("beta", "bob"));
    f.publisher(&bob, "early");
    let noon = crate::port::Clock::now(&f.clock);
    f.clock.advance(Span::days(500));
    f.publisher(&bob, "ahead");
    f.clock.set(noon);
    let key = f.key();
    let first = run(ada.create_publisher(acme(), &key)).unwrap();
    assert_eq!(tidy(&f), Maintained::default());
    f.pass(Span::hours(47));
    assert_eq!(tidy(&f), Maintained::default());
    assert_eq!(run(ada.create_publisher(acme(), &key)), Ok(first));
}
