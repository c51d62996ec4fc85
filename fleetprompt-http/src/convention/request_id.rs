//! The name of a request in answers and logs.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use fleetprompt_core::port::Entropy;
use http::{HeaderName, HeaderValue};
use serde::{Serialize, Serializer};

use super::{Problem, ProblemCode};

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

/// A layer that names each request.
pub(crate) async fn name(
    State(entropy): State<Arc<dyn Entropy>>,
    request: Request,
    next: Next,
) -> Response {
    named(&*entropy, request, |request| next.run(request)).await
}

/// Names the request, unless it has a name, and writes it into the answer and into its problem.
pub(crate) async fn named<F: Future<Output = Response>>(
    entropy: &dyn Entropy,
    mut request: Request,
    answer: impl FnOnce(Request) -> F,
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
        response = problem.respond(Some(id));
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
