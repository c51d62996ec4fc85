//! The routes under `/v1`, and the OpenAPI document made from them.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use fleetprompt_core::Marketplace;
use fleetprompt_core::port::Entropy;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::Origin;
use crate::convention::{Problem, request_id};
use crate::identity::Authenticate;

/// What every route works with: the marketplace, who says who asks, and where it all stands.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    market: Marketplace,
    identity: Arc<dyn Authenticate>,
    origin: Origin,
    entropy: Arc<dyn Entropy>,
}

impl Api {
    /// A facade of `market` for the callers whom `identity` establishes, reached at `origin`.
    pub fn new(market: Marketplace, identity: Arc<dyn Authenticate>, origin: Origin) -> Self {
        let entropy = Arc::new(fleetprompt_core::port::SystemEntropy);
        Api { inner: Arc::new(Inner { market, identity, origin, entropy }) }
    }

    pub(crate) fn market(&self) -> &Marketplace {
        &self.inner.market
    }

    pub(crate) fn identity(&self) -> &dyn Authenticate {
        &*self.inner.identity
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.inner.origin
    }
}

#[derive(OpenApi)]
#[openapi(info(
    title = "FleetPrompt",
    description = "A marketplace of things that live elsewhere."
))]
struct Document;

/// The routes with their descriptions.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
}

/// The router, to be served as it is or nested under a path of the host's own.
pub fn router(api: Api) -> Router {
    let entropy = Arc::clone(&api.inner.entropy);
    let (router, _) = routes().split_for_parts();
    router
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Problem::new(status, "method_not_allowed", "This is not done here with that method.")
        })
        .with_state(api)
        .layer(from_fn_with_state(entropy, request_id::name))
}

/// The OpenAPI document of the routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}

/// A value as JSON bytes.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    // Views are structs of texts and numbers, which always serialise.
    serde_json::to_vec(value).unwrap_or_default()
}

/// JSON bytes as an answer.
pub(crate) fn json_response(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = (status, bytes).into_response();
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
