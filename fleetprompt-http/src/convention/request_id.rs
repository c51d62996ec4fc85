//! The name of a request in answers and logs.

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use fleetprompt_core::port::Entropy;
use http::{HeaderName, HeaderValue};
use serde::{Serialize, Serializer};

use super::{Problem, ProblemCode};
use crate::Origin;
use crate::pages::{self, ErrorPlace};

/// Sixteen hexadecimal digits, drawn for each request. What a client sends under that name is not
/// taken: the name is what an operator searches the log for, and nobody else should choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(u64);

/// The header that carries it.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a layer names requests with: where names come from, and where the marketplace stands, if it has pages.
#[derive(Clone)]
pub(crate) struct Naming {
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) pages: Option<Origin>,
}

/// A layer that names each request.
pub(crate) async fn name(State(naming): State<Naming>, request: Request, next: Next) -> Response {
    let Naming { entropy, pages: origin } = &naming;
    let template = request.extensions().get::<MatchedPath>().cloned();
    let answer = async |request| {
        let mut response = next.run(request).await;
        if let (Some(origin), Some(template)) = (origin, &template) {
            let is_page = || pages::is_template(origin, template.as_str());
            pages::place(&mut response, origin, is_page);
        }
        response
    };
    named(&**entropy, request, answer).await
}

/// Names the request, unless it has a name, and writes it into the answer and into its problem.
pub(crate) async fn named(
    entropy: &dyn Entropy,
    mut request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if request.extensions().get::<RequestId>().is_some() {
        // Whoever gave it the name writes it.
        return answer(request).await;
    }
    // Without random numbers nothing can be written either; a reader may still be answered.
    let seed = entropy.seed().unwrap_or_default();
    let id = RequestId(seed.iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte)));
    request.extensions_mut().insert(id);
    let mut response = answer(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let headers = std::mem::take(response.headers_mut());
        let extensions = std::mem::take(response.extensions_mut());
        response = match extensions.get::<ErrorPlace>() {
            Some(place) => pages::error_page(&problem, Some(id), place),
            None => problem.respond(Some(id)),
        };
        for (name, value) in &headers {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        // The length was that of the body without the name.
        response.headers_mut().remove(http::header::CONTENT_LENGTH);
        *response.extensions_mut() = extensions;
        response.extensions_mut().insert(ProblemCode(problem.code()));
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}
