//! What comes of owning and installing.

use std::num::NonZeroU32;

use super::{
    GROUPS, KIDS, Pick, TEXTS, attempt_id, digest, entitlement_id, listing_id, parsed, person_id,
    publisher_id, tenant_id, time,
};
use crate::domain::{
    AssetKind, Attempt, AttemptState, Binding, BindingState, BuyerMark, Entitlement,
    EntitlementSource, EntitlementState, InstallMethod, IssuedToken, Redemption, Seat, Standing,
    Version, Window,
};

/// The systems of samples.
pub const SYSTEMS: &[&str] = &["agentromatic", "specprompt", "whs"];

/// The n-th binding: of publisher `n % GROUPS`, its upstream id one of [`TEXTS`] and the number.
pub fn binding(n: u64, pick: &mut Pick) -> Binding {
    let text = TEXTS[usize::try_from(n).unwrap() % TEXTS.len()];
    Binding {
        publisher: publisher_id(n % GROUPS),
        tenant: pick.group(tenant_id),
        system: parsed(SYSTEMS[usize::try_from(n / 2).unwrap() % SYSTEMS.len()]),
        kind: AssetKind::WhsAgent,
        upstream_id: parsed(&format!("{text}{n}")),
        state: pick.one_of(BindingState::ALL),
        reason: pick.optional(Pick::text),
        created_at: pick.time(),
        decided_at: pick.optional(Pick::time),
    }
}

/// The n-th entitlement.
pub fn entitlement(n: u64, pick: &mut Pick) -> Entitlement {
    let source = match pick.below(4) {
        0 => EntitlementSource::FreeClaim,
        1 => EntitlementSource::Commerce { provider: parsed("specprompt"), reference: pick.text() },
        2 => EntitlementSource::OperatorGrant { reference: pick.text(), reason: pick.text() },
        _ => EntitlementSource::OrganisationGrant { reference: pick.text(), decision: pick.text() },
    };
    let end = pick.optional(|_| time(1_000));
    Entitlement {
        id: entitlement_id(n),
        listing: pick.group(listing_id),
        publisher: pick.group(publisher_id),
        tenant: pick.group(tenant_id),
        person: pick.optional(|pick| pick.group(person_id)),
        source,
        state: pick.one_of(EntitlementState::ALL),
        window: Window::between(pick.time(), end).unwrap(),
        seats: pick.optional(|_| NonZeroU32::MAX),
        reason: pick.optional(Pick::text),
        created_at: pick.time(),
        updated_at: pick.time(),
    }
}

/// The n-th seat: of person `n / GROUPS` in entitlement `n % GROUPS`.
pub fn seat(n: u64, pick: &mut Pick) -> Seat {
    Seat {
        entitlement: entitlement_id(n % GROUPS),
        person: person_id(n / GROUPS),
        taken_at: pick.time(),
    }
}

/// The n-th attempt.
pub fn attempt(n: u64, pick: &mut Pick) -> Attempt {
    Attempt {
        id: attempt_id(n),
        listing: pick.group(listing_id),
        publisher: pick.group(publisher_id),
        version: pick.one_of(&["1.0.0", "1.0.0-rc.1+b"].map(parsed::<Version>)),
        release_digest: digest(n),
        system: parsed(pick.one_of(SYSTEMS)),
        upstream_id: pick.optional(Pick::text),
        context: pick.optional(Pick::text),
        entitlement: pick.group(entitlement_id),
        tenant: pick.group(tenant_id),
        person: pick.group(person_id),
        method: pick.one_of(InstallMethod::ALL),
        token: pick
            .optional(|pick| IssuedToken { kid: parsed(pick.one_of(KIDS)), digest: digest(n) }),
        state: pick.one_of(AttemptState::ALL),
        redemption: pick.optional(|pick| Redemption {
            at: pick.time(),
            key_digest: digest(n),
            fingerprint: digest(n + 1),
            manifest: pick.optional(|_| "{\"schemaVersion\":1,\"note\":\"it's \\u00e9\"}".into()),
        }),
        mismatches: u8::try_from(pick.below(6)).unwrap(),
        issued_at: pick.time(),
        expires_at: pick.time(),
    }
}

/// The n-th buyer's mark: on listing `n % GROUPS`.
pub fn buyer_mark(n: u64, pick: &mut Pick) -> BuyerMark {
    BuyerMark {
        listing: listing_id(n % GROUPS),
        buyer: digest(n),
        first_at: pick.time(),
        last_at: pick.time(),
    }
}

/// The n-th standing: of the n-th listing.
pub fn standing(n: u64, pick: &mut Pick) -> Standing {
    Standing {
        listing: listing_id(n),
        buyers: pick.optional(|_| u32::MAX).unwrap_or_default(),
        counted_at: pick.time(),
    }
}
