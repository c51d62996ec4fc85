use super::fixture::*;
use crate::domain::*;
use crate::marketplace::{ListingEdit, PublisherEdit, ReferenceDecision};
use crate::port::Principal;
use crate::{Acting, Error, ErrorKind};

/// What somebody aims at.
#[derive(Clone)]
struct Target {
    publisher: PublisherId,
    listing: ListingId,
    person: PersonId,
    invitation: InvitationId,
    handle: Handle,
    slug: Slug,
}

/// Every operation on a publisher or listing, and how it is refused.
fn refusals(f: &Fixture, by: &Acting, own: PublisherId, at: &Target) -> Vec<(&'static str, Error)> {
    let Target { publisher, listing, person, invitation, ref handle, ref slug } = *at;
    let profile = PublisherProfile { name: of("Mine"), summary: None, website: None };
    let publisher_edit = PublisherEdit { handle: of("mine-now"), profile };
    let edit = ListingEdit { slug: of("mine"), content: content("Mine"), asset: None };
    let (version, yes) = (of::<Version>("1.0.0"), ReferenceDecision::Confirm { reason: None });
    let (role, asset, key) = (PublisherRole::Owner, AssetKind::WhsAgent, || f.key());
    let mut refusals = Vec::new();
    macro_rules! refused {
        ($($name:ident($($argument:expr),*);)*) => {
            $(refusals.push((stringify!($name), run(by.$name($($argument),*)).map(drop).unwrap_err()));)*
        };
    }
    refused! {
        update_publisher(publisher, Revision::FIRST, publisher_edit, &key());
        transfer_publisher(publisher, person, &key());
        invite(publisher, role, &key());
        revoke_invitation(invitation, &key());
        change_role(publisher, person, role, &key());
        remove_member(publisher, person, &key());
        leave(publisher, &key());
        create_listing(new_listing(publisher, "mine"), &key());
        update_listing(listing, Revision::FIRST, edit, &key());
        publish_listing(listing, &key());
        unlist_listing(listing, &key());
        deprecate_listing(listing, None, &key());
        delete_listing(listing, &key());
        transfer_listing(listing, own, &key());
        publish_release(listing, of("9.0.0"), ReleaseContent::default(), &key());
        yank_release(listing, version.clone(), of("x"), &key());
        unyank_release(listing, version.clone(), &key());
        decide_reference(publisher, asset, of("agt_7"), yes, &key());
        members(publisher, None, ALL);
        invitations(publisher, None, ALL);
        listing(listing);
        listing_by_name(handle, slug);
        releases(listing, None, ALL);
        release(listing, &version);
        latest_release(listing, Channel::Stable);
    }
    refusals
}

#[test]
fn what_is_not_ones_own_is_as_if_it_did_not_exist() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let (acme, own) = (f.publisher(&ada, "acme"), f.publisher(&eve, "evil"));
    f.draft(&eve, own, "known");
    let issued = run(ada.invite(acme, PublisherRole::Owner, &f.key())).unwrap();
    let draft = f.draft(&ada, acme, "secret");
    f.release(&ada, draft, "1.0.0");
    let theirs = Target {
        publisher: acme,
        listing: draft,
        person: run(ada.members(acme, None, ALL)).unwrap().items[0].person,
        invitation: issued.receipt.id,
        handle: of("acme"),
        slug: of("secret"),
    };
    let nothing = Target {
        publisher: PublisherId::from_bytes([9; 16]),
        listing: ListingId::from_bytes([9; 16]),
        person: PersonId::from_bytes([9; 16]),
        invitation: InvitationId::from_bytes([9; 16]),
        handle: of("nobody"),
        slug: of("nothing"),
    };
    let events = f.events();
    for somebody in [
        eve,
        f.person("acme", "colleague"),
        f.person("never", "seen"),
        f.market.act_as(Principal::admin(identity("acme", "admin"))),
        f.anonymous(),
        f.system("agentromatic"),
        f.system("unheard-of"),
    ] {
        let refusals_there = refusals(&f, &somebody, own, &theirs);
        let refusals_nowhere = refusals(&f, &somebody, own, &nothing);
        assert_eq!(refusals_there, refusals_nowhere, "{somebody:?}");
        for (operation, refusal) in refusals_there {
            let plain = matches!(
                refusal.kind(),
                ErrorKind::NotFound | ErrorKind::Unauthenticated | ErrorKind::Forbidden
            );
            assert!(plain, "{operation}: {refusal:?}");
        }
    }
    assert_eq!(f.events(), events, "no refusal leaves a trace");
    assert_eq!(run(ada.listing(draft)).unwrap().state, ListingState::Draft);
}

#[test]
fn a_public_listing_of_another_is_read_and_not_touched() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    assert!(run(eve.listing(id)).is_ok());
    let kinds = [
        run(eve.unlist_listing(id, &f.key())).unwrap_err().kind(),
        run(eve.delete_listing(id, &f.key())).unwrap_err().kind(),
        run(eve.publish_release(id, of("1.0.0"), ReleaseContent::default(), &f.key()))
            .unwrap_err()
            .kind(),
    ];
    assert_eq!(kinds, [ErrorKind::NotFound; 3]);
}

#[test]
fn what_is_for_an_organisation_is_seen_by_it_alone() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("evil", "eve"));
    let acme = f.publisher(&ada, "acme");
    let mut new = new_listing(acme, "inside");
    new.content.visibility = Visibility::Organisation;
    let id = run(ada.create_listing(new, &f.key())).unwrap().id;
    let colleague = f.person("acme", "never-seen-before");
    assert!(run(colleague.listing(id)).is_err(), "a draft");
    run(ada.publish_listing(id, &f.key())).unwrap();
    assert!(run(colleague.listing(id)).is_ok());
    let listed = |who: &Acting| run(who.publisher_listings(acme, None, ALL)).unwrap().items.len();
    assert_eq!((listed(&ada), listed(&colleague), listed(&eve)), (1, 1, 0));
    assert!(run(eve.listing(id)).is_err());
    // A personal tenant of the organisation's name is another tenant.
    let personal = PersonIdentity::personal(of("https://id.example"), of("acme"));
    let namesake = f.market.act_as(Principal::person(personal));
    assert!(run(namesake.listing(id)).is_err());
    run(ada.unlist_listing(id, &f.key())).unwrap();
    assert!(run(colleague.listing(id)).is_ok());
    assert_eq!((listed(&ada), listed(&colleague)), (1, 0));
    // What is for everybody is for the organisation as well, and an address is told to nobody.
    f.published(&ada, acme, "outside");
    let mut new = new_listing(acme, "by-address");
    new.content.visibility = Visibility::Unlisted;
    let by_address = run(ada.create_listing(new, &f.key())).unwrap().id;
    run(ada.publish_listing(by_address, &f.key())).unwrap();
    for reader in [&colleague, &eve] {
        assert!(run(reader.listing(by_address)).is_ok());
        assert_eq!(listed(reader), 1);
    }
    assert_eq!(listed(&ada), 3);
}
