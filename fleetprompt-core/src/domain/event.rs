//! Events: the one log behind the audit trail, the public change feed and outgoing notices.

use serde::{Deserialize, Serialize};

use super::SystemName;
use super::id::{
    AttemptId, EntitlementId, InvitationId, ListingId, PersonId, PublisherId, ReportId, TenantId,
};
use super::time::Timestamp;
use super::version::Version;
use super::vocabulary::{
    BadgeKind, BindingState, EntitlementState, PublisherRole, ReportClass, ReportState,
    TakedownReason,
};
use crate::token::KeyId;

/// Something that happened. Events hold references and bounded facts; never content, tokens, keys
/// or names of people.
///
/// ```
/// use fleetprompt_core::domain::{Actor, Event, Fact, PublisherId, Timestamp};
/// let fact = Fact::PublisherCreated { publisher: PublisherId::from_bytes([1; 16]) };
/// let event = Event { at: Timestamp::MIN, actor: Actor::Marketplace, fact, feed: None };
/// let kept = serde_json::to_value(&event)?;
/// assert_eq!(kept["fact"]["type"], "publisher.created");
/// assert_eq!(kept.get("feed"), None, "the public feed says nothing of it");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When, by the marketplace's clock.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What happened.
    pub fact: Fact,
    /// What the public change feed says of it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedChange>,
}

/// Who did something, by surrogate.
///
/// ```
/// use fleetprompt_core::domain::Actor;
/// let whs = Actor::System { name: "whs".parse()? };
/// assert_eq!(serde_json::to_string(&whs)?, r#"{"kind":"system","name":"whs"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person or service in a tenant.
    Person {
        /// The surrogate.
        id: PersonId,
    },
    /// An operator of the marketplace.
    Operator {
        /// The surrogate.
        id: PersonId,
    },
    /// An owning system.
    System {
        /// The system.
        name: SystemName,
    },
    /// The marketplace itself, keeping house.
    Marketplace,
}

/// What the public change feed says: the state to look up, or that there is none any more.
///
/// ```
/// use fleetprompt_core::domain::{FeedChange, GoneReason, ListingId};
/// let listing = ListingId::from_bytes([1; 16]);
/// let gone = FeedChange::Gone { listing, reason: GoneReason::Withdrawn };
/// let entry = serde_json::to_value(&gone)?;
/// assert_eq!(entry["change"], "gone");
/// assert_eq!(entry["listing"], listing.to_string());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum FeedChange {
    /// The listing is public; its current state is worth reading.
    Changed {
        /// The listing.
        listing: ListingId,
    },
    /// The listing was public and is not any more.
    Gone {
        /// The listing.
        listing: ListingId,
        /// Why.
        reason: GoneReason,
    },
    /// What listings show of their publisher changed, or whether they can be read at all: each
    /// of its listings is worth reading again. One entry, however many listings there are.
    Publisher {
        /// The publisher.
        publisher: PublisherId,
    },
}

/// Why a listing left the public catalogue, as a class: names and texts stay behind. There may be more
/// classes.
///
/// ```
/// use fleetprompt_core::domain::{GoneReason, TakedownReason};
/// let reason = GoneReason::TakenDown(TakedownReason::Malware);
/// assert_eq!(serde_json::to_string(&reason)?, r#"{"class":"taken_down","reason":"malware"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "class", content = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum GoneReason {
    /// Its publisher withdrew it.
    Withdrawn,
    /// It was deleted.
    Deleted,
    /// An operator took it down.
    TakenDown(TakedownReason),
    /// Its publisher is suspended.
    PublisherSuspended,
}

/// Who may read an event of a kind.
///
/// ```
/// use fleetprompt_core::domain::{Audiences, EntitlementId, Fact, ListingId};
/// let granted = Fact::EntitlementGranted {
///     entitlement: EntitlementId::from_bytes([1; 16]),
///     listing: ListingId::from_bytes([2; 16]),
/// };
/// // Publishers are not told who owns their listings.
/// assert_eq!(granted.audiences(), Audiences { publisher: false, holder: true });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audiences {
    /// Members of the publisher that it is about.
    pub publisher: bool,
    /// The holder of the entitlement or attempt that it is about.
    pub holder: bool,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? }
        => $word:literal, publisher: $publisher:literal, holder: $holder:literal;)*) => {
        /// What happened, by reference.
        ///
        /// Operators read all of it; who else may read an event of each kind stands beside it. There will
        /// be more kinds.
        ///
        /// ```
        /// use fleetprompt_core::domain::{Fact, ListingId, PublisherId};
        /// let created = Fact::ListingCreated {
        ///     publisher: PublisherId::from_bytes([1; 16]),
        ///     listing: ListingId::from_bytes([2; 16]),
        /// };
        /// assert_eq!(created.name(), "listing.created");
        /// assert!(created.audiences().publisher && !created.audiences().holder);
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(tag = "type", rename_all_fields = "camelCase")]
        #[non_exhaustive]
        pub enum Fact {
            $($(#[$doc])*
            #[serde(rename = $word)]
            #[cfg_attr(feature = "openapi", schema(rename = $word))]
            $name { $($(#[$field_doc])* $field: $kind),* },)*
        }

        #[cfg(test)]
        impl Fact {
            /// Every kind of event: its name, its fields, and who may read it.
            pub(crate) const KINDS: &[(&str, &[&str], Audiences)] = &[$((
                $word,
                &[$(stringify!($field)),*],
                Audiences { publisher: $publisher, holder: $holder },
            ),)*];
        }

        impl Fact {
            /// The stable name of the kind of event.
            pub fn name(&self) -> &'static str {
                match self { $(Fact::$name { .. } => $word,)* }
            }

            /// Who, besides operators, may read it.
            pub fn audiences(&self) -> Audiences {
                match self {
                    $(Fact::$name { .. } => Audiences { publisher: $publisher, holder: $holder },)*
                }
            }
        }
    };
}

facts! {
    /// The marketplace's data got a new deployment id; every token issued before is void.
    DeploymentRenewed {
        /// How many issued attempts were revoked.
        revoked: u64,
    } => "deployment.renewed", publisher: false, holder: false;
    /// A publisher was created.
    PublisherCreated {
        /// The publisher.
        publisher: PublisherId,
    } => "publisher.created", publisher: true, holder: false;
    /// A publisher's profile or handle was changed.
    PublisherUpdated {
        /// The publisher.
        publisher: PublisherId,
    } => "publisher.updated", publisher: true, holder: false;
    /// A publisher moved to another tenant.
    PublisherTransferred {
        /// The publisher.
        publisher: PublisherId,
        /// The tenant it left.
        from: TenantId,
        /// The tenant it belongs to now.
        to: TenantId,
    } => "publisher.transferred", publisher: true, holder: false;
    /// An operator suspended a publisher.
    PublisherSuspended {
        /// The publisher.
        publisher: PublisherId,
    } => "publisher.suspended", publisher: true, holder: false;
    /// An operator lifted a suspension.
    PublisherRestored {
        /// The publisher.
        publisher: PublisherId,
    } => "publisher.restored", publisher: true, holder: false;
    /// An operator set a badge.
    BadgeGranted {
        /// The publisher.
        publisher: PublisherId,
        /// The badge.
        badge: BadgeKind,
    } => "badge.granted", publisher: true, holder: false;
    /// An operator removed a badge.
    BadgeRemoved {
        /// The publisher.
        publisher: PublisherId,
        /// The badge.
        badge: BadgeKind,
    } => "badge.removed", publisher: true, holder: false;
    /// Somebody was invited to join a publisher.
    InvitationCreated {
        /// The publisher.
        publisher: PublisherId,
        /// The invitation.
        invitation: InvitationId,
        /// The role offered.
        role: PublisherRole,
    } => "invitation.created", publisher: true, holder: false;
    /// An invitation was withdrawn, or pruned after it had expired.
    InvitationEnded {
        /// The publisher.
        publisher: PublisherId,
        /// The invitation.
        invitation: InvitationId,
    } => "invitation.ended", publisher: true, holder: false;
    /// Somebody joined a publisher.
    MemberJoined {
        /// The publisher.
        publisher: PublisherId,
        /// The member.
        person: PersonId,
        /// The role.
        role: PublisherRole,
    } => "member.joined", publisher: true, holder: false;
    /// A member's role was changed.
    MemberRoleChanged {
        /// The publisher.
        publisher: PublisherId,
        /// The member.
        person: PersonId,
        /// The role from now on.
        role: PublisherRole,
    } => "member.role_changed", publisher: true, holder: false;
    /// A member left or was removed.
    MemberLeft {
        /// The publisher.
        publisher: PublisherId,
        /// The member.
        person: PersonId,
    } => "member.left", publisher: true, holder: false;
    /// A listing was created.
    ListingCreated {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
    } => "listing.created", publisher: true, holder: false;
    /// A listing's content or slug was changed.
    ListingUpdated {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
    } => "listing.updated", publisher: true, holder: false;
    /// A listing's icon or screenshots were changed.
    ListingMediaChanged {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
    } => "listing.media_changed", publisher: true, holder: false;
    /// A listing was published, or made public again.
    ListingPublished {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
    } => "listing.published", publisher: true, holder: false;
    /// A listing was withdrawn from browsing and new installs.
    ListingUnlisted {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
    } => "listing.unlisted", publisher: true, holder: false;
    /// A listing was deprecated.
    ListingDeprecated {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
        /// The listing to use in its place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        successor: Option<ListingId>,
    } => "listing.deprecated", publisher: true, holder: false;
    /// A listing was deleted.
    ListingDeleted {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
    } => "listing.deleted", publisher: true, holder: false;
    /// A listing moved to another publisher.
    ListingTransferred {
        /// The publisher it left.
        from: PublisherId,
        /// The publisher it belongs to now.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
    } => "listing.transferred", publisher: true, holder: false;
    /// An operator took a listing down.
    ListingTakenDown {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
        /// The class of the reason.
        class: TakedownReason,
    } => "listing.taken_down", publisher: true, holder: false;
    /// An operator reversed a take-down.
    ListingRestored {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
    } => "listing.restored", publisher: true, holder: false;
    /// A release was published.
    ReleasePublished {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
        /// The version.
        version: Version,
    } => "release.published", publisher: true, holder: false;
    /// A release was yanked.
    ReleaseYanked {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
        /// The version.
        version: Version,
    } => "release.yanked", publisher: true, holder: false;
    /// A yank was taken back.
    ReleaseUnyanked {
        /// The publisher.
        publisher: PublisherId,
        /// The listing.
        listing: ListingId,
        /// The version.
        version: Version,
    } => "release.unyanked", publisher: true, holder: false;
    /// An owning system, or an operator, answered whether a publisher may offer a reference.
    ReferenceDecided {
        /// The publisher.
        publisher: PublisherId,
        /// The system that owns the asset.
        system: SystemName,
        /// The answer.
        state: BindingState,
    } => "reference.decided", publisher: true, holder: false;
    /// The answer about a reference lapsed, since the publisher moved to another tenant. The system is
    /// asked again.
    ReferenceLapsed {
        /// The publisher.
        publisher: PublisherId,
        /// The system that owns the asset.
        system: SystemName,
    } => "reference.lapsed", publisher: true, holder: false;
    /// A name was held for review, since it looks like a well-known one.
    NameHeld {
        /// The publisher.
        publisher: PublisherId,
        /// The listing, if it is about the name of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        listing: Option<ListingId>,
    } => "name.held", publisher: true, holder: false;
    /// An operator let a held name pass.
    NameAllowed {
        /// The publisher.
        publisher: PublisherId,
        /// The listing, if it is about the name of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        listing: Option<ListingId>,
    } => "name.allowed", publisher: true, holder: false;
    /// An operator refused a held name.
    NameRefused {
        /// The publisher.
        publisher: PublisherId,
        /// The listing, if it is about the name of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        listing: Option<ListingId>,
    } => "name.refused", publisher: true, holder: false;
    /// Somebody reported a publisher or listing; what, stands in the report.
    ReportFiled {
        /// The report.
        report: ReportId,
        /// Which kind of abuse.
        class: ReportClass,
    } => "report.filed", publisher: false, holder: false;
    /// An operator closed a report.
    ReportResolved {
        /// The report.
        report: ReportId,
        /// How.
        state: ReportState,
    } => "report.resolved", publisher: false, holder: false;
    /// An entitlement was granted.
    EntitlementGranted {
        /// The entitlement.
        entitlement: EntitlementId,
        /// The listing.
        listing: ListingId,
    } => "entitlement.granted", publisher: false, holder: true;
    /// An entitlement's state was changed.
    EntitlementChanged {
        /// The entitlement.
        entitlement: EntitlementId,
        /// The listing.
        listing: ListingId,
        /// The state from now on.
        state: EntitlementState,
    } => "entitlement.changed", publisher: false, holder: true;
    /// An install attempt began. Not proof of an install.
    InstallBegun {
        /// The attempt.
        attempt: AttemptId,
        /// The listing.
        listing: ListingId,
        /// The system that takes it over.
        system: SystemName,
    } => "install.begun", publisher: false, holder: true;
    /// An owning system redeemed an attempt's token. Not proof of an install.
    InstallRedeemed {
        /// The attempt.
        attempt: AttemptId,
        /// The listing.
        listing: ListingId,
        /// The system that redeemed it.
        system: SystemName,
    } => "install.redeemed", publisher: false, holder: true;
    /// An attempt was revoked: by its holder, with its key, or after too many mismatches.
    InstallRevoked {
        /// The attempt.
        attempt: AttemptId,
        /// The listing.
        listing: ListingId,
    } => "install.revoked", publisher: false, holder: true;
    /// A redeemed token was presented again under another idempotency key.
    ReplayDetected {
        /// The attempt.
        attempt: AttemptId,
        /// The system that presented it.
        system: SystemName,
    } => "install.replay_detected", publisher: false, holder: true;
    /// A token was presented for another subject or tenant than its own.
    MismatchDetected {
        /// The attempt.
        attempt: AttemptId,
        /// The system that presented it.
        system: SystemName,
    } => "install.mismatch_detected", publisher: false, holder: false;
    /// Upkeep of the search index wrote something down: how far it came, or another number of
    /// buyers.
    IndexRefreshed {} => "index.refreshed", publisher: false, holder: false;
    /// Upkeep rendered texts anew, or wrote down how far it came.
    TextsRendered {} => "texts.rendered", publisher: false, holder: false;
    /// Upkeep wrote down how far it takes the time to have come.
    UpkeepNoted {} => "upkeep.noted", publisher: false, holder: false;
    /// A key came into use, or was given out beforehand.
    KeyIntroduced {
        /// The key.
        kid: KeyId,
    } => "key.introduced", publisher: false, holder: false;
    /// A key was revoked, and attempts issued under it with it.
    KeyRevoked {
        /// The key.
        kid: KeyId,
        /// How many issued attempts were revoked.
        revoked: u64,
    } => "key.revoked", publisher: false, holder: false;
    /// A subject was seen for the first time.
    PersonSeen {
        /// The surrogate.
        person: PersonId,
    } => "person.seen", publisher: false, holder: false;
    /// The erasure of a subject began.
    PersonErasing {
        /// The surrogate.
        person: PersonId,
    } => "person.erasing", publisher: false, holder: false;
    /// A kept manifest was dropped, with the subject that it names.
    ManifestDropped {
        /// The attempt.
        attempt: AttemptId,
        /// The listing.
        listing: ListingId,
    } => "install.manifest_dropped", publisher: false, holder: false;
    /// A subject was erased: the surrogate stands for nobody now.
    PersonErased {
        /// The surrogate.
        person: PersonId,
    } => "person.erased", publisher: false, holder: false;
    /// The deletion of a tenant began.
    TenantClosing {
        /// The surrogate.
        tenant: TenantId,
    } => "tenant.closing", publisher: false, holder: false;
    /// A tenant was deleted: the surrogate stands for nobody now.
    TenantDeleted {
        /// The surrogate.
        tenant: TenantId,
    } => "tenant.deleted", publisher: false, holder: false;
}
