//! The form of a credential: what a request says in `Authorization`, before anybody believes it.

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::error::{Judged, Refused};

/// The most bytes of a credential. Larger tokens do not fit into the headers that servers and proxies
/// take by default either.
pub(crate) const MAX_BYTES: usize = 8 * 1_024;

/// A bearer token (RFC 6750), by its form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    /// None at all.
    Absent,
    /// `dev:` or `dev-system:`, and what follows the first colon.
    Dev(&'a str),
    DevSystem(&'a str),
    /// `fps_…`, the whole of it.
    Service(&'a str),
    /// Anything else can only be a JSON Web Token.
    Jwt(&'a str),
}

impl<'a> Credential<'a> {
    /// What the head of a request brings.
    pub(crate) fn of(head: &'a Parts) -> Judged<Self> {
        let mut values = head.headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(Credential::Absent) };
        if values.next().is_some() {
            return Err(Refused::Invalid("more than one Authorization header"));
        }
        if value.len() > MAX_BYTES {
            return Err(Refused::Invalid("an Authorization header that is too long"));
        }
        let text =
            value.to_str().map_err(|_| Refused::Invalid("an Authorization header beyond ASCII"))?;
        let (scheme, token) = text
            .split_once(' ')
            .ok_or(Refused::Invalid("an Authorization header without token"))?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refused::Invalid("a scheme other than Bearer"));
        }
        let token = token.trim_start_matches(' ');
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',') {
            return Err(Refused::Invalid("a malformed bearer token"));
        }
        Ok(match token.split_once(':') {
            Some(("dev", who)) => Credential::Dev(who),
            Some(("dev-system", system)) => Credential::DevSystem(system),
            _ if token.starts_with("fps_") => Credential::Service(token),
            _ => Credential::Jwt(token),
        })
    }
}
