//! What a publisher does with listings and releases.

use fleetprompt_core::domain::{ListingId, PublisherId, Reason, ReleaseContent, Version};
use fleetprompt_core::marketplace::{ListingPatch, ListingReceipt, NewListing, ReleaseReceipt};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use crate::convention::{Answer, Body, Edit, IfMatch, Key, Patch, PathOf, SignedIn};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(update, delete))
        .routes(routes!(publish))
        .routes(routes!(unlist))
        .routes(routes!(deprecate))
        .routes(routes!(transfer))
        .routes(routes!(publish_release))
        .routes(routes!(yank))
        .routes(routes!(unyank))
}

/// Create a listing
///
/// As a draft. The owning system is asked whether the publisher may offer what it refers to.
#[utoipa::path(
    post, path = "/v1/listings", operation_id = "createListing", tag = "Publishing",
    params(Key), request_body = NewListing,
    responses((status = CREATED, description = "The draft stands.", body = ListingReceipt)),
)]
async fn create(caller: SignedIn, Key(key): Key, Body(new): Body<NewListing>) -> Answer {
    let receipt = caller.create_listing(new, &key).await?;
    let path = format!("/v1/listings/{}", receipt.id);
    Ok(caller.created(&path, Some(receipt.revision), &receipt))
}

/// Edit a listing
///
/// A merge patch (RFC 7396) of `slug`, `asset` and `content`: what is absent stays, `null` removes. A
/// slug that is left leads to the listing. Publishing or yanking a release is an edit too.
#[utoipa::path(
    patch, path = "/v1/listings/{listing}", operation_id = "updateListing", tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key, IfMatch),
    request_body(content = ListingPatch, content_type = "application/merge-patch+json"),
    responses((status = OK, description = "It was edited.", body = ListingReceipt)),
)]
async fn update(edit: Edit<ListingId, Patch<ListingPatch>>) -> Answer {
    let Edit { caller, of, key, revision, body: Patch(patch) } = edit;
    let receipt = caller.patch_listing(of, revision, patch, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Delete a listing
///
/// For good. Its slug is not given to another listing; the change feed says that it is gone.
#[utoipa::path(
    delete, path = "/v1/listings/{listing}", operation_id = "deleteListing", tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    responses((status = OK, description = "It is gone.", body = ListingReceipt)),
)]
async fn delete(caller: SignedIn, PathOf(listing): PathOf<ListingId>, Key(key): Key) -> Answer {
    Ok(caller.done(None, &caller.delete_listing(listing, &key).await?))
}

/// Publish a listing
#[utoipa::path(
    post, path = "/v1/listings/{listing}/publish", operation_id = "publishListing",
    tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    responses((status = OK, description = "It is in the catalogue.", body = ListingReceipt)),
)]
async fn publish(caller: SignedIn, PathOf(listing): PathOf<ListingId>, Key(key): Key) -> Answer {
    let receipt = caller.publish_listing(listing, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Take a listing out of the catalogue
///
/// Whoever has its address still reads it.
#[utoipa::path(
    post, path = "/v1/listings/{listing}/unlist", operation_id = "unlistListing",
    tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    responses((status = OK, description = "It is out of the catalogue.", body = ListingReceipt)),
)]
async fn unlist(caller: SignedIn, PathOf(listing): PathOf<ListingId>, Key(key): Key) -> Answer {
    let receipt = caller.unlist_listing(listing, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// What comes instead.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Deprecation {
    /// The listing to use instead, if there is one.
    #[serde(default)]
    successor: Option<ListingId>,
}

/// Deprecate a listing
///
/// It can't be obtained any more; who has it keeps it. Of one that is deprecated, another successor is
/// named. Whoever can read the listing has to be able to read the successor, so publish that first; it is
/// shown while it can be read.
#[utoipa::path(
    post, path = "/v1/listings/{listing}/deprecate", operation_id = "deprecateListing",
    tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    request_body = Deprecation,
    responses((status = OK, description = "It is deprecated.", body = ListingReceipt)),
)]
async fn deprecate(
    caller: SignedIn,
    PathOf(listing): PathOf<ListingId>,
    Key(key): Key,
    Body(Deprecation { successor }): Body<Deprecation>,
) -> Answer {
    let receipt = caller.deprecate_listing(listing, successor, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Who gets it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ListingTransfer {
    /// A publisher that the caller maintains too.
    to: PublisherId,
}

/// Transfer a listing
///
/// To another publisher that the caller maintains. Its address leads there.
#[utoipa::path(
    post, path = "/v1/listings/{listing}/transfer", operation_id = "transferListing",
    tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    request_body = ListingTransfer,
    responses((status = OK, description = "It was transferred.", body = ListingReceipt)),
)]
async fn transfer(
    caller: SignedIn,
    PathOf(listing): PathOf<ListingId>,
    Key(key): Key,
    Body(ListingTransfer { to }): Body<ListingTransfer>,
) -> Answer {
    let receipt = caller.transfer_listing(listing, to, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// A release to be published.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRelease {
    /// The version, by Semantic Versioning 2.0.0.
    version: Version,
    /// What it says.
    #[serde(default)]
    content: ReleaseContent,
}

/// Publish a release
///
/// Immutable from then on. Two versions that differ in build metadata alone are one.
#[utoipa::path(
    post, path = "/v1/listings/{listing}/releases", operation_id = "publishRelease",
    tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    request_body = NewRelease,
    responses((status = CREATED, description = "It is published.", body = ReleaseReceipt)),
)]
async fn publish_release(
    caller: SignedIn,
    PathOf(listing): PathOf<ListingId>,
    Key(key): Key,
    Body(NewRelease { version, content }): Body<NewRelease>,
) -> Answer {
    let receipt = caller.publish_release(listing, version, content, &key).await?;
    let path = format!("/v1/listings/{listing}/releases/{}", receipt.version);
    Ok(caller.created(&path, None, &receipt))
}

/// Why something is done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// The reason, for whoever is concerned.
    pub(super) reason: Reason,
}

/// Yank a release
///
/// It stays readable, is not the latest any more, and is not installed any more.
#[utoipa::path(
    post, path = "/v1/listings/{listing}/releases/{version}/yank", operation_id = "yankRelease",
    tag = "Publishing",
    params(
        ("listing" = ListingId, Path, description = "The listing's id."),
        ("version" = Version, Path, description = "The version.", example = "1.4.0"), Key,
    ),
    request_body = Because,
    responses((status = OK, description = "It is yanked.", body = ReleaseReceipt)),
)]
async fn yank(
    caller: SignedIn,
    PathOf((listing, version)): PathOf<(ListingId, Version)>,
    Key(key): Key,
    Body(Because { reason }): Body<Because>,
) -> Answer {
    Ok(caller.done(None, &caller.yank_release(listing, version, reason, &key).await?))
}

/// Take a yank back
#[utoipa::path(
    post, path = "/v1/listings/{listing}/releases/{version}/unyank",
    operation_id = "unyankRelease", tag = "Publishing",
    params(
        ("listing" = ListingId, Path, description = "The listing's id."),
        ("version" = Version, Path, description = "The version.", example = "1.4.0"), Key,
    ),
    responses((status = OK, description = "It is not yanked.", body = ReleaseReceipt)),
)]
async fn unyank(
    caller: SignedIn,
    PathOf((listing, version)): PathOf<(ListingId, Version)>,
    Key(key): Key,
) -> Answer {
    Ok(caller.done(None, &caller.unyank_release(listing, version, &key).await?))
}
