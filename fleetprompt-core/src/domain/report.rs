//! Reports of abuse: what somebody tells operators about a publisher or listing.

use serde::{Deserialize, Serialize};

use super::id::{PersonId, ReportId};
use super::link::WebLink;
use super::name_review::NameSubject;
use super::time::Timestamp;
use super::vocabulary::{ReportClass, ReportState};
use super::{Reason, ReportText};

/// What somebody told operators about a publisher or listing, and what was decided. It holds the
/// reporter's surrogate alone, and nobody but operators reads it.
///
/// ```
/// use fleetprompt_core::domain::{ListingId, NameSubject, PersonId, Report, ReportClass};
/// use fleetprompt_core::domain::{ReportId, ReportState, Timestamp};
/// let open = Report {
///     id: ReportId::from_bytes([1; 16]),
///     subject: NameSubject::Listing(ListingId::from_bytes([2; 16])),
///     reporter: PersonId::from_bytes([3; 16]),
///     class: ReportClass::Malware,
///     text: "It sends my mail to another host.".parse()?,
///     evidence: None,
///     state: ReportState::Open,
///     reason: None,
///     filed_at: Timestamp::MIN,
///     decided_at: None,
/// };
/// let decided = Report { state: ReportState::Upheld, ..open.clone() };
/// assert_eq!(open.key(), decided.key());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The report's id.
    pub id: ReportId,
    /// What it is about.
    pub subject: NameSubject,
    /// Who filed it.
    pub reporter: PersonId,
    /// Which kind of abuse.
    pub class: ReportClass,
    /// What the reporter says.
    pub text: ReportText,
    /// Where there is more to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<WebLink>,
    /// Whether it is open, or how it was decided.
    pub state: ReportState,
    /// Why it was decided so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}
