//! Reports of abuse.

use fleetprompt_core::domain::{Reason, ReportId, ReportOutcome};
use fleetprompt_core::marketplace::{NewReport, Page, ReportReceipt, ReportView};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use crate::convention::{Answer, Body, Key, PageQuery, PathOf, Query, SignedIn};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(reports, report)).routes(routes!(resolve))
}

/// Report abuse
///
/// Anybody who is signed in may tell the operators about a publisher or listing that they can see. One
/// report of theirs about the same thing is open at a time, and a few are taken in a day.
#[utoipa::path(
    post, path = "/v1/reports", operation_id = "reportAbuse", tag = "Buying",
    params(Key), request_body = NewReport,
    responses((status = CREATED, description = "It is in the queue.", body = ReportReceipt)),
)]
async fn report(caller: SignedIn, Key(key): Key, Body(new): Body<NewReport>) -> Answer {
    let receipt = caller.report(new, &key).await?;
    Ok(caller.created("/v1/reports", None, &receipt))
}

/// List open reports
///
/// The oldest first. Reporters are named by surrogates alone.
#[utoipa::path(
    get, path = "/v1/reports", operation_id = "listReports", tag = "Operating",
    params(PageQuery),
    responses((status = OK, description = "The next reports.", body = Page<ReportView>)),
)]
async fn reports(caller: SignedIn, Query(page): Query<PageQuery>) -> Answer {
    let page = caller.reports(page.cursor.as_ref(), page.limit.size()).await?;
    Ok(caller.listed(&page))
}

/// How a report ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Resolution {
    /// Whether the reporter was right.
    outcome: ReportOutcome,
    /// Why.
    reason: Reason,
}

/// Resolve a report
///
/// What follows from it (a take-down, a suspension) is done by itself.
#[utoipa::path(
    post, path = "/v1/reports/{report}/resolve", operation_id = "resolveReport", tag = "Operating",
    params(("report" = ReportId, Path, description = "The report."), Key),
    request_body = Resolution,
    responses((status = OK, description = "It is resolved.", body = ReportReceipt)),
)]
async fn resolve(
    caller: SignedIn,
    PathOf(report): PathOf<ReportId>,
    Key(key): Key,
    Body(Resolution { outcome, reason }): Body<Resolution>,
) -> Answer {
    Ok(caller.done(None, &caller.resolve_report(report, outcome, reason, &key).await?))
}
