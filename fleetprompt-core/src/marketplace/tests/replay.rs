use super::fixture::*;
use crate::ErrorCode;
use crate::domain::*;
use crate::marketplace::*;

fn profile(name: &str) -> PublisherProfile {
    PublisherProfile { name: of(name), summary: None, website: None }
}

/// The whole life of a publisher, every write of it sent twice.
#[test]
fn every_write_can_be_retried() {
    let f = Fixture::default();
    let (ada, bob, eve) = (f.person("acme", "ada"), f.person("beta", "bob"), f.person("x", "eve"));
    let operator = f.operator();
    let acme = f.twice(async |key| {
        let new = NewPublisher { handle: of("acme"), profile: profile("Acme") };
        ada.create_publisher(new, key).await
    });
    let acme_id = acme.id;
    f.twice(async |key| {
        let edit = PublisherEdit { handle: of("acme-labs"), profile: profile("Acme") };
        ada.update_publisher(acme_id, acme.revision, edit, key).await
    });
    let owner = PublisherRole::Owner;
    let issued = f.twice(async |key| ada.invite(acme_id, owner, key).await);
    let code = issued.code.unwrap();
    let bobs = f.twice(async |key| bob.accept_invitation(&code, key).await).person;
    let spare = run(ada.invite(acme_id, owner, &f.key())).unwrap().receipt.id;
    f.twice(async |key| ada.revoke_invitation(spare, key).await);
    let eves = f.join(&ada, acme_id, &eve, PublisherRole::Viewer);
    f.twice(async |key| ada.change_role(acme_id, eves, PublisherRole::Maintainer, key).await);
    f.twice(async |key| ada.remove_member(acme_id, eves, key).await);
    f.twice(async |key| ada.transfer_publisher(acme_id, bobs, key).await);

    let draft = f.twice(async |key| ada.create_listing(new_listing(acme_id, "a"), key).await);
    let id = draft.id;
    f.twice(async |key| {
        let edit = ListingEdit { slug: of("b"), content: content("B"), asset: None };
        ada.update_listing(id, draft.revision, edit, key).await
    });
    f.twice(async |key| ada.publish_listing(id, key).await);
    let version: Version = of("1.0.0");
    f.twice(async |key| {
        ada.publish_release(id, version.clone(), ReleaseContent::default(), key).await
    });
    f.twice(async |key| ada.yank_release(id, version.clone(), of("x"), key).await);
    f.twice(async |key| ada.unyank_release(id, version.clone(), key).await);
    f.twice(async |key| {
        let yes = ReferenceDecision::Confirm { reason: None };
        f.system("whs").decide_reference(acme_id, AssetKind::WhsAgent, of("a"), yes, key).await
    });
    f.twice(async |key| ada.deprecate_listing(id, None, key).await);
    f.twice(async |key| ada.publish_listing(id, key).await);
    f.twice(async |key| ada.unlist_listing(id, key).await);

    let badge = BadgeKind::Verified;
    f.twice(async |key| operator.grant_badge(acme_id, badge, of("case-1"), key).await);
    f.twice(async |key| operator.remove_badge(acme_id, badge, key).await);
    f.twice(async |key| operator.suspend_publisher(acme_id, of("x"), key).await);
    f.twice(async |key| operator.restore_publisher(acme_id, key).await);
    f.twice(async |key| operator.take_down(id, TakedownReason::Other, of("x"), key).await);
    f.twice(async |key| operator.restore_listing(id, key).await);

    let beta = f.publisher(&ada, "beta");
    f.twice(async |key| ada.transfer_listing(id, beta, key).await);
    f.twice(async |key| ada.delete_listing(id, key).await);
    f.twice(async |key| ada.leave(acme_id, key).await);
    assert_eq!(run(bob.members(acme_id, None, ALL)).unwrap().items.len(), 1);
}

#[test]
fn a_key_is_for_one_request() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("x", "eve"));
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let reused = ErrorCode::IdempotencyKeyReused;
    let key = f.key();
    run(ada.create_listing(new_listing(acme, "one"), &key)).unwrap();
    assert_eq!(refused(run(ada.create_listing(new_listing(acme, "two"), &key))), reused);
    run(ada.invite(acme, PublisherRole::Viewer, &key)).unwrap();
    assert_eq!(refused(run(ada.invite(acme, PublisherRole::Owner, &key))), reused);
    let publish =
        |version: &str| run(ada.publish_release(id, of(version), ReleaseContent::default(), &key));
    publish("1.0.0").unwrap();
    assert_eq!(refused(publish("1.0.1")), reused);
    run(ada.deprecate_listing(id, None, &key)).unwrap();
    assert_eq!(refused(run(ada.deprecate_listing(id, Some(id), &key))), reused);
    // The precondition is part of the request, too.
    let edit = ListingEdit { slug: of("r"), content: content("R"), asset: None };
    let revision = run(ada.listing(id)).unwrap().revision;
    run(ada.update_listing(id, revision, edit.clone(), &key)).unwrap();
    assert_eq!(refused(run(ada.update_listing(id, revision.next(), edit, &key))), reused);
    // Another principal's key is another key.
    f.publisher(&eve, "eve-labs");
    let theirs = run(eve.create_listing(new_listing(acme, "one"), &key));
    assert_eq!(refused(theirs), ErrorCode::PublisherNotFound);
}

#[test]
fn a_refusal_that_may_end_differently_is_not_kept() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let acme = f.publisher(&ada, "acme");
    let taken = f.draft(&ada, acme, "reader");
    let (create, leave) = (f.key(), f.key());
    let try_create = || run(ada.create_listing(new_listing(acme, "reader"), &create));
    assert_eq!(refused(try_create()), ErrorCode::SlugTaken);
    run(ada.delete_listing(taken, &f.key())).unwrap();
    try_create().unwrap();
    assert_eq!(refused(run(ada.leave(acme, &leave))), ErrorCode::LastOwner);
    f.join(&ada, acme, &bob, PublisherRole::Owner);
    run(ada.leave(acme, &leave)).unwrap();
}

#[test]
fn whoever_lost_access_is_not_told_again() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("x", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Maintainer);
    let key = f.key();
    let create = || run(bob.create_listing(new_listing(acme, "reader"), &key));
    create().unwrap();
    create().unwrap();
    run(ada.remove_member(acme, bobs, &f.key())).unwrap();
    assert_eq!(refused(create()), ErrorCode::ListingNotFound);
}

#[test]
fn two_tries_at_once_have_one_effect() {
    for _ in 0..20 {
        let f = Fixture::default();
        let ada = f.person("acme", "ada");
        let acme = f.publisher(&ada, "acme");
        let key = f.key();
        let answers = std::thread::scope(|scope| {
            let tries = [(); 4].map(|()| {
                scope.spawn(|| run(ada.create_listing(new_listing(acme, "reader"), &key)))
            });
            tries.map(|thread| thread.join().unwrap())
        });
        assert!(answers[0].is_ok());
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(run(ada.publisher_listings(acme, None, ALL)).unwrap().items.len(), 1);
    }
}
