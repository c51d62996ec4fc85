//! What other crates read and what is to grow: an arm for the rest must be reachable for them.
#![deny(unreachable_patterns)]

use fleetprompt_core::domain::{EntitlementSourceKind, GoneReason, PublisherId};
use fleetprompt_core::marketplace::{BuildError, ChangeView};

fn reason_is(reason: &GoneReason) -> &'static str {
    use GoneReason::{Deleted, PublisherSuspended, TakenDown, Withdrawn};
    match reason {
        Withdrawn | Deleted | TakenDown(_) | PublisherSuspended => "known",
        _ => "new",
    }
}

fn source_is(source: EntitlementSourceKind) -> &'static str {
    use EntitlementSourceKind::{Commerce, FreeClaim, OperatorGrant, OrganisationGrant};
    match source {
        FreeClaim | Commerce | OperatorGrant | OrganisationGrant => "known",
        _ => "new",
    }
}

fn change_is(change: &ChangeView) -> &'static str {
    use ChangeView::{Changed, Gone, Publisher, PublisherGone};
    match change {
        Changed { .. } | Gone { .. } | Publisher { .. } | PublisherGone { .. } => "known",
        _ => "new",
    }
}

fn error_is(error: &BuildError) -> &'static str {
    use BuildError::{Entropy, NoIssuer, NoKeys, NoScanner, NoSystem, Store, TokenLifetime};
    match error {
        NoKeys | NoIssuer | NoSystem | TokenLifetime | NoScanner | Store(_) | Entropy(_) => "known",
        _ => "new",
    }
}

#[test]
fn readers_are_ready_for_more() {
    assert_eq!(reason_is(&GoneReason::Withdrawn), "known");
    assert!(EntitlementSourceKind::ALL.iter().all(|source| source_is(*source) == "known"));
    let publisher = PublisherId::from_bytes([1; 16]);
    assert_eq!(change_is(&ChangeView::PublisherGone { publisher }), "known");
    assert_eq!(error_is(&BuildError::NoKeys), "known");
}
