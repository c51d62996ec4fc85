//! Who may do what: one table of standings and actions.

/// How a principal stands to what it wants to act on. It may stand in several ways at once.
///
/// ```
/// use fleetprompt_core::policy::{Action, Standing, Standings};
/// let operator = Standings::NONE.with(Standing::Operator);
/// assert!(operator.may(Action::ModerateCatalogue));
/// assert!(!operator.may(Action::EditListing), "not theirs to write");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nobody in particular.
    Anonymous,
    /// Signed in, and nothing more.
    SignedIn,
    /// A viewer of the publisher.
    Viewer,
    /// A maintainer of the publisher.
    Maintainer,
    /// An owner of the publisher.
    Owner,
    /// The person who holds the entitlement or attempt.
    Holder,
    /// An administrator of the tenant that it belongs to.
    TenantAdmin,
    /// The owning system of the asset, by its service identity.
    OwningSystem,
    /// An operator of the marketplace.
    Operator,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Standing; 9] = [
        Standing::Anonymous,
        Standing::SignedIn,
        Standing::Viewer,
        Standing::Maintainer,
        Standing::Owner,
        Standing::Holder,
        Standing::TenantAdmin,
        Standing::OwningSystem,
        Standing::Operator,
    ];

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of standings.
///
/// ```
/// use fleetprompt_core::policy::{Action, Standing, Standings};
/// let member = Standings::NONE.with(Standing::SignedIn).with(Standing::Maintainer);
/// assert!(member.may(Action::PublishRelease));
/// assert!(!member.may(Action::TransferPublisher));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standings(u16);

impl Standings {
    /// No standing at all.
    pub const NONE: Standings = Standings(0);

    /// These and `standing`.
    #[must_use]
    pub const fn with(self, standing: Standing) -> Self {
        Standings(self.0 | standing.bit())
    }

    /// Whether `standing` is among these.
    pub const fn has(self, standing: Standing) -> bool {
        self.0 & standing.bit() != 0
    }

    /// Whether any of these may do `action`.
    pub fn may(self, action: Action) -> bool {
        Standing::ALL.into_iter().any(|standing| self.has(standing) && action.is_open_to(standing))
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $($standing:ident)|+;)*) => {
        /// Something that a principal may want to do.
        ///
        /// ```
        /// use fleetprompt_core::policy::{Action, Standing};
        /// assert!(Action::ReadEntitlement.is_open_to(Standing::Holder));
        /// // Publishers see figures, not who owns what.
        /// assert!(!Action::ReadEntitlement.is_open_to(Standing::Owner));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($(#[$doc])* $name,)* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Action] = &[$(Action::$name,)*];

            /// The table: whether `standing` alone is enough.
            pub fn is_open_to(self, standing: Standing) -> bool {
                match self {
                    $(Action::$name => matches!(standing, $(Standing::$standing)|+),)*
                }
            }
        }
    };
}

actions! {
    /// Read the public catalogue.
    ReadCatalogue: Anonymous | SignedIn | Viewer | Maintainer | Owner | Holder | TenantAdmin | OwningSystem | Operator;
    /// Create a publisher.
    CreatePublisher: SignedIn | Operator;
    /// Accept an invitation to a publisher, leave one.
    JoinPublisher: SignedIn | Operator;
    /// Read what only members see: drafts, members, invitations, bindings.
    ReadPublisherInternals: Viewer | Maintainer | Owner | Operator;
    /// Change a publisher's profile or handle.
    UpdatePublisher: Owner;
    /// Move a publisher to another tenant, or a listing to another publisher.
    TransferPublisher: Owner;
    /// Invite members, withdraw invitations, change roles, remove members.
    ManageMembers: Owner;
    /// Create and change listings.
    EditListing: Maintainer | Owner;
    /// Publish, unlist and deprecate listings.
    PublishListing: Maintainer | Owner;
    /// Delete a listing.
    DeleteListing: Owner;
    /// Publish a release.
    PublishRelease: Maintainer | Owner;
    /// Yank a release, or take a yank back.
    YankRelease: Maintainer | Owner | Operator;
    /// Claim a free listing, begin an install.
    Obtain: SignedIn;
    /// Report a publisher or listing.
    Report: SignedIn;
    /// Read an entitlement.
    ReadEntitlement: Holder | TenantAdmin | OwningSystem | Operator;
    /// Grant, suspend, resume or revoke an entitlement.
    GovernEntitlement: Operator;
    /// Read an install attempt.
    ReadAttempt: Holder | TenantAdmin | Operator;
    /// Revoke an install attempt that is still issued.
    RevokeAttempt: Holder | TenantAdmin | Operator;
    /// Redeem or introspect a token, read a manifest again.
    RedeemToken: OwningSystem;
    /// Say whether a publisher may offer a reference.
    DecideReference: OwningSystem | Operator;
    /// Verify, suspend and restore publishers; take listings down and restore them.
    ModerateCatalogue: Operator;
    /// Import a catalogue, past quotas, and export it.
    ImportCatalogue: Operator;
    /// Read the whole audit log.
    ReadAuditLog: Operator;
    /// Revoke keys, fence a restored store, keep house.
    OperateMarketplace: Operator;
    /// Erase a subject.
    EraseSubject: TenantAdmin | Operator;
    /// Delete a tenant.
    DeleteTenant: TenantAdmin | Operator;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written from the specification's chapter on who may do what, and not from the table above:
    /// one row an action; a letter stands where the standing of that place is enough.
    ///
    /// `-` nobody in particular, `s` signed in, `v` viewer, `m` maintainer, `o` owner, `h` holder,
    /// `a` administrator of the tenant, `y` owning system, `p` operator.
    const EXPECTED: &[(Action, &str)] = &[
        (Action::ReadCatalogue, "-svmohayp"),
        (Action::CreatePublisher, " s      p"),
        (Action::JoinPublisher, " s      p"),
        (Action::ReadPublisherInternals, "  vmo   p"),
        (Action::UpdatePublisher, "    o    "),
        (Action::TransferPublisher, "    o    "),
        (Action::ManageMembers, "    o    "),
        (Action::EditListing, "   mo    "),
        (Action::PublishListing, "   mo    "),
        (Action::DeleteListing, "    o    "),
        (Action::PublishRelease, "   mo    "),
        (Action::YankRelease, "   mo   p"),
        (Action::Obtain, " s       "),
        (Action::Report, " s       "),
        (Action::ReadEntitlement, "     hayp"),
        (Action::GovernEntitlement, "        p"),
        (Action::ReadAttempt, "     ha p"),
        (Action::RevokeAttempt, "     ha p"),
        (Action::RedeemToken, "       y "),
        (Action::DecideReference, "       yp"),
        (Action::ModerateCatalogue, "        p"),
        (Action::ImportCatalogue, "        p"),
        (Action::ReadAuditLog, "        p"),
        (Action::OperateMarketplace, "        p"),
        (Action::EraseSubject, "      a p"),
        (Action::DeleteTenant, "      a p"),
    ];

    #[test]
    fn each_standing_may_do_what_the_specification_says_and_no_more() {
        let listed: Vec<Action> = EXPECTED.iter().map(|(action, _)| *action).collect();
        assert!(Action::ALL.iter().all(|action| listed.contains(action)), "an action is missing");
        assert_eq!(listed.len(), Action::ALL.len());
        for (action, row) in EXPECTED {
            assert_eq!(row.len(), Standing::ALL.len());
            for (standing, mark) in Standing::ALL.into_iter().zip(row.chars()) {
                let expected = mark != ' ';
                assert_eq!(action.is_open_to(standing), expected, "{standing:?}, {action:?}");
                assert_eq!(Standings::NONE.with(standing).may(*action), expected);
            }
        }
    }

    #[test]
    fn standings_add_up_and_none_is_nothing() {
        let two = Standings::NONE.with(Standing::SignedIn).with(Standing::Viewer);
        for &action in Action::ALL {
            let either = [Standing::SignedIn, Standing::Viewer]
                .into_iter()
                .any(|standing| action.is_open_to(standing));
            assert_eq!(two.may(action), either, "{action:?}");
            assert!(!Standings::NONE.may(action));
        }
    }
}
