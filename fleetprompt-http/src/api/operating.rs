//! What operators do: verify, suspend, take down, review, and read the log.

use axum::extract::State;
use fleetprompt_core::domain::{
    BadgeKind, EvidenceReference, Handle, ListingId, NameSubject, ParseError, Position, Reason,
    Rule, TakedownReason,
};
use fleetprompt_core::marketplace::{
    AuditEntry, Erasure, FenceReceipt, HeldNameView, KeyRevocationReceipt, ListingReceipt,
    NameReceipt, Page, PublisherReceipt, TenantDeletion,
};
use fleetprompt_core::search::Cursor;
use fleetprompt_core::token::KeyId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::address::PublisherAddress;
use super::listings::Because;
use super::person::{NamedPerson, NamedTenant};
use crate::convention::{Answer, Body, Key, Limit, PathOf, ProblemBody, Query, SignedIn};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(grant_badge))
        .routes(routes!(remove_badge))
        .routes(routes!(suspend_publisher))
        .routes(routes!(restore_publisher))
        .routes(routes!(take_down))
        .routes(routes!(restore_listing))
        .routes(routes!(held_names))
        .routes(routes!(decide_name))
        .routes(routes!(audit_log))
        .routes(routes!(erase_subject))
        .routes(routes!(delete_tenant))
        .routes(routes!(revoke_key))
        .routes(routes!(fence))
}

/// A badge to be granted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBadge {
    /// Which badge.
    badge: BadgeKind,
    /// What it rests on, as the operator names it.
    evidence: EvidenceReference,
}

/// Grant a badge
#[utoipa::path(
    post, path = "/v1/publishers/{publisher}/badges", operation_id = "grantBadge",
    tag = "Operating",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), Key),
    request_body = NewBadge,
    responses((status = OK, description = "The publisher has the badge.", body = PublisherReceipt)),
)]
async fn grant_badge(
    caller: SignedIn,
    PathOf(publisher): PathOf<PublisherAddress>,
    Key(key): Key,
    Body(NewBadge { badge, evidence }): Body<NewBadge>,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let receipt = caller.grant_badge(publisher, badge, evidence, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Remove a badge
#[utoipa::path(
    delete, path = "/v1/publishers/{publisher}/badges/{badge}", operation_id = "removeBadge",
    tag = "Operating",
    params(
        ("publisher" = Handle, Path, description = "The publisher's handle or id."),
        ("badge" = BadgeKind, Path, description = "Which badge."), Key,
    ),
    responses((status = OK, description = "The badge is gone.", body = PublisherReceipt)),
)]
async fn remove_badge(
    caller: SignedIn,
    PathOf((publisher, badge)): PathOf<(PublisherAddress, BadgeKind)>,
    Key(key): Key,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let receipt = caller.remove_badge(publisher, badge, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Suspend a publisher
///
/// Its listings leave the catalogue, and nothing of it is installed, until it is restored.
#[utoipa::path(
    post, path = "/v1/publishers/{publisher}/suspend", operation_id = "suspendPublisher",
    tag = "Operating",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), Key),
    request_body = Because,
    responses((status = OK, description = "It is suspended.", body = PublisherReceipt)),
)]
async fn suspend_publisher(
    caller: SignedIn,
    PathOf(publisher): PathOf<PublisherAddress>,
    Key(key): Key,
    Body(Because { reason }): Body<Because>,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let receipt = caller.suspend_publisher(publisher, reason, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Restore a suspended publisher
#[utoipa::path(
    post, path = "/v1/publishers/{publisher}/restore", operation_id = "restorePublisher",
    tag = "Operating",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), Key),
    responses((status = OK, description = "It is in good standing.", body = PublisherReceipt)),
)]
async fn restore_publisher(
    caller: SignedIn,
    PathOf(publisher): PathOf<PublisherAddress>,
    Key(key): Key,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let receipt = caller.restore_publisher(publisher, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Why a listing is taken down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTakedown {
    /// The class, which the change feed says.
    class: TakedownReason,
    /// The reason, for the publisher.
    reason: Reason,
}

/// Take a listing down
///
/// Nobody but its publisher sees it. The publisher is told the reason.
#[utoipa::path(
    post, path = "/v1/listings/{listing}/takedown", operation_id = "takeDownListing",
    tag = "Operating",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    request_body = NewTakedown,
    responses((status = OK, description = "It is taken down.", body = ListingReceipt)),
)]
async fn take_down(
    caller: SignedIn,
    PathOf(listing): PathOf<ListingId>,
    Key(key): Key,
    Body(NewTakedown { class, reason }): Body<NewTakedown>,
) -> Answer {
    let receipt = caller.take_down(listing, class, reason, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Restore a listing that was taken down
#[utoipa::path(
    post, path = "/v1/listings/{listing}/restore", operation_id = "restoreListing",
    tag = "Operating",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    responses((status = OK, description = "It is as it was before.", body = ListingReceipt)),
)]
async fn restore_listing(
    caller: SignedIn,
    PathOf(listing): PathOf<ListingId>,
    Key(key): Key,
) -> Answer {
    let receipt = caller.restore_listing(listing, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Which held names.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeldState {
    /// Those that wait for a decision.
    Waiting,
    /// Those that were refused.
    Refused,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HeldNamesQuery {
    /// Which; by default those that wait.
    #[param(value_type = Option<String>, pattern = "^(waiting|refused)$")]
    state: Option<HeldState>,
    /// Where to go on: `nextCursor` of the page before. Absent: from the start.
    cursor: Option<Cursor>,
    /// How many entries at most.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 20)]
    limit: Limit,
}

/// List held names
///
/// Those that look like a well-known name of somebody else, the oldest first.
#[utoipa::path(
    get, path = "/v1/held-names", operation_id = "listHeldNames", tag = "Operating",
    params(HeldNamesQuery),
    responses((status = OK, description = "The next names.", body = Page<HeldNameView>)),
)]
async fn held_names(caller: SignedIn, Query(query): Query<HeldNamesQuery>) -> Answer {
    let HeldNamesQuery { state, cursor, limit } = query;
    let page = match state.unwrap_or(HeldState::Waiting) {
        HeldState::Waiting => caller.held_names(cursor.as_ref(), limit.size()).await?,
        HeldState::Refused => caller.refused_names(cursor.as_ref(), limit.size()).await?,
    };
    Ok(caller.listed(&page))
}

/// Whether a name may stand.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum NameDecision {
    /// It may.
    Allow,
    /// It may not; its owner chooses another.
    Refuse,
}

/// A decision about a held name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecidedName {
    /// Whose name.
    subject: NameSubject,
    /// The version that was looked at. When it is another one by now, nothing is decided.
    version: Position,
    /// The decision.
    decision: NameDecision,
    /// Why, for the publisher.
    reason: Reason,
}

/// Allow or refuse a held name
#[utoipa::path(
    post, path = "/v1/held-names/decide", operation_id = "decideName", tag = "Operating",
    params(Key), request_body = DecidedName,
    responses(
        (status = OK, description = "It is decided.", body = NameReceipt),
        (status = PRECONDITION_FAILED, description = "It is not what was looked at.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn decide_name(caller: SignedIn, Key(key): Key, Body(decided): Body<DecidedName>) -> Answer {
    let DecidedName { subject, version, decision, reason } = decided;
    let receipt = match decision {
        NameDecision::Allow => caller.allow_name(subject, version, reason, &key).await?,
        NameDecision::Refuse => caller.refuse_name(subject, version, reason, &key).await?,
    };
    Ok(caller.done(None, &receipt))
}

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// The position of the last entry that is known; absent: from the beginning.
    #[serde(default)]
    #[param(value_type = Option<u64>, maximum = 9_007_199_254_740_991_u64)]
    after: After,
    /// How many entries at most.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 20)]
    limit: Limit,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct After(Position);

/// The largest position: beyond it, readers of JSON no longer agree on a number (RFC 7493 §2.2).
const LAST: u64 = (1 << 53) - 1;

impl Default for After {
    fn default() -> Self {
        After(Position::START)
    }
}

impl TryFrom<String> for After {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let position = text.parse().ok().filter(|position| *position <= LAST);
        let position = position.ok_or(ParseError::new("after", Rule::Format("a position")))?;
        Ok(After(Position::new(position)))
    }
}

/// A stretch of the log.
#[derive(Serialize, ToSchema)]
struct AuditPage {
    /// The entries, in order.
    items: Vec<AuditEntry>,
}

/// Read the audit log
///
/// Every event once, in order, with dense positions. Go on after the last one.
#[utoipa::path(
    get, path = "/v1/audit-log", operation_id = "readAuditLog", tag = "Operating",
    params(AuditQuery),
    responses(
        (status = OK, description = "The next events.", body = AuditPage),
        (status = GONE, description = "The events behind this position are not kept any more.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn audit_log(caller: SignedIn, Query(query): Query<AuditQuery>) -> Answer {
    let items = caller.audit_log(query.after.0, query.limit.size()).await?;
    Ok(caller.shown(None, &AuditPage { items }))
}

/// Erase a subject
///
/// What names them is removed; what they did stays, without a name.
#[utoipa::path(
    post, path = "/v1/subjects/erase", operation_id = "eraseSubject", tag = "Operating",
    params(Key), request_body = NamedPerson,
    responses((status = OK, description = "The subject is erased.", body = Erasure)),
)]
async fn erase_subject(
    State(api): State<Api>,
    caller: SignedIn,
    Key(key): Key,
    Body(subject): Body<NamedPerson>,
) -> Answer {
    let subject = subject.identity(&api)?;
    Ok(caller.done(None, &caller.erase_subject(&subject, &key).await?))
}

/// Delete a tenant
///
/// With everybody in it.
#[utoipa::path(
    post, path = "/v1/tenants/delete", operation_id = "deleteTenant", tag = "Operating",
    params(Key), request_body = NamedTenant,
    responses((status = OK, description = "The tenant is deleted.", body = TenantDeletion)),
)]
async fn delete_tenant(
    State(api): State<Api>,
    caller: SignedIn,
    Key(key): Key,
    Body(tenant): Body<NamedTenant>,
) -> Answer {
    let tenant = tenant.identity(&api)?;
    Ok(caller.done(None, &caller.delete_tenant(&tenant, &key).await?))
}

/// Revoke what was issued under a key
///
/// After the key was revoked in every process's ring: the attempts that wait to be redeemed are revoked.
#[utoipa::path(
    post, path = "/v1/keys/{kid}/revoke", operation_id = "revokeKey", tag = "Operating",
    params(("kid" = KeyId, Path, description = "The key's name.", example = "k1"), Key),
    responses((status = OK, description = "They are revoked.", body = KeyRevocationReceipt)),
)]
async fn revoke_key(caller: SignedIn, PathOf(kid): PathOf<KeyId>, Key(key): Key) -> Answer {
    Ok(caller.done(None, &caller.revoke_key(kid, &key).await?))
}

/// Fence the marketplace
///
/// After a restore or a lossy promotion, before it serves: every attempt that waited at the end of its log
/// is revoked, and no token from before holds. Other instances that have the store open refuse tokens and
/// cursors of the change feed from before at once, and cursors of lists as soon as they have dealt with one
/// of these.
#[utoipa::path(
    post, path = "/v1/fence", operation_id = "fence", tag = "Operating",
    params(Key), request_body = Because,
    responses((status = OK, description = "It is fenced.", body = FenceReceipt)),
)]
async fn fence(caller: SignedIn, Key(key): Key, Body(Because { reason }): Body<Because>) -> Answer {
    Ok(caller.done(None, &caller.fence(reason, &key).await?))
}
