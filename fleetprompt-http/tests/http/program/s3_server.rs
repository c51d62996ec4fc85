//! Media in S3, against the server that `scripts/with-s3` starts.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::support::{Place, Server};

/// A PNG of 32 by 32 pixels of one colour.
const SQUARE: &str = "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKklEQVR42mNgdztBU8QwasGoBaMWjFow\
                      asGoBaMWjFowasGoBaMWDBULANGVVD3zqrnzAAAAAElFTkSuQmCC";
const ADA: &str = "Authorization: Bearer dev:acme:ada";

fn told(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests under `scripts/with-s3`"))
}

/// Serves with media in `bucket`, with a key of this secret.
fn place(bucket: &str, secret: &str) -> Place {
    let prefix = format!("program-{}", std::process::id());
    Place::with_keys()
        .with("FLEETPROMPT_MEDIA__UNSCANNED", "true")
        .with("FLEETPROMPT_MEDIA__S3__BUCKET", bucket)
        .with("FLEETPROMPT_MEDIA__S3__REGION", "eu-central-1")
        .with("FLEETPROMPT_MEDIA__S3__ENDPOINT", &told("FLEETPROMPT_TEST_S3"))
        .with("FLEETPROMPT_MEDIA__S3__PREFIX", &prefix)
        .with("FLEETPROMPT_MEDIA__S3__ACCESS_KEY_ID", &told("FLEETPROMPT_TEST_S3_KEY_ID"))
        .with("FLEETPROMPT_MEDIA__S3__SECRET_ACCESS_KEY", secret)
}

fn serve(place: &Place) -> Server {
    place.start(&["serve", "--insecure-dev-identity", "--listen", "127.0.0.1:0"])
}

/// What Ada is answered.
fn ask(server: &Server, path: &str, args: &[&str]) -> Value {
    let url = format!("http://{}{path}", server.address);
    let key = format!("Idempotency-Key: a-key-of-{path}");
    let mut curl = Command::new("curl");
    let ran = curl.args(["-s", &url, "-H", ADA, "-H", &key]).args(args).output().unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"))
}

fn post(server: &Server, path: &str, body: &str) -> Value {
    ask(server, path, &["-H", "Content-Type: application/json", "-d", body])
}

/// A listing whose icon is set, and what that was answered.
fn with_icon(place: &Place, server: &Server) -> (String, Value) {
    let publisher =
        post(server, "/v1/publishers", r#"{"handle":"acme","profile":{"name":"Acme"}}"#);
    let id = publisher["id"].as_str().unwrap();
    let new = format!(
        r#"{{"publisher":"{id}","slug":"reader","asset":{{"kind":"whs_agent","whsAgentId":"agt"}},"content":{{"title":"Reader","summary":"Reads.","category":"finance","priceClass":"free","visibility":"public"}}}}"#
    );
    let listing = post(server, "/v1/listings", &new);
    let listing = listing["id"].as_str().unwrap().to_owned();
    let published = post(server, &format!("/v1/listings/{listing}/publish"), "");
    let tag = format!("If-Match: \"{}-0123456789abcdef\"", published["revision"]);
    let icon = place.path("icon.png");
    std::fs::write(&icon, STANDARD.decode(SQUARE).unwrap()).unwrap();
    let bytes = format!("@{}", icon.display());
    let path = format!("/v1/listings/{listing}/media/icon");
    let args = ["-X", "PUT", "-H", &tag, "--data-binary", &bytes];
    (listing, ask(server, &path, &args))
}

#[test]
fn an_icon_is_kept_in_the_bucket_and_served_by_the_next_instance() {
    let place = place("media", &told("FLEETPROMPT_TEST_S3_SECRET"));
    let server = serve(&place);
    let (listing, set) = with_icon(&place, &server);
    let digest = set["image"].as_str().unwrap_or_else(|| panic!("{set}"));
    drop(server);
    let again = serve(&place);
    let curl = format!("http://{}/v1/listings/{listing}/media/{digest}", again.address);
    let got = Command::new("curl").args(["-sf", &curl]).output().unwrap();
    assert!(got.stdout.starts_with(b"\x89PNG"), "{:?}", got.status);
    assert!(!place.path("media").exists(), "no folder");
    let cleaned = place.run(&["maintain"]).said();
    assert!(!cleaned.contains("fail"), "{cleaned}");
    let shown = place.run(&["config", "show"]).ok();
    for line in ["# access-key-id = \"***\"", "# secret-access-key = \"***\""] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn a_wrong_bucket_or_secret_is_told_and_the_rest_is_served() {
    let secret = told("FLEETPROMPT_TEST_S3_SECRET");
    for (bucket, secret, why) in [
        ("media", "canary-of-a-secret", "the object store refused the credentials"),
        ("no-such-bucket", &*secret, "the object store has no such place"),
    ] {
        let place = place(bucket, secret);
        let server = serve(&place);
        let (listing, refused) = with_icon(&place, &server);
        assert_eq!(refused["code"], "unavailable", "{refused}");
        assert_eq!(server.get(&format!("/v1/listings/{listing}")).0, 200);
        server.signal("TERM");
        let said = server.wait().1;
        assert!(said.contains(why), "{said}");
        assert!(!said.contains(secret), "{said}");
        assert!(!said.contains(&told("FLEETPROMPT_TEST_S3_KEY_ID")), "{said}");
    }
}
