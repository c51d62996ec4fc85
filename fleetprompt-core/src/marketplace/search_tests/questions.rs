//! How often a page asks the store: as often for many listings as for one.

use std::sync::Arc;

use super::*;
use crate::conformance::FaultStore;
use crate::error::Result;
use crate::marketplace::Acting;
use crate::port::{Principal, StoreError};

const PUBLISHERS: [&str; 4] = ["acme", "birch", "cedar", "dune"];

fn catalogue() -> Fixture {
    let f = Fixture::default();
    for n in 0..12 {
        let publisher = PUBLISHERS[n % PUBLISHERS.len()];
        let row = row(&format!("sorter-{n}"), &format!("Sorter {n}"), "Sorts what comes.");
        Row { publisher, ..row }.add(&f);
    }
    f
}

/// The fewest calls with which a page of so many listings is answered.
fn calls(f: &Fixture, listings: u16, ask: impl Fn(&Acting, PageSize) -> Result<usize>) -> u64 {
    let store = FaultStore::new(Arc::new(f.store.clone()));
    let reader = f.through(store.clone()).act_as(Principal::Anonymous);
    let answered = |calls: &u64| {
        store.fail_after(*calls, StoreError::Unavailable("there were enough calls"));
        ask(&reader, PageSize::new(listings)).is_ok_and(|found| found == usize::from(listings))
    };
    (0..40).find(answered).unwrap()
}

#[test]
fn a_page_asks_the_store_as_often_for_many_listings_as_for_one() {
    let f = catalogue();
    let browsed = |reader: &Acting, size| {
        let filter = CatalogueFilter::default();
        let page = run(reader.browse(filter, CatalogueOrder::Popularity, None, size))?;
        Ok(page.items.len())
    };
    let searched = |reader: &Acting, size| {
        Ok(run(reader.search(&request("sorts what "), None, size))?.items.len())
    };
    // The entries, the listings, and what is known of them.
    assert_eq!([1, 12].map(|listings| calls(&f, listings, browsed)), [3, 3]);
    // Before these, how frequent the words are.
    assert_eq!([1, 12].map(|listings| calls(&f, listings, searched)), [4, 4]);
}
