//! What reads answer: shapes for pages and programs. Times are RFC 3339, names camelCase.

use serde::{Deserialize, Serialize};

use crate::domain::{
    AltText, Asset, Badge, BadgeKind, BindingState, Channel, Handle, Image, ImageSize, Listing,
    ListingContent, ListingId, ListingMedia, ListingState, Publisher, PublisherId,
    PublisherProfile, PublisherRole, Reason, Release, ReleaseContent, Revision, Sha256Digest, Slug,
    Takedown, Timestamp, Version,
};
use crate::port::Versioned;

use super::viewer::Sight;
use crate::marketplace::moderating::held_names::HeldName;

/// A badge, as everybody sees it: the evidence stays with the operator.
///
/// ```
/// use fleetprompt_core::domain::BadgeKind;
/// use fleetprompt_core::marketplace::BadgeView;
/// fn is_verified(badges: &[BadgeView]) -> bool {
///     badges.iter().any(|badge| badge.kind == BadgeKind::Verified)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BadgeView {
    /// Which badge.
    pub kind: BadgeKind,
    /// When it was set.
    pub granted_at: Timestamp,
}

/// A publisher, as its page shows it.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::marketplace::Found;
/// async fn name(visitor: &Acting) -> Result<Option<String>> {
///     let acme = "acme".parse()?;
///     match visitor.publisher_by_handle(&acme).await? {
///         Found::Here(publisher) => Ok(Some(publisher.profile.name.to_string())),
///         Found::Moved(_) => Ok(None),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublisherView {
    /// The publisher.
    pub id: PublisherId,
    /// The name in URLs.
    pub handle: Handle,
    /// What it says of itself.
    pub profile: PublisherProfile,
    /// What operators vouch for.
    pub badges: Vec<BadgeView>,
    /// Why it is suspended, if it is; only those who see its inside see it at all then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Reason>,
    /// What is held of its names, if anything; only those who see its inside are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldName>,
    /// What an edit has to name.
    pub revision: Revision,
    /// When it was created.
    pub created_at: Timestamp,
}

impl PublisherView {
    pub(super) fn of(row: Versioned<Publisher>) -> Self {
        let Publisher { id, handle, profile, badges, suspended, created_at, .. } = row.value;
        let revision = row.revision;
        let badges = badge_views(&badges);
        let held = None;
        PublisherView { id, handle, profile, badges, suspended, held, revision, created_at }
    }
}

fn badge_views(badges: &[Badge]) -> Vec<BadgeView> {
    badges
        .iter()
        .map(|badge| BadgeView { kind: badge.kind, granted_at: badge.granted_at })
        .collect()
}

/// A publisher, and what the reader may do in it.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::port::PageSize;
/// async fn mine(ada: &Acting) -> Result<Vec<String>> {
///     let page = ada.my_publishers(None, PageSize::MAX).await?;
///     Ok(page.items.iter().map(|own| format!("{}: {}", own.publisher.handle, own.role)).collect())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MyPublisher {
    /// The publisher.
    pub publisher: PublisherView,
    /// The reader's role in it.
    pub role: PublisherRole,
}

/// A publisher, as its listings show it.
///
/// ```
/// use fleetprompt_core::marketplace::PublisherBrief;
/// fn byline(publisher: &PublisherBrief) -> String {
///     format!("{} (@{})", publisher.name, publisher.handle)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublisherBrief {
    /// The publisher.
    pub id: PublisherId,
    /// The name in URLs.
    pub handle: Handle,
    /// The name that pages show.
    pub name: crate::domain::DisplayName,
    /// What operators vouch for.
    pub badges: Vec<BadgeView>,
}

impl PublisherBrief {
    pub(in crate::marketplace) fn of(publisher: &Publisher) -> Self {
        PublisherBrief {
            id: publisher.id,
            handle: publisher.handle.clone(),
            name: publisher.profile.name.clone(),
            badges: badge_views(&publisher.badges),
        }
    }
}

/// An image, as pages show it: what it takes to ask for the bytes and to leave room for them.
///
/// ```
/// use fleetprompt_core::marketplace::ImageView;
/// fn is_photo(image: &ImageView) -> bool {
///     image.media_type == "image/jpeg"
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ImageView {
    /// Its name in the listing, and the digest of its bytes.
    pub digest: Sha256Digest,
    /// The media type that it is served with.
    pub media_type: &'static str,
    /// How wide and high it is.
    #[serde(flatten)]
    pub size: ImageSize,
}

impl ImageView {
    fn of(image: &Image) -> Self {
        let Image { digest, format, size, .. } = *image;
        ImageView { digest, media_type: format.media_type(), size }
    }
}

/// A screenshot, as pages show it.
///
/// ```
/// use fleetprompt_core::marketplace::ScreenshotView;
/// fn caption(shot: &ScreenshotView) -> &str {
///     shot.alt.as_str()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScreenshotView {
    /// The image.
    #[serde(flatten)]
    pub image: ImageView,
    /// What it shows, for those who do not see it.
    pub alt: AltText,
}

/// The images of a listing, as its page shows them; [`Acting::media`](crate::Acting::media) has the
/// bytes.
///
/// ```
/// use fleetprompt_core::marketplace::MediaView;
/// fn has_pictures(media: &MediaView) -> bool {
///     !media.screenshots.is_empty()
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MediaView {
    /// The icon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<ImageView>,
    /// The screenshots, in their order.
    pub screenshots: Vec<ScreenshotView>,
}

impl MediaView {
    fn of(media: &ListingMedia) -> Self {
        let shots = media.screenshots.as_slice().iter();
        MediaView {
            icon: media.icon.as_ref().map(ImageView::of),
            screenshots: shots
                .map(|shot| ScreenshotView {
                    image: ImageView::of(&shot.image),
                    alt: shot.alt.clone(),
                })
                .collect(),
        }
    }
}

/// A listing, as its page shows it.
///
/// ```
/// use fleetprompt_core::domain::BindingState;
/// use fleetprompt_core::marketplace::ListingView;
/// fn warning(listing: &ListingView) -> Option<&'static str> {
///     match listing.reference {
///         None | Some(BindingState::Confirmed) => None,
///         Some(_) => Some("not confirmed by its owning system"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListingView {
    /// The listing.
    pub id: ListingId,
    /// Whose it is.
    pub publisher: PublisherBrief,
    /// The name in URLs.
    pub slug: Slug,
    /// What is offered.
    pub asset: Asset,
    /// What its publisher says of it.
    pub content: ListingContent,
    /// Its icon and screenshots.
    pub media: MediaView,
    /// Where in its life it is.
    pub state: ListingState,
    /// The listing to use in place of this deprecated one, if the reader may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<ListingId>,
    /// Why it is taken down, if it is; only those who see the publisher's inside see it at all then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takedown: Option<Takedown>,
    /// What is held of its slug, if anything; only those who see the publisher's inside are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldName>,
    /// Whether the owning system confirmed that the publisher may offer it; `None` for a pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<BindingState>,
    /// The highest stable version that is not yanked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Version>,
    /// What an edit has to name.
    pub revision: Revision,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When its newest release was published, or it was created.
    pub released_at: Timestamp,
}

impl ListingView {
    pub(super) fn of(
        row: Versioned<Listing>,
        publisher: &Publisher,
        reference: Option<BindingState>,
        successor: Option<ListingId>,
    ) -> Self {
        let media = MediaView::of(&row.value.media);
        let Listing { id, slug, asset, content, state, takedown, .. } = row.value;
        let Listing { created_at, updated_at, released_at, latest, .. } = row.value;
        ListingView {
            id,
            publisher: PublisherBrief::of(publisher),
            slug,
            asset,
            content,
            media,
            state,
            successor,
            takedown,
            held: None,
            reference,
            latest,
            revision: row.revision,
            created_at,
            updated_at,
            released_at,
        }
    }
}

/// A release, as its page shows it.
///
/// ```
/// use fleetprompt_core::marketplace::ReleaseView;
/// fn can_install(release: &ReleaseView) -> bool {
///     release.yanked.is_none()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReleaseView {
    /// The listing.
    pub listing: ListingId,
    /// The version.
    pub version: Version,
    /// Stable or pre-release.
    pub channel: Channel,
    /// What its publisher says of it.
    pub content: ReleaseContent,
    /// SHA-256 over listing, version and content.
    pub digest: Sha256Digest,
    /// Why it is yanked, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yanked: Option<Reason>,
    /// When it was published.
    pub published_at: Timestamp,
}

impl ReleaseView {
    pub(in crate::marketplace) fn of(release: Release) -> Self {
        let channel = release.channel();
        let Release { listing, version, content, digest, yanked, published_at } = release;
        ReleaseView { listing, version, channel, content, digest, yanked, published_at }
    }
}

/// What an address leads to.
///
/// ```
/// use fleetprompt_core::marketplace::Found;
/// let found: Found<&str, &str> = Found::Moved("acme-robotics");
/// assert_ne!(found, Found::Here("acme-robotics"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<T, A> {
    /// It is here.
    Here(T),
    /// It has another address now: a former name, or a look-alike of the present one, was asked
    /// for.
    Moved(A),
}

/// Where a listing's page is.
///
/// ```
/// use fleetprompt_core::marketplace::ListingAddress;
/// fn path(to: &ListingAddress) -> String {
///     format!("/{}/{}", to.handle, to.slug)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListingAddress {
    /// Its publisher's handle.
    pub handle: Handle,
    /// Its slug.
    pub slug: Slug,
}

/// Whether the listing stands in the public catalogue, its publisher considered.
pub(in crate::marketplace) fn stands_in_catalogue(
    listing: &Listing,
    publisher: &Publisher,
) -> bool {
    listing.is_listed() && Sight::PUBLIC.reads(listing, publisher)
}
