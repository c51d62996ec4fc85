//! Deleting tenants.

use std::sync::Arc;

use super::fixture::*;
use crate::conformance::{Fault, FaultStore};
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::{ChangeView, ReferenceDecision, TenantDeletion};
use crate::port::{Principal, RecordKey, Store};

/// A tenant with publishers, an outsider who owns one of them too, and buyers elsewhere.
struct Scene {
    f: Fixture,
    publisher: PublisherId,
    elsewhere: PublisherId,
    public: ListingId,
    draft: ListingId,
    down: ListingId,
    gone: ListingId,
    bought: AttemptId,
}

fn going() -> TenantIdentity {
    identity("canary-acme", "nobody").tenant().clone()
}

impl Scene {
    fn new() -> Self {
        let f = Fixture::default();
        let (ada, eve) = (f.person("canary-acme", "canary-ada"), f.person("beta", "eve"));
        let publisher = f.publisher(&ada, "acme");
        let public = f.offered(&ada, publisher, "reader");
        let draft = f.draft(&ada, publisher, "secret-plan");
        let down = f.published(&ada, publisher, "awful");
        let gone = f.published(&ada, publisher, "gone");
        run(ada.delete_listing(gone, &f.key())).unwrap();
        let why = TakedownReason::Other;
        run(f.operator().take_down(down, why, of("Awful."), &f.key())).unwrap();
        for listing in [public, draft, down, gone] {
            let key = RecordKey::listing(listing);
            let listing = run(f.store.get(&key)).unwrap().unwrap().value;
            assert!(listing.encode().unwrap().contains("Reads invoices."));
        }
        f.join(&ada, publisher, &eve, PublisherRole::Owner);
        let notes = ReleaseContent { notes: Some(of("canary-notes")), ..Default::default() };
        run(ada.publish_release(public, of("1.1.0"), notes, &f.key())).unwrap();
        run(ada.yank_release(public, of("1.1.0"), of("Broken."), &f.key())).unwrap();
        let elsewhere = f.publisher(&eve, "beta");
        f.join(&eve, elsewhere, &ada, PublisherRole::Owner);
        let zed = f.person("canary-acme", "canary-zed");
        f.join(&eve, elsewhere, &zed, PublisherRole::Maintainer);
        let bob = f.person("canary-acme", "canary-bob");
        f.join(&ada, publisher, &bob, PublisherRole::Viewer);
        let bought = f.install(&identity("buyers", "carol"), public);
        let other = f.offered(&eve, elsewhere, "writer");
        f.install(&identity("canary-acme", "canary-ada"), other);
        Scene { f, publisher, elsewhere, public, draft, down, gone, bought }
    }

    fn expect_gone(&self) {
        let Scene { f, publisher, .. } = self;
        assert!(!f.store.dump().contains("canary"), "{}", f.store.dump());
        for listing in [self.public, self.draft, self.down, self.gone] {
            let record = run(f.store.get(&RecordKey::listing(listing))).unwrap().unwrap().value;
            assert!(!record.encode().unwrap().contains("Reads invoices."));
        }
        let record = run(f.store.get(&RecordKey::publisher(*publisher))).unwrap().unwrap().value;
        assert!(record.encode().unwrap().contains("Deleted publisher"));
        for listing in [self.public, self.draft, self.down] {
            let missing = refused(run(f.anonymous().listing(listing)));
            assert_eq!(missing, ErrorCode::ListingNotFound);
            assert_eq!(refused(run(f.operator().listing(listing))), ErrorCode::ListingNotFound);
        }
    }
}

#[test]
fn a_deleted_tenant_leaves_counts_and_tombstones_and_takes_nothing_from_others() {
    let scene = Scene::new();
    let Scene { f, publisher, elsewhere, public, draft, down, .. } = &scene;
    let start = run(f.anonymous().feed_cursor()).unwrap();
    f.twice(async |key| f.operator().delete_tenant(&going(), key).await);
    scene.expect_gone();

    let mut told = Vec::new();
    for entry in run(f.anonymous().changes(Some(&start), ALL)).unwrap().changes {
        match entry.change {
            ChangeView::Gone { listing, reason } => told.push((listing, reason)),
            ChangeView::PublisherGone { publisher: gone } => assert_eq!(gone, *publisher),
            other => panic!("{other:?}"),
        }
    }
    assert!(told.contains(&(*public, GoneReason::Deleted)));
    assert!(told.contains(&(*down, GoneReason::Deleted)));
    assert!(!told.iter().any(|(listing, _)| listing == draft), "never public, never mentioned");

    // An outsider loses the publisher that is gone and nothing else.
    let eve = f.person("beta", "eve");
    let mine = run(eve.my_publishers(None, ALL)).unwrap().items;
    assert_eq!(mine.iter().map(|it| it.publisher.id).collect::<Vec<_>>(), [*elsewhere]);
    assert_eq!(run(eve.members(*elsewhere, None, ALL)).unwrap().items.len(), 1);
    f.draft(&eve, *elsewhere, "as-before");
    // A buyer elsewhere keeps what names nobody but themselves.
    let carol = identity("buyers", "carol");
    let acting = f.market.act_as(Principal::person(carol.clone()));
    assert_eq!(run(acting.my_installs(None, ALL)).unwrap().items[0].id, scene.bought);
    assert_eq!(run(acting.my_entitlements(None, ALL)).unwrap().items.len(), 1);

    // Addresses never lead elsewhere; what the tenant referred to is free for its next publisher.
    let profile = PublisherProfile { name: of("Acme"), summary: None, website: None };
    let new = crate::marketplace::NewPublisher { handle: of("acme"), profile };
    assert_eq!(refused(run(eve.create_publisher(new, &f.key()))), ErrorCode::HandleTaken);
    f.draft(&eve, *elsewhere, "reader");
    let confirm = ReferenceDecision::Confirm { reason: None };
    let (whs, kind) = (f.system("whs"), AssetKind::WhsAgent);
    run(whs.decide_reference(*elsewhere, kind, of("reader"), confirm, &f.key())).unwrap();

    // Whoever comes back under the tenant's name starts anew.
    let back = f.person("canary-acme", "canary-ada");
    f.publisher(&back, "acme-again");
    assert_eq!(run(back.my_publishers(None, ALL)).unwrap().items.len(), 1);
    assert!(run(back.my_installs(None, ALL)).unwrap().items.is_empty());
}

#[test]
fn a_deletion_that_was_cut_off_anywhere_goes_on() {
    for n in 0.. {
        let scene = Scene::new();
        let f = &scene.f;
        let store = FaultStore::new(Arc::new(f.store.clone()));
        let admin = identity("canary-acme", "canary-ada");
        let admin = f.through(store.clone()).act_as(Principal::admin(admin));
        store.script(std::iter::repeat_n(Fault::Delayed, n).chain([Fault::Unavailable]));
        let key = f.key();
        let first = run(admin.delete_tenant(&going(), &key));
        store.script([]);
        if n > 0 && first.is_err() {
            let profile = PublisherProfile { name: of("Acme"), summary: None, website: None };
            let new = crate::marketplace::NewPublisher { handle: of("late"), profile };
            let late = f.person("canary-acme", "canary-late");
            let late = refused(run(late.create_publisher(new, &f.key())));
            // Once the name is forgotten, they are somebody new.
            assert_eq!(late, ErrorCode::TenantClosing);
        }
        let deletion: TenantDeletion = run(admin.delete_tenant(&going(), &key)).unwrap();
        assert_eq!(run(admin.delete_tenant(&going(), &key)), Ok(deletion));
        scene.expect_gone();
        if first.is_ok() {
            assert!(n > 10, "{n} commits");
            return;
        }
    }
}

#[test]
fn a_tenant_is_deleted_by_its_own_administrators_and_operators_only() {
    let scene = Scene::new();
    let f = &scene.f;
    let ghost = identity("ghosts", "casper").tenant().clone();
    let stranger = f.market.act_as(Principal::admin(identity("beta", "root")));
    for other in [f.anonymous(), f.system("whs"), f.person("canary-acme", "bob"), stranger] {
        let told = run(other.delete_tenant(&going(), &f.key())).unwrap_err();
        assert_eq!(run(other.delete_tenant(&ghost, &f.key())), Err(told));
    }
    let missing = run(f.operator().delete_tenant(&ghost, &f.key()));
    assert_eq!(refused(missing), ErrorCode::TenantNotFound);
    f.draft(&f.person("canary-acme", "canary-ada"), scene.publisher, "untouched");
}

#[test]
fn a_tenant_stays_while_others_publishers_would_lose_their_last_owner() {
    let scene = Scene::new();
    let Scene { f, elsewhere, .. } = &scene;
    let (eve, ada) = (f.person("beta", "eve"), f.person("canary-acme", "canary-ada"));
    // Two owners are left, and both of them would go.
    f.join(&eve, *elsewhere, &f.person("canary-acme", "canary-zoe"), PublisherRole::Owner);
    run(eve.leave(*elsewhere, &f.key())).unwrap();
    let stuck = run(f.operator().delete_tenant(&going(), &f.key()));
    assert_eq!(refused(stuck), ErrorCode::LastOwner);
    f.join(&ada, *elsewhere, &eve, PublisherRole::Owner);
    run(f.operator().delete_tenant(&going(), &f.key())).unwrap();
    assert_eq!(run(eve.members(*elsewhere, None, ALL)).unwrap().items.len(), 1);
}

#[test]
fn a_publisher_that_went_with_its_tenant_is_not_restored() {
    let scene = Scene::new();
    let f = &scene.f;
    let restore = |id| run(f.operator().restore_publisher(id, &f.key()));
    let store = FaultStore::new(Arc::new(f.store.clone()));
    let operator = f.through(store.clone()).act_as(f.operator().principal().clone());
    let key = f.key();
    // Whether it is still going or gone.
    store.script([Fault::Delayed, Fault::Delayed, Fault::Unavailable]);
    assert!(run(operator.delete_tenant(&going(), &key)).is_err());
    assert_eq!(refused(restore(scene.publisher)), ErrorCode::WrongState);
    store.script([]);
    run(operator.delete_tenant(&going(), &key)).unwrap();
    assert_eq!(refused(restore(scene.publisher)), ErrorCode::WrongState);
    scene.expect_gone();
}

#[test]
fn a_publisher_that_outlives_its_founder_is_restored() {
    let f = Fixture::default();
    let ada = PersonIdentity::personal(of("https://id.example"), of("ada"));
    let (acting, bob) = (f.market.act_as(Principal::person(ada.clone())), f.person("acme", "bob"));
    let publisher = f.publisher(&acting, "acme");
    f.join(&acting, publisher, &bob, PublisherRole::Owner);
    run(f.operator().erase_subject(&ada, &f.key())).unwrap();
    run(f.operator().suspend_publisher(publisher, of("Spam."), &f.key())).unwrap();
    run(f.operator().restore_publisher(publisher, &f.key())).unwrap();
    f.draft(&bob, publisher, "bot");
}
