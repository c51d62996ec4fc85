//! The service's own document and its reference for people.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::reference;
use crate::convention::caller::json_response;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(document)).routes(routes!(docs))
}

/// Read this document
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "getOpenApi", tag = "Service",
    responses((status = OK, description = "The OpenAPI document.", content_type = "application/json", body = Object)),
)]
async fn document() -> Response {
    json_response(StatusCode::OK, super::written().json.clone())
}

/// Read the reference
#[utoipa::path(
    get, path = "/docs", operation_id = "getDocs", tag = "Service",
    responses((status = OK, description = "The same for people.", content_type = "text/html", body = String)),
)]
async fn docs() -> Response {
    let mut response = super::written().html.clone().into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(reference::CONTENT_SECURITY_POLICY),
    );
    response
}
