//! The data of the figures: issued attempts, and the commits that redeem them.

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::{
    Actor, Attempt, AttemptId, AttemptState, Event, Fact, Redemption, Revision, Timestamp,
};
use fleetprompt_core::port::{
    Change, Commit, Committed, Counter, CounterFamily, Expectation, Fingerprint, IdempotencyScope,
    NewReceipt, Record, RecordKey, Store, Within,
};
use sha2::{Digest as _, Sha256};

use crate::shared::on_two_threads;

/// How long a manifest is, in bytes.
const MANIFEST: usize = 1_500;

/// What every redemption looks at: entitlement, release, listing and publisher.
pub(crate) fn looked_at() -> [Record; 4] {
    let pick = &mut Pick::full();
    [
        samples::entitlement(0, pick).into(),
        samples::release(0, pick).into(),
        samples::listing(0, pick).into(),
        samples::publisher(0, pick).into(),
    ]
}

fn at() -> Timestamp {
    samples::time(0)
}

/// The n-th attempt's id: later ones sort after earlier ones, as version 7 of UUIDs do.
fn id(n: u64) -> AttemptId {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
    AttemptId::from_bytes(bytes)
}

fn issued(n: u64) -> Attempt {
    Attempt {
        id: id(n),
        expires_at: samples::time(n),
        state: AttemptState::Issued,
        redemption: None,
        ..samples::attempt(n, &mut Pick::full())
    }
}

fn redeemed(n: u64) -> Attempt {
    let redemption = Redemption {
        at: at(),
        key_digest: samples::digest(n),
        fingerprint: samples::digest(n),
        manifest: Some("m".repeat(MANIFEST)),
    };
    Attempt { state: AttemptState::Redeemed, redemption: Some(redemption), ..issued(n) }
}

fn event(fact: Fact) -> Event {
    Event { at: at(), actor: Actor::Marketplace, fact, feed: None }
}

fn put(record: impl Into<Record>, expected: Option<Revision>) -> Change {
    Change::Put { record: record.into(), expected }
}

/// Redeems the n-th attempt.
pub(crate) fn redemption(n: u64) -> Commit {
    let attempt = redeemed(n);
    let fact = Fact::InstallRedeemed {
        attempt: attempt.id,
        listing: attempt.listing,
        system: attempt.system.clone(),
    };
    let revision = Some(Revision::FIRST);
    let expectations =
        looked_at().map(|record| Expectation { key: record.key(), revision }).to_vec();
    let counter = |family| Counter::installs(family, attempt.listing, at().day(), &attempt.version);
    let count = |counter| Change::Count { counter, by: 1, within: Within::Any };
    let counts =
        [count(counter(CounterFamily::Redeemed)), count(Counter::seats(attempt.entitlement))];
    Commit {
        receipt: Some(NewReceipt {
            scope: IdempotencyScope(Sha256::digest(n.to_be_bytes()).into()),
            fingerprint: Fingerprint { kid: "k1".parse().unwrap(), digest: [1; 32] },
            answer: format!(
                "{{\"done\":{{\"attempt\":\"{}\",\"state\":\"redeemed\"}}}}",
                attempt.id
            ),
            expires_at: samples::time(n),
        }),
        expectations,
        changes: std::iter::once(put(attempt, revision)).chain(counts).collect(),
        events: vec![event(fact)],
    }
}

/// The key of the n-th attempt.
pub(crate) fn key(n: u64) -> RecordKey {
    RecordKey::attempt(id(n))
}

/// Fills a store with what redemptions look at, and with `attempts` issued attempts.
pub(crate) fn fill(store: &dyn Store, attempts: u64) {
    let first = Commit {
        receipt: None,
        expectations: Vec::new(),
        changes: looked_at().map(|record| put(record, None)).to_vec(),
        events: vec![event(Fact::PublisherCreated { publisher: samples::publisher_id(0) })],
    };
    pollster::block_on(commit(store, first));
    let callers = (0..64).map(|caller| -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            for n in (caller..attempts).step_by(64) {
                let attempt = issued(n);
                let fact = Fact::InstallBegun {
                    attempt: attempt.id,
                    listing: attempt.listing,
                    system: attempt.system.clone(),
                };
                let begun = Commit {
                    receipt: None,
                    expectations: Vec::new(),
                    changes: vec![put(attempt, None)],
                    events: vec![event(fact)],
                };
                commit(store, begun).await;
            }
        })
    });
    on_two_threads(callers.collect());
}

/// Commits, and insists that it is applied.
pub(crate) async fn commit(store: &dyn Store, commit: Commit) {
    let outcome = store.commit(commit).await;
    assert!(matches!(outcome, Ok(Committed::Applied { .. })), "{outcome:?}");
}
