//! Entitlements: what a buyer owns. Ownership, not permission to run.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::id::{EntitlementId, ListingId, PersonId, PublisherId, TenantId};
use super::parse::{ParseError, Rule};
use super::time::Timestamp;
use super::vocabulary::{EntitlementState, EntitlementStatus, words};
use super::{PolicyDecisionReference, Provider, Reason, SourceReference};

/// A buyer's ownership of a listing. Whether the asset may run is the owning system's to decide.
///
/// ```
/// use fleetprompt_core::domain::{Entitlement, EntitlementStatus, Timestamp, Window};
/// # let id = "01940000-0000-7000-8000-000000000001";
/// # let granted: Entitlement = serde_json::from_value(serde_json::json!({
/// #     "id": id, "listing": id, "publisher": id, "tenant": id,
/// #     "source": { "kind": "free_claim" }, "state": "active",
/// #     "window": { "startsAt": "2026-01-01T00:00:00Z" },
/// #     "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
/// # }))?;
/// let start: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// let end: Timestamp = "2026-02-01T00:00:00Z".parse()?;
/// let january = Entitlement { window: Window::between(start, Some(end))?, ..granted };
/// assert_eq!(january.status(start), EntitlementStatus::Active);
/// // Nothing was written at the end of the month: the state is still `active`.
/// assert_eq!(january.status(end), EntitlementStatus::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entitlement {
    /// The entitlement's id.
    pub id: EntitlementId,
    /// What is owned.
    pub listing: ListingId,
    /// Whose listing it is.
    pub publisher: PublisherId,
    /// The tenant that owns it, or in which the owner is.
    pub tenant: TenantId,
    /// The person who owns it; `None` when all of the tenant does, seat by seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Where it came from.
    pub source: EntitlementSource,
    /// What has been decided about it; time is not in here.
    pub state: EntitlementState,
    /// When it counts.
    pub window: Window,
    /// How many distinct subjects may use it; `None` means any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<NonZeroU32>,
    /// The last reason that was given for a change of state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When it was granted.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Entitlement {
    /// What the entitlement is worth at `now`: its state, seen through its window. "Expired" is
    /// always derived and never stored.
    pub fn status(&self, now: Timestamp) -> EntitlementStatus {
        match self.state {
            EntitlementState::Revoked => EntitlementStatus::Revoked,
            _ if self.window.ended(now) => EntitlementStatus::Expired,
            EntitlementState::Pending => EntitlementStatus::Pending,
            EntitlementState::Suspended => EntitlementStatus::Suspended,
            EntitlementState::Active if self.window.begun(now) => EntitlementStatus::Active,
            EntitlementState::Active => EntitlementStatus::Pending,
        }
    }
}

/// Where an entitlement came from. Unique by kind, provider or tenant, and reference.
///
/// ```
/// use fleetprompt_core::domain::EntitlementSource;
/// let order = r#"{"kind":"commerce","provider":"specprompt","reference":"order-99"}"#;
/// let order: EntitlementSource = serde_json::from_str(order)?;
/// assert!(matches!(order, EntitlementSource::Commerce { .. }));
/// // An operator has to say why.
/// let silent = r#"{"kind":"operator_grant","reference":"case-7"}"#;
/// assert!(serde_json::from_str::<EntitlementSource>(silent).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum EntitlementSource {
    /// The subject claimed a free listing.
    FreeClaim,
    /// A commerce provider reported an order.
    Commerce {
        /// The provider.
        provider: Provider,
        /// The provider's reference of the order line.
        reference: SourceReference,
    },
    /// An operator granted it and said why.
    OperatorGrant {
        /// The operator's reference.
        reference: SourceReference,
        /// Why.
        reason: Reason,
    },
    /// An organisation granted it under its own policy.
    OrganisationGrant {
        /// The organisation's reference.
        reference: SourceReference,
        /// The policy decision that allowed it.
        decision: PolicyDecisionReference,
    },
}

words! {
    /// Which kind of source an entitlement came from. There will be more.
    EntitlementSourceKind (non_exhaustive) = "source" {
        /// The subject claimed a free listing.
        FreeClaim = "free_claim",
        /// A commerce provider reported an order.
        Commerce = "commerce",
        /// An operator granted it.
        OperatorGrant = "operator_grant",
        /// An organisation granted it.
        OrganisationGrant = "organisation_grant",
    }
}

impl EntitlementSource {
    /// Which kind of source this is.
    pub fn kind(&self) -> EntitlementSourceKind {
        match self {
            EntitlementSource::FreeClaim => EntitlementSourceKind::FreeClaim,
            EntitlementSource::Commerce { .. } => EntitlementSourceKind::Commerce,
            EntitlementSource::OperatorGrant { .. } => EntitlementSourceKind::OperatorGrant,
            EntitlementSource::OrganisationGrant { .. } => EntitlementSourceKind::OrganisationGrant,
        }
    }
}

/// The time in which an entitlement counts: from its start, up to but not including its end.
///
/// ```
/// use fleetprompt_core::domain::{Timestamp, Window};
/// let start: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// let end: Timestamp = "2026-02-01T00:00:00Z".parse()?;
/// let january = Window::between(start, Some(end))?;
/// assert!(january.begun(start) && january.ended(end));
/// assert!(january.is_open(start) && !january.is_open(end));
/// assert!(Window::between(end, Some(start)).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, try_from = "WindowParts")]
pub struct Window {
    starts_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WindowParts {
    starts_at: Timestamp,
    #[serde(default)]
    ends_at: Option<Timestamp>,
}

impl TryFrom<WindowParts> for Window {
    type Error = ParseError;
    fn try_from(parts: WindowParts) -> Result<Self, ParseError> {
        Window::between(parts.starts_at, parts.ends_at)
    }
}

impl Window {
    /// A window without an end.
    pub fn from(start: Timestamp) -> Self {
        Window { starts_at: start, ends_at: None }
    }

    /// A window with an end.
    ///
    /// # Errors
    /// When the end is not after the start.
    pub fn between(start: Timestamp, end: Option<Timestamp>) -> Result<Self, ParseError> {
        if end.is_some_and(|end| end <= start) {
            return Err(ParseError::new("window", Rule::Other("must end after it starts")));
        }
        Ok(Window { starts_at: start, ends_at: end })
    }

    /// When it starts.
    pub fn starts_at(&self) -> Timestamp {
        self.starts_at
    }

    /// When it ends, if it does.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.ends_at
    }

    /// Whether it has started at `now`.
    pub fn begun(&self, now: Timestamp) -> bool {
        now >= self.starts_at
    }

    /// Whether it has ended at `now`.
    pub fn ended(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| now >= end)
    }

    /// Whether it has begun at `now`, and not ended.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.begun(now) && !self.ended(now)
    }
}

/// A place that a subject holds in an entitlement with seats.
///
/// ```
/// use fleetprompt_core::domain::{EntitlementId, PersonId, Seat, Timestamp};
/// let seat = Seat {
///     entitlement: EntitlementId::from_bytes([1; 16]),
///     person: PersonId::from_bytes([2; 16]),
///     taken_at: Timestamp::MIN,
/// };
/// // A person has one seat, however often they come.
/// assert_eq!(seat.key(), Seat { taken_at: Timestamp::MAX, ..seat.clone() }.key());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// The entitlement.
    pub entitlement: EntitlementId,
    /// Who sits there.
    pub person: PersonId,
    /// Since when.
    pub taken_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u8) -> Timestamp {
        format!("2026-01-{day:02}T00:00:00Z").parse().unwrap()
    }

    fn entitlement(state: EntitlementState, window: Window) -> Entitlement {
        Entitlement {
            id: EntitlementId::from_bytes([1; 16]),
            listing: ListingId::from_bytes([2; 16]),
            publisher: PublisherId::from_bytes([3; 16]),
            tenant: TenantId::from_bytes([4; 16]),
            person: None,
            source: EntitlementSource::FreeClaim,
            state,
            window,
            seats: None,
            reason: None,
            created_at: at(1),
            updated_at: at(1),
        }
    }

    #[test]
    fn a_status_is_the_state_seen_through_the_window() {
        use EntitlementStatus::{Active, Expired, Pending, Revoked, Suspended};
        let window = Window::between(at(10), Some(at(20))).unwrap();
        let just_before = |time: Timestamp| Timestamp::from_millis(time.as_millis() - 1);
        // Before the start; from the start on; before the end; from the end on.
        let times = [just_before(at(10)), at(10), just_before(at(20)), at(20), at(30)];
        let table = [
            (EntitlementState::Pending, [Pending, Pending, Pending, Expired, Expired]),
            (EntitlementState::Active, [Pending, Active, Active, Expired, Expired]),
            (EntitlementState::Suspended, [Suspended, Suspended, Suspended, Expired, Expired]),
            (EntitlementState::Revoked, [Revoked; 5]),
        ];
        assert_eq!(table.len(), EntitlementState::ALL.len());
        for (state, row) in table {
            let entitlement = entitlement(state, window);
            assert_eq!(times.map(|now| entitlement.status(now)), row, "{state}");
        }
    }

    #[test]
    fn without_an_end_nothing_expires() {
        let forever = entitlement(EntitlementState::Active, Window::from(at(10)));
        assert_eq!(forever.status(Timestamp::MAX), EntitlementStatus::Active);
        assert_eq!(forever.status(Timestamp::MIN), EntitlementStatus::Pending);
    }

    #[test]
    fn a_window_that_is_read_ends_after_it_starts() {
        let read = |start: u8, end: u8| {
            serde_json::from_str::<Window>(&format!(
                r#"{{"startsAt":"{}","endsAt":"{}"}}"#,
                at(start),
                at(end)
            ))
        };
        assert_eq!(read(1, 2).unwrap(), Window::between(at(1), Some(at(2))).unwrap());
        for (start, end) in [(2, 1), (1, 1)] {
            let refused = read(start, end).unwrap_err().to_string();
            assert!(refused.starts_with("window must end after it starts"), "{refused}");
        }
        let unknown = r#"{"startsAt":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}"#;
        assert!(serde_json::from_str::<Window>(unknown).is_err());
    }
}
