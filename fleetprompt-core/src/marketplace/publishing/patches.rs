//! Edits of a part: what is absent stays (RFC 7396, JSON Merge Patch).

use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::{
    Asset, Category, Description, DisplayName, Handle, IdempotencyKey, License, Listing,
    ListingContent, ListingId, PriceClass, Publisher, PublisherId, PublisherProfile, Revision,
    Slug, Summary, Tags, Title, Visibility, WebLink,
};
use crate::error::Result;

use super::listings::{ListingEdit, ListingReceipt, edit_listing};
use super::publishers::{PublisherEdit, edit_publisher};
use crate::marketplace::Acting;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;
use crate::marketplace::writing::receipts::PublisherReceipt;

/// What changes of a listing.
///
/// ```
/// use fleetprompt_core::domain::{JsonBounds, from_json};
/// use fleetprompt_core::marketplace::ListingPatch;
/// let patch = br#"{"content": {"title": "Web scraper", "license": null}}"#;
/// let patch: ListingPatch = from_json(patch, JsonBounds::DOCUMENT)?;
/// let content = patch.content.as_ref().unwrap();
/// assert_eq!(content.license, Some(None), "removed");
/// assert_eq!(content.summary, None, "stays");
/// assert!(from_json::<ListingPatch>(br#"{"slug": null}"#, JsonBounds::DOCUMENT).is_err());
/// # Ok::<(), fleetprompt_core::domain::JsonError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListingPatch {
    /// The name in URLs; the old one keeps leading here.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub slug: Option<Slug>,
    /// What it refers to, whole, and of the same kind.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub asset: Option<Asset>,
    /// What it says.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub content: Option<ContentPatch>,
}

/// What changes of what a listing says.
///
/// ```
/// use fleetprompt_core::marketplace::ContentPatch;
/// let patch = ContentPatch { title: Some("Web scraper".parse()?), ..Default::default() };
/// assert!(patch.summary.is_none());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentPatch {
    /// The title.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub title: Option<Title>,
    /// The summary.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub summary: Option<Summary>,
    /// The description, as Markdown; `null` removes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub description: Option<Option<Description>>,
    /// The tags, all of them.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub tags: Option<Tags>,
    /// The category.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub category: Option<Category>,
    /// Free, or to be entitled.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub price_class: Option<PriceClass>,
    /// Who may see it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub visibility: Option<Visibility>,
    /// The documentation; `null` removes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub documentation: Option<Option<WebLink>>,
    /// The repository; `null` removes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub repository: Option<Option<WebLink>>,
    /// The licence; `null` removes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub license: Option<Option<License>>,
}

/// What changes of a publisher.
///
/// ```
/// use fleetprompt_core::marketplace::{ProfilePatch, PublisherPatch};
/// let profile = ProfilePatch { website: Some(None), ..Default::default() };
/// let patch = PublisherPatch { profile: Some(profile), ..Default::default() };
/// assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"profile":{"website":null}}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublisherPatch {
    /// The name in URLs; the old one keeps leading here.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub handle: Option<Handle>,
    /// What it says of itself.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub profile: Option<ProfilePatch>,
}

/// What changes of what a publisher says of itself.
///
/// ```
/// use fleetprompt_core::marketplace::ProfilePatch;
/// assert_eq!(serde_json::to_string(&ProfilePatch::default()).unwrap(), "{}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfilePatch {
    /// The shown name.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub name: Option<DisplayName>,
    /// The summary; `null` removes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub summary: Option<Option<Summary>>,
    /// The website; `null` removes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub website: Option<Option<WebLink>>,
}

/// What is there, `null` included: what can't be removed refuses it.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl ListingPatch {
    fn edit(self, before: &Listing) -> ListingEdit {
        let ListingPatch { slug, asset, content } = self;
        let content = match content {
            Some(patch) => patch.apply(before.content.clone()),
            None => before.content.clone(),
        };
        ListingEdit { slug: slug.unwrap_or_else(|| before.slug.clone()), content, asset }
    }
}

impl ContentPatch {
    fn apply(self, before: ListingContent) -> ListingContent {
        ListingContent {
            title: self.title.unwrap_or(before.title),
            summary: self.summary.unwrap_or(before.summary),
            description: self.description.unwrap_or(before.description),
            tags: self.tags.unwrap_or(before.tags),
            category: self.category.unwrap_or(before.category),
            price_class: self.price_class.unwrap_or(before.price_class),
            visibility: self.visibility.unwrap_or(before.visibility),
            documentation: self.documentation.unwrap_or(before.documentation),
            repository: self.repository.unwrap_or(before.repository),
            license: self.license.unwrap_or(before.license),
        }
    }
}

impl PublisherPatch {
    fn edit(self, before: &Publisher) -> PublisherEdit {
        let handle = self.handle.unwrap_or_else(|| before.handle.clone());
        let (patch, before) = (self.profile.unwrap_or_default(), before.profile.clone());
        let profile = PublisherProfile {
            name: patch.name.unwrap_or(before.name),
            summary: patch.summary.unwrap_or(before.summary),
            website: patch.website.unwrap_or(before.website),
        };
        PublisherEdit { handle, profile }
    }
}

impl Acting {
    /// Changes a part of a listing that is still at `revision`; what the patch does not name stays.
    ///
    /// # Errors
    /// As [`update_listing`](Self::update_listing).
    pub async fn patch_listing(
        &self,
        listing: ListingId,
        revision: Revision,
        patch: ListingPatch,
        key: &IdempotencyKey,
    ) -> Result<ListingReceipt> {
        let command = PatchListing { listing, revision, patch };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// Changes a part of a publisher that is still at `revision`; what the patch does not name
    /// stays.
    ///
    /// # Errors
    /// As [`update_publisher`](Self::update_publisher).
    pub async fn patch_publisher(
        &self,
        publisher: PublisherId,
        revision: Revision,
        patch: PublisherPatch,
        key: &IdempotencyKey,
    ) -> Result<PublisherReceipt> {
        let command = PatchPublisher { publisher, revision, patch };
        self.inner().execute_on_publisher(&self.principal, key, &command).await
    }
}

#[derive(Serialize)]
struct PatchListing {
    listing: ListingId,
    revision: Revision,
    patch: ListingPatch,
}

impl Command for PatchListing {
    const OPERATION: &'static str = "listing.patch";
    type Receipt = ListingReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ListingReceipt> {
        let patch = self.patch.clone();
        edit_listing(cx, self.listing, self.revision, |before| patch.edit(before)).await
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ListingReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

#[derive(Serialize)]
struct PatchPublisher {
    publisher: PublisherId,
    revision: Revision,
    patch: PublisherPatch,
}

impl Command for PatchPublisher {
    const OPERATION: &'static str = "publisher.patch";
    type Receipt = PublisherReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<PublisherReceipt> {
        let patch = self.patch.clone();
        edit_publisher(cx, self.publisher, self.revision, |before| patch.edit(before)).await
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&PublisherReceipt>) -> Result<()> {
        super::publishers::may_replay_edit(cx, self.publisher).await
    }
}
