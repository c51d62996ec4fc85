//! Counters: added to without conflict, held within bounds.

use crate::domain::{Day, EntitlementId, ListingId, PersonId, PublisherId, Version};

/// Where a counter must lie after a change.
///
/// ```
/// use fleetprompt_core::port::Within;
/// let the_last_owner_leaves = Within::AtLeast(1).apply(1, -1);
/// assert_eq!(the_last_owner_leaves, None);
/// let the_third_of_three_seats = Within::AtMost(3).apply(2, 1);
/// assert_eq!(the_third_of_three_seats, Some(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Anywhere from 0 up.
    Any,
    /// At or below this.
    AtMost(u64),
    /// At or above this.
    AtLeast(u64),
}

impl Within {
    /// The counter's value after adding `by` to `value`, if the bound allows it.
    ///
    /// ```
    /// use fleetprompt_core::port::Within;
    /// assert_eq!(Within::AtMost(3).apply(3, 1), None);
    /// assert_eq!(Within::Any.apply(0, -1), None);
    /// ```
    pub fn apply(self, value: u64, by: i64) -> Option<u64> {
        let sum = value.checked_add_signed(by).filter(|sum| i64::try_from(*sum).is_ok())?;
        let inside = match self {
            Within::Any => true,
            Within::AtMost(max) => sum <= max,
            Within::AtLeast(min) => sum >= min,
        };
        inside.then_some(sum)
    }
}

/// A counter: whose it is, and what it counts.
///
/// ```
/// use fleetprompt_core::domain::{Day, TenantId};
/// use fleetprompt_core::port::{Counter, CounterFamily};
/// let (tenant, today): (_, Day) = (TenantId::from_bytes([1; 16]), "2026-01-31".parse()?);
/// let begun = Counter::attempts(tenant, today);
/// assert_eq!((begun.scope(), begun.name()), (&*tenant.to_string(), "attempts/2026-01-31"));
/// assert_eq!(begun.family(), CounterFamily::Attempts);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter {
    scope: String,
    name: String,
    family: CounterFamily,
}

macro_rules! counter_families {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What counters of a family count.
        ///
        /// ```
        /// use fleetprompt_core::domain::PublisherId;
        /// use fleetprompt_core::port::{Counter, CounterFamily};
        /// let owners = Counter::of_publisher(CounterFamily::Owners, PublisherId::from_bytes([1; 16]));
        /// assert_eq!(owners.name(), CounterFamily::Owners.name());
        /// assert!(CounterFamily::ALL.contains(&owners.family()));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CounterFamily { $($(#[$doc])* $name,)* }

        impl CounterFamily {
            /// Every family.
            pub const ALL: &'static [CounterFamily] = &[$(CounterFamily::$name,)*];

            /// The family's name, the first part of its counters' names.
            pub fn name(self) -> &'static str {
                match self { $(CounterFamily::$name => $word,)* }
            }
        }
    };
}

counter_families! {
    /// Owners of a publisher.
    Owners = "owners";
    /// Members of a publisher.
    Members = "members";
    /// Publishers of a tenant.
    Publishers = "publishers";
    /// Handles that a publisher has taken in the place of others, which stay its own.
    Renames = "renames";
    /// Listings of a publisher.
    Listings = "listings";
    /// Releases of a publisher in a day.
    Releases = "releases";
    /// Pending invitations of a publisher.
    Invitations = "invitations";
    /// Bytes of the images of a publisher's listings.
    MediaBytes = "media_bytes";
    /// Images uploaded to a publisher's listings in a day.
    Uploads = "uploads";
    /// Seats taken in an entitlement.
    Seats = "seats";
    /// Install attempts begun by a tenant in a day.
    Attempts = "attempts";
    /// Reports that a person filed in a day.
    Reports = "reports";
    /// Install attempts begun, of a release in a day.
    Begun = "begun";
    /// Install attempts redeemed, of a release in a day.
    Redeemed = "redeemed";
}

impl Counter {
    fn new(family: CounterFamily, scope: String, rest: &str) -> Self {
        let name = if rest.is_empty() {
            family.name().to_owned()
        } else {
            format!("{}/{rest}", family.name())
        };
        Counter { scope, name, family }
    }

    /// Whose counter it is: an id.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// What it counts, unique in its scope.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The family.
    pub fn family(&self) -> CounterFamily {
        self.family
    }

    /// A counter of a publisher as a whole: owners, members, listings, invitations, bytes of media.
    pub fn of_publisher(family: CounterFamily, publisher: PublisherId) -> Self {
        Self::new(family, publisher.to_string(), "")
    }

    /// Publishers of a tenant.
    pub fn publishers(tenant: crate::domain::TenantId) -> Self {
        Self::new(CounterFamily::Publishers, tenant.to_string(), "")
    }

    /// Install attempts begun by a tenant on `day`.
    pub fn attempts(tenant: crate::domain::TenantId, day: Day) -> Self {
        Self::new(CounterFamily::Attempts, tenant.to_string(), &day.to_string())
    }

    /// Reports that a person filed on `day`.
    pub fn reports(person: PersonId, day: Day) -> Self {
        Self::new(CounterFamily::Reports, person.to_string(), &day.to_string())
    }

    /// Releases of a publisher on `day`.
    pub fn releases(publisher: PublisherId, day: Day) -> Self {
        Self::new(CounterFamily::Releases, publisher.to_string(), &day.to_string())
    }

    /// Images uploaded to a publisher's listings on `day`.
    pub fn uploads(publisher: PublisherId, day: Day) -> Self {
        Self::new(CounterFamily::Uploads, publisher.to_string(), &day.to_string())
    }

    /// Seats taken in an entitlement.
    pub fn seats(entitlement: EntitlementId) -> Self {
        Self::new(CounterFamily::Seats, entitlement.to_string(), "")
    }

    /// Install attempts begun ([`CounterFamily::Begun`]) or redeemed
    /// ([`CounterFamily::Redeemed`]) of a release on `day`.
    pub fn installs(
        family: CounterFamily,
        listing: ListingId,
        day: Day,
        version: &Version,
    ) -> Self {
        Self::new(family, listing.to_string(), &format!("{day}/{version}"))
    }
}

/// Which counters to read: those of `scope` whose name is at or after `from` and before `until`,
/// compared byte by byte.
///
/// ```
/// use fleetprompt_core::domain::EntitlementId;
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Change, Commit, Counter, CounterRange, Store, Within};
/// # pollster::block_on(async {
/// # let store = MemoryStore::default();
/// let seats = Counter::seats(EntitlementId::from_bytes([1; 16]));
/// let changes = vec![Change::Count { counter: seats.clone(), by: 2, within: Within::AtMost(3) }];
/// store.commit(Commit { receipt: None, expectations: vec![], changes, events: vec![] }).await?;
/// let taken = store.counters(&CounterRange::one(&seats), 1).await?;
/// assert_eq!(taken, [("seats".to_owned(), 2)]);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterRange {
    /// Whose counters.
    pub scope: String,
    /// The first name.
    pub from: String,
    /// The name before which to stop.
    pub until: String,
}

impl CounterRange {
    /// One counter.
    pub fn one(counter: &Counter) -> Self {
        CounterRange {
            scope: counter.scope.clone(),
            from: counter.name.clone(),
            until: format!("{}\0", counter.name),
        }
    }

    /// The counters of `family` for `listing`, of the days from `first` up to and not including
    /// `end`.
    pub fn days(family: CounterFamily, listing: ListingId, first: Day, end: Day) -> Self {
        CounterRange {
            scope: listing.to_string(),
            from: format!("{}/{first}", family.name()),
            until: format!("{}/{end}", family.name()),
        }
    }
}

#[cfg(test)]
mod tests;
