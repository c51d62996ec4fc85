use super::fixture::*;
use crate::domain::*;
use crate::marketplace::*;
use crate::{ErrorCode, ErrorKind};

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
    let id = f.draft(&ada, acme, "writer");
    f.release(&ada, id, "1.0.0");
    let kept = f.key();
    let publish = |key: &IdempotencyKey| {
        refused(run(bob.publish_release(id, of("1.0.0"), ReleaseContent::default(), key)))
    };
    assert_eq!([publish(&kept), publish(&kept)], [ErrorCode::ReleaseExists; 2]);
    run(ada.remove_member(acme, bobs, &f.key())).unwrap();
    assert_eq!(refused(create()), ErrorCode::ListingNotFound);
    // Nor of a refusal.
    assert_eq!([publish(&kept), publish(&f.key())], [ErrorCode::ListingNotFound; 2]);
}

#[test]
fn a_claim_that_was_refused_tells_nothing_of_a_listing_that_was_hidden() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("x", "eve"));
    let acme = f.publisher(&ada, "acme");
    let id = f.offered(&ada, acme, "reader");
    run(eve.claim_free(id, &f.key())).unwrap();
    let kept = f.key();
    let claim = |key: &IdempotencyKey| refused(run(eve.claim_free(id, key)));
    assert_eq!([claim(&kept), claim(&kept)], [ErrorCode::SourceTaken; 2]);
    run(f.operator().suspend_publisher(acme, of("Fraud."), &f.key())).unwrap();
    assert_eq!([claim(&kept), claim(&f.key())], [ErrorCode::ListingNotFound; 2]);
}

/// What the writes of a member act on.
struct Place {
    publisher: PublisherId,
    revision: Revision,
    invitation: InvitationId,
    heir: PersonId,
    viewers: [PersonId; 2],
    listing: ListingId,
    aging: ListingId,
    moving: ListingId,
    other: PublisherId,
}

/// Every write of an owner, each under a key of its own, in an order in which all succeed.
fn writes(by: &Acting, at: &Place) -> Vec<(&'static str, Result<()>)> {
    let Place { publisher, revision, invitation, heir, viewers, listing, other, .. } = *at;
    let Place { aging, moving, .. } = *at;
    let edit = PublisherEdit { handle: of("acme"), profile: profile("Acme") };
    let listing_edit = ListingEdit { slug: of("a"), content: content("A"), asset: None };
    let (role, version): (_, Version) = (PublisherRole::Viewer, of("1.0.0"));
    let mut told = Vec::new();
    macro_rules! written {
        ($($name:ident($($argument:expr),*);)*) => {$(
            let key = of(concat!("key-of-", stringify!($name), "-0001"));
            told.push((stringify!($name), run(by.$name($($argument,)* &key)).map(drop)));
        )*};
    }
    written! {
        update_publisher(publisher, revision, edit.clone());
        invite(publisher, role);
        revoke_invitation(invitation);
        change_role(publisher, viewers[0], PublisherRole::Maintainer);
        remove_member(publisher, viewers[1]);
        create_listing(new_listing(publisher, "new"));
        update_listing(listing, Revision::FIRST, listing_edit.clone());
        publish_listing(listing);
        publish_release(listing, version.clone(), ReleaseContent::default());
        yank_release(listing, version.clone(), of("Broken."));
        unyank_release(listing, version.clone());
        unlist_listing(listing);
        deprecate_listing(aging, None);
        transfer_listing(moving, other);
        transfer_publisher(publisher, heir);
    }
    told
}

#[test]
fn of_no_write_is_anybody_told_again_who_is_no_member_any_more() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let (acme, other) = (f.publisher(&ada, "acme"), f.publisher(&ada, "other"));
    let owner = PublisherRole::Owner;
    let [bobs, _] = [acme, other].map(|publisher| f.join(&ada, publisher, &bob, owner));
    let viewers =
        ["eve", "joe"].map(|name| f.join(&ada, acme, &f.person("x", name), PublisherRole::Viewer));
    let Ok(Found::Here(seen)) = run(ada.publisher_by_handle(&of("acme"))) else { panic!() };
    let at = Place {
        publisher: acme,
        revision: seen.revision,
        invitation: run(ada.invite(acme, owner, &f.key())).unwrap().receipt.id,
        heir: f.join(&ada, acme, &f.person("beta", "zoe"), owner),
        viewers,
        listing: f.draft(&ada, acme, "a"),
        aging: f.published(&ada, acme, "aging"),
        moving: f.draft(&ada, acme, "moving"),
        other,
    };
    for _ in 0..2 {
        for (write, answer) in writes(&bob, &at) {
            assert_eq!(answer, Ok(()), "{write}");
        }
    }
    for publisher in [acme, other] {
        run(ada.remove_member(publisher, bobs, &f.key())).unwrap();
    }
    let events = f.events();
    for (write, answer) in writes(&bob, &at) {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::NotFound, "{write}");
    }
    assert_eq!(f.events(), events);
}

#[test]
fn an_owner_who_deleted_a_listing_is_told_again_and_nobody_after_them() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Owner);
    let (id, key, create) = (f.draft(&ada, acme, "reader"), f.key(), f.key());
    let delete = || run(bob.delete_listing(id, &key)).map(drop);
    let found = || {
        let new = NewPublisher { handle: of("beta"), profile: profile("Beta") };
        run(bob.create_publisher(new, &create))
    };
    assert_eq!([delete(), delete()], [Ok(()), Ok(())]);
    let beta = found().unwrap().id;
    f.join(&bob, beta, &ada, PublisherRole::Owner);
    for publisher in [acme, beta] {
        run(ada.remove_member(publisher, bobs, &f.key())).unwrap();
    }
    assert_eq!(refused(delete()), ErrorCode::ListingNotFound);
    assert_eq!(refused(found()), ErrorCode::PublisherNotFound);
}

#[test]
fn whoever_it_was_about_hears_again_what_became_of_their_membership() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Owner);
    f.twice(async |key| bob.change_role(acme, bobs, PublisherRole::Viewer, key).await);
    run(ada.change_role(acme, bobs, PublisherRole::Owner, &f.key())).unwrap();
    f.twice(async |key| bob.remove_member(acme, bobs, key).await);
}

#[test]
fn whoever_comes_back_is_told_nothing_of_whom_they_were() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("x", "eve"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&ada, "beta"));
    let listing = f.offered(&ada, acme, "reader");
    let code = |publisher| {
        run(ada.invite(publisher, PublisherRole::Viewer, &f.key())).unwrap().code.unwrap()
    };
    let (code, keys) = (code(acme), [(); 3].map(|()| f.key()));
    f.join(&ada, beta, &eve, PublisherRole::Viewer);
    let writes = || {
        [
            run(eve.accept_invitation(&code, &keys[0])).map(drop),
            run(eve.leave(beta, &keys[1])).map(drop),
            run(eve.claim_free(listing, &keys[2])).map(drop),
        ]
    };
    assert_eq!([writes(), writes()], [[Ok(()), Ok(()), Ok(())], [Ok(()), Ok(()), Ok(())]]);
    run(f.operator().erase_subject(&identity("x", "eve"), &f.key())).unwrap();
    let expected = [
        ErrorCode::InvitationNotFound,
        ErrorCode::PublisherNotFound,
        ErrorCode::EntitlementNotFound,
    ];
    assert_eq!(writes().map(refused), expected);
}

#[test]
fn whoever_administers_a_tenant_no_more_is_told_nothing_of_whom_they_erased() {
    let f = Fixture::default();
    let ada = identity("acme", "ada");
    f.publisher(&f.person("acme", "bob"), "acme");
    run(f.person("acme", "eve").claim_free(
        f.published(&f.person("x", "zoe"), f.publisher(&f.person("x", "zoe"), "zoe"), "reader"),
        &f.key(),
    ))
    .unwrap();
    let (erase, delete) = (f.key(), f.key());
    let admin = f.market.act_as(Principal::admin(ada.clone()));
    let former = f.market.act_as(Principal::person(ada.clone()));
    let erased = |by: &Acting| run(by.erase_subject(&identity("acme", "eve"), &erase)).map(drop);
    let deleted = |by: &Acting| run(by.delete_tenant(ada.tenant(), &delete)).map(drop);
    assert_eq!([erased(&admin), erased(&admin)], [Ok(()), Ok(())]);
    assert_eq!(refused(erased(&former)), ErrorCode::SubjectNotFound);
    assert_eq!([deleted(&admin), deleted(&admin)], [Ok(()), Ok(())]);
    assert_eq!(refused(deleted(&former)), ErrorCode::TenantNotFound);
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
