//! Each kind of fault, planted in a copy of the store.

use super::*;
use crate::marketplace::FaultKind;
use crate::port::{
    CopyMark, CopyRow, CopyTarget as _, CounterFamily, NameScope, RecordKind, StoredEvent,
    Versioned,
};

type Rows = Vec<CopyRow>;

const NOBODY: &str = "01940000-0000-7000-8000-000000000001";

/// The marketplace over a store that holds what `change` makes of each row.
fn with(f: &Fixture, mut change: impl FnMut(CopyRow) -> Rows) -> Marketplace {
    let (snapshot, copy) = (run(f.store.copy_snapshot()).unwrap(), MemoryStore::default());
    let mark = CopyMark { source: Sha256Digest::of(b"damaged"), next: None };
    run(copy.begin_copy(&mark, &run(snapshot.head()).unwrap())).unwrap();
    for table in CopyTable::all() {
        let mut after = None;
        loop {
            let rows = run(snapshot.rows(table, after.as_ref(), ALL)).unwrap();
            let Some(last) = rows.last() else { break };
            after = Some(last.key());
            let rows = rows.into_iter().flat_map(&mut change).collect();
            run(copy.put_copied(rows, &mark, &mark)).unwrap();
        }
    }
    run(copy.finish_copy(&mark)).unwrap();
    f.through(copy)
}

/// What is found wrong.
fn found(f: &Fixture, change: impl FnMut(CopyRow) -> Rows) -> Vec<FaultKind> {
    let report = check(&with(f, change));
    let kinds: Vec<_> = report.kinds().map(|(kind, _)| kind).collect();
    assert_eq!(report.faults(), report.kinds().map(|(_, count)| count).sum::<u64>());
    assert_eq!(report.is_clean(), kinds.is_empty());
    assert_eq!(report.unsettled, 0);
    for fault in &report.examples {
        let told = fault.to_string();
        for secret in ["zoe", "cleo", "acme", "gamma", "reader", "ticket"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
    kinds
}

/// Of a record of one type: what `change` makes of it, or nothing to leave it out.
fn records<E: crate::port::Entity>(
    mut change: impl FnMut(E) -> Vec<E>,
) -> impl FnMut(CopyRow) -> Rows {
    move |row| match row {
        CopyRow::Record(row) if row.value.kind() == E::KIND => {
            let Versioned { revision, created, changed, value } = row;
            let made = change(E::from_record(value).unwrap()).into_iter();
            let row = |value: E| Versioned { revision, created, changed, value: value.into() };
            made.map(row).map(CopyRow::Record).collect()
        }
        other => vec![other],
    }
}

#[test]
fn a_copy_that_is_whole_is_sound() {
    assert_eq!(found(&populated(), |row| vec![row]), []);
}

#[test]
fn a_name_that_is_given_up_is_missed() {
    let f = populated();
    for scope in NameScope::ALL {
        let kinds = found(&f, |row| match row {
            CopyRow::Name { name, .. } if name.scope() == *scope => vec![],
            other => vec![other],
        });
        assert_eq!(kinds, [FaultKind::NameNotHeld(*scope)]);
    }
}

#[test]
fn a_name_with_another_owner_is_found_from_both_sides() {
    let f = populated();
    for owner in [NOBODY, "ada of acme"] {
        for scope in NameScope::ALL {
            let kinds = found(&f, |row| match row {
                CopyRow::Name { name, .. } if name.scope() == *scope => {
                    vec![CopyRow::Name { name, owner: NameOwner::new(owner) }]
                }
                other => vec![other],
            });
            assert_eq!(kinds, [FaultKind::NameNotHeld(*scope), FaultKind::NameAstray]);
        }
    }
}

#[test]
fn a_name_that_its_owner_does_not_bear_is_found() {
    let f = populated();
    let twice = [NameScope::EntitlementSource, NameScope::Reference, NameScope::OpenReport];
    for scope in twice {
        let kinds = found(&f, |row| match row {
            CopyRow::Name { name, owner } if name.scope() == scope => {
                let more = format!("{}-2", name.name());
                let more = ClaimedName::new(scope, more);
                vec![
                    CopyRow::Name { name, owner: owner.clone() },
                    CopyRow::Name { name: more, owner },
                ]
            }
            other => vec![other],
        });
        assert_eq!(kinds, [FaultKind::NameAstray], "{scope:?}");
    }
}

#[test]
fn a_counter_that_says_another_number_is_found() {
    let f = populated();
    let derived = [
        CounterFamily::Owners,
        CounterFamily::Members,
        CounterFamily::Publishers,
        CounterFamily::Listings,
        CounterFamily::Invitations,
        CounterFamily::Seats,
    ];
    for family in derived {
        for value in [0, 77] {
            let kinds = found(&f, |row| match row {
                CopyRow::Counter { scope, name, .. } if name == family.name() => {
                    vec![CopyRow::Counter { scope, name, value }]
                }
                other => vec![other],
            });
            assert_eq!(kinds, [FaultKind::CounterWrong(family)], "at {value}");
        }
    }
    // There is no image in this marketplace.
    let kinds = found(&f, |row| match row {
        CopyRow::Counter { scope, name, value } if name == "members" => {
            let bytes =
                CopyRow::Counter { scope: scope.clone(), name: "media_bytes".into(), value };
            vec![CopyRow::Counter { scope, name, value }, bytes]
        }
        other => vec![other],
    });
    assert_eq!(kinds, [FaultKind::CounterWrong(CounterFamily::MediaBytes)]);
}

#[test]
fn a_counter_of_nobody_is_found() {
    let f = populated();
    for (scope, name, kind) in [
        (NOBODY, "members", FaultKind::CounterAstray),
        (NOBODY, "releases/2026-01-31", FaultKind::CounterAstray),
        (NOBODY, "seats", FaultKind::CounterAstray),
        (NOBODY, "begun/2026-01-31/1.0.0", FaultKind::CounterAstray),
        (NOBODY, "apples", FaultKind::CounterAstray),
        ("ada of acme", "owners", FaultKind::CounterAstray),
        ("ada of acme", "publishers", FaultKind::CounterAstray),
        (NOBODY, "publishers", FaultKind::CounterWrong(CounterFamily::Publishers)),
    ] {
        let mut more =
            Some(CopyRow::Counter { scope: scope.to_owned(), name: name.to_owned(), value: 1 });
        let kinds = found(&f, |row| match row {
            CopyRow::Counter { .. } => more.take().into_iter().chain([row]).collect(),
            other => vec![other],
        });
        assert_eq!(kinds, [kind], "{name}");
    }
}

#[test]
fn a_latest_version_that_is_another_than_that_of_the_releases_is_found() {
    let f = populated();
    for latest in [None, Some(of("1.1.0"))] {
        let change = |listing| match listing {
            Listing { latest: Some(_), .. } => vec![Listing { latest: latest.clone(), ..listing }],
            other => vec![other],
        };
        assert_eq!(found(&f, records(change)), [FaultKind::LatestWrong]);
    }
    let kinds = found(&f, records(|release: Release| vec![Release { yanked: None, ..release }]));
    assert_eq!(kinds, [FaultKind::LatestWrong]);
}

#[test]
fn a_record_that_others_refer_to_is_missed() {
    let f = populated();
    let kinds = [
        RecordKind::Tenant,
        RecordKind::Person,
        RecordKind::Publisher,
        RecordKind::Listing,
        RecordKind::Release,
        RecordKind::Entitlement,
        RecordKind::NameReview,
    ];
    for kind in kinds {
        let missed = found(&f, |row| match row {
            CopyRow::Record(row) if row.value.kind() == kind => vec![],
            other => vec![other],
        });
        assert!(missed.contains(&FaultKind::ReferenceBroken(kind)), "{kind:?}: {missed:?}");
    }
}

#[test]
fn two_records_of_one_surrogate_are_found() {
    let f = populated();
    let again = identity("delta", "zoe");
    let twice = |person: Person| match person.identity.subject().as_str() {
        "zoe" => vec![Person { identity: again.clone(), ..person.clone() }, person],
        _ => vec![person],
    };
    assert_eq!(found(&f, records(twice)), [FaultKind::SurrogateShared]);
    let twice = |tenant: Tenant| match tenant.identity.name() {
        "gamma" => vec![Tenant { identity: again.tenant().clone(), ..tenant.clone() }, tenant],
        _ => vec![tenant],
    };
    assert_eq!(found(&f, records(twice)), [FaultKind::SurrogateShared]);
}

#[test]
fn a_position_that_can_not_be_is_found() {
    let f = populated();
    let ahead = Position::new(f.events() + 1);
    for (created, changed) in [(Position::new(1), ahead), (Position::new(9), Position::new(8))] {
        let kinds = found(&f, |row| match row {
            CopyRow::Record(row) if row.value.kind() == RecordKind::Seat => {
                vec![CopyRow::Record(Versioned { created, changed, ..row })]
            }
            other => vec![other],
        });
        assert_eq!(kinds, [FaultKind::PositionWrong]);
    }
}

fn events(
    mut change: impl FnMut(StoredEvent, Option<Position>) -> Rows,
) -> impl FnMut(CopyRow) -> Rows {
    move |row| match row {
        CopyRow::Event { stored, feed } => change(stored, feed),
        other => vec![other],
    }
}

#[test]
fn a_gap_in_the_log_is_found_and_an_event_behind_its_end() {
    let f = populated();
    let last = Position::new(f.events());
    for gone in [Position::new(1), Position::new(30), last] {
        let kinds = found(
            &f,
            events(|stored, feed| match stored.position == gone && feed.is_none() {
                true => vec![],
                false => vec![CopyRow::Event { stored, feed }],
            }),
        );
        assert_eq!(kinds, [FaultKind::EventMissing], "{gone:?}");
    }
    let kinds = found(
        &f,
        events(|stored, feed| {
            let more = StoredEvent { position: last.next(), ..stored.clone() };
            let is_last = stored.position == last;
            let more = is_last.then_some(CopyRow::Event { stored: more, feed: None });
            [CopyRow::Event { stored, feed }].into_iter().chain(more).collect()
        }),
    );
    assert_eq!(kinds, [FaultKind::EventAhead]);
}

#[test]
fn a_feed_that_says_something_else_than_the_log_is_found() {
    let f = populated();
    // A place is left out.
    let kinds = found(
        &f,
        events(|stored, feed| {
            let feed = feed.map(|at| if at.get() > 3 { at.next() } else { at });
            vec![CopyRow::Event { stored, feed }]
        }),
    );
    assert_eq!(kinds, [FaultKind::FeedSequence]);
    // The feed lacks an entry: all later ones tell what came behind.
    let kinds = found(
        &f,
        events(|stored, feed| {
            let feed = feed.filter(|at| at.get() != 3);
            vec![CopyRow::Event { stored, feed }]
        }),
    );
    assert_eq!(kinds, [FaultKind::FeedSequence, FaultKind::FeedDiffers]);
}

#[test]
fn an_event_that_is_not_for_the_public_and_shown_to_it_is_found() {
    let f = populated();
    let person = PersonId::from_bytes([1; 16]);
    let kinds = found(
        &f,
        events(|mut stored, feed| {
            if feed == Some(Position::new(3)) {
                stored.event.fact = Fact::PersonSeen { person };
            }
            vec![CopyRow::Event { stored, feed }]
        }),
    );
    assert_eq!(kinds, [FaultKind::AudienceWrong]);
}

#[test]
fn a_report_names_some_faults_and_counts_all() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    for n in 0..150 {
        f.draft(&ada, acme, &format!("reader-{n}"));
    }
    let report = check(&with(&f, |row| match row {
        CopyRow::Name { name, .. } if name.scope() == NameScope::Slug => vec![],
        other => vec![other],
    }));
    let kind = FaultKind::NameNotHeld(NameScope::Slug);
    assert_eq!(report.kinds().collect::<Vec<_>>(), [(kind, 150)]);
    assert_eq!(report.examples.len(), 100);
    let told = report.examples[0].to_string();
    assert!(told.starts_with("listing 0") && told.ends_with(": does not hold its name (slug)"));
}

/// Damage that comes from a record rather than a name: it is renamed past the marketplace.
#[test]
fn a_record_that_was_renamed_behind_its_name_is_found() {
    let f = populated();
    let renamed =
        |publisher: Publisher| vec![Publisher { handle: of("somebody-else"), ..publisher }];
    let kinds = found(&f, records(renamed));
    assert_eq!(kinds, [FaultKind::NameNotHeld(NameScope::Handle)]);
    let confirmed = |binding| vec![Binding { state: BindingState::Confirmed, ..binding }];
    let kinds = found(&f, records(confirmed));
    assert_eq!(kinds, [FaultKind::NameNotHeld(NameScope::Reference)]);
    let asked = |binding| vec![Binding { state: BindingState::Pending, ..binding }];
    assert_eq!(found(&f, records(asked)), [FaultKind::NameAstray]);
    let closed = |report| vec![Report { state: ReportState::Upheld, ..report }];
    assert_eq!(found(&f, records(closed)), [FaultKind::NameAstray]);
}
