//! Whole tables, read row by row.

use crate::conformance::StoreFixture;
use crate::conformance::samples::{self, Pick, time};
use crate::conformance::support::{Draft, handle, wait};
use crate::domain::{Position, Revision, Sha256Digest};
use crate::memory::MemoryStore;
use crate::port::{
    CopyKey, CopyRow, CopyTable, Counter, PageSize, Prune, RecordKind, Store, StoreError, Within,
};

use super::catalogue::entry;

/// A few rows in every table, some of them written twice and some gone again.
fn fill(store: &dyn Store) {
    for kind in RecordKind::ALL {
        let many = samples::kinds_of_many().any(|one| one == kind);
        for n in 0..if many { 5 } else { 1 } {
            let record = samples::record(*kind, n, &mut Pick::seeded(n));
            let key = record.key();
            Draft::new().event(n).public_event(n).create(record.clone()).apply(store);
            match n {
                1 => drop(Draft::with_event().put(record, Some(Revision::FIRST)).apply(store)),
                2 => drop(Draft::with_event().delete(key, Revision::FIRST).apply(store)),
                _ => {}
            }
        }
    }
    for (n, text) in (0..).zip(["Zebra", "a", "a a", "aa", "zebra", "Äpfel", "100%", "it's"]) {
        let seats = Counter::seats(samples::entitlement_id(n));
        Draft::new()
            .claim(&handle(text), "ada")
            .claim(&samples::name(n), text)
            .count(&seats, 3, Within::Any)
            .receipt(u8::try_from(n * 31).unwrap(), text, time(n))
            .apply(store);
        if n % 3 == 0 {
            Draft::new().count(&seats, -3, Within::Any).release(&handle(text), "ada").apply(store);
        }
    }
    for n in [4, 0, 3] {
        Draft::with_event().index(n, entry(2, "web agent", "k:a")).apply(store);
    }
    wait(store.prune(Prune::Events(time(1)), 3));
    wait(store.prune(Prune::Receipts(time(1)), 1));
}

fn read(store: &dyn Store, table: CopyTable, size: u16) -> Vec<CopyRow> {
    let mut rows: Vec<CopyRow> = Vec::new();
    loop {
        let after = rows.last().map(CopyRow::key);
        let page = wait(store.rows(table, after.as_ref(), PageSize::new(size)));
        let full = page.len() == usize::from(size);
        assert!(page.len() <= usize::from(size), "a page holds no more than was asked");
        rows.extend(page);
        if !full {
            return rows;
        }
    }
}

pub(in crate::conformance) fn every_table_is_read_whole_in_the_order_of_keys<F: StoreFixture>() {
    let fixture = F::new();
    let (store, oracle) = (fixture.store(), MemoryStore::default());
    for table in CopyTable::all() {
        assert_eq!(read(&*store, table, 3), [], "{table:?}");
    }
    fill(&*store);
    fill(&oracle);
    for table in CopyTable::all() {
        let expected = read(&oracle, table, 200);
        assert!(!expected.is_empty(), "{table:?}");
        assert!(expected.is_sorted_by_key(CopyRow::key), "{table:?}");
        for size in [1, 2, 3, 200] {
            assert_eq!(read(&*store, table, size), expected, "{table:?} by {size}");
        }
    }
}

pub(in crate::conformance) fn a_page_goes_on_behind_a_row_of_the_same_table<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let keys = [
        CopyKey::Text("a".to_owned()),
        CopyKey::Pair("handle".to_owned(), "a".to_owned()),
        CopyKey::Digest(Sha256Digest::of(b"a")),
        CopyKey::Position(Position::new(1)),
    ];
    for table in CopyTable::all() {
        let taken = keys.iter().filter(|key| {
            match pollster::block_on(store.rows(table, Some(*key), PageSize::MAX)) {
                Ok(rows) => rows.is_empty(),
                Err(error) => {
                    assert!(matches!(error, StoreError::Malformed(_)), "{table:?}");
                    false
                }
            }
        });
        assert_eq!(taken.count(), 1, "{table:?}");
    }
}
