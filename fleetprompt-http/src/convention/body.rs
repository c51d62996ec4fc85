//! Bodies of requests: JSON, read strictly and within bounds.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use fleetprompt_core::domain::{JsonBounds, from_json};
use http::{HeaderMap, StatusCode, header};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::Problem;

/// A JSON body as a value of the domain. Unknown fields, double keys and broken text are refused;
/// the refusal names the field and the rule (see [`from_json`]).
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

/// A JSON merge patch (RFC 7396) as a value of the domain, read as strictly. Plain JSON is taken too.
#[derive(Clone, Debug)]
pub struct Patch<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request, &["application/json"]).await.map(Body)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Patch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request, &["application/merge-patch+json", "application/json"]).await.map(Patch)
    }
}

async fn read<T: DeserializeOwned>(request: Request, kinds: &[&str]) -> Result<T, Problem> {
    if !is_one_of(kinds, request.headers()) {
        let detail = format!("The body must have the content type {}.", kinds.join(" or "));
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "unsupported_media_type", &detail));
    }
    let bytes = bytes(request, JsonBounds::DOCUMENT.max_bytes).await?;
    Ok(from_json(&bytes, JsonBounds::DOCUMENT)?)
}

/// The body, if it has at most so many bytes.
pub(crate) async fn bytes(request: Request, max: usize) -> Result<Bytes, Problem> {
    let told = request.headers().get(header::CONTENT_LENGTH);
    let told = told.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|told| told > max as u64) {
        return Err(too_large());
    }
    whole(Limited::new(request.into_body(), max)).await.map_err(|error| {
        match error.is::<LengthLimitError>() {
            true => too_large(),
            false => Problem::new(
                StatusCode::BAD_REQUEST,
                "body_incomplete",
                "The body broke off before its end.",
            ),
        }
    })
}

/// All of a body, in one piece as it arrives: chunks that were kept would keep the buffers that they were
/// read into, and many small ones cost more by themselves than by what they hold.
pub(crate) async fn whole<B>(mut body: B) -> Result<Bytes, B::Error>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        if whole.is_empty() && body.is_end_stream() {
            return Ok(chunk);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(whole))
}

pub(crate) fn too_large() -> Problem {
    let detail = "The body is larger than this operation takes.";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// Whether the content type is one of these, with UTF-8 or no character set named.
fn is_one_of(kinds: &[&str], headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let mut parts = kind.unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known = kinds.iter().any(|kind| essence.eq_ignore_ascii_case(kind));
    known
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}
