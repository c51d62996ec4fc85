//! Install tokens, against the hash and the encoding that no token can do without.

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fleetprompt_core::domain::{
    AttemptId, DeploymentId, EntitlementId, ListingId, Span, Timestamp,
};
use fleetprompt_core::token::{
    Claims, InstallToken, KeyRing, KeyScope, MasterKey, Purpose, ReleaseDigest, UnverifiedToken,
    token_id,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::measure::{Run, compare, timed};
use crate::shared::{Goal, figure};

const TOKENS: u32 = 5_000;

pub(crate) fn figures() {
    let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap());
    let deployment = DeploymentId::from_bytes([1; 16]);
    let attempt = AttemptId::from_bytes([2; 16]);
    let issued = Timestamp::from_millis(1_769_947_200_000);
    let claims = Claims {
        issuer: "https://market.example".parse().unwrap(),
        audience: "whs".parse().unwrap(),
        subject: "user_31".parse().unwrap(),
        tenant: "acme".parse().unwrap(),
        attempt,
        listing: ListingId::from_bytes([3; 16]),
        release: "1.4.0".parse().unwrap(),
        release_digest: ReleaseDigest::from_bytes([4; 32]),
        entitlement: EntitlementId::from_bytes([5; 16]),
        issued,
        expires: issued.plus(Span::minutes(5)),
        token_id: token_id(
            &ring.derive_active(Purpose::TokenId, &KeyScope::own(deployment)),
            attempt,
        ),
    };
    let scope = KeyScope::handover(deployment, &claims.issuer, &claims.audience);
    let key = ring.derive_active(Purpose::InstallToken, &scope);
    let token = InstallToken::mint(&key, &claims);

    // The same bytes: what the token's payload holds, and as it is spelled there.
    let payload = token.expose().split('.').nth(2).unwrap().to_owned();
    let bytes = URL_SAFE_NO_PAD.decode(&payload).unwrap();
    let bare: Hmac<Sha256> = Hmac::new_from_slice(&[7; 32]).unwrap();
    let mac = |text: &str| bare.clone().chain_update(text).finalize().into_bytes();

    let times = |run: &dyn Fn()| timed(|| (0..TOKENS).for_each(|_| run()));
    let [mint, hash_and_encode, verify, hash_and_decode] = compare([
        Run {
            name: "tokens minted",
            operations: TOKENS,
            run: Box::new(|| {
                times(&|| drop(black_box(InstallToken::mint(&key, black_box(&claims)))))
            }),
        },
        Run {
            name: "base64 and HMAC",
            operations: TOKENS,
            run: Box::new(|| {
                times(&|| {
                    let text = URL_SAFE_NO_PAD.encode(black_box(&bytes));
                    black_box((mac(&text), text));
                })
            }),
        },
        Run {
            name: "tokens parsed and verified",
            operations: TOKENS,
            run: Box::new(|| {
                times(&|| {
                    let token = UnverifiedToken::parse(black_box(token.expose())).unwrap();
                    drop(black_box(token.verify(&key, &claims.audience).unwrap()));
                })
            }),
        },
        Run {
            name: "HMAC and base64",
            operations: TOKENS,
            run: Box::new(|| {
                times(&|| {
                    let text = black_box(payload.as_str());
                    black_box((mac(text), URL_SAFE_NO_PAD.decode(text).unwrap()));
                })
            }),
        },
    ]);
    figure("token_mint_vs_bare_hmac", hash_and_encode / mint, "x", Goal::AtMost(2.5));
    figure("token_verify_vs_bare_hmac", hash_and_decode / verify, "x", Goal::AtMost(2.5));
}
