use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::hint::black_box;
fn time(mut f: impl FnMut()) -> f64 {
    (0..25)
        .map(|_| {
            let t = std::time::Instant::now();
            for _ in 0..20_000 {
                f();
            }
            t.elapsed().as_nanos() as f64 / 20_000.0
        })
        .fold(f64::MAX, f64::min)
}
#[test]
fn ratios() {
    let claims = super::tests::claims();
    let scope = KeyScope::handover(
        crate::domain::DeploymentId::from_bytes([1; 16]),
        &claims.issuer,
        &claims.audience,
    );
    let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap());
    let key = ring.derive_active(Purpose::InstallToken, &scope);
    let token = InstallToken::mint(&key, &claims);
    let json = codec::encode(&claims);
    let payload = URL_SAFE_NO_PAD.encode(&json);
    let held: Hmac<Sha256> = Hmac::new_from_slice(key.expose()).unwrap();
    let bare_mint = time(|| {
        let p = URL_SAFE_NO_PAD.encode(black_box(&json));
        let m: [u8; 32] = held.clone().chain_update(&p).finalize().into_bytes().into();
        black_box((p, m));
    });
    let bare_mint_cold = time(|| {
        let p = URL_SAFE_NO_PAD.encode(black_box(&json));
        let m: [u8; 32] = Hmac::<Sha256>::new_from_slice(key.expose())
            .unwrap()
            .chain_update(&p)
            .finalize()
            .into_bytes()
            .into();
        black_box((p, m));
    });
    let bare_verify = time(|| {
        let m: [u8; 32] =
            held.clone().chain_update(black_box(&payload)).finalize().into_bytes().into();
        let p = URL_SAFE_NO_PAD.decode(black_box(&payload)).unwrap();
        black_box((p, m));
    });
    let mint = time(|| {
        black_box(InstallToken::mint(&key, black_box(&claims)));
    });
    let verify = time(|| {
        black_box(
            UnverifiedToken::parse(black_box(token.expose()))
                .unwrap()
                .verify(&key, &claims.audience)
                .unwrap(),
        );
    });
    let enc = time(|| {
        black_box(codec::encode(black_box(&claims)));
    });
    let dec = time(|| {
        black_box(codec::decode(black_box(json.as_bytes())).unwrap());
    });
    let derive = time(|| {
        black_box(ring.derive_active(Purpose::InstallToken, &scope));
    });
    eprintln!(
        "token {} json {} | bare mint {bare_mint:.0} cold {bare_mint_cold:.0} verify {bare_verify:.0} | mint {mint:.0} = {:.2} verify {verify:.0} = {:.2} | enc {enc:.0} dec {dec:.0} derive {derive:.0}",
        token.expose().len(),
        json.len(),
        mint / bare_mint,
        verify / bare_verify
    );
}
