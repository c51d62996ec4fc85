//! The payload: claims as a compact JSON array with exactly one spelling.
//!
//! Written out by hand, because it is what an attacker gets to shape: this grammar expresses
//! nothing but claims, and the reader takes nothing but what the writer writes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::Claims;
use super::digest::{ReleaseDigest, TokenId};
use crate::domain::{AttemptId, EntitlementId, ListingId, Timestamp};

/// Room for the claims of most tokens; more is found when it is needed.
const TYPICAL_BYTES: usize = 384;

/// The claims as JSON.
pub(super) fn encode(claims: &Claims) -> Vec<u8> {
    let mut json = Vec::with_capacity(TYPICAL_BYTES);
    json.push(b'[');
    for text in [
        claims.issuer.as_str(),
        claims.audience.as_str(),
        claims.subject.as_str(),
        claims.tenant.as_str(),
        claims.release.as_str(),
    ] {
        write_text(&mut json, text);
        json.push(b',');
    }
    for time in [claims.issued, claims.expires] {
        json.extend_from_slice(time.as_millis().to_string().as_bytes());
        json.push(b',');
    }
    let fixed = [
        claims.attempt.as_bytes().as_slice(),
        claims.listing.as_bytes(),
        claims.entitlement.as_bytes(),
        claims.token_id.as_bytes(),
        claims.release_digest.as_bytes(),
    ];
    json.push(b'"');
    json.extend_from_slice(URL_SAFE_NO_PAD.encode(fixed.concat()).as_bytes());
    json.extend_from_slice(b"\"]");
    json
}

/// Claims hold no control characters, which leaves two characters that JSON wants escaped.
fn write_text(json: &mut Vec<u8>, text: &str) {
    json.push(b'"');
    let escaped = |byte| matches!(byte, b'"' | b'\\');
    if text.bytes().any(escaped) {
        for byte in text.bytes() {
            if escaped(byte) {
                json.push(b'\\');
            }
            json.push(byte);
        }
    } else {
        json.extend_from_slice(text.as_bytes());
    }
    json.push(b'"');
}

/// The claims that [`encode`] spells as exactly these bytes, if any.
pub(super) fn decode(json: &[u8]) -> Option<Claims> {
    let mut json = Reader(str::from_utf8(json).ok()?);
    json.skip('[')?;
    let issuer = json.text()?.try_into().ok()?;
    json.skip(',')?;
    let audience = json.text()?.try_into().ok()?;
    json.skip(',')?;
    let subject = json.text()?.try_into().ok()?;
    json.skip(',')?;
    let tenant = json.text()?.try_into().ok()?;
    json.skip(',')?;
    let release = json.text()?.try_into().ok()?;
    json.skip(',')?;
    let issued = json.time()?;
    json.skip(',')?;
    let expires = json.time()?;
    json.skip(',')?;
    let fixed = json.fixed()?;
    json.skip(']')?;
    if !json.0.is_empty() {
        return None;
    }
    let (attempt, rest) = fixed.split_first_chunk()?;
    let (listing, rest) = rest.split_first_chunk()?;
    let (entitlement, rest) = rest.split_first_chunk()?;
    let (token_id, release_digest) = rest.split_first_chunk()?;
    Some(Claims {
        issuer,
        audience,
        subject,
        tenant,
        attempt: AttemptId::from_bytes(*attempt),
        listing: ListingId::from_bytes(*listing),
        release,
        release_digest: ReleaseDigest::from_bytes(release_digest.try_into().ok()?),
        entitlement: EntitlementId::from_bytes(*entitlement),
        issued,
        expires,
        token_id: TokenId::from_bytes(*token_id),
    })
}

/// What is left to read.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn text(&mut self) -> Option<String> {
        self.skip('"')?;
        let mut text = self.plain()?.to_owned();
        while self.skip('"').is_none() {
            self.skip('\\')?;
            let escaped = self.take(1)?;
            if !matches!(escaped, "\"" | "\\") {
                return None;
            }
            text.push_str(escaped);
            text.push_str(self.plain()?);
        }
        Some(text)
    }

    /// What comes before the next character that means something in a text.
    fn plain(&mut self) -> Option<&'a str> {
        let length = self.0.bytes().position(|byte| matches!(byte, b'"' | b'\\'))?;
        self.take(length)
    }

    fn time(&mut self) -> Option<Timestamp> {
        let length = self.0.bytes().position(|byte| !byte.is_ascii_digit())?;
        let digits = self.take(length)?;
        let millis = digits.parse().ok()?;
        let time = Timestamp::from_millis(millis);
        let canonical = time.as_millis() == millis && (digits == "0" || !digits.starts_with('0'));
        canonical.then_some(time)
    }

    /// Ids and digest: as many bytes as fill base64, so there are no trailing bits to vary.
    fn fixed(&mut self) -> Option<[u8; 96]> {
        self.skip('"')?;
        let mut bytes = [0; 96];
        let length = URL_SAFE_NO_PAD.decode_slice(self.take(128)?, &mut bytes).ok()?;
        self.skip('"')?;
        (length == bytes.len()).then_some(bytes)
    }

    fn skip(&mut self, expected: char) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    fn take(&mut self, length: usize) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}
