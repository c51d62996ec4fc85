//! What buyers own.

use std::num::NonZeroU32;

use axum::extract::State;
use fleetprompt_core::domain::{
    EntitlementId, IssuerName, ListingId, Reason, SourceReference, SubjectName, TenantName, Window,
};
use fleetprompt_core::marketplace::{
    EntitlementReceipt, EntitlementView, Holder, OperatorGrant, Page,
};
use fleetprompt_core::search::Cursor;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::listings::Because;
use super::person::{ExpectedPerson, NamedPerson, NamedTenant};
use crate::convention::{Answer, Body, Edit, IfMatch, Key, Limit, PathOf, Query, SignedIn};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(claim))
        .routes(routes!(entitlements, grant))
        .routes(routes!(entitlement))
        .routes(routes!(lookup))
        .routes(routes!(activate))
        .routes(routes!(suspend))
        .routes(routes!(resume))
        .routes(routes!(revoke))
}

/// Claim a free listing
///
/// The caller owns it from then on. Whether they may run it is for the owning system to say.
#[utoipa::path(
    post, path = "/v1/listings/{listing}/claim", operation_id = "claimListing", tag = "Buying",
    params(("listing" = ListingId, Path, description = "The listing's id."), Key),
    responses((status = CREATED, description = "The entitlement stands.", body = EntitlementReceipt)),
)]
async fn claim(caller: SignedIn, PathOf(listing): PathOf<ListingId>, Key(key): Key) -> Answer {
    let receipt = caller.claim_free(listing, &key).await?;
    let path = format!("/v1/entitlements/{}", receipt.id);
    Ok(caller.created(&path, Some(receipt.revision), &receipt))
}

/// Whose: one's own, or those of one's whole tenant.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Whose {
    /// The caller's own.
    #[default]
    Mine,
    /// The whole tenant's, for its admins.
    Tenant,
}

/// Which, and where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OwnQuery {
    /// The caller's own, or for admins those of their whole tenant.
    #[serde(default)]
    #[param(value_type = Option<Whose>, inline)]
    pub(super) of: Whose,
    /// Where to go on: `nextCursor` of the page before.
    pub(super) cursor: Option<Cursor>,
    /// How many entries at most.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 20)]
    pub(super) limit: Limit,
}

/// List entitlements
///
/// The caller's own with those of their tenant that are for everybody in it, or all of the tenant's for
/// its admins. The newest first.
#[utoipa::path(
    get, path = "/v1/entitlements", operation_id = "listEntitlements", tag = "Buying",
    params(OwnQuery),
    responses((status = OK, description = "The next entitlements.", body = Page<EntitlementView>)),
)]
async fn entitlements(caller: SignedIn, Query(query): Query<OwnQuery>) -> Answer {
    let (cursor, size) = (query.cursor.as_ref(), query.limit.size());
    let page = match query.of {
        Whose::Mine => caller.my_entitlements(cursor, size).await?,
        Whose::Tenant => caller.tenant_entitlements(cursor, size).await?,
    };
    Ok(caller.listed(&page))
}

/// Read an entitlement
#[utoipa::path(
    get, path = "/v1/entitlements/{entitlement}", operation_id = "getEntitlement", tag = "Buying",
    params(("entitlement" = EntitlementId, Path, description = "The entitlement.")),
    responses((status = OK, description = "The entitlement.", body = EntitlementView)),
)]
async fn entitlement(caller: SignedIn, PathOf(entitlement): PathOf<EntitlementId>) -> Answer {
    let entitlement = caller.entitlement(entitlement).await?;
    Ok(caller.shown(Some(entitlement.revision), &entitlement))
}

/// Whose entitlements to which listing.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EntitlementLookup {
    /// The listing.
    listing: ListingId,
    /// The subject, as the identity provider names them.
    expected_subject: SubjectName,
    /// The organisation that they act in; absent or `null` for their personal tenant.
    #[serde(default)]
    expected_tenant: Option<TenantName>,
    /// The identity provider; needed only where the marketplace knows more than one.
    #[serde(default)]
    expected_issuer: Option<IssuerName>,
}

/// What somebody owns of a listing.
#[derive(Serialize, ToSchema)]
struct Owned {
    /// The entitlements, the newest first.
    items: Vec<EntitlementView>,
}

/// Ask what a subject owns
///
/// For the system that owns assets of the listing's kind, about a subject of its own session. Ownership
/// is not permission to run.
#[utoipa::path(
    post, path = "/v1/entitlements/lookup", operation_id = "lookUpEntitlements",
    tag = "Owning systems",
    request_body = EntitlementLookup,
    responses((status = OK, description = "What they own.", body = Owned)),
)]
async fn lookup(
    State(api): State<Api>,
    caller: SignedIn,
    Body(lookup): Body<EntitlementLookup>,
) -> Answer {
    let EntitlementLookup { listing, expected_subject, expected_tenant, expected_issuer } = lookup;
    let expected = ExpectedPerson { expected_subject, expected_tenant, expected_issuer };
    let items = caller.entitlements_of(&expected.identity(&api)?, listing).await?;
    Ok(caller.done(None, &Owned { items }))
}

/// Who shall hold it.
#[derive(Deserialize, ToSchema)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
enum GrantHolder {
    /// One person.
    Person {
        /// The subject, as the identity provider names them.
        subject: SubjectName,
        /// The organisation that they act in; absent or `null` for their personal tenant.
        #[serde(default)]
        tenant: Option<TenantName>,
        /// The identity provider; needed only where the marketplace knows more than one.
        #[serde(default)]
        issuer: Option<IssuerName>,
    },
    /// Everybody in an organisation.
    Tenant {
        /// The organisation, as the identity provider names it.
        tenant: TenantName,
        /// The identity provider; needed only where the marketplace knows more than one.
        #[serde(default)]
        issuer: Option<IssuerName>,
        /// How many of its people at most; absent: any number.
        #[serde(default)]
        #[schema(value_type = Option<u32>, minimum = 1)]
        seats: Option<NonZeroU32>,
    },
}

/// What an operator grants.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewGrant {
    /// The listing.
    listing: ListingId,
    /// Who shall hold it.
    holder: GrantHolder,
    /// What the grant goes back to, as the operator names it. One reference grants once.
    reference: SourceReference,
    /// Why.
    reason: Reason,
    /// When it holds; absent: from now on.
    #[serde(default)]
    window: Option<Window>,
    /// Whether it has to be activated first.
    #[serde(default)]
    pending: bool,
}

/// Grant an entitlement
///
/// For operators.
#[utoipa::path(
    post, path = "/v1/entitlements", operation_id = "grantEntitlement", tag = "Operating",
    params(Key), request_body = NewGrant,
    responses((status = CREATED, description = "The entitlement stands.", body = EntitlementReceipt)),
)]
async fn grant(
    State(api): State<Api>,
    caller: SignedIn,
    Key(key): Key,
    Body(new): Body<NewGrant>,
) -> Answer {
    let NewGrant { listing, holder, reference, reason, window, pending } = new;
    let holder = match holder {
        GrantHolder::Person { subject, tenant, issuer } => {
            Holder::Person(NamedPerson { subject, tenant, issuer }.identity(&api)?)
        }
        GrantHolder::Tenant { tenant, issuer, seats } => {
            Holder::Tenant { identity: NamedTenant { tenant, issuer }.identity(&api)?, seats }
        }
    };
    let grant = OperatorGrant { listing, holder, reference, reason, window, pending };
    let receipt = caller.grant_entitlement(grant, &key).await?;
    let path = format!("/v1/entitlements/{}", receipt.id);
    Ok(caller.created(&path, Some(receipt.revision), &receipt))
}

/// What an operator decides about an entitlement.
type Decided = Edit<EntitlementId, Body<Because>>;

/// Activate a pending entitlement
#[utoipa::path(
    post, path = "/v1/entitlements/{entitlement}/activate", operation_id = "activateEntitlement",
    tag = "Operating",
    params(("entitlement" = EntitlementId, Path, description = "The entitlement."), Key, IfMatch),
    request_body = Because,
    responses((status = OK, description = "It is active.", body = EntitlementReceipt)),
)]
async fn activate(edit: Decided) -> Answer {
    let Edit { caller, of, key, revision, body: Body(Because { reason }) } = edit;
    let receipt = caller.activate_entitlement(of, revision, reason, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Suspend an entitlement
#[utoipa::path(
    post, path = "/v1/entitlements/{entitlement}/suspend", operation_id = "suspendEntitlement",
    tag = "Operating",
    params(("entitlement" = EntitlementId, Path, description = "The entitlement."), Key, IfMatch),
    request_body = Because,
    responses((status = OK, description = "It is suspended.", body = EntitlementReceipt)),
)]
async fn suspend(edit: Decided) -> Answer {
    let Edit { caller, of, key, revision, body: Body(Because { reason }) } = edit;
    let receipt = caller.suspend_entitlement(of, revision, reason, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Resume a suspended entitlement
#[utoipa::path(
    post, path = "/v1/entitlements/{entitlement}/resume", operation_id = "resumeEntitlement",
    tag = "Operating",
    params(("entitlement" = EntitlementId, Path, description = "The entitlement."), Key, IfMatch),
    request_body = Because,
    responses((status = OK, description = "It is active again.", body = EntitlementReceipt)),
)]
async fn resume(edit: Decided) -> Answer {
    let Edit { caller, of, key, revision, body: Body(Because { reason }) } = edit;
    let receipt = caller.resume_entitlement(of, revision, reason, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// Revoke an entitlement
///
/// For good.
#[utoipa::path(
    post, path = "/v1/entitlements/{entitlement}/revoke", operation_id = "revokeEntitlement",
    tag = "Operating",
    params(("entitlement" = EntitlementId, Path, description = "The entitlement."), Key, IfMatch),
    request_body = Because,
    responses((status = OK, description = "It is revoked.", body = EntitlementReceipt)),
)]
async fn revoke(edit: Decided) -> Answer {
    let Edit { caller, of, key, revision, body: Body(Because { reason }) } = edit;
    let receipt = caller.revoke_entitlement(of, revision, reason, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}
