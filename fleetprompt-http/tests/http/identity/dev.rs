//! Identities for development, and that they stay at home.

use fleetprompt_core::domain::{PersonIdentity, TenantIdentity};
use fleetprompt_core::port::Principal;
use fleetprompt_http::identity::dev::{DEV_ISSUER, DevIdentity};
use fleetprompt_http::identity::{Authenticate as _, AuthenticateError, Chain};

use super::{Answer, head};

fn chain() -> Chain {
    let dev = DevIdentity::for_listener("127.0.0.1:8080".parse().unwrap()).unwrap();
    Chain::new(None, None, Some(dev)).unwrap()
}

async fn said(token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    chain().authenticate(&head(&[("host", "127.0.0.1:8080"), ("authorization", &bearer)])).await
}

#[tokio::test]
async fn a_developer_is_whom_they_say() {
    let issuer = || DEV_ISSUER.parse().unwrap();
    let acme = TenantIdentity::organisation(issuer(), "acme".parse().unwrap());
    let ada = PersonIdentity::new(acme, "ada".parse().unwrap());
    let alone = PersonIdentity::personal(issuer(), "ada".parse().unwrap());
    for (token, principal) in [
        ("dev:acme:ada", Principal::person(ada.clone())),
        ("dev:acme:ada:admin", Principal::admin(ada.clone())),
        ("dev:acme:ada:operator", Principal::operator(ada)),
        ("dev::ada", Principal::person(alone.clone())),
        ("dev:-:ada", Principal::person(alone.clone())),
        ("dev:-:ada:operator", Principal::operator(alone)),
        ("dev-system:whs", Principal::system(issuer(), "whs".parse().unwrap())),
    ] {
        assert_eq!(said(token).await, Ok(principal), "{token}");
    }
    let long = format!("dev:{}:ada", "a".repeat(129));
    for token in [
        "dev:",
        "dev:acme",
        "dev:acme:",
        "dev::",
        "dev:acme:ada:",
        "dev:acme:ada:owner",
        "dev:acme:ada:operator:admin",
        "dev-system:",
        "DEV:acme:ada",
        "dev-system",
        "dev",
        &long,
    ] {
        assert_eq!(said(token).await, Err(AuthenticateError::Invalid), "{token}");
    }
}

#[tokio::test]
async fn nobody_is_a_developer_unless_it_is_switched_on() {
    let off = Chain::new(None, None, None).unwrap();
    for token in ["Bearer dev:acme:ada", "Bearer dev:acme:ada:operator", "Bearer dev-system:whs"] {
        let head = head(&[("host", "127.0.0.1"), ("authorization", token)]);
        assert_eq!(off.authenticate(&head).await, Err(AuthenticateError::Invalid), "{token}");
    }
}

#[test]
fn a_listener_that_others_reach_has_no_developers() {
    for address in
        ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "192.168.1.2:80", "[fe80::1]:80", "203.0.113.7:80"]
    {
        assert!(DevIdentity::for_listener(address.parse().unwrap()).is_err(), "{address}");
    }
    for address in ["127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        assert!(DevIdentity::for_listener(address.parse().unwrap()).is_ok(), "{address}");
    }
}

#[tokio::test]
async fn requests_from_elsewhere_are_refused_with_or_without_a_credential() {
    for host in [
        "localhost",
        "LOCALHOST:8080",
        "127.0.0.1",
        "127.0.0.1:9",
        "[::1]",
        "[::1]:8080",
        "127.1.2.3",
    ] {
        let answer = chain().authenticate(&head(&[("host", host)])).await;
        assert_eq!(answer, Ok(Principal::Anonymous), "{host}");
    }
    for host in [
        "",
        "market.example",
        "localhost.example",
        "127.0.0.1.example",
        "127.0.0.1:80:80",
        "127.0.0.1:port",
        "127.0.0.1:",
        "user@127.0.0.1",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "::1",
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "localhost, market.example",
    ] {
        let answer = chain().authenticate(&head(&[("host", host)])).await;
        assert_eq!(answer, Err(AuthenticateError::NotLocal), "{host}");
    }
    let bearer = ("authorization", "Bearer dev:acme:ada");
    for headers in [
        vec![bearer],
        vec![bearer, ("host", "127.0.0.1"), ("host", "127.0.0.1")],
        vec![bearer, ("host", "127.0.0.1"), ("host", "market.example")],
    ] {
        let answer = chain().authenticate(&head(&headers)).await;
        assert_eq!(answer, Err(AuthenticateError::NotLocal), "{headers:?}");
    }
    for name in [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-anything",
        "x-real-ip",
        "cf-connecting-ip",
        "true-client-ip",
    ] {
        let answer =
            chain().authenticate(&head(&[bearer, ("host", "127.0.0.1"), (name, "")])).await;
        assert_eq!(answer, Err(AuthenticateError::NotLocal), "{name}");
    }
}

#[tokio::test]
async fn the_target_of_a_request_counts_as_its_host_does() {
    let request = |target: &str, host: Option<&str>| {
        let mut request = http::Request::builder().uri(target);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        request.body(()).unwrap().into_parts().0
    };
    for (target, host, local) in [
        ("http://127.0.0.1:8080/v1", None, true),
        ("http://localhost/v1", Some("localhost"), true),
        ("http://market.example/v1", None, false),
        ("http://market.example/v1", Some("localhost"), false),
        ("http://localhost/v1", Some("market.example"), false),
        ("/v1", None, false),
    ] {
        let answer = chain().authenticate(&request(target, host)).await;
        assert_eq!(answer.is_ok(), local, "{target} {host:?}");
    }
}
