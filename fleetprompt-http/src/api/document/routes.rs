//! Where the document is read, by programs and by people.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page;
use crate::api::{Api, openapi};
use crate::convention::caller::json_response;

pub(in crate::api) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(document)).routes(routes!(docs))
}

/// The document, written once.
struct Written {
    json: Vec<u8>,
    html: String,
}

fn written() -> &'static Written {
    static WRITTEN: LazyLock<Written> = LazyLock::new(|| {
        let document = serde_json::to_value(openapi()).unwrap_or_default();
        Written {
            json: serde_json::to_vec_pretty(&document).unwrap_or_default(),
            html: page::page(&document),
        }
    });
    &WRITTEN
}

/// Read this document
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "getOpenApi", tag = "Service",
    responses((status = OK, description = "The OpenAPI document.", content_type = "application/json", body = Object)),
)]
async fn document() -> Response {
    json_response(StatusCode::OK, written().json.clone())
}

/// Read the reference
#[utoipa::path(
    get, path = "/docs", operation_id = "getDocs", tag = "Service",
    responses((status = OK, description = "The same for people.", content_type = "text/html", body = String)),
)]
async fn docs() -> Response {
    let mut response = written().html.clone().into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(page::CONTENT_SECURITY_POLICY),
    );
    response
}
