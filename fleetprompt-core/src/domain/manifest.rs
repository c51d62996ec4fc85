//! Manifests: what an owning system is told when it redeems an install token.

use serde::{Deserialize, Serialize};

use super::id::{AttemptId, EntitlementId, ListingId, PublisherId};
use super::listing::Asset;
use super::parse::{ParseError, Rule};
use super::schema::schema;
use super::time::{Span, Timestamp};
use super::version::Version;
use super::vocabulary::EntitlementStatus;
use super::{
    Capabilities, DeploymentReference, SecretNames, Sha256Digest, SystemName, TargetContext,
};
use crate::token::ClaimText;

/// References and facts about one hand-over, for the owning system to decide by its own rules.
///
/// It permits nothing. It holds no credential, no token, no address to fetch or call back, no
/// price and nobody's mail address; the names of subject and tenant are those that the system
/// itself presented.
///
/// ```
/// use fleetprompt_core::domain::Manifest;
/// let manifest: Manifest = serde_json::from_str(r#"{
///     "schemaVersion": 1,
///     "attempt": "01940000-0000-7000-8000-000000000001",
///     "listing": "01940000-0000-7000-8000-000000000002",
///     "publisher": "01940000-0000-7000-8000-000000000003",
///     "release": {
///         "version": "1.4.0",
///         "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
///     },
///     "reference": {"system": "whs", "kind": "whs_agent", "whsAgentId": "agt_7", "confirmed": true},
///     "subject": "user_31",
///     "tenant": "acme",
///     "entitlement": {
///         "id": "01940000-0000-7000-8000-000000000004",
///         "status": "active",
///         "asOf": "2026-01-31T12:00:00Z"
///     },
///     "capabilities": ["net:http"],
///     "secrets": ["SMTP_PASSWORD"],
///     "validUntil": "2026-02-01T12:00:00Z",
///     "authorization": "none"
/// }"#)?;
/// assert_eq!(manifest.reference.asset.kind().as_str(), "whs_agent");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of this format. Refuse one that you do not know.
    pub schema_version: ManifestSchema,
    /// The attempt. Install at most once for it.
    pub attempt: AttemptId,
    /// The listing that is handed over.
    pub listing: ListingId,
    /// Whose listing it is.
    pub publisher: PublisherId,
    /// The release that is handed over.
    pub release: ManifestRelease,
    /// The asset in the owning system.
    pub reference: ManifestReference,
    /// Where the buyer wants it: a wish to show, confirm and check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<TargetContext>,
    /// For whom, as the identity provider names them.
    pub subject: ClaimText,
    /// For which tenant, as the identity provider names it.
    pub tenant: ClaimText,
    /// What the buyer owns.
    pub entitlement: ManifestEntitlement,
    /// What the release will ask to be allowed to do.
    pub capabilities: Capabilities,
    /// The names of the secrets that its runtime will need. Names, never values.
    pub secrets: SecretNames,
    /// From when on an install must not be started on the strength of this.
    pub valid_until: Timestamp,
    /// What this permits.
    pub authorization: ManifestAuthorization,
}

impl Manifest {
    /// How long after its redemption a manifest is good for starting an install: long enough to
    /// find out, after a lost answer, what became of it.
    pub const VALID_FOR: Span = Span::DAY;
}

/// The release in a [`Manifest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ManifestRelease {
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Sha256Digest,
}

/// The asset in a [`Manifest`]: the owning system's own reference, and whether it was confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ManifestReference {
    /// The system that owns the asset.
    pub system: SystemName,
    /// Its kind and id, under the name that the id has for the kind.
    #[serde(flatten)]
    pub asset: Asset,
    /// The deployment that the release recommends; a hint, not authoritative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_pin: Option<DeploymentReference>,
    /// Whether the system has confirmed that the publisher may offer the asset.
    pub confirmed: bool,
}

/// The entitlement in a [`Manifest`]: what it was worth at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ManifestEntitlement {
    /// The entitlement.
    pub id: EntitlementId,
    /// What it was worth.
    pub status: EntitlementStatus,
    /// When.
    pub as_of: Timestamp,
}

/// The version of the format of manifests; a number in JSON.
///
/// ```
/// use fleetprompt_core::domain::ManifestSchema;
/// assert_eq!(serde_json::from_str::<ManifestSchema>("1")?, ManifestSchema::V1);
/// assert!(serde_json::from_str::<ManifestSchema>("2").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum ManifestSchema {
    /// The first.
    V1,
}

schema! {
    ManifestSchema = crate::openapi::number_of([1_u8]),
    "Which schema a manifest follows.",
}

impl TryFrom<u8> for ManifestSchema {
    type Error = ParseError;
    fn try_from(number: u8) -> Result<Self, ParseError> {
        match number {
            1 => Ok(ManifestSchema::V1),
            _ => Err(ParseError::new("schemaVersion", Rule::NotOneOf("1"))),
        }
    }
}

impl From<ManifestSchema> for u8 {
    fn from(schema: ManifestSchema) -> u8 {
        match schema {
            ManifestSchema::V1 => 1,
        }
    }
}

/// What a manifest permits: nothing. Whether the asset may run is the owning system's to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ManifestAuthorization {
    /// Nothing.
    None,
}
