//! Whether records, names, counters and events go together.

mod planted;

use std::sync::Arc;

use super::fixture::*;
use crate::conformance::FaultStore;
use crate::domain::*;
use crate::marketplace::{
    ContentPatch, Holder, ListingPatch, Marketplace, NewReport, OperatorGrant, RecordsReport,
};
use crate::memory::MemoryStore;
use crate::port::{
    Change, ClaimedName, Commit, CopySource as _, CopyTable, NameOwner, Principal, RecordKey,
    Store as _, StoreError,
};

/// A marketplace in which each kind of record, name and counter is there and most have a history.
fn populated() -> Fixture {
    let f = Fixture::default();
    let (ada, ben, operator) = (f.person("acme", "ada"), f.person("beta", "ben"), f.operator());
    let (acme, beta) = (f.publisher(&ada, "acme-robotics"), f.publisher(&ben, "beta"));
    run(operator.grant_badge(acme, BadgeKind::Verified, of("case-1138"), &f.key())).unwrap();
    let eve = f.person("evil", "eve");
    f.publisher(&eve, "acme-robtics");
    f.join(&ada, acme, &ben, PublisherRole::Maintainer);
    f.join(&ada, acme, &f.person("acme", "cleo"), PublisherRole::Owner);
    run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap();

    let bot = f.offered(&ada, acme, "bot");
    f.release(&ada, bot, "2.0.0-rc.1");
    f.release(&ada, bot, "1.1.0");
    run(ada.yank_release(bot, of("1.1.0"), of("It loops."), &f.key())).unwrap();
    let revision = run(ada.listing(bot)).unwrap().revision;
    let renamed = ListingPatch {
        slug: Some(of("reader-bot")),
        content: Some(ContentPatch {
            description: Some(Some(of("Reads *invoices*."))),
            ..Default::default()
        }),
        ..Default::default()
    };
    run(ada.patch_listing(bot, revision, renamed, &f.key())).unwrap();
    let old = f.offered(&ada, acme, "old");
    run(ada.deprecate_listing(old, Some(bot), &f.key())).unwrap();
    f.pack(&ada, acme, &[bot]);
    let draft = f.draft(&ada, acme, "draft");
    run(ada.delete_listing(draft, &f.key())).unwrap();
    let spam = f.published(&ben, beta, "spam");
    run(operator.take_down(spam, TakedownReason::Spam, of("Sells."), &f.key())).unwrap();

    for name in ["zoe", "yan"] {
        f.install(&identity("gamma", name), bot);
    }
    let priced = f.priced(&ada, acme, "priced");
    let holder = Holder::Tenant {
        identity: identity("gamma", "zoe").tenant().clone(),
        seats: std::num::NonZeroU32::new(3),
    };
    let (reference, reason) = (of("ticket-31"), of("Paid by letter."));
    let grant =
        OperatorGrant { listing: priced, holder, reference, reason, window: None, pending: false };
    run(operator.grant_entitlement(grant, &f.key())).unwrap();
    let zoe = f.person("gamma", "zoe");
    f.begin(&zoe, priced, Some("room-1")).unwrap();
    f.begin(&f.person("gamma", "yan"), priced, None).unwrap();
    for subject in [NameSubject::Listing(bot), NameSubject::Publisher(beta)] {
        let (class, text) = (ReportClass::Malware, of("It sends my mail elsewhere."));
        run(zoe.report(NewReport { subject, class, text, evidence: None }, &f.key())).unwrap();
    }
    run(f.market.refresh_index(ALL)).unwrap();
    f
}

fn check(market: &Marketplace) -> RecordsReport {
    run(market.check_records(|_| {})).unwrap()
}

#[test]
fn a_marketplace_with_everything_in_it_is_sound() {
    let f = populated();
    let snapshot = run(f.store.copy_snapshot()).unwrap();
    let counted = |table| run(snapshot.count(table)).unwrap();
    let rows: u64 = CopyTable::all()
        .filter(|table| !matches!(table, CopyTable::Receipts | CopyTable::Entries))
        .inspect(|table| {
            let there = counted(*table) > 0;
            let upkeep = ["rendering_progress", "index_progress"].contains(&table.name());
            assert!(there || upkeep, "nothing to check in {}", table.name());
        })
        .map(counted)
        .sum();
    let mut told = Vec::new();
    let report = run(f.market.check_records(|so_far| told.push(so_far.checked))).unwrap();
    assert!(report.is_clean(), "{:#?}", report.examples);
    assert_eq!((report.checked, report.unsettled), (rows, 0));
    assert!(told.is_sorted() && told.last() == Some(&rows), "{told:?}");
}

#[test]
fn more_than_a_page_of_everything_is_sound() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    for n in 0..210 {
        f.published(&ada, acme, &format!("reader-{n}"));
    }
    let mut pages = 0;
    let report = run(f.market.check_records(|_| pages += 1)).unwrap();
    assert!(report.is_clean() && report.checked > 3 * 210, "{:#?}", report.examples);
    assert!(pages > CopyTable::all().count());
}

#[test]
fn what_was_pruned_is_missed_by_nobody() {
    let f = populated();
    for days in [1, 40, 200] {
        f.pass(Span::days(days));
        while run(f.market.maintain(ALL)).unwrap().more {}
        assert!(check(&f.market).is_clean(), "after {days} days");
    }
    run(f.operator().erase_subject(&identity("gamma", "zoe"), &f.key())).unwrap();
    run(f.operator().delete_tenant(identity("acme", "ada").tenant(), &f.key())).unwrap();
    assert!(check(&f.market).is_clean());
}

/// A deletion is many commits. Wherever it is cut off, what is there goes together.
#[test]
fn a_deletion_that_is_cut_off_leaves_no_fault() {
    for calls in (0..).step_by(9) {
        let f = populated();
        let store = FaultStore::new(Arc::new(f.store.clone()));
        let operator = f.through(store.clone()).act_as(f.operator().principal().clone());
        store.fail_after(calls, StoreError::Unavailable("it is cut off"));
        let (acme, zoe) = (identity("acme", "ada"), identity("gamma", "zoe"));
        let erased = run(operator.erase_subject(&zoe, &f.key())).is_ok();
        let deleted = run(operator.delete_tenant(acme.tenant(), &f.key())).is_ok();
        let report = check(&f.market);
        assert!(report.is_clean(), "{calls}: {:#?}", report.examples);
        if erased && deleted {
            break;
        }
    }
}

/// Gives up a publisher's handle past the marketplace.
fn damage(f: &Fixture) -> PublisherId {
    let acme = f.publisher(&f.person("acme", "ada"), "acme");
    let name = ClaimedName::handle(&of::<Handle>("acme").skeleton());
    let changes = vec![Change::ReleaseName { name, owner: NameOwner::new(acme) }];
    let commit = Commit { receipt: None, expectations: vec![], changes, events: vec![] };
    run(f.store.commit(commit)).unwrap();
    acme
}

#[test]
#[should_panic(expected = "NameNotHeld")]
fn a_test_that_damages_its_marketplace_fails() {
    damage(&Fixture::default());
}

#[test]
fn what_is_another_each_time_is_neither_sound_nor_a_fault() {
    let f = Fixture::default();
    f.is_damaged();
    let acme = damage(&f);
    let found = check(&f.market);
    assert_eq!((found.faults(), found.unsettled), (1, 0));

    fn touch_at_every_call(watched: &FaultStore, store: &MemoryStore, key: &RecordKey) {
        let (again, store, key) = (watched.clone(), store.clone(), key.clone());
        watched.after_calls(1, move || {
            let row = run(store.get(&key)).unwrap().unwrap();
            let changes = vec![Change::Put { record: row.value, expected: Some(row.revision) }];
            let (actor, fact) = (Actor::Marketplace, Fact::UpkeepNoted {});
            let events = vec![Event { at: Timestamp::MIN, actor, fact, feed: None }];
            let commit = Commit { receipt: None, expectations: vec![], changes, events };
            run(store.commit(commit)).unwrap();
            touch_at_every_call(&again, &store, &key);
        });
    }
    let watched = FaultStore::new(Arc::new(f.store.clone()));
    let market = f.through(watched.clone());
    touch_at_every_call(&watched, &f.store, &RecordKey::publisher(acme));
    let found = check(&market);
    assert!(found.is_clean() && found.unsettled == 1, "{:#?}", found.examples);
}

/// Whatever others write between two reads of the check.
#[test]
fn what_changes_meanwhile_is_no_fault() {
    let calls = |f: &Fixture| {
        let store = FaultStore::new(Arc::new(f.store.clone()));
        let market = f.through(store.clone());
        let mut calls = 0;
        loop {
            store.fail_after(calls, StoreError::Unavailable("it is cut off"));
            match run(market.check_records(|_| {})) {
                Ok(_) => return calls,
                Err(_) => calls += 50,
            }
        }
    };
    for n in (0..calls(&populated())).step_by(7) {
        let f = populated();
        let store = FaultStore::new(Arc::new(f.store.clone()));
        let market = f.through(store.clone());
        let (ada, zoe) = (f.person("acme", "ada"), f.person("gamma", "zoe"));
        let keys: Vec<_> = (0..8).map(|_| f.key()).collect();
        let yan = f.market.act_as(Principal::person(identity("gamma", "xi")));
        store.after_calls(n, move || {
            let mine = run(ada.my_publishers(None, ALL)).unwrap().items.remove(0).publisher.id;
            let listings = run(ada.publisher_listings(mine, None, ALL)).unwrap().items;
            let named = |slug: &str| listings.iter().find(|it| it.slug == of(slug)).unwrap();
            run(ada.create_listing(new_listing(mine, "new"), &keys[0])).unwrap();
            run(ada.delete_listing(named("old").id, &keys[1])).unwrap();
            let content = ReleaseContent::default();
            let bot = named("reader-bot").id;
            run(ada.publish_release(bot, of("3.0.0"), content, &keys[2])).unwrap();
            run(ada.invite(mine, PublisherRole::Viewer, &keys[3])).unwrap();
            run(zoe.claim_free(named("pack").id, &keys[4])).unwrap();
            run(yan.claim_free(bot, &keys[5])).unwrap();
        });
        let report = check(&market);
        assert!(report.is_clean() && report.unsettled == 0, "{n}: {:#?}", report.examples);
    }
}
