//! What readers see: the catalogue, the search of it, figures, images and the feeds.

mod browsing;
mod feed;
mod media;
mod metrics;
pub(super) mod paging;
mod searching;
pub(super) mod viewer;
pub(super) mod views;

pub use feed::{AuditEntry, ChangeEntry, ChangeView, ChangesPage, FeedCursor};
pub use media::{MediaCleaned, MediaFile};
pub use metrics::{METRICS_DAYS_MAX, Metrics, ReleaseDay};
pub use paging::Page;
pub use searching::{
    Correction, Counts, Facet, Instead, Marks, SearchHit, SearchPage, SearchRequest, Suggestion,
    Suggestions,
};
pub use views::{
    BadgeView, Found, ImageView, ListingAddress, ListingView, MediaView, MyPublisher,
    PublisherBrief, PublisherView, ReleaseView, ScreenshotView,
};
