//! Revisions as entity tags (RFC 9110 §8.8, §13.1).

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use fleetprompt_core::domain::{Revision, Sha256Digest};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Problem;
use crate::api::json;

/// The revision that an edit starts from, taken from `If-Match`: the `ETag` of the answer that was read.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub Revision);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            let detail = "An edit needs an If-Match header with the ETag that was read.";
            let status = StatusCode::PRECONDITION_REQUIRED;
            return Err(Problem::new(status, "precondition_required", detail)
                .at("If-Match", "must be sent"));
        };
        let tag = value.to_str().ok().and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
        let Some(tag) = tag else {
            return Err(Problem::parameter("If-Match", "must be one strong entity tag"));
        };
        let revision = tag.split('-').next().and_then(|revision| revision.parse().ok());
        let revision = revision.map(Revision::new);
        // A tag that was never given out matches nothing.
        let revision = revision.ok_or(fleetprompt_core::ErrorCode::RevisionMismatch)?;
        Ok(IfMatch(revision))
    }
}

/// The answer with a strong entity tag, or 304 if the caller has it already. The tag begins with the
/// revision, which edits are held against, and ends with a digest of what is sent, since an answer
/// also shows what no edit of its own changes, such as its publisher's name.
pub fn tagged(revision: Revision, request: &HeaderMap, body: &impl Serialize) -> Response {
    let bytes = json(body);
    let digest = Sha256Digest::of(&bytes).to_string();
    let digest = digest.rsplit(':').next().unwrap_or_default();
    let tag = format!("\"{}-{}\"", revision.get(), digest.get(..16).unwrap_or_default());
    let has = request.get_all(header::IF_NONE_MATCH).iter().any(|sent| {
        let sent = sent.to_str().unwrap_or_default();
        sent.split(',').any(|sent| {
            let sent = sent.trim();
            sent == "*" || sent.strip_prefix("W/").unwrap_or(sent) == tag
        })
    });
    let mut response = match has {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => crate::api::json_response(StatusCode::OK, bytes),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
