//! An idempotency key is 16 to 255 visible ASCII characters, kept as they are; nothing else is.
#![no_main]

use fleetprompt_core::domain::IdempotencyKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let allowed =
        (16..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match text.parse::<IdempotencyKey>() {
        Ok(key) => assert!(allowed && key.to_string() == text),
        Err(_) => assert!(!allowed),
    }
});
