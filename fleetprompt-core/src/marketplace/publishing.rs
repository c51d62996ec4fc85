//! What publishers do: they found themselves, list what they have, and release it.

mod invitation_code;
mod invitations;
pub(super) mod lifecycle;
pub(super) mod listings;
pub(super) mod members;
mod patches;
pub(super) mod publishers;
pub(super) mod references;
pub(super) mod releases;
pub(super) mod uploads;

pub use invitation_code::InvitationCode;
pub use invitations::{InvitationReceipt, InvitationView, IssuedInvitation};
pub use listings::{ListingEdit, ListingReceipt, NewListing};
pub use members::{MemberReceipt, MemberView};
pub use patches::{ContentPatch, ListingPatch, ProfilePatch, PublisherPatch};
pub use publishers::{NewPublisher, PublisherEdit};
pub use references::{ReferenceDecision, ReferenceReceipt, ReferenceView};
pub use releases::ReleaseReceipt;
pub use uploads::{MediaReceipt, ScreenshotPlace};
