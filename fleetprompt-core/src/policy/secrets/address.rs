//! Addresses that grant access: passwords, signatures, webhooks.

use crate::domain::SecretKind;

use super::looks::{distinct, holds, is_password, made_up, random, random_password};
use super::place::{Alphabet, Place, alphanumeric, base64, upper_alphanumeric, url_safe};
use super::tokens::decoded;

/// Hosts that documentation uses, by their ends (RFC 2606, RFC 6761), and words for a host.
const UNREAL: &[&str] = &[
    "example.com",
    "example.org",
    "example.net",
    ".example",
    ".test",
    ".invalid",
    ".local",
    ".localhost",
    "domain.com",
    "domain.tld",
    "host.com",
    "server.com",
    "company.com",
    "yourdomain.com",
    "mysite.com",
];

/// Behind `://`: a user and a password before the host. Names and passwords that documentation
/// makes up pass; and so does a password that does not look random, for a host that nobody else
/// can reach.
pub(super) fn user_info(place: &Place<'_>) -> Option<SecretKind> {
    let authority = place.run(place.end, in_authority, 300);
    let at = authority.iter().rposition(|b| *b == b'@')?;
    let (info, host) = (authority.get(..at)?, authority.get(at + 1..)?);
    let colon = info.iter().position(|b| *b == b':')?;
    let (user, password) = (info.get(..colon)?, info.get(colon + 1..)?);
    let scheme =
        place.run_before(place.start, |b| alphanumeric(b) || matches!(b, b'+' | b'.' | b'-'), 32);
    if scheme.is_empty() || !is_password(password, user) {
        return None;
    }
    if unreal(host) && !random(password) && !random_password(password) {
        return None;
    }
    let web = holds(scheme, "http") || holds(scheme, "ftp") || holds(scheme, "ws");
    Some(if web { SecretKind::UrlPassword } else { SecretKind::ConnectionString })
}

fn in_authority(b: u8) -> bool {
    !matches!(
        b,
        b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | b'\\' | b'(' | b')' | b','
    ) && b.is_ascii_graphic()
}

/// Whether a host is made up, or the machine itself, or a name that only a private network knows.
pub(super) fn unreal(host: &[u8]) -> bool {
    let host = host.strip_prefix(b"tcp:").unwrap_or(host);
    let name: &[u8] = host.split(|b| *b == b':').next().unwrap_or_default();
    let ends = |end: &&str| {
        let start = name.len().checked_sub(end.len());
        start
            .and_then(|start| name.get(start..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    };
    !name.contains(&b'.')
        || name.starts_with(b"127.")
        || name.starts_with(b"0.")
        || name.starts_with(b"10.")
        || name.starts_with(b"192.168.")
        || name.iter().any(|b| matches!(b, b'{' | b'}' | b'[' | b']' | b'$' | b'*'))
        || UNREAL.iter().any(ends)
        || made_up(name)
}

/// Behind `Basic `: base64 of a user and a password (RFC 7617).
pub(super) fn basic(place: &Place<'_>) -> bool {
    let value = place.run(place.end, base64, 300);
    let pair = if value.len() >= 12 { decoded(value) } else { None };
    pair.is_some_and(|pair| {
        let printable = pair.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
        let colon = pair.iter().position(|b| *b == b':');
        printable
            && colon.is_some_and(|colon| {
                let (user, password) = pair.split_at(colon);
                let password = password.get(1..).unwrap_or_default();
                // The example of the standard.
                password != b"open sesame" && is_password(password, user)
            })
    })
}

fn in_query(b: u8) -> bool {
    url_safe(b) || matches!(b, b'%' | b'+' | b'/' | b'~')
}

/// A signature behind a name that nothing else has.
pub(super) fn signature(place: &Place<'_>) -> bool {
    let value = place.run(place.end, in_query, 500);
    let mixed = value.iter().any(u8::is_ascii_digit) && distinct(value) >= 10;
    value.len() >= 40 && mixed && !made_up(value)
}

/// A signature in a query, behind a name that others use as well.
pub(super) fn signature_parameter(place: &Place<'_>) -> bool {
    let parameter: Alphabet = |b| matches!(b, b'?' | b'&' | b';');
    !place.begins(parameter) && signature(place)
}

/// Behind `hooks.slack.com/`: a webhook's team, app and secret.
pub(super) fn slack(place: &Place<'_>) -> bool {
    let path = place.run(place.end, |b| alphanumeric(b) || b == b'/', 200);
    let mut parts = path.split(|b| *b == b'/');
    let kind = parts.next().unwrap_or_default();
    let secret = parts.next_back().unwrap_or_default();
    let known = matches!(kind, b"services" | b"workflows" | b"triggers");
    let team = parts.next().unwrap_or_default();
    known
        && team.iter().all(|b| upper_alphanumeric(*b))
        && secret.len() >= 20
        && distinct(secret) >= 8
        && !made_up(path)
}

/// Behind `/api/webhooks/` on Discord: a number and a secret.
pub(super) fn discord(place: &Place<'_>) -> bool {
    let host = place.run_before(place.start, |b| alphanumeric(b) || b == b'.', 32);
    let ours = holds(host, "discord.com") || holds(host, "discordapp.com");
    let number = place.run(place.end, |b| b.is_ascii_digit(), 21);
    let slash = place.end + number.len();
    let secret = place.run(slash + 1, url_safe, 100);
    ours && number.len() >= 16
        && place.byte(slash) == Some(b'/')
        && secret.len() >= 60
        && distinct(secret) >= 8
        && !made_up(secret)
}
