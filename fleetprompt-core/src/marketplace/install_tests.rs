//! Owning, beginning and redeeming, from the outside, over a store in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use serde_json::json;

use super::{
    Acting, BeginInstall, EntitlementReceipt, Holder, InstallStarted, Marketplace, OperatorGrant,
    RedeemRequest, Way,
};
use crate::conformance::{ManualClock, SeededEntropy};
use crate::domain::{
    Actor, AssetKind, Attempt, AttemptId, Binding, BindingState, Event, Fact, IdempotencyKey,
    InstallMethod, Listing, ListingId, ListingState, OwningSystem, PersonIdentity, Publisher,
    PublisherId, Release, Sha256Digest, SystemName, SystemRegistry, TargetContext, TenantId,
    TenantIdentity, Timestamp, Version,
};
use crate::error::{ErrorCode, Result};
use crate::memory::MemoryStore;
use crate::port::{
    Change, Commit, Committed, Entity, Identity, IdentityFuture, IdentityUnavailable, LogPage,
    PageSize, PolicyDecision, Principal, Record, RecordKey, Store,
};
use crate::token::{InstallToken, KeyRing, MasterKey};

mod entitlements;
mod installs;
mod keys;
mod lost_answers;
mod redemption;
mod seats;
mod secrecy;

/// A marketplace with one publisher, one listing of it, and two owning systems.
struct World {
    store: MemoryStore,
    clock: ManualClock,
    policy: Arc<Policy>,
    ring: KeyRing,
    market: Marketplace,
    publisher: PublisherId,
    listing: ListingId,
}

/// A policy that a test sets.
#[derive(Default)]
struct Policy(AtomicU8);

impl Policy {
    const ALLOWS: u8 = 0;
    const DENIES: u8 = 1;
    const FAILS: u8 = 2;
    /// The subject is no member any more.
    const LEFT: u8 = 3;
    /// Nobody knows whether the subject is a member.
    const UNKNOWN: u8 = 4;

    fn set(&self, answer: u8) {
        self.0.store(answer, Ordering::SeqCst);
    }
}

impl Identity for Policy {
    fn is_member<'a>(&'a self, _: &'a PersonIdentity) -> IdentityFuture<'a, bool> {
        Box::pin(std::future::ready(match self.0.load(Ordering::SeqCst) {
            Policy::LEFT => Ok(false),
            Policy::UNKNOWN => Err(IdentityUnavailable),
            _ => Ok(true),
        }))
    }

    fn may_install<'a>(
        &'a self,
        _: &'a PersonIdentity,
        _: &'a SystemName,
        _: Option<&'a TargetContext>,
    ) -> IdentityFuture<'a, PolicyDecision> {
        Box::pin(std::future::ready(match self.0.load(Ordering::SeqCst) {
            Policy::ALLOWS | Policy::LEFT | Policy::UNKNOWN => Ok(PolicyDecision::Allowed(None)),
            Policy::DENIES => Ok(PolicyDecision::Denied),
            _ => Err(IdentityUnavailable),
        }))
    }
}

fn ring() -> KeyRing {
    KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap())
}

fn system(name: &str, kind: AssetKind) -> OwningSystem {
    OwningSystem {
        name: name.parse().unwrap(),
        audience: name.parse().unwrap(),
        issuer: "https://id.example".parse().unwrap(),
        client: format!("{name}-backend").parse().unwrap(),
        kinds: vec![kind],
        deep_link: "https://app.example/i?a={upstreamId}&n={attemptId}&c={context}"
            .parse()
            .unwrap(),
        requires_confirmation: true,
    }
}

impl World {
    fn new() -> Self {
        let store = MemoryStore::default();
        Self::over(store.clone(), store)
    }

    /// A world whose marketplace reaches `store` through `wrapped`.
    fn over(store: MemoryStore, wrapped: impl Store + 'static) -> Self {
        let (clock, policy) = (ManualClock::default(), Arc::new(Policy::default()));
        let systems = vec![
            system("whs", AssetKind::WhsAgent),
            system("agentromatic", AssetKind::AgentromaticWorkflow),
        ];
        let building = Marketplace::builder(wrapped)
            .keys(ring())
            .issuer("https://market.example".parse().unwrap())
            .systems(SystemRegistry::new(systems, &["app.example"]).unwrap())
            .identity(policy.clone())
            .clock(Arc::new(clock.clone()))
            .entropy(Arc::new(SeededEntropy::default()))
            .build();
        let market = pollster::block_on(building).unwrap();
        let (publisher, listing) =
            (PublisherId::from_bytes([1; 16]), ListingId::from_bytes([2; 16]));
        let world = World { store, clock, policy, ring: ring(), market, publisher, listing };
        world.seed_publisher(publisher, TenantId::from_bytes([9; 16]));
        world.seed_listing(listing, publisher, AssetKind::WhsAgent, "free");
        world.seed_release(listing, "1.4.0");
        world
    }

    fn put(&self, record: impl Into<Record>) {
        let record = record.into();
        let expected = pollster::block_on(self.store.get(&record.key())).unwrap();
        let commit = Commit {
            receipt: None,
            expectations: Vec::new(),
            changes: vec![Change::Put { record, expected: expected.map(|row| row.revision) }],
            events: vec![Event {
                at: Timestamp::MIN,
                actor: Actor::Marketplace,
                fact: Fact::PublisherUpdated { publisher: PublisherId::from_bytes([1; 16]) },
                feed: None,
            }],
        };
        let committed = pollster::block_on(self.store.commit(commit)).unwrap();
        assert!(matches!(committed, Committed::Applied { .. }), "{committed:?}");
    }

    fn get<E: Entity>(&self, key: &RecordKey) -> Option<E> {
        pollster::block_on(self.store.get(key)).unwrap().and_then(|row| E::from_record(row.value))
    }

    fn change<E: Entity>(&self, key: &RecordKey, change: impl FnOnce(&mut E)) {
        let mut value = self.get::<E>(key).unwrap();
        change(&mut value);
        self.put(value);
    }

    fn seed_publisher(&self, id: PublisherId, tenant: TenantId) {
        let publisher: Publisher = serde_json::from_value(json!({
            "id": id, "tenant": tenant, "handle": "acme", "profile": {"name": "Acme"},
            "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
        }))
        .unwrap();
        self.put(publisher);
    }

    /// A published listing with a confirmed reference.
    fn seed_listing(&self, id: ListingId, publisher: PublisherId, kind: AssetKind, price: &str) {
        let asset = match kind {
            AssetKind::WhsAgent => json!({"kind": "whs_agent", "whsAgentId": format!("agt_{id}")}),
            _ => json!({"kind": "agentromatic_workflow",
                        "agentromaticWorkflowId": format!("wf_{id}")}),
        };
        self.seed_asset(id, publisher, &asset, price);
        let listing = self.get::<Listing>(&RecordKey::listing(id)).unwrap();
        let tenant = self.get::<Publisher>(&RecordKey::publisher(publisher)).unwrap().tenant;
        let system = if kind == AssetKind::WhsAgent { "whs" } else { "agentromatic" };
        self.put(Binding {
            publisher,
            tenant,
            system: system.parse().unwrap(),
            kind,
            upstream_id: listing.asset.upstream_id().unwrap().clone(),
            state: BindingState::Confirmed,
            reason: None,
            created_at: Timestamp::MIN,
            decided_at: None,
        });
    }

    fn seed_asset(
        &self,
        id: ListingId,
        publisher: PublisherId,
        asset: &serde_json::Value,
        price: &str,
    ) {
        let listing: Listing = serde_json::from_value(json!({
            "id": id, "publisher": publisher, "slug": format!("listing-{id}"), "asset": asset,
            "content": {"title": "Agent", "summary": "Helps.", "category": "tools",
                        "priceClass": price, "visibility": "public"},
            "state": "published",
            "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
            "releasedAt": "2026-01-01T00:00:00Z",
        }))
        .unwrap();
        self.put(listing);
    }

    fn seed_release(&self, listing: ListingId, version: &str) {
        let release: Release = serde_json::from_value(json!({
            "listing": listing, "version": version,
            "content": {"capabilities": ["net:http"], "secrets": ["SMTP_PASSWORD"],
                        "deploymentPin": "dep_1"},
            "digest": Sha256Digest::of(version.as_bytes()),
            "publishedAt": "2026-01-01T00:00:00Z",
        }))
        .unwrap();
        self.put(release);
    }

    fn binding_key(&self) -> RecordKey {
        let listing = self.get::<Listing>(&RecordKey::listing(self.listing)).unwrap();
        let upstream = listing.asset.upstream_id().unwrap();
        let whs = "whs".parse().unwrap();
        RecordKey::binding(self.publisher, &whs, AssetKind::WhsAgent, upstream)
    }

    fn release_key(&self) -> RecordKey {
        RecordKey::release(self.listing, &version("1.4.0"))
    }

    fn act(&self, principal: Principal) -> Acting {
        self.market.act_as(principal)
    }

    fn ada(&self) -> Acting {
        self.act(Principal::person(person("ada")))
    }

    fn whs(&self) -> Acting {
        self.act(service("whs"))
    }

    fn operator(&self) -> Acting {
        self.act(Principal::operator(person("root")))
    }

    fn claim(&self, who: &Acting) -> EntitlementReceipt {
        pollster::block_on(who.claim_free(self.listing, &key("claim"))).unwrap()
    }

    /// A grant of the listing to `holder`.
    fn grant(&self, holder: Holder) -> OperatorGrant {
        OperatorGrant {
            listing: self.listing,
            holder,
            reference: "ticket-31".parse().unwrap(),
            reason: "They paid by letter.".parse().unwrap(),
            window: None,
            pending: false,
        }
    }

    fn begin(&self, who: &Acting, name: &str) -> Result<InstallStarted> {
        pollster::block_on(who.begin_install(self.by_token(), &key(name)))
    }

    fn by_token(&self) -> BeginInstall {
        BeginInstall {
            listing: self.listing,
            version: None,
            method: InstallMethod::Token,
            context: None,
            entitlement: None,
        }
    }

    /// Ada's token for the listing, and its attempt.
    fn issue(&self) -> (InstallToken, AttemptId) {
        self.claim(&self.ada());
        let started = self.begin(&self.ada(), "begin").unwrap();
        (token_of(&started).unwrap(), started.handovers[0].attempt.id)
    }

    fn redeem(&self, token: &InstallToken, name: &str) -> Result<String> {
        self.redeem_as(&self.whs(), token, "ada", name)
    }

    fn redeem_as(
        &self,
        system: &Acting,
        token: &InstallToken,
        subject: &str,
        name: &str,
    ) -> Result<String> {
        let request = RedeemRequest { token: token.clone(), expected: person(subject) };
        pollster::block_on(system.redeem(request, &key(name)))
            .map(|manifest| manifest.as_str().to_owned())
    }

    fn attempt(&self, id: AttemptId) -> Attempt {
        self.get(&RecordKey::attempt(id)).unwrap()
    }

    /// How many events of a kind there are.
    fn events(&self, name: &str) -> usize {
        self.actors(name).len()
    }

    /// Who caused the events of a kind, the earliest first.
    fn actors(&self, name: &str) -> Vec<Actor> {
        let mut after = crate::domain::Position::START;
        let mut found = Vec::new();
        loop {
            let page = pollster::block_on(self.store.events(after, PageSize::MAX)).unwrap();
            let LogPage::Entries(entries) = page else { panic!("the log was pruned") };
            let Some(last) = entries.last() else { return found };
            after = last.position;
            let of_kind = entries.iter().filter(|entry| entry.event.fact.name() == name);
            found.extend(of_kind.map(|entry| entry.event.actor.clone()));
        }
    }
}

fn acme() -> TenantIdentity {
    TenantIdentity::organisation("https://id.example".parse().unwrap(), "acme".parse().unwrap())
}

/// A member of the organisation Acme.
fn person(subject: &str) -> PersonIdentity {
    PersonIdentity::new(acme(), subject.parse().unwrap())
}

fn service(name: &str) -> Principal {
    let client = format!("{name}-backend").parse().unwrap();
    Principal::system("https://id.example".parse().unwrap(), client)
}

/// The idempotency key of this name.
fn key(name: &str) -> IdempotencyKey {
    format!("idempotency-key-{name}").parse().unwrap()
}

/// An idempotency key that was never used.
fn fresh_key() -> IdempotencyKey {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    key(&format!("fresh-{}", NEXT.fetch_add(1, Ordering::SeqCst)))
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn token_of(started: &InstallStarted) -> Option<InstallToken> {
    match &started.handovers[0].way {
        Way::Token(token) => token.clone(),
        Way::DeepLink(_) => None,
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}

/// Changes the listing's state.
fn bring(world: &World, state: ListingState) {
    world.change::<Listing>(&RecordKey::listing(world.listing), |listing| listing.state = state);
}
