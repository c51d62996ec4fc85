use super::*;
use crate::domain::{Position, Revision};
use crate::port::record::tests::records;

/// The list of all scans, and a match over it: a new scan that is missing here does not compile.
macro_rules! every_scan {
    ($($pattern:pat => $scan:expr,)*) => {
        fn scans() -> Vec<Scan> {
            let scans = vec![$($scan,)*];
            for scan in &scans {
                match scan {
                    $($pattern => {})*
                }
            }
            scans
        }
    };
}

fn publisher() -> PublisherId {
    PublisherId::from_bytes([1; 16])
}

fn listing() -> ListingId {
    ListingId::from_bytes([1; 16])
}

fn tenant() -> TenantId {
    TenantId::from_bytes([1; 16])
}

fn person() -> PersonId {
    PersonId::from_bytes([1; 16])
}

every_scan! {
    Scan::AllListings => Scan::AllListings,
    Scan::ListingsOf(_) => Scan::ListingsOf(publisher()),
    Scan::Releases { .. } => Scan::Releases {
        listing: listing(),
        channel: Some(Channel::Stable),
        available_only: true,
    },
    Scan::AllReleases => Scan::AllReleases,
    Scan::RenderedByVersion => Scan::RenderedByVersion,
    Scan::AllPublishers => Scan::AllPublishers,
    Scan::PublishersOf(_) => Scan::PublishersOf(tenant()),
    Scan::MembersOf(_) => Scan::MembersOf(publisher()),
    Scan::MembershipsOf(_) => Scan::MembershipsOf(person()),
    Scan::InvitationsOf(_) => Scan::InvitationsOf(publisher()),
    Scan::InvitationsByExpiry => Scan::InvitationsByExpiry,
    Scan::BindingsOf(..) => Scan::BindingsOf("whs".parse().unwrap(), BindingState::Confirmed),
    Scan::BindingsOfPublisher(_) => Scan::BindingsOfPublisher(publisher()),
    Scan::EntitlementsOfPerson(_) => Scan::EntitlementsOfPerson(person()),
    Scan::EntitlementsOfTenant(_) => Scan::EntitlementsOfTenant(tenant()),
    Scan::EntitlementsIn(..) => Scan::EntitlementsIn(listing(), tenant(), Some(person())),
    Scan::SeatsOf(_) => Scan::SeatsOf(EntitlementId::from_bytes([1; 16])),
    Scan::AttemptsOfPerson(_) => Scan::AttemptsOfPerson(person()),
    Scan::AttemptsOfTenant(_) => Scan::AttemptsOfTenant(tenant()),
    Scan::AttemptsByExpiry => Scan::AttemptsByExpiry,
    Scan::PersonsOf(_) => Scan::PersonsOf(tenant()),
    Scan::PersonBehind(_) => Scan::PersonBehind(person()),
    Scan::TenantBehind(_) => Scan::TenantBehind(tenant()),
    Scan::BuyersOf(_) => Scan::BuyersOf(listing()),
    Scan::BuyerMarksByExpiry => Scan::BuyerMarksByExpiry,
    Scan::WellKnownLike(_) => Scan::WellKnownLike("d:acme".parse().unwrap()),
    Scan::WellKnownOf(_) => Scan::WellKnownOf(NameSubject::Publisher(publisher())),
    Scan::NameReviews(_) => Scan::NameReviews(NameState::Waiting),
    Scan::Reports(_) => Scan::Reports(ReportState::Open),
}

#[test]
fn every_plan_asks_for_columns_that_its_kind_has() {
    for scan in scans() {
        let plan = scan.plan();
        let columns = plan.kind.columns();
        for (column, _) in &plan.equals {
            assert!(columns.contains(column), "{scan:?} filters by {column:?}");
        }
        let ordered = plan.order == Column::Created || columns.contains(&plan.order);
        assert!(ordered, "{scan:?} is ordered by {:?}", plan.order);
    }
}

/// A number that is compared with a text finds nothing, and in some stores fails.
#[test]
fn every_plan_compares_numbers_with_numbers_and_texts_with_texts() {
    let records = records();
    for scan in scans() {
        let plan = scan.plan();
        let record = records.iter().find(|record| record.kind() == plan.kind).unwrap();
        for (column, value) in &plan.equals {
            let found = record.column(*column).unwrap();
            let alike = std::mem::discriminant(&found) == std::mem::discriminant(value);
            assert!(alike, "{scan:?} compares {column:?} with {value:?}");
        }
    }
}

/// What a plan filters by is spelled as the record spells it.
#[test]
fn a_scan_finds_the_record_that_it_describes() {
    let records = records();
    for scan in scans() {
        let plan = scan.plan();
        let found = records.iter().filter(|record| record.kind() == plan.kind).any(|record| {
            plan.equals.iter().all(|(column, value)| record.column(*column).as_ref() == Some(value))
        });
        assert!(found, "{scan:?}");
    }
}

#[test]
fn filters_that_are_not_set_filter_nothing() {
    assert_eq!(Scan::AllListings.plan().equals, []);
    let releases = Scan::Releases { listing: listing(), channel: None, available_only: false };
    assert_eq!(releases.plan().equals.len(), 1);
    // Held by the tenant as a whole is a filter too: it must not find what persons hold.
    let shared = Scan::EntitlementsIn(listing(), tenant(), None).plan();
    assert!(shared.equals.contains(&(Column::Person, "".into())));
}

#[test]
fn a_page_ends_at_its_last_row_in_the_plans_own_order() {
    let records = records();
    for scan in scans() {
        let plan = scan.plan();
        let value = records.iter().find(|record| record.kind() == plan.kind).unwrap().clone();
        let (created, changed) = (Position::new(7), Position::new(9));
        let row = Versioned { revision: Revision::FIRST, created, changed, value };
        let PageKey { order, id } = plan.page_key(&row);
        assert_eq!(id, row.value.key().id());
        let expected = match plan.order {
            Column::Created => ColumnValue::Integer(7),
            column => row.value.column(column).unwrap(),
        };
        assert_eq!(order, expected, "{scan:?}");
    }
}
