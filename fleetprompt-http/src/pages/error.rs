//! Pages that say why there is nothing to see. They repeat nothing that was sent, and one of a status looks like
//! any other: what is hidden and what is not there are told apart by nothing.

use askama::Template;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::address::Kind;
use super::links::Links;
use super::respond;
use crate::Origin;
use crate::convention::{Problem, RequestId};

/// Among the extensions of an answer: its problem is shown as a page, of a marketplace that stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorPlace(Links);

/// Has the problem of an answer, if it has one that nobody has placed yet, shown as a page: where `is_page` says that
/// one was asked for.
pub(crate) fn place(response: &mut Response, origin: &Origin, is_page: impl FnOnce() -> bool) {
    let extensions = response.extensions_mut();
    let is_open = extensions.get::<Problem>().is_some() && extensions.get::<ErrorPlace>().is_none();
    if is_open && is_page() {
        extensions.insert(ErrorPlace(Links::new(origin)));
    }
}

/// Whether the template of a route is that of a page, of a marketplace at `origin`.
pub(crate) fn is_template(origin: &Origin, template: &str) -> bool {
    Kind::of_template(template).is_some() || template == Links::new(origin).home()
}

#[derive(Template)]
#[template(path = "pages/error.html")]
struct Page {
    title: &'static str,
    sentence: String,
    request: Option<String>,
    home: String,
    search: String,
    style: String,
    icon: String,
}

/// The page of a problem.
pub(crate) fn respond(
    problem: &Problem,
    request: Option<RequestId>,
    ErrorPlace(links): &ErrorPlace,
) -> Response {
    let status = problem.status();
    let (title, sentence) = told(problem);
    let page = Page {
        title,
        sentence,
        request: request.filter(|_| status.is_server_error()).map(|id| id.to_string()),
        home: links.home(),
        search: links.search(),
        style: links.style(),
        icon: links.icon(),
    };
    let mut response = respond::unkept(status, respond::html(&page));
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = problem.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.get()));
    }
    response
}

/// What happened, and what to do.
fn told(problem: &Problem) -> (&'static str, String) {
    let again = match problem.retry_after_seconds().map(std::num::NonZeroU32::get) {
        None => "Try again in a moment.".to_owned(),
        Some(1) => "Try again in a second.".to_owned(),
        Some(seconds) => format!("Try again in {seconds} seconds."),
    };
    match problem.status() {
        StatusCode::NOT_FOUND => (
            "There is nothing here",
            "The address may be misspelt, or what was here is gone.".to_owned(),
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            ("Too many requests", format!("Your network has asked for a lot lately. {again}"))
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ("Back in a moment", format!("There is too much to do just now. {again}"))
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            ("These pages are for reading", "Nothing is changed or sent here.".to_owned())
        }
        status if status.is_server_error() => (
            "Something went wrong here",
            "It is not your fault. If it happens again, tell whoever runs this marketplace."
                .to_owned(),
        ),
        _ => ("This can't be shown", problem.detail().to_owned()),
    }
}
