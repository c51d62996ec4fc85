//! Lists: which index each is read from, and the statement that reads it.

use fleetprompt_core::port::{
    Column, ColumnValue, Direction, PageKey, PageSize, RecordKind, ScanPlan,
};
use rusqlite::ToSql;

use crate::row::{Param, RECORD};

/// The index that a list is read from.
///
/// It is chosen here and not by the planner, which guesses from statistics that it may not have: a
/// wrong guess walks the catalogue for a page of it.
fn index(plan: &ScanPlan) -> Option<&'static str> {
    use Column::{
        AssetKind, Category, Created, Entitlement, ExpiresAt, Listed, Listing, Person, Publisher,
        ReleasedAt, SortName, State, Surrogate, System, Tenant,
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
        // A publisher has few listings, so one index does for all orders.
        Kind::Listing if by(Publisher) => "listing_by_publisher",
        Kind::Listing if by(Listed) => match (by(Category), by(AssetKind), plan.order) {
            (true, _, Created) => "listing_category_newest",
            (true, _, ReleasedAt) => "listing_category_released",
            (true, _, SortName) => "listing_category_named",
            (false, true, Created) => "listing_kind_newest",
            (false, true, ReleasedAt) => "listing_kind_released",
            (false, true, SortName) => "listing_kind_named",
            (false, false, Created) => "listing_newest",
            (false, false, ReleasedAt) => "listing_released",
            (false, false, SortName) => "listing_named",
            _ => return None,
        },
        Kind::Release if by(Listing) => "release_by_precedence",
        Kind::Binding if by(System) && by(State) => "binding_by_system",
        Kind::Binding if by(Publisher) => "binding_by_publisher",
        Kind::Entitlement if by(Listing) => "entitlement_by_listing",
        Kind::Entitlement if by(Person) => "entitlement_by_person",
        Kind::Entitlement if by(Tenant) => "entitlement_by_tenant",
        Kind::Seat if by(Entitlement) => "seat_by_entitlement",
        Kind::Attempt if by(Person) => "attempt_by_person",
        Kind::Attempt if by(Tenant) => "attempt_by_tenant",
        Kind::Attempt if by(State) => "attempt_issued",
        Kind::Attempt if plan.order == ExpiresAt => "attempt_by_expiry",
        Kind::BuyerMark if by(Listing) => "buyer_mark_by_listing",
        Kind::BuyerMark if plan.order == ExpiresAt => "buyer_mark_by_expiry",
        _ => return None,
    })
}

/// The statement that reads a list; its text depends on nothing but the list's shape.
pub(crate) fn statement(plan: &ScanPlan, after: bool) -> String {
    let table = plan.kind.name();
    let mut sql = format!("SELECT {RECORD} FROM {table}");
    if let Some(index) = index(plan) {
        sql += " INDEXED BY ";
        sql += index;
    }
    let mut next = " WHERE ";
    for (column, value) in &plan.equals {
        sql += next;
        sql += column.name();
        sql += " = ";
        sql += &literal(*column, value).unwrap_or_else(|| "?".to_owned());
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
        if literal(*column, value).is_none() {
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

/// Flags and states as literals, since a partial index is considered for a literal only. Both have
/// few values, of harmless characters, so there are few statements; anything else is a parameter.
fn literal(column: Column, value: &ColumnValue) -> Option<String> {
    match (column, value) {
        (Column::Listed | Column::Yanked, ColumnValue::Integer(flag)) => Some(flag.to_string()),
        (Column::State, ColumnValue::Text(word))
            if word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_')) =>
        {
            Some(format!("'{word}'"))
        }
        _ => None,
    }
}
