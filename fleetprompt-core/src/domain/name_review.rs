//! Names that are held because they look like well-known ones, and how the well-known ones are
//! found.

use serde::{Deserialize, Serialize};

use super::id::{ListingId, PublisherId};
use super::name::{Handle, LikenessKey, Slug};
use super::time::Timestamp;
use super::vocabulary::{Likeness, NameState};
use super::{DisplayName, Reason, Title};

/// A publisher or a listing: what has a name, and what can be reported.
///
/// ```
/// use fleetprompt_core::domain::{NameSubject, PublisherId};
/// let acme = NameSubject::Publisher(PublisherId::from_bytes([1; 16]));
/// assert_eq!(acme.to_string(), "publisher/01010101-0101-0101-0101-010101010101");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case", deny_unknown_fields)]
pub enum NameSubject {
    /// A publisher.
    Publisher(PublisherId),
    /// A listing.
    Listing(ListingId),
}

impl std::fmt::Display for NameSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NameSubject::Publisher(id) => write!(f, "publisher/{id}"),
            NameSubject::Listing(id) => write!(f, "listing/{id}"),
        }
    }
}

/// The names of somebody or something, as one decision is about them.
///
/// ```
/// use fleetprompt_core::domain::ReviewedName;
/// let wanted = ReviewedName::Listing { slug: "langchian".parse()?, title: None };
/// assert_eq!(serde_json::to_string(&wanted)?, r#"{"of":"listing","slug":"langchian"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum ReviewedName {
    /// Of a publisher.
    Publisher {
        /// The name in addresses.
        handle: Handle,
        /// The name that pages show.
        name: DisplayName,
    },
    /// Of a listing.
    Listing {
        /// The name in addresses.
        slug: Slug,
        /// The title that pages show, where it reads as something well known by letters that pass
        /// for others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Title>,
    },
}

/// What a held name looks like.
///
/// ```
/// use fleetprompt_core::domain::Resembled;
/// let word = Resembled::Reserved("fleetprompt".parse()?);
/// assert_eq!(serde_json::to_string(&word)?, r#"{"kind":"reserved","of":"fleetprompt"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
pub enum Resembled {
    /// A reserved handle.
    Reserved(Slug),
    /// The handle or the name of a publisher.
    Publisher(PublisherId),
    /// The slug of a listing.
    Listing(ListingId),
}

/// That somebody's names look like well-known ones, and what was decided about that. At most one
/// for each publisher and listing: other names take its place.
///
/// ```
/// use fleetprompt_core::domain::{Likeness, NameReview, NameState, NameSubject, PublisherId};
/// use fleetprompt_core::domain::{Resembled, ReviewedName, Timestamp};
/// let waiting = NameReview {
///     subject: NameSubject::Publisher(PublisherId::from_bytes([1; 16])),
///     names: ReviewedName::Publisher { handle: "acme-hq".parse()?, name: "Acme".parse()? },
///     likeness: Likeness::Affix,
///     resembles: Resembled::Publisher(PublisherId::from_bytes([2; 16])),
///     state: NameState::Waiting,
///     reason: None,
///     held_at: Timestamp::MIN,
///     decided_at: None,
/// };
/// let renamed = NameReview { likeness: Likeness::Edit, ..waiting.clone() };
/// assert_eq!(waiting.key(), renamed.key());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NameReview {
    /// Whose names.
    pub subject: NameSubject,
    /// The names: those it has while it is held itself, or those it wants while it goes on under
    /// its former ones.
    pub names: ReviewedName,
    /// In which way they look alike.
    pub likeness: Likeness,
    /// What they look like.
    pub resembles: Resembled,
    /// What became of it.
    pub state: NameState,
    /// Why it was decided so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the names were held.
    pub held_at: Timestamp,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}

/// A text by which a well-known name is found from names that look like it: one of several for each
/// name. It finds candidates; whether a name is well known is looked up in what it belongs to.
///
/// ```
/// use fleetprompt_core::domain::{NameSubject, PublisherId, WellKnown};
/// let of = NameSubject::Publisher(PublisherId::from_bytes([1; 16]));
/// let one = WellKnown { key: "d:acme".parse()?, of };
/// let other = WellKnown { key: "d:acm".parse()?, of };
/// assert_ne!(one.key(), other.key());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WellKnown {
    /// The text.
    pub key: LikenessKey,
    /// Whose name it finds.
    pub of: NameSubject,
}
