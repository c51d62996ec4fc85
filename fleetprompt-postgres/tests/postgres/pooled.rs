//! Standbys behind poolers in transaction mode: pgbouncer, which gives each transaction another session.

use fleetprompt_core::ErrorKind;
use fleetprompt_core::port::Store as _;
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;

use crate::cluster::Cluster;
use crate::market::{self, begin, list_an_agent, publish, redeem};
use crate::pooler::Pooler;
use crate::replica::{HOURS, pause, retitle, shown, wait_for_all};

#[test]
fn visitors_read_from_a_standby_behind_a_pooler() {
    let primary = Cluster::new("");
    let standby = primary.standby();
    let poolers = [&primary, &standby].map(Pooler::to);
    let options = PostgresStore::options().connections(4).transaction_pooling(true);
    let options = options.replica(poolers[1].url().parse().unwrap(), HOURS);
    let store = block_on(options.connect(poolers[0].url())).unwrap();
    let market = market::open(store.clone());
    let acme = publish(&market);
    let listing = list_an_agent(&market, acme, 0);
    wait_for_all(&store);
    pause(&standby);
    retitle(&market, listing, "Another reader");
    assert_eq!(shown(&market, acme, listing), "Invoice reader 0");
    standby.sql("SELECT pg_wal_replay_resume()");
    wait_for_all(&store);
    assert_eq!(shown(&market, acme, listing), "Another reader");
    standby.stop();
    retitle(&market, listing, "Third reader");
    assert_eq!(shown(&market, acme, listing), "Third reader");
}

#[test]
fn a_promoted_standby_behind_a_pooler_is_found() {
    let primary = Cluster::new("");
    let standby = primary.standby();
    primary.replicate_synchronously();
    let poolers = [&primary, &standby].map(Pooler::to);
    // Whichever of the two is the primary. Neither the pooler nor the store gives up a question by the
    // clock, so what is asked of the one that is lost ends when the other is found, or never.
    let options = PostgresStore::options().connections(4).transaction_pooling(true);
    let options = options.statement_timeout(HOURS);
    let options = options.failover(poolers[0].url().parse().unwrap());
    let store = block_on(options.connect(poolers[1].url())).unwrap();
    let market = market::open(store.clone());
    let acme = publish(&market);
    let listing = list_an_agent(&market, acme, 0);
    let token = begin(&market, listing, 0);
    let before = block_on(store.head()).unwrap();
    primary.kill();
    standby.promote();
    let redeemed = loop {
        match redeem(&market, &token, 0) {
            Ok(manifest) => break manifest,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}"),
        }
    };
    assert_eq!(redeem(&market, &token, 0).unwrap().as_str(), redeemed.as_str());
    assert!(block_on(store.head()).unwrap().last > before.last);
    assert!(!standby.sql("SELECT FROM fleetprompt.attempt").is_empty());
}
