//! Following the marketplace: the public change feed, and the audit log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{
    DeploymentId, Event, FeedChange, GoneReason, Listing, ListingId, ListingState, ParseError,
    Position, Publisher, PublisherId, Rule, Timestamp, schema,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{LogPage, PageSize, Principal, RecordKey};

use super::views::{ListingView, PublisherView, stands_in_catalogue};
use crate::marketplace::writing::actor::base_standing;
use crate::marketplace::{Acting, Inner};

/// A place in the public change feed: `fpf1.<deployment id>.<position>`. Not secret, and valid
/// whatever happens to keys; after a copy or a restore got a deployment id of its own it is too
/// old.
///
/// ```
/// use fleetprompt_core::marketplace::FeedCursor;
/// let text = "fpf1.01940000-0000-7000-8000-000000000001.31";
/// let cursor: FeedCursor = text.parse()?;
/// assert_eq!(cursor.to_string(), text);
/// // A mirror that keeps its state as JSON reads it back.
/// assert_eq!(serde_json::from_value::<FeedCursor>(serde_json::to_value(cursor)?)?, cursor);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FeedCursor {
    deployment: DeploymentId,
    position: Position,
}

const PREFIX: &str = "fpf1";

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}.{}.{}", self.deployment, self.position.get())
    }
}

impl FromStr for FeedCursor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = ParseError::new("cursor", Rule::Format("a cursor of the change feed"));
        let mut parts = text.split('.');
        let (Some(PREFIX), Some(deployment), Some(position), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong);
        };
        let deployment = deployment.parse().map_err(|_| wrong)?;
        let position = Position::new(position.parse().map_err(|_| wrong)?);
        let cursor = FeedCursor { deployment, position };
        // One spelling: no sign, no leading zero.
        if cursor.to_string() == text { Ok(cursor) } else { Err(wrong) }
    }
}

schema! {
    FeedCursor = crate::openapi::pattern(
        crate::openapi::string(),
        "^fpf1\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.(0|[1-9][0-9]*)$",
    ),
    "A place in the public change feed. Not secret, and opaque: take it as it was answered.",
}

impl TryFrom<String> for FeedCursor {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<FeedCursor> for String {
    fn from(cursor: FeedCursor) -> String {
        cursor.to_string()
    }
}

/// A page of the public change feed.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::port::PageSize;
/// async fn follow(mirror: &Acting) -> Result<()> {
///     // First remember where the feed stands, then read the catalogue, then follow.
///     let mut cursor = mirror.feed_cursor().await?;
///     loop {
///         let page = mirror.changes(Some(&cursor), PageSize::MAX).await?;
///         if page.changes.is_empty() {
///             return Ok(());
///         }
///         cursor = page.cursor;
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangesPage {
    /// What changed, oldest first. None when the reader has caught up.
    pub changes: Vec<ChangeEntry>,
    /// Where to go on.
    pub cursor: FeedCursor,
}

/// An entry of the public change feed, as things are *now*: an entry about a listing that was taken
/// down since says that it is gone, and names nothing but its id.
///
/// ```
/// use fleetprompt_core::domain::ListingId;
/// use fleetprompt_core::marketplace::{ChangeEntry, ChangeView};
/// fn dropped(entry: &ChangeEntry) -> Option<ListingId> {
///     match entry.change {
///         ChangeView::Gone { listing, .. } => Some(listing),
///         _ => None,
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangeEntry {
    /// When something changed.
    pub at: Timestamp,
    /// What is to be seen of it now.
    #[serde(flatten)]
    pub change: ChangeView,
}

/// What there is to see behind an entry of the public change feed. There may be more to see; whoever
/// mirrors the catalogue reads it again at what they do not know.
///
/// ```
/// use fleetprompt_core::marketplace::ChangeView;
/// fn slug(change: &ChangeView) -> Option<String> {
///     match change {
///         ChangeView::Changed { listing } => Some(listing.slug.to_string()),
///         _ => None,
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeView {
    /// The listing stands in the catalogue, like this.
    Changed {
        /// The listing.
        listing: Box<ListingView>,
    },
    /// The listing does not stand in the catalogue any more.
    Gone {
        /// The listing.
        listing: ListingId,
        /// Why.
        reason: GoneReason,
    },
    /// The publisher looks like this; its listings, which show part of it, are worth reading again.
    Publisher {
        /// The publisher.
        publisher: Box<PublisherView>,
    },
    /// The publisher is not public any more, nor is any listing of it.
    PublisherGone {
        /// The publisher.
        publisher: PublisherId,
    },
}

/// A page of the audit log.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::domain::Position;
/// use fleetprompt_core::port::PageSize;
/// async fn first_fact(operator: &Acting) -> Result<Option<&'static str>> {
///     let page = operator.audit_log(Position::START, PageSize::new(1)).await?;
///     Ok(page.first().map(|entry| entry.event.fact.name()))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its place in the log; positions are dense.
    pub position: Position,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Acting {
    /// Where the public change feed stands now. Whoever wants to mirror the catalogue takes this
    /// first, then reads the catalogue, and follows from here.
    ///
    /// # Errors
    /// Only when the store can't answer.
    pub async fn feed_cursor(&self) -> Result<FeedCursor> {
        let deployment = self.inner().adopt_deployment().await?;
        let position = self.inner().head().await?.feed_last;
        Ok(FeedCursor { deployment, position })
    }

    /// What changed in the public catalogue behind `after`, or since the beginning. A reader who
    /// follows misses nothing and sees nothing twice.
    ///
    /// # Errors
    /// `cursor_too_old` when entries behind `after` are no longer kept, or the cursor is from
    /// before the marketplace was restored: start again from [`feed_cursor`](Self::feed_cursor).
    pub async fn changes(&self, after: Option<&FeedCursor>, size: PageSize) -> Result<ChangesPage> {
        let market = self.inner();
        let deployment = market.adopt_deployment().await?;
        let position = match after {
            None => Position::START,
            Some(after) if after.deployment != deployment => {
                return Err(ErrorCode::CursorTooOld.into());
            }
            Some(after) => after.position,
        };
        if position > market.head().await?.feed_last {
            return Err(ErrorCode::CursorTooOld.into());
        }
        let page = market.store.feed(position, size).await;
        let LogPage::Entries(entries) = page.map_err(|error| market.store_error(&error))? else {
            return Err(ErrorCode::CursorTooOld.into());
        };
        let position = entries.last().map_or(position, |entry| entry.position);
        let mut changes = Vec::new();
        for entry in entries {
            if let Some(change) = market.project(&entry.change).await? {
                changes.push(ChangeEntry { at: entry.at, change });
            }
        }
        Ok(ChangesPage { changes, cursor: FeedCursor { deployment, position } })
    }

    /// The audit log behind `after`, oldest first.
    ///
    /// # Errors
    /// `unauthenticated`, or `forbidden` for anyone but an operator; `cursor_too_old` when events
    /// behind `after` are no longer kept.
    pub async fn audit_log(&self, after: Position, size: PageSize) -> Result<Vec<AuditEntry>> {
        let market = self.inner();
        if !base_standing(&self.principal).may(Action::ReadAuditLog) {
            let anonymous = self.principal.is_anonymous();
            let code = if anonymous { ErrorCode::Unauthenticated } else { ErrorCode::Forbidden };
            return Err(code.into());
        }
        let page = market.store.events(after, size).await;
        match page.map_err(|error| market.store_error(&error))? {
            LogPage::Entries(events) => Ok(events
                .into_iter()
                .map(|stored| AuditEntry { position: stored.position, event: stored.event })
                .collect()),
            LogPage::TooOld => Err(ErrorCode::CursorTooOld.into()),
        }
    }
}

impl Inner {
    /// What there is to see now behind an entry; nothing if its subject left no record.
    async fn project(&self, change: &FeedChange) -> Result<Option<ChangeView>> {
        match change {
            FeedChange::Changed { listing } | FeedChange::Gone { listing, .. } => {
                self.project_listing(*listing).await
            }
            FeedChange::Publisher { publisher: id } => {
                let found = self.read::<Publisher>(&RecordKey::publisher(*id)).await?;
                Ok(found.map(|row| match row.value.is_open() {
                    true => ChangeView::Publisher { publisher: Box::new(PublisherView::of(row)) },
                    false => ChangeView::PublisherGone { publisher: *id },
                }))
            }
        }
    }

    async fn project_listing(&self, id: ListingId) -> Result<Option<ChangeView>> {
        let Some(found) = self.read::<Listing>(&RecordKey::listing(id)).await? else {
            return Ok(None);
        };
        let key = RecordKey::publisher(found.value.publisher);
        let Some(publisher) = self.read::<Publisher>(&key).await? else { return Ok(None) };
        if stands_in_catalogue(&found.value, &publisher.value) {
            let reader = &Principal::Anonymous;
            let view = self.listing_view(reader, found, &publisher.value).await?;
            return Ok(Some(ChangeView::Changed { listing: Box::new(view) }));
        }
        let reason = match (found.value.state, &found.value.takedown) {
            (ListingState::Deleted, _) => GoneReason::Deleted,
            (_, Some(takedown)) => GoneReason::TakenDown(takedown.class),
            _ if publisher.value.suspended.is_some() => GoneReason::PublisherSuspended,
            _ => GoneReason::Withdrawn,
        };
        Ok(Some(ChangeView::Gone { listing: id, reason }))
    }
}
