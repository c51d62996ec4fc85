//! The public change feed: the polite way to mirror the catalogue.

use fleetprompt_core::domain::ParseError;
use fleetprompt_core::marketplace::{ChangesPage, FeedCursor};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use crate::convention::{Answer, Caller, Limit, ProblemBody, Query};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(changes))
}

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangesQuery {
    /// `cursor` of the page before, `now` to be told only what comes from now on. Absent: from the
    /// beginning.
    #[param(
        value_type = Option<String>,
        pattern = "^(now|fpf1\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.(0|[1-9][0-9]*))$",
    )]
    after: Option<After>,
    /// How many changes at most.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 20)]
    limit: Limit,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
enum After {
    Now,
    Cursor(FeedCursor),
}

impl TryFrom<String> for After {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "now" => Ok(After::Now),
            _ => text.parse().map(After::Cursor),
        }
    }
}

/// Follow the catalogue
///
/// Each change of what is public, once, in order: the listing as it stands now, or that it is gone. A page
/// always has a `cursor` to go on from, also when nothing has changed. When the cursor is too old (410)
/// the follower starts again from a snapshot: from `now`, and the catalogue.
#[utoipa::path(
    get, path = "/v1/changes", operation_id = "listChanges", tag = "Catalogue",
    params(ChangesQuery),
    responses(
        (status = OK, description = "The next changes.", body = ChangesPage),
        (status = GONE, description = "The cursor is too old.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn changes(caller: Caller, Query(query): Query<ChangesQuery>) -> Answer {
    let after = match query.after {
        Some(After::Now) => Some(caller.feed_cursor().await?),
        Some(After::Cursor(cursor)) => Some(cursor),
        None => None,
    };
    let page = caller.changes(after.as_ref(), query.limit.size()).await?;
    Ok(caller.shown(None, &page))
}
