//! Releases: immutable versions of a listing.

use serde::{Deserialize, Serialize};

use super::bounded::BoundedList;
use super::id::ListingId;
use super::link::ArtifactPointer;
use super::time::Timestamp;
use super::version::{Channel, Version};
use super::{
    Capabilities, CompatibleRange, DeploymentReference, Reason, ReleaseNotes, SchemaVersion,
    SecretNames, Sha256Digest, SystemName,
};

/// The most artifact pointers that a release can hold.
pub const ARTIFACTS_MAX: usize = 20;
/// The most systems that a release can declare itself compatible with.
pub const COMPATIBILITY_MAX: usize = 10;

/// An immutable version of a listing: metadata and pointers, never the artifact.
///
/// ```
/// use fleetprompt_core::domain::{ListingId, Release, ReleaseContent, Sha256Digest, Timestamp};
/// let release = Release {
///     listing: ListingId::from_bytes([1; 16]),
///     version: "1.0.0+linux".parse()?,
///     content: ReleaseContent::default(),
///     digest: Sha256Digest::of(b"canonical encoding"),
///     yanked: None,
///     published_at: Timestamp::MIN,
/// };
/// let other = Release { version: "1.0.0+macos".parse()?, ..release.clone() };
/// assert_eq!(release.key(), other.key(), "a listing can't have both");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The listing.
    pub listing: ListingId,
    /// The version; unique in the listing by semver precedence, so build metadata cannot tell two
    /// releases apart.
    pub version: Version,
    /// What the publisher said when publishing.
    pub content: ReleaseContent,
    /// SHA-256 over the canonical encoding of listing, version and content: what a token and a
    /// manifest name, so that a hand-over cannot be moved to other content.
    pub digest: Sha256Digest,
    /// Present while the release is yanked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<Reason>,
    /// When it was published.
    pub published_at: Timestamp,
}

impl Release {
    /// The channel: pre-release when the version has a pre-release part.
    pub fn channel(&self) -> Channel {
        self.version.channel()
    }
}

/// Everything in a release that its publisher writes.
///
/// ```
/// use fleetprompt_core::domain::ReleaseContent;
/// let content = r#"{"secrets":["SMTP_PASSWORD"],"capabilities":["net:http"]}"#;
/// let content: ReleaseContent = serde_json::from_str(content)?;
/// assert_eq!(content.secrets.as_slice().len(), 1);
/// // A value has no place in the list of names.
/// let leaking = r#"{"secrets":["SMTP_PASSWORD=hunter2"]}"#;
/// assert!(serde_json::from_str::<ReleaseContent>(leaking).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseContent {
    /// What changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<ReleaseNotes>,
    /// The systems it works with.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeSet<Compatibility>, max_items = 10))]
    pub compatibility: BoundedList<Compatibility, COMPATIBILITY_MAX>,
    /// What it will ask to be allowed to do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// The names of the secrets that its runtime will need. Names, never values.
    #[serde(default)]
    pub secrets: SecretNames,
    /// Where its artifacts are.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeSet<ArtifactPointer>, max_items = 20))]
    pub artifacts: BoundedList<ArtifactPointer, ARTIFACTS_MAX>,
    /// A recommended deployment in the owning system; a hint, not authoritative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_pin: Option<DeploymentReference>,
    /// The version of the schema that a spec asset follows in this release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<SchemaVersion>,
}

/// A system, and the range of its versions, that a release works with.
///
/// ```
/// use fleetprompt_core::domain::Compatibility;
/// let whs: Compatibility = serde_json::from_str(r#"{"system":"whs","range":">=1.2, <3"}"#)?;
/// assert!(whs.range.matches(&"2.9.0".parse()?));
/// assert!(!whs.range.matches(&"3.0.0".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Compatibility {
    /// The system.
    pub system: SystemName,
    /// The versions, as a semver requirement.
    pub range: CompatibleRange,
}
