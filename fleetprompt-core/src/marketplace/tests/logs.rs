//! What is written to the host's log when a store breaks.

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::fixture::*;
use crate::conformance::FaultStore;
use crate::domain::*;
use crate::error::{ErrorCode, Result};
use crate::marketplace::{BeginInstall, NewPublisher, RedeemRequest};
use crate::port::{Principal, RecordKey, Store as _, StoreError};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What `drive` writes to the log, at the finest level.
pub(super) fn logged(drive: impl FnOnce()) -> String {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, drive);
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_broken_store_is_logged_under_a_number_and_tells_no_secret_and_no_name() {
    let f = Fixture::default();
    let maker = f.person("maker", "olaf");
    let publisher = f.publisher(&maker, "maker");
    let listing = f.offered(&maker, publisher, "reader");
    let ada = identity("canary-acme", "canary-ada");
    let buyer = f.market.act_as(Principal::person(ada.clone()));
    run(buyer.claim_free(listing, &f.key())).unwrap();
    let (token, _) = f.begin(&buyer, listing, None).unwrap();

    let breaking = FaultStore::new(Arc::new(f.store.clone()));
    let market = f.through(breaking.clone());
    let (buyer, whs) = (
        market.act_as(buyer.principal().clone()),
        market.act_as(f.system("whs").principal().clone()),
    );
    let operator = market.act_as(f.operator().principal().clone());
    let profile = PublisherProfile { name: of("canary-name"), summary: None, website: None };
    let new = NewPublisher { handle: of("canary-handle"), profile };
    let (method, context) = (InstallMethod::Token, Some(of("canary-room")));
    let begin = BeginInstall { listing, version: None, method, context, entitlement: None };
    let request = RedeemRequest { token: token.clone(), expected: ada.clone() };

    let (mut numbers, mut shown) = (Vec::new(), String::new());
    let log = logged(|| {
        let mut note = |outcome: Result<()>| {
            shown.push_str(&format!("{outcome:?}"));
            let Err(error) = outcome else { return };
            shown.push_str(&error.to_string());
            assert_eq!(error.code() == ErrorCode::Internal, error.incident().is_some());
            numbers.extend(error.incident().map(|number| format!("{number:016x}")));
        };
        for calls in 0..24 {
            let key = of(&format!("canary-key-{calls:08}"));
            let broken = || breaking.fail_after(calls, StoreError::Corrupt("as the test says"));
            broken();
            note(run(buyer.create_publisher(new.clone(), &key)).map(drop));
            broken();
            note(run(buyer.begin_install(begin.clone(), &key)).map(drop));
            broken();
            note(run(whs.redeem(request.clone(), &key)).map(drop));
            broken();
            note(run(operator.erase_subject(&ada, &key)).map(drop));
        }
    });
    assert!(numbers.len() > 20);
    for number in numbers {
        assert!(log.contains(&number), "an operator finds {number}");
    }
    assert!(log.contains("as the test says") && !shown.contains("as the test says"));
    let payload = token.expose().split('.').nth(2).unwrap();
    for text in [&log, &shown] {
        for canary in ["canary", payload, "fpi1."] {
            assert!(!text.contains(canary), "{canary}");
        }
    }
}

#[test]
fn a_fence_is_logged_once_it_stands() {
    let f = Fixture::default();
    let breaking = FaultStore::new(Arc::new(f.store.clone()));
    let market = f.through(breaking.clone());
    let operator = market.act_as(f.operator().principal().clone());
    let key = f.key();
    let fence = || run(operator.fence(of("Restored the backup of Monday."), &key));
    let deployment = || run(f.store.get(&RecordKey::deployment())).unwrap();
    let (before, mut failures) = (deployment(), 0);
    loop {
        breaking.fail_after(failures, StoreError::Unavailable("gone"));
        let mut fenced = None;
        let log = logged(|| fenced = Some(fence()));
        let stands = deployment() != before;
        assert_eq!(log.contains("Restored the backup of Monday."), stands, "{failures}: {log}");
        if fenced.unwrap().is_ok() {
            break;
        }
        failures += 1;
    }
    assert!(failures > 3, "its commit failed too");
}
