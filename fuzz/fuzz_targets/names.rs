//! Names that look like each other: what looks alike is found by its keys, a name never looks like
//! itself, and the key of a shown name is the same for the same name in capitals.
#![no_main]

use fleetprompt_core::domain::{DisplayName, Slug};
use fleetprompt_core::policy::{Spelling, display_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (one, other) = input;
    if let (Ok(one), Ok(other)) = (one.parse::<Slug>(), other.parse::<Slug>()) {
        let spell = |slug: &Slug| [Spelling::of_slug(slug), Spelling::of_reserved(slug)];
        for name in &spell(&one) {
            for known in &spell(&other) {
                let alike = name.likeness_to(known).is_some();
                assert!(!alike || !name.probes().is_disjoint(&known.keys()));
                assert!(!alike || one != other);
            }
        }
    }
    if let Ok(shown) = one.parse::<DisplayName>() {
        let key = display_key(&shown);
        if one.is_ascii() && let Ok(loud) = one.to_ascii_uppercase().parse::<DisplayName>() {
            assert_eq!(display_key(&loud), key);
        }
    }
});
