//! Tokens that are known by their form.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use crate::domain::SecretKind;

use super::looks::{distinct, made_up, random};
use super::place::{Alphabet, Place, alphanumeric, base64, lower_hex, url_safe};

/// A body of `alphabet` of such a length, that begins with the anchor and is not made up.
pub(super) fn body(place: &Place<'_>, alphabet: Alphabet, lengths: RangeInclusive<usize>) -> bool {
    // The boundary first: it is what keeps runs that overlap from being read over and over.
    place.begins(alphanumeric) && {
        let body = place.run(place.end, alphabet, lengths.end() + 1);
        fits(body, lengths)
    }
}

/// Whether a run has such a length and is not made up.
fn fits(run: &[u8], lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&run.len().min(500)) && distinct(run) >= 8 && !made_up(run)
}

/// Base64 of 64 bytes for storage, of 32 for messaging.
pub(super) fn azure_account(place: &Place<'_>) -> bool {
    let key = place.run(place.end, |b| base64(b) && b != b'=', 90);
    key.iter().any(u8::is_ascii_digit) && fits(key, 40..=90)
}

/// Three characters and a digit, `Q~`, and 31 to 34 more.
pub(super) fn azure_client(place: &Place<'_>) -> bool {
    let alphabet: Alphabet = |b| url_safe(b) || b == b'~' || b == b'.';
    let before = place.run_before(place.start, alphabet, 5);
    let is_start = before.len() == 4 && before.last().is_some_and(u8::is_ascii_digit);
    is_start && fits(place.run(place.end, alphabet, 36), 31..=35)
}

/// 84 characters with `AZDO` at the 77th.
pub(super) fn azure_devops(place: &Place<'_>) -> bool {
    let before = place.run_before(place.start, alphanumeric, 77);
    let after = place.run(place.end, alphanumeric, 5);
    before.len() == 76 && after.len() == 4 && fits(before, 76..=76)
}

/// 22 characters, `_`, and 59 more.
pub(super) fn github_fine_grained(place: &Place<'_>) -> bool {
    let body = place.run(place.end, |b| alphanumeric(b) || b == b'_', 100);
    body.get(22) == Some(&b'_') && fits(body, 82..=100)
}

/// `xoxb-` and its siblings: numbers of team and app, and letters.
pub(super) fn slack(place: &Place<'_>) -> bool {
    let body = place.run(place.end, |b| alphanumeric(b) || b == b'-' || b == b'.', 500);
    let is_kind =
        matches!(body, [b'a' | b'b' | b'c' | b'e' | b'o' | b'p' | b'r' | b's', b'-' | b'.', ..]);
    let digits = body.iter().filter(|b| b.is_ascii_digit()).count();
    place.begins(alphanumeric) && is_kind && digits >= 6 && fits(body, 24..=500)
}

/// `xapp-`, a version, the app, a number, and 64 hexadecimal digits.
pub(super) fn slack_app(place: &Place<'_>) -> bool {
    let body = place.run(place.end, |b| alphanumeric(b) || b == b'-', 200);
    place.begins(alphanumeric) && body.iter().any(u8::is_ascii_digit) && fits(body, 60..=200)
}

/// What begins with `sk-`.
pub(super) fn model_key(place: &Place<'_>) -> Option<SecretKind> {
    if !place.begins(url_safe) {
        return None;
    }
    let body = place.run(place.end, url_safe, 500);
    if !fits(body, 32..=500) {
        return None;
    }
    if body.starts_with(b"ant-") {
        return (body.len() >= 40).then_some(SecretKind::AnthropicKey);
    }
    // Base64 of "OpenAI", in the middle of all keys since 2020.
    let marked = body.windows(8).any(|part| part == b"T3BlbkFJ");
    let prefixes: [&[u8]; 5] = [b"proj-", b"svcacct-", b"admin-", b"None-", b"or-v1-"];
    let named = prefixes.iter().any(|prefix| {
        body.strip_prefix(*prefix).is_some_and(|rest| rest.len() >= 40 && random(rest))
    });
    let plain = body.iter().all(u8::is_ascii_alphanumeric) && random(body);
    (marked || named || plain).then_some(SecretKind::OpenAiKey)
}

/// `pypi-` and a macaroon whose location is `pypi.org` or `test.pypi.org`.
pub(super) fn pypi(place: &Place<'_>) -> bool {
    let body = place.run(place.end, url_safe, 300);
    let located = body.starts_with(b"IcHlwaS5vcmc") || body.starts_with(b"NdGVzdC5weXBpLm9yZw");
    located && body.len() >= 60 && distinct(body) >= 20
}

/// `cio` and 32 letters and digits.
pub(super) fn crates_io(place: &Place<'_>) -> bool {
    let body = place.run(place.end, alphanumeric, 33);
    place.begins(url_safe) && body.len() == 32 && random(body) && !made_up(body)
}

/// `SG.`, an id of 22 and a secret of 43.
pub(super) fn send_grid(place: &Place<'_>) -> bool {
    let id = place.run(place.end, url_safe, 23);
    let dot = place.end + id.len();
    let secret = place.run(dot + 1, url_safe, 44);
    id.len() == 22 && place.byte(dot) == Some(b'.') && fits(secret, 43..=43)
}

/// The bot's id in base64, a time, and an HMAC, with dots between.
pub(super) fn discord(place: &Place<'_>) -> bool {
    if !place.begins(url_safe) {
        return false;
    }
    let id = place.run(place.start, url_safe, 32);
    let first_dot = place.start + id.len();
    if !(22..=28).contains(&id.len()) || place.byte(first_dot) != Some(b'.') {
        return false;
    }
    let time = place.run(first_dot + 1, url_safe, 8);
    let second_dot = first_dot + 1 + time.len();
    let mac = place.run(second_dot + 1, url_safe, 45);
    let is_id = decoded(id).is_some_and(|id| id.iter().all(u8::is_ascii_digit));
    is_id
        && (5..=7).contains(&time.len())
        && place.byte(second_dot) == Some(b'.')
        && fits(mac, 27..=45)
}

/// The bot's id, `:`, and 35 characters of which the first two are `AA`.
pub(super) fn telegram(place: &Place<'_>) -> bool {
    let id = place.run_before(place.start, |b| b.is_ascii_digit(), 12);
    (7..=11).contains(&id.len()) && fits(place.run(place.end, url_safe, 36), 32..=34)
}

/// A header of JSON that names an algorithm, a payload and a signature. The example that the
/// standard's home page shows, of John Doe, passes.
pub(super) fn json_web_token(place: &Place<'_>) -> bool {
    if !place.begins(|b| url_safe(b) || b == b'.') {
        return false;
    }
    let header = place.run(place.start, url_safe, 2_048);
    let first_dot = place.start + header.len();
    let payload = place.run(first_dot + 1, url_safe, 4_096);
    let second_dot = first_dot + 1 + payload.len();
    let signature = place.run(second_dot + 1, url_safe, 64);
    let dotted = place.byte(first_dot) == Some(b'.') && place.byte(second_dot) == Some(b'.');
    if !dotted || signature.len() < 20 {
        return false;
    }
    let header = decoded(header).and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    let is_sample = decoded(payload).is_some_and(|json| super::looks::holds(&json, "john doe"));
    header.is_some_and(|header| header.get("alg").is_some()) && !is_sample
}

/// `fpi1.`, a key's id, claims and a MAC.
pub(super) fn install(place: &Place<'_>) -> bool {
    let kid = place.run(place.end, alphanumeric, 17);
    let first_dot = place.end + kid.len();
    let claims = place.run(first_dot + 1, url_safe, 2_048);
    let second_dot = first_dot + 1 + claims.len();
    let mac = place.run(second_dot + 1, url_safe, 43);
    place.begins(alphanumeric)
        && place.byte(first_dot) == Some(b'.')
        && place.byte(second_dot) == Some(b'.')
        && claims.len() >= 40
        && mac.len() == 43
}

/// `fpv1.`, an invitation's id and a MAC.
/// 32 bytes in base64url. Longer ones are tokens with a letter behind them; names in code that begin alike
/// are not random.
pub(super) fn service(place: &Place<'_>) -> bool {
    place.begins(alphanumeric) && {
        let body = place.run(place.end, url_safe, 500);
        fits(body, 43..=500) && random(body)
    }
}

pub(super) fn invitation(place: &Place<'_>) -> bool {
    let id = place.run(place.end, |b| lower_hex(b) || b == b'-', 37);
    let dot = place.end + id.len();
    let mac = place.run(dot + 1, url_safe, 43);
    place.begins(alphanumeric) && id.len() == 36 && place.byte(dot) == Some(b'.') && mac.len() == 43
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Base64 of either alphabet, padded or not.
pub(super) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let alphabet =
        if text.iter().any(|b| matches!(b, b'+' | b'/')) { &STANDARD } else { &URL_SAFE };
    GeneralPurpose::new(alphabet, LENIENT).decode(text).ok()
}
