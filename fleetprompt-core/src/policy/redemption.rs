//! Whether an owning system is given the manifest of an attempt: decided from facts alone.

use crate::domain::{AttemptStatus, EntitlementState};
use crate::error::ErrorCode;

/// How often a token may be presented for somebody else: the last time revokes its attempt.
pub const MISMATCHES_MAX: u8 = 5;

/// What a hand-over rests on, as it is at one moment.
///
/// ```
/// use fleetprompt_core::ErrorCode;
/// use fleetprompt_core::domain::EntitlementState;
/// use fleetprompt_core::policy::Grounds;
/// let good = Grounds {
///     entitlement: EntitlementState::Active,
///     in_window: true,
///     release_available: true,
///     listing_available: true,
///     publisher_suspended: false,
///     reference_confirmed: true,
/// };
/// assert_eq!(good.refusal(), None);
/// let ended = Grounds { in_window: false, ..good };
/// assert_eq!(ended.refusal(), Some(ErrorCode::EntitlementInactive));
/// assert_eq!(ended.withdrawal(), None);
/// let held_back = Grounds { entitlement: EntitlementState::Suspended, ..ended };
/// assert_eq!(held_back.withdrawal(), Some(ErrorCode::EntitlementInactive));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grounds {
    /// What has been decided about the entitlement. Apart from its window: what is held back stays
    /// so when the window closes.
    pub entitlement: EntitlementState,
    /// Whether the entitlement's window is open.
    pub in_window: bool,
    /// Whether the release is there and not yanked.
    pub release_available: bool,
    /// Whether the listing is offered to those who own it, by the same publisher as ever, and
    /// stands for the same asset.
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
            EntitlementState::Revoked | EntitlementState::Suspended => self.withdrawal(),
            EntitlementState::Active if self.in_window => self.withdrawal(),
            EntitlementState::Active | EntitlementState::Pending => {
                Some(ErrorCode::EntitlementInactive)
            }
        }
    }

    /// Why what was handed over once may not be handed over again, if so: it was withdrawn since.
    /// The mere passing of time withdraws nothing.
    pub fn withdrawal(&self) -> Option<ErrorCode> {
        match self.entitlement {
            EntitlementState::Revoked => Some(ErrorCode::EntitlementRevoked),
            EntitlementState::Suspended => Some(ErrorCode::EntitlementInactive),
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

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Grounds = Grounds {
        entitlement: EntitlementState::Active,
        in_window: true,
        release_available: true,
        listing_available: true,
        publisher_suspended: false,
        reference_confirmed: true,
    };
    const FRESH: Presentation = Presentation {
        addressed: true,
        status: AttemptStatus::Issued,
        mismatches: 0,
        same_request: false,
        grounds: GOOD,
    };

    #[test]
    fn a_stranger_learns_nothing_of_what_became_of_a_token() {
        let worthless = Grounds { entitlement: EntitlementState::Revoked, ..GOOD };
        for &status in AttemptStatus::ALL {
            for grounds in [GOOD, worthless] {
                for same_request in [false, true] {
                    let presented =
                        Presentation { addressed: false, status, same_request, grounds, ..FRESH };
                    let verdict = weigh(Some(&presented));
                    assert!(matches!(verdict, Verdict::Mismatch(_)), "{presented:?}");
                }
            }
        }
    }

    #[test]
    fn the_fifth_mismatch_revokes_and_only_while_the_attempt_is_open() {
        let effect = |mismatches, status| {
            let presented = Presentation { addressed: false, mismatches, status, ..FRESH };
            weigh(Some(&presented))
        };
        for mismatches in 0..MISMATCHES_MAX - 1 {
            let counted = Verdict::Mismatch(MismatchEffect::Counted);
            assert_eq!(effect(mismatches, AttemptStatus::Issued), counted);
        }
        let last = effect(MISMATCHES_MAX - 1, AttemptStatus::Issued);
        assert_eq!(last, Verdict::Mismatch(MismatchEffect::Revokes));
        for status in [AttemptStatus::Redeemed, AttemptStatus::Expired, AttemptStatus::Revoked] {
            let nothing = Verdict::Mismatch(MismatchEffect::None);
            assert_eq!(effect(MISMATCHES_MAX - 1, status), nothing);
        }
    }

    #[test]
    fn what_became_of_an_attempt_comes_before_what_it_rests_on() {
        let worthless = Grounds { entitlement: EntitlementState::Revoked, ..GOOD };
        let told = |status| weigh(Some(&Presentation { status, grounds: worthless, ..FRESH }));
        assert_eq!(told(AttemptStatus::Redeemed), Verdict::RedeemedBefore);
        assert_eq!(told(AttemptStatus::Revoked), Verdict::Refused(ErrorCode::AttemptRevoked));
        assert_eq!(told(AttemptStatus::Expired), Verdict::Refused(ErrorCode::TokenExpired));
        let issued = Verdict::Refused(ErrorCode::EntitlementRevoked);
        assert_eq!(told(AttemptStatus::Issued), issued);
    }

    #[test]
    fn whatever_refuses_a_replay_refuses_a_first_redemption_with_the_same_code() {
        for &entitlement in EntitlementState::ALL {
            for bits in 0..32 {
                let grounds = Grounds {
                    entitlement,
                    in_window: bits & 16 == 0,
                    release_available: bits & 1 == 0,
                    listing_available: bits & 2 == 0,
                    publisher_suspended: bits & 4 != 0,
                    reference_confirmed: bits & 8 == 0,
                };
                let is_over = entitlement == EntitlementState::Active && !grounds.in_window;
                if is_over || entitlement == EntitlementState::Pending {
                    assert_eq!(grounds.refusal(), Some(ErrorCode::EntitlementInactive));
                } else {
                    assert_eq!(grounds.refusal(), grounds.withdrawal(), "{grounds:?}");
                }
            }
        }
    }

    #[test]
    fn a_window_that_closes_takes_no_withdrawal_back() {
        for &entitlement in EntitlementState::ALL {
            let open = Grounds { entitlement, ..GOOD };
            let closed = Grounds { in_window: false, ..open };
            assert_eq!(open.withdrawal(), closed.withdrawal(), "{entitlement}");
            let withdrawn =
                matches!(entitlement, EntitlementState::Suspended | EntitlementState::Revoked);
            assert_eq!(closed.withdrawal().is_some(), withdrawn, "{entitlement}");
        }
    }
}
