//! Whether an owning system is given the manifest of an attempt: decided from facts alone.

use crate::domain::{AttemptStatus, EntitlementStatus};
use crate::error::ErrorCode;

/// How often a token may be presented for somebody else: the last time revokes its attempt.
pub const MISMATCHES_MAX: u8 = 5;

/// What a hand-over rests on, as it is at one moment.
///
/// ```
/// use fleetprompt_core::ErrorCode;
/// use fleetprompt_core::domain::EntitlementStatus;
/// use fleetprompt_core::policy::Grounds;
/// let good = Grounds {
///     entitlement: EntitlementStatus::Active,
///     release_available: true,
///     listing_available: true,
///     publisher_suspended: false,
///     reference_confirmed: true,
/// };
/// assert_eq!(good.refusal(), None);
/// let ended = Grounds { entitlement: EntitlementStatus::Expired, ..good };
/// assert_eq!(ended.refusal(), Some(ErrorCode::EntitlementInactive));
/// assert_eq!(ended.withdrawal(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grounds {
    /// What the entitlement is worth.
    pub entitlement: EntitlementStatus,
    /// Whether the release is there and not yanked.
    pub release_available: bool,
    /// Whether the listing is offered to those who own it, by the same publisher as ever.
    pub listing_available: bool,
    /// Whether an operator has suspended the publisher.
    pub publisher_suspended: bool,
    /// Whether the owning system confirmed the reference, or nobody asked it to.
    pub reference_confirmed: bool,
}

impl Grounds {
    /// Why nothing may be handed over, if so.
    pub fn refusal(&self) -> Option<ErrorCode> {
        match self.entitlement {
            EntitlementStatus::Pending | EntitlementStatus::Expired => {
                Some(ErrorCode::EntitlementInactive)
            }
            EntitlementStatus::Active
            | EntitlementStatus::Suspended
            | EntitlementStatus::Revoked => self.withdrawal(),
        }
    }

    /// Why what was handed over once may not be handed over again, if so: it was withdrawn since.
    /// The mere passing of time withdraws nothing.
    pub fn withdrawal(&self) -> Option<ErrorCode> {
        match self.entitlement {
            EntitlementStatus::Revoked => Some(ErrorCode::EntitlementRevoked),
            EntitlementStatus::Suspended => Some(ErrorCode::EntitlementInactive),
            _ if !self.release_available => Some(ErrorCode::ReleaseYanked),
            _ if !self.listing_available => Some(ErrorCode::ListingUnavailable),
            _ if self.publisher_suspended => Some(ErrorCode::PublisherSuspended),
            _ if !self.reference_confirmed => Some(ErrorCode::ReferenceUnconfirmed),
            _ => None,
        }
    }
}

/// A genuine token that was presented, and what its attempt's record says. All of it comes from
/// the record; nothing is taken from the token.
///
/// A token is genuine when its MAC holds under the key of the system that authenticated, and the
/// record of an attempt for that system keeps its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Presentation {
    /// Whether subject and tenant are those that the token was issued to.
    pub addressed: bool,
    /// What the attempt is worth.
    pub status: AttemptStatus,
    /// How often its token was presented for somebody else before.
    pub mismatches: u8,
    /// Whether this very request redeemed it: the same idempotency key and fingerprint.
    pub same_request: bool,
    /// What the hand-over rests on.
    pub grounds: Grounds,
}

/// What to do about a token that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Not a token of this marketplace for this system. Nothing else is said, whatever the reason.
    Invalid,
    /// Presented for somebody else.
    Mismatch(MismatchEffect),
    /// Redeemed before, by another request.
    RedeemedBefore,
    /// Redeemed before, by this very request: the kept manifest is the answer.
    Replay,
    /// Refused, and nothing changes.
    Refused(ErrorCode),
    /// To be redeemed, if the organisation's policy allows it.
    Redeem,
}

/// What a mismatch does to the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MismatchEffect {
    /// Nothing: the attempt is settled.
    None,
    /// One more is counted.
    Counted,
    /// It is counted, and was the last: the attempt is revoked.
    Revokes,
}

/// Decides about a token that was presented; `None` when it is not genuine.
///
/// The order is part of the protocol: who a token is for comes before what became of it, so that a
/// stranger learns nothing of it.
///
/// ```
/// use fleetprompt_core::policy::{Verdict, weigh};
/// assert_eq!(weigh(None), Verdict::Invalid);
/// ```
pub fn weigh(presented: Option<&Presentation>) -> Verdict {
    let Some(presented) = presented else { return Verdict::Invalid };
    if !presented.addressed {
        return Verdict::Mismatch(match presented.status {
            AttemptStatus::Issued if presented.mismatches + 1 >= MISMATCHES_MAX => {
                MismatchEffect::Revokes
            }
            AttemptStatus::Issued => MismatchEffect::Counted,
            AttemptStatus::Redeemed | AttemptStatus::Expired | AttemptStatus::Revoked => {
                MismatchEffect::None
            }
        });
    }
    match presented.status {
        AttemptStatus::Redeemed if presented.same_request => {
            presented.grounds.withdrawal().map_or(Verdict::Replay, Verdict::Refused)
        }
        AttemptStatus::Redeemed => Verdict::RedeemedBefore,
        AttemptStatus::Revoked => Verdict::Refused(ErrorCode::AttemptRevoked),
        AttemptStatus::Expired => Verdict::Refused(ErrorCode::TokenExpired),
        AttemptStatus::Issued => {
            presented.grounds.refusal().map_or(Verdict::Redeem, Verdict::Refused)
        }
    }
}
