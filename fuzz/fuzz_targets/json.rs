//! Whatever bytes come in, they are read as serde reads them, but for whole numbers, which are integers
//! however they are written, or refused; and what is read holds no key twice and no more levels than
//! the bound.

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

/// With doubles that are whole, and as exact as integers, as these.
fn whole(value: Value) -> Value {
    match value {
        Value::Array(entries) => entries.into_iter().map(whole).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (key, whole(value))).collect()
        }
        Value::Number(number) if number.is_f64() => {
            let double = number.as_f64().unwrap();
            let is_exact = double.trunc() == double && double.abs() <= (1_u64 << 53) as f64;
            if is_exact { (double as i64).into() } else { number.into() }
        }
        other => other,
    }
}

fuzz_target!(|json: &[u8]| {
    let ours = from_json::<Value>(json, JsonBounds::DOCUMENT);
    let theirs = serde_json::from_slice::<Value>(json).ok().map(whole);
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
    // A typed value is what serde makes of the same tree.
    if let (Ok(_), Some(tree)) = (ours, theirs) {
        let content = from_json::<ListingContent>(json, JsonBounds::DOCUMENT).ok();
        assert_eq!(content, serde_json::from_value(tree.clone()).ok());
        let asset = from_json::<Asset>(json, JsonBounds::DOCUMENT).ok();
        assert_eq!(asset, serde_json::from_value(tree).ok());
    }
});
