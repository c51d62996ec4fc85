//! Publishers: who they are, and their members.

use fleetprompt_core::domain::{Handle, InvitationId, PersonId, PublisherRole, Slug};
use fleetprompt_core::marketplace::{
    Found, InvitationCode, InvitationReceipt, InvitationView, ListingView, MemberReceipt,
    MemberView, MyPublisher, NewPublisher, Page, PublisherPatch, PublisherReceipt, PublisherView,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::address::PublisherAddress;
use super::catalogue::ListingPage;
use crate::convention::{
    Answer, Body, Caller, Edit, IfMatch, Key, PageQuery, Patch, PathOf, Query, SignedIn,
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(mine, create))
        .routes(routes!(publisher, update))
        .routes(routes!(listings))
        .routes(routes!(listing_by_name))
        .routes(routes!(transfer))
        .routes(routes!(members))
        .routes(routes!(change_role, remove_member))
        .routes(routes!(leave))
        .routes(routes!(invitations, invite))
        .routes(routes!(accept_invitation))
        .routes(routes!(revoke_invitation))
}

/// List one's own publishers
///
/// Those that the caller is a member of, the oldest membership first.
#[utoipa::path(
    get, path = "/v1/publishers", operation_id = "listMyPublishers", tag = "Publishing",
    params(PageQuery),
    responses((status = OK, description = "The next publishers.", body = Page<MyPublisher>)),
)]
async fn mine(caller: SignedIn, Query(page): Query<PageQuery>) -> Answer {
    let page = caller.my_publishers(page.cursor.as_ref(), page.limit.size()).await?;
    Ok(caller.listed(&page))
}

/// Create a publisher
///
/// In the caller's tenant; the caller becomes its owner. A name that looks like a well-known one of
/// somebody else is held until an operator lets it pass; `held` says so.
#[utoipa::path(
    post, path = "/v1/publishers", operation_id = "createPublisher", tag = "Publishing",
    params(Key), request_body = NewPublisher,
    responses((status = CREATED, description = "The publisher came to be.", body = PublisherReceipt)),
)]
async fn create(caller: SignedIn, Key(key): Key, Body(new): Body<NewPublisher>) -> Answer {
    let receipt = caller.create_publisher(new, &key).await?;
    let path = format!("/v1/publishers/{}", receipt.handle);
    Ok(caller.created(&path, Some(receipt.revision), &receipt))
}

/// Read a publisher
///
/// By its handle or its id. A handle that it once had leads to the one that it has now.
#[utoipa::path(
    get, path = "/v1/publishers/{publisher}", operation_id = "getPublisher", tag = "Catalogue",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id.", example = "acme")),
    responses(
        (status = OK, description = "The publisher.", body = PublisherView),
        (status = PERMANENT_REDIRECT, description = "It stands under another handle now."),
    ),
)]
async fn publisher(caller: Caller, PathOf(publisher): PathOf<PublisherAddress>) -> Answer {
    match publisher.find(&caller).await? {
        Found::Here(publisher) => Ok(caller.shown(Some(publisher.revision), &publisher)),
        Found::Moved(handle) => Ok(caller.moved(&format!("/v1/publishers/{handle}"))),
    }
}

/// Edit a publisher
///
/// A merge patch (RFC 7396) of `handle` and `profile`: what is absent stays, `null` removes.
#[utoipa::path(
    patch, path = "/v1/publishers/{publisher}", operation_id = "updatePublisher",
    tag = "Publishing",
    params(
        ("publisher" = Handle, Path, description = "The publisher's handle or id."), Key, IfMatch,
    ),
    request_body(content = PublisherPatch, content_type = "application/merge-patch+json"),
    responses((status = OK, description = "It was edited.", body = PublisherReceipt)),
)]
async fn update(edit: Edit<PublisherAddress, Patch<PublisherPatch>>) -> Answer {
    let Edit { caller, of, key, revision, body: Patch(patch) } = edit;
    let publisher = of.id(&caller).await?;
    let receipt = caller.patch_publisher(publisher, revision, patch, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// List a publisher's listings
///
/// The latest first: all of them for its members, the public ones for others.
#[utoipa::path(
    get, path = "/v1/publishers/{publisher}/listings", operation_id = "listPublisherListings",
    tag = "Catalogue",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), PageQuery),
    responses((status = OK, description = "The next listings.", body = Page<ListingView>)),
)]
async fn listings(
    caller: Caller,
    PathOf(publisher): PathOf<PublisherAddress>,
    Query(page): Query<PageQuery>,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let mut page =
        caller.publisher_listings(publisher, page.cursor.as_ref(), page.limit.size()).await?;
    for listing in &mut page.items {
        listing.content.description = None;
    }
    Ok(caller.listed(&page))
}

/// Read a listing by its address
///
/// A handle or slug that was left leads to the address that stands.
#[utoipa::path(
    get, path = "/v1/publishers/{publisher}/listings/{slug}", operation_id = "getListingByName",
    tag = "Catalogue",
    params(
        ("publisher" = Handle, Path, description = "The publisher's handle or id.", example = "acme"),
        ("slug" = Slug, Path, description = "The listing's slug.", example = "web-scraper"),
    ),
    responses(
        (status = OK, description = "The listing.", body = ListingPage),
        (status = PERMANENT_REDIRECT, description = "It stands under another address now."),
    ),
)]
async fn listing_by_name(
    caller: Caller,
    PathOf((publisher, slug)): PathOf<(PublisherAddress, Slug)>,
) -> Answer {
    let handle = match publisher {
        PublisherAddress::Handle(handle) => handle,
        PublisherAddress::Id(id) => caller.publisher(id).await?.handle,
    };
    match caller.listing_by_name(&handle, &slug).await? {
        Found::Here(listing) => ListingPage::answer(&caller, listing).await,
        Found::Moved(at) => {
            Ok(caller.moved(&format!("/v1/publishers/{}/listings/{}", at.handle, at.slug)))
        }
    }
}

/// To whose tenant it goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublisherTransfer {
    /// Another of its owners.
    to: PersonId,
}

/// Transfer a publisher
///
/// To the tenant of another of its owners. Owning systems' answers about its references lapse, and
/// they are asked again.
#[utoipa::path(
    post, path = "/v1/publishers/{publisher}/transfer", operation_id = "transferPublisher",
    tag = "Publishing",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), Key),
    request_body = PublisherTransfer,
    responses((status = OK, description = "It was transferred.", body = PublisherReceipt)),
)]
async fn transfer(
    caller: SignedIn,
    PathOf(publisher): PathOf<PublisherAddress>,
    Key(key): Key,
    Body(PublisherTransfer { to }): Body<PublisherTransfer>,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let receipt = caller.transfer_publisher(publisher, to, &key).await?;
    Ok(caller.done(Some(receipt.revision), &receipt))
}

/// List a publisher's members
#[utoipa::path(
    get, path = "/v1/publishers/{publisher}/members", operation_id = "listMembers",
    tag = "Publishing",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), PageQuery),
    responses((status = OK, description = "The next members.", body = Page<MemberView>)),
)]
async fn members(
    caller: SignedIn,
    PathOf(publisher): PathOf<PublisherAddress>,
    Query(page): Query<PageQuery>,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let page = caller.members(publisher, page.cursor.as_ref(), page.limit.size()).await?;
    Ok(caller.listed(&page))
}

/// A member's role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChoice {
    /// What they may do: `viewer`, `maintainer` or `owner`.
    role: PublisherRole,
}

/// Change a member's role
#[utoipa::path(
    put, path = "/v1/publishers/{publisher}/members/{person}", operation_id = "changeRole",
    tag = "Publishing",
    params(
        ("publisher" = Handle, Path, description = "The publisher's handle or id."),
        ("person" = PersonId, Path, description = "The member."), Key,
    ),
    request_body = RoleChoice,
    responses((status = OK, description = "The role was changed.", body = MemberReceipt)),
)]
async fn change_role(
    caller: SignedIn,
    PathOf((publisher, person)): PathOf<(PublisherAddress, PersonId)>,
    Key(key): Key,
    Body(RoleChoice { role }): Body<RoleChoice>,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    Ok(caller.done(None, &caller.change_role(publisher, person, role, &key).await?))
}

/// Remove a member
#[utoipa::path(
    delete, path = "/v1/publishers/{publisher}/members/{person}", operation_id = "removeMember",
    tag = "Publishing",
    params(
        ("publisher" = Handle, Path, description = "The publisher's handle or id."),
        ("person" = PersonId, Path, description = "The member."), Key,
    ),
    responses((status = OK, description = "They are no member any more.", body = MemberReceipt)),
)]
async fn remove_member(
    caller: SignedIn,
    PathOf((publisher, person)): PathOf<(PublisherAddress, PersonId)>,
    Key(key): Key,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    Ok(caller.done(None, &caller.remove_member(publisher, person, &key).await?))
}

/// Leave a publisher
#[utoipa::path(
    post, path = "/v1/publishers/{publisher}/leave", operation_id = "leavePublisher",
    tag = "Publishing",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), Key),
    responses((status = OK, description = "The caller is no member any more.", body = MemberReceipt)),
)]
async fn leave(
    caller: SignedIn,
    PathOf(publisher): PathOf<PublisherAddress>,
    Key(key): Key,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    Ok(caller.done(None, &caller.leave(publisher, &key).await?))
}

/// List a publisher's invitations
#[utoipa::path(
    get, path = "/v1/publishers/{publisher}/invitations", operation_id = "listInvitations",
    tag = "Publishing",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), PageQuery),
    responses((status = OK, description = "The next invitations.", body = Page<InvitationView>)),
)]
async fn invitations(
    caller: SignedIn,
    PathOf(publisher): PathOf<PublisherAddress>,
    Query(page): Query<PageQuery>,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let page = caller.invitations(publisher, page.cursor.as_ref(), page.limit.size()).await?;
    Ok(caller.listed(&page))
}

/// An invitation with its code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IssuedInvitationBody {
    #[serde(flatten)]
    receipt: InvitationReceipt,
    /// What the invited person presents, kept nowhere. `null` when it can't be made again.
    #[schema(required)]
    code: Option<String>,
}

/// Invite somebody
///
/// Answers a code, to be given to the invited person. It is shown here alone.
#[utoipa::path(
    post, path = "/v1/publishers/{publisher}/invitations", operation_id = "invite",
    tag = "Publishing",
    params(("publisher" = Handle, Path, description = "The publisher's handle or id."), Key),
    request_body = RoleChoice,
    responses((status = CREATED, description = "The invitation stands.", body = IssuedInvitationBody)),
)]
async fn invite(
    caller: SignedIn,
    PathOf(publisher): PathOf<PublisherAddress>,
    Key(key): Key,
    Body(RoleChoice { role }): Body<RoleChoice>,
) -> Answer {
    let publisher = publisher.id(&caller).await?;
    let issued = caller.invite(publisher, role, &key).await?;
    let path = format!("/v1/publishers/{publisher}/invitations");
    let code = issued.code.map(|code| code.expose().to_owned());
    Ok(caller.created(&path, None, &IssuedInvitationBody { receipt: issued.receipt, code }))
}

/// A code that somebody was given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PresentedCode {
    /// The code, as it was given.
    #[schema(max_length = 128)]
    code: String,
}

/// Accept an invitation
#[utoipa::path(
    post, path = "/v1/invitations/accept", operation_id = "acceptInvitation", tag = "Publishing",
    params(Key), request_body = PresentedCode,
    responses((status = OK, description = "The caller is a member now.", body = MemberReceipt)),
)]
async fn accept_invitation(
    caller: SignedIn,
    Key(key): Key,
    Body(PresentedCode { code }): Body<PresentedCode>,
) -> Answer {
    let code = InvitationCode::presented(code);
    Ok(caller.done(None, &caller.accept_invitation(&code, &key).await?))
}

/// Revoke an invitation
#[utoipa::path(
    delete, path = "/v1/invitations/{invitation}", operation_id = "revokeInvitation",
    tag = "Publishing",
    params(("invitation" = InvitationId, Path, description = "The invitation."), Key),
    responses((status = OK, description = "It can't be accepted any more.", body = InvitationReceipt)),
)]
async fn revoke_invitation(
    caller: SignedIn,
    PathOf(invitation): PathOf<InvitationId>,
    Key(key): Key,
) -> Answer {
    Ok(caller.done(None, &caller.revoke_invitation(invitation, &key).await?))
}
