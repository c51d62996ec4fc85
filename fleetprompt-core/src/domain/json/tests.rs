use proptest::prelude::*;

use crate::domain::{Asset, ListingContent, ReleaseContent};

use super::*;

fn rule(json: &[u8]) -> JsonRule {
    from_json::<Value>(json, JsonBounds::DOCUMENT).unwrap_err().rule
}

#[test]
fn a_kind_is_a_word_and_never_its_number() {
    for json in [r#"{"kind":3,"members":[]}"#, "[3,[]]"] {
        let refused = from_json::<Asset>(json.as_bytes(), JsonBounds::DOCUMENT).unwrap_err();
        assert_eq!(refused.rule(), &JsonRule::WrongType, "{json}");
    }
}

#[test]
fn a_whole_number_is_an_integer_however_it_is_written() {
    let read = |json: &str| from_json::<i64>(json.as_bytes(), JsonBounds::DOCUMENT).ok();
    let whole = [("963.0", 963), ("-7.00", -7), ("1e3", 1_000), ("-0.0", 0)];
    for (json, value) in whole.into_iter().chain([("9007199254740992.0", 1 << 53)]) {
        assert_eq!(read(json), Some(value), "{json}");
    }
    for json in ["963.5", "9007199254740994.0", "1e300"] {
        assert_eq!(read(json), None, "{json}");
    }
}

#[test]
fn what_has_two_meanings_is_refused() {
    for json in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"c":2,"a":1}}]"#, r#"{"a":1,"\u0061":2}"#] {
        assert_eq!(rule(json.as_bytes()), JsonRule::DuplicateKey, "{json}");
    }
    assert!(from_json::<Value>(br#"{"a":{"a":1},"b":{"a":1}}"#, JsonBounds::DOCUMENT).is_ok());
}

#[test]
fn halves_of_surrogate_pairs_are_refused() {
    for json in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800x""#,
        r#""\ud83d\ud83d""#,
        r#""\ude00\ud83d""#,
        r#"{"\ud800":1}"#,
        r#"["\\\ud800\n"]"#,
    ] {
        assert_eq!(rule(json.as_bytes()), JsonRule::UnpairedSurrogate, "{json}");
    }
    for json in [r#""\ud83d\ude00""#, r#""\\ud800""#] {
        assert!(from_json::<Value>(json.as_bytes(), JsonBounds::DOCUMENT).is_ok(), "{json}");
    }
    assert_eq!(rule(b"\"\xed\xa0\x80\""), JsonRule::NotUtf8);
}

#[test]
fn what_is_no_json_is_refused() {
    for json in [
        "",
        " ",
        "{",
        "NaN",
        "[Infinity]",
        "1e999",
        "01",
        "[1,]",
        "{} {}",
        "{}x",
        "'a'",
        "{a:1}",
        "\u{feff}{}",
        "\"\t\"",
        "/**/1",
    ] {
        assert_eq!(rule(json.as_bytes()), JsonRule::NotJson, "{json:?}");
    }
}

#[test]
fn levels_and_bytes_are_bounded() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let read = |json: &str| from_json::<Value>(json.as_bytes(), JsonBounds::DOCUMENT);
    assert!(read(&nested(16)).is_ok());
    assert_eq!(rule(nested(17).as_bytes()), JsonRule::TooDeep { max: 16 });
    assert_eq!(rule("{\"a\":".repeat(40_000).as_bytes()), JsonRule::TooDeep { max: 16 });
    let long = " ".repeat(256 * 1_024 - 1) + "1";
    assert!(read(&long).is_ok());
    assert_eq!(rule((long + " ").as_bytes()), JsonRule::TooLarge { max: 256 * 1_024 });
}

#[test]
fn a_refusal_names_the_place_and_never_the_value() {
    let content = |from: &str, to: &str| {
        let json = r#"{"title":"Bot","summary":"Answers.","tags":["ai"],"category":"agents",
            "priceClass":"free","visibility":"public"}"#;
        let refused = from_json::<ListingContent>(
            json.replacen(from, to, 1).as_bytes(),
            JsonBounds::DOCUMENT,
        );
        refused.map(drop).map_err(|refused| refused.to_string())
    };
    assert_eq!(content("", ""), Ok(()));
    for (from, to, said) in [
        (r#""Bot""#, r#""canary\u0007""#, "/title title may only hold visible"),
        (r#""Bot""#, "[\"canary\"]", "/title is not of the type"),
        (r#""Bot""#, "null", "/title is not of the type"),
        (r#"["ai"]"#, r#"["ai","no canary"]"#, "/tags tag may only hold"),
        (r#""free""#, r#""canary""#, "/priceClass priceClass must be one of"),
        (r#""title""#, r#""canary""#, "JSON has a field that is not known"),
        (r#""title":"Bot","#, "", "JSON lacks the field title"),
    ] {
        let refused = content(from, to).unwrap_err();
        assert!(refused.starts_with(said) && !refused.contains("canary"), "{refused}");
    }
    let artifact = br#"{"artifacts":[{"uri":"oci://a.example/b","digest":"canary","size":1,
        "mediaType":"a/b"}]}"#;
    let refused = from_json::<ReleaseContent>(artifact, JsonBounds::DOCUMENT).unwrap_err();
    assert_eq!(refused.pointer(), "/artifacts/0/digest");
    assert!(!refused.to_string().contains("canary"));
}

#[test]
fn what_serde_reads_is_read_the_same() {
    for json in [
        r#"{"kind":"whs_agent","whsAgentId":"agt_7"}"#,
        r#"{"kind":"pack","members":[]}"#,
        r#"{"kind":"spec_asset","specId":"a","schemaVersion":"1"}"#,
    ] {
        let asset: Asset = from_json(json.as_bytes(), JsonBounds::DOCUMENT).unwrap();
        assert_eq!(asset, serde_json::from_str(json).unwrap());
    }
}

proptest! {
    #[test]
    fn a_text_is_read_as_serde_reads_it_or_refused(
        json in "[\\[\\]{}:,\"a1\\\\u d80-]{0,24}|\\PC{0,12}",
    ) {
        match from_json::<Value>(json.as_bytes(), JsonBounds::DOCUMENT) {
            Ok(value) => prop_assert_eq!(Some(value), serde_json::from_str(&json).ok()),
            Err(refused) if refused.rule == JsonRule::DuplicateKey => {}
            Err(refused) => {
                prop_assert!(serde_json::from_str::<Value>(&json).is_err(), "{}", refused);
            }
        }
    }
}
