//! The OpenAPI document: what the routes say of themselves, and what holds for all of them.

mod inputs;
mod page;
mod routes;

use fleetprompt_core::openapi::Tidy;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Content, HeaderBuilder, ObjectBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder,
    schema::Type,
};
use utoipa::{Modify as _, OpenApi};

use fleetprompt_core::domain::{
    AssetKind, BadgeKind, BindingState, Category, PriceClass, SystemName,
};
use fleetprompt_core::search::{CatalogueOrder, Cursor};

use crate::convention::{ProblemBody, ProblemField};

pub(super) use routes::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "FleetPrompt",
        description = "A marketplace of agents, workflows and specification assets that live in other \
            systems. Publishers list them by reference; buyers find them, come to own them, and are \
            handed over to the system that owns the asset and decides who may run it.\n\n\
            **Conventions.** Bodies are JSON in camel case, times RFC 3339 in UTC. Every write takes an \
            `Idempotency-Key`: a repeat with the same key and request is answered the same and done \
            once. An edit takes the `ETag` that was read as `If-Match`. Lists go on at `nextCursor`. \
            Refusals are problem details (RFC 9457) with a stable `code`; what a caller may not see is \
            answered as if it did not exist.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(
        ProblemBody, ProblemField, CatalogueOrder, AssetKind, BadgeKind, BindingState, Category, Cursor,
        PriceClass, SystemName,
    )),
    tags(
        (name = "Catalogue", description = "What anybody reads."),
        (name = "Publishing", description = "What publishers do."),
        (name = "Buying", description = "What buyers do."),
        (name = "Owning systems", description = "What the systems do that own the assets."),
        (name = "Operating", description = "What operators do."),
        (name = "Service", description = "The service itself."),
    ),
)]
struct Base;

/// What the routes are described onto.
pub(super) fn base() -> Document {
    Base::openapi()
}

/// Adds what holds for every operation, so that no route says it and none forgets it: the refusals that
/// its inputs make possible, the headers of every answer, and how to sign in.
pub(super) fn complete(mut document: Document) -> Document {
    let derived = document.components.as_ref().map(|it| it.schemas.clone()).unwrap_or_default();
    Tidy.modify(&mut document);
    inputs::complete(&mut document, &derived);
    for item in document.paths.paths.values_mut() {
        let PathItem { get, put, post, delete, patch, .. } = item;
        for (operation, writes) in
            [(get, false), (put, true), (post, true), (delete, true), (patch, true)]
        {
            if let Some(operation) = operation {
                complete_operation(operation, writes);
            }
        }
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of the identity provider, or of a service identity."))
        .build();
    let components = document.components.get_or_insert_default();
    components.security_schemes.insert("bearer".to_owned(), RefOr::T(SecurityScheme::Http(bearer)));
    document
}

fn complete_operation(operation: &mut Operation, writes: bool) {
    let written = operation.parameters.iter().flatten();
    let parameters: Vec<_> = written
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some((parameter.name.clone(), parameter.parameter_in.clone())),
            RefOr::Ref(_) => None,
        })
        .collect();
    let tagged = |tag: &str| operation.tags.iter().flatten().any(|known| known == tag);
    let service = tagged("Service");
    let open = tagged("Catalogue");
    let conditional = parameters.iter().any(|(name, _)| name == "If-Match");
    let addressed = parameters.iter().any(|(_, place)| matches!(place, ParameterIn::Path));
    let body = operation.request_body.is_some();
    let refusals = [
        (!service, "400", "A header, parameter or body can't be read."),
        (!service, "401", "Nobody is signed in who may do this, or the credential is not valid."),
        (!service && !open, "403", "The caller may not do this."),
        (addressed || writes, "404", "There is no such thing, or the caller may not see it."),
        (body, "408", "The body arrives too slowly."),
        (writes, "409", "The state of things does not allow this."),
        (conditional, "412", "It was changed since it was read."),
        (body, "413", "The body is too large."),
        (true, "414", "The path and query are too long."),
        (body, "415", "The body is of another kind."),
        (!service, "422", "A field breaks a rule; `errors` names it."),
        (conditional, "428", "`If-Match` is missing."),
        (true, "431", "The head of the request is too large."),
        (!service, "429", "Too many requests, or a quota is used up; `Retry-After` says when."),
        (true, "500", "Something went wrong on our side."),
        (true, "503", "Not at present: try again, a write with the same key."),
    ];
    for (possible, status, description) in refusals {
        if possible {
            let responses = &mut operation.responses.responses;
            responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(refusal(description)));
        }
    }
    let request_id = HeaderBuilder::new()
        .schema(Some(
            ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{16}$")),
        ))
        .description(Some("The request, as it stands in the operator's log."))
        .build();
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.headers.insert("X-Request-Id".to_owned(), RefOr::T(request_id.clone()));
        }
    }
    if !service {
        let signed_in = SecurityRequirement::new("bearer", Vec::<String>::new());
        let anybody = open.then(SecurityRequirement::default);
        operation.security = Some(anybody.into_iter().chain([signed_in]).collect());
    }
}

fn refusal(description: &str) -> utoipa::openapi::Response {
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", problem)
        .build()
}
