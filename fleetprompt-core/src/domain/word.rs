//! ASCII words with a grammar: tags, capabilities, media types, licences and the like.

use super::parse::Rule;
use super::text::texts;

texts! {
    /// A word that listings are found by: `[a-z0-9]`, then `[a-z0-9.+#_-]`. Upper-case letters
    /// are lowered.
    Tag = TAG, tag, "C++" => "c++", pattern: "^[a-z0-9][a-z0-9.+#_-]*$";
    /// The shelf on which a listing stands: `[a-z0-9-]`.
    Category = CATEGORY, category, "data-analysis" => "data-analysis", pattern: "^[a-z0-9-]+$";
    /// Something that an asset can do or needs from its runtime: `[a-z0-9]`, then
    /// `[a-z0-9._:/-]`. A declaration that the owning system interprets; it grants nothing.
    Capability = CAPABILITY, capability, "net:http/outbound" => "net:http/outbound",
        pattern: "^[a-z0-9][a-z0-9._:/-]*$";
    /// The name of a secret that a runtime will need: `[A-Za-z_][A-Za-z0-9_]*`, as an environment
    /// variable is named. Never the secret itself.
    SecretName = SECRET_NAME, secret_name, "SMTP_PASSWORD" => "SMTP_PASSWORD",
        pattern: "^[A-Za-z_][A-Za-z0-9_]*$";
    /// An owning system in the words of the deployment's configuration: `[a-z0-9][a-z0-9-]*`.
    SystemName = SYSTEM_NAME, system_name, "whs" => "whs", pattern: "^[a-z0-9][a-z0-9-]*$";
    /// The commerce provider that an entitlement comes from: `[a-z0-9][a-z0-9-]*`.
    Provider = PROVIDER, system_name, "specprompt" => "specprompt", pattern: "^[a-z0-9][a-z0-9-]*$";
    /// A media type without parameters (RFC 6838, section 4.2), lowered.
    MediaType = MEDIA_TYPE, media_type, "application/JSON" => "application/json",
        pattern: "^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$";
    /// A licence as an SPDX licence expression (SPDX 2.3, annex D). The grammar is checked;
    /// whether an identifier stands in SPDX's list is not, since that list grows.
    License = LICENSE, license, "( MIT OR  Apache-2.0 )" => "(MIT OR Apache-2.0)";
    /// The version of the schema that a spec asset follows, in its owner's numbering:
    /// `[0-9A-Za-z.+_-]`.
    SchemaVersion = SCHEMA_VERSION, schema_version, "2026-01" => "2026-01", pattern: "^[0-9A-Za-z.+_-]+$";
}

fn tag(text: &str) -> Result<String, Rule> {
    let lowered = text.to_ascii_lowercase();
    word(&lowered, is_lower, b".+#_-", "`a-z`, `0-9` and, not first, `.+#_-`")
}

fn category(text: &str) -> Result<String, Rule> {
    word(text, |b| is_lower(b) || b == b'-', b"-", "`a-z`, `0-9` and `-`")
}

fn capability(text: &str) -> Result<String, Rule> {
    word(text, is_lower, b"._:/-", "`a-z`, `0-9` and, not first, `._:/-`")
}

fn system_name(text: &str) -> Result<String, Rule> {
    word(text, is_lower, b"-", "`a-z`, `0-9` and, not first, `-`")
}

fn secret_name(text: &str) -> Result<String, Rule> {
    let valid = !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    valid
        .then(|| text.to_owned())
        .ok_or(Rule::Characters("`A-Z`, `a-z`, `_` and, not first, `0-9`"))
}

fn schema_version(text: &str) -> Result<String, Rule> {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".+_-".contains(&b))
        .then(|| text.to_owned())
        .ok_or(Rule::Characters("`0-9`, `A-Z`, `a-z` and `.+_-`"))
}

fn media_type(text: &str) -> Result<String, Rule> {
    let lowered = text.to_ascii_lowercase();
    lowered
        .split_once('/')
        .is_some_and(|(kind, subtype)| restricted_name(kind) && restricted_name(subtype))
        .then_some(lowered)
        .ok_or(Rule::Format("a media type without parameters (RFC 6838)"))
}

/// `restricted-name` of RFC 6838.
fn restricted_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
}

fn license(text: &str) -> Result<String, Rule> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut open = 0_usize;
    let mut last = Part::Open;
    let mut stored = String::with_capacity(text.len());
    for token in spaced.split_ascii_whitespace() {
        let part = match token {
            "(" => Part::Open,
            ")" => Part::Close,
            "AND" | "OR" => Part::Joint,
            "WITH" => Part::With,
            _ if last == Part::With && exception(token) => Part::Exception,
            _ if license_id(token) => Part::Id,
            _ => return Err(NOT_SPDX),
        };
        let fits = match part {
            Part::Open | Part::Id => matches!(last, Part::Open | Part::Joint),
            Part::Joint | Part::Close => {
                matches!(last, Part::Id | Part::Exception | Part::Close)
            }
            Part::With => last == Part::Id,
            Part::Exception => last == Part::With,
        };
        open = match part {
            Part::Open => open + 1,
            Part::Close => open.checked_sub(1).ok_or(NOT_SPDX)?,
            _ => open,
        };
        if !fits {
            return Err(NOT_SPDX);
        }
        if !stored.is_empty() && last != Part::Open && part != Part::Close {
            stored.push(' ');
        }
        stored.push_str(token);
        last = part;
    }
    let complete = matches!(last, Part::Id | Part::Exception | Part::Close) && open == 0;
    complete.then_some(stored).ok_or(NOT_SPDX)
}

const NOT_SPDX: Rule = Rule::Format("an SPDX licence expression");

/// The parts of a licence expression, by what may stand next to them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Open,
    Close,
    Joint,
    With,
    Exception,
    Id,
}

fn exception(token: &str) -> bool {
    let id = token.strip_prefix("AdditionRef-").unwrap_or(token);
    id_string(id)
}

/// `license-id ["+"]`, or a reference into a document.
fn license_id(token: &str) -> bool {
    if let Some((document, reference)) = token.split_once(':') {
        return document.strip_prefix("DocumentRef-").is_some_and(id_string)
            && reference.strip_prefix("LicenseRef-").is_some_and(id_string);
    }
    match token.strip_prefix("LicenseRef-") {
        Some(reference) => id_string(reference),
        None => id_string(token.strip_suffix('+').unwrap_or(token)),
    }
}

/// `idstring` of the SPDX grammar.
fn id_string(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

fn is_lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn word(
    text: &str,
    first: fn(u8) -> bool,
    inner: &[u8],
    allowed: &'static str,
) -> Result<String, Rule> {
    let valid = text.bytes().next().is_some_and(first)
        && text.bytes().all(|b| is_lower(b) || inner.contains(&b));
    valid.then(|| text.to_owned()).ok_or(Rule::Characters(allowed))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proptest::prelude::*;

    use super::*;

    fn accepted<T: FromStr>(texts: &[&str]) -> Vec<bool> {
        texts.iter().map(|text| text.parse::<T>().is_ok()).collect()
    }

    #[test]
    fn tags_take_the_names_of_languages_and_frameworks() {
        let good = ["c++", "c#", "node.js", "3d", "large-language-models", "snake_case", "RAG"];
        assert_eq!(accepted::<Tag>(&good), [true; 7]);
        let bad = [".net", "#ai", "two words", "é", "a,b", "a/b", "\u{212a}"];
        assert_eq!(accepted::<Tag>(&bad), [false; 7]);
    }

    #[test]
    fn words_keep_to_their_alphabets() {
        assert_eq!(
            accepted::<Category>(&["ai", "a-1", "AI", "a_b", "a b"]),
            [true, true, false, false, false]
        );
        assert_eq!(
            accepted::<Capability>(&["fs.read", "net:http/out", ":a", "A", "a b"]),
            [true, true, false, false, false]
        );
        assert_eq!(
            accepted::<SystemName>(&["whs", "my-system", "-x", "Whs", "a.b"]),
            [true, true, false, false, false]
        );
        assert_eq!(
            accepted::<SchemaVersion>(&["1", "2.0-rc+1_a", "1 0", "1/2"]),
            [true, true, false, false]
        );
    }

    #[test]
    fn the_name_of_a_secret_cannot_be_an_assignment() {
        assert_eq!(accepted::<SecretName>(&["API_KEY", "_x", "a1"]), [true; 3]);
        assert_eq!(
            accepted::<SecretName>(&["API_KEY=abc", "1A", "sk-live", "a b", "é"]),
            [false; 5]
        );
    }

    #[test]
    fn media_types_have_two_halves_and_no_parameters() {
        assert_eq!(
            accepted::<MediaType>(&["text/plain", "application/vnd.acme.agent+json", "a/b"]),
            [true; 3]
        );
        let bad = ["text", "text/", "/plain", "a/b/c", "text/html; charset=utf-8", "a /b", "*/*"];
        assert_eq!(accepted::<MediaType>(&bad), [false; 7]);
    }

    #[test]
    fn licences_follow_the_grammar_of_spdx() {
        let good = [
            "MIT",
            "GPL-2.0+",
            "MIT OR Apache-2.0",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "((MIT AND (BSD-3-Clause OR ISC)) OR LicenseRef-Acme-1)",
            "DocumentRef-spdx-tool-1.2:LicenseRef-MIT-Style-2",
        ];
        assert_eq!(accepted::<License>(&good), [true; 6]);
        let bad = [
            " ",
            "MIT OR",
            "OR MIT",
            "MIT Apache-2.0",
            "(MIT",
            "MIT)",
            ")MIT(",
            "()",
            "MIT or",
            "(MIT OR ISC) WITH x",
            "MIT WITH",
            "MIT+-",
            "+",
            "LicenseRef-",
            "a:b",
            "MIT/ISC",
            "MIT WITH x WITH y",
            "<b>",
            "MIT, ISC",
            "WITH",
            "AND",
        ];
        assert_eq!(accepted::<License>(&bad), [false; 21]);
    }

    #[test]
    fn a_licence_has_one_spelling() {
        let licence: License = "  (MIT  OR\tISC)AND(  Zlib )".parse().unwrap();
        assert_eq!(licence.as_str(), "(MIT OR ISC) AND (Zlib)");
    }

    proptest! {
        #[test]
        fn a_stored_form_parses_to_itself(text in "[ ()+:./a-zA-Z0-9-]{1,30}|(\\(?(MIT|ISC\\+)\\)? ?(OR|AND|WITH)? ?){1,6}") {
            if let Ok(licence) = text.parse::<License>() {
                prop_assert_eq!(licence.as_str().parse::<License>(), Ok(licence));
            }
            if let Ok(media_type) = text.parse::<MediaType>() {
                prop_assert_eq!(media_type.as_str().parse::<MediaType>(), Ok(media_type));
            }
        }
    }
}
