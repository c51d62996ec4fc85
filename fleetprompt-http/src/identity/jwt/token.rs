//! A token, read but not believed yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fleetprompt_core::domain::{JsonBounds, from_json};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::Claims;
use crate::identity::credential::MAX_BYTES;
use crate::identity::error::{Judged, Refused};

/// The most bytes of a key's name.
const MAX_KEY_ID_BYTES: usize = 256;

/// A compact JSON Web Signature (RFC 7515, section 7.1), whose parts have one meaning each. Until
/// [`Verifier::verify`](super::Verifier::verify) has passed it, anybody may have written it.
pub(crate) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    claims: Claims,
}

impl<'a> Token<'a> {
    pub(crate) fn read(text: &'a str) -> Judged<Self> {
        let malformed = Refused::Invalid("a malformed token");
        let mut parts = text.split('.');
        let (Some(head), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed);
        };
        let head = object(head).ok_or(malformed)?;
        // What is critical must be understood (RFC 7515, section 4.1.11); nothing beyond it is.
        if head.contains_key("crit") || head.contains_key("b64") {
            return Err(Refused::Invalid("a token with critical extensions"));
        }
        match head.get("typ") {
            None => {}
            Some(Value::String(kind)) if is_access(kind) => {}
            Some(_) => return Err(Refused::Invalid("a token of another type")),
        }
        let algorithm = head.get("alg").and_then(Value::as_str).and_then(|name| name.parse().ok());
        let key_id = match head.get("kid") {
            None => None,
            Some(Value::String(id)) if id.len() <= MAX_KEY_ID_BYTES => Some(id.clone()),
            Some(_) => return Err(malformed),
        };
        Ok(Token {
            text,
            algorithm: algorithm.ok_or(Refused::Invalid("an unknown algorithm"))?,
            key_id,
            claims: Claims::new(object(payload).ok_or(malformed)?),
        })
    }

    /// What the token says of itself, to find out who is to judge it.
    pub(crate) fn unverified(&self) -> &Claims {
        &self.claims
    }

    /// Whether the token says that it is of this issuer.
    pub(crate) fn is_of(&self, issuer: &str) -> bool {
        self.claims.text("iss") == Ok(Some(issuer))
    }
}

/// Explicit typing (RFC 8725, section 3.11): a logout token or a proof of possession is no access token,
/// whoever signed it.
fn is_access(kind: &str) -> bool {
    ["jwt", "at+jwt", "application/at+jwt"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    from_json(&bytes, JsonBounds { max_bytes: MAX_BYTES, ..JsonBounds::DOCUMENT }).ok()
}
