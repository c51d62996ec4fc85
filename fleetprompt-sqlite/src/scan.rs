//! Lists: which index each is read from, and the statement that reads it.

use fleetprompt_core::port::{Column, Direction, PageKey, PageSize, RecordKind, ScanPlan};
use rusqlite::ToSql;

use crate::row::{Param, RECORD};

/// The index that a list is read from; `None` for one that the table itself is in order for.
///
/// It is chosen here and not by the planner, which guesses from statistics that it may not have: a
/// wrong guess walks the catalogue for a page of it.
fn index(plan: &ScanPlan) -> Option<&'static str> {
    use Column::{
        Entitlement, ExpiresAt, Likeness, Listing, Person, Publisher, Sanitiser, State, Subject,
        Surrogate, System, Tenant,
    };
    use RecordKind as Kind;
    let by = |column| plan.equals.iter().any(|(equal, _)| *equal == column);
    Some(match plan.kind {
        Kind::Tenant if by(Surrogate) => "tenant_by_surrogate",
        Kind::Person if by(Surrogate) => "person_by_surrogate",
        Kind::Person if by(Tenant) => "person_by_tenant",
        Kind::Publisher if by(Tenant) => "publisher_by_tenant",
        Kind::Membership if by(Publisher) => "membership_by_publisher",
        Kind::Membership if by(Person) => "membership_by_person",
        Kind::Invitation if by(Publisher) => "invitation_by_publisher",
        Kind::Invitation if plan.order == ExpiresAt => "invitation_by_expiry",
        Kind::Listing if by(Publisher) => "listing_by_publisher",
        Kind::Release if by(Listing) => "release_by_precedence",
        Kind::Release if plan.equals.is_empty() => "release_by_creation",
        Kind::Publisher if plan.equals.is_empty() => "publisher_by_creation",
        Kind::Rendered if plan.order == Sanitiser => "rendered_by_version",
        Kind::Binding if by(System) && by(State) => "binding_by_system",
        Kind::Binding if by(Publisher) => "binding_by_publisher",
        Kind::Entitlement if by(Listing) => "entitlement_by_listing",
        Kind::Entitlement if by(Person) => "entitlement_by_person",
        Kind::Entitlement if by(Tenant) => "entitlement_by_tenant",
        Kind::Seat if by(Entitlement) => "seat_by_entitlement",
        Kind::Attempt if by(Person) => "attempt_by_person",
        Kind::Attempt if by(Tenant) => "attempt_by_tenant",
        Kind::Attempt if plan.order == ExpiresAt => "attempt_by_expiry",
        Kind::BuyerMark if by(Listing) => "buyer_mark_by_listing",
        Kind::BuyerMark if plan.order == ExpiresAt => "buyer_mark_by_expiry",
        Kind::WellKnown if by(Likeness) => "well_known_by_likeness",
        Kind::WellKnown if by(Subject) => "well_known_by_subject",
        Kind::NameReview if by(State) => "name_review_by_state",
        Kind::Report if by(State) => "report_by_state",
        _ => return None,
    })
}

/// The statement that reads a list; its text depends on nothing but the list's shape.
pub(crate) fn statement(plan: &ScanPlan, after: bool) -> String {
    let table = plan.kind.name();
    let mut sql = format!("SELECT {RECORD} FROM {table}");
    match index(plan) {
        Some(index) => {
            sql += " INDEXED BY ";
            sql += index;
        }
        None => sql += " NOT INDEXED",
    }
    let mut next = " WHERE ";
    for (column, value) in &plan.equals {
        sql += next;
        sql += column.name();
        sql += " = ";
        sql += &column.literal(value).unwrap_or_else(|| "?".to_owned());
        next = " AND ";
    }
    let order = plan.order.name();
    let (behind, direction) = match plan.direction {
        Direction::Ascending => (">", "ASC"),
        Direction::Descending => ("<", "DESC"),
    };
    if after {
        sql += &format!("{next}({order}, id) {behind} (?, ?)");
    }
    sql + &format!(" ORDER BY {order} {direction}, id {direction} LIMIT ?")
}

/// The parameters of the [`statement`], in order.
pub(crate) fn parameters<'a>(
    plan: &'a ScanPlan,
    after: Option<&'a PageKey>,
    size: PageSize,
) -> Vec<Box<dyn ToSql + 'a>> {
    let mut params: Vec<Box<dyn ToSql + 'a>> = Vec::new();
    for (column, value) in &plan.equals {
        if column.literal(value).is_none() {
            params.push(Box::new(Param(value)));
        }
    }
    if let Some(PageKey { order, id }) = after {
        params.push(Box::new(Param(order)));
        params.push(Box::new(id));
    }
    params.push(Box::new(size.get()));
    params
}

#[cfg(test)]
mod tests {
    use fleetprompt_core::conformance::samples;
    use fleetprompt_core::domain::{BindingState, Channel, NameState, ReportState};
    use fleetprompt_core::port::{ColumnValue, Scan};

    use super::*;

    /// Every shape of every scan: a new variant does not compile before it is added here.
    fn shapes() -> Vec<Scan> {
        let first = |scan: &Scan| match scan {
            Scan::AllListings
            | Scan::ListingsOf(_)
            | Scan::Releases { .. }
            | Scan::AllReleases
            | Scan::AllPublishers
            | Scan::RenderedByVersion
            | Scan::PublishersOf(_)
            | Scan::MembersOf(_)
            | Scan::MembershipsOf(_)
            | Scan::InvitationsOf(_)
            | Scan::InvitationsByExpiry
            | Scan::BindingsOf(..)
            | Scan::BindingsOfPublisher(_)
            | Scan::EntitlementsOfPerson(_)
            | Scan::EntitlementsOfTenant(_)
            | Scan::EntitlementsIn(..)
            | Scan::SeatsOf(_)
            | Scan::AttemptsOfPerson(_)
            | Scan::AttemptsOfTenant(_)
            | Scan::AttemptsByExpiry
            | Scan::PersonsOf(_)
            | Scan::PersonBehind(_)
            | Scan::TenantBehind(_)
            | Scan::BuyersOf(_)
            | Scan::BuyerMarksByExpiry
            | Scan::WellKnownLike(_)
            | Scan::WellKnownOf(_)
            | Scan::NameReviews(_)
            | Scan::Reports(_) => (),
        };
        let (publisher, listing) = (samples::publisher_id(0), samples::listing_id(0));
        let (tenant, person) = (samples::tenant_id(0), samples::person_id(0));
        let mut scans = vec![
            Scan::AllListings,
            Scan::AllReleases,
            Scan::AllPublishers,
            Scan::RenderedByVersion,
            Scan::ListingsOf(publisher),
            Scan::PublishersOf(tenant),
            Scan::MembersOf(publisher),
            Scan::MembershipsOf(person),
            Scan::InvitationsOf(publisher),
            Scan::InvitationsByExpiry,
            Scan::BindingsOf("whs".parse().unwrap(), BindingState::Confirmed),
            Scan::BindingsOfPublisher(publisher),
            Scan::EntitlementsOfPerson(person),
            Scan::EntitlementsOfTenant(tenant),
            Scan::EntitlementsIn(listing, tenant, None),
            Scan::EntitlementsIn(listing, tenant, Some(person)),
            Scan::SeatsOf(samples::entitlement_id(0)),
            Scan::AttemptsOfPerson(person),
            Scan::AttemptsOfTenant(tenant),
            Scan::AttemptsByExpiry,
            Scan::PersonsOf(tenant),
            Scan::PersonBehind(person),
            Scan::TenantBehind(tenant),
            Scan::BuyersOf(listing),
            Scan::BuyerMarksByExpiry,
            Scan::WellKnownLike("d:acme".parse().unwrap()),
            Scan::WellKnownOf(samples::name_subject(0)),
            Scan::NameReviews(NameState::Waiting),
            Scan::Reports(ReportState::Open),
        ];
        for channel in [None, Some(Channel::Stable)] {
            for available_only in [false, true] {
                scans.push(Scan::Releases { listing, channel, available_only });
            }
        }
        scans.iter().for_each(first);
        scans
    }

    #[test]
    fn every_list_is_read_in_order_from_an_index() {
        let conn = crate::open::migrated();
        for scan in shapes() {
            let plan = scan.plan();
            let start = PageKey { order: ColumnValue::Integer(0), id: String::new() };
            for after in [None, Some(&start)] {
                let sql = statement(&plan, after.is_some());
                let params = parameters(&plan, after, PageSize::MAX);
                let explained: Vec<String> = conn
                    .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                    .unwrap()
                    .query_map(rusqlite::params_from_iter(params), |row| row.get(3))
                    .unwrap()
                    .map(Result::unwrap)
                    .collect();
                let explained = explained.join("; ");
                let wanted = match (index(&plan), after) {
                    (Some(index), _) => format!("USING INDEX {index}"),
                    (None, None) => "SCAN listing".to_owned(),
                    (None, Some(_)) => "USING INTEGER PRIMARY KEY".to_owned(),
                };
                assert!(explained.contains(&wanted), "{sql}: {explained}");
                assert!(!explained.contains("TEMP B-TREE"), "{sql}: {explained}");
                // A page begins where the last one ended, not at the beginning of the list.
                if after.is_some() {
                    assert!(explained.contains(['<', '>']), "{sql}: {explained}");
                }
            }
        }
    }

    #[test]
    fn the_schema_has_the_columns_that_the_core_asks_for() {
        let conn = crate::open::migrated();
        for kind in RecordKind::ALL {
            let found: Vec<String> = conn
                .prepare("SELECT name FROM pragma_table_info(?1)")
                .unwrap()
                .query_map([kind.name()], |row| row.get(0))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let mut wanted = vec!["id", "revision", "created", "changed"];
            wanted.extend(kind.columns().iter().map(|column| column.name()));
            wanted.push("doc");
            assert_eq!(found, wanted, "{}", kind.name());
        }
    }
}
