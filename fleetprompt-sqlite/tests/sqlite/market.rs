//! A marketplace over a file, with one agent that can be installed.

use std::path::Path;

use fleetprompt_core::domain::{
    Asset, AssetKind, IdempotencyKey, InstallMethod, ListingContent, ListingId, OwningSystem,
    PersonIdentity, PriceClass, PublisherProfile, ReleaseContent, SystemRegistry, TenantIdentity,
    Visibility,
};
use fleetprompt_core::marketplace::{
    BeginInstall, IssuedInvitation, MarketplaceBuilder, NewListing, NewPublisher,
    ReferenceDecision, Way,
};
use fleetprompt_core::port::Principal;
use fleetprompt_core::token::{InstallToken, KeyRing, MasterKey};
use fleetprompt_core::{Acting, Marketplace};
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;

/// The bytes of the master key: found nowhere but in memory.
pub(crate) const MASTER_KEY: &[u8; 32] = b"canary-master-key-canary-master!";

/// The marketplace in the file at `path`, as every process that shares it opens it.
pub(crate) fn open(path: &Path) -> Marketplace {
    open_with(path, |builder| builder)
}

/// As [`open`], put together in another way.
pub(crate) fn open_with(
    path: &Path,
    change: impl FnOnce(MarketplaceBuilder) -> MarketplaceBuilder,
) -> Marketplace {
    let whs = OwningSystem {
        name: "whs".parse().unwrap(),
        audience: "whs".parse().unwrap(),
        issuer: "https://id.example".parse().unwrap(),
        client: "whs-backend".parse().unwrap(),
        kinds: vec![AssetKind::WhsAgent],
        deep_link: "https://whs.example/install/{upstreamId}".parse().unwrap(),
        requires_confirmation: true,
    };
    let market = Marketplace::builder(SqliteStore::open(path).unwrap())
        .keys(KeyRing::single(MasterKey::from_bytes(MASTER_KEY).unwrap()))
        .issuer("https://market.example".parse().unwrap())
        .systems(SystemRegistry::new(vec![whs], &["whs.example"]).unwrap());
    block_on(change(market).build()).unwrap()
}

pub(crate) fn key(name: &str) -> IdempotencyKey {
    format!("a-key-of-the-test/{name}").parse().unwrap()
}

pub(crate) fn buyer() -> PersonIdentity {
    let issuer = "https://id.example".parse().unwrap();
    let tenant = TenantIdentity::organisation(issuer, "org_buyers".parse().unwrap());
    PersonIdentity::new(tenant, "user_bob".parse().unwrap())
}

pub(crate) fn whs(market: &Marketplace) -> Acting {
    let issuer = "https://id.example".parse().unwrap();
    market.act_as(Principal::system(issuer, "whs-backend".parse().unwrap()))
}

pub(crate) fn publisher(market: &Marketplace) -> Acting {
    let issuer = "https://id.example".parse().unwrap();
    market.act_as(Principal::person(PersonIdentity::personal(issuer, "user_ada".parse().unwrap())))
}

/// Lists, releases and confirms an agent, and invites somebody to help with it.
pub(crate) fn list_an_agent(market: &Marketplace) -> (ListingId, IssuedInvitation) {
    let ada = publisher(market);
    let profile = PublisherProfile { name: "Acme".parse().unwrap(), summary: None, website: None };
    let new = NewPublisher { handle: "acme".parse().unwrap(), profile };
    let acme = block_on(ada.create_publisher(new, &key("publisher"))).unwrap().id;
    let content = ListingContent {
        title: "Invoice reader".parse().unwrap(),
        summary: "Reads invoices.".parse().unwrap(),
        description: None,
        tags: Default::default(),
        category: "finance".parse().unwrap(),
        price_class: PriceClass::Free,
        visibility: Visibility::Public,
        documentation: None,
        repository: None,
        license: None,
    };
    let asset = Asset::WhsAgent { whs_agent_id: "agt_1".parse().unwrap() };
    let new = NewListing { publisher: acme, slug: "reader".parse().unwrap(), asset, content };
    let listing = block_on(ada.create_listing(new, &key("listing"))).unwrap().id;
    let version = "1.0.0".parse().unwrap();
    let (content, released) = (ReleaseContent::default(), key("release"));
    block_on(ada.publish_release(listing, version, content, &released)).unwrap();
    block_on(ada.publish_listing(listing, &key("publication"))).unwrap();
    let (kind, agent) = (AssetKind::WhsAgent, "agt_1".parse().unwrap());
    let confirm = ReferenceDecision::Confirm { reason: None };
    block_on(whs(market).decide_reference(acme, kind, agent, confirm, &key("confirm"))).unwrap();
    let role = fleetprompt_core::domain::PublisherRole::Viewer;
    (listing, block_on(ada.invite(acme, role, &key("invitation"))).unwrap())
}

/// Claims the agent for the buyer and begins an install of it.
pub(crate) fn begin(market: &Marketplace, listing: ListingId) -> InstallToken {
    let bob = market.act_as(Principal::person(buyer()));
    block_on(bob.claim_free(listing, &key("claim"))).unwrap();
    let begin = BeginInstall {
        listing,
        version: None,
        method: InstallMethod::Token,
        context: None,
        entitlement: None,
    };
    let started = block_on(bob.begin_install(begin, &key("install"))).unwrap();
    match started.handovers.into_iter().next().unwrap().way {
        Way::Token(Some(token)) => token,
        other => panic!("no token was issued: {other:?}"),
    }
}
