//! The OpenAPI document, locked.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::Town;

/// A change of the interface shows up as a change of this file. To accept one:
/// `UPDATE_OPENAPI=1 cargo test -p fleetprompt-http --test http document`.
#[test]
fn the_interface_is_what_is_written_down() {
    let document = serde_json::to_string_pretty(&fleetprompt_http::openapi()).unwrap() + "\n";
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&kept, &document).unwrap();
    }
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(kept == document, "openapi.json is not what the code says: see the test's comment");
}

#[tokio::test]
async fn it_is_served_and_shown() {
    let town = Town::in_memory().await;
    let served = town.get("/openapi.json").send().await.expect(200).json();
    assert_eq!(served, serde_json::to_value(fleetprompt_http::openapi()).unwrap());
    let page = town.get("/docs").send().await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
}

#[test]
fn each_operation_is_described() {
    let document = serde_json::to_value(fleetprompt_http::openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{at}");
            assert!(ids.insert(operation["operationId"].to_string()), "{at}");
            let takes = |name: &str| {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                parameters.filter(|parameter| parameter["name"] == name).count() == 1
            };
            let reads_by_post = ["/introspect", "/manifest", "/lookup"];
            let writes = method != "get" && !reads_by_post.iter().any(|end| path.ends_with(end));
            assert_eq!(takes("Idempotency-Key"), writes, "{at}");
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')) {
                assert!(takes(name.trim_end_matches('}')), "{at} does not describe {name}");
            }
            if path.starts_with("/v1/") {
                for status in ["401", "429", "500", "503"] {
                    assert!(operation["responses"][status].is_object(), "{at} {status}");
                }
                assert!(operation["security"].is_array(), "{at}");
            }
        }
    }
}

#[test]
fn each_reference_leads_somewhere() {
    let document = serde_json::to_value(fleetprompt_http::openapi()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut named = BTreeSet::new();
    references(&document, &mut named);
    for name in &named {
        assert!(schemas.contains_key(name), "{name} is referred to and not there");
    }
}

fn references(value: &Value, named: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(name)) = fields.get("$ref") {
                named.insert(name.rsplit('/').next().unwrap().to_owned());
            }
            fields.values().for_each(|value| references(value, named));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, named)),
        _ => {}
    }
}
