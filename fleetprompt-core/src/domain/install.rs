//! Install attempts and the confirmation of references.

use serde::{Deserialize, Serialize};

use super::id::{AttemptId, EntitlementId, ListingId, PersonId, PublisherId, TenantId};
use super::time::{Span, Timestamp};
use super::version::Version;
use super::vocabulary::{AssetKind, AttemptState, AttemptStatus, BindingState, InstallMethod};
use super::{Reason, Sha256Digest, SystemName, TargetContext, UpstreamId};
use crate::token::KeyId;

/// An audit record that a hand-over began. Never proof that an install happened: that fact lives
/// in the owning system (specification, section 2.3).
///
/// ```
/// use fleetprompt_core::domain::{Attempt, AttemptStatus, Span};
/// # let id = "01940000-0000-7000-8000-000000000001";
/// # let attempt: Attempt = serde_json::from_value(serde_json::json!({
/// #     "id": id, "listing": id, "publisher": id, "version": "1.0.0",
/// #     "releaseDigest": format!("sha256:{}", "0".repeat(64)), "system": "whs", "entitlement": id,
/// #     "tenant": id, "person": id, "method": "deep_link", "state": "issued",
/// #     "issuedAt": "2026-01-01T00:00:00Z", "expiresAt": "2026-01-01T00:05:00Z",
/// # }))?;
/// let issued = Attempt { expires_at: attempt.issued_at.plus(Span::minutes(5)), ..attempt };
/// assert_eq!(issued.status(issued.issued_at), AttemptStatus::Issued);
/// assert_eq!(issued.status(issued.expires_at), AttemptStatus::Expired);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The attempt's id. No credential.
    pub id: AttemptId,
    /// The listing that is handed over.
    pub listing: ListingId,
    /// Whose listing it is.
    pub publisher: PublisherId,
    /// The release that is handed over.
    pub version: Version,
    /// The digest of that release.
    pub release_digest: Sha256Digest,
    /// The system that takes it over.
    pub system: SystemName,
    /// What that system calls the asset that is handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_id: Option<UpstreamId>,
    /// Where in that system it should go: a hint that the system shows, confirms and checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<TargetContext>,
    /// The ownership it rests on.
    pub entitlement: EntitlementId,
    /// The buyer's tenant.
    pub tenant: TenantId,
    /// The buyer.
    pub person: PersonId,
    /// Deep link or token.
    pub method: InstallMethod,
    /// What stands behind the token; `None` for a deep link, which can't be redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<IssuedToken>,
    /// What has been decided about it; time is not in here.
    pub state: AttemptState,
    /// Present once redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redemption: Option<Redemption>,
    /// How often it was presented for another subject or tenant than its own.
    #[serde(default)]
    pub mismatches: u8,
    /// When it began.
    pub issued_at: Timestamp,
    /// From when on it can't be redeemed, nor followed.
    pub expires_at: Timestamp,
}

impl Attempt {
    /// What the attempt is worth at `now`.
    pub fn status(&self, now: Timestamp) -> AttemptStatus {
        match self.state {
            AttemptState::Redeemed => AttemptStatus::Redeemed,
            AttemptState::Revoked => AttemptStatus::Revoked,
            AttemptState::Issued if now >= self.expires_at => AttemptStatus::Expired,
            AttemptState::Issued => AttemptStatus::Issued,
        }
    }
}

/// What is kept of an install token: enough to know it again, not enough to make it.
///
/// ```
/// use fleetprompt_core::domain::{IssuedToken, Sha256Digest};
/// let token = "fpi1.k1.payload.mac";
/// let kept = IssuedToken { kid: "k1".parse()?, digest: Sha256Digest::of(token.as_bytes()) };
/// assert_eq!(kept.digest, Sha256Digest::of(b"fpi1.k1.payload.mac"));
/// assert_ne!(kept.digest, Sha256Digest::of(b"fpi1.k1.another.mac"));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken {
    /// The key it was made with.
    pub kid: KeyId,
    /// SHA-256 of the whole token.
    pub digest: Sha256Digest,
}

/// What a redemption left behind.
///
/// ```
/// use fleetprompt_core::domain::{IdempotencyKey, Redemption, Sha256Digest, Timestamp};
/// let key: IdempotencyKey = "redeem-attempt-7".parse()?;
/// let redemption = Redemption {
///     at: Timestamp::MIN,
///     key_digest: Sha256Digest::of(key.as_str().as_bytes()),
///     fingerprint: Sha256Digest::of(b"keyed digest of the request"),
///     manifest: None,
/// };
/// // Another key than the one that won is told apart without keeping either.
/// assert_ne!(redemption.key_digest, Sha256Digest::of(b"redeem-attempt-8"));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redemption {
    /// When.
    pub at: Timestamp,
    /// SHA-256 of the idempotency key that won.
    pub key_digest: Sha256Digest,
    /// Keyed digest of the request that won.
    pub fingerprint: Sha256Digest,
    /// The manifest, byte for byte as it was answered; `None` once the subject was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
}

/// Whether an owning system lets a publisher offer one of its assets. References are confirmed,
/// not believed: anyone can type an upstream id.
///
/// ```
/// use fleetprompt_core::domain::{Binding, PublisherId};
/// # let id = "01940000-0000-7000-8000-000000000001";
/// # let binding: Binding = serde_json::from_value(serde_json::json!({
/// #     "publisher": id, "tenant": id, "system": "whs", "kind": "whs_agent",
/// #     "upstreamId": "agent/42", "state": "pending", "createdAt": "2026-01-01T00:00:00Z",
/// # }))?;
/// let squatter = Binding { publisher: PublisherId::from_bytes([9; 16]), ..binding.clone() };
/// // Both may type the id; which of them may offer it, the owning system says of each.
/// assert_eq!(binding.upstream_id, squatter.upstream_id);
/// assert_ne!(binding.key(), squatter.key());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The publisher that offers the asset.
    pub publisher: PublisherId,
    /// The publisher's tenant, as it was when the system was asked.
    pub tenant: TenantId,
    /// The system that owns the asset.
    pub system: SystemName,
    /// Which kind of asset.
    pub kind: AssetKind,
    /// The system's id of the asset.
    pub upstream_id: UpstreamId,
    /// What the system answered.
    pub state: BindingState,
    /// Why, when it was an operator who decided, or when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the question came up.
    pub created_at: Timestamp,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}

/// That a tenant of this keyed hash redeemed a listing: how distinct buyers are counted without
/// knowing them. Pruned after 90 days.
///
/// ```
/// use fleetprompt_core::domain::{BUYER_MARK_KEPT, BuyerMark, ListingId, Sha256Digest, Timestamp};
/// use fleetprompt_core::port::{Column, Record};
/// let last_at: Timestamp = "2026-01-31T12:00:00Z".parse()?;
/// let buyer = Sha256Digest::of(b"keyed hash of listing and tenant");
/// let listing = ListingId::from_bytes([1; 16]);
/// let row = Record::from(BuyerMark { listing, buyer, first_at: last_at, last_at });
/// let served = last_at.plus(BUYER_MARK_KEPT).as_millis();
/// assert_eq!(row.column(Column::ExpiresAt), Some(served.into()));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuyerMark {
    /// The listing.
    pub listing: ListingId,
    /// Keyed hash of listing and tenant.
    pub buyer: Sha256Digest,
    /// When the tenant first redeemed it.
    pub first_at: Timestamp,
    /// When the tenant redeemed it for the first time on the last day on which it did.
    pub last_at: Timestamp,
}

impl BuyerMark {
    /// The first moment of which a redemption still counts at `now`. Whole days, so that a buyer
    /// comes and goes at midnight and a count stays the same all day.
    ///
    /// ```
    /// use fleetprompt_core::domain::BuyerMark;
    /// let noon = "2026-04-01T12:00:00Z".parse()?;
    /// assert_eq!(BuyerMark::oldest_counted(noon).to_string(), "2026-01-01T00:00:00Z");
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn oldest_counted(now: Timestamp) -> Timestamp {
        now.day().start().minus(BUYER_MARK_KEPT)
    }
}

/// How long a buyer counts among the distinct buyers of a listing.
pub const BUYER_MARK_KEPT: Span = Span::days(90);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_ends_what_is_issued_and_nothing_else() {
        use AttemptStatus::{Expired, Issued, Redeemed, Revoked};
        let issued_at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let expires_at = issued_at.plus(Span::minutes(5));
        let last_moment = expires_at.minus(Span::millis(1));
        let attempt = |state| Attempt {
            id: AttemptId::from_bytes([1; 16]),
            listing: ListingId::from_bytes([2; 16]),
            publisher: PublisherId::from_bytes([3; 16]),
            version: "1.0.0".parse().unwrap(),
            release_digest: Sha256Digest::of(b"release"),
            system: "whs".parse().unwrap(),
            upstream_id: None,
            context: None,
            entitlement: EntitlementId::from_bytes([4; 16]),
            tenant: TenantId::from_bytes([5; 16]),
            person: PersonId::from_bytes([6; 16]),
            method: InstallMethod::DeepLink,
            token: None,
            state,
            redemption: None,
            mismatches: 0,
            issued_at,
            expires_at,
        };
        let table = [
            (AttemptState::Issued, [Issued, Issued, Expired, Expired]),
            (AttemptState::Redeemed, [Redeemed; 4]),
            (AttemptState::Revoked, [Revoked; 4]),
        ];
        assert_eq!(table.len(), AttemptState::ALL.len());
        for (state, row) in table {
            let attempt = attempt(state);
            let times = [issued_at, last_moment, expires_at, Timestamp::MAX];
            assert_eq!(times.map(|now| attempt.status(now)), row, "{state}");
        }
    }
}
