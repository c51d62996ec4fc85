//! Scans: the lists that the marketplace reads, each with its order.

use serde::{Deserialize, Serialize};

use crate::domain::{
    BindingState, Channel, EntitlementId, LikenessKey, ListingId, NameState, NameSubject, PersonId,
    PublisherId, ReportState, SystemName, TenantId,
};

use super::record::{Column, ColumnValue, Record, RecordKind, Versioned};

/// How many rows a page may hold at most.
pub const PAGE_MAX: u16 = 200;

/// How many rows a reader wants: 1 to [`PAGE_MAX`].
///
/// ```
/// use fleetprompt_core::port::{PAGE_MAX, PageSize};
/// assert_eq!(PageSize::new(0).get(), 1);
/// assert_eq!(PageSize::new(10_000).get(), PAGE_MAX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The largest page.
    pub const MAX: PageSize = PageSize(PAGE_MAX);

    /// A page of `rows` rows, held within the bounds.
    pub const fn new(rows: u16) -> Self {
        match rows {
            0 => PageSize(1),
            PAGE_MAX.. => PageSize(PAGE_MAX),
            rows => PageSize(rows),
        }
    }

    /// The number of rows.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for PageSize {
    /// Twenty rows.
    fn default() -> Self {
        PageSize(20)
    }
}

/// A list that the marketplace reads. Exhaustive on purpose; [`plan`](Self::plan) says what each
/// one means, so that every store answers alike.
///
/// ```
/// use fleetprompt_core::domain::TenantId;
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{PageSize, Scan, Store};
/// let store = MemoryStore::default();
/// let all = Scan::PublishersOf(TenantId::from_bytes([1; 16]));
/// let page = pollster::block_on(store.scan(&all, None, PageSize::default()))?;
/// assert!(page.is_empty());
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// All listings, whatever their state, in the order of their creation.
    AllListings,
    /// All listings of a publisher, whatever their state, newest first.
    ListingsOf(PublisherId),
    /// The releases of a listing, highest precedence first.
    Releases {
        /// The listing.
        listing: ListingId,
        /// Only this channel.
        channel: Option<Channel>,
        /// Whether yanked releases are left out.
        available_only: bool,
    },
    /// All releases, in the order of their creation.
    AllReleases,
    /// The HTML of texts, that of the oldest rules first.
    RenderedByVersion,
    /// All publishers, in the order of their creation.
    AllPublishers,
    /// The publishers of a tenant, oldest first.
    PublishersOf(TenantId),
    /// The members of a publisher, oldest first.
    MembersOf(PublisherId),
    /// The memberships of a person, oldest first.
    MembershipsOf(PersonId),
    /// The invitations of a publisher, oldest first.
    InvitationsOf(PublisherId),
    /// Invitations, the earliest to expire first.
    InvitationsByExpiry,
    /// References that a system was asked about, oldest first.
    BindingsOf(SystemName, BindingState),
    /// References that a publisher offers, oldest first.
    BindingsOfPublisher(PublisherId),
    /// The entitlements of a person, newest first.
    EntitlementsOfPerson(PersonId),
    /// The entitlements held in a tenant, by persons or the tenant itself, newest first.
    EntitlementsOfTenant(TenantId),
    /// The entitlements in a listing that a tenant holds as a whole (`None`) or a person holds,
    /// newest first.
    EntitlementsIn(ListingId, TenantId, Option<PersonId>),
    /// The seats taken in an entitlement, oldest first.
    SeatsOf(EntitlementId),
    /// The install attempts of a person, newest first.
    AttemptsOfPerson(PersonId),
    /// The install attempts in a tenant, newest first.
    AttemptsOfTenant(TenantId),
    /// Attempts, the earliest to expire first.
    AttemptsByExpiry,
    /// The persons of a tenant, oldest first.
    PersonsOf(TenantId),
    /// The person behind a surrogate.
    PersonBehind(PersonId),
    /// The tenant behind a surrogate.
    TenantBehind(TenantId),
    /// Marks of the buyers of a listing, in the order in which they expire.
    BuyersOf(ListingId),
    /// Marks of buyers, the earliest to expire first.
    BuyerMarksByExpiry,
    /// The well-known names that are filed under a key, oldest first.
    WellKnownLike(LikenessKey),
    /// The keys of a well-known name, oldest first.
    WellKnownOf(NameSubject),
    /// Names that stand at a state of their review, oldest first.
    NameReviews(NameState),
    /// Reports of abuse that stand at a state, oldest first.
    Reports(ReportState),
}

/// Whether a scan goes up or down.
///
/// ```
/// use fleetprompt_core::domain::TenantId;
/// use fleetprompt_core::port::{Direction, Scan};
/// let tenant = TenantId::from_bytes([1; 16]);
/// assert_eq!(Scan::PublishersOf(tenant).plan().direction, Direction::Ascending);
/// assert_eq!(Scan::AttemptsOfTenant(tenant).plan().direction, Direction::Descending);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// What a scan means: the rows of `kind` whose columns equal the given values, ordered by a column
/// and then by key, both in one direction.
///
/// ```
/// use fleetprompt_core::domain::EntitlementId;
/// use fleetprompt_core::port::{Column, RecordKind, Scan};
/// let entitlement = EntitlementId::from_bytes([1; 16]);
/// let plan = Scan::SeatsOf(entitlement).plan();
/// assert_eq!(plan.kind, RecordKind::Seat);
/// assert_eq!(plan.equals, [(Column::Entitlement, entitlement.to_string().into())]);
/// assert_eq!(plan.order, Column::Created);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanPlan {
    /// The kind of records.
    pub kind: RecordKind,
    /// The columns that must equal a value.
    pub equals: Vec<(Column, ColumnValue)>,
    /// The column to order by; ties are broken by the record's key.
    pub order: Column,
    /// The direction, of the column and the key alike.
    pub direction: Direction,
}

/// Where a page ended: the next one starts behind it.
///
/// ```
/// # use fleetprompt_core::domain::{EntitlementId, PersonId, Position, Revision, Seat, Timestamp};
/// use fleetprompt_core::port::{PageKey, Record, Scan, Versioned};
/// # let (revision, created, changed) = (Revision::FIRST, Position::new(7), Position::new(7));
/// # let entitlement = EntitlementId::from_bytes([1; 16]);
/// # let person = PersonId::from_bytes([2; 16]);
/// # let value = Record::from(Seat { entitlement, person, taken_at: Timestamp::MIN });
/// let last = Versioned { revision, created, changed, value };
/// let next = Scan::SeatsOf(entitlement).plan().page_key(&last);
/// let id = last.value.key().id().to_owned();
/// assert_eq!(next, PageKey { order: 7.into(), id }, "behind the record that commit 7 created");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageKey {
    /// The last row's value in the order column.
    pub order: ColumnValue,
    /// The last row's key.
    pub id: String,
}

impl Scan {
    /// What the scan means.
    pub fn plan(&self) -> ScanPlan {
        use Direction::{Ascending, Descending};
        use RecordKind as Kind;
        let of = |kind, equals, order, direction| ScanPlan { kind, equals, order, direction };
        let oldest = |kind, equals| of(kind, equals, Column::Created, Ascending);
        let newest = |kind, equals| of(kind, equals, Column::Created, Descending);
        let soonest = |kind, equals| of(kind, equals, Column::ExpiresAt, Ascending);
        let is = |column: Column, value: &dyn std::fmt::Display| {
            (column, ColumnValue::Text(value.to_string()))
        };
        match self {
            Scan::AllListings => oldest(Kind::Listing, vec![]),
            Scan::ListingsOf(publisher) => {
                newest(Kind::Listing, vec![is(Column::Publisher, publisher)])
            }
            Scan::Releases { listing, channel, available_only } => {
                let mut equals = vec![is(Column::Listing, listing)];
                equals.extend(channel.as_ref().map(|channel| is(Column::Channel, channel)));
                if *available_only {
                    equals.push((Column::Yanked, ColumnValue::from(false)));
                }
                of(Kind::Release, equals, Column::Precedence, Descending)
            }
            Scan::AllReleases => oldest(Kind::Release, vec![]),
            Scan::RenderedByVersion => of(Kind::Rendered, vec![], Column::Sanitiser, Ascending),
            Scan::AllPublishers => oldest(Kind::Publisher, vec![]),
            Scan::PublishersOf(tenant) => oldest(Kind::Publisher, vec![is(Column::Tenant, tenant)]),
            Scan::MembersOf(publisher) => {
                oldest(Kind::Membership, vec![is(Column::Publisher, publisher)])
            }
            Scan::MembershipsOf(person) => {
                oldest(Kind::Membership, vec![is(Column::Person, person)])
            }
            Scan::InvitationsOf(publisher) => {
                oldest(Kind::Invitation, vec![is(Column::Publisher, publisher)])
            }
            Scan::InvitationsByExpiry => soonest(Kind::Invitation, vec![]),
            Scan::BindingsOf(system, state) => {
                oldest(Kind::Binding, vec![is(Column::System, system), is(Column::State, state)])
            }
            Scan::BindingsOfPublisher(publisher) => {
                oldest(Kind::Binding, vec![is(Column::Publisher, publisher)])
            }
            Scan::EntitlementsOfPerson(person) => {
                newest(Kind::Entitlement, vec![is(Column::Person, person)])
            }
            Scan::EntitlementsOfTenant(tenant) => {
                newest(Kind::Entitlement, vec![is(Column::Tenant, tenant)])
            }
            Scan::EntitlementsIn(listing, tenant, person) => {
                // Without a person, those of the whole tenant.
                let person = person.map(|id| id.to_string()).unwrap_or_default();
                let listing = is(Column::Listing, listing);
                let equals = vec![listing, is(Column::Tenant, tenant), is(Column::Person, &person)];
                newest(Kind::Entitlement, equals)
            }
            Scan::SeatsOf(entitlement) => {
                oldest(Kind::Seat, vec![is(Column::Entitlement, entitlement)])
            }
            Scan::AttemptsOfPerson(person) => {
                newest(Kind::Attempt, vec![is(Column::Person, person)])
            }
            Scan::AttemptsOfTenant(tenant) => {
                newest(Kind::Attempt, vec![is(Column::Tenant, tenant)])
            }
            Scan::AttemptsByExpiry => soonest(Kind::Attempt, vec![]),
            Scan::PersonsOf(tenant) => oldest(Kind::Person, vec![is(Column::Tenant, tenant)]),
            Scan::PersonBehind(person) => oldest(Kind::Person, vec![is(Column::Surrogate, person)]),
            Scan::TenantBehind(tenant) => oldest(Kind::Tenant, vec![is(Column::Surrogate, tenant)]),
            Scan::BuyersOf(listing) => soonest(Kind::BuyerMark, vec![is(Column::Listing, listing)]),
            Scan::BuyerMarksByExpiry => soonest(Kind::BuyerMark, vec![]),
            Scan::WellKnownLike(key) => oldest(Kind::WellKnown, vec![is(Column::Likeness, key)]),
            Scan::WellKnownOf(subject) => {
                oldest(Kind::WellKnown, vec![is(Column::Subject, subject)])
            }
            Scan::NameReviews(state) => oldest(Kind::NameReview, vec![is(Column::State, state)]),
            Scan::Reports(state) => oldest(Kind::Report, vec![is(Column::State, state)]),
        }
    }
}

impl ScanPlan {
    /// The value of `row` in the order column.
    pub fn order_value(&self, row: &Versioned<Record>) -> ColumnValue {
        match self.order {
            Column::Created => {
                ColumnValue::Integer(i64::try_from(row.created.get()).unwrap_or(i64::MAX))
            }
            column => row.value.column(column).unwrap_or(ColumnValue::Integer(0)),
        }
    }

    /// Where a page that ends with `row` ends.
    pub fn page_key(&self, row: &Versioned<Record>) -> PageKey {
        PageKey { order: self.order_value(row), id: row.value.key().id().to_owned() }
    }
}

#[cfg(test)]
mod tests;
