//! What upkeep writes down for the search index: how many buyers a listing has, and how far the
//! index has been brought.

use serde::{Deserialize, Serialize};

use super::id::{ListingId, Position, PublisherId};
use super::time::Timestamp;

/// How many distinct buyers of a listing count towards its quality.
///
/// Beside the listing rather than in it, so that a redemption never gets in the way of whoever
/// edits the listing. Counted again after redemptions, and when a buyer's mark is pruned.
///
/// ```
/// use fleetprompt_core::domain::{ListingId, Standing, Timestamp};
/// let listing = ListingId::from_bytes([1; 16]);
/// let early = Standing { listing, buyers: 2, counted_at: Timestamp::MIN };
/// let later = Standing { buyers: 3, counted_at: Timestamp::MAX, ..early.clone() };
/// assert_eq!(early.key(), later.key(), "one for each listing");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The listing.
    pub listing: ListingId,
    /// How many tenants redeemed it in the last 90 days; no more than count, see
    /// [`BUYERS_COUNTED`](crate::policy::BUYERS_COUNTED).
    pub buyers: u32,
    /// When that changed.
    pub counted_at: Timestamp,
}

/// How far the search index has been brought, by the rules of one
/// [`INDEX_VERSION`](crate::port::INDEX_VERSION).
///
/// ```
/// use fleetprompt_core::domain::{IndexProgress, Position};
/// let progress = IndexProgress { version: 1, followed: Position::new(7), sweep: None };
/// let upgraded = IndexProgress { version: 2, ..progress.clone() };
/// assert_ne!(progress.key(), upgraded.key(), "other rules begin anew");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexProgress {
    /// Which rules.
    pub version: u16,
    /// Up to which event the log has been followed.
    pub followed: Position,
    /// Listings that are being gone over, before the log is followed any further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<IndexSweep>,
}

/// Listings that are being gone over one after the other.
///
/// ```
/// use fleetprompt_core::domain::IndexSweep;
/// let everything = IndexSweep::default();
/// assert!(everything.publisher.is_none() && everything.after.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexSweep {
    /// Those of this publisher; without one, all listings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<PublisherId>,
    /// The last one that was gone over, and the position that created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<(Position, ListingId)>,
}
