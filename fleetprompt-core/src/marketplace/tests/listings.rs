use super::fixture::*;
use crate::domain::*;
use crate::marketplace::{
    ChangeView, Found, ListingAddress, ListingEdit, ListingPatch, NewListing, PublisherPatch,
    ReferenceDecision,
};
use crate::policy::Quotas;
use crate::{Acting, ErrorCode};

fn rename(f: &Fixture, by: &Acting, listing: ListingId, slug: &str) -> crate::Result<()> {
    let seen = run(by.listing(listing)).unwrap();
    let edit = ListingEdit { slug: of(slug), content: seen.content, asset: None };
    run(by.update_listing(listing, seen.revision, edit, &f.key())).map(drop)
}

fn address(f: &Fixture, handle: &str, slug: &str) -> Result<String, ErrorCode> {
    match run(f.anonymous().listing_by_name(&of(handle), &of(slug))) {
        Ok(Found::Here(view)) => Ok(format!("here {}", view.id)),
        Ok(Found::Moved(ListingAddress { handle, slug })) => Ok(format!("{handle}/{slug}")),
        Err(error) => Err(error.code()),
    }
}

#[test]
fn every_former_address_leads_to_the_present_one() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&ada, "beta"));
    let id = f.published(&ada, acme, "reader");
    rename(&f, &ada, id, "invoice-reader").unwrap();
    assert_eq!(address(&f, "acme", "reader").unwrap(), "acme/invoice-reader");
    run(ada.transfer_listing(id, beta, &f.key())).unwrap();
    for old in ["reader", "invoice-reader"] {
        assert_eq!(address(&f, "acme", old).unwrap(), "beta/invoice-reader");
    }
    assert_eq!(address(&f, "beta", "invoice-reader").unwrap(), format!("here {id}"));

    let profile = PublisherProfile { name: of("Beta"), summary: None, website: None };
    let edit = crate::marketplace::PublisherEdit { handle: of("beta-labs"), profile };
    run(ada.update_publisher(beta, Revision::FIRST, edit, &f.key())).unwrap();
    assert_eq!(address(&f, "beta", "invoice-reader").unwrap(), "beta-labs/invoice-reader");
    assert_eq!(address(&f, "acme", "reader").unwrap(), "beta-labs/invoice-reader");
    let found = run(f.anonymous().publisher_by_handle(&of("beta"))).unwrap();
    assert_eq!(found, Found::Moved(of("beta-labs")));
}

#[test]
fn nobody_takes_a_former_or_look_alike_address() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "acme-bot");
    rename(&f, &ada, id, "bot").unwrap();
    for taken in ["acme-bot", "acrne_b0t", "acme.bot", "b0t"] {
        let created = run(ada.create_listing(new_listing(acme, taken), &f.key()));
        assert_eq!(refused(created), ErrorCode::SlugTaken, "{taken}");
    }
    run(ada.delete_listing(id, &f.key())).unwrap();
    let created = run(ada.create_listing(new_listing(acme, "bot"), &f.key()));
    assert_eq!(refused(created), ErrorCode::SlugTaken);
    assert_eq!(address(&f, "acme", "bot"), Err(ErrorCode::ListingNotFound));
    // In another publisher the slug is free, and one that only differs otherwise is as well.
    let beta = f.publisher(&ada, "beta");
    f.draft(&ada, beta, "acme-bot");
    f.draft(&ada, acme, "acmebot");
}

#[test]
fn a_publisher_keeps_so_many_handles_and_no_more() {
    let quotas = Quotas { renames_per_publisher: 2, ..Quotas::default() };
    let f = Fixture::with(|builder| builder.quotas(quotas));
    let eve = f.person("evil", "eve");
    let publisher = f.publisher(&eve, "one");
    let take = |handle: &str| {
        let revision = run(eve.publisher(publisher)).unwrap().revision;
        let patch = PublisherPatch { handle: Some(of(handle)), ..Default::default() };
        run(eve.patch_publisher(publisher, revision, patch, &f.key())).map(drop)
    };
    take("two").unwrap();
    // Another spelling of the same, and a handle that is its own already, cost nobody anything.
    for handle in ["one", "two", "tw0", "three", "two"] {
        take(handle).unwrap();
    }
    let refused = take("four").unwrap_err();
    assert_eq!((refused.code(), refused.retry_after()), (ErrorCode::QuotaExceeded, None));
    f.publisher(&f.person("acme", "ada"), "four");
    assert_eq!(take("four").unwrap_err().code(), ErrorCode::HandleTaken);
}

#[test]
fn a_draft_gives_its_slug_back() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.draft(&ada, acme, "raeder");
    rename(&f, &ada, id, "reader").unwrap();
    f.draft(&ada, acme, "raeder");
    // A new spelling of the same name is the same claim, and not given up.
    rename(&f, &ada, id, "r-eader").unwrap();
    rename(&f, &ada, id, "r_eader").unwrap();
    let created = run(ada.create_listing(new_listing(acme, "r-eader"), &f.key()));
    assert_eq!(refused(created), ErrorCode::SlugTaken);
    run(ada.delete_listing(id, &f.key())).unwrap();
    f.draft(&ada, acme, "r-eader");
}

#[test]
fn an_edit_names_the_revision_that_it_changes() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.draft(&ada, acme, "reader");
    let edit = ListingEdit { slug: of("reader"), content: content("New"), asset: None };
    let stale = Revision::FIRST;
    run(ada.update_listing(id, stale, edit.clone(), &f.key())).unwrap();
    let refused_edit = run(ada.update_listing(id, stale, edit.clone(), &f.key()));
    assert_eq!(refused(refused_edit), ErrorCode::RevisionMismatch);
    let revision = run(ada.listing(id)).unwrap().revision;
    f.release(&ada, id, "1.0.0");
    let behind_a_release = run(ada.update_listing(id, revision, edit, &f.key()));
    assert_eq!(refused(behind_a_release), ErrorCode::RevisionMismatch);
}

#[test]
fn a_listing_keeps_its_kind() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.draft(&ada, acme, "reader");
    let asset = Asset::AgentromaticWorkflow { agentromatic_workflow_id: of("wf-1") };
    let edit = ListingEdit { slug: of("reader"), content: content("Reader"), asset: Some(asset) };
    let changed = run(ada.update_listing(id, Revision::FIRST, edit, &f.key())).unwrap_err();
    assert_eq!(changed.field().unwrap().field(), "asset");
}

#[test]
fn states_follow_each_other_as_they_may() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let (id, other) = (f.draft(&ada, acme, "reader"), f.published(&ada, acme, "writer"));
    assert_eq!(refused(run(ada.unlist_listing(id, &f.key()))), ErrorCode::WrongState);
    run(ada.publish_listing(id, &f.key())).unwrap();
    assert_eq!(refused(run(ada.publish_listing(id, &f.key()))), ErrorCode::WrongState);
    run(ada.deprecate_listing(id, Some(other), &f.key())).unwrap();
    assert_eq!(run(ada.listing(id)).unwrap().successor, Some(other));
    run(ada.publish_listing(id, &f.key())).unwrap();
    assert_eq!(run(ada.listing(id)).unwrap().successor, None);
    run(ada.unlist_listing(id, &f.key())).unwrap();
    run(ada.delete_listing(id, &f.key())).unwrap();
    assert_eq!(refused(run(ada.publish_listing(id, &f.key()))), ErrorCode::ListingNotFound);
}

#[test]
fn a_successor_can_be_read_by_those_who_are_sent_there() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("beta", "bob"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&bob, "beta"));
    let id = f.published(&ada, acme, "reader");
    let (draft, public) = (f.draft(&bob, beta, "draft"), f.published(&bob, beta, "public"));
    let (own, none) = (f.draft(&ada, acme, "own"), ListingId::from_bytes([9; 16]));
    let deprecate = |to| run(ada.deprecate_listing(id, Some(to), &f.key()));
    let answers = [draft, own, none, id].map(|to| deprecate(to).unwrap_err());
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(answers[0].field().unwrap().field(), "successor");
    deprecate(public).unwrap();
}

/// Whoever keeps a copy of the catalogue by following it has the successors that visitors see.
#[test]
fn a_mirror_that_follows_has_the_successors_that_visitors_see() {
    let f = Fixture::default();
    let (ada, visitor) = (f.person("acme", "ada"), f.anonymous());
    let acme = f.publisher(&ada, "acme");
    let (old, next) = (f.published(&ada, acme, "reader"), f.draft(&ada, acme, "next"));
    let (mut cursor, mut mirror) = (None, None);
    let mut follows = || {
        let page = run(visitor.changes(cursor.as_ref(), ALL)).unwrap();
        cursor = Some(page.cursor);
        for entry in page.changes {
            match entry.change {
                ChangeView::Changed { listing } if listing.id == old => mirror = listing.successor,
                _ => {}
            }
        }
        assert_eq!(mirror, run(visitor.listing(old)).unwrap().successor);
        mirror
    };
    let deprecate = |to| run(ada.deprecate_listing(old, to, &f.key()));
    deprecate(None).unwrap();
    assert!(deprecate(Some(next)).is_err());
    assert_eq!(follows(), None);
    run(ada.publish_listing(next, &f.key())).unwrap();
    assert_eq!(follows(), None);
    deprecate(Some(next)).unwrap();
    assert_eq!(follows(), Some(next));
}

#[test]
fn a_successor_within_an_organisation_is_for_a_listing_within_it() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let internal = ListingContent { visibility: Visibility::Organisation, ..content("Internal") };
    let within = |slug: &str| {
        let id = f.published(&ada, acme, slug);
        let edit = ListingEdit { slug: of(slug), content: internal.clone(), asset: None };
        let revision = run(ada.listing(id)).unwrap().revision;
        run(ada.update_listing(id, revision, edit, &f.key())).unwrap();
        id
    };
    let (old, next) = (within("old"), within("next"));
    let public = f.published(&ada, acme, "public");
    let deprecate = |of, to| run(ada.deprecate_listing(of, Some(to), &f.key()));
    let refused = deprecate(public, next).unwrap_err();
    assert_eq!(refused.field().unwrap().field(), "successor");
    deprecate(old, next).unwrap();

    let edit = ListingEdit { slug: of("old"), content: content("Open"), asset: None };
    let widen = || {
        let revision = run(ada.listing(old)).unwrap().revision;
        run(ada.update_listing(old, revision, edit.clone(), &f.key()))
    };
    assert_eq!(widen().unwrap_err().field().unwrap().field(), "successor");
    deprecate(old, public).unwrap();
    widen().unwrap();
}

#[test]
fn a_successor_is_shown_to_those_who_can_read_it_and_can_be_replaced() {
    let f = Fixture::default();
    let (ada, mates) = (f.person("acme", "ada"), f.person("acme", "mo"));
    let (acme, visitor) = (f.publisher(&ada, "acme"), f.anonymous());
    let (id, gone) = (f.published(&ada, acme, "reader"), f.published(&ada, acme, "next"));
    let better = f.published(&ada, acme, "better");
    let deprecate = |to| run(ada.deprecate_listing(id, to, &f.key()));
    deprecate(Some(gone)).unwrap();
    let reason = of("Ticket 4711.");
    run(f.operator().take_down(gone, TakedownReason::Legal, reason, &f.key())).unwrap();
    let successor = |who: &Acting| run(who.listing(id)).unwrap().successor;
    assert_eq!([&ada, &mates, &visitor].map(successor), [Some(gone), None, None]);
    let shelf = |who: &Acting| {
        let page = run(who.publisher_listings(acme, None, ALL)).unwrap().items;
        page.into_iter().find(|it| it.id == id).unwrap().successor
    };
    assert_eq!([&ada, &mates, &visitor].map(shelf), [Some(gone), None, None]);
    let told = run(visitor.changes(None, ALL)).unwrap().changes.into_iter().filter_map(|entry| {
        let ChangeView::Changed { listing } = entry.change else { return None };
        (listing.id == id).then_some(listing.successor)
    });
    assert!(told.eq([None, None]));
    let again = f.key();
    assert_eq!(refused(run(ada.deprecate_listing(id, Some(gone), &again))), ErrorCode::WrongState);
    for to in [Some(better), None, Some(better)] {
        deprecate(to).unwrap();
        assert_eq!([&ada, &visitor].map(successor), [to; 2]);
        assert_eq!([&ada, &visitor].map(shelf), [to; 2]);
    }
    run(ada.delete_listing(better, &f.key())).unwrap();
    assert_eq!([&ada, &visitor].map(successor), [None; 2]);
}

#[test]
fn a_pack_holds_what_its_readers_can_read() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("beta", "bob"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&bob, "beta"));
    let own_draft = f.draft(&ada, acme, "own");
    let (theirs, public) = (f.draft(&bob, beta, "draft"), f.published(&bob, beta, "public"));
    let create = |slug: &str, members: &[ListingId]| {
        let asset = Asset::Pack { members: members.to_vec().try_into().unwrap() };
        let new = NewListing { publisher: acme, slug: of(slug), asset, content: content(slug) };
        run(ada.create_listing(new, &f.key())).map(|receipt| receipt.id)
    };
    let empty = create("empty", &[]).unwrap_err();
    assert_eq!(empty.field().unwrap().rule(), Rule::Empty);
    let unknown = create("unknown", &[ListingId::from_bytes([9; 16])]).unwrap_err();
    assert_eq!(create("theirs", &[theirs]).unwrap_err(), unknown);
    let pack = create("pack", &[public, own_draft]).unwrap();
    assert_eq!(create("nested", &[pack]).unwrap_err(), unknown);
    // A draft may hold drafts, a published pack may not.
    assert_eq!(run(ada.publish_listing(pack, &f.key())).unwrap_err(), unknown);
    run(ada.publish_listing(own_draft, &f.key())).unwrap();
    run(ada.publish_listing(pack, &f.key())).unwrap();
}

#[test]
fn what_only_an_organisation_sees_is_in_no_pack_that_others_see() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let create = |slug: &str, asset, visibility| {
        let content = ListingContent { visibility, ..content(slug) };
        let new = NewListing { publisher: acme, slug: of(slug), asset, content };
        let created = run(ada.create_listing(new, &f.key()))?.id;
        run(ada.publish_listing(created, &f.key())).map(|receipt| receipt.id)
    };
    let inside = create("inside", agent("inside"), Visibility::Organisation).unwrap();
    let pack = |slug, visibility| {
        let members = vec![inside].try_into().unwrap();
        create(slug, Asset::Pack { members }, visibility)
    };
    let refused = pack("public", Visibility::Public).unwrap_err();
    assert_eq!(refused.field().unwrap().field(), "members");
    pack("own", Visibility::Organisation).unwrap();
}

#[test]
fn listings_are_bounded_and_deleting_makes_room() {
    let strict = Quotas { listings_per_publisher: 1, ..Quotas::default() };
    let f = Fixture::with(|builder| builder.quotas(strict));
    let ada = f.person("acme", "ada");
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&ada, "beta"));
    let id = f.draft(&ada, acme, "one");
    let second = run(ada.create_listing(new_listing(acme, "two"), &f.key()));
    assert_eq!(refused(second), ErrorCode::QuotaExceeded);
    f.draft(&ada, beta, "three");
    let moved = run(ada.transfer_listing(id, beta, &f.key()));
    assert_eq!(refused(moved), ErrorCode::QuotaExceeded);
    run(ada.delete_listing(id, &f.key())).unwrap();
    let two = f.draft(&ada, acme, "two");
    // One that moves away makes room, too.
    run(ada.transfer_listing(two, f.publisher(&ada, "gamma"), &f.key())).unwrap();
    f.draft(&ada, acme, "four");
}

#[test]
fn it_takes_an_owner_of_both_publishers_to_transfer() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("beta", "bob"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&bob, "beta"));
    let id = f.published(&ada, acme, "reader");
    let unknown =
        refused(run(ada.transfer_listing(id, PublisherId::from_bytes([9; 16]), &f.key())));
    assert_eq!(unknown, ErrorCode::PublisherNotFound);
    assert_eq!(refused(run(ada.transfer_listing(id, beta, &f.key()))), unknown);
    f.join(&bob, beta, &ada, PublisherRole::Maintainer);
    let maintainer = run(ada.transfer_listing(id, beta, &f.key()));
    assert_eq!(refused(maintainer), ErrorCode::Forbidden);
}

#[test]
fn a_draft_that_moves_away_gives_its_slug_back_and_one_that_stays_is_refused() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&ada, "beta"));
    let id = f.draft(&ada, acme, "reader");
    assert_eq!(refused(run(ada.transfer_listing(id, acme, &f.key()))), ErrorCode::WrongState);
    run(ada.transfer_listing(id, beta, &f.key())).unwrap();
    f.draft(&ada, acme, "reader");
}

#[test]
fn a_pack_does_not_move_away_from_members_that_its_readers_could_not_read() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&ada, "beta"));
    let member = f.draft(&ada, acme, "member");
    let asset = Asset::Pack { members: vec![member].try_into().unwrap() };
    let new = NewListing { asset, ..new_listing(acme, "pack") };
    let pack = run(ada.create_listing(new, &f.key())).unwrap().id;
    let moved = run(ada.transfer_listing(pack, beta, &f.key())).unwrap_err();
    assert_eq!(moved.field().unwrap().field(), "members");
    run(ada.publish_listing(member, &f.key())).unwrap();
    run(ada.transfer_listing(pack, beta, &f.key())).unwrap();
}

#[test]
fn a_pack_gives_nothing_of_a_publisher_that_handed_it_on() {
    let f = Fixture::default();
    let (ada, bob, eve) = (f.person("acme", "ada"), f.person("beta", "bob"), f.person("x", "eve"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&bob, "beta"));
    let (free, paid) = (f.offered(&ada, acme, "free-bot"), f.priced(&ada, acme, "paid-bot"));
    let pack = f.pack(&ada, acme, &[free]);
    run(eve.claim_free(pack, &f.key())).unwrap();
    let adas = f.join(&bob, beta, &ada, PublisherRole::Owner);
    run(ada.transfer_listing(pack, beta, &f.key())).unwrap();
    run(bob.remove_member(beta, adas, &f.key())).unwrap();
    // What Eve has was granted by Acme; what is in the pack now, Beta decides.
    let revision = run(bob.listing(pack)).unwrap().revision;
    let asset = Some(Asset::Pack { members: vec![paid].try_into().unwrap() });
    let patch = ListingPatch { asset, ..Default::default() };
    run(bob.patch_listing(pack, revision, patch, &f.key())).unwrap();
    assert_eq!(refused(f.begin(&eve, pack, None)), ErrorCode::EntitlementNotFound);
}

#[test]
fn a_pack_that_moves_along_with_its_members_keeps_them_for_its_buyers() {
    let f = Fixture::default();
    let (ada, bob, eve) = (f.person("acme", "ada"), f.person("beta", "bob"), f.person("x", "eve"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&bob, "beta"));
    let paid = f.priced(&ada, acme, "paid-bot");
    let pack = f.pack(&ada, acme, &[paid]);
    run(eve.claim_free(pack, &f.key())).unwrap();
    f.begin(&eve, pack, None).unwrap();
    f.join(&bob, beta, &ada, PublisherRole::Owner);
    for listing in [paid, pack] {
        run(ada.transfer_listing(listing, beta, &f.key())).unwrap();
    }
    let (kind, confirm) = (AssetKind::WhsAgent, ReferenceDecision::Confirm { reason: None });
    let whs = f.system("whs");
    run(whs.decide_reference(beta, kind, of("paid-bot"), confirm, &f.key())).unwrap();
    f.begin(&eve, pack, None).unwrap();
}
