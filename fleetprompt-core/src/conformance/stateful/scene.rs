//! Who is there, what there is at first, and what was learnt since.

use std::sync::Arc;

use super::Wish;
use super::commands::Verb;
use crate::Marketplace;
use crate::conformance::samples::{self, Pick};
use crate::conformance::support::{Draft, handle, wait};
use crate::conformance::{ManualClock, NumberedEntropy};
use crate::domain::{
    Asset, AssetKind, AttemptId, Binding, BindingState, BoundedList, EntitlementId, InvitationId,
    Listing, ListingId, ListingState, NameState, NameSubject, OwningSystem, Person, PersonId,
    PersonIdentity, Position, PriceClass, Publisher, PublisherId, Release, ReleaseContent,
    ReportId, ReportState, Revision, Sha256Digest, SystemName, SystemRegistry, Tenant,
    TenantIdentity, Timestamp, UpstreamId, Version, Visibility,
};
use crate::port::{
    Commit, Counter, CounterFamily, Entity, INDEX_VERSION, Principal, RecordKey, Scan, Store,
    Within,
};
use crate::token::{KeyRing, KeyState, MasterKey};

const ISSUER: &str = "https://id.example";

/// The organisations.
const TENANTS: &[&str] = &["acme", "globex"];
/// The people: their organisation (or none), their name, and whether they administer it.
const PEOPLE: &[(Option<&str>, &str, bool)] = &[
    (Some("acme"), "ada", true),
    (Some("acme"), "bob", false),
    (Some("globex"), "cy", false),
    (None, "dee", false),
];
/// The owning systems, each with what it owns and whether it must confirm references.
const SYSTEMS: &[(&str, AssetKind, bool)] =
    &[("whs", AssetKind::WhsAgent, true), ("agentromatic", AssetKind::AgentromaticWorkflow, false)];

/// Who can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Person,
    /// Whoever made the publisher that it is about.
    PublishersOwner,
    /// Whoever made the listing that it is about.
    ListingsOwner,
    /// Whoever got the entitlement that it is about.
    Holder,
    /// Whoever began the attempt that it is about.
    Beginner,
    Operator,
    System,
    /// The system that the token is for.
    Addressee,
    /// The system that the attempt is for.
    Receiver,
}

pub(super) fn people() -> Vec<PersonIdentity> {
    let issuer = || ISSUER.parse().unwrap();
    let identity = |(tenant, name, _): &(Option<&str>, &str, bool)| match tenant {
        Some(tenant) => PersonIdentity::new(
            TenantIdentity::organisation(issuer(), tenant.parse().unwrap()),
            name.parse().unwrap(),
        ),
        None => PersonIdentity::personal(issuer(), name.parse().unwrap()),
    };
    PEOPLE.iter().map(identity).collect()
}

pub(super) fn tenants() -> Vec<TenantIdentity> {
    let identity =
        |name: &&str| TenantIdentity::organisation(ISSUER.parse().unwrap(), name.parse().unwrap());
    TENANTS.iter().map(identity).collect()
}

/// Those who have a role.
pub(super) fn principals(role: Role) -> Vec<Principal> {
    let people = || people().into_iter().zip(PEOPLE);
    match role {
        Role::Person
        | Role::PublishersOwner
        | Role::ListingsOwner
        | Role::Holder
        | Role::Beginner => people()
            .map(|(identity, (_, _, admin))| match admin {
                true => Principal::admin(identity),
                false => Principal::person(identity),
            })
            .collect(),
        Role::Operator => people().take(1).map(|(who, _)| Principal::operator(who)).collect(),
        Role::System | Role::Addressee | Role::Receiver => {
            SYSTEMS.iter().map(|(name, _, _)| system(&name.parse().unwrap())).collect()
        }
    }
}

/// The service identity of a system.
pub(super) fn system(name: &SystemName) -> Principal {
    Principal::system(ISSUER.parse().unwrap(), name.as_str().parse().unwrap())
}

/// Everybody, and nobody.
pub(super) fn anybody() -> Vec<Principal> {
    let roles = [Role::Person, Role::Operator, Role::System];
    roles.into_iter().flat_map(principals).chain([Principal::Anonymous]).collect()
}

fn systems() -> SystemRegistry {
    let system = |(name, kind, requires_confirmation): &(&str, AssetKind, bool)| OwningSystem {
        name: name.parse().unwrap(),
        audience: name.parse().unwrap(),
        issuer: ISSUER.parse().unwrap(),
        client: name.parse().unwrap(),
        kinds: vec![*kind],
        deep_link: "https://systems.example/i?u={upstreamId}&a={attemptId}".parse().unwrap(),
        requires_confirmation: *requires_confirmation,
    };
    SystemRegistry::new(SYSTEMS.iter().map(system).collect(), &["systems.example"]).unwrap()
}

fn master(n: u8) -> MasterKey {
    MasterKey::from_bytes(&[n; 32]).unwrap()
}

pub(super) fn first_keys() -> KeyRing {
    KeyRing::single(master(1))
}

/// The ring with its retiring key revoked; if it has none, with a new key in use.
pub(super) fn rotated(keys: &KeyRing) -> KeyRing {
    let retiring = keys.kids().find(|(_, state)| *state == KeyState::Retiring);
    if let Some((kid, _)) = retiring {
        return keys.revoke(kid).unwrap();
    }
    let n = keys.kids().count() + 1;
    let kid = format!("k{n}").parse().unwrap();
    let secret = master(u8::try_from(n).unwrap());
    keys.with_pending(kid, secret).unwrap().activate(&kid).unwrap()
}

pub(super) fn market(
    store: impl Store + 'static,
    clock: &ManualClock,
    entropy: &NumberedEntropy,
    keys: &KeyRing,
) -> Marketplace {
    let market = Marketplace::builder(store)
        .keys(keys.clone())
        .issuer("https://market.example".parse().unwrap())
        .systems(systems())
        .clock(Arc::new(clock.clone()))
        .entropy(Arc::new(entropy.clone()));
    pollster::block_on(market.build()).unwrap()
}

/// What an import left behind: a publisher with listings, releases and references, one listing to a
/// commit.
pub(super) fn seed() -> Vec<Commit> {
    let tenant = samples::tenant_id(0);
    let publisher = Publisher { tenant, ..samples::publisher(0, &mut Pick::sparse()) };
    let mut draft = Draft::new()
        .event(0)
        .claim(&handle(publisher.handle.skeleton().as_str()), &publisher.id.to_string())
        .count(&Counter::of_publisher(CounterFamily::Listings, publisher.id), 4, Within::Any);
    draft = draft.create(publisher.clone());
    let mut commits = Vec::new();
    for (n, asset) in (0..).zip(assets()) {
        if let Some(upstream_id) = asset.upstream_id() {
            draft = draft.create(reference(publisher.id, &asset, upstream_id.clone()));
        }
        let mut listing = samples::listing(n, &mut Pick::sparse());
        listing.content.visibility = Visibility::Public;
        listing.content.price_class = if n == 3 { PriceClass::Entitled } else { PriceClass::Free };
        let listing = Listing {
            publisher: publisher.id,
            asset,
            state: ListingState::Published,
            takedown: None,
            ..listing
        };
        for version in ["1.0.0", "1.1.0", "2.0.0-rc.1"] {
            let release = Release {
                listing: listing.id,
                version: version.parse().unwrap(),
                content: ReleaseContent::default(),
                digest: Sha256Digest::of(version.as_bytes()),
                yanked: None,
                published_at: Timestamp::MIN,
            };
            draft = draft.create(release);
        }
        commits.push(draft.create(listing).public_event(n).0);
        draft = Draft::new();
    }
    commits
}

/// What is asked for first, so that a run begins with something to ask about: two publishers, a
/// member, a listing with a release, three claims and three installs. The first publisher has a
/// badge, so that names which look like its own are held from then on.
pub(super) fn prologue() -> Vec<Wish> {
    let wish = |key, verb, who, what| Wish { verb, anybody: false, who, what, key };
    vec![
        wish(100, Verb::CreatePublisher, 0, [0, 0, 0]),
        wish(101, Verb::CreatePublisher, 2, [0, 2, 1]),
        wish(114, Verb::GrantBadge, 0, [7, 0, 0]),
        wish(102, Verb::Invite, 0, [7, 1, 0]),
        wish(103, Verb::AcceptInvitation, 1, [0, 0, 0]),
        wish(110, Verb::CreateListing, 0, [7, 0, 0]),
        wish(111, Verb::PublishRelease, 0, [0, 0, 0]),
        wish(112, Verb::DecideReference, 0, [19, 0, 8]),
        wish(113, Verb::PublishListing, 0, [0, 0, 0]),
        wish(104, Verb::ClaimFree, 1, [0, 0, 0]),
        wish(105, Verb::ClaimFree, 3, [1, 0, 0]),
        wish(106, Verb::ClaimFree, 2, [2, 0, 0]),
        wish(107, Verb::BeginInstall, 0, [0, 0, 0]),
        wish(108, Verb::BeginInstall, 0, [7, 0, 0]),
        wish(109, Verb::BeginInstall, 0, [14, 0, 0]),
    ]
}

pub(super) fn assets() -> [Asset; 4] {
    let members = vec![samples::listing_id(0), samples::listing_id(1)];
    [
        Asset::WhsAgent { whs_agent_id: "agent/1".parse().unwrap() },
        Asset::AgentromaticWorkflow { agentromatic_workflow_id: "flow's".parse().unwrap() },
        Asset::Pack { members: BoundedList::try_from(members).unwrap() },
        Asset::WhsAgent { whs_agent_id: "agent/2".parse().unwrap() },
    ]
}

fn reference(publisher: PublisherId, asset: &Asset, upstream_id: UpstreamId) -> Binding {
    let (system, _, _) = SYSTEMS.iter().find(|(_, kind, _)| *kind == asset.kind()).unwrap();
    Binding {
        publisher,
        tenant: samples::tenant_id(0),
        system: system.parse().unwrap(),
        kind: asset.kind(),
        upstream_id,
        state: BindingState::Confirmed,
        reason: None,
        created_at: Timestamp::MIN,
        decided_at: Some(Timestamp::MIN),
    }
}

/// Something that a caller knows of.
#[derive(Clone, Debug)]
pub(super) struct Known<T> {
    pub(super) it: T,
    /// Who was told.
    pub(super) by: Principal,
    /// Its revision at that time.
    pub(super) revision: Revision,
}

/// What an answer teaches.
#[derive(Clone, Debug)]
pub(super) enum Lesson {
    Publisher(Known<PublisherId>),
    Held(NameSubject),
    Seen(NameSubject, Position),
    Listing(Known<ListingId>),
    Member(PersonId),
    Invitation(InvitationId),
    Report(ReportId),
    Code(String),
    Entitlement(Known<(EntitlementId, ListingId)>),
    Attempt(Known<(AttemptId, SystemName)>),
    Token(Known<(String, SystemName)>),
}

/// What callers know: ids, tokens and codes.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) publishers: Vec<Known<PublisherId>>,
    /// Whose names were held at some time, and as what an operator saw them.
    pub(super) held: Vec<(NameSubject, Position)>,
    pub(super) members: Vec<PersonId>,
    pub(super) listings: Vec<Known<ListingId>>,
    pub(super) references: Vec<(AssetKind, UpstreamId)>,
    pub(super) versions: Vec<Version>,
    pub(super) invitations: Vec<InvitationId>,
    pub(super) reports: Vec<ReportId>,
    pub(super) codes: Vec<String>,
    pub(super) entitlements: Vec<Known<(EntitlementId, ListingId)>>,
    pub(super) attempts: Vec<Known<(AttemptId, SystemName)>>,
    pub(super) tokens: Vec<Known<(String, SystemName)>>,
}

impl Default for Scene {
    /// What was there at first, and something of each kind that never was.
    fn default() -> Self {
        fn known<T>(it: T) -> Known<T> {
            let by = principals(Role::Person).swap_remove(0);
            Known { it, by, revision: Revision::FIRST }
        }
        let whs: SystemName = "whs".parse().unwrap();
        let reference = |asset: &Asset| Some((asset.kind(), asset.upstream_id()?.clone()));
        Scene {
            publishers: vec![known(samples::publisher_id(0))],
            held: vec![(NameSubject::Publisher(samples::publisher_id(0)), Position::START)],
            members: vec![samples::person_id(0)],
            listings: (0..5).map(samples::listing_id).map(known).collect(),
            references: assets().iter().filter_map(reference).collect(),
            versions: ["1.0.0", "1.1.0", "2.0.0-rc.1", "9.9.9"].map(|v| v.parse().unwrap()).into(),
            invitations: vec![samples::invitation_id(0)],
            reports: vec![samples::report_id(0)],
            codes: vec!["no code".to_owned()],
            entitlements: vec![known((samples::entitlement_id(0), samples::listing_id(0)))],
            attempts: vec![known((samples::attempt_id(0), whs.clone()))],
            tokens: vec![known(("fpi1.k1.e30.AAAA".to_owned(), whs))],
        }
    }
}

impl Scene {
    pub(super) fn learn(&mut self, lessons: Vec<Lesson>) {
        fn add<T: PartialEq>(known: &mut Vec<T>, new: T) {
            if !known.contains(&new) {
                known.push(new);
            }
        }
        /// Whoever was told first stays the one who acts.
        fn renew<T: PartialEq>(all: &mut Vec<Known<T>>, new: Known<T>, same: fn(&T, &T) -> bool) {
            match all.iter_mut().find(|known| same(&known.it, &new.it)) {
                Some(known) => known.revision = new.revision,
                None => all.push(new),
            }
        }
        for lesson in lessons {
            match lesson {
                Lesson::Publisher(known) => renew(&mut self.publishers, known, PartialEq::eq),
                Lesson::Listing(known) => renew(&mut self.listings, known, PartialEq::eq),
                Lesson::Held(subject) => {
                    if self.held.iter().all(|(known, _)| *known != subject) {
                        self.held.push((subject, Position::START));
                    }
                }
                Lesson::Seen(subject, version) => {
                    self.held.retain(|(known, _)| *known != subject);
                    self.held.push((subject, version));
                }
                Lesson::Member(id) => add(&mut self.members, id),
                Lesson::Invitation(id) => add(&mut self.invitations, id),
                Lesson::Report(id) => add(&mut self.reports, id),
                Lesson::Code(code) => add(&mut self.codes, code),
                Lesson::Entitlement(known) => {
                    renew(&mut self.entitlements, known, |(one, _), (other, _)| one == other);
                }
                Lesson::Attempt(known) => renew(&mut self.attempts, known, PartialEq::eq),
                Lesson::Token(known) => renew(&mut self.tokens, known, PartialEq::eq),
            }
        }
    }

    /// Every record whose address is known.
    pub(super) fn records(&self) -> Vec<RecordKey> {
        let people = people();
        let mut keys = vec![RecordKey::deployment(), RecordKey::index_progress(INDEX_VERSION)];
        keys.push(RecordKey::rendering_progress());
        keys.extend(people.iter().map(RecordKey::person));
        keys.extend(people.iter().map(|person| RecordKey::tenant(person.tenant())));
        keys.extend(self.publishers.iter().map(|known| RecordKey::publisher(known.it)));
        keys.extend(self.listings.iter().map(|known| RecordKey::listing(known.it)));
        keys.extend(self.listings.iter().map(|known| RecordKey::standing(known.it)));
        keys.extend(self.subjects().map(RecordKey::name_review));
        keys.extend(self.listings.iter().map(|known| RecordKey::rendered(known.it, None)));
        keys.extend(self.invitations.iter().map(|id| RecordKey::invitation(*id)));
        keys.extend(self.reports.iter().map(|id| RecordKey::report(*id)));
        keys.extend(self.entitlements.iter().map(|known| RecordKey::entitlement(known.it.0)));
        keys.extend(self.attempts.iter().map(|known| RecordKey::attempt(known.it.0)));
        keys
    }

    /// Whatever has a name.
    fn subjects(&self) -> impl Iterator<Item = NameSubject> {
        let publishers = self.publishers.iter().map(|known| NameSubject::Publisher(known.it));
        publishers.chain(self.listings.iter().map(|known| NameSubject::Listing(known.it)))
    }

    /// Every list of what is known.
    pub(super) fn scans(&self, store: &dyn Store) -> Vec<Scan> {
        let mut scans = vec![
            Scan::AllListings,
            Scan::AllReleases,
            Scan::AllPublishers,
            Scan::RenderedByVersion,
            Scan::InvitationsByExpiry,
            Scan::AttemptsByExpiry,
            Scan::BuyerMarksByExpiry,
        ];
        scans.extend(NameState::ALL.iter().map(|state| Scan::NameReviews(*state)));
        scans.extend(ReportState::ALL.iter().map(|state| Scan::Reports(*state)));
        scans.extend(self.subjects().map(Scan::WellKnownOf));
        for Known { it: id, .. } in &self.publishers {
            scans.extend([
                Scan::ListingsOf(*id),
                Scan::MembersOf(*id),
                Scan::InvitationsOf(*id),
                Scan::BindingsOfPublisher(*id),
            ]);
        }
        for Known { it: id, .. } in &self.listings {
            scans.push(Scan::BuyersOf(*id));
            let (channel, available_only) = (None, false);
            scans.push(Scan::Releases { listing: *id, channel, available_only });
        }
        scans.extend(self.entitlements.iter().map(|known| Scan::SeatsOf(known.it.0)));
        for identity in people() {
            if let Some(Person { id, .. }) = read(store, &RecordKey::person(&identity)) {
                scans.extend([
                    Scan::MembershipsOf(id),
                    Scan::EntitlementsOfPerson(id),
                    Scan::AttemptsOfPerson(id),
                    Scan::PersonBehind(id),
                ]);
            }
            if let Some(Tenant { id, .. }) = read(store, &RecordKey::tenant(identity.tenant())) {
                scans.extend([
                    Scan::PublishersOf(id),
                    Scan::PersonsOf(id),
                    Scan::EntitlementsOfTenant(id),
                    Scan::AttemptsOfTenant(id),
                    Scan::TenantBehind(id),
                ]);
            }
        }
        scans
    }

    /// Every counter of what is known, those of days aside.
    pub(super) fn counters(&self, store: &dyn Store) -> Vec<Counter> {
        use CounterFamily::{Invitations, Listings, Members, Owners};
        let mut counters: Vec<Counter> =
            self.entitlements.iter().map(|known| Counter::seats(known.it.0)).collect();
        for Known { it: id, .. } in &self.publishers {
            let of = |family| Counter::of_publisher(family, *id);
            counters.extend([Owners, Members, Listings, Invitations].map(of));
        }
        for identity in people() {
            if let Some(Tenant { id, .. }) = read(store, &RecordKey::tenant(identity.tenant())) {
                counters.push(Counter::publishers(id));
            }
        }
        counters
    }
}

fn read<E: Entity>(store: &dyn Store, key: &RecordKey) -> Option<E> {
    wait(store.get(key)).and_then(|row| E::from_record(row.value))
}
