//! Whatever bytes come in, they are read as serde reads them, or refused; and what is read holds no
//! key twice and no more levels than the bound.

#![no_main]

use fleetprompt_core::domain::{Asset, JsonBounds, JsonRule, ListingContent, bounds, from_json};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(entries) => 1 + entries.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fuzz_target!(|json: &[u8]| {
    let ours = from_json::<Value>(json, JsonBounds::DOCUMENT);
    let theirs = serde_json::from_slice::<Value>(json).ok();
    match &ours {
        Ok(value) => {
            assert_eq!(Some(value), theirs.as_ref());
            assert!(levels(value) <= bounds::JSON_DEPTH_MAX);
        }
        Err(refused) => match refused.rule() {
            JsonRule::DuplicateKey | JsonRule::TooDeep { .. } | JsonRule::TooLarge { .. } => {}
            rule => assert!(theirs.is_none(), "{rule:?}"),
        },
    }
    // A typed value is what serde makes of the same text.
    if ours.is_ok() {
        let content = from_json::<ListingContent>(json, JsonBounds::DOCUMENT).ok();
        assert_eq!(content, serde_json::from_slice(json).ok());
        let asset = from_json::<Asset>(json, JsonBounds::DOCUMENT).ok();
        assert_eq!(asset, serde_json::from_slice(json).ok());
    }
});
