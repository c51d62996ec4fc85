//! The marketplace that is served, with a listing that is offered, its buyer and its owning system.

use std::sync::atomic::{AtomicU64, Ordering};

use fleetprompt_core::domain::{
    AssetKind, IdempotencyKey, InstallMethod, ListingId, OwningSystem, PersonIdentity, Span,
    SystemRegistry, TenantIdentity,
};
use fleetprompt_core::marketplace::{
    BeginInstall, NewListing, NewPublisher, RedeemRequest, SearchRequest, Way,
};
use fleetprompt_core::policy::Quotas;
use fleetprompt_core::port::{PageSize, Principal};
use fleetprompt_core::search::Query;
use fleetprompt_core::token::{InstallToken, KeyRing, MasterKey};
use fleetprompt_core::{Acting, Marketplace};
use fleetprompt_http::identity::dev::DEV_ISSUER;
use futures_util::{StreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::database::Database;

pub(crate) const MARKET: &str = "https://market.example";
pub(crate) const CLIENT: &str = "whs-backend";
pub(crate) const BUYERS: &str = "org_buyers";
pub(crate) const BUYER: &str = "user_bob";
pub(crate) const MAKERS: &str = "org_acme";
pub(crate) const MAKER: &str = "user_ada";

/// How many installs are begun at a time.
const AT_ONCE: usize = 64;

#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) market: Marketplace,
    pub(crate) listing: ListingId,
    keys: std::sync::Arc<AtomicU64>,
}

fn person(tenant: &str, subject: &str) -> PersonIdentity {
    let issuer = DEV_ISSUER.parse().unwrap();
    let tenant = TenantIdentity::organisation(issuer, tenant.parse().unwrap());
    PersonIdentity::new(tenant, subject.parse().unwrap())
}

/// What a caller would send.
fn read<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

fn systems() -> SystemRegistry {
    let whs = OwningSystem {
        name: "whs".parse().unwrap(),
        audience: "whs".parse().unwrap(),
        issuer: MARKET.parse().unwrap(),
        client: CLIENT.parse().unwrap(),
        kinds: vec![AssetKind::WhsAgent],
        deep_link: "https://whs.example/install/{upstreamId}?attempt={attemptId}".parse().unwrap(),
        requires_confirmation: true,
    };
    SystemRegistry::new(vec![whs], &["whs.example"]).unwrap()
}

impl Town {
    pub(crate) async fn on(database: &Database) -> Self {
        let market = database
            .marketplace()
            .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap()))
            .issuer(MARKET.parse().unwrap())
            .systems(systems())
            .quotas(Quotas { installs_per_day: 1 << 40, ..Quotas::default() })
            .token_lifetime(Span::seconds(600))
            .build()
            .await
            .unwrap();
        let mut town =
            Town { market, listing: ListingId::from_bytes([0; 16]), keys: Default::default() };
        town.listing = town.offer().await;
        town.buyer().claim_free(town.listing, &town.key("claim")).await.unwrap();
        town
    }

    /// A published listing of Ada's that its owning system confirmed.
    async fn offer(&self) -> ListingId {
        let ada = self.market.act_as(Principal::person(person(MAKERS, MAKER)));
        let new: NewPublisher =
            read(json!({"handle": "acme-of-figures", "profile": {"name": "Acme"}}));
        let publisher = ada.create_publisher(new, &self.key("publisher")).await.unwrap().id;
        let new: NewListing = read(json!({
            "publisher": publisher,
            "slug": "invoice-reader",
            "asset": {"kind": "whs_agent", "whsAgentId": "agt_7f3c"},
            "content": {
                "title": "Invoice reader",
                "summary": "Reads invoices and files them where they belong.",
                "description": format!("# What it does\n\n{}", "Reads **invoices**, one by one. ".repeat(20)),
                "tags": ["invoices", "ocr"],
                "category": "finance",
                "priceClass": "free",
                "visibility": "public",
                "license": "Apache-2.0",
            },
        }));
        let listing = ada.create_listing(new, &self.key("listing")).await.unwrap().id;
        let content = read(json!({"capabilities": ["read_files"]}));
        let version = "1.0.0".parse().unwrap();
        ada.publish_release(listing, version, content, &self.key("release")).await.unwrap();
        ada.publish_listing(listing, &self.key("publish")).await.unwrap();
        let confirm = read(json!({"decision": "confirm"}));
        let upstream = "agt_7f3c".parse().unwrap();
        let kind = AssetKind::WhsAgent;
        let key = self.key("confirm");
        self.system().decide_reference(publisher, kind, upstream, confirm, &key).await.unwrap();
        listing
    }

    fn buyer(&self) -> Acting {
        self.market.act_as(Principal::person(person(BUYERS, BUYER)))
    }

    fn system(&self) -> Acting {
        let issuer = MARKET.parse().unwrap();
        self.market.act_as(Principal::system(issuer, CLIENT.parse().unwrap()))
    }

    fn key(&self, what: &str) -> IdempotencyKey {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        format!("bench-{what}-{number:012}").parse().unwrap()
    }

    /// New install tokens of Bob's.
    pub(crate) async fn tokens(&self, many: usize) -> Vec<String> {
        let buyer = self.buyer();
        let installs = stream::iter(0..many).map(|_| {
            let begin = BeginInstall {
                listing: self.listing,
                version: None,
                method: InstallMethod::Token,
                context: None,
                entitlement: None,
            };
            let (buyer, key) = (buyer.clone(), self.key("install"));
            async move {
                let started = buyer.begin_install(begin, &key).await.unwrap();
                let handover = started.handovers.into_iter().next().unwrap();
                let Way::Token(Some(token)) = handover.way else {
                    unreachable!("it asked for one")
                };
                token.expose().to_owned()
            }
        });
        installs.buffer_unordered(AT_ONCE).collect().await
    }

    /// Redeems a token for Bob.
    pub(crate) async fn redeem(&self, token: String) {
        let token = InstallToken::presented(token);
        let request = RedeemRequest { token, expected: person(BUYERS, BUYER) };
        self.system().redeem(request, &self.key("redeem")).await.unwrap();
    }

    /// What a visitor finds on the first page.
    pub(crate) async fn search(&self, words: &str) {
        let visitor = self.market.act_as(Principal::Anonymous);
        let request = SearchRequest { query: Query::parse(words), ..SearchRequest::default() };
        let page = visitor.search(&request, None, PageSize::default()).await.unwrap();
        std::hint::black_box(page);
    }
}
