//! The payload: claims as a compact JSON array with exactly one spelling.
//!
//! Written out by hand, because it is what an attacker gets to shape: there is no value that this
//! grammar can express and the claims cannot.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::Claims;
use super::digest::{ReleaseDigest, TokenId};
use crate::domain::{AttemptId, EntitlementId, ListingId, Timestamp};

/// Room for the claims of most tokens; more is found when it is needed.
const TYPICAL_BYTES: usize = 384;

/// What JSON wants a backslash before; claims hold no control characters.
const ESCAPED: [char; 2] = ['"', '\\'];

/// The claims as JSON.
pub(super) fn encode(claims: &Claims) -> String {
    let mut json = Writer(String::with_capacity(TYPICAL_BYTES));
    json.text(claims.issuer.as_str());
    json.text(claims.audience.as_str());
    json.text(claims.subject.as_str());
    json.text(claims.tenant.as_str());
    json.bytes(claims.attempt.as_bytes());
    json.bytes(claims.listing.as_bytes());
    json.text(claims.release.as_str());
    json.bytes(claims.release_digest.as_bytes());
    json.bytes(claims.entitlement.as_bytes());
    json.number(claims.issued.as_millis());
    json.number(claims.expires.as_millis());
    json.bytes(claims.token_id.as_bytes());
    json.finish()
}

/// The claims that [`encode`] spells as exactly these bytes, if any.
pub(super) fn decode(json: &[u8]) -> Option<Claims> {
    let json = str::from_utf8(json).ok()?;
    let mut items = Reader { rest: json, separator: '[' };
    let claims = Claims {
        issuer: items.text()?.try_into().ok()?,
        audience: items.text()?.try_into().ok()?,
        subject: items.text()?.try_into().ok()?,
        tenant: items.text()?.try_into().ok()?,
        attempt: AttemptId::from_bytes(items.bytes()?),
        listing: ListingId::from_bytes(items.bytes()?),
        release: items.text()?.try_into().ok()?,
        release_digest: ReleaseDigest::from_bytes(items.bytes()?),
        entitlement: EntitlementId::from_bytes(items.bytes()?),
        issued: Timestamp::from_millis(items.number()?),
        expires: Timestamp::from_millis(items.number()?),
        token_id: TokenId::from_bytes(items.bytes()?),
    };
    (items.rest == "]" && encode(&claims) == json).then_some(claims)
}

struct Writer(String);

impl Writer {
    fn separate(&mut self) {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
    }

    fn text(&mut self, text: &str) {
        self.separate();
        self.0.push('"');
        if text.contains(ESCAPED) {
            for character in text.chars() {
                if ESCAPED.contains(&character) {
                    self.0.push('\\');
                }
                self.0.push(character);
            }
        } else {
            self.0.push_str(text);
        }
        self.0.push('"');
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.separate();
        self.0.push('"');
        URL_SAFE_NO_PAD.encode_string(bytes, &mut self.0);
        self.0.push('"');
    }

    fn number(&mut self, number: i64) {
        self.separate();
        self.0.push_str(&number.to_string());
    }

    fn finish(mut self) -> String {
        self.0.push(']');
        self.0
    }
}

struct Reader<'a> {
    rest: &'a str,
    separator: char,
}

impl<'a> Reader<'a> {
    fn text(&mut self) -> Option<String> {
        let raw = self.quoted()?;
        if !raw.contains('\\') {
            return Some(raw.to_owned());
        }
        let mut text = String::with_capacity(raw.len());
        let mut characters = raw.chars();
        while let Some(character) = characters.next() {
            text.push(if character == '\\' { characters.next()? } else { character });
        }
        Some(text)
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        let length = URL_SAFE_NO_PAD.decode_slice(self.quoted()?, &mut bytes).ok()?;
        (length == N).then_some(bytes)
    }

    fn number(&mut self) -> Option<i64> {
        self.separate()?;
        let end = self.rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        digits.parse().ok()
    }

    /// What stands between two quotation marks, still escaped.
    fn quoted(&mut self) -> Option<&'a str> {
        self.separate()?;
        let text = self.rest.strip_prefix('"')?;
        let mut escaped = false;
        let end = text.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let (quoted, rest) = text.split_at_checked(end)?;
        self.rest = rest.strip_prefix('"')?;
        Some(quoted)
    }

    fn separate(&mut self) -> Option<()> {
        self.rest = self.rest.strip_prefix(self.separator)?;
        self.separator = ',';
        Some(())
    }
}
