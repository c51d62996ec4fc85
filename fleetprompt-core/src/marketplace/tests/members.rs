use super::fixture::*;
use crate::ErrorCode;
use crate::domain::*;
use crate::marketplace::InvitationCode;
use crate::policy::Quotas;
use crate::token::MasterKey;

#[test]
fn of_two_owners_who_leave_at_once_one_stays() {
    for _ in 0..20 {
        let f = Fixture::default();
        let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
        let acme = f.publisher(&ada, "acme");
        f.join(&ada, acme, &bob, PublisherRole::Owner);
        let (one, other) = (f.key(), f.key());
        let outcomes = std::thread::scope(|scope| {
            let leaving = [(&ada, one), (&bob, other)]
                .map(|(who, key)| scope.spawn(move || run(who.leave(acme, &key)).map(drop)));
            leaving.map(|thread| thread.join().unwrap())
        });
        let left = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(left, 1, "{outcomes:?}");
        assert!(outcomes.contains(&Err(ErrorCode::LastOwner.into())));
    }
}

#[test]
fn the_last_owner_can_neither_leave_nor_step_down_nor_be_removed() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Maintainer);
    let adas = run(ada.members(acme, None, ALL)).unwrap().items[0].person;
    let viewer = PublisherRole::Viewer;
    assert_eq!(refused(run(ada.leave(acme, &f.key()))), ErrorCode::LastOwner);
    assert_eq!(refused(run(ada.remove_member(acme, adas, &f.key()))), ErrorCode::LastOwner);
    let stepped_down = run(ada.change_role(acme, adas, viewer, &f.key()));
    assert_eq!(refused(stepped_down), ErrorCode::LastOwner);
    run(ada.change_role(acme, bobs, PublisherRole::Owner, &f.key())).unwrap();
    run(ada.leave(acme, &f.key())).unwrap();
    assert_eq!(refused(run(ada.members(acme, None, ALL))), ErrorCode::PublisherNotFound);
    assert_eq!(refused(run(bob.leave(acme, &f.key()))), ErrorCode::LastOwner);
}

#[test]
fn an_invitation_is_good_once() {
    let f = Fixture::default();
    let (ada, bob, eve) = (f.person("acme", "ada"), f.person("x", "bob"), f.person("y", "eve"));
    let acme = f.publisher(&ada, "acme");
    let issued = run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap();
    let code = issued.code.unwrap();
    let joined = run(bob.accept_invitation(&code, &f.key())).unwrap();
    assert_eq!((joined.publisher, joined.role), (acme, Some(PublisherRole::Viewer)));
    let again = run(eve.accept_invitation(&code, &f.key()));
    assert_eq!(refused(again), ErrorCode::InvitationNotFound);
    assert!(run(ada.invitations(acme, None, ALL)).unwrap().items.is_empty());
    assert_eq!(run(bob.members(acme, None, ALL)).unwrap().items.len(), 2);
}

#[test]
fn of_those_who_present_one_code_at_once_one_joins() {
    for _ in 0..20 {
        let f = Fixture::default();
        let ada = f.person("acme", "ada");
        let acme = f.publisher(&ada, "acme");
        let code = run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap().code.unwrap();
        let outcomes = std::thread::scope(|scope| {
            let joining = ["bob", "eve", "joe"].map(|name| {
                let (guest, key, code) = (f.person("x", name), f.key(), &code);
                scope.spawn(move || run(guest.accept_invitation(code, &key)))
            });
            joining.map(|thread| thread.join().unwrap())
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(run(ada.members(acme, None, ALL)).unwrap().items.len(), 2);
    }
}

#[test]
fn every_wrong_code_gets_one_answer() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("x", "eve"));
    let acme = f.publisher(&ada, "acme");
    let issued = run(ada.invite(acme, PublisherRole::Owner, &f.key())).unwrap();
    let good = issued.code.unwrap().expose().to_owned();
    let id = issued.receipt.id.to_string();
    let other_id = good.replace(&id, "01940000-0000-7000-8000-000000000001");
    let flipped =
        format!("{}{}", &good[..good.len() - 1], if good.ends_with('A') { 'E' } else { 'A' });
    let mut answers = Vec::new();
    for wrong in [
        "",
        "fpv1.",
        "fpv1..",
        &id,
        &other_id,
        &flipped,
        &good[..good.len() - 1],
        &format!("{good}A"),
        &format!(" {good}"),
        &good.to_uppercase(),
        &"fpv1.".repeat(1_000),
    ] {
        let code = InvitationCode::presented(wrong.to_owned());
        answers.push(run(eve.accept_invitation(&code, &f.key())).unwrap_err());
    }
    answers.dedup();
    assert_eq!(answers, [ErrorCode::InvitationNotFound.into()]);
    let code = InvitationCode::presented(good);
    run(eve.accept_invitation(&code, &f.key())).unwrap();
}

#[test]
fn a_code_is_good_as_long_as_whoever_invited_is_an_owner() {
    let f = Fixture::default();
    let (ada, eve, bob) = (f.person("acme", "ada"), f.person("x", "eve"), f.person("y", "bob"));
    let acme = f.publisher(&ada, "acme");
    let eves = f.join(&ada, acme, &eve, PublisherRole::Owner);
    let code = run(eve.invite(acme, PublisherRole::Owner, &f.key())).unwrap().code.unwrap();
    run(ada.change_role(acme, eves, PublisherRole::Maintainer, &f.key())).unwrap();
    let promoted = refused(run(bob.accept_invitation(&code, &f.key())));
    run(ada.remove_member(acme, eves, &f.key())).unwrap();
    let returned = refused(run(eve.accept_invitation(&code, &f.key())));
    assert_eq!([promoted, returned], [ErrorCode::InvitationNotFound; 2]);
    // An owner again, whose word is as good as any owner's.
    f.join(&ada, acme, &eve, PublisherRole::Owner);
    run(bob.accept_invitation(&code, &f.key())).unwrap();
}

#[test]
fn a_retried_invitation_gets_its_code_again_while_the_key_stands() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let (key, role) = (f.key(), PublisherRole::Viewer);
    let first = run(ada.invite(acme, role, &key)).unwrap();
    assert_eq!(run(ada.invite(acme, role, &key)).unwrap(), first);

    let ring = crate::token::KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap());
    let (old, new) = (*ring.active(), of("k2"));
    let fresh = MasterKey::from_bytes(&[8; 32]).unwrap();
    let ring = ring.with_pending(of("k2"), fresh).unwrap().activate(&new).unwrap();
    run(f.market.set_keys(ring.clone())).unwrap();
    assert_eq!(run(ada.invite(acme, role, &key)).unwrap(), first);

    run(f.market.set_keys(ring.revoke(&old).unwrap())).unwrap();
    let late = run(ada.invite(acme, role, &key)).unwrap();
    assert_eq!((late.receipt, late.code), (first.receipt, None));
    let void = run(f.person("x", "bob").accept_invitation(&first.code.unwrap(), &f.key()));
    assert_eq!(refused(void), ErrorCode::InvitationNotFound);
}

#[test]
fn no_store_holds_a_code() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let issued = run(ada.invite(acme, PublisherRole::Owner, &f.key())).unwrap();
    let code = issued.code.unwrap();
    let mac = code.expose().rsplit('.').next().unwrap();
    assert!(!format!("{:?}", f.store).contains(mac));
    assert!(!format!("{code:?}").contains(mac));
}

#[test]
fn an_invitation_has_expired_as_long_as_the_time_says_so() {
    let f = Fixture::with(|builder| builder.invitation_lifetime(Span::hours(1)));
    let (ada, bob) = (f.person("acme", "ada"), f.person("x", "bob"));
    let acme = f.publisher(&ada, "acme");
    let code = run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap().code.unwrap();
    let (key, start) = (f.key(), crate::port::Clock::now(&f.clock));
    f.clock.advance(Span::hours(1));
    assert_eq!(refused(run(bob.accept_invitation(&code, &key))), ErrorCode::InvitationExpired);
    f.clock.set(start);
    run(bob.accept_invitation(&code, &key)).unwrap();
}

#[test]
fn a_withdrawn_invitation_works_no_more_and_makes_room() {
    let strict = Quotas { pending_invitations: 1, ..Quotas::default() };
    let f = Fixture::with(|builder| builder.quotas(strict));
    let (ada, bob) = (f.person("acme", "ada"), f.person("x", "bob"));
    let acme = f.publisher(&ada, "acme");
    let issued = run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap();
    let second = run(ada.invite(acme, PublisherRole::Viewer, &f.key()));
    assert_eq!(refused(second), ErrorCode::QuotaExceeded);
    run(ada.revoke_invitation(issued.receipt.id, &f.key())).unwrap();
    let code = issued.code.unwrap();
    let late = run(bob.accept_invitation(&code, &f.key()));
    assert_eq!(refused(late), ErrorCode::InvitationNotFound);
    f.join(&ada, acme, &bob, PublisherRole::Viewer);
    run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap();
}

#[test]
fn members_are_bounded_and_join_once() {
    let strict = Quotas { members_per_publisher: 2, ..Quotas::default() };
    let f = Fixture::with(|builder| builder.quotas(strict));
    let (ada, bob) = (f.person("acme", "ada"), f.person("x", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Maintainer);
    let invite = || run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap().code.unwrap();
    let code = invite();
    let twice = run(bob.accept_invitation(&code, &f.key()));
    assert_eq!(refused(twice), ErrorCode::AlreadyMember);
    let eve = f.person("y", "eve");
    let third = run(eve.accept_invitation(&code, &f.key()));
    assert_eq!(refused(third), ErrorCode::QuotaExceeded);
    run(ada.remove_member(acme, bobs, &f.key())).unwrap();
    run(eve.accept_invitation(&code, &f.key())).unwrap();
}

#[test]
fn roles_bound_what_members_do() {
    let f = Fixture::default();
    let (ada, bob, eve) = (f.person("acme", "ada"), f.person("acme", "bob"), f.person("x", "eve"));
    let acme = f.publisher(&ada, "acme");
    f.join(&ada, acme, &bob, PublisherRole::Maintainer);
    f.join(&ada, acme, &eve, PublisherRole::Viewer);
    let listing = f.draft(&bob, acme, "reader");
    let invited = run(bob.invite(acme, PublisherRole::Viewer, &f.key()));
    assert_eq!(refused(invited), ErrorCode::Forbidden);
    assert_eq!(refused(run(bob.delete_listing(listing, &f.key()))), ErrorCode::Forbidden);
    assert_eq!(refused(run(eve.publish_listing(listing, &f.key()))), ErrorCode::Forbidden);
    assert!(run(eve.listing(listing)).is_ok());
}

#[test]
fn an_owner_who_is_made_an_owner_counts_once() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Owner);
    run(ada.change_role(acme, bobs, PublisherRole::Owner, &f.key())).unwrap();
    run(ada.leave(acme, &f.key())).unwrap();
    assert_eq!(refused(run(bob.leave(acme, &f.key()))), ErrorCode::LastOwner);
}

#[test]
fn who_came_and_went_is_written_down() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Viewer);
    run(ada.change_role(acme, bobs, PublisherRole::Maintainer, &f.key())).unwrap();
    run(bob.leave(acme, &f.key())).unwrap();
    let spare = run(ada.invite(acme, PublisherRole::Viewer, &f.key())).unwrap().receipt.id;
    run(ada.revoke_invitation(spare, &f.key())).unwrap();
    let log = run(f.operator().audit_log(Position::START, ALL)).unwrap();
    let adas = run(ada.members(acme, None, ALL)).unwrap().items[0].person;
    let told: Vec<_> = log
        .iter()
        .filter(|entry| entry.event.fact.name().starts_with("member."))
        .map(|entry| (entry.event.fact.clone(), entry.event.actor.clone()))
        .collect();
    let (publisher, person) = (acme, bobs);
    let [viewer, maintainer] = [PublisherRole::Viewer, PublisherRole::Maintainer];
    let expected = [
        (Fact::MemberJoined { publisher, person, role: viewer }, bobs),
        (Fact::MemberRoleChanged { publisher, person, role: maintainer }, adas),
        (Fact::MemberLeft { publisher, person }, bobs),
    ];
    assert_eq!(told, expected.map(|(fact, id)| (fact, Actor::Person { id })));
    let ended = Fact::InvitationEnded { publisher, invitation: spare };
    assert!(log.iter().any(|entry| entry.event.fact == ended));
}

#[test]
fn a_publisher_moves_to_the_tenant_of_another_owner() {
    let strict = Quotas { publishers_per_tenant: 1, ..Quotas::default() };
    let f = Fixture::with(|builder| builder.quotas(strict));
    let (ada, bob, eve) = (f.person("acme", "ada"), f.person("beta", "bob"), f.person("x", "eve"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Maintainer);
    let moved = |to| run(ada.transfer_publisher(acme, to, &f.key()));
    assert_eq!(refused(moved(bobs)), ErrorCode::WrongState, "not an owner");
    run(ada.change_role(acme, bobs, PublisherRole::Owner, &f.key())).unwrap();
    assert_eq!(refused(moved(PersonId::from_bytes([9; 16]))), ErrorCode::MemberNotFound);
    moved(bobs).unwrap();
    assert_eq!(refused(moved(bobs)), ErrorCode::WrongState, "there already");
    // The quota of the tenant that it left is free, that of the other one is used up.
    f.publisher(&ada, "acme-labs");
    let profile = PublisherProfile { name: of("Beta"), summary: None, website: None };
    let new = crate::marketplace::NewPublisher { handle: of("beta"), profile };
    assert_eq!(refused(run(bob.create_publisher(new, &f.key()))), ErrorCode::QuotaExceeded);
    let stranger = run(eve.transfer_publisher(acme, bobs, &f.key()));
    assert_eq!(refused(stranger), ErrorCode::PublisherNotFound);
    let full = f.publisher(&f.person("y", "zoe"), "zoe-labs");
    f.join(&f.person("y", "zoe"), full, &bob, PublisherRole::Owner);
    let too_many = run(f.person("y", "zoe").transfer_publisher(full, bobs, &f.key()));
    assert_eq!(refused(too_many), ErrorCode::QuotaExceeded);
}

#[test]
fn an_edit_of_a_publisher_names_the_revision_that_it_changes() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let edit = |name: &str| {
        let profile = PublisherProfile { name: of(name), summary: None, website: None };
        let edit = crate::marketplace::PublisherEdit { handle: of("acme"), profile };
        run(ada.update_publisher(acme, Revision::FIRST, edit, &f.key()))
    };
    edit("Acme Robotics").unwrap();
    assert_eq!(refused(edit("Acme Toys")), ErrorCode::RevisionMismatch);
    assert_eq!(run(ada.publisher(acme)).unwrap().profile.name, of("Acme Robotics"));
}
