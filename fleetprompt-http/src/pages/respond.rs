//! How a page is answered: what the browser may do with it, and how long it may be kept.

use askama::Template;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::convention::{Answer, Caller};

/// Nothing runs, nothing is loaded from elsewhere, nothing is sent elsewhere, and no other site frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

pub(super) const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// What somebody searched for is nobody else's business.
const REFERRER: HeaderValue = HeaderValue::from_static("same-origin");

pub(super) const HTML: &str = "text/html; charset=utf-8";

/// A page that was found, under the conventions of all reads.
pub(super) fn page(caller: &Caller, template: &impl Template) -> Answer {
    let mut response = caller.shown_as(HTML, html(template));
    protect(&mut response);
    Ok(response)
}

/// The page of a part of a list, which has [expired](super::cursor::part) or is there.
pub(super) fn part(caller: &Caller, template: &impl Template, expired: bool) -> Answer {
    match expired {
        true => refused(StatusCode::UNPROCESSABLE_ENTITY, template),
        false => page(caller, template),
    }
}

/// A page that says what is wrong with the request, where the place is right.
pub(super) fn refused(status: StatusCode, template: &impl Template) -> Answer {
    Ok(unkept(status, html(template)))
}

/// A page that nobody keeps.
pub(super) fn unkept(status: StatusCode, html: Vec<u8>) -> Response {
    let mut response = Response::new(html.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    protect(&mut response);
    response
}

pub(super) fn html(template: &impl Template) -> Vec<u8> {
    // Writing to a string does not fail.
    template.render().unwrap_or_default().into_bytes()
}

fn protect(response: &mut Response) {
    let protections: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF),
        (header::REFERRER_POLICY, REFERRER),
    ];
    response.headers_mut().extend(protections);
}
