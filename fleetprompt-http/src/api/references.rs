//! Whether a publisher may offer an asset: asked of the system that owns it.

use fleetprompt_core::domain::{
    AssetKind, BindingState, ParseError, PublisherId, Reason, Rule, UpstreamId,
};
use fleetprompt_core::marketplace::{Page, ReferenceDecision, ReferenceReceipt, ReferenceView};
use fleetprompt_core::search::Cursor;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use crate::convention::{Answer, Body, Key, Limit, Query, SignedIn};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(references, decide))
}

/// Which, and where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReferencesQuery {
    /// Those that stand so; absent: those that wait for an answer.
    state: Option<BindingState>,
    /// Where to go on: `nextCursor` of the page before.
    cursor: Option<Cursor>,
    /// How many entries at most.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 20)]
    limit: Limit,
}

/// List references to confirm
///
/// For an owning system: the references that it was asked about, the oldest question first.
#[utoipa::path(
    get, path = "/v1/references", operation_id = "listReferences", tag = "Owning systems",
    params(ReferencesQuery),
    responses((status = OK, description = "The next references.", body = Page<ReferenceView>)),
)]
async fn references(caller: SignedIn, Query(query): Query<ReferencesQuery>) -> Answer {
    let state = query.state.unwrap_or(BindingState::Pending);
    let page = caller.references(state, query.cursor.as_ref(), query.limit.size()).await?;
    Ok(caller.listed(&page))
}

/// Yes or no.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Decision {
    /// The publisher may offer it.
    Confirm,
    /// It may not.
    Refuse,
}

/// An answer about one reference.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DecidedReference {
    /// The publisher that offers the asset.
    publisher: PublisherId,
    /// Which kind of asset.
    kind: AssetKind,
    /// The system's own id of the asset.
    upstream_id: UpstreamId,
    /// The answer.
    decision: Decision,
    /// Why; needed to refuse, and by operators.
    #[serde(default)]
    reason: Option<Reason>,
}

/// Confirm or refuse a reference
///
/// By the system that owns the asset, or an operator with a reason. An answer can be changed.
#[utoipa::path(
    post, path = "/v1/references", operation_id = "decideReference", tag = "Owning systems",
    params(Key), request_body = DecidedReference,
    responses((status = OK, description = "The answer stands.", body = ReferenceReceipt)),
)]
async fn decide(caller: SignedIn, Key(key): Key, Body(answer): Body<DecidedReference>) -> Answer {
    let DecidedReference { publisher, kind, upstream_id, decision, reason } = answer;
    let decision = match (decision, reason) {
        (Decision::Confirm, reason) => ReferenceDecision::Confirm { reason },
        (Decision::Refuse, Some(reason)) => ReferenceDecision::Refuse { reason },
        (Decision::Refuse, None) => return Err(ParseError::new("reason", Rule::Empty).into()),
    };
    let receipt = caller.decide_reference(publisher, kind, upstream_id, decision, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}
