//! The input is a payload with a good MAC, which is the most that a forger with a stolen key can
//! shape: whatever is accepted must be exactly what minting its claims gives.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fleetprompt_core::domain::{
    AttemptId, DeploymentId, EntitlementId, ListingId, ParseError, Timestamp,
};
use fleetprompt_core::token::{
    Claims, DerivedKey, InstallToken, KeyRing, KeyScope, MasterKey, Purpose, ReleaseDigest,
    TokenId, UnverifiedToken,
};
use libfuzzer_sys::fuzz_target;

struct Sample {
    key: DerivedKey,
    claims: Claims,
    payload: Vec<u8>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| sample().expect("a sample"));

fuzz_target!(|input: (usize, u8, &[u8])| {
    let (at, length, patch) = input;
    check(&sealed(&URL_SAFE_NO_PAD.encode(patched(
        at,
        length.into(),
        patch,
    ))));
    check(&sealed(&URL_SAFE_NO_PAD.encode(patch)));
    if let Ok(text) = str::from_utf8(patch) {
        check(&sealed(text));
        check(text);
    }
});

fn check(token: &str) {
    let Ok(unverified) = UnverifiedToken::parse(token) else {
        return;
    };
    assert!(token.len() <= InstallToken::MAX_BYTES);
    if let Ok(claims) = unverified.verify(&SAMPLE.key, &SAMPLE.claims.audience) {
        assert_eq!(InstallToken::mint(&SAMPLE.key, &claims).expose(), token);
    }
}

fn sealed(payload: &str) -> String {
    let kid = SAMPLE.key.kid().as_str();
    let audience = SAMPLE.claims.audience.as_str();
    let parts = ["fleetprompt install token 1", kid, audience, payload].map(str::as_bytes);
    let mac = URL_SAFE_NO_PAD.encode(SAMPLE.key.keyed_digest(&parts));
    format!("fpi1.{kid}.{payload}.{mac}")
}

/// The genuine payload with some bytes replaced, so that the fuzzer need not find it first.
fn patched(at: usize, length: usize, patch: &[u8]) -> Vec<u8> {
    let (head, tail) = SAMPLE.payload.split_at(at % SAMPLE.payload.len());
    [head, patch, tail.get(length..).unwrap_or_default()].concat()
}

fn sample() -> Result<Sample, ParseError> {
    let claims = Claims {
        issuer: "market".parse()?,
        audience: "whs".parse()?,
        subject: "user\"31".parse()?,
        tenant: "acme".parse()?,
        attempt: AttemptId::from_bytes([2; 16]),
        listing: ListingId::from_bytes([3; 16]),
        release: "1.4.0".parse()?,
        release_digest: ReleaseDigest::from_bytes([4; 32]),
        entitlement: EntitlementId::from_bytes([5; 16]),
        issued: Timestamp::from_millis(1_769_860_800_000),
        expires: Timestamp::from_millis(1_769_861_100_000),
        token_id: TokenId::from_bytes([6; 16]),
    };
    let deployment = DeploymentId::from_bytes([1; 16]);
    let scope = KeyScope::handover(deployment, &claims.issuer, &claims.audience);
    let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
    let key = ring.derive_active(Purpose::InstallToken, &scope);
    let token = InstallToken::mint(&key, &claims);
    let payload = token.expose().split('.').nth(2).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    Ok(Sample {
        key,
        claims,
        payload,
    })
}
