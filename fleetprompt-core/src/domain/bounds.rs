//! The one table of bounds: how long each kind of text, and each list, may be.

use super::listing::PACK_MEMBERS_MAX;
use super::media::SCREENSHOTS_MAX;
use super::parse::{ParseError, Rule};
use super::release::{ARTIFACTS_MAX, COMPATIBILITY_MAX};

/// How long one kind of text may be, measured after it was brought into its stored form.
///
/// ```
/// use fleetprompt_core::domain::bounds;
/// assert_eq!(bounds::TITLE.max_chars, 120);
/// assert!(bounds::TABLE.iter().all(|bound| bound.max_chars <= bound.max_bytes));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The kind of text, in the words of the API.
    pub field: &'static str,
    /// The fewest characters (Unicode scalar values).
    pub min_chars: usize,
    /// The most characters (Unicode scalar values).
    pub max_chars: usize,
    /// The most bytes of UTF-8.
    pub max_bytes: usize,
}

impl Bound {
    pub(crate) fn check(&self, text: &str) -> Result<(), ParseError> {
        let chars = text.chars().count();
        let broken = if chars == 0 {
            Rule::Empty
        } else if chars < self.min_chars {
            Rule::TooShort { min: self.min_chars, unit: "characters" }
        } else if chars > self.max_chars {
            Rule::TooLong { max: self.max_chars, unit: "characters" }
        } else if text.len() > self.max_bytes {
            Rule::TooLong { max: self.max_bytes, unit: "bytes" }
        } else {
            return Ok(());
        };
        Err(ParseError::new(self.field, broken))
    }
}

macro_rules! bounds {
    ($($name:ident: $field:literal, $min:literal..=$max:literal characters, $bytes:expr;)*) => {
        $(
            #[doc = concat!("`", $field, "`: ", $min, " to ", $max, " characters.")]
            pub const $name: Bound =
                Bound { field: $field, min_chars: $min, max_chars: $max, max_bytes: $bytes };
        )*

        /// Every bound of this module.
        pub const TABLE: &[Bound] = &[$($name),*];
    };
}

// Four bytes are the most that a character takes in UTF-8, so the names are bound by
// characters alone. Opaque text and ASCII words are bound by bytes.
bounds! {
    TITLE: "title", 1..=120 characters, 480;
    DISPLAY_NAME: "displayName", 1..=80 characters, 320;
    SUMMARY: "summary", 1..=500 characters, 2_000;

    DESCRIPTION: "description", 1..=50_000 characters, 128 * 1_024;
    RELEASE_NOTES: "releaseNotes", 1..=20_000 characters, 64 * 1_024;
    REASON: "reason", 1..=500 characters, 2_000;
    REPORT_TEXT: "reportText", 1..=2_000 characters, 8_000;
    ALT_TEXT: "altText", 1..=300 characters, 1_200;

    UPSTREAM_ID: "upstreamId", 1..=256 characters, 256;
    TARGET_CONTEXT: "targetContext", 1..=256 characters, 256;
    EVIDENCE_REFERENCE: "evidenceReference", 1..=256 characters, 256;
    SOURCE_REFERENCE: "sourceReference", 1..=200 characters, 200;
    POLICY_DECISION_REFERENCE: "policyDecisionReference", 1..=200 characters, 200;
    ISSUER_NAME: "issuer", 1..=128 characters, 128;
    TENANT_NAME: "tenant", 1..=128 characters, 128;
    SUBJECT_NAME: "subject", 1..=128 characters, 128;
    CLIENT_NAME: "client", 1..=128 characters, 128;
    DEPLOYMENT_REFERENCE: "deploymentPin", 1..=256 characters, 256;

    TAG: "tag", 1..=50 characters, 50;
    CATEGORY: "category", 1..=40 characters, 40;
    CAPABILITY: "capability", 1..=64 characters, 64;
    SECRET_NAME: "secretName", 1..=64 characters, 64;
    SYSTEM_NAME: "system", 1..=32 characters, 32;
    PROVIDER: "provider", 1..=32 characters, 32;
    MEDIA_TYPE: "mediaType", 1..=127 characters, 127;
    LICENSE: "license", 1..=100 characters, 100;
    SCHEMA_VERSION: "schemaVersion", 1..=32 characters, 32;

    HANDLE: "handle", 1..=64 characters, 64;
    SLUG: "slug", 1..=100 characters, 100;
    SKELETON: "skeleton", 1..=200 characters, 200;
    LIKENESS_KEY: "likenessKey", 3..=202 characters, 202;
    VERSION: "version", 1..=64 characters, 64;
    COMPATIBLE_RANGE: "compatibleRange", 1..=100 characters, 100;

    WEB_LINK: "link", 1..=2_048 characters, 2_048;
    ARTIFACT_URI: "artifactUri", 1..=2_048 characters, 2_048;
}

/// How many entries a list may have.
///
/// ```
/// use fleetprompt_core::domain::bounds;
/// let tags = bounds::LISTS.iter().find(|list| list.field == "tags").unwrap();
/// assert_eq!(tags.max_entries, bounds::MAX_TAGS);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListBound {
    /// The list, in the words of the API.
    pub field: &'static str,
    /// The most entries. None may be there twice.
    pub max_entries: usize,
}

/// Every list that a caller gives.
///
/// ```
/// use fleetprompt_core::domain::bounds;
/// assert!(bounds::LISTS.iter().all(|list| list.max_entries <= 50));
/// ```
pub const LISTS: &[ListBound] = &[
    ListBound { field: "tags", max_entries: MAX_TAGS },
    ListBound { field: "members", max_entries: PACK_MEMBERS_MAX },
    ListBound { field: "compatibility", max_entries: COMPATIBILITY_MAX },
    ListBound { field: "capabilities", max_entries: MAX_CAPABILITIES },
    ListBound { field: "secretNames", max_entries: MAX_SECRET_NAMES },
    ListBound { field: "artifacts", max_entries: ARTIFACTS_MAX },
    ListBound { field: "screenshots", max_entries: SCREENSHOTS_MAX },
];

/// The most combining marks on a letter. Scripts need up to five (Burmese, Tibetan, Hebrew with
/// points and accents); more only bury the line above.
pub const COMBINING_MARKS_MAX: usize = 6;
/// The most levels of arrays and objects in JSON that comes from outside.
pub const JSON_DEPTH_MAX: usize = 16;
/// The most tags of a listing.
pub const MAX_TAGS: usize = 20;
/// The most capabilities that a release declares.
pub const MAX_CAPABILITIES: usize = 50;
/// The most names of secrets that a release asks for.
pub const MAX_SECRET_NAMES: usize = 50;
/// The most bytes of an artifact: 1 TiB.
pub const MAX_ARTIFACT_BYTES: u64 = 1 << 40;
/// The most bytes of an icon as it is uploaded: 1 MiB.
pub const MAX_ICON_BYTES: usize = 1 << 20;
/// The fewest pixels of an icon's side.
pub const MIN_ICON_SIDE: u32 = 16;
/// The most pixels of an icon's side.
pub const MAX_ICON_SIDE: u32 = 1_024;
/// The most bytes of a screenshot as it is uploaded: 5 MiB.
pub const MAX_SCREENSHOT_BYTES: usize = 5 << 20;
/// The most pixels of an image's side.
pub const MAX_IMAGE_SIDE: u32 = 4_096;
/// The most pixels of an image: a little more than a screen of 4,096 by 2,160.
pub const MAX_IMAGE_PIXELS: u64 = 9_000_000;
/// The most bytes of an image once it is redrawn, as it is kept and served: 8 MiB.
pub const MAX_STORED_IMAGE_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::*;

    /// A kind of text, how its smallest valid text starts, and what makes it longer.
    struct Kind {
        bound: Bound,
        start: &'static str,
        filler: &'static str,
        accepts: fn(&str) -> Result<(), ParseError>,
    }

    macro_rules! kinds {
        ($($type:ident $bound:ident $start:literal $filler:literal;)*) => {
            vec![$(Kind {
                bound: $bound,
                start: $start,
                filler: $filler,
                accepts: |text| text.parse::<$type>().map(drop),
            }),*]
        };
    }

    fn kinds() -> Vec<Kind> {
        kinds! {
            Title TITLE "" "e"; DisplayName DISPLAY_NAME "" "e"; Summary SUMMARY "" "e";
            Description DESCRIPTION "" "e"; ReleaseNotes RELEASE_NOTES "" "e";
            Reason REASON "" "e"; ReportText REPORT_TEXT "" "e"; AltText ALT_TEXT "" "e";
            UpstreamId UPSTREAM_ID "" "e"; TargetContext TARGET_CONTEXT "" "e";
            EvidenceReference EVIDENCE_REFERENCE "" "e"; SourceReference SOURCE_REFERENCE "" "e";
            PolicyDecisionReference POLICY_DECISION_REFERENCE "" "e";
            IssuerName ISSUER_NAME "" "e"; TenantName TENANT_NAME "" "e";
            SubjectName SUBJECT_NAME "" "e"; ClientName CLIENT_NAME "" "e";
            DeploymentReference DEPLOYMENT_REFERENCE "" "e";
            Tag TAG "" "e"; Category CATEGORY "" "e"; Capability CAPABILITY "" "e";
            SecretName SECRET_NAME "" "e"; SystemName SYSTEM_NAME "" "e"; Provider PROVIDER "" "e";
            MediaType MEDIA_TYPE "a/" "e"; License LICENSE "" "e";
            SchemaVersion SCHEMA_VERSION "" "e";
            Handle HANDLE "" "e"; Slug SLUG "" "e"; Skeleton SKELETON "" "e";
            LikenessKey LIKENESS_KEY "s:" "e";
            Version VERSION "1.0.0-" "e"; CompatibleRange COMPATIBLE_RANGE "=1.0.0-" "e";
            WebLink WEB_LINK "https://a.example/" "e";
            ArtifactUri ARTIFACT_URI "oci://a.example/" "e";
        }
    }

    fn filled(kind: &Kind, length: usize) -> String {
        kind.start.to_owned() + &kind.filler.repeat(length - kind.start.len())
    }

    #[test]
    fn every_kind_of_text_stands_in_the_table_once() {
        let tested: Vec<&str> = kinds().iter().map(|kind| kind.bound.field).collect();
        let listed: Vec<&str> = TABLE.iter().map(|bound| bound.field).collect();
        assert_eq!(tested, listed);
    }

    #[test]
    fn the_longest_text_is_accepted_and_one_character_more_is_not() {
        for kind in kinds() {
            let Bound { field, max_chars: max, .. } = kind.bound;
            assert_eq!((kind.accepts)(&filled(&kind, max)), Ok(()), "{field}");
            let refused = (kind.accepts)(&filled(&kind, max + 1)).unwrap_err();
            assert_eq!(refused, ParseError::new(field, Rule::TooLong { max, unit: "characters" }));
        }
    }

    /// A list whose bound stands here alone would be longer than its type allows, or shorter.
    #[test]
    fn lists_end_where_the_table_says() {
        let json = |field: &str, entries: Vec<serde_json::Value>| match field {
            "tags" | "secretNames" | "capabilities" | "members" => serde_json::json!(entries),
            _ => serde_json::json!({ field: entries }),
        };
        for list in LISTS {
            let entry = |n: usize| match list.field {
                "members" => {
                    ListingId::from_bytes([u8::try_from(n).unwrap(); 16]).to_string().into()
                }
                "compatibility" => serde_json::json!({ "system": format!("s{n}"), "range": "*" }),
                "artifacts" => serde_json::json!({
                    "uri": format!("https://a.example/{n}"), "digest": Sha256Digest::of(b""),
                    "size": 1, "mediaType": "a/b",
                }),
                "screenshots" => serde_json::json!({
                    "image": {
                        "digest": Sha256Digest::of(&[u8::try_from(n).unwrap()]),
                        "upload": UploadId::from_bytes([1; 16]), "format": ImageFormat::Png,
                        "size": { "width": 32, "height": 32 }, "bytes": 1,
                    },
                    "alt": "A list.",
                }),
                _ => format!("e{n}").into(),
            };
            let accepts = |entries: usize| {
                let json = json(list.field, (0..entries).map(entry).collect());
                match list.field {
                    "tags" => serde_json::from_value::<Tags>(json).is_ok(),
                    "secretNames" => serde_json::from_value::<SecretNames>(json).is_ok(),
                    "capabilities" => serde_json::from_value::<Capabilities>(json).is_ok(),
                    "members" => {
                        let pack = serde_json::json!({ "kind": "pack", "members": json });
                        serde_json::from_value::<Asset>(pack).is_ok()
                    }
                    "screenshots" => serde_json::from_value::<ListingMedia>(json).is_ok(),
                    _ => serde_json::from_value::<ReleaseContent>(json).is_ok(),
                }
            };
            assert!(accepts(list.max_entries), "{}", list.field);
            assert!(!accepts(list.max_entries + 1), "{}", list.field);
        }
    }

    #[test]
    fn nothing_is_no_text_of_any_kind() {
        for kind in kinds() {
            let refused = (kind.accepts)("").unwrap_err();
            assert_eq!(refused, ParseError::new(kind.bound.field, Rule::Empty));
        }
    }

    #[test]
    fn bytes_are_counted_where_characters_are_wide() {
        let wide = |bytes: usize| "𝛼".repeat(bytes / 4);
        for kind in kinds() {
            let Bound { field, max_chars, max_bytes, .. } = kind.bound;
            let by_bytes = max_chars * 4 > max_bytes;
            if !by_bytes || (kind.accepts)("𝛼").is_err() {
                continue;
            }
            assert_eq!((kind.accepts)(&wide(max_bytes)), Ok(()), "{field}");
            let refused = (kind.accepts)(&wide(max_bytes + 4)).unwrap_err();
            assert_eq!(refused.rule(), Rule::TooLong { max: max_bytes, unit: "bytes" }, "{field}");
        }
    }
}
