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
    /// When the publisher was created.
    pub created_at: Timestamp,
    /// When the publisher was last changed.
    pub updated_at: Timestamp,
}

/// What a publisher says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
