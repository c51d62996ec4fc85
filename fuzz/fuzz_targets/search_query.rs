//! Whatever somebody types is a query; a long one is said to be cut, and case makes no difference.
#![no_main]

use fleetprompt_core::search::Query;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let query = Query::parse(text);
    assert!(text.len() <= Query::MAX_BYTES || query.is_cut());
    assert!(!text.trim().is_empty() || query.is_empty());
    let lowered = Query::parse(&text.to_ascii_lowercase());
    assert_eq!(query, lowered);
});
