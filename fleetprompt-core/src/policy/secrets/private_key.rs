//! Private keys in armour.

use super::looks::distinct;
use super::place::{Place, base64};

/// How far the body of a key is looked for.
const REACH: usize = 1_024;

/// Behind `-----BEGIN `: a private key by RFC 7468, PKCS #1, SEC 1, OpenSSH or OpenPGP, with a body.
pub(super) fn armoured(place: &Place<'_>) -> bool {
    let label = place.run(place.end, |b| b.is_ascii_alphanumeric() || b == b' ', 48);
    let private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    private && has_body(place, place.end + label.len())
}

/// Behind `---- BEGIN SSH2 ENCRYPTED PRIVATE KEY` (RFC 4716).
pub(super) fn rfc4716(place: &Place<'_>) -> bool {
    has_body(place, place.end)
}

/// Behind `Private-Lines: ` in the file of a PuTTY key: a number, then the body.
pub(super) fn putty(place: &Place<'_>) -> bool {
    let lines = place.run(place.end, |b| b.is_ascii_digit(), 4);
    !lines.is_empty() && has_body(place, place.end + lines.len())
}

/// Whether base64 follows that could be a key. Headers of PEM and OpenPGP are passed over; line
/// ends may be written `\n`, as in JSON. Keys repeat letters and hold words, so only variety counts.
fn has_body(place: &Place<'_>, from: usize) -> bool {
    let dashes = place.run(from, |b| b == b'-', 5).len();
    let rest = place.slice(from + dashes, from + dashes + REACH);
    let end = rest.windows(3).position(|three| three == b"---").unwrap_or(rest.len());
    let mut body = Vec::new();
    for line in rest.get(..end).unwrap_or_default().split(|b| *b == b'\n') {
        let line = line.trim_ascii();
        if line.contains(&b':') {
            continue;
        }
        let start = body.len();
        let mut last = 0;
        for b in line {
            // The `n` of a line end that is written out is none of the body.
            if base64(*b) && !(last == b'\\' && matches!(b, b'n' | b'r')) {
                body.push(*b);
            }
            last = *b;
        }
        // Words stand apart; a body does not.
        let inner = line.iter().skip(2).filter(|b| **b == b' ').count();
        if inner > 1 {
            body.truncate(start);
        }
        if body.len() >= 64 {
            break;
        }
    }
    body.len() >= 40 && distinct(&body) >= 16
}
