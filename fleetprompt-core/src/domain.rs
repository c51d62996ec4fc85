//! The words of the marketplace: parsed types and their rules.
//!
//! A value of these types has passed its rules: there is no other way to make one. Records, the
//! values that a store keeps, are plain structs of such values.

pub mod bounds;

mod bounded;
mod deployment;
mod digest;
mod entitlement;
mod event;
mod id;
mod idempotency;
mod install;
mod json;
mod link;
mod list;
mod listing;
mod manifest;
mod media;
mod name;
mod name_review;
mod owning_system;
mod parse;
mod person;
mod publisher;
mod release;
mod rendered;
mod report;
mod rule_code;
mod schema;
mod secret_kind;
mod standing;
mod text;
mod time;
mod version;
mod vocabulary;
mod word;

pub use bounded::BoundedList;
pub use deployment::{Deployment, UpkeepTime};
pub use digest::{ByteSize, Sha256Digest};
pub use entitlement::{Entitlement, EntitlementSource, EntitlementSourceKind, Seat, Window};
pub use event::{Actor, Audiences, Event, Fact, FeedChange, GoneReason};
pub use id::{
    AttemptId, DeploymentId, EntitlementId, InvitationId, ListingId, PersonId, Position,
    PublisherId, ReportId, Revision, TenantId, UploadId,
};
pub use idempotency::IdempotencyKey;
pub use install::{Attempt, BUYER_MARK_KEPT, Binding, BuyerMark, IssuedToken, Redemption};
pub(crate) use json::{Fault as JsonFault, from_tree as from_json_tree, tree as json_tree};
pub use json::{JsonBounds, JsonError, JsonRule, from_json};
pub use link::*;
pub use list::*;
pub use listing::{Asset, Listing, ListingContent, PACK_MEMBERS_MAX, Takedown};
pub use manifest::{
    Manifest, ManifestAuthorization, ManifestEntitlement, ManifestReference, ManifestRelease,
    ManifestSchema,
};
pub use media::{
    Image, ImageBytes, ImageSize, ImageUpload, ListingMedia, SCREENSHOTS_MAX, Screenshot,
};
pub use name::*;
pub use name_review::{NameReview, NameSubject, Resembled, ReviewedName, WellKnown};
pub use owning_system::{DeepLinkTemplate, OwningSystem, SystemRegistry, SystemRegistryError};
pub use parse::{ParseError, Rule};
pub use person::{Person, PersonIdentity, Tenant, TenantIdentity};
pub use publisher::{Badge, Invitation, Membership, Publisher, PublisherProfile};
pub use release::{ARTIFACTS_MAX, COMPATIBILITY_MAX, Compatibility, Release, ReleaseContent};
pub(crate) use rendered::MEDIA_MARK;
pub use rendered::{MediaRoot, Rendered, RenderedHtml, RenderingProgress, SanitiserVersion};
pub use report::Report;
pub use rule_code::RuleCode;
pub(crate) use schema::schema;
pub use secret_kind::SecretKind;
pub use standing::{IndexProgress, IndexSweep, Standing};
pub use text::*;
pub use time::{Day, Span, Timestamp};
pub use version::*;
pub use vocabulary::*;
pub use word::*;
