//! What other crates read and what is to grow: an arm for the rest must be reachable for them.
#![deny(unreachable_patterns)]
#![expect(
    clippy::match_like_matches_macro,
    reason = "a host that must say what it does with what is new"
)]

use fleetprompt_core::domain::{EntitlementSourceKind, GoneReason};
use fleetprompt_core::marketplace::{BuildError, ChangeView};

fn is_known_reason(reason: &GoneReason) -> bool {
    use GoneReason::{Deleted, PublisherSuspended, TakenDown, Withdrawn};
    match reason {
        Withdrawn | Deleted | TakenDown(_) | PublisherSuspended => true,
        _ => false,
    }
}

fn is_known_source(source: EntitlementSourceKind) -> bool {
    use EntitlementSourceKind::{Commerce, FreeClaim, OperatorGrant, OrganisationGrant};
    match source {
        FreeClaim | Commerce | OperatorGrant | OrganisationGrant => true,
        _ => false,
    }
}

fn is_known_change(change: &ChangeView) -> bool {
    use ChangeView::{Changed, Gone, Publisher, PublisherGone};
    match change {
        Changed { .. } | Gone { .. } | Publisher { .. } | PublisherGone { .. } => true,
        _ => false,
    }
}

fn is_known_error(error: &BuildError) -> bool {
    use BuildError::{Entropy, NoIssuer, NoKeys, NoScanner, NoSystem, Store, TokenLifetime};
    match error {
        NoKeys | NoIssuer | NoSystem | TokenLifetime | NoScanner | Store(_) | Entropy(_) => true,
        _ => false,
    }
}

#[test]
fn readers_are_ready_for_more() {
    assert!(is_known_reason(&GoneReason::Withdrawn));
    assert!(EntitlementSourceKind::ALL.iter().all(|source| is_known_source(*source)));
    let publisher = fleetprompt_core::domain::PublisherId::from_bytes([1; 16]);
    assert!(is_known_change(&ChangeView::PublisherGone { publisher }));
    assert!(is_known_error(&BuildError::NoKeys));
}
