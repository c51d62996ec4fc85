//! Scans: which rows, in which order, page by page.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem::discriminant;
use std::sync::Arc;

use crate::conformance::StoreFixture;
use crate::conformance::samples::{self, Pick};
use crate::conformance::support::{Draft, get, wait};
use crate::domain::{Attempt, Release, Report, ReportState, Revision, Timestamp};
use crate::port::{
    Change, PAGE_MAX, PageSize, Record, RecordKey, RecordKind, Scan, Store, Versioned,
};

pub(in crate::conformance) mod meaning;

type Row = Versioned<Record>;

/// How many records of each kind the store is filled with.
const OF_EACH_KIND: u64 = 30;

/// Fills the store with random records, several to a commit, and replaces and removes some.
fn fill(store: &Arc<dyn Store>) -> Vec<Row> {
    let mut pick = Pick::seeded(1);
    let mut rows: BTreeMap<RecordKey, Row> = BTreeMap::new();
    for n in 0..OF_EACH_KIND {
        let kinds = samples::kinds_of_many();
        // Two attempts of one commit share their position.
        let records: Vec<Record> = kinds.map(|kind| samples::record(*kind, n, &mut pick)).collect();
        let more = samples::record(RecordKind::Attempt, n + 1_000, &mut pick);
        let draft = records.into_iter().chain([more]).fold(Draft::with_event(), Draft::create);
        let keys: Vec<RecordKey> = keys_of(&draft);
        draft.apply(&**store);
        for key in keys {
            let row = get(&**store, &key).unwrap();
            rows.insert(key, row);
        }
    }
    for kind in samples::kinds_of_many() {
        for n in 0..OF_EACH_KIND / 5 {
            let record = samples::record(*kind, n, &mut pick);
            let key = record.key();
            if n % 2 == 0 {
                Draft::with_event().put(record, Some(Revision::FIRST)).apply(&**store);
                rows.insert(key.clone(), get(&**store, &key).unwrap());
            } else {
                Draft::with_event().delete(key.clone(), Revision::FIRST).apply(&**store);
                rows.remove(&key);
            }
        }
    }
    rows.into_values().collect()
}

fn keys_of(draft: &Draft) -> Vec<RecordKey> {
    let put = |change: &Change| match change {
        Change::Put { record, .. } => Some(record.key()),
        _ => None,
    };
    draft.0.changes.iter().filter_map(put).collect()
}

/// All rows of a scan, read in pages of `size`.
fn read(store: &Arc<dyn Store>, scan: &Scan, size: u16) -> Vec<Row> {
    let plan = scan.plan();
    let size = PageSize::new(size);
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = HashSet::new();
    loop {
        let after = rows.last().map(|row| plan.page_key(row));
        let page = wait(store.scan(scan, after.as_ref(), size));
        let full = page.len() == usize::from(size.get());
        assert!(page.len() <= usize::from(size.get()), "a page was too long");
        let new = page.iter().all(|row| seen.insert(row.value.key()));
        assert!(new, "a row came twice: {scan:?}");
        rows.extend(page);
        if !full {
            return rows;
        }
    }
}

pub(in crate::conformance) fn every_scan_finds_its_rows_in_order<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let rows = fill(&store);
    let mut found_by_kind = HashMap::new();
    for scan in meaning::all() {
        let expected = meaning::found(&scan, &rows);
        *found_by_kind.entry(discriminant(&scan)).or_insert(0) += expected.len();
        let found = read(&store, &scan, PAGE_MAX);
        assert_eq!(keys(&found), keys(&expected), "{scan:?}");
        assert_eq!(found, expected, "{scan:?}");
    }
    assert!(found_by_kind.values().all(|found| *found > 0), "a kind of scan was not tried");
}

fn keys(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| row.value.key().id().to_owned()).collect()
}

pub(in crate::conformance) fn every_scan_is_the_same_in_small_pages<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    fill(&store);
    for scan in meaning::all() {
        let whole = read(&store, &scan, PAGE_MAX);
        for size in [1, 2, 7] {
            assert_eq!(keys(&read(&store, &scan, size)), keys(&whole), "{scan:?} by {size}");
        }
    }
}

/// The n-th attempt, until so many milliseconds after the epoch.
fn expiring(n: u64, millis: i64) -> Attempt {
    let expires_at = Timestamp::from_millis(millis);
    Attempt { expires_at, ..samples::attempt(n, &mut Pick::sparse()) }
}

/// Creates records, each in a commit of its own.
fn create(store: &Arc<dyn Store>, records: impl IntoIterator<Item = impl Into<Record>>) {
    for record in records {
        Draft::with_event().create(record).apply(&**store);
    }
}

pub(in crate::conformance) fn ties_are_broken_by_key<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    // Attempts that expire at one time, all created by one commit.
    let attempts = (0..40).map(|n| Attempt { person: samples::person_id(0), ..expiring(n, 7) });
    attempts.clone().fold(Draft::with_event(), Draft::create).apply(&*store);
    let mut by_key: Vec<String> = attempts.map(|attempt| attempt.key().id().to_owned()).collect();
    by_key.sort();
    let down: Vec<String> = by_key.iter().rev().cloned().collect();
    for size in [1, 7, PAGE_MAX] {
        let of = |scan| keys(&read(&store, &scan, size));
        assert_eq!(of(Scan::AttemptsByExpiry), by_key);
        assert_eq!(of(Scan::AttemptsOfPerson(samples::person_id(0))), down);
    }
}

pub(in crate::conformance) fn texts_are_ordered_byte_by_byte<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    // Upper case before lower case, and no character that counts for nothing.
    let rising = ["1.0.0-B", "1.0.0-BB", "1.0.0-a", "1.0.0-a-b", "1.0.0-aB", "1.0.0-aa"];
    let sample = samples::release(0, &mut Pick::sparse());
    let release = |version: &&str| Release { version: version.parse().unwrap(), ..sample.clone() };
    // Created by one commit, so that keys decide where the order of versions does not.
    rising.iter().map(release).fold(Draft::with_event(), Draft::create).apply(&*store);
    let falling: Vec<&str> = rising.iter().rev().copied().collect();
    let Release { listing, .. } = sample;
    let highest_first = Scan::Releases { listing, channel: None, available_only: false };
    for size in [1, 4, PAGE_MAX] {
        for (scan, expected) in [(&highest_first, &falling[..]), (&Scan::AllReleases, &rising)] {
            let rows = read(&store, scan, size);
            let found: Vec<&str> = rows
                .iter()
                .map(|row| match &row.value {
                    Record::Release(release) => release.version.as_str(),
                    other => panic!("this is no release: {other:?}"),
                })
                .collect();
            assert_eq!(found, expected, "{scan:?} by {size}");
        }
    }
}

pub(in crate::conformance) fn a_page_holds_no_more_than_was_asked<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let rows = u64::from(PAGE_MAX) + 5;
    let attempts = (0..rows).map(|n| samples::attempt(n, &mut Pick::sparse()));
    attempts.fold(Draft::with_event(), Draft::create).apply(&*store);
    let scan = Scan::AttemptsByExpiry;
    for (asked, got) in [(0, 1), (1, 1), (20, 20), (PAGE_MAX, 200), (u16::MAX, 200)] {
        let page = wait(store.scan(&scan, None, PageSize::new(asked)));
        assert_eq!(page.len(), got);
    }
    assert_eq!(read(&store, &scan, PAGE_MAX).len() as u64, rows);
}

pub(in crate::conformance) fn a_scan_follows_changes_and_deletions<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let ids = |scan: Scan| keys(&read(&store, &scan, PAGE_MAX));
    let (a, b) = (expiring(1, 10), expiring(2, 20));
    let of = |attempts: &[&Attempt]| -> Vec<String> {
        attempts.iter().map(|attempt| attempt.id.to_string()).collect()
    };
    create(&store, [a.clone(), b.clone()]);
    assert_eq!(ids(Scan::AttemptsByExpiry), of(&[&a, &b]));

    Draft::with_event().put(expiring(1, 30), Some(Revision::FIRST)).apply(&*store);
    assert_eq!(ids(Scan::AttemptsByExpiry), of(&[&b, &a]));

    Draft::with_event().delete(b.key(), Revision::FIRST).apply(&*store);
    assert_eq!(ids(Scan::AttemptsByExpiry), of(&[&a]));

    let at = |n, state| Report { state, ..samples::report(n, &mut Pick::sparse()) };
    let [c, d] = [1, 2].map(|n| at(n, ReportState::Open));
    let of = |reports: &[&Report]| -> Vec<String> {
        reports.iter().map(|report| report.id.to_string()).collect()
    };
    create(&store, [c.clone(), d.clone()]);
    assert_eq!(ids(Scan::Reports(ReportState::Open)), of(&[&c, &d]));

    Draft::with_event().put(at(1, ReportState::Upheld), Some(Revision::FIRST)).apply(&*store);
    assert_eq!(ids(Scan::Reports(ReportState::Open)), of(&[&d]));
    assert_eq!(ids(Scan::Reports(ReportState::Upheld)), of(&[&c]));

    Draft::with_event().put(c.clone(), Some(Revision::new(2))).apply(&*store);
    Draft::with_event().delete(d.key(), Revision::FIRST).apply(&*store);
    assert_eq!(ids(Scan::Reports(ReportState::Open)), of(&[&c]));
    assert_eq!(ids(Scan::Reports(ReportState::Upheld)), of(&[]));
}

pub(in crate::conformance) fn a_page_goes_on_where_its_last_row_was_deleted<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let attempts: Vec<Attempt> = (0_u64..6).zip(0..).map(|(n, at)| expiring(n, at * 10)).collect();
    create(&store, attempts.iter().cloned());
    let scan = Scan::AttemptsByExpiry;
    let page = wait(store.scan(&scan, None, PageSize::new(3)));
    let after = scan.plan().page_key(&page[2]);
    Draft::with_event().delete(attempts[2].key(), Revision::FIRST).apply(&*store);
    let late = expiring(9, 25);
    Draft::with_event().create(late.clone()).apply(&*store);
    let next = wait(store.scan(&scan, Some(&after), PageSize::new(2)));
    assert_eq!(keys(&next), [late.id.to_string(), attempts[3].id.to_string()]);
}
