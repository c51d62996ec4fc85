//! Answers that nobody in particular asked for, kept in process and checked against the state of the
//! marketplace each time.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use fleetprompt_core::Error;
use fleetprompt_core::marketplace::StoreVersion;
use fleetprompt_core::port::Principal;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode, header};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use self::coalesced::Coalesced;
use super::Problem;
use super::caller::{Established, matches_tag};
use crate::api::Api;
use crate::limits::admit;

mod coalesced;

/// The longest path and query, in bytes, whose answer is kept.
const KEY_MAX_BYTES: usize = 512;

/// The largest answer, in bytes, that is kept.
const BODY_MAX_BYTES: u64 = 256 * 1_024;

/// Answers to anonymous readers, by path and query.
pub(crate) struct ResponseCache {
    kept: Cache<String, Arc<Kept>, ByBytes>,
    version: Coalesced<Result<StoreVersion, Error>>,
}

struct Kept {
    /// What the store, the day and the keys were before the answer was made. While they still are, so is
    /// the answer.
    version: StoreVersion,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<String, Arc<Kept>> for ByBytes {
    fn weight(&self, key: &String, kept: &Arc<Kept>) -> u64 {
        // The headers are some 300 bytes.
        (key.len() + kept.body.len()) as u64 + 512
    }
}

impl ResponseCache {
    /// Of at most so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / 4_096).unwrap_or(usize::MAX);
        let kept = Cache::with_weighter(items, bytes, ByBytes);
        ResponseCache { kept, version: Coalesced::default() }
    }
}

/// Establishes who asks, once, and answers anonymous readers from what is kept.
pub(crate) async fn answer(api: &Api, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut head, body) = request.into_parts();
    let principal = admit(&head, api.identity()).await?;
    let anonymous = matches!(principal, Principal::Anonymous);
    head.extensions.insert(Established(principal));
    let key = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let cacheable = anonymous && head.method == Method::GET && key.len() <= KEY_MAX_BYTES;
    let (true, Some(cache)) = (cacheable, api.kept_responses()) else {
        return Ok(next.run(Request::from_parts(head, body)).await);
    };
    let market = api.market().clone();
    let version = cache.version.answer(async move || market.store_version().await).await?;
    if let Some(kept) = cache.kept.get(key).filter(|kept| kept.version == version) {
        return Ok(kept.answer(&head.headers));
    }
    let key = key.to_owned();
    // The whole answer is made, also for a caller who has it already.
    let condition = head.headers.remove(header::IF_NONE_MATCH);
    let response = next.run(Request::from_parts(head, body)).await;
    let size = response.body().size_hint().exact();
    if response.status() != StatusCode::OK || size.is_none_or(|size| size > BODY_MAX_BYTES) {
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return Err(fleetprompt_core::ErrorCode::Unavailable.into());
    };
    let kept = Arc::new(Kept { version, headers: head.headers, body });
    let mut conditional = HeaderMap::new();
    conditional.extend(condition.map(|condition| (header::IF_NONE_MATCH, condition)));
    let answer = kept.answer(&conditional);
    cache.kept.insert(key, kept);
    Ok(answer)
}

impl Kept {
    fn answer(&self, request: &HeaderMap) -> Response {
        let tag = self.headers.get(header::ETAG);
        let has = tag.is_some_and(|tag| matches_tag(request, tag));
        let mut response = match has {
            true => Response::new(Body::empty()),
            false => Response::new(Body::from(self.body.clone())),
        };
        *response.headers_mut() = self.headers.clone();
        if has {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(header::CONTENT_TYPE);
        }
        response
    }
}
