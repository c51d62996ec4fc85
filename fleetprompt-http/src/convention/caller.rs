//! The caller of a route, authenticated, and how it is answered.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use fleetprompt_core::domain::{Revision, Sha256Digest};
use fleetprompt_core::marketplace::Page;
use fleetprompt_core::port::Principal;
use fleetprompt_core::{Acting, ErrorCode};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::Serialize;

use super::Problem;
use super::page::next_link;
use crate::Origin;
use crate::api::Api;
use crate::limits::admit;

/// What a route answers.
pub(crate) type Answer = Result<Response, Problem>;

/// Who asks, with the marketplace as it looks to them. It stands first among a handler's arguments: a bad
/// credential is refused before anything else is looked at.
#[derive(Clone, Debug)]
pub struct Caller {
    who: Acting,
    origin: Origin,
    uri: Uri,
    headers: HeaderMap,
}

impl std::ops::Deref for Caller {
    type Target = Acting;

    fn deref(&self) -> &Acting {
        &self.who
    }
}

/// Who asks, where a layer has found out already.
#[derive(Clone)]
pub(crate) struct Established(pub(crate) Principal);

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let principal = match head.extensions.remove::<Established>() {
            Some(Established(principal)) => principal,
            None => admit(head, api.identity()).await?,
        };
        let who = api.market().act_as(principal);
        let (uri, headers) = (head.uri.clone(), head.headers.clone());
        Ok(Caller { who, origin: api.origin().clone(), uri, headers })
    }
}

/// Who asks, signed in. It stands in the place of [`Caller`] in what is not for everybody: whoever has
/// not signed in learns from no path, header or body whether the rest would have been right.
#[derive(Clone, Debug)]
pub struct SignedIn(Caller);

impl std::ops::Deref for SignedIn {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequestParts<Api> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(head, api).await?;
        match caller.principal().is_anonymous() {
            true => Err(ErrorCode::Unauthenticated.into()),
            false => Ok(SignedIn(caller)),
        }
    }
}

impl Caller {
    /// What was read, with a strong entity tag (RFC 9110 §8.8.3), or 304 if the caller has it already.
    /// The tag ends with a digest of what is sent, since an answer also shows what no edit of its own
    /// changes, such as its publisher's name; it begins with the revision, if there is one, which
    /// edits are held against.
    pub(crate) fn shown(&self, revision: Option<Revision>, body: &impl Serialize) -> Response {
        self.tagged(revision, JSON, json(body))
    }

    /// The same for what is no JSON.
    pub(crate) fn shown_as(&self, kind: &'static str, bytes: Vec<u8>) -> Response {
        self.tagged(None, kind, bytes)
    }

    fn tagged(&self, revision: Option<Revision>, kind: &'static str, bytes: Vec<u8>) -> Response {
        let tag = entity_tag(revision, &bytes);
        let mut response = match matches_tag(&self.headers, &tag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => response_of(StatusCode::OK, kind, bytes),
        };
        response.headers_mut().insert(header::ETAG, tag);
        self.cached(&mut response);
        response
    }

    /// Where the marketplace stands.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path, below the one that the router is mounted under, and the query.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// A page, with a link to the next.
    pub(crate) fn listed<T: Serialize>(&self, page: &Page<T>) -> Response {
        self.listed_as(page, page.next.as_ref().map(ToString::to_string).as_deref())
    }

    /// The same for what is not a [`Page`], going on at `next`.
    pub(crate) fn listed_as(&self, page: &impl Serialize, next: Option<&str>) -> Response {
        let mut response = self.shown(None, page);
        let link = next.and_then(|next| next_link(&self.origin, &self.uri, next));
        if let Some(link) = link {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }

    /// What was done, with the tag that the next edit is held against.
    pub(crate) fn done(&self, revision: Option<Revision>, receipt: &impl Serialize) -> Response {
        self.wrote(StatusCode::OK, revision, receipt)
    }

    /// What came to be, and where.
    pub(crate) fn created(
        &self,
        path: &str,
        revision: Option<Revision>,
        receipt: &impl Serialize,
    ) -> Response {
        let mut response = self.wrote(StatusCode::CREATED, revision, receipt);
        if let Ok(location) = HeaderValue::from_str(&self.origin.at(path)) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }

    /// The way to where something stands now (RFC 9110 §15.4.9), the query included.
    pub(crate) fn moved(&self, path: &str) -> Response {
        let query = self.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
        if let Ok(location) = HeaderValue::from_str(&self.origin.at(&format!("{path}{query}"))) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        self.cached(&mut response);
        response
    }

    /// What nobody in particular asked for may be kept by others, if they ask again each time whether
    /// it still holds; anything else is the caller's alone.
    fn cached(&self, response: &mut Response) {
        let anonymous = self.principal().is_anonymous();
        let rule = if anonymous { "public, no-cache" } else { "no-store" };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(rule));
        headers.insert(header::VARY, HeaderValue::from_static("Authorization"));
    }

    fn wrote(
        &self,
        status: StatusCode,
        revision: Option<Revision>,
        receipt: &impl Serialize,
    ) -> Response {
        let bytes = json(receipt);
        let tag = revision.map(|revision| entity_tag(Some(revision), &bytes));
        let mut response = json_response(status, bytes);
        let headers = response.headers_mut();
        if let Some(tag) = tag {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// Whether the caller says, in `If-None-Match`, that it has what this tag names (RFC 9110 §13.1.2).
pub(crate) fn matches_tag(request: &HeaderMap, tag: &HeaderValue) -> bool {
    let sent = request.get_all(header::IF_NONE_MATCH).iter();
    let mut sent = sent.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    sent.any(|sent| {
        let sent = sent.trim();
        sent == "*" || sent.strip_prefix("W/").unwrap_or(sent).as_bytes() == tag.as_bytes()
    })
}

/// `"<revision>-<digest>"`, or `"<digest>"`: what [`IfMatch`](super::IfMatch) reads.
pub(crate) fn entity_tag(revision: Option<Revision>, bytes: &[u8]) -> HeaderValue {
    let digest = Sha256Digest::of(bytes);
    let start = digest.as_bytes().iter().take(8);
    let digest = start.fold(0_u64, |digest, byte| digest << 8 | u64::from(*byte));
    let tag = match revision {
        Some(revision) => format!("\"{}-{digest:016x}\"", revision.get()),
        None => format!("\"{digest:016x}\""),
    };
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// A value as JSON bytes.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    // Views are structs of texts and numbers, which always serialise.
    serde_json::to_vec(value).unwrap_or_default()
}

/// JSON bytes as an answer.
pub(crate) fn json_response(status: StatusCode, bytes: Vec<u8>) -> Response {
    response_of(status, JSON, bytes)
}

const JSON: &str = "application/json";

fn response_of(status: StatusCode, kind: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = (status, bytes).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
