//! Icons and screenshots.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use fleetprompt_core::domain::bounds::MAX_SCREENSHOT_BYTES;
use fleetprompt_core::domain::{
    AltText, BoundedList, ImageUpload, ListingId, SCREENSHOTS_MAX, Sha256Digest,
};
use fleetprompt_core::marketplace::{MediaReceipt, ScreenshotPlace};
use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use crate::convention::{
    Answer, Body, Caller, Edit, IfMatch, Key, PathOf, Problem, Query, SignedIn, body,
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(image))
        .routes(routes!(set_icon, clear_icon))
        .routes(routes!(add_screenshot, arrange_screenshots))
}

/// The bytes of an image, whatever the sender says that they are: the content decides.
struct Upload(ImageUpload);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = body::bytes(request, MAX_SCREENSHOT_BYTES).await?;
        Ok(Upload(ImageUpload::try_from(Vec::from(bytes))?))
    }
}

/// Read an image
///
/// An icon or screenshot of a listing, by its digest. What a digest names never changes.
#[utoipa::path(
    get, path = "/v1/listings/{listing}/media/{digest}", operation_id = "getMedia",
    tag = "Catalogue",
    params(
        ("listing" = ListingId, Path, description = "The listing's id."),
        ("digest" = Sha256Digest, Path, description = "The image's digest."),
    ),
    responses((
        status = OK, description = "The image.",
        content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg")),
    )),
)]
async fn image(
    caller: Caller,
    PathOf((listing, digest)): PathOf<(ListingId, Sha256Digest)>,
) -> Answer {
    file(&caller, listing, digest).await
}

/// The bytes of an image, and nothing that they could pass for.
pub(crate) async fn file(caller: &Caller, listing: ListingId, digest: Sha256Digest) -> Answer {
    let file = caller.media(listing, digest).await?;
    let cache = match file.public {
        true => "public, max-age=31536000, immutable",
        false => "private, no-store",
    };
    let mut response: Response = file.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.format.media_type()));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    Ok(response)
}

/// Set the icon
///
/// A square PNG, JPEG or WebP by its content. It is scanned and drawn anew.
#[utoipa::path(
    put, path = "/v1/listings/{listing}/media/icon", operation_id = "setIcon", tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key, IfMatch),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = OK, description = "The icon stands.", body = MediaReceipt)),
)]
async fn set_icon(edit: Edit<ListingId, Upload>) -> Answer {
    let Edit { caller, of, key, revision, body: Upload(image) } = edit;
    let receipt = caller.set_icon(of, revision, image, &key).await?;
    Ok(caller.done(Some(receipt.listing.revision), &receipt))
}

/// Remove the icon
#[utoipa::path(
    delete, path = "/v1/listings/{listing}/media/icon", operation_id = "clearIcon",
    tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key, IfMatch),
    responses((status = OK, description = "The icon is gone.", body = MediaReceipt)),
)]
async fn clear_icon(
    caller: SignedIn,
    PathOf(listing): PathOf<ListingId>,
    Key(key): Key,
    IfMatch(revision): IfMatch,
) -> Answer {
    let receipt = caller.clear_icon(listing, revision, &key).await?;
    Ok(caller.done(Some(receipt.listing.revision), &receipt))
}

/// What the picture shows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ScreenshotQuery {
    /// For those who can't see it.
    alt: AltText,
}

/// Add a screenshot
///
/// Behind those that the listing has, eight at most. A PNG, JPEG or WebP by its content; it is scanned
/// and drawn anew.
#[utoipa::path(
    post, path = "/v1/listings/{listing}/media/screenshots", operation_id = "addScreenshot",
    tag = "Publishing",
    params(
        ("listing" = ListingId, Path, description = "The listing's id."),
        ScreenshotQuery, Key, IfMatch,
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = CREATED, description = "It is shown.", body = MediaReceipt)),
)]
async fn add_screenshot(
    caller: SignedIn,
    PathOf(listing): PathOf<ListingId>,
    Query(ScreenshotQuery { alt }): Query<ScreenshotQuery>,
    Key(key): Key,
    IfMatch(revision): IfMatch,
    Upload(image): Upload,
) -> Answer {
    let receipt = caller.add_screenshot(listing, revision, image, alt, &key).await?;
    let digest = receipt.image.map(|digest| digest.to_string()).unwrap_or_default();
    let path = format!("/v1/listings/{listing}/media/{digest}");
    Ok(caller.created(&path, Some(receipt.listing.revision), &receipt))
}

/// Which screenshots are shown, in this order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Arrangement {
    /// Those that stay.
    #[schema(value_type = BTreeSet<ScreenshotPlace>, max_items = 8)]
    screenshots: BoundedList<ScreenshotPlace, SCREENSHOTS_MAX>,
}

/// Arrange the screenshots
///
/// Those that are not named are removed.
#[utoipa::path(
    put, path = "/v1/listings/{listing}/media/screenshots", operation_id = "arrangeScreenshots",
    tag = "Publishing",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key, IfMatch),
    request_body = Arrangement,
    responses((status = OK, description = "They are arranged.", body = MediaReceipt)),
)]
async fn arrange_screenshots(edit: Edit<ListingId, Body<Arrangement>>) -> Answer {
    let Edit { caller, of, key, revision, body: Body(Arrangement { screenshots }) } = edit;
    let receipt = caller.arrange_screenshots(of, revision, screenshots, &key).await?;
    Ok(caller.done(Some(receipt.listing.revision), &receipt))
}
