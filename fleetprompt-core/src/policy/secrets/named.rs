//! Values behind a name that says what they are.

use crate::domain::SecretKind;

use super::address::unreal;
use super::looks::{holds, is_password, made_up, random, random_password};
use super::place::{Place, url_safe};
use super::tokens::decoded;

/// What ends a name whose value is no secret: `token_id`, `secretName`.
const HARMLESS: &[&str] = &[
    "id",
    "ids",
    "name",
    "names",
    "hash",
    "digest",
    "sha",
    "sha256",
    "checksum",
    "count",
    "type",
    "url",
    "uri",
    "path",
    "file",
    "address",
    "mint",
    "symbol",
    "version",
    "arn",
    "ref",
    "length",
    "fingerprint",
    "izer",
    "izers",
];

/// What a connection string calls its other half (ADO.NET, JDBC, libpq).
const COMPANIONS: &[&str] = &[
    "server=",
    "data source=",
    "host=",
    "jdbc:",
    "user id=",
    "uid=",
    "user=",
    "catalog=",
    "addr=",
];

/// Behind a name such as `token`: an assignment, in whatever language, of a value that looks
/// random.
pub(super) fn assigned(place: &Place<'_>) -> Option<SecretKind> {
    // Some anchors hold the sign of the assignment as well.
    let is_whole = place.byte(place.end - 1).is_some_and(|last| !url_safe(last));
    let rest = if is_whole { &[] } else { place.run(place.end, url_safe, 40) };
    if HARMLESS.iter().any(|end| ends_with_word(rest, end)) && !google(place) {
        return None;
    }
    let value_at = value_start(place, place.end + rest.len())?;
    let quoted = matches!(place.byte(value_at - 1), Some(b'"' | b'\'' | b'`'));
    let value = place.run(value_at, |b| url_safe(b) || matches!(b, b'+' | b'/'), 300);
    let end = value_at + value.len();
    let padded = place.run(end, |b| b == b'=', 3).len();
    // A call, a path of a type or a field: code, not a value.
    let is_code = matches!(place.byte(end + padded), Some(b'(' | b'[' | b'{' | b'$'))
        || place.slice(end, end + 2) == b"::"
        || place.byte(end) == Some(b'.')
            && place.byte(end + 1).is_some_and(|b| b.is_ascii_lowercase());
    let name = place.slice(place.start.saturating_sub(32), place.end + rest.len());
    let name =
        name.rsplit(|b| !(url_safe(*b) || matches!(*b, b'.' | b' '))).next().unwrap_or_default();
    let line = place.line_before(256);
    let in_string = (holds(name, "pass") || holds(name, "pwd"))
        && place.byte(place.end + rest.len()) == Some(b'=')
        && COMPANIONS.iter().any(|companion| holds(line, companion));
    let invented = || made_up(value) || decoded(value).is_some_and(|text| says_so(&text));
    if !is_code && random(value) && !invented() && !is_address(value, name) {
        return Some(if in_string { SecretKind::ConnectionString } else { kind(name, value) });
    }
    if !holds(name, "pass") && !holds(name, "pwd") {
        return None;
    }
    let password = place.run(value_at, in_password, 129);
    if !is_password(password, b"") {
        return None;
    }
    let random = random_password(password);
    if in_string {
        let harmless = holds(line, "localhost") || holds(line, "127.0.0.1") || hosted_nowhere(line);
        let real = random || password.len() >= 6 && !harmless;
        return real.then_some(SecretKind::ConnectionString);
    }
    (random && quoted && !is_code).then_some(SecretKind::NamedSecret)
}

/// Whether decoded base64 is words that say it is made up.
fn says_so(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_graphic() || *b == b' ') && made_up(text)
}

fn in_password(b: u8) -> bool {
    b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'`' | b';' | b'&' | b'<' | b',')
}

/// Whether the host that a connection string names is made up.
fn hosted_nowhere(line: &[u8]) -> bool {
    let hosts = ["server=", "data source=", "host=", "://"];
    hosts.iter().any(|before| {
        let at = line
            .windows(before.len())
            .position(|part| part.eq_ignore_ascii_case(before.as_bytes()));
        at.and_then(|at| line.get(at + before.len()..)).is_some_and(|rest| {
            let ends = |b: &u8| matches!(b, b';' | b'/' | b' ' | b',' | b'?');
            unreal(rest.split(ends).next().unwrap_or_default())
        })
    })
}

/// Where the value begins that is assigned to the name that ends at `at`.
fn value_start(place: &Place<'_>, at: usize) -> Option<usize> {
    let closed = at + place.run(at, |b| matches!(b, b'"' | b'\'' | b'`' | b']' | b')'), 3).len();
    let spaces = |at: usize| at + place.run(at, |b| b == b' ' || b == b'\t', 8).len();
    let sign = spaces(closed);
    let signs = place.run(sign, |b| matches!(b, b'=' | b':' | b'>'), 3).len();
    let listed = closed > at && place.byte(sign) == Some(b',');
    // `--token VALUE` and `Bearer VALUE` have a space alone.
    let alone = (sign > at && (option(place) || holds(place.slice(place.start, at), "key")))
        || place.byte(place.end - 1).is_some_and(|last| !url_safe(last));
    if signs == 0 && !listed && !alone {
        return None;
    }
    let value = spaces(sign + signs + usize::from(listed));
    Some(value + place.run(value, |b| matches!(b, b'"' | b'\'' | b'`'), 2).len())
}

/// Whether the name is that of an option of a command, `--token`.
fn option(place: &Place<'_>) -> bool {
    let word = place.run_before(place.start, url_safe, 32);
    word.starts_with(b"--")
}

fn ends_with_word(rest: &[u8], end: &str) -> bool {
    let start = rest.len().checked_sub(end.len());
    start
        .and_then(|start| rest.get(start..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

/// Whether the name is that of the key in a service account's file.
fn google(place: &Place<'_>) -> bool {
    place.slice(place.start, place.end + 3).eq_ignore_ascii_case(b"private_key_id")
}

/// An address or a digest on a chain, which is public, and not called a key.
fn is_address(value: &[u8], name: &[u8]) -> bool {
    value.starts_with(b"0x") && !holds(name, "key") && !holds(name, "secret")
}

fn kind(name: &[u8], value: &[u8]) -> SecretKind {
    let aws = holds(name, "aws") || holds(name, "secret_access") || holds(name, "secretaccess");
    if aws && value.len() == 40 {
        SecretKind::AwsSecretKey
    } else if holds(name, "private_key_id") && value.len() == 40 {
        SecretKind::GoogleServiceAccount
    } else if holds(name, "twilio") {
        SecretKind::TwilioKey
    } else {
        SecretKind::NamedSecret
    }
}
