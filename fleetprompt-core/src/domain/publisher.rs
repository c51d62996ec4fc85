//! Publishers: a tenant's public face, its members and the invitations to join.

use serde::{Deserialize, Serialize};

use super::id::{InvitationId, PersonId, PublisherId, TenantId};
use super::link::WebLink;
use super::name::Handle;
use super::time::Timestamp;
use super::vocabulary::{BadgeKind, PublisherRole};
use super::{DisplayName, EvidenceReference, Reason, Sha256Digest, Summary};
use crate::token::KeyId;

/// A tenant's public face in the marketplace.
///
/// ```
/// use fleetprompt_core::domain::{Publisher, PublisherId, PublisherProfile, TenantId, Timestamp};
/// let acme = Publisher {
///     id: PublisherId::from_bytes([1; 16]),
///     tenant: TenantId::from_bytes([2; 16]),
///     handle: "acme".parse()?,
///     profile: PublisherProfile { name: "Acme Robotics".parse()?, summary: None, website: None },
///     badges: Vec::new(),
///     suspended: None,
///     held: false,
///     created_at: Timestamp::MIN,
///     updated_at: Timestamp::MIN,
/// };
/// let renamed = Publisher { handle: "acme-labs".parse()?, ..acme.clone() };
/// assert_eq!(acme.key(), renamed.key(), "handles may change, the id stays");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Publisher {
    /// The publisher's id.
    pub id: PublisherId,
    /// The tenant that the publisher belongs to.
    pub tenant: TenantId,
    /// The name in URLs, unique under its skeleton.
    pub handle: Handle,
    /// What pages show.
    pub profile: PublisherProfile,
    /// What operators vouch for. Informational: a badge permits nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub badges: Vec<Badge>,
    /// Present while an operator has suspended the publisher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Reason>,
    /// Whether its names are held since it was created: to everybody but its members it is as if
    /// it did not exist, and never was anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// When the publisher was created.
    pub created_at: Timestamp,
    /// When the publisher was last changed.
    pub updated_at: Timestamp,
}

impl Publisher {
    /// Whether it, and what it offers, is there for others than its members.
    pub fn is_open(&self) -> bool {
        self.suspended.is_none() && !self.held
    }
}

/// What a publisher says of itself.
///
/// ```
/// use fleetprompt_core::domain::PublisherProfile;
/// let profile: PublisherProfile = serde_json::from_str(r#"{"name":"  Acme Robotics "}"#)?;
/// assert_eq!(profile.name.as_str(), "Acme Robotics");
/// let boast = r#"{"name":"Acme Robotics","badges":["official"]}"#;
/// assert!(serde_json::from_str::<PublisherProfile>(boast).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublisherProfile {
    /// The name that pages show.
    pub name: DisplayName,
    /// A sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<WebLink>,
}

/// A badge that an operator set, with what it rests on.
///
/// ```
/// use fleetprompt_core::domain::{Badge, BadgeKind, Timestamp};
/// let evidence = "case-1138".parse()?;
/// let badge = Badge { kind: BadgeKind::Verified, evidence, granted_at: Timestamp::MIN };
/// assert_eq!(serde_json::to_value(&badge)?["kind"], "verified");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Badge {
    /// Which badge.
    pub kind: BadgeKind,
    /// Where the evidence lies, in the operator's own records.
    pub evidence: EvidenceReference,
    /// When it was set.
    pub granted_at: Timestamp,
}

/// A person's role in a publisher.
///
/// ```
/// use fleetprompt_core::domain::{Membership, PersonId, PublisherId, PublisherRole, Timestamp};
/// let (publisher, person) = (PublisherId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
/// let role = PublisherRole::Viewer;
/// let viewer = Membership { publisher, person, role, joined_at: Timestamp::MIN };
/// let owner = Membership { role: PublisherRole::Owner, ..viewer.clone() };
/// assert_eq!(viewer.key(), owner.key(), "one role at a time");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The publisher.
    pub publisher: PublisherId,
    /// The member.
    pub person: PersonId,
    /// What the member may do.
    pub role: PublisherRole,
    /// When the member joined.
    pub joined_at: Timestamp,
}

/// An offer to join a publisher. Whoever holds its code may accept it once, until it expires.
///
/// The code is stored nowhere: only its digest is, and the code can be made again while the key
/// that made it stands.
///
/// ```
/// use fleetprompt_core::domain::{Invitation, InvitationId, PersonId, PublisherId, PublisherRole};
/// use fleetprompt_core::domain::{Sha256Digest, Span, Timestamp};
/// let invitation = Invitation {
///     id: InvitationId::from_bytes([1; 16]),
///     publisher: PublisherId::from_bytes([2; 16]),
///     role: PublisherRole::Maintainer,
///     invited_by: PersonId::from_bytes([3; 16]),
///     kid: "k1".parse()?,
///     code_digest: Sha256Digest::of(b"the code"),
///     created_at: Timestamp::MIN,
///     expires_at: Timestamp::MIN.plus(Span::days(7)),
/// };
/// assert_eq!(invitation.code_digest, Sha256Digest::of(b"the code"), "known again");
/// assert!(!serde_json::to_string(&invitation)?.contains("the code"), "not kept");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The invitation's id.
    pub id: InvitationId,
    /// The publisher.
    pub publisher: PublisherId,
    /// The role that the new member will have.
    pub role: PublisherRole,
    /// Who invited.
    pub invited_by: PersonId,
    /// The key that made the code.
    pub kid: KeyId,
    /// SHA-256 of the code.
    pub code_digest: Sha256Digest,
    /// When the invitation was made.
    pub created_at: Timestamp,
    /// From when on it can't be accepted.
    pub expires_at: Timestamp,
}
