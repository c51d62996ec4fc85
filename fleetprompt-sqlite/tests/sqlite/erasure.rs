//! Who was erased stands in no file of a store that goes on serving.

use std::path::Path;

use fleetprompt_core::Marketplace;
use fleetprompt_core::domain::PersonIdentity;
use fleetprompt_core::marketplace::RedeemRequest;
use fleetprompt_core::port::{PageSize, Principal};
use pollster::block_on;
use rusqlite::Connection;

use crate::market::{begin, buyer, key, list_an_agent, open, whs};
use crate::support::{dump, folder};

/// How often the names of the buyer and of the buyer's tenant stand in the files.
fn found(path: &Path) -> [usize; 2] {
    let bytes = dump(path);
    ["user_bob", "org_buyers"]
        .map(|name| bytes.windows(name.len()).filter(|part| *part == name.as_bytes()).count())
}

/// A marketplace in which the buyer has redeemed an install, so that a manifest is kept.
fn with_a_buyer(path: &Path) -> Marketplace {
    let market = open(path);
    let (listing, _) = list_an_agent(&market);
    let token = begin(&market, listing);
    let request = RedeemRequest { token, expected: buyer() };
    block_on(whs(&market).redeem(request, &key("redeem"))).unwrap();
    assert!(found(path).iter().all(|times| *times > 0));
    market
}

fn erase(market: &Marketplace) {
    let issuer = "https://id.example".parse().unwrap();
    let olga = PersonIdentity::personal(issuer, "user_olga".parse().unwrap());
    let olga = market.act_as(Principal::operator(olga));
    block_on(olga.erase_subject(&buyer(), &key("erase"))).unwrap();
    block_on(olga.delete_tenant(buyer().tenant(), &key("delete"))).unwrap();
}

#[test]
fn names_leave_the_files_while_the_store_serves() {
    let (_folder, path) = folder();
    let market = with_a_buyer(&path);
    erase(&market);
    assert_eq!(found(&path), [0, 0]);
    drop(market);
}

/// A backup or a report reads for minutes: an erasure does not wait for it, and upkeep makes it good.
#[test]
fn what_somebody_reads_during_an_erasure_leaves_with_the_next_upkeep() {
    let (_folder, path) = folder();
    let market = with_a_buyer(&path);
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let read = "SELECT count(*) FROM person";
    assert!(reader.query_row(read, [], |row| row.get::<_, i64>(0)).unwrap() > 0);
    erase(&market);
    assert_ne!(found(&path), [0, 0], "the reader still sees them");

    reader.execute_batch("COMMIT").unwrap();
    while block_on(market.maintain(PageSize::MAX)).unwrap().more {}
    assert_eq!(found(&path), [0, 0]);
}
