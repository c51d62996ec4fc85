//! Redemption: an owning system trades an install token for a manifest, once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Attempt, AttemptId, AttemptState, EntitlementId, Fact, IdempotencyKey, ListingId, Manifest,
    OwningSystem, PersonIdentity, Redemption, Sha256Digest, Timestamp, Version,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{Action, MismatchEffect, Verdict, weigh};
use crate::port::{Counter, CounterFamily, RecordKey, Within};
use crate::token::{InstallToken, TokenDigest};

use crate::marketplace::Acting;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;

mod present;

use present::Presented;

/// A token, and for whom the owning system believes it to be. Subject and tenant come from the
/// system's own session, never from the token.
///
/// ```
/// use fleetprompt_core::domain::PersonIdentity;
/// use fleetprompt_core::marketplace::RedeemRequest;
/// use fleetprompt_core::token::InstallToken;
/// let request = RedeemRequest {
///     token: InstallToken::presented("fpi1.k1.WzFd.c2VjcmV0".to_owned()),
///     expected: PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?),
/// };
/// assert!(!format!("{request:?}").contains("c2VjcmV0"));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedeemRequest {
    /// The token, as it was presented.
    pub token: InstallToken,
    /// The subject and tenant of the system's own session.
    pub expected: PersonIdentity,
}

/// A manifest, byte for byte as it was first answered. `Debug` doesn't show it, since it names
/// people.
///
/// ```
/// use fleetprompt_core::marketplace::RedeemedManifest;
/// fn body(manifest: &RedeemedManifest) -> &[u8] {
///     manifest.as_str().as_bytes()
/// }
/// # let _ = body;
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RedeemedManifest(String);

impl RedeemedManifest {
    /// The manifest as JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The manifest, read.
    ///
    /// # Errors
    /// `internal` when what was kept can't be understood.
    pub fn read(&self) -> Result<Manifest> {
        serde_json::from_str(&self.0).map_err(|_| ErrorCode::Internal.into())
    }
}

impl fmt::Debug for RedeemedManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedeemedManifest(redacted)")
    }
}

/// Whether a token could be redeemed for a subject at one moment: a hint, which permits nothing.
/// For every reason there is, the answer is the same `{"active":false}`.
///
/// ```
/// use fleetprompt_core::marketplace::Introspection;
/// assert_eq!(serde_json::to_string(&Introspection::INACTIVE)?, r#"{"active":false}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Introspection {
    active: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    token: Option<ActiveToken>,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Introspection {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        crate::openapi::active_or_not::<ActiveToken>(
            "Whether a token could be redeemed for a subject at one moment: a hint, which permits \
             nothing. What it stands for is told of an active one alone.",
        )
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Introspection {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        crate::openapi::referred::<ActiveToken>(schemas);
    }
}

impl Introspection {
    /// The token could not be redeemed.
    pub const INACTIVE: Introspection = Introspection { active: false, token: None };

    /// What the token stands for, if it could be redeemed.
    pub fn active(&self) -> Option<&ActiveToken> {
        self.token.as_ref()
    }
}

/// What a token that could be redeemed stands for. Neither subject nor tenant is in here.
///
/// ```
/// use fleetprompt_core::marketplace::{ActiveToken, Introspection};
/// fn title_source(answer: &Introspection) -> Option<&ActiveToken> {
///     answer.active()
/// }
/// # let _ = title_source;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActiveToken {
    /// The attempt.
    pub attempt: AttemptId,
    /// The listing that would be handed over.
    pub listing: ListingId,
    /// The release that would be handed over.
    pub version: Version,
    /// The ownership it rests on.
    pub entitlement: EntitlementId,
    /// From when on the token is worth nothing.
    pub expires_at: Timestamp,
}

impl Acting {
    /// Redeems an install token, as the owning system that it is for.
    ///
    /// The same request under the same key gets the same bytes again, also after the token has
    /// expired and for as long as the attempt is kept, unless what it rests on was withdrawn since.
    /// Under another key a token that was redeemed is refused, and the log
    /// says that it was replayed.
    ///
    /// # Errors
    /// `invalid_token` for whatever is not a token for this system, `subject_mismatch` (the fifth
    /// revokes the attempt), `token_redeemed`, `token_expired`, `attempt_revoked`,
    /// `entitlement_inactive`, `entitlement_revoked`, `release_yanked`, `listing_unavailable`,
    /// `publisher_suspended`, `reference_unconfirmed`, `policy_denied`, `unavailable` (also when
    /// the policy can't be asked, and while the clock is [behind](crate::Marketplace::clock_behind)),
    /// `manifest_unavailable` (the subject was erased).
    pub async fn redeem(
        &self,
        request: RedeemRequest,
        key: &IdempotencyKey,
    ) -> Result<RedeemedManifest> {
        if request.token.expose().len() > InstallToken::MAX_BYTES {
            return Err(ErrorCode::InvalidToken.into());
        }
        let RedeemRequest { token, expected } = request;
        let command = Redeem { digest: token.digest(), token, expected, key };
        let receipt = self.inner().execute(&self.principal, key, &command).await?;
        if let Some(manifest) = receipt.written {
            return Ok(manifest);
        }
        let attempt = self.inner().read::<Attempt>(&RecordKey::attempt(receipt.attempt)).await?;
        attempt
            .and_then(|row| kept_manifest(&row.value))
            .ok_or(ErrorCode::ManifestUnavailable.into())
    }

    /// Reads again the manifest of an attempt that this owning system redeemed. Consumes nothing.
    ///
    /// # Errors
    /// `attempt_not_found`, also when it is another system's, subject's or tenant's;
    /// `manifest_unavailable` when it was not redeemed or its subject was erased; and what has been
    /// withdrawn since, as for [`redeem`](Self::redeem).
    pub async fn manifest_again(
        &self,
        attempt: AttemptId,
        expected: &PersonIdentity,
    ) -> Result<RedeemedManifest> {
        let mut cx = Context::for_reading(self.inner(), &self.principal).await?;
        let system = cx.redeeming_system()?;
        let missing = ErrorCode::AttemptNotFound;
        let attempt = cx.find::<Attempt>(RecordKey::attempt(attempt), missing).await?.value;
        if attempt.system != system.name || !cx.is_addressed(&attempt, expected).await? {
            return Err(missing.into());
        }
        let manifest = kept_manifest(&attempt).ok_or(ErrorCode::ManifestUnavailable)?;
        cx.expect_not_withdrawn(&attempt, system).await?;
        Ok(manifest)
    }

    /// Tells whether a token could be redeemed for `expected` now. Consumes nothing.
    ///
    /// # Errors
    /// `forbidden` for whoever is no owning system, and what keeps the store from answering or the
    /// time from being known; never anything about the token.
    pub async fn introspect(&self, request: &RedeemRequest) -> Result<Introspection> {
        let mut cx = Context::for_reading(self.inner(), &self.principal).await?;
        let system = cx.redeeming_system()?;
        cx.expect_in_time()?;
        let presented = cx.present(system, &request.token, &request.expected, None).await?;
        let Some(presented) = presented else { return Ok(Introspection::INACTIVE) };
        let context = presented.attempt.context.as_ref();
        let allowed = weigh(Some(&presented.facts)) == Verdict::Redeem
            && cx.ask_policy(&request.expected, system, context).await.is_ok();
        if !allowed {
            return Ok(Introspection::INACTIVE);
        }
        let Attempt { id, listing, version, entitlement, expires_at, .. } = presented.attempt;
        let token = ActiveToken { attempt: id, listing, version, entitlement, expires_at };
        Ok(Introspection { active: true, token: Some(token) })
    }
}

/// The manifest that an attempt's redemption left behind.
fn kept_manifest(attempt: &Attempt) -> Option<RedeemedManifest> {
    attempt.redemption.as_ref()?.manifest.clone().map(RedeemedManifest)
}

/// The request is known by the token's digest: the token itself goes no further than the MAC.
#[derive(Serialize)]
struct Redeem<'a> {
    digest: TokenDigest,
    #[serde(skip)]
    token: InstallToken,
    expected: PersonIdentity,
    #[serde(skip)]
    key: &'a IdempotencyKey,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedeemReceipt {
    attempt: AttemptId,
    /// The manifest, from the commit that wrote it down; whoever is told later reads it there.
    #[serde(skip)]
    written: Option<RedeemedManifest>,
}

impl Command for Redeem<'_> {
    const OPERATION: &'static str = "install.redeem";
    type Receipt = RedeemReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<RedeemReceipt> {
        let system = cx.redeeming_system()?;
        let presented = cx.present(system, &self.token, &self.expected, Some(self.key)).await?;
        let verdict = weigh(presented.as_ref().map(|presented| &presented.facts));
        let Some(presented) = presented else { return Err(ErrorCode::InvalidToken.into()) };
        let attempt = presented.attempt.id;
        match verdict {
            Verdict::Invalid => Err(ErrorCode::InvalidToken.into()),
            Verdict::Mismatch(effect) => {
                cx.note_mismatch(presented.attempt, system, effect);
                Err(ErrorCode::SubjectMismatch.into())
            }
            Verdict::RedeemedBefore => {
                cx.leave_trace();
                cx.event(Fact::ReplayDetected { attempt, system: system.name.clone() });
                Err(ErrorCode::TokenRedeemed.into())
            }
            Verdict::Refused(code) => {
                if code == ErrorCode::TokenExpired {
                    // By the log's time, which may be wrong.
                    cx.expect_in_time()?;
                }
                Err(code.into())
            }
            Verdict::Replay => Ok(RedeemReceipt { attempt, written: None }),
            Verdict::Redeem => {
                cx.expect_in_time()?;
                let context = presented.attempt.context.as_ref();
                cx.ask_policy(&self.expected, system, context).await?;
                cx.mark_buyer(&presented.attempt, &self.expected).await?;
                let manifest = cx.manifest(&presented, system, &self.expected)?;
                cx.redeem(presented, system, self.key, manifest.clone());
                Ok(RedeemReceipt { attempt, written: Some(RedeemedManifest(manifest)) })
            }
        }
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&RedeemReceipt>,
    ) -> Result<()> {
        let system = cx.redeeming_system()?;
        let Some(receipt) = receipt else { return Ok(()) };
        let key = RecordKey::attempt(receipt.attempt);
        let attempt = cx.find::<Attempt>(key, ErrorCode::ManifestUnavailable).await?.value;
        cx.expect_not_withdrawn(&attempt, system).await
    }
}

impl<'m> Context<'m> {
    /// The owning system that acts. Its name in the registry decides which keys are tried.
    fn redeeming_system(&mut self) -> Result<&'m OwningSystem> {
        self.system()?;
        self.require(Action::RedeemToken)?;
        self.market.acting_system(self.principal)
    }

    /// Refuses to hand over again what was withdrawn since it was redeemed.
    async fn expect_not_withdrawn(
        &mut self,
        attempt: &Attempt,
        system: &OwningSystem,
    ) -> Result<()> {
        let (_, grounds) = self.grounds_of(attempt, system).await?;
        grounds.withdrawal().map_or(Ok(()), |code| Err(code.into()))
    }

    /// Counts a mismatch, if the attempt is still open, and leaves it as it is otherwise.
    fn note_mismatch(&mut self, attempt: Attempt, system: &OwningSystem, effect: MismatchEffect) {
        if effect == MismatchEffect::None {
            return;
        }
        self.leave_trace();
        self.event(Fact::MismatchDetected { attempt: attempt.id, system: system.name.clone() });
        let mismatches = attempt.mismatches.saturating_add(1);
        let counted = Attempt { mismatches, ..attempt };
        if effect == MismatchEffect::Revokes {
            self.revoke_attempt(counted);
        } else {
            self.put(counted);
        }
    }

    /// Writes the redemption down, with everything that a retry needs.
    fn redeem(
        &mut self,
        presented: Presented,
        system: &OwningSystem,
        key: &IdempotencyKey,
        manifest: String,
    ) {
        let Presented { attempt, fingerprint, .. } = presented;
        let (id, listing) = (attempt.id, attempt.listing);
        let family = CounterFamily::Redeemed;
        let counter = Counter::installs(family, listing, self.now.day(), &attempt.version);
        self.count(counter, 1, Within::Any);
        let redemption = Redemption {
            at: self.now,
            key_digest: key_digest(key),
            fingerprint,
            manifest: Some(manifest),
        };
        let (state, redemption) = (AttemptState::Redeemed, Some(redemption));
        self.put(Attempt { state, redemption, ..attempt });
        let system = system.name.clone();
        self.event(Fact::InstallRedeemed { attempt: id, listing, system });
    }
}

fn key_digest(key: &IdempotencyKey) -> Sha256Digest {
    Sha256Digest::of(key.as_str().as_bytes())
}
