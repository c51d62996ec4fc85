//! The closed vocabularies of the marketplace, and which states follow which.

/// Makes enums of words: `Name = "field" { Variant = "word", … }`. One that is only read elsewhere, and is to
/// grow, is a `Name (non_exhaustive)`.
macro_rules! words {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident $(($open:ident))? = $field:literal {
            $(#[doc = $first_doc:literal])* $first:ident = $first_word:literal,
            $($(#[doc = $variant_doc:literal])* $variant:ident = $word:literal,)*
        }
    )*) => {$(
        $(#[doc = $doc])*
        ///
        /// ```
        #[doc = concat!("use fleetprompt_core::domain::", stringify!($name), ";")]
        #[doc = concat!(
            "assert_eq!(\"", $first_word, "\".parse(), Ok(", stringify!($name), "::",
            stringify!($first), "));"
        )]
        #[doc = concat!("assert_eq!(", stringify!($name), "::", stringify!($first),
            ".to_string(), \"", $first_word, "\");")]
        /// ```
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize,
            serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        $(#[$open])?
        pub enum $name {
            $(#[doc = $first_doc])*
            $first,
            $($(#[doc = $variant_doc])* $variant,)*
        }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::ParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $first_word => Ok(Self::$first),
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::domain::ParseError::new(
                        $field,
                        $crate::domain::Rule::NotOneOf(concat!(
                            "`", $first_word, "`" $(, ", `", $word, "`")*
                        )),
                    )),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::ParseError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> String {
                word.as_str().to_owned()
            }
        }

        $crate::domain::schema! {
            $name = $crate::openapi::word(Self::ALL.iter().map(|word| word.as_str())),
            $($doc,)*
            "",
            concat!(" - `", $first_word, "`:" $(, $first_doc)*),
            $(concat!(" - `", $word, "`:" $(, $variant_doc)*),)*
        }
    )*};
}
pub(crate) use words;

words! {
    /// What a listing offers, by reference.
    AssetKind = "kind" {
        /// An agent of WebHost.Systems.
        WhsAgent = "whs_agent",
        /// A workflow of Agentromatic.
        AgentromaticWorkflow = "agentromatic_workflow",
        /// A spec asset of SpecPrompt.
        SpecAsset = "spec_asset",
        /// A collection of other listings.
        Pack = "pack",
    }

    /// What it takes to have a listing.
    PriceClass = "priceClass" {
        /// Whoever asks may claim it.
        Free = "free",
        /// An entitlement has to come from somewhere: a purchase or a grant.
        Entitled = "entitled",
    }

    /// Who finds a listing once it is published.
    Visibility = "visibility" {
        /// Everybody.
        Public = "public",
        /// Those who have its address.
        Unlisted = "unlisted",
        /// The tenant that publishes it.
        Organisation = "organisation",
    }

    /// Where a listing is in its life. [`can_become`](Self::can_become) says what follows what.
    ListingState = "state" {
        /// Being written; seen by its publisher only.
        Draft = "draft",
        /// Offered.
        Published = "published",
        /// Offered to those who have its address, and found by nobody else.
        Unlisted = "unlisted",
        /// Still there, but not advised any more.
        Deprecated = "deprecated",
        /// Taken down by an operator, for a [`TakedownReason`].
        TakenDown = "taken_down",
        /// Gone for good.
        Deleted = "deleted",
    }

    /// What a member of a publisher may do; each role may do all that those before it may.
    PublisherRole = "role" {
        /// See drafts and figures.
        Viewer = "viewer",
        /// Edit listings and publish releases.
        Maintainer = "maintainer",
        /// Decide about members and about the publisher itself.
        Owner = "owner",
    }

    /// What an operator vouches for. Badges inform; they permit nothing.
    BadgeKind = "badge" {
        /// The publisher is who it says it is.
        Verified = "verified",
        /// The publisher is one of the products that FleetPrompt belongs to.
        Official = "official",
        /// The publisher has an agreement with the operator.
        Partner = "partner",
    }

    /// What images are kept and served as, whatever they were uploaded as.
    ImageFormat = "imageFormat" {
        /// Every pixel as it was, transparency as well.
        Png = "png",
        /// For what was compressed with loss before.
        Jpeg = "jpeg",
    }

    /// Why an operator took a listing down: the class that may be shown to everybody.
    TakedownReason = "takedownReason" {
        /// It is used to harm or harass.
        Abuse = "abuse",
        /// It does harm to those who install it.
        Malware = "malware",
        /// The law, or somebody's right, forbids it.
        Legal = "legal",
        /// It pretends to come from somebody else.
        Impersonation = "impersonation",
        /// It is there to be seen, not to be used.
        Spam = "spam",
        /// None of these.
        Other = "other",
    }

    /// What is stored of an entitlement. [`can_become`](Self::can_become) says what follows what.
    EntitlementState = "entitlementState" {
        /// Granted, but not yet settled by its source.
        Pending = "pending",
        /// Owned.
        Active = "active",
        /// Owned, but held back for now.
        Suspended = "suspended",
        /// Taken back for good.
        Revoked = "revoked",
    }

    /// What an entitlement is worth at a point in time: its state, and whether its window has
    /// closed.
    EntitlementStatus = "entitlementStatus" {
        /// Granted, but not yet settled, or its window has not yet opened.
        Pending = "pending",
        /// Owned now.
        Active = "active",
        /// Owned, but held back for now.
        Suspended = "suspended",
        /// Its window has closed.
        Expired = "expired",
        /// Taken back for good.
        Revoked = "revoked",
    }

    /// What is stored of an install attempt.
    AttemptState = "attemptState" {
        /// The hand-over began.
        Issued = "issued",
        /// The owning system redeemed the token. That is no proof of an install.
        Redeemed = "redeemed",
        /// It cannot be redeemed any more.
        Revoked = "revoked",
    }

    /// How an install attempt stands at a point in time.
    AttemptStatus = "attemptStatus" {
        /// The hand-over began.
        Issued = "issued",
        /// The owning system redeemed the token. That is no proof of an install.
        Redeemed = "redeemed",
        /// Its token ran out unused.
        Expired = "expired",
        /// It cannot be redeemed any more.
        Revoked = "revoked",
    }

    /// How an install is handed over.
    InstallMethod = "method" {
        /// A link into the owning system.
        DeepLink = "deep_link",
        /// A token that the owning system redeems.
        Token = "token",
    }

    /// In which way a name looks like a well-known one.
    Likeness = "likeness" {
        /// Other characters that look the same.
        Characters = "characters",
        /// The same but for separators.
        Separators = "separators",
        /// One character more, less or another one, or two swapped.
        Edit = "edit",
        /// The same but for characters that are repeated.
        Repeated = "repeated",
        /// The same words in another order.
        Order = "order",
        /// The name and a word that claims to be its owner.
        Affix = "affix",
        /// The name and a number.
        Number = "number",
        /// The name that pages show looks the same.
        DisplayName = "display_name",
    }

    /// Why a name is held: the class that its publisher is told.
    HoldReason = "holdReason" {
        /// It looks like a well-known name of somebody else.
        LooksWellKnown = "looks_like_a_well_known_name",
    }

    /// What became of a name that was held.
    NameState = "nameState" {
        /// It waits for an operator.
        Waiting = "waiting",
        /// An operator let it pass.
        Allowed = "allowed",
        /// An operator refused it.
        Refused = "refused",
    }

    /// The kind of abuse that somebody reports.
    ReportClass = "reportClass" {
        /// It harms whoever runs it.
        Malware = "malware",
        /// It pretends to be somebody else's.
        Impersonation = "impersonation",
        /// It is there to be in the way, or to lead elsewhere.
        Spam = "spam",
        /// It breaks the law, or somebody's rights.
        Illegal = "illegal",
        /// It shows a secret or somebody's data. Say where; do not repeat it.
        SecretExposed = "secret_exposed",
        /// Anything else.
        Other = "other",
    }

    /// What has become of a report.
    ReportState = "reportState" {
        /// It waits for an operator.
        Open = "open",
        /// It was right.
        Upheld = "upheld",
        /// It was not, or nothing could be made of it.
        Dismissed = "dismissed",
    }

    /// What an operator decides about a report.
    ReportOutcome = "outcome" {
        /// It is right.
        Upheld = "upheld",
        /// It is not, or nothing can be made of it.
        Dismissed = "dismissed",
    }

    /// Whether an owning system has confirmed that a publisher may offer an asset of its.
    BindingState = "bindingState" {
        /// Not asked or not answered.
        Pending = "pending",
        /// Confirmed.
        Confirmed = "confirmed",
        /// Refused.
        Refused = "refused",
    }
}

impl ListingState {
    /// Whether a listing in this state can be brought into the state `next`.
    ///
    /// Out of [`TakenDown`](Self::TakenDown) leads only the way back into the state that it was
    /// taken from, which is for the caller to remember.
    ///
    /// ```
    /// use fleetprompt_core::domain::ListingState;
    /// assert!(ListingState::Draft.can_become(ListingState::Published));
    /// assert!(!ListingState::Deleted.can_become(ListingState::Draft));
    /// ```
    pub const fn can_become(self, next: Self) -> bool {
        use ListingState::{Deleted, Deprecated, Draft, Published, TakenDown, Unlisted};
        match self {
            Draft => matches!(next, Published | TakenDown | Deleted),
            Published => matches!(next, Unlisted | Deprecated | TakenDown | Deleted),
            Unlisted => matches!(next, Published | Deprecated | TakenDown | Deleted),
            Deprecated => matches!(next, Published | TakenDown | Deleted),
            TakenDown => matches!(next, Draft | Published | Unlisted | Deprecated),
            Deleted => false,
        }
    }
}

impl From<ReportOutcome> for ReportState {
    fn from(outcome: ReportOutcome) -> Self {
        match outcome {
            ReportOutcome::Upheld => ReportState::Upheld,
            ReportOutcome::Dismissed => ReportState::Dismissed,
        }
    }
}

impl EntitlementState {
    /// Whether an entitlement in this state can be brought into the state `next`.
    ///
    /// ```
    /// use fleetprompt_core::domain::EntitlementState;
    /// assert!(EntitlementState::Suspended.can_become(EntitlementState::Active));
    /// assert!(!EntitlementState::Revoked.can_become(EntitlementState::Active));
    /// ```
    pub const fn can_become(self, next: Self) -> bool {
        use EntitlementState::{Active, Pending, Revoked, Suspended};
        match self {
            Pending => matches!(next, Active | Revoked),
            Active => matches!(next, Suspended | Revoked),
            Suspended => matches!(next, Active | Revoked),
            Revoked => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_moves_along_these_edges_and_no_others() {
        use ListingState::*;
        let edges = [
            (Draft, Published),
            (Draft, TakenDown),
            (Draft, Deleted),
            (Published, Unlisted),
            (Published, Deprecated),
            (Published, TakenDown),
            (Published, Deleted),
            (Unlisted, Published),
            (Unlisted, Deprecated),
            (Unlisted, TakenDown),
            (Unlisted, Deleted),
            (Deprecated, Published),
            (Deprecated, TakenDown),
            (Deprecated, Deleted),
            (TakenDown, Draft),
            (TakenDown, Published),
            (TakenDown, Unlisted),
            (TakenDown, Deprecated),
        ];
        for &from in ListingState::ALL {
            for &to in ListingState::ALL {
                assert_eq!(from.can_become(to), edges.contains(&(from, to)), "{from} to {to}");
            }
        }
    }

    #[test]
    fn an_entitlement_moves_along_these_edges_and_no_others() {
        use EntitlementState::*;
        let edges = [
            (Pending, Active),
            (Pending, Revoked),
            (Active, Suspended),
            (Active, Revoked),
            (Suspended, Active),
            (Suspended, Revoked),
        ];
        for &from in EntitlementState::ALL {
            for &to in EntitlementState::ALL {
                assert_eq!(from.can_become(to), edges.contains(&(from, to)), "{from} to {to}");
            }
        }
    }

    #[test]
    fn roles_are_ordered_by_what_they_may_do() {
        assert!(PublisherRole::Viewer < PublisherRole::Maintainer);
        assert!(PublisherRole::Maintainer < PublisherRole::Owner);
    }

    macro_rules! round_trips {
        ($($name:ident)*) => {$(
            for &word in $name::ALL {
                assert_eq!(word.as_str().parse(), Ok(word));
                let json = serde_json::to_string(&word).unwrap();
                assert_eq!(json, format!("\"{word}\""));
                assert_eq!(serde_json::from_str::<$name>(&json).unwrap(), word);
            }
            assert!("Unheard of".parse::<$name>().is_err());
        )*};
    }

    #[test]
    fn every_word_comes_back_from_text_and_json() {
        round_trips! {
            AssetKind PriceClass Visibility ListingState PublisherRole BadgeKind TakedownReason
            EntitlementState EntitlementStatus AttemptState AttemptStatus InstallMethod BindingState
            Likeness HoldReason NameState ReportClass ReportState ReportOutcome
        }
    }

    #[test]
    fn a_refusal_lists_the_words() {
        let refused = "WHS_AGENT".parse::<AssetKind>().unwrap_err().to_string();
        let words = "`whs_agent`, `agentromatic_workflow`, `spec_asset`, `pack`";
        assert_eq!(refused, format!("kind must be one of {words}"));
    }
}
