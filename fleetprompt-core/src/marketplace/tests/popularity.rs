//! Whose installs make a listing popular, and whose do not.

use super::fixture::*;
use super::indexing::{entry, expect_clean};
use crate::domain::*;
use crate::marketplace::BeginInstall;
use crate::port::{Entity as _, Principal, Quality, RecordKey, Store};

struct Scene {
    f: Fixture,
    publisher: PublisherId,
    listing: ListingId,
}

impl Scene {
    fn new() -> Self {
        let f = Fixture::default();
        let ada = f.person("acme", "ada");
        let publisher = f.publisher(&ada, "acme");
        let listing = f.offered(&ada, publisher, "reader");
        Scene { f, publisher, listing }
    }

    fn refresh(&self) {
        while run(self.f.market.refresh_index(ALL)).unwrap().more {}
        expect_clean(&self.f);
    }

    fn buyers(&self) -> u32 {
        self.refresh();
        let found = run(self.f.store.get(&RecordKey::standing(self.listing))).unwrap();
        found.and_then(|row| Standing::from_record(row.value)).map_or(0, |row| row.buyers)
    }

    fn quality(&self) -> Quality {
        self.refresh();
        entry(&self.f, self.listing).unwrap().quality
    }

    fn bought_by_organisations(&self, n: u32) {
        for n in 0..n {
            self.f.install(&identity(&format!("buyer-{n}"), "carol"), self.listing);
        }
    }
}

fn personal(name: &str) -> PersonIdentity {
    PersonIdentity::personal(of("https://id.example"), of(name))
}

#[test]
fn distinct_buyers_make_a_listing_better() {
    let scene = Scene::new();
    let before = scene.quality();
    scene.bought_by_organisations(8);
    assert_eq!(scene.buyers(), 8);
    assert!(scene.quality() > before);
}

#[test]
fn one_buyer_counts_once_however_often_it_comes() {
    let scene = Scene::new();
    let carol = identity("buyers", "carol");
    scene.f.install(&carol, scene.listing);
    let once = scene.quality();
    for _ in 0..30 {
        scene.f.install(&carol, scene.listing);
    }
    assert_eq!((scene.buyers(), scene.quality()), (1, once));
}

#[test]
fn a_tenant_counts_once_however_many_of_it_come() {
    let scene = Scene::new();
    for n in 0..30 {
        scene.f.install(&identity("buyers", &format!("carol-{n}")), scene.listing);
    }
    assert_eq!(scene.buyers(), 1);
}

#[test]
fn nobody_of_the_publishers_own_tenant_counts() {
    let scene = Scene::new();
    let before = scene.quality();
    for name in ["ada", "bob", "cy"] {
        scene.f.install(&identity("acme", name), scene.listing);
    }
    assert_eq!((scene.buyers(), scene.quality()), (0, before));
}

#[test]
fn a_member_counts_from_no_tenant_and_others_of_that_tenant_do() {
    let scene = Scene::new();
    let (ada, eve) = (scene.f.person("acme", "ada"), scene.f.person("beta", "eve"));
    scene.f.join(&ada, scene.publisher, &eve, PublisherRole::Viewer);
    scene.f.install(&identity("beta", "eve"), scene.listing);
    assert_eq!(scene.buyers(), 0);
    scene.f.install(&identity("beta", "frank"), scene.listing);
    assert_eq!(scene.buyers(), 1);
}

#[test]
fn the_same_subject_under_another_tenants_name_does_not_count() {
    let scene = Scene::new();
    scene.f.install(&personal("ada"), scene.listing);
    scene.f.install(&identity("shell-company", "ada"), scene.listing);
    assert_eq!(scene.buyers(), 0);
    scene.f.install(&personal("carol"), scene.listing);
    assert_eq!(scene.buyers(), 1, "somebody of whom the publisher's tenant knows nothing");
}

#[test]
fn what_was_only_begun_does_not_count() {
    let scene = Scene::new();
    let f = &scene.f;
    for n in 0..10 {
        let carol = Principal::person(identity(&format!("buyer-{n}"), "carol"));
        let carol = f.market.act_as(carol);
        run(carol.claim_free(scene.listing, &f.key())).unwrap();
        for method in [InstallMethod::DeepLink, InstallMethod::Token] {
            let (version, context, entitlement) = (None, None, None);
            let listing = scene.listing;
            let begin = BeginInstall { listing, version, method, context, entitlement };
            run(carol.begin_install(begin, &f.key())).unwrap();
        }
    }
    assert_eq!(scene.buyers(), 0);
}

#[test]
fn buyers_who_stay_away_are_forgotten_with_their_marks() {
    let scene = Scene::new();
    let before = scene.quality();
    scene.bought_by_organisations(9);
    assert_eq!(scene.buyers(), 9);
    scene.f.pass(Span::days(60));
    scene.f.install(&identity("buyer-0", "carol"), scene.listing);
    scene.f.pass(Span::days(31));
    assert_eq!(run(scene.f.market.maintain(ALL)).unwrap().buyer_marks, 8);
    expect_clean(&scene.f);
    assert_eq!(scene.buyers(), 1);
    scene.f.pass(Span::days(91));
    run(scene.f.market.maintain(ALL)).unwrap();
    assert_eq!((scene.buyers(), scene.quality()), (0, before));
}
