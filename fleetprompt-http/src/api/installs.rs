//! Hand-overs: begun by buyers, redeemed by owning systems.

use axum::extract::State;
use axum::response::Response;
use fleetprompt_core::domain::{AttemptId, IssuerName, Manifest, SubjectName, TenantName};
use fleetprompt_core::marketplace::{
    AttemptView, BeginInstall, Handover, InstallReceipt, Introspection, Page, RedeemRequest,
    RedeemedManifest, Way,
};
use fleetprompt_core::token::InstallToken;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::entitlements::{OwnQuery, Whose};
use super::person::ExpectedPerson;
use crate::convention::caller::json_response;
use crate::convention::{Answer, Body, Key, PathOf, Problem, Query, SignedIn};
use crate::limits::InvalidToken;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(installs, begin))
        .routes(routes!(install))
        .routes(routes!(revoke))
        .routes(routes!(redeem))
        .routes(routes!(introspect))
        .routes(routes!(manifest))
}

/// Hand-overs that began: one, or one for each member of a pack.
#[derive(Serialize, ToSchema)]
struct Started {
    /// Each of them.
    handovers: Vec<StartedHandover>,
}

/// A hand-over that began: what to do next.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StartedHandover {
    #[serde(flatten)]
    attempt: AttemptView,
    /// Where to send the buyer, for the method `deep_link`; `null` when the attempt can't be followed
    /// any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = link_or_null)]
    link: Option<Option<String>>,
    /// What the owning system redeems, for the method `token`; `null` when the attempt can't be
    /// redeemed any more. A secret, shown here alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = text_or_null)]
    token: Option<Option<String>>,
}

fn text_or_null() -> Schema {
    or_null(ObjectBuilder::new().schema_type(Type::String))
}

fn link_or_null() -> Schema {
    let uri = SchemaFormat::Custom("uri".to_owned());
    or_null(ObjectBuilder::new().schema_type(Type::String).format(Some(uri)))
}

fn or_null(text: ObjectBuilder) -> Schema {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    Schema::AnyOf(AnyOfBuilder::new().item(text).item(null).build())
}

impl From<Handover> for StartedHandover {
    fn from(Handover { attempt, way }: Handover) -> Self {
        let (link, token) = match way {
            Way::DeepLink(link) => (Some(link.map(|link| link.as_str().to_owned())), None),
            Way::Token(token) => (None, Some(token.map(|token| token.expose().to_owned()))),
        };
        StartedHandover { attempt, link, token }
    }
}

/// Begin an install
///
/// Records that a hand-over began, and answers how it goes on: a link to the owning system, or a token
/// that this system redeems, once, within minutes, for this caller alone. A pack begins one for each
/// member, all or none.
#[utoipa::path(
    post, path = "/v1/installs", operation_id = "beginInstall", tag = "Buying",
    params(Key), request_body = BeginInstall,
    responses((status = CREATED, description = "The hand-over began.", body = Started)),
)]
async fn begin(caller: SignedIn, Key(key): Key, Body(begin): Body<BeginInstall>) -> Answer {
    let started = caller.begin_install(begin, &key).await?;
    let handovers: Vec<_> = started.handovers.into_iter().map(StartedHandover::from).collect();
    let path = match handovers.first() {
        Some(first) => format!("/v1/installs/{}", first.attempt.id),
        None => "/v1/installs".to_owned(),
    };
    Ok(caller.created(&path, None, &Started { handovers }))
}

/// List install attempts
///
/// The caller's own, or those of their whole tenant for its admins. The newest first.
#[utoipa::path(
    get, path = "/v1/installs", operation_id = "listInstalls", tag = "Buying",
    params(OwnQuery),
    responses((status = OK, description = "The next attempts.", body = Page<AttemptView>)),
)]
async fn installs(caller: SignedIn, Query(query): Query<OwnQuery>) -> Answer {
    let (cursor, size) = (query.cursor.as_ref(), query.limit.size());
    let page = match query.of {
        Whose::Mine => caller.my_installs(cursor, size).await?,
        Whose::Tenant => caller.tenant_installs(cursor, size).await?,
    };
    Ok(caller.listed(&page))
}

/// Read an install attempt
///
/// It says that a hand-over began, never that an install happened.
#[utoipa::path(
    get, path = "/v1/installs/{install}", operation_id = "getInstall", tag = "Buying",
    params(("install" = AttemptId, Path, description = "The attempt.")),
    responses((status = OK, description = "The attempt.", body = AttemptView)),
)]
async fn install(caller: SignedIn, PathOf(install): PathOf<AttemptId>) -> Answer {
    let attempt = caller.attempt(install).await?;
    Ok(caller.shown(None, &attempt))
}

/// Revoke an install attempt
///
/// Its token can't be redeemed any more.
#[utoipa::path(
    post, path = "/v1/installs/{install}/revoke", operation_id = "revokeInstall", tag = "Buying",
    params(("install" = AttemptId, Path, description = "The attempt."), Key),
    responses((status = OK, description = "It is revoked.", body = InstallReceipt)),
)]
async fn revoke(caller: SignedIn, PathOf(install): PathOf<AttemptId>, Key(key): Key) -> Answer {
    Ok(caller.done(None, &caller.revoke_install(install, &key).await?))
}

/// A token, and for whom the owning system's own session says that it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PresentedToken {
    /// The token, as the buyer brought it.
    #[schema(example = "fpi1.k1.WzFd.c2VjcmV0")]
    token: String,
    /// The subject, as the identity provider names them.
    expected_subject: SubjectName,
    /// The organisation that they act in; absent or `null` for their personal tenant.
    #[serde(default)]
    expected_tenant: Option<TenantName>,
    /// The identity provider; needed only where the marketplace knows more than one.
    #[serde(default)]
    expected_issuer: Option<IssuerName>,
}

impl PresentedToken {
    fn request(self, api: &Api) -> Result<RedeemRequest, Problem> {
        let PresentedToken { token, expected_subject, expected_tenant, expected_issuer } = self;
        let expected = ExpectedPerson { expected_subject, expected_tenant, expected_issuer };
        let token = InstallToken::presented(token);
        Ok(RedeemRequest { token, expected: expected.identity(api)? })
    }
}

/// Redeem an install token
///
/// For the owning system that it was made for, by its service identity, server-side. Once: a repeat under
/// the same key is answered the same manifest, byte for byte; under another key it is refused. The
/// manifest says what was handed over; it authorises nothing.
#[utoipa::path(
    post, path = "/v1/install-tokens/redeem", operation_id = "redeemInstallToken",
    tag = "Owning systems",
    params(Key), request_body = PresentedToken,
    responses((status = OK, description = "The manifest.", body = Manifest)),
)]
async fn redeem(
    State(api): State<Api>,
    caller: SignedIn,
    Key(key): Key,
    Body(presented): Body<PresentedToken>,
) -> Answer {
    let manifest = caller.redeem(presented.request(&api)?, &key).await?;
    Ok(kept(&manifest))
}

/// Look at an install token
///
/// Consumes nothing. Whatever is wrong, the answer is `{"active": false}`.
#[utoipa::path(
    post, path = "/v1/install-tokens/introspect", operation_id = "introspectInstallToken",
    tag = "Owning systems",
    request_body = PresentedToken,
    responses((status = OK, description = "Whether it could be redeemed.", body = Introspection)),
)]
async fn introspect(
    State(api): State<Api>,
    caller: SignedIn,
    Body(presented): Body<PresentedToken>,
) -> Answer {
    let found = caller.introspect(&presented.request(&api)?).await?;
    let mut response = caller.done(None, &found);
    if found.active().is_none() {
        response.extensions_mut().insert(InvalidToken);
    }
    Ok(response)
}

/// Read the manifest of a redeemed attempt again
///
/// For the owning system that redeemed it, about the same subject. Consumes nothing.
#[utoipa::path(
    post, path = "/v1/installs/{install}/manifest", operation_id = "getManifest",
    tag = "Owning systems",
    params(("install" = AttemptId, Path, description = "The attempt.")),
    request_body = ExpectedPerson,
    responses((status = OK, description = "The manifest, as it was first answered.", body = Manifest)),
)]
async fn manifest(
    State(api): State<Api>,
    caller: SignedIn,
    PathOf(install): PathOf<AttemptId>,
    Body(expected): Body<ExpectedPerson>,
) -> Answer {
    let manifest = caller.manifest_again(install, &expected.identity(&api)?).await?;
    Ok(kept(&manifest))
}

/// The manifest's bytes, as they were kept.
fn kept(manifest: &RedeemedManifest) -> Response {
    let mut response = json_response(StatusCode::OK, manifest.as_str().as_bytes().to_vec());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
