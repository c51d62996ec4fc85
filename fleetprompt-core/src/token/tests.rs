//! What an attacker, a retry and an operator who rotates keys would notice.

use proptest::prelude::*;

use super::*;
use crate::domain::{AttemptId, DeploymentId, EntitlementId, ListingId, Timestamp};

pub(super) const DEPLOYMENT: DeploymentId = DeploymentId::from_bytes([0x11; 16]);

pub(super) fn master(seed: u8) -> MasterKey {
    MasterKey::from_bytes(&[seed; 32]).unwrap()
}

pub(super) fn kid(name: &str) -> KeyId {
    name.parse().unwrap()
}

pub(super) fn entry(name: &str, state: KeyState, seed: u8) -> KeyEntry {
    KeyEntry { kid: kid(name), state, key: master(seed) }
}

pub(super) fn claims() -> Claims {
    Claims {
        issuer: "https://market.example".parse().unwrap(),
        audience: "whs".parse().unwrap(),
        subject: r#"ACME\"dee""#.parse().unwrap(),
        tenant: "acme".parse().unwrap(),
        attempt: AttemptId::from_bytes([0x22; 16]),
        listing: ListingId::from_bytes([0x33; 16]),
        release: "1.4.0".parse().unwrap(),
        release_digest: ReleaseDigest::from_bytes([0x44; 32]),
        entitlement: EntitlementId::from_bytes([0x55; 16]),
        issued: Timestamp::from_millis(1_769_860_800_000),
        expires: Timestamp::from_millis(1_769_861_100_000),
        token_id: TokenId::from_bytes([0x66; 16]),
    }
}

pub(super) fn scope_of(claims: &Claims) -> KeyScope<'_> {
    KeyScope::handover(DEPLOYMENT, &claims.issuer, &claims.audience)
}

pub(super) fn key_of(ring: &KeyRing, claims: &Claims) -> DerivedKey {
    ring.derive_active(Purpose::InstallToken, &scope_of(claims))
}

/// What the marketplace does with a presented token, for a caller who is `claims.audience`.
fn present(ring: &KeyRing, claims: &Claims, token: &str) -> Result<Claims, InvalidToken> {
    let token = UnverifiedToken::parse(token)?;
    let key =
        ring.derive(token.kid(), Purpose::InstallToken, &scope_of(claims)).ok_or(InvalidToken)?;
    token.verify(&key, &claims.audience)
}

fn json(claims: &Claims) -> String {
    String::from_utf8(codec::encode(claims)).unwrap()
}

/// The token that a holder of the key could make of any payload.
fn forge(key: &DerivedKey, payload: &str) -> String {
    let form = sealed::Form {
        prefix: "fpi1",
        domain: "fleetprompt install token 1",
        max_bytes: InstallToken::MAX_BYTES,
    };
    form.seal(key, b"whs", payload.as_bytes())
}

/// The expected token was computed from the module's documentation, by another program.
#[test]
fn the_format_does_not_drift() {
    let ring = KeyRing::single(master(7));
    let token = InstallToken::mint(&key_of(&ring, &claims()), &claims());
    let expected = concat!(
        "fpi1.k1.",
        "WyJodHRwczovL21hcmtldC5leGFtcGxlIiwid2hzIiwiQUNNRVxcXCJkZWVcIiIsImFjbWUiLCIxLjQu",
        "MCIsMTc2OTg2MDgwMDAwMCwxNzY5ODYxMTAwMDAwLCJJaUlpSWlJaUlpSWlJaUlpSWlJaUlqTXpNek16",
        "TXpNek16TXpNek16TXpOVlZWVlZWVlZWVlZWVlZWVlZWVlZWWm1abVptWm1abVptWm1abVptWm1aa1JF",
        "UkVSRVJFUkVSRVJFUkVSRVJFUkVSRVJFUkVSRVJFUkVSRVJFUkVSRSJd",
        ".Kal_Taej2Qpgg7nhQmD5bOZ47qgOur3vZRyrUnRVTVY",
    );
    assert_eq!(token.expose(), expected);
    assert_eq!(
        token.digest().to_string(),
        "sha256:6f9a06c66509eb23d79f000c9ae5f6dddeff7fcfb65bd919fc03456d7f0fa7d2"
    );
}

#[test]
fn a_retried_issuance_rebuilds_the_same_token() {
    let ring = KeyRing::single(master(7));
    let first = InstallToken::mint(&key_of(&ring, &claims()), &claims());
    let rotated = ring.with_pending(kid("k2"), master(8)).unwrap().activate(&kid("k2")).unwrap();
    let original = rotated.derive(&kid("k1"), Purpose::InstallToken, &scope_of(&claims())).unwrap();
    assert_eq!(InstallToken::mint(&original, &claims()), first);
    assert_ne!(InstallToken::mint(&key_of(&rotated, &claims()), &claims()), first);
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let ring = KeyRing::single(master(7));
    let claims = claims();
    let token = InstallToken::mint(&key_of(&ring, &claims), &claims);
    let good = token.expose();
    assert_eq!(present(&ring, &claims, good), Ok(claims.clone()));
    for at in 0..good.len() {
        for byte in (0..=0x7f).filter(|byte| *byte != good.as_bytes()[at]) {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] = byte;
            let bad = String::from_utf8(bytes).unwrap();
            assert_eq!(present(&ring, &claims, &bad), Err(InvalidToken), "byte {at} as {byte}");
        }
        assert_eq!(present(&ring, &claims, &good[..at]), Err(InvalidToken), "cut at {at}");
        let mut shorter = good.to_owned();
        shorter.remove(at);
        assert_eq!(present(&ring, &claims, &shorter), Err(InvalidToken), "without {at}");
    }
    for tail in ["A", "=", ".", " ", "\n", "\0", "é", ".AAAA", "=="] {
        assert_eq!(present(&ring, &claims, &format!("{good}{tail}")), Err(InvalidToken));
        assert_eq!(present(&ring, &claims, &format!("{tail}{good}")), Err(InvalidToken));
    }
}

#[test]
fn a_token_works_in_one_place_only() {
    let ring = KeyRing::single(master(7));
    let claims = claims();
    let token = InstallToken::mint(&key_of(&ring, &claims), &claims);
    let token = UnverifiedToken::parse(token.expose()).unwrap();
    let other_audience: Audience = "agentromatic".parse().unwrap();
    let other_issuer: Issuer = "https://other.example".parse().unwrap();
    let elsewhere = DeploymentId::from_bytes([0x12; 16]);
    for scope in [
        KeyScope::handover(DEPLOYMENT, &claims.issuer, &other_audience),
        KeyScope::handover(DEPLOYMENT, &other_issuer, &claims.audience),
        KeyScope::handover(elsewhere, &claims.issuer, &claims.audience),
        KeyScope::own(DEPLOYMENT),
    ] {
        let key = ring.derive_active(Purpose::InstallToken, &scope);
        assert_eq!(token.verify(&key, &claims.audience), Err(InvalidToken));
        assert_eq!(token.verify(&key, &other_audience), Err(InvalidToken));
    }
    let cursors = ring.derive_active(Purpose::Cursor, &scope_of(&claims));
    assert_eq!(token.verify(&cursors, &claims.audience), Err(InvalidToken));
    // The right key, but not the audience that authenticated.
    assert_eq!(token.verify(&key_of(&ring, &claims), &other_audience), Err(InvalidToken));
}

#[test]
fn the_kid_is_under_the_mac() {
    let ring = KeyRing::single(master(7));
    let claims = claims();
    let key = key_of(&ring, &claims);
    let token = InstallToken::mint(&key, &claims);
    let renamed = token.expose().replacen(".k1.", ".k2.", 1);
    let same_secret = DerivedKey::from_secret(kid("k2"), key.expose());
    let renamed = UnverifiedToken::parse(&renamed).unwrap();
    assert_eq!(renamed.verify(&same_secret, &claims.audience), Err(InvalidToken));
    assert_eq!(renamed.verify(&key, &claims.audience), Err(InvalidToken));
}

#[test]
fn only_active_and_retiring_keys_verify() {
    let claims = claims();
    let minting = KeyRing::single(master(7));
    let token = InstallToken::mint(&key_of(&minting, &claims), &claims);
    for (state, verifies) in [
        (KeyState::Pending, false),
        (KeyState::Active, true),
        (KeyState::Retiring, true),
        (KeyState::Revoked, false),
    ] {
        let mut entries = vec![entry("k1", state, 7)];
        if state != KeyState::Active {
            entries.push(entry("k2", KeyState::Active, 8));
        }
        let ring = KeyRing::new(entries).unwrap();
        assert_eq!(present(&ring, &claims, token.expose()).is_ok(), verifies, "{state:?}");
        assert_eq!(state.verifies(), verifies);
    }
    let stranger = KeyRing::new(vec![entry("k2", KeyState::Active, 8)]).unwrap();
    assert_eq!(present(&stranger, &claims, token.expose()), Err(InvalidToken));
}

#[test]
fn a_payload_has_one_spelling_even_for_a_holder_of_the_key() {
    let ring = KeyRing::single(master(7));
    let claims = claims();
    let key = key_of(&ring, &claims);
    let good = json(&claims);
    assert_eq!(present(&ring, &claims, &forge(&key, &good)), Ok(claims.clone()));

    let ids = good.split('"').rev().nth(1).unwrap();
    assert!(ids.len() == 128 && good.contains(r#""acme""#) && good.contains("1769861100000"));
    let inner = good.trim_matches(['[', ']']);
    for bad in [
        String::new(),
        "[]".to_owned(),
        format!("{{{inner}}}"),
        format!("[{inner},1]"),
        format!("[{inner},]"),
        format!("[{}]", inner.replacen(r#","acme""#, "", 1)),
        format!("[[{inner}]]"),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}{good}"),
        good.replacen(',', ", ", 1),
        good.replacen(r#""acme""#, r#""ac\u006de""#, 1),
        good.replacen(r#""acme""#, r#""ac\me""#, 1),
        good.replacen(r#""acme""#, r#""ac\/me""#, 1),
        good.replacen(r#""acme""#, r#""""#, 1),
        good.replacen(r#""acme""#, "null", 1),
        good.replacen(r#""acme""#, "\"ac\u{7f}me\"", 1),
        good.replacen(r#""acme""#, "\"ac\nme\"", 1),
        good.replacen(r#""acme""#, &format!("\"{}\"", "a".repeat(129)), 1),
        good.replacen("1769861100000", "01769861100000", 1),
        good.replacen("1769861100000", "+1769861100000", 1),
        good.replacen("1769861100000", "-1", 1),
        good.replacen("1769861100000", "1769861100000.0", 1),
        good.replacen("1769861100000", "1769861100e3", 1),
        good.replacen("1769861100000", "\"1769861100000\"", 1),
        good.replacen("1769861100000", "253402128000001", 1),
        good.replacen("1769861100000", "99999999999999999999", 1),
        good.replacen(ids, &format!("{ids}AAAA"), 1),
        good.replacen(ids, &ids[..124], 1),
        good.replacen(ids, &format!("{}==", &ids[..126]), 1),
        good.replacen(ids, &ids.replace('I', "+"), 1),
        good.replacen(ids, &ids.replace('I', "é"), 1),
        good.replacen(ids, "", 1),
    ] {
        assert_eq!(present(&ring, &claims, &forge(&key, &bad)), Err(InvalidToken), "{bad}");
    }
    // The MAC's audience and the claims' audience are the same one.
    let other = Claims { audience: "agentromatic".parse().unwrap(), ..claims.clone() };
    let forged = forge(&key, &json(&other));
    assert_eq!(present(&ring, &claims, &forged), Err(InvalidToken));
}

#[test]
fn the_largest_claims_fit() {
    let longest = "\"".repeat(128);
    let claims = Claims {
        issuer: longest.parse().unwrap(),
        audience: longest.parse().unwrap(),
        subject: longest.parse().unwrap(),
        tenant: longest.parse().unwrap(),
        release: longest.parse().unwrap(),
        issued: Timestamp::MAX,
        expires: Timestamp::MAX,
        ..claims()
    };
    let ring = KeyRing::new(vec![entry("0123456789abcdef", KeyState::Active, 7)]).unwrap();
    let token = InstallToken::mint(&key_of(&ring, &claims), &claims);
    assert_eq!(token.expose().len(), 2_012);
    assert_eq!(present(&ring, &claims, token.expose()), Ok(claims));
}

#[test]
fn length_is_checked_first() {
    let long = format!("fpi1.k1.{}.{}", "A".repeat(2_048), "A".repeat(43));
    assert_eq!(UnverifiedToken::parse(&long).unwrap_err(), InvalidToken);
}

#[test]
fn nothing_secret_is_printed() {
    let canary = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2E";
    let text = "canarycanarycanarycanarycanaryca";
    let ring = KeyRing::single(canary.parse().unwrap());
    let claims = claims();
    let key = key_of(&ring, &claims);
    let token = InstallToken::mint(&key, &claims);
    let unverified = UnverifiedToken::parse(token.expose()).unwrap();
    let offline = ring.offline_key(&kid("k1"), &scope_of(&claims)).unwrap();
    let exported = offline.export();
    let (payload, mac) = token.expose().strip_prefix("fpi1.k1.").unwrap().split_once('.').unwrap();
    let error =
        KeyRing::new(vec![entry("a", KeyState::Active, b'c'), entry("b", KeyState::Pending, b'c')]);
    let refused = [
        format!("{:?}", format!("{canary}=").parse::<MasterKey>()),
        format!("{:?}", OfflineKey::import(kid("k1"), &format!("{canary}A"))),
    ];
    let printed = format!(
        "{:?} {ring:?} {key:?} {token:?} {unverified:?} {offline:?} {exported:?} {error:?} {refused:?}",
        entry("k1", KeyState::Active, b'c'),
    );
    let verifier = OfflineVerifier::new(claims.issuer.clone(), claims.audience.clone());
    let printed = format!("{printed} {:?}", verifier.with_key(offline));
    let secret_bytes = format!("{:?}", key.expose());
    for secret in [
        canary,
        text,
        payload,
        mac,
        exported.expose(),
        secret_bytes.trim_matches(['[', ']']),
        "99, 99",
        "cccc",
    ] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

fn text<T>() -> impl Strategy<Value = T>
where
    T: std::str::FromStr<Err = crate::domain::ParseError> + std::fmt::Debug,
{
    r#"[ -~"\\äß漢🦀\u{2028}]{1,32}"#.prop_map(|text| text.parse().unwrap())
}

prop_compose! {
    fn any_claims()(
        issuer in text(),
        audience in text(),
        subject in text(),
        tenant in text(),
        release in text(),
        ids: [[u8; 16]; 4],
        release_digest: [u8; 32],
        issued in 0_i64..=253_402_128_000_000,
        expires in 0_i64..=253_402_128_000_000,
    ) -> Claims {
        let [attempt, listing, entitlement, token_id] = ids;
        Claims {
            issuer, audience, subject, tenant, release,
            attempt: AttemptId::from_bytes(attempt),
            listing: ListingId::from_bytes(listing),
            release_digest: ReleaseDigest::from_bytes(release_digest),
            entitlement: EntitlementId::from_bytes(entitlement),
            issued: Timestamp::from_millis(issued),
            expires: Timestamp::from_millis(expires),
            token_id: TokenId::from_bytes(token_id),
        }
    }
}

proptest! {
    #[test]
    fn claims_come_back(claims in any_claims()) {
        let ring = KeyRing::single(master(7));
        let token = InstallToken::mint(&key_of(&ring, &claims), &claims);
        prop_assert!(token.expose().len() <= InstallToken::MAX_BYTES);
        prop_assert_eq!(present(&ring, &claims, token.expose()), Ok(claims));
    }

    /// serde_json is the judge of what compact JSON is.
    #[test]
    fn a_payload_is_compact_json(claims in any_claims()) {
        let json = json(&claims);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(value.as_array().map(Vec::len), Some(8));
        prop_assert_eq!(&value[2], claims.subject.as_str());
        prop_assert_eq!(value.to_string(), json);
    }

    #[test]
    fn whatever_decodes_is_canonical(
        claims in any_claims(),
        cut in any::<prop::sample::Index>(),
        length in 0_usize..4,
        patch in r#"[0-9A-Za-z\[\],"\\ \u{7f}é]{0,3}"#,
    ) {
        let good = codec::encode(&claims);
        let (head, tail) = good.split_at(cut.index(good.len()));
        let tail = tail.get(length..).unwrap_or_default();
        let patched = [head, patch.as_bytes(), tail].concat();
        if let Some(decoded) = codec::decode(&patched) {
            prop_assert_eq!(codec::encode(&decoded), patched);
        }
    }

    #[test]
    fn garbage_is_invalid(text in r"(fpi1\.)?(k1\.)?[A-Za-z0-9_.=-]{0,200}") {
        let ring = KeyRing::single(master(7));
        prop_assert_eq!(present(&ring, &claims(), &text), Err(InvalidToken));
    }
}
