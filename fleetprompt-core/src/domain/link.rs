//! Links that people follow and pointers to artifacts that installers fetch. FleetPrompt itself
//! fetches neither.

use serde::{Deserialize, Serialize};
use url::Url;

use super::digest::{ByteSize, Sha256Digest};
use super::parse::Rule;
use super::text::texts;
use super::word::MediaType;

texts! {
    /// A web address, `http` or `https`, in the canonical form of the WHATWG URL standard. It
    /// names a host, in Punycode where it is not ASCII, and holds no user name or password.
    WebLink = WEB_LINK, web_link, "HTTPS://Docs.Example:443/a/../b" => "https://docs.example/b",
        format: "uri";
    /// Where an artifact is kept: a URI of one of [`ARTIFACT_SCHEMES`], with a host and without
    /// user name or password, in the canonical form of the WHATWG URL standard.
    ArtifactUri = ARTIFACT_URI, artifact_uri,
        "oci://registry.example/acme/bot:1.0" => "oci://registry.example/acme/bot:1.0",
        format: "uri";
}

/// The schemes of an [`ArtifactUri`]: those that name a public place. `git+ssh` and the like are
/// missing because they need a user name.
///
/// ```
/// use fleetprompt_core::domain::ARTIFACT_SCHEMES;
/// assert!(!ARTIFACT_SCHEMES.contains(&"file"));
/// ```
pub const ARTIFACT_SCHEMES: &[&str] =
    &["git+http", "git+https", "gs", "http", "https", "ipfs", "oci", "s3"];

const WEB_SCHEMES: &[&str] = &["http", "https"];

fn web_link(text: &str) -> Result<String, Rule> {
    hierarchical(
        text,
        WEB_SCHEMES,
        Rule::Format("a web address that begins `https://` or `http://`"),
    )
}

fn artifact_uri(text: &str) -> Result<String, Rule> {
    hierarchical(
        text,
        ARTIFACT_SCHEMES,
        Rule::Format(
            "a URI with a host, of scheme `https`, `http`, `oci`, `git+https`, `git+http`, `s3`, \
             `gs` or `ipfs`",
        ),
    )
}

fn hierarchical(text: &str, schemes: &[&str], wrong: Rule) -> Result<String, Rule> {
    if text.contains(misleading) || !text.contains("://") {
        return Err(wrong);
    }
    let url = Url::parse(text).map_err(|_| wrong)?;
    // A host is unescaped on the way: `%22` comes out as a quotation mark.
    if url.as_str().contains(misleading) {
        return Err(wrong);
    }
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    if !schemes.contains(&url.scheme()) || !has_host {
        return Err(wrong);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Rule::Other("must not hold a user name or password"));
    }
    Ok(url.into())
}

/// The URL standard repairs a good deal of bad input: it drops tabs and line ends, turns
/// backslashes round, escapes what could end an attribute. Whoever writes such a link means to get
/// past a filter.
fn misleading(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\\' | '<' | '>' | '"' | '{' | '}' | '|' | '^' | '`')
}

/// An artifact of a release: where it is kept, and what its bytes must be. The digest decides;
/// the URI is only a place to look.
///
/// ```
/// use fleetprompt_core::domain::{ArtifactPointer, ByteSize, Sha256Digest};
/// let pointer = ArtifactPointer {
///     uri: "https://cdn.example/bot-1.0.tar.gz".parse()?,
///     digest: Sha256Digest::of(b"the bytes of the archive"),
///     size: ByteSize::try_from(24)?,
///     media_type: "application/gzip".parse()?,
/// };
/// assert_eq!(pointer.uri.as_str(), "https://cdn.example/bot-1.0.tar.gz");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArtifactPointer {
    /// Where the artifact is kept.
    pub uri: ArtifactUri,
    /// The digest of its bytes.
    pub digest: Sha256Digest,
    /// How many bytes it has.
    pub size: ByteSize,
    /// What its bytes are.
    pub media_type: MediaType,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links_are_kept_in_their_canonical_form() {
        for (written, kept) in [
            ("http://EXAMPLE.com", "http://example.com/"),
            ("https://bücher.example/ü?q=ä#x", "https://xn--bcher-kva.example/%C3%BC?q=%C3%A4#x"),
            ("https://0x7f.1/", "https://127.0.0.1/"),
            ("https://[::1]:8443/a", "https://[::1]:8443/a"),
        ] {
            assert_eq!(written.parse::<WebLink>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn links_that_run_or_mislead_are_refused() {
        for text in [
            "javascript:alert(1)",
            "JaVaScRiPt://x/%0aalert(1)",
            "data:text/html,x",
            "//example.com",
            "/docs",
            "docs.example",
            "mailto:a@example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "https:example.com",
            "https:/example.com",
            "https://",
            "https:///",
            "https://exa mple.com",
            "https://example.com\\@evil.example",
            "java\nscript:x",
            " https://example.com",
            "https://example.com/\t",
            "https://example.com/\"><script>",
            "https://example.com:99999/",
            "https://%22onclick=x/",
            "https://%7b%7d/",
        ] {
            assert!(text.parse::<WebLink>().is_err(), "{text:?}");
        }
    }

    /// A name in another script is stored, and so shown, in Punycode: what looks like another
    /// host's name does not look like it any more. Labels that only pretend to be Punycode are
    /// refused.
    #[test]
    fn internationalised_hosts_are_shown_as_they_are_looked_up() {
        for (written, kept) in [
            ("https://р\u{430}ypal.com/", "https://xn--ypal-43d9g.com/"),
            ("https://ＥＸＡＭＰＬＥ。com/", "https://example.com/"),
            ("https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/"),
            ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
            ("https://ex\u{ad}ample.com/", "https://example.com/"),
        ] {
            assert_eq!(written.parse::<WebLink>().unwrap().as_str(), kept);
        }
        for fake in [
            "https://xn--paypal.com/",
            "https://xn--a/",
            "https://xn--/",
            "https://xn--example-.com/",
            "https://a\u{2024}b\u{0}.com/",
            "https://exa\u{202e}mple.com\\/",
            "https://exa%00mple.com/",
            "https://a..b%2fc/",
        ] {
            assert!(fake.parse::<WebLink>().is_err(), "{fake:?}");
        }
    }

    #[test]
    fn what_misleads_behind_the_host_is_escaped() {
        let link: WebLink =
            "https://example.com/\u{202e}fdp.exe?\u{200b}#\u{feff}".parse().unwrap();
        assert_eq!(link.as_str(), "https://example.com/%E2%80%AEfdp.exe?%E2%80%8B#%EF%BB%BF");
    }

    #[test]
    fn credentials_in_a_link_are_refused_and_not_repeated() {
        for text in [
            "https://user@example.com/",
            "https://u:hunter2@example.com/",
            "https://:p@example.com/",
        ] {
            let refused = text.parse::<WebLink>().unwrap_err().to_string();
            assert_eq!(refused, "link must not hold a user name or password");
            assert!(text.parse::<ArtifactUri>().is_err());
        }
    }

    #[test]
    fn artifacts_are_kept_in_public_places() {
        for good in [
            "https://cdn.example/a",
            "http://cdn.example/a",
            "oci://ghcr.example/acme/bot@sha256:0a",
            "git+https://git.example/acme/bot#v1",
            "s3://bucket/key",
            "ipfs://bafybeigd/a",
        ] {
            assert_eq!(good.parse::<ArtifactUri>().unwrap().as_str(), good);
        }
        for bad in [
            "git+ssh://git@git.example/a",
            "file:///a",
            "oci:acme/bot",
            "oci:///acme",
            "ssh://h/a",
            "data://h/a",
            "oci://u:p@h/a",
            "s3:/bucket/key",
            "urn:isbn:1",
        ] {
            assert!(bad.parse::<ArtifactUri>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_schemes_that_a_refusal_lists_are_those_of_the_table() {
        let refused = "x".parse::<ArtifactUri>().unwrap_err().to_string();
        assert!(ARTIFACT_SCHEMES.iter().all(|scheme| refused.contains(&format!("`{scheme}`"))));
    }

    #[test]
    fn pointers_take_these_fields_and_no_others() {
        let pointer = serde_json::json!({
            "uri": "https://cdn.example/a", "digest": Sha256Digest::of(b""), "size": 0,
            "mediaType": "text/plain",
        });
        let parsed: ArtifactPointer = serde_json::from_value(pointer.clone()).unwrap();
        assert_eq!(serde_json::to_value(&parsed).unwrap(), pointer);
        let mut more = pointer;
        more["headers"] = "Authorization: x".into();
        assert!(serde_json::from_value::<ArtifactPointer>(more).is_err());
    }

    proptest! {
        #[test]
        fn a_stored_link_parses_to_itself(rest in "[a-zA-Z0-9./:@?#%\\[\\]é-]{0,30}", scheme in "https?|oci|s3") {
            if let Ok(link) = format!("{scheme}://{rest}").parse::<ArtifactUri>() {
                prop_assert!(link.as_str().is_ascii());
                prop_assert_eq!(link.as_str().parse::<ArtifactUri>(), Ok(link));
            }
        }
    }
}
