//! Limits, and what does not slip through them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use fleetprompt_core::ErrorCode;
use fleetprompt_core::domain::{PersonIdentity, TenantIdentity, Timestamp};
use fleetprompt_core::policy::Rate;
use fleetprompt_core::port::{
    Clock, LimitKey, Limiter, LimiterFuture, LimiterUnavailable, Principal,
};
use fleetprompt_http::Api;
use fleetprompt_http::convention::{Caller, Problem};
use fleetprompt_http::identity::{Authenticate, AuthenticateError, AuthenticateFuture};
use fleetprompt_http::limits::{InvalidToken, LimitOptions, Limits};
use http::request::Parts;
use http::{Request, header};
use tower::ServiceExt;

use super::harness::any_market;

/// A clock that moves when it is told to.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_000_000 + self.0.load(Ordering::Relaxed))
    }
}

impl Hands {
    fn seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

/// Knows `Bearer person:<tenant>:<name>` and `Bearer system`.
struct Names;

impl Authenticate for Names {
    fn authenticate<'a>(&'a self, head: &'a Parts) -> AuthenticateFuture<'a> {
        let said = head.headers.get(header::AUTHORIZATION).map(|said| said.to_str().unwrap());
        let found = match said {
            None => Ok(Principal::Anonymous),
            Some("Bearer system") => {
                Ok(Principal::system("https://id.example".parse().unwrap(), "whs".parse().unwrap()))
            }
            Some(said) => match said.strip_prefix("Bearer person:") {
                Some(name) => {
                    let (tenant, name) = name.split_once(':').unwrap();
                    let issuer = "https://id.example".parse().unwrap();
                    let tenant = TenantIdentity::organisation(issuer, tenant.parse().unwrap());
                    let identity = PersonIdentity::new(tenant, name.parse().unwrap());
                    Ok(Principal::person(identity))
                }
                None => Err(AuthenticateError::Invalid),
            },
        };
        Box::pin(std::future::ready(found))
    }
}

/// A limiter that is shared and away.
struct Away;

impl Limiter for Away {
    fn arrive(&self, _: LimitKey, _: Rate) -> LimiterFuture<'_> {
        Box::pin(async { Err(LimiterUnavailable) })
    }
}

async fn redeem(_: Caller, body: String) -> Response {
    match body.as_str() {
        "good" => "redeemed".into_response(),
        _ => Problem::from(ErrorCode::InvalidToken).into_response(),
    }
}

async fn introspect(_: Caller, body: String) -> Response {
    match body.as_str() {
        "good" => "active".into_response(),
        _ => (Extension(InvalidToken), "inactive").into_response(),
    }
}

/// Routes behind limits.
struct Limited {
    router: Router,
    hands: Hands,
}

impl Limited {
    async fn by(options: &str) -> Self {
        Self::with(options, |limits| limits).await
    }

    async fn with(options: &str, more: impl FnOnce(Limits) -> Limits) -> Self {
        let options: LimitOptions = serde_json::from_str(options).unwrap();
        let hands = Hands::default();
        let origin = "https://market.example".parse().unwrap();
        let api = Api::new(any_market().await, Arc::new(Names), origin);
        let router = Router::new()
            .route("/v1/listings", get(|_: Caller| async { "page" }))
            .route("/v1/listings/{id}", get(|_: Caller| async { "listing" }))
            .route("/v1/installs", post(|_: Caller| async { "started" }))
            .route("/v1/install-tokens/redeem", post(redeem))
            .route("/v1/install-tokens/introspect", post(introspect))
            .with_state(api);
        let limits = more(Limits::with_clock(options, Arc::new(hands.clone())));
        Limited { router: limits.around(router), hands }
    }

    async fn ask(&self, peer: &str, headers: &[(&str, &str)], path: &str) -> Response {
        let (method, path, body) = match path.split_once('=') {
            Some((path, body)) if path.starts_with("/v1/install") => ("POST", path, body),
            _ => ("GET", path, ""),
        };
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        request.extensions_mut().insert(ConnectInfo(peer));
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, peer: &str, headers: &[(&str, &str)], path: &str) -> u16 {
        self.ask(peer, headers, path).await.status().as_u16()
    }

    /// How many pass before the first is limited.
    async fn passes(&self, peer: &str, headers: &[(&str, &str)], path: &str) -> u32 {
        let mut passed = 0;
        while self.status(peer, headers, path).await != 429 {
            passed += 1;
            assert!(passed < 10_000, "nothing limits this");
        }
        passed
    }
}

fn text<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

fn bearer(token: &str) -> [(&str, &str); 1] {
    [("authorization", token)]
}

const POINT: &str = "/v1/listings/1";

#[tokio::test]
async fn an_address_has_a_budget_and_is_told_how_it_stands() {
    let limited = Limited::by(r#"{"address": {"count": 60, "per": "1m", "burst": 10}}"#).await;
    let first = limited.ask("192.0.2.1", &[], POINT).await;
    assert_eq!(first.status(), 200);
    assert_eq!(text(&first, "ratelimit-policy"), r#""address";q=10;w=10"#);
    assert_eq!(text(&first, "ratelimit"), r#""address";r=9;t=1"#);
    assert_eq!(limited.passes("192.0.2.1", &[], POINT).await, 9);

    let refused = limited.ask("192.0.2.1", &[], POINT).await;
    assert_eq!(text(&refused, "retry-after"), "1");
    assert_eq!(text(&refused, "ratelimit"), r#""address";r=0;t=1"#);
    let body = to_bytes(refused.into_body(), 10_000).await.unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "rate_limited");

    assert_eq!(limited.status("192.0.2.2", &[], POINT).await, 200, "others have their own");
    limited.hands.seconds(1);
    assert_eq!(limited.status("192.0.2.1", &[], POINT).await, 200, "waiting as told is enough");
}

#[tokio::test]
async fn a_search_costs_more_than_a_point_read() {
    let options = r#"{"address": {"count": 100, "per": "1m"}}"#;
    let limited = Limited::by(options).await;
    assert_eq!(limited.passes("192.0.2.1", &[], POINT).await, 100);
    assert_eq!(limited.passes("192.0.2.2", &[], "/v1/listings").await, 50);
    assert_eq!(limited.passes("192.0.2.3", &[], "/v1/listings?q=agent").await, 20);
    let answer = Limited::by(options).await.ask("192.0.2.4", &[], "/v1/listings?q=agent").await;
    assert_eq!(text(&answer, "ratelimit-policy"), r#""address";q=20;w=60"#);
}

#[tokio::test]
async fn what_does_not_exist_costs_as_well() {
    let limited = Limited::by(r#"{"address": {"count": 5, "per": "1m"}}"#).await;
    for number in 0..5 {
        assert_eq!(limited.status("192.0.2.1", &[], &format!("/no/{number}")).await, 404);
    }
    assert_eq!(limited.status("192.0.2.1", &[], "/no/5").await, 429);
}

#[tokio::test]
async fn garbage_credentials_do_not_slip() {
    let limited = Limited::by(r#"{"refused-credentials": {"count": 5, "per": "1m"}}"#).await;
    for number in 0..5 {
        let token = format!("Bearer garbage-{number}");
        assert_eq!(limited.status("192.0.2.1", &bearer(&token), POINT).await, 401);
    }
    // No further credential from there is looked at, not even a good one.
    assert_eq!(limited.status("192.0.2.1", &bearer("Bearer garbage-5"), POINT).await, 429);
    assert_eq!(limited.status("192.0.2.1", &bearer("Bearer person:acme:ada"), POINT).await, 429);
    assert_eq!(limited.status("192.0.2.1", &[], POINT).await, 200, "anonymous readers go on");
    assert_eq!(limited.status("192.0.2.2", &bearer("Bearer person:acme:ada"), POINT).await, 200);
}

#[tokio::test]
async fn garbage_credentials_are_no_callers_of_their_own() {
    let limited = Limited::by(r#"{"address": {"count": 20, "per": "1m"}}"#).await;
    let mut passed = 0;
    for number in 0..100 {
        let token = format!("Bearer garbage-{number}");
        passed += u32::from(limited.status("192.0.2.1", &bearer(&token), POINT).await != 429);
    }
    assert_eq!(passed, 20);
}

#[tokio::test]
async fn good_credentials_do_not_count_as_refused() {
    let limited = Limited::by(r#"{"refused-credentials": {"count": 2, "per": "1m"}}"#).await;
    for _ in 0..50 {
        let ada = bearer("Bearer person:acme:ada");
        assert_eq!(limited.status("192.0.2.1", &ada, POINT).await, 200);
    }
}

#[tokio::test]
async fn what_a_client_forwards_about_itself_is_not_believed() {
    let options = r#"{"address": {"count": 5, "per": "1m"}}"#;
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let limited = Limited::by(options).await;
        let mut passed = 0;
        for number in 0..50 {
            let claimed = format!("203.0.113.{number}");
            let value = if name == "forwarded" { format!("for={claimed}") } else { claimed };
            passed += u32::from(limited.status("192.0.2.1", &[(name, &value)], POINT).await == 200);
        }
        assert_eq!(passed, 5, "{name}");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_clients_are_told_apart_and_still_cannot_pretend() {
    let limited = Limited::by(
        r#"{"address": {"count": 5, "per": "1m"}, "client-address": {"trusted-hops": 1}}"#,
    )
    .await;
    let proxy = "10.0.0.1";
    let mut passed = 0;
    for number in 0..50 {
        let said = format!("203.0.113.{number}, 198.51.100.1");
        let said = [("x-forwarded-for", said.as_str())];
        passed += u32::from(limited.status(proxy, &said, POINT).await == 200);
    }
    assert_eq!(passed, 5, "only what the proxy appended counts");
    let other = [("x-forwarded-for", "198.51.100.2")];
    assert_eq!(limited.status(proxy, &other, POINT).await, 200);
}

#[tokio::test]
async fn neighbours_in_an_ipv6_network_share_a_budget() {
    let limited = Limited::by(r#"{"address": {"count": 5, "per": "1m"}}"#).await;
    let mut passed = 0;
    for number in 0..50 {
        let peer = format!("2001:db8:0:1::{number:x}");
        passed += u32::from(limited.status(&peer, &[], POINT).await == 200);
    }
    assert_eq!(passed, 5);
    assert_eq!(limited.status("2001:db8:0:2::1", &[], POINT).await, 200);
    // The same IPv4 address, whichever way it is written.
    assert_eq!(limited.passes("::ffff:192.0.2.7", &[], POINT).await, 5);
    assert_eq!(limited.status("192.0.2.7", &[], POINT).await, 429);
}

#[tokio::test]
async fn a_principal_is_limited_wherever_it_comes_from() {
    let limited = Limited::by(r#"{"principal": {"read": {"count": 10, "per": "1m"}}}"#).await;
    let ada = bearer("Bearer person:acme:ada");
    for number in 0..10 {
        assert_eq!(limited.status(&format!("192.0.2.{number}"), &ada, POINT).await, 200);
    }
    let refused = limited.ask("192.0.2.100", &ada, POINT).await;
    assert_eq!(refused.status(), 429);
    assert!(text(&refused, "ratelimit").contains(r#""principal";r=0;t=6"#));
    let bob = bearer("Bearer person:acme:bob");
    assert_eq!(limited.status("192.0.2.100", &bob, POINT).await, 200);
    // Another kind of work has another budget.
    assert_eq!(limited.status("192.0.2.100", &ada, "/v1/listings?q=agent").await, 200);
}

#[tokio::test]
async fn a_tenant_is_limited_however_many_it_has() {
    let limited = Limited::by(r#"{"tenant": {"count": 10, "per": "1m"}}"#).await;
    let mut passed = 0;
    for number in 0..50 {
        let peer = format!("192.0.2.{number}");
        let token = format!("Bearer person:acme:user-{number}");
        passed += u32::from(limited.status(&peer, &bearer(&token), POINT).await == 200);
    }
    assert_eq!(passed, 10);
    let other = bearer("Bearer person:globex:user-1");
    assert_eq!(limited.status("192.0.2.1", &other, POINT).await, 200);
}

#[tokio::test]
async fn invalid_install_tokens_do_not_spend_their_systems_redemptions() {
    for (path, invalid) in
        [("/v1/install-tokens/redeem", 422), ("/v1/install-tokens/introspect", 200)]
    {
        let limited = Limited::by(
            r#"{
                "principal": {"redeem": {"count": 10, "per": "1m"}},
                "invalid-tokens": {"count": 5, "per": "1m"},
                "exempt": ["192.0.2.0/24"]
            }"#,
        )
        .await;
        let whs = bearer("Bearer system");
        let present =
            async |token: &str| limited.status("192.0.2.1", &whs, &format!("{path}={token}")).await;
        for _ in 0..5 {
            assert_eq!(present("bad").await, invalid);
        }
        for _ in 0..50 {
            assert_eq!(present("bad").await, 429, "and it is told no more about bad ones");
        }
        for _ in 0..10 {
            assert_eq!(present("good").await, 200, "all of its redemptions are left");
        }
        assert_eq!(present("good").await, 429);
    }
}

#[tokio::test]
async fn without_the_shared_limiter_tokens_are_neither_issued_nor_redeemed() {
    let options = r#"{"principal": {"read": {"count": 10, "per": "1m"}}}"#;
    let limited = Limited::with(options, |limits| limits.shared(Arc::new(Away))).await;
    let ada = bearer("Bearer person:acme:ada");
    let whs = bearer("Bearer system");
    let began = limited.ask("192.0.2.1", &ada, "/v1/installs=x").await;
    assert_eq!(began.status(), 503);
    assert!(began.headers().contains_key("retry-after"));
    let redeem = "/v1/install-tokens/redeem=good";
    assert_eq!(limited.status("192.0.2.1", &whs, redeem).await, 503);
    // Reads fall back to this process's own budgets.
    assert_eq!(limited.passes("192.0.2.1", &ada, POINT).await, 10);
}

#[tokio::test]
async fn exempt_addresses_are_limited_as_principals_only() {
    let limited = Limited::by(
        r#"{"address": {"count": 1, "per": "1m"}, "exempt": ["192.0.2.0/24"],
            "principal": {"read": {"count": 10, "per": "1m"}}}"#,
    )
    .await;
    assert_eq!(limited.passes("192.0.2.1", &bearer("Bearer person:acme:ada"), POINT).await, 10);
    assert_eq!(limited.passes("198.51.100.1", &[], POINT).await, 1);
}

#[tokio::test]
async fn a_proxy_that_does_not_say_who_called_it_is_not_exempt() {
    for trust in [r#""trusted-hops": 1"#, r#""trusted-networks": ["10.0.0.0/8"]"#] {
        let limited = Limited::by(&format!(
            r#"{{"address": {{"count": 5, "per": "1m"}}, "exempt": ["10.0.0.0/8", "192.0.2.0/24"],
                "client-address": {{"header": "forwarded", {trust}}}}}"#,
        ))
        .await;
        for said in [r#"for="192.0.2.1"#, "for=unknown", ""] {
            let said = [("forwarded", said)];
            // All of them together have one budget.
            limited.passes("10.0.0.1", &said, POINT).await;
            assert_eq!(limited.passes("10.0.0.1", &said, POINT).await, 0, "{trust} {said:?}");
        }
        let owning_system = [("forwarded", "for=192.0.2.1")];
        for _ in 0..20 {
            assert_eq!(limited.status("10.0.0.1", &owning_system, POINT).await, 200);
        }
    }
}
