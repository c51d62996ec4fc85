//! What each scan means, said a second time: without [`Scan::plan`], which every store relies on.

use crate::conformance::samples::{self, GROUPS};
use crate::domain::{BUYER_MARK_KEPT, BindingState, Channel, NameState, ReportState};
use crate::port::{Record, Scan, Versioned};

type Row = Versioned<Record>;

/// Every kind of scan, with filters that find much and filters that find nothing.
pub(in crate::conformance) fn all() -> Vec<Scan> {
    let mut scans = Vec::new();
    for n in 0..=GROUPS {
        let (publisher, listing) = (samples::publisher_id(n), samples::listing_id(n));
        let (tenant, person) = (samples::tenant_id(n), samples::person_id(n));
        let entitlement = samples::entitlement_id(n);
        scans.extend([
            Scan::ListingsOf(publisher),
            Scan::PublishersOf(tenant),
            Scan::MembersOf(publisher),
            Scan::MembershipsOf(person),
            Scan::InvitationsOf(publisher),
            Scan::BindingsOfPublisher(publisher),
            Scan::EntitlementsOfPerson(person),
            Scan::EntitlementsOfTenant(tenant),
            Scan::EntitlementsIn(listing, tenant, None),
            Scan::EntitlementsIn(listing, tenant, Some(samples::person_id(1))),
            Scan::SeatsOf(entitlement),
            Scan::AttemptsOfPerson(person),
            Scan::AttemptsOfTenant(tenant),
            Scan::PersonsOf(tenant),
            Scan::PersonBehind(person),
            Scan::TenantBehind(tenant),
            Scan::BuyersOf(listing),
        ]);
        for channel in [None, Some(Channel::Stable), Some(Channel::Prerelease)] {
            for available_only in [false, true] {
                scans.push(Scan::Releases { listing, channel, available_only });
            }
        }
    }
    for system in samples::SYSTEMS {
        let system = |state| Scan::BindingsOf(system.parse().unwrap(), state);
        scans.extend(BindingState::ALL.iter().map(|state| system(*state)));
    }
    scans.extend([
        Scan::AllListings,
        Scan::AllReleases,
        Scan::AllPublishers,
        Scan::RenderedByVersion,
        Scan::InvitationsByExpiry,
        Scan::AttemptsByExpiry,
        Scan::BuyerMarksByExpiry,
    ]);
    scans.extend((0..GROUPS).map(|n| Scan::WellKnownOf(samples::name_subject(n))));
    scans.extend(NameState::ALL.iter().map(|state| Scan::NameReviews(*state)));
    scans.extend(ReportState::ALL.iter().map(|state| Scan::Reports(*state)));
    for key in samples::LIKENESS_KEYS.iter().chain(&["d:other"]) {
        scans.push(Scan::WellKnownLike(key.parse().unwrap()));
    }
    scans
}

/// The rows that `scan` finds among `rows`, in its order.
pub(super) fn found(scan: &Scan, rows: &[Row]) -> Vec<Row> {
    let mut found: Vec<Row> = rows.iter().filter(|row| finds(scan, &row.value)).cloned().collect();
    found.sort_by(|one, other| {
        let (one_key, other_key) = (one.value.key(), other.value.key());
        one_key.id().as_bytes().cmp(other_key.id().as_bytes())
    });
    match order(scan) {
        // No two releases of a listing differ in build metadata alone.
        Order::Version => found.sort_by_key(|row| match &row.value {
            Record::Release(r) => Some(r.version.clone()),
            _ => None,
        }),
        Order::Created => found.sort_by_key(|row| row.created),
        Order::Number(of) => found.sort_by_key(|row| of(&row.value)),
    }
    let newest_first = matches!(
        scan,
        Scan::ListingsOf(_)
            | Scan::Releases { .. }
            | Scan::EntitlementsOfPerson(_)
            | Scan::EntitlementsOfTenant(_)
            | Scan::EntitlementsIn(..)
            | Scan::AttemptsOfPerson(_)
            | Scan::AttemptsOfTenant(_)
    );
    if newest_first {
        found.reverse();
    }
    found
}

fn finds(scan: &Scan, record: &Record) -> bool {
    match (scan, record) {
        (Scan::AllListings, Record::Listing(_)) => true,
        (Scan::ListingsOf(id), Record::Listing(r)) => r.publisher == *id,
        (Scan::Releases { listing, channel, available_only }, Record::Release(r)) => {
            r.listing == *listing
                && channel.is_none_or(|channel| r.version.channel() == channel)
                && !(*available_only && r.yanked.is_some())
        }
        (Scan::AllReleases, Record::Release(_)) => true,
        (Scan::RenderedByVersion, Record::Rendered(_)) => true,
        (Scan::AllPublishers, Record::Publisher(_)) => true,
        (Scan::PublishersOf(id), Record::Publisher(r)) => r.tenant == *id,
        (Scan::MembersOf(id), Record::Membership(r)) => r.publisher == *id,
        (Scan::MembershipsOf(id), Record::Membership(r)) => r.person == *id,
        (Scan::InvitationsOf(id), Record::Invitation(r)) => r.publisher == *id,
        (Scan::InvitationsByExpiry, Record::Invitation(_)) => true,
        (Scan::BindingsOf(system, state), Record::Binding(r)) => {
            r.system == *system && r.state == *state
        }
        (Scan::BindingsOfPublisher(id), Record::Binding(r)) => r.publisher == *id,
        (Scan::EntitlementsOfPerson(id), Record::Entitlement(r)) => r.person == Some(*id),
        (Scan::EntitlementsOfTenant(id), Record::Entitlement(r)) => r.tenant == *id,
        (Scan::EntitlementsIn(listing, tenant, person), Record::Entitlement(r)) => {
            r.listing == *listing && r.tenant == *tenant && r.person == *person
        }
        (Scan::SeatsOf(id), Record::Seat(r)) => r.entitlement == *id,
        (Scan::AttemptsOfPerson(id), Record::Attempt(r)) => r.person == *id,
        (Scan::AttemptsOfTenant(id), Record::Attempt(r)) => r.tenant == *id,
        (Scan::AttemptsByExpiry, Record::Attempt(_)) => true,
        (Scan::PersonsOf(id), Record::Person(r)) => r.tenant == *id,
        (Scan::PersonBehind(id), Record::Person(r)) => r.id == *id,
        (Scan::TenantBehind(id), Record::Tenant(r)) => r.id == *id,
        (Scan::BuyersOf(id), Record::BuyerMark(r)) => r.listing == *id,
        (Scan::BuyerMarksByExpiry, Record::BuyerMark(_)) => true,
        (Scan::WellKnownLike(key), Record::WellKnown(r)) => r.key == *key,
        (Scan::WellKnownOf(subject), Record::WellKnown(r)) => r.of == *subject,
        (Scan::NameReviews(state), Record::NameReview(r)) => r.state == *state,
        (Scan::Reports(state), Record::Report(r)) => r.state == *state,
        _ => false,
    }
}

enum Order {
    Created,
    Version,
    Number(fn(&Record) -> i64),
}

fn order(scan: &Scan) -> Order {
    match scan {
        Scan::Releases { .. } => Order::Version,
        Scan::InvitationsByExpiry
        | Scan::AttemptsByExpiry
        | Scan::BuyersOf(_)
        | Scan::BuyerMarksByExpiry
        | Scan::RenderedByVersion => Order::Number(|record| match record {
            Record::Invitation(r) => r.expires_at.as_millis(),
            Record::Attempt(r) => r.expires_at.as_millis(),
            Record::BuyerMark(r) => r.last_at.plus(BUYER_MARK_KEPT).as_millis(),
            Record::Rendered(r) => i64::from(r.sanitiser.get()),
            _ => 0,
        }),
        Scan::AllListings
        | Scan::AllReleases
        | Scan::AllPublishers
        | Scan::ListingsOf(_)
        | Scan::PublishersOf(_)
        | Scan::MembersOf(_)
        | Scan::MembershipsOf(_)
        | Scan::InvitationsOf(_)
        | Scan::BindingsOf(..)
        | Scan::BindingsOfPublisher(_)
        | Scan::EntitlementsOfPerson(_)
        | Scan::EntitlementsOfTenant(_)
        | Scan::EntitlementsIn(..)
        | Scan::SeatsOf(_)
        | Scan::AttemptsOfPerson(_)
        | Scan::AttemptsOfTenant(_)
        | Scan::PersonsOf(_)
        | Scan::PersonBehind(_)
        | Scan::TenantBehind(_)
        | Scan::WellKnownLike(_)
        | Scan::WellKnownOf(_)
        | Scan::NameReviews(_)
        | Scan::Reports(_) => Order::Created,
    }
}
