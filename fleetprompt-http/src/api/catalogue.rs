//! What anybody reads: listings, and the search over them.

use fleetprompt_core::domain::{
    AssetKind, BadgeKind, Category, Handle, ListingId, PriceClass, RenderedHtml, SystemName, Tag,
    Tags, Timestamp,
};
use fleetprompt_core::marketplace::{
    ListingView, METRICS_DAYS_MAX, Metrics, Page, ReleaseView, SearchPage, SearchRequest,
    Suggestions,
};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder, Cursor, Query as SearchQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::address::{PublisherAddress, ReleaseAddress};
use super::parameter::{Commas, Days, Flag};
use crate::convention::{Answer, Caller, Limit, PageQuery, PathOf, ProblemBody, Query};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(suggest))
        .routes(routes!(listing))
        .routes(routes!(releases))
        .routes(routes!(release))
        .routes(routes!(metrics))
}

/// What to search for, and in what order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CatalogueQuery {
    /// What somebody typed. Words, `"phrases"`, `-without`, `kind:`, `tag:`, `publisher:`; any text is a
    /// query. Absent: the whole catalogue.
    #[serde(default)]
    #[param(example = "web scraper")]
    q: String,
    /// Of this kind alone.
    kind: Option<AssetKind>,
    /// Of this publisher alone: its handle or its id.
    #[param(value_type = Option<Handle>)]
    publisher: Option<PublisherAddress>,
    /// In this category alone.
    category: Option<Category>,
    /// With all of these tags: separated by commas.
    #[serde(default)]
    #[param(value_type = Option<Tags>, style = Form, explode = false)]
    tags: Commas<Tag>,
    /// Of publishers with this badge alone.
    badge: Option<BadgeKind>,
    /// Whose latest release says that it works with this owning system.
    system: Option<SystemName>,
    /// Released since then (RFC 3339).
    updated_since: Option<Timestamp>,
    /// Free, or to be entitled.
    price_class: Option<PriceClass>,
    /// Absent: by relevance.
    #[serde(default)]
    #[param(value_type = Option<CatalogueOrder>)]
    sort: CatalogueOrder,
    /// Whether to count matches, in all and by kind, category, tag and badge: exact up to 1,000.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    facets: Flag,
    /// Where to go on: `nextCursor` of the page before.
    cursor: Option<Cursor>,
    /// How many entries at most.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 20)]
    limit: Limit,
}

/// Search the catalogue
///
/// Without `q` it is browsed. Pages go forward to the very end, and stay correct while listings change.
/// Entries leave out descriptions, which the listing itself has. When nothing is found, misspelt words
/// are corrected; `instead` says so.
#[utoipa::path(
    get, path = "/v1/listings", operation_id = "searchListings", tag = "Catalogue",
    params(CatalogueQuery),
    responses(
        (status = OK, description = "The next matches.", body = SearchPage),
        (status = NOT_FOUND, description = "There is no such publisher.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn search(caller: Caller, Query(query): Query<CatalogueQuery>) -> Answer {
    let publisher = match &query.publisher {
        Some(publisher) => Some(publisher.id(&caller).await?),
        None => None,
    };
    let filter = CatalogueFilter {
        kind: query.kind,
        publisher,
        category: query.category,
        tags: Tags::try_from(query.tags.0)?,
        badge: query.badge,
        system: query.system,
        updated_since: query.updated_since,
        price_class: query.price_class,
    };
    let words = SearchQuery::parse(&query.q);
    let request = SearchRequest { query: words, filter, order: query.sort, counts: query.facets.0 };
    let mut page = caller.search(&request, query.cursor.as_ref(), query.limit.size()).await?;
    for hit in &mut page.items {
        hit.listing.content.description = None;
    }
    let next = page.next.as_ref().map(ToString::to_string);
    Ok(caller.listed_as(&page, next.as_deref()))
}

/// What somebody has typed so far.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SuggestQuery {
    /// The text up to the cursor.
    #[param(example = "invo")]
    q: String,
}

/// Suggest listings and publishers
///
/// While somebody types: what begins with the last word, by quality.
#[utoipa::path(
    get, path = "/v1/suggest", operation_id = "suggest", tag = "Catalogue",
    params(SuggestQuery),
    responses((status = OK, description = "A few suggestions.", body = Suggestions)),
)]
async fn suggest(caller: Caller, Query(query): Query<SuggestQuery>) -> Answer {
    let suggestions = caller.suggest(&SearchQuery::parse(&query.q)).await?;
    Ok(caller.shown(None, &suggestions))
}

/// A listing with its description as it is shown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListingPage {
    #[serde(flatten)]
    listing: ListingView,
    /// The description as HTML: sanitised, to be shown as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    description_html: Option<RenderedHtml>,
}

impl ListingPage {
    /// The answer that shows `listing` whole.
    pub(super) async fn answer(caller: &Caller, listing: ListingView) -> Answer {
        let description_html = caller.description_html(listing.id).await?;
        let revision = listing.revision;
        Ok(caller.shown(Some(revision), &ListingPage { listing, description_html }))
    }
}

/// Read a listing
#[utoipa::path(
    get, path = "/v1/listings/{listing}", operation_id = "getListing", tag = "Catalogue",
    params(("listing" = ListingId, Path, description = "The listing's id.")),
    responses((status = OK, description = "The listing.", body = ListingPage)),
)]
async fn listing(caller: Caller, PathOf(listing): PathOf<ListingId>) -> Answer {
    let listing = caller.listing(listing).await?;
    ListingPage::answer(&caller, listing).await
}

/// List the releases of a listing
///
/// The highest version first, yanked ones included.
#[utoipa::path(
    get, path = "/v1/listings/{listing}/releases", operation_id = "listReleases",
    tag = "Catalogue",
    params(("listing" = ListingId, Path, description = "The listing's id."), PageQuery),
    responses((status = OK, description = "The next releases.", body = Page<ReleaseView>)),
)]
async fn releases(
    caller: Caller,
    PathOf(listing): PathOf<ListingId>,
    Query(page): Query<PageQuery>,
) -> Answer {
    let page = caller.releases(listing, page.cursor.as_ref(), page.limit.size()).await?;
    Ok(caller.listed(&page))
}

/// A release with its notes as they are shown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReleasePage {
    #[serde(flatten)]
    release: ReleaseView,
    /// The notes as HTML: sanitised, to be shown as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    notes_html: Option<RenderedHtml>,
}

/// Read a release
///
/// By its version, or `latest` for the highest stable version that is not yanked, whatever was published
/// last, or `latest-prerelease` for the highest of all.
#[utoipa::path(
    get, path = "/v1/listings/{listing}/releases/{version}", operation_id = "getRelease",
    tag = "Catalogue",
    params(
        ("listing" = ListingId, Path, description = "The listing's id."),
        ("version" = String, Path, description = "A version, `latest` or `latest-prerelease`.", example = "1.4.0"),
    ),
    responses((status = OK, description = "The release.", body = ReleasePage)),
)]
async fn release(
    caller: Caller,
    PathOf((listing, version)): PathOf<(ListingId, ReleaseAddress)>,
) -> Answer {
    let release = version.find(&caller, listing).await?;
    let notes_html = caller.release_notes_html(listing, &release.version).await?;
    Ok(caller.shown(None, &ReleasePage { release, notes_html }))
}

/// How far back to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MetricsQuery {
    /// How many days before today.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 90, default = 30)]
    days: Days<{ METRICS_DAYS_MAX }>,
}

/// Count a listing's installs
///
/// Installs begun and redeemed, and distinct buyers, by day and release. Figures are coarse: they name
/// nobody.
#[utoipa::path(
    get, path = "/v1/listings/{listing}/metrics", operation_id = "getMetrics", tag = "Catalogue",
    params(("listing" = ListingId, Path, description = "The listing's id."), MetricsQuery),
    responses((status = OK, description = "The counts.", body = Metrics)),
)]
async fn metrics(
    caller: Caller,
    PathOf(listing): PathOf<ListingId>,
    Query(query): Query<MetricsQuery>,
) -> Answer {
    let metrics = caller.metrics(listing, query.days.0).await?;
    Ok(caller.shown(None, &metrics))
}
