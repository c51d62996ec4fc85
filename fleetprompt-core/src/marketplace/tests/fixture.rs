//! A marketplace in memory, with a clock and randomness in the test's hand.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::conformance::{ManualClock, SeededEntropy};
use crate::domain::*;
use crate::error::{ErrorCode, Result};
use crate::marketplace::{
    Acting, BeginInstall, ContentPatch, ListingPatch, Marketplace, MarketplaceBuilder, NewListing,
    NewPublisher, RedeemRequest, RedeemedManifest, ReferenceDecision, Way,
};
use crate::memory::MemoryStore;
use crate::port::{Clock as _, PageSize, Principal, RecordKey, Store};
use crate::token::{InstallToken, KeyRing, MasterKey};

pub(crate) const ALL: PageSize = PageSize::MAX;

pub(crate) struct Fixture {
    pub(crate) market: Marketplace,
    pub(crate) store: MemoryStore,
    pub(crate) clock: ManualClock,
    entropy: SeededEntropy,
    keys: AtomicU64,
    damaged: AtomicBool,
}

/// Whatever a test did, what is left goes together.
impl Drop for Fixture {
    fn drop(&mut self) {
        if std::thread::panicking() || self.damaged.load(Ordering::SeqCst) {
            return;
        }
        let report = run(self.market.check_records(|_| {})).unwrap();
        assert!(report.is_clean() && report.unsettled == 0, "{:#?}", report.examples);
    }
}

fn builder(
    store: impl Store + 'static,
    clock: &ManualClock,
    entropy: &SeededEntropy,
) -> MarketplaceBuilder {
    Marketplace::builder(store)
        .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap()))
        .issuer(of("https://market.example"))
        .systems(systems())
        .clock(Arc::new(clock.clone()))
        .entropy(Arc::new(entropy.clone()))
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// A value of any parsed type.
pub(crate) fn of<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

impl Default for Fixture {
    fn default() -> Self {
        Self::with(|builder| builder)
    }
}

impl Fixture {
    pub(crate) fn with(change: impl FnOnce(MarketplaceBuilder) -> MarketplaceBuilder) -> Self {
        let (store, clock) = (MemoryStore::default(), ManualClock::default());
        let entropy = SeededEntropy::default();
        let builder = builder(store.clone(), &clock, &entropy);
        let market = run(change(builder).build()).unwrap();
        Fixture {
            market,
            store,
            clock,
            entropy,
            keys: AtomicU64::new(0),
            damaged: AtomicBool::new(false),
        }
    }

    /// Says that the test wrote past the marketplace what does not go together.
    pub(crate) fn is_damaged(&self) {
        self.damaged.store(true, Ordering::SeqCst);
    }

    /// The same marketplace as another process sees it, through `wrapped`, over the same store.
    pub(crate) fn through(&self, wrapped: impl Store + 'static) -> Marketplace {
        self.through_with(wrapped, |builder| builder)
    }

    /// As [`through`](Self::through), put together in another way.
    pub(crate) fn through_with(
        &self,
        wrapped: impl Store + 'static,
        change: impl FnOnce(MarketplaceBuilder) -> MarketplaceBuilder,
    ) -> Marketplace {
        run(change(builder(wrapped, &self.clock, &self.entropy)).build()).unwrap()
    }

    /// A published agent with a confirmed reference and a release.
    pub(crate) fn offered(&self, by: &Acting, publisher: PublisherId, slug: &str) -> ListingId {
        let id = self.published(by, publisher, slug);
        self.release(by, id, "1.0.0");
        let (kind, confirm) = (AssetKind::WhsAgent, ReferenceDecision::Confirm { reason: None });
        let whs = self.system("whs");
        run(whs.decide_reference(publisher, kind, of(slug), confirm, &self.key())).unwrap();
        id
    }

    /// The token of an install that `buyer` begins, and its attempt.
    pub(crate) fn begin(
        &self,
        buyer: &Acting,
        listing: ListingId,
        context: Option<&str>,
    ) -> Result<(InstallToken, AttemptId)> {
        let begin = BeginInstall {
            listing,
            version: None,
            method: InstallMethod::Token,
            context: context.map(of),
            entitlement: None,
        };
        let handover = run(buyer.begin_install(begin, &self.key()))?.handovers.remove(0);
        let Way::Token(Some(token)) = handover.way else { panic!("no token") };
        Ok((token, handover.attempt.id))
    }

    /// The owning system redeems a token of `expected`.
    pub(crate) fn redeem(
        &self,
        token: &InstallToken,
        expected: &PersonIdentity,
        key: &IdempotencyKey,
    ) -> Result<RedeemedManifest> {
        let request = RedeemRequest { token: token.clone(), expected: expected.clone() };
        run(self.system("whs").redeem(request, key))
    }

    /// Begins and redeems an install of a free listing, claimed if need be.
    pub(crate) fn install(&self, buyer: &PersonIdentity, listing: ListingId) -> AttemptId {
        let acting = self.market.act_as(Principal::person(buyer.clone()));
        if let Err(refused) = run(acting.claim_free(listing, &self.key())) {
            assert_eq!(refused.code(), ErrorCode::SourceTaken);
        }
        let (token, attempt) = self.begin(&acting, listing, None).unwrap();
        self.redeem(&token, buyer, &self.key()).unwrap();
        attempt
    }

    /// A key that was never used.
    pub(crate) fn key(&self) -> IdempotencyKey {
        of(&format!("test-key-{:08}", self.keys.fetch_add(1, Ordering::SeqCst)))
    }

    /// `name` in the organisation `tenant`.
    pub(crate) fn person(&self, tenant: &str, name: &str) -> Acting {
        self.market.act_as(Principal::person(identity(tenant, name)))
    }

    pub(crate) fn operator(&self) -> Acting {
        self.market.act_as(Principal::operator(identity("market", "olga")))
    }

    /// What an operator sees now of whose name is held.
    pub(crate) fn seen(&self, subject: NameSubject) -> Position {
        let found = run(self.store.get(&RecordKey::name_review(subject))).unwrap();
        found.map_or(Position::START, |review| review.changed)
    }

    pub(crate) fn anonymous(&self) -> Acting {
        self.market.act_as(Principal::Anonymous)
    }

    pub(crate) fn system(&self, name: &str) -> Acting {
        self.market.act_as(Principal::system(of("https://id.example"), of(name)))
    }

    pub(crate) fn publisher(&self, owner: &Acting, handle: &str) -> PublisherId {
        let profile = PublisherProfile { name: of(handle), summary: None, website: None };
        let new = NewPublisher { handle: of(handle), profile };
        run(owner.create_publisher(new, &self.key())).unwrap().id
    }

    /// A draft of an agent.
    pub(crate) fn draft(&self, by: &Acting, publisher: PublisherId, slug: &str) -> ListingId {
        let new = new_listing(publisher, slug);
        run(by.create_listing(new, &self.key())).unwrap().id
    }

    /// A published agent.
    pub(crate) fn published(&self, by: &Acting, publisher: PublisherId, slug: &str) -> ListingId {
        let id = self.draft(by, publisher, slug);
        run(by.publish_listing(id, &self.key())).unwrap();
        id
    }

    /// A published pack of `members`, free for everybody.
    pub(crate) fn pack(
        &self,
        by: &Acting,
        publisher: PublisherId,
        members: &[ListingId],
    ) -> ListingId {
        let asset = Asset::Pack { members: members.to_vec().try_into().unwrap() };
        let new = NewListing { asset, ..new_listing(publisher, "pack") };
        let id = run(by.create_listing(new, &self.key())).unwrap().id;
        run(by.publish_listing(id, &self.key())).unwrap();
        id
    }

    /// An agent as [`offered`](Self::offered), which has a price.
    pub(crate) fn priced(&self, by: &Acting, publisher: PublisherId, slug: &str) -> ListingId {
        let id = self.offered(by, publisher, slug);
        let revision = run(by.listing(id)).unwrap().revision;
        let price = ContentPatch { price_class: Some(PriceClass::Entitled), ..Default::default() };
        let patch = ListingPatch { content: Some(price), ..Default::default() };
        run(by.patch_listing(id, revision, patch, &self.key())).unwrap();
        id
    }

    pub(crate) fn release(&self, by: &Acting, listing: ListingId, version: &str) {
        let content = ReleaseContent::default();
        run(by.publish_release(listing, of(version), content, &self.key())).unwrap();
    }

    /// Brings `guest` into a publisher.
    pub(crate) fn join(
        &self,
        owner: &Acting,
        publisher: PublisherId,
        guest: &Acting,
        role: PublisherRole,
    ) -> PersonId {
        let issued = run(owner.invite(publisher, role, &self.key())).unwrap();
        let code = issued.code.unwrap();
        run(guest.accept_invitation(&code, &self.key())).unwrap().person
    }

    /// Lets time go by, and upkeep look at the clock a day before the end, so that it believes it.
    pub(crate) fn pass(&self, span: Span) {
        let until = self.clock.now().plus(span);
        for at in [until.minus(Span::DAY).max(self.clock.now()), until] {
            self.clock.set(at);
            run(self.market.inner.time_to_forget()).unwrap();
        }
    }

    /// How many events the log holds.
    pub(crate) fn events(&self) -> u64 {
        run(self.store.head()).unwrap().last.get()
    }

    /// Does a write twice under one key, and checks that it was done once.
    pub(crate) fn twice<R: PartialEq + Debug>(
        &self,
        write: impl AsyncFn(&IdempotencyKey) -> Result<R>,
    ) -> R {
        let key = self.key();
        let first = run(write(&key)).unwrap();
        let events = self.events();
        self.clock.advance(Span::seconds(1));
        assert_eq!(run(write(&key)), Ok(first), "a retry gets the same answer");
        assert_eq!(self.events(), events, "a retry has no effect of its own");
        run(write(&key)).unwrap()
    }
}

/// What looks like a token of GitLab, and fits nearly every field. Put together here, so that no
/// scanner of sources finds one.
pub(crate) fn secret() -> String {
    ["glpat", "x7q2m9k4t1v8b3n6w5z0"].join("-")
}

pub(crate) fn identity(tenant: &str, name: &str) -> PersonIdentity {
    let tenant = TenantIdentity::organisation(of("https://id.example"), of(tenant));
    PersonIdentity::new(tenant, of(name))
}

pub(crate) fn content(title: &str) -> ListingContent {
    ListingContent {
        title: of(title),
        summary: of("Reads invoices."),
        description: None,
        tags: Tags::default(),
        category: of("finance"),
        price_class: PriceClass::Free,
        visibility: Visibility::Public,
        documentation: None,
        repository: None,
        license: None,
    }
}

pub(crate) fn agent(id: &str) -> Asset {
    Asset::WhsAgent { whs_agent_id: of(id) }
}

pub(crate) fn new_listing(publisher: PublisherId, slug: &str) -> NewListing {
    NewListing { publisher, slug: of(slug), asset: agent(slug), content: content(slug) }
}

fn systems() -> SystemRegistry {
    let system = |name: &str, kind| OwningSystem {
        name: of(name),
        audience: of(name),
        issuer: of("https://id.example"),
        client: of(name),
        kinds: vec![kind],
        deep_link: of("https://owner.example/install?u={upstreamId}&a={attemptId}"),
        requires_confirmation: true,
    };
    let systems = vec![
        system("whs", AssetKind::WhsAgent),
        system("agentromatic", AssetKind::AgentromaticWorkflow),
        system("specprompt", AssetKind::SpecAsset),
    ];
    SystemRegistry::new(systems, &["owner.example"]).unwrap()
}

/// The code of a refusal.
pub(crate) fn refused<T>(result: Result<T>) -> ErrorCode {
    result.map(drop).unwrap_err().code()
}

/// The value as often as it has objects, each time with a field in one of them that nobody knows.
pub(crate) fn with_more(value: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::Value;
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            let with = |key: &str, value: Value| {
                let mut changed = members.clone();
                changed.insert(key.to_owned(), value);
                Value::Object(changed)
            };
            found.push(with("more", true.into()));
            for (key, inner) in members {
                found.extend(with_more(inner).into_iter().map(|inner| with(key, inner)));
            }
        }
        Value::Array(entries) => {
            for (n, inner) in entries.iter().enumerate() {
                found.extend(with_more(inner).into_iter().map(|inner| {
                    let mut changed = entries.clone();
                    changed[n] = inner;
                    Value::Array(changed)
                }));
            }
        }
        _ => {}
    }
    found
}
