//! A marketplace over a store, with one agent that can be installed.

use fleetprompt_core::domain::{
    Asset, AssetKind, IdempotencyKey, InstallMethod, ListingContent, ListingId, OwningSystem,
    PersonIdentity, PriceClass, PublisherId, PublisherProfile, ReleaseContent, SystemRegistry,
    Visibility,
};
use fleetprompt_core::marketplace::{
    BeginInstall, NewListing, NewPublisher, RedeemRequest, RedeemedManifest, ReferenceDecision, Way,
};
use fleetprompt_core::port::{PageSize, Principal};
use fleetprompt_core::token::{InstallToken, KeyRing, MasterKey};
use fleetprompt_core::{Acting, Marketplace};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;

/// The marketplace over a store, as every process opens it.
pub(crate) fn open(store: PostgresStore) -> Marketplace {
    let whs = OwningSystem {
        name: "whs".parse().unwrap(),
        audience: "whs".parse().unwrap(),
        issuer: "https://id.example".parse().unwrap(),
        client: "whs-backend".parse().unwrap(),
        kinds: vec![AssetKind::WhsAgent],
        deep_link: "https://whs.example/install/{upstreamId}".parse().unwrap(),
        requires_confirmation: true,
    };
    let market = Marketplace::builder(store)
        .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap()))
        .issuer("https://market.example".parse().unwrap())
        .systems(SystemRegistry::new(vec![whs], &["whs.example"]).unwrap());
    block_on(market.build()).unwrap()
}

pub(crate) fn key(name: &str) -> IdempotencyKey {
    format!("a-key-of-the-test/{name}").parse().unwrap()
}

fn person(subject: &str) -> PersonIdentity {
    PersonIdentity::personal("https://id.example".parse().unwrap(), subject.parse().unwrap())
}

fn buyer(n: u64) -> PersonIdentity {
    person(&format!("user_{n}"))
}

pub(crate) fn publisher(market: &Marketplace) -> Acting {
    market.act_as(Principal::person(person("user_ada")))
}

pub(crate) fn operator(market: &Marketplace) -> Acting {
    market.act_as(Principal::operator(person("user_op")))
}

pub(crate) fn anonymous(market: &Marketplace) -> Acting {
    market.act_as(Principal::Anonymous)
}

fn whs(market: &Marketplace) -> Acting {
    let issuer = "https://id.example".parse().unwrap();
    market.act_as(Principal::system(issuer, "whs-backend".parse().unwrap()))
}

/// What a listing says, under this title.
pub(crate) fn content(title: &str) -> ListingContent {
    ListingContent {
        title: title.parse().unwrap(),
        summary: "Reads invoices.".parse().unwrap(),
        description: None,
        tags: Default::default(),
        category: "finance".parse().unwrap(),
        price_class: PriceClass::Free,
        visibility: Visibility::Public,
        documentation: None,
        repository: None,
        license: None,
    }
}

pub(crate) fn publish(market: &Marketplace) -> PublisherId {
    let profile = PublisherProfile { name: "Acme".parse().unwrap(), summary: None, website: None };
    let new = NewPublisher { handle: "acme".parse().unwrap(), profile };
    block_on(publisher(market).create_publisher(new, &key("publisher"))).unwrap().id
}

/// Lists, releases and confirms the n-th agent.
pub(crate) fn list_an_agent(market: &Marketplace, acme: PublisherId, n: u64) -> ListingId {
    let ada = publisher(market);
    let key = |what: &str| key(&format!("{what}-{n}"));
    let agent = format!("agt_{n}");
    let asset = Asset::WhsAgent { whs_agent_id: agent.parse().unwrap() };
    let slug = format!("reader-number-{n}").parse().unwrap();
    let content = content(&format!("Invoice reader {n}"));
    let new = NewListing { publisher: acme, slug, asset, content };
    let listing = block_on(ada.create_listing(new, &key("listing"))).unwrap().id;
    let version = "1.0.0".parse().unwrap();
    let release = ReleaseContent::default();
    block_on(ada.publish_release(listing, version, release, &key("release"))).unwrap();
    block_on(ada.publish_listing(listing, &key("publication"))).unwrap();
    let (kind, agent) = (AssetKind::WhsAgent, agent.parse().unwrap());
    let confirm = ReferenceDecision::Confirm { reason: None };
    block_on(whs(market).decide_reference(acme, kind, agent, confirm, &key("confirm"))).unwrap();
    listing
}

/// Claims the agent for the n-th buyer and begins an install of it.
pub(crate) fn begin(market: &Marketplace, listing: ListingId, n: u64) -> InstallToken {
    let bob = market.act_as(Principal::person(buyer(n)));
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

/// Redeems the n-th buyer's token.
pub(crate) fn redeem(
    market: &Marketplace,
    token: &InstallToken,
    n: u64,
) -> fleetprompt_core::Result<RedeemedManifest> {
    redeem_under(market, token, n, &key(&format!("redeem-{n}")))
}

/// Redeems the n-th buyer's token under another key.
pub(crate) fn redeem_under(
    market: &Marketplace,
    token: &InstallToken,
    n: u64,
    key: &IdempotencyKey,
) -> fleetprompt_core::Result<RedeemedManifest> {
    let token = InstallToken::presented(token.expose().to_owned());
    block_on(whs(market).redeem(RedeemRequest { token, expected: buyer(n) }, key))
}

/// The publisher that was made first.
pub(crate) fn acme(market: &Marketplace) -> PublisherId {
    let ada = publisher(market);
    block_on(ada.my_publishers(None, PageSize::MAX)).unwrap().items[0].publisher.id
}
