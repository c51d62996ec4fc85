//! Refusals as problem details (RFC 9457).

use std::num::NonZeroU32;

use axum::response::{IntoResponse, Response};
use fleetprompt_core::domain::{JsonError, ParseError, RuleCode};
use fleetprompt_core::{Error, ErrorCode, ErrorKind};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::RequestId;
use crate::identity::AuthenticateError;

/// A refusal, before it is written down: what went wrong in words that a program can tell apart, and
/// in words for a person. It never holds what the caller sent.
///
/// ```
/// use fleetprompt_core::ErrorCode;
/// use fleetprompt_http::convention::Problem;
/// let problem = Problem::from(fleetprompt_core::Error::from(ErrorCode::ListingNotFound));
/// assert_eq!(problem.status(), 404);
/// assert_eq!(problem.code(), "listing_not_found");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<ProblemField>,
    retry_after: Option<NonZeroU32>,
}

/// Among the extensions of a response whose problem is written down: which it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProblemCode(pub(super) &'static str);

/// The code of the problem that a response reports, if it reports one.
pub(crate) fn problem_code(response: &Response) -> Option<&'static str> {
    let extensions = response.extensions();
    let written = extensions.get::<ProblemCode>().map(|code| code.0);
    extensions.get::<Problem>().map(Problem::code).or(written)
}

/// One field that breaks a rule.
///
/// ```
/// use fleetprompt_core::domain::RuleCode;
/// # use fleetprompt_http::convention::ProblemField;
/// let (pointer, detail) = ("/slug".to_owned(), "must not be empty".to_owned());
/// let field = ProblemField { pointer, code: RuleCode::Empty, detail };
/// assert_eq!(serde_json::to_value(field).unwrap()["code"], "empty");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemField {
    /// Where the field stands: a JSON pointer (RFC 6901) into the body, or the name of a header or
    /// parameter.
    #[schema(example = "/content/title")]
    pub pointer: String,
    /// The rule that it breaks, in one stable word. More may come.
    #[schema(value_type = String, example = "too_long")]
    pub code: RuleCode,
    /// The rule in words for a person, with its bounds.
    #[schema(example = "must have at most 120 characters")]
    pub detail: String,
}

/// A problem as it is sent: `application/problem+json`, RFC 9457.
///
/// ```
/// # use fleetprompt_http::convention::ProblemBody;
/// let problem = ProblemBody {
///     r#type: "about:blank", title: "Not Found", status: 404, code: "listing_not_found",
///     detail: "There is no such listing.".to_owned(), request_id: None, errors: Vec::new(),
/// };
/// assert!(serde_json::to_string(&problem).unwrap().starts_with(r#"{"type":"about:blank","#));
/// ```
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// Always `about:blank`: the code says what it is.
    #[schema(example = "about:blank")]
    pub r#type: &'static str,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub title: &'static str,
    /// The status, once more.
    #[schema(example = 404, minimum = 400, maximum = 599)]
    pub status: u16,
    /// What went wrong, in one stable word.
    #[schema(example = "listing_not_found")]
    pub code: &'static str,
    /// What went wrong, in a sentence for a person.
    #[schema(example = "There is no such listing.")]
    pub detail: String,
    /// The request, as it stands in the operator's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "9f3c01d27b6a4e58")]
    pub request_id: Option<RequestId>,
    /// The fields that break a rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

impl Problem {
    /// A problem of the facade's own.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: &str) -> Self {
        let detail = detail.to_owned();
        Problem { status, code, detail, errors: Vec::new(), retry_after: None }
    }

    /// The same, naming a field, header or parameter.
    pub(crate) fn at(
        mut self,
        pointer: impl Into<String>,
        code: RuleCode,
        detail: impl Into<String>,
    ) -> Self {
        let (pointer, detail) = (pointer.into(), detail.into());
        self.errors.push(ProblemField { pointer, code, detail });
        self
    }

    /// The same, to be tried again after so many seconds.
    pub(crate) fn retry_after(mut self, seconds: NonZeroU32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// There is nothing at this path.
    pub(crate) fn not_found() -> Self {
        Problem::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
    }

    /// A header or parameter that breaks a rule.
    pub(crate) fn parameter(name: &str, code: RuleCode, rule: impl Into<String>) -> Self {
        let detail = "A header or parameter breaks a rule.";
        Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail).at(name, code, rule)
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable word.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What went wrong, in a sentence for a person.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// When to try again, in seconds.
    pub(crate) fn retry_after_seconds(&self) -> Option<NonZeroU32> {
        self.retry_after
    }

    /// The problem as a response, to the request of this id.
    pub(super) fn respond(&self, request_id: Option<RequestId>) -> Response {
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.clone(),
            request_id,
            errors: self.errors.clone(),
        };
        // A struct of texts and numbers always serialises.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.get()));
        }
        response
    }
}

/// The response says everything but the request's id, which the outermost layer knows: it finds the
/// problem among the extensions and writes it anew.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.respond(None);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = error.code();
        let mut problem = Problem::new(status(code), code.as_str(), code.message());
        problem.retry_after = retry_after(&error);
        match (error.field(), error.incident()) {
            (Some(field), _) => {
                let rule = field.rule();
                problem.at(format!("/{}", field.field()), rule.code(), rule.to_string())
            }
            (None, Some(_)) => Problem { detail: error.to_string(), ..problem },
            (None, None) => problem,
        }
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Error::from(code).into()
    }
}

impl From<ParseError> for Problem {
    fn from(refused: ParseError) -> Self {
        Error::from(refused).into()
    }
}

impl From<JsonError> for Problem {
    fn from(refused: JsonError) -> Self {
        use fleetprompt_core::domain::JsonRule;
        let status = match refused.rule() {
            JsonRule::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            JsonRule::TooDeep { .. }
            | JsonRule::NotUtf8
            | JsonRule::NotJson
            | JsonRule::UnpairedSurrogate
            | JsonRule::DuplicateKey => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let code = ErrorCode::InvalidInput;
        Problem::new(status, code.as_str(), code.message()).at(
            refused.pointer(),
            refused.rule().code(),
            refused.rule().to_string(),
        )
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Invalid => Problem::new(
                StatusCode::UNAUTHORIZED,
                "invalid_credential",
                "The credential is not valid. Sign in again.",
            ),
            AuthenticateError::NotLocal => Problem::new(
                StatusCode::FORBIDDEN,
                "not_local",
                "This marketplace serves its own machine alone, by a loopback name and without proxies.",
            ),
            AuthenticateError::Unavailable => ErrorCode::Unavailable.into(),
        }
    }
}

/// The status of each refusal of the core.
fn status(code: ErrorCode) -> StatusCode {
    match (code, code.kind()) {
        (ErrorCode::CursorTooOld, _) => StatusCode::GONE,
        // What nobody gets by waiting.
        (ErrorCode::SeatsExhausted, _) => StatusCode::CONFLICT,
        (_, ErrorKind::InvalidInput) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, ErrorKind::Unauthenticated) => StatusCode::UNAUTHORIZED,
        (_, ErrorKind::Forbidden) => StatusCode::FORBIDDEN,
        (_, ErrorKind::NotFound) => StatusCode::NOT_FOUND,
        (_, ErrorKind::Conflict) => StatusCode::CONFLICT,
        (_, ErrorKind::PreconditionFailed) => StatusCode::PRECONDITION_FAILED,
        (_, ErrorKind::Limited) => StatusCode::TOO_MANY_REQUESTS,
        (_, ErrorKind::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        (_, ErrorKind::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// When to try again, in whole seconds: what the core says, and a second for whatever passes by
/// itself.
fn retry_after(error: &Error) -> Option<NonZeroU32> {
    let told =
        error.retry_after().map(|span| u32::try_from(span.as_seconds_ceil()).unwrap_or(u32::MAX));
    let passing = (error.kind() == ErrorKind::Unavailable).then_some(1);
    told.or(passing).map(|seconds| NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN))
}
