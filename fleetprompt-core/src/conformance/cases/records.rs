//! Records: revisions, positions and expectations.

use crate::conformance::StoreFixture;
use crate::conformance::samples::{self, Pick};
use crate::conformance::support::{Asked, Draft, get, wait};
use crate::domain::{
    BoundedList, Description, Listing, ListingId, Position, PublisherId, ReleaseNotes, Revision,
    Title, bounds,
};
use crate::port::{Record, RecordKey, RecordKind, Refusal, Store, StoreError, Versioned};

fn stored(store: &dyn Store, record: &Record) -> Versioned<Record> {
    get(store, &record.key()).unwrap()
}

fn versioned(
    revision: u64,
    created: u64,
    changed: u64,
    value: impl Into<Record>,
) -> Versioned<Record> {
    Versioned {
        revision: Revision::new(revision),
        created: Position::new(created),
        changed: Position::new(changed),
        value: value.into(),
    }
}

pub(in crate::conformance) fn a_record_is_read_back_with_its_revision_and_positions<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    let first = samples::listing(1, &mut Pick::sparse());
    let second = Listing { slug: "other".parse().unwrap(), ..first.clone() };
    assert_eq!(get(&*store, &first.key()), None);

    let last = Draft::new().event(0).event(1).create(first.clone()).apply(&*store);
    assert_eq!(last, Position::new(2));
    assert_eq!(get(&*store, &first.key()), Some(versioned(1, 1, 1, first.clone())));

    Draft::with_event().apply(&*store);
    let replaced = Some(Revision::FIRST);
    let last = Draft::new().event(2).event(3).put(second.clone(), replaced).apply(&*store);
    assert_eq!(last, Position::new(5));
    assert_eq!(get(&*store, &first.key()), Some(versioned(2, 1, 4, second)));
}

pub(in crate::conformance) fn records_read_together_are_those_read_alone<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let mut keys = Vec::new();
    for (n, &kind) in (0..).zip(RecordKind::ALL) {
        let record = samples::record(kind, n, &mut Pick::seeded(n));
        // Every third is not there.
        keys.push(record.key());
        if n % 3 != 2 {
            Draft::with_event().create(record).apply(&*store);
        }
    }
    let again: Vec<RecordKey> = keys.iter().rev().cloned().collect();
    keys.extend(again);
    let alone: Vec<_> = keys.iter().map(|key| get(&*store, key)).collect();
    assert!(alone.contains(&None) && alone.iter().any(Option::is_some));
    assert_eq!(wait(store.get_all(&keys)), alone);
    assert_eq!(wait(store.get_all(&[])), []);
}

pub(in crate::conformance) fn every_kind_of_record_is_read_back_as_it_was_put<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    for &kind in RecordKind::ALL {
        let picks = (0..8).map(Pick::seeded).chain([Pick::full(), Pick::sparse()]);
        let mut expected = None;
        for mut pick in picks {
            let record = samples::record(kind, 5, &mut pick);
            Draft::with_event().put(record.clone(), expected).apply(&*store);
            let row = stored(&*store, &record);
            assert_eq!(row.value, record, "{kind:?}");
            expected = Some(row.revision);
        }
    }
}

pub(in crate::conformance) fn records_of_one_commit_share_its_first_position<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    Draft::with_event().apply(&*store);
    let one: Record = samples::seat(1, &mut Pick::sparse()).into();
    let other: Record = samples::tenant(1, &mut Pick::sparse()).into();
    Draft::new().event(1).event(2).create(one.clone()).create(other.clone()).apply(&*store);
    for record in [one, other] {
        assert_eq!(stored(&*store, &record), versioned(1, 2, 2, record));
    }
}

pub(in crate::conformance) fn a_put_replaces_the_whole_record<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    for &kind in RecordKind::ALL {
        let full = samples::record(kind, 1, &mut Pick::full());
        let sparse = samples::record(kind, 1, &mut Pick::sparse());
        Draft::with_event().create(full).apply(&*store);
        Draft::with_event().put(sparse.clone(), Some(Revision::FIRST)).apply(&*store);
        assert_eq!(stored(&*store, &sparse).value, sparse, "{kind:?}");
    }
}

pub(in crate::conformance) fn a_deleted_record_is_gone_and_may_come_back_as_a_new_one<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    let record: Record = samples::invitation(1, &mut Pick::full()).into();
    let other: Record = samples::invitation(2, &mut Pick::full()).into();
    Draft::with_event().create(record.clone()).create(other.clone()).apply(&*store);
    Draft::with_event().put(record.clone(), Some(Revision::FIRST)).apply(&*store);

    Draft::with_event().delete(record.key(), Revision::new(2)).apply(&*store);
    assert_eq!(get(&*store, &record.key()), None);
    assert!(get(&*store, &other.key()).is_some());

    Draft::with_event().create(record.clone()).apply(&*store);
    assert_eq!(stored(&*store, &record), versioned(1, 4, 4, record));
}

pub(in crate::conformance) fn expectations_hold_a_commit_to_what_was_read<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let there: Record = samples::attempt(1, &mut Pick::full()).into();
    let absent: Record = samples::attempt(2, &mut Pick::full()).into();
    Draft::with_event().create(there.clone()).apply(&*store);

    Draft::with_event()
        .expect(there.key(), Some(Revision::FIRST))
        .expect(absent.key(), None)
        .apply(&*store);
    let stale = [None, Some(Revision::new(2)), Some(Revision::new(u64::MAX))];
    for (key, revision) in stale
        .into_iter()
        .map(|revision| (there.key(), revision))
        .chain([(absent.key(), Some(Revision::FIRST))])
    {
        let refused = Draft::with_event().expect(key.clone(), revision).refuse(&*store);
        assert_eq!(refused, Refusal::Conflict(key));
    }

    // An expectation sees the record as it was before the commit's own changes.
    let next = Draft::with_event().put(there.clone(), Some(Revision::FIRST));
    next.clone().expect(there.key(), Some(Revision::FIRST)).apply(&*store);
    assert_eq!(stored(&*store, &there).revision, Revision::new(2));
}

pub(in crate::conformance) fn the_first_failed_expectation_is_named<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let keys: Vec<Record> =
        (0..4).map(|n| samples::publisher(n, &mut Pick::sparse()).into()).collect();
    let [a, b, c, d] = &keys[..] else { panic!("four samples") };
    Draft::with_event().create(a.clone()).create(b.clone()).apply(&*store);

    let conflict = |draft: Draft| match draft.refuse(&*store) {
        Refusal::Conflict(key) => key,
        other => panic!("a conflict was to be expected: {other:?}"),
    };
    let first = Some(Revision::FIRST);
    // Expectations in their order, whatever their keys' order is.
    let of = |one: &Record, other: &Record| {
        conflict(Draft::with_event().expect(one.key(), None).expect(other.key(), None))
    };
    assert!(of(a, b) == a.key() && of(b, a) == b.key());
    // Expectations before changes.
    let draft = Draft::with_event().create(a.clone()).expect(b.key(), None);
    assert!(conflict(draft) == b.key());
    // Puts and deletes in their order.
    let draft = Draft::with_event().delete(c.key(), Revision::FIRST).create(a.clone());
    assert!(conflict(draft) == c.key());
    let draft = Draft::with_event().create(a.clone()).delete(c.key(), Revision::FIRST);
    assert!(conflict(draft) == a.key());
    // Those that hold are passed over.
    let draft = Draft::with_event().expect(a.key(), first).expect(c.key(), None);
    assert!(conflict(draft.create(d.clone()).create(b.clone())) == b.key());
    assert!(get(&*store, &d.key()).is_none());
}

pub(in crate::conformance) fn a_put_must_replace_what_it_expects<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let record: Record = samples::binding(1, &mut Pick::sparse()).into();
    let changed: Record = samples::binding(1, &mut Pick::full()).into();
    let put = |expected| Draft::with_event().put(changed.clone(), expected);
    let conflict = Refusal::Conflict(record.key());

    assert_eq!(put(Some(Revision::FIRST)).refuse(&*store), conflict);
    Draft::with_event().create(record.clone()).apply(&*store);
    assert_eq!(put(None).refuse(&*store), conflict);
    assert_eq!(put(Some(Revision::new(2))).refuse(&*store), conflict);
    assert_eq!(stored(&*store, &record), versioned(1, 1, 1, record));
    put(Some(Revision::FIRST)).apply(&*store);
    assert_eq!(put(Some(Revision::FIRST)).refuse(&*store), conflict);
}

pub(in crate::conformance) fn a_delete_must_remove_what_it_expects<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let record: Record = samples::seat(1, &mut Pick::sparse()).into();
    let delete = |revision| Draft::with_event().delete(record.key(), revision);
    let conflict = Refusal::Conflict(record.key());

    assert_eq!(delete(Revision::FIRST).refuse(&*store), conflict);
    Draft::with_event().create(record.clone()).apply(&*store);
    assert_eq!(delete(Revision::new(2)).refuse(&*store), conflict);
    assert!(get(&*store, &record.key()).is_some());
    delete(Revision::FIRST).apply(&*store);
    assert_eq!(delete(Revision::FIRST).refuse(&*store), conflict);
}

pub(in crate::conformance) fn malformed_commits_are_refused_and_change_nothing<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let record: Record = samples::person(1, &mut Pick::sparse()).into();
    let other: Record = samples::person(2, &mut Pick::sparse()).into();
    Draft::with_event().create(other.clone()).apply(&*store);
    let asked = Asked { records: vec![record.key(), other.key()], ..Asked::default() };
    let before = asked.everything(&store);
    let first = Revision::FIRST;
    let malformed = [
        Draft::with_event().create(record.clone()).create(record.clone()),
        Draft::with_event().put(other.clone(), Some(first)).delete(other.key(), first),
        Draft::with_event().delete(other.key(), first).delete(other.key(), first),
        Draft::new().create(record.clone()),
        // What is malformed is refused before what is stale.
        Draft::new().create(record.clone()).expect(other.key(), None),
    ];
    for draft in malformed {
        let refused = pollster::block_on(store.commit(draft.0));
        assert!(matches!(refused, Err(StoreError::Malformed(_))), "{refused:?}");
        assert_eq!(asked.everything(&store), before);
    }
    Draft::with_event().create(record).apply(&*store);
}

pub(in crate::conformance) fn the_largest_records_are_kept_whole<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let bytes = bounds::DESCRIPTION.max_bytes;
    // Quotation marks double in JSON, and a lower-cased Ⱥ takes more bytes.
    let descriptions: [Description; 3] = [
        "\"\\".repeat(bounds::DESCRIPTION.max_chars / 2).parse().unwrap(),
        "語".repeat(bytes / "語".len()).parse().unwrap(),
        "🦀".repeat(bytes / "🦀".len()).parse().unwrap(),
    ];
    let title: Title = "Ⱥ".repeat(bounds::TITLE.max_chars).parse().unwrap();
    for (n, description) in (0..).zip(descriptions) {
        let mut listing = samples::listing(n, &mut Pick::full());
        listing.content.description = Some(description);
        listing.content.title = title.clone();
        let record = Record::from(listing);
        Draft::with_event().create(record.clone()).apply(&*store);
        assert!(stored(&*store, &record).value == record, "a large listing was not kept whole");
    }

    let mut release = samples::release(1, &mut Pick::full());
    let notes: ReleaseNotes = "\n-".repeat(bounds::RELEASE_NOTES.max_chars / 2).parse().unwrap();
    release.content.notes = Some(notes);
    let pointers = (0..20).map(|n| {
        let mut pointer = release.content.artifacts.as_slice()[0].clone();
        let path = "a".repeat(bounds::ARTIFACT_URI.max_chars - 20);
        pointer.uri = format!("https://a.example/{n:02}{path}").parse().unwrap();
        pointer
    });
    release.content.artifacts = BoundedList::try_from(pointers.collect::<Vec<_>>()).unwrap();
    let record = Record::from(release);
    Draft::with_event().create(record.clone()).apply(&*store);
    assert!(stored(&*store, &record).value == record, "a large release was not kept whole");
}

pub(in crate::conformance) fn names_that_mean_something_elsewhere_address_one_record<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    let mut draft = Draft::with_event();
    let mut records = Vec::new();
    for text in samples::TEXTS {
        let mut binding = samples::binding(0, &mut Pick::sparse());
        binding.upstream_id = text.parse().unwrap();
        binding.reason = Some(format!("this is {text}").parse().unwrap());
        draft = draft.create(binding.clone());
        records.push(Record::from(binding));
    }
    draft.apply(&*store);
    for record in &records {
        assert_eq!(stored(&*store, record).value, *record);
    }
    for (n, record) in records.iter().enumerate() {
        Draft::with_event().delete(record.key(), Revision::FIRST).apply(&*store);
        let left: Vec<bool> = records.iter().map(|r| get(&*store, &r.key()).is_some()).collect();
        let expected: Vec<bool> = (0..records.len()).map(|other| other > n).collect();
        assert_eq!(left, expected, "after the record {n} was deleted");
    }

    // The same text under another kind is another record.
    let id = [7; 16];
    let mut listing = samples::listing(0, &mut Pick::sparse());
    listing.id = ListingId::from_bytes(id);
    Draft::with_event().create(listing).apply(&*store);
    assert_eq!(get(&*store, &RecordKey::publisher(PublisherId::from_bytes(id))), None);
    assert!(get(&*store, &RecordKey::listing(ListingId::from_bytes(id))).is_some());
}

pub(in crate::conformance) fn a_commit_without_an_event_moves_no_position<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let record = samples::buyer_mark(1, &mut Pick::sparse());
    assert_eq!(Draft::new().apply(&*store), Position::START);
    Draft::new().event(1).event(2).create(record.clone()).apply(&*store);
    assert_eq!(Draft::new().apply(&*store), Position::new(2));
    let deleted = Draft::new().delete(record.key(), Revision::FIRST).apply(&*store);
    assert_eq!(deleted, Position::new(2));
    assert_eq!(wait(store.head()).last, Position::new(2));
    assert_eq!(Draft::with_event().apply(&*store), Position::new(3));
}
