//! What operators do about keys and restored stores: everything that was issued is revoked.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Actor, Attempt, AttemptId, AttemptState, Deployment, DeploymentId, Fact, IdempotencyKey,
    Reason, Span, Timestamp,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{
    ColumnValue, Committed, PageKey, PageSize, RecordKey, Refusal, Scan, StoreError, Versioned,
};
use crate::token::{KeyId, KeyState};

use crate::marketplace::Acting;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;

/// How many attempts are revoked in one commit.
const STEP: PageSize = PageSize::new(100);

/// How far before the end of a log the time of what followed it may lie: a commit can come behind others
/// that were decided later, by a clock that was ahead. As long as the longest token lives.
const DOUBT: Span = Span::minutes(10);

/// How often in a row others may get in the way of one step.
const TRIES: u32 = 24;

/// What revoking the attempts of a key answers.
///
/// ```
/// use fleetprompt_core::domain::Timestamp;
/// use fleetprompt_core::marketplace::KeyRevocationReceipt;
/// let receipt = KeyRevocationReceipt { kid: "k1".parse()?, revoked: 3, at: Timestamp::MIN };
/// assert_eq!(receipt.revoked, 3);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyRevocationReceipt {
    /// The key.
    pub kid: KeyId,
    /// How many issued attempts were revoked by the run that finished.
    pub revoked: u64,
    /// When it finished.
    pub at: Timestamp,
}

/// What fencing a store answers.
///
/// ```
/// use fleetprompt_core::domain::{DeploymentId, Timestamp};
/// use fleetprompt_core::marketplace::FenceReceipt;
/// let id = DeploymentId::from_bytes([1; 16]);
/// let receipt = FenceReceipt { deployment: id, revoked: 3, at: Timestamp::MIN };
/// assert_eq!(receipt.deployment, id);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FenceReceipt {
    /// Which copy of the data this is from now on.
    pub deployment: DeploymentId,
    /// How many issued attempts were revoked by the run that finished.
    pub revoked: u64,
    /// When it finished.
    pub at: Timestamp,
}

impl Acting {
    /// Revokes all attempts that are issued under a key which is revoked in the ring, a hundred at a
    /// time. Those that have expired stay as they are. After a crash, the same call goes on where it
    /// stopped.
    ///
    /// First give every process a ring in which the key is revoked
    /// ([`set_keys`](crate::Marketplace::set_keys)); from then on nothing verifies or is issued
    /// under it.
    ///
    /// # Errors
    /// `forbidden`; `wrong_state` while the ring has the key in use, or does not know it.
    pub async fn revoke_key(
        &self,
        kid: KeyId,
        key: &IdempotencyKey,
    ) -> Result<KeyRevocationReceipt> {
        self.inner().execute(&self.principal, key, &RevokeKey { kid }).await
    }

    /// Fences a store that was restored from a backup or promoted with losses, before it serves
    /// anyone: in it, attempts that were redeemed may look issued. All attempts that were issued at
    /// the end of its log, or had expired in the ten minutes before, are revoked, however long ago
    /// that is by now: what was lost may have redeemed them. And the store becomes another
    /// deployment, for which no token was ever made. After a crash, the same call goes on where it
    /// stopped.
    ///
    /// Another process that has the store open refuses tokens and cursors of the change feed from
    /// before at once, since it asks the store. It takes over the new id as it does, and has cursors of
    /// lists and offline keys by the old one until then.
    ///
    /// If the clock is [behind](crate::Marketplace::clock_behind) the log, it is the clock that is
    /// believed from then on: no token of the log's time is left.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn fence(&self, reason: Reason, key: &IdempotencyKey) -> Result<FenceReceipt> {
        let fence = Fence { reason };
        let receipt = self.inner().execute(&self.principal, key, &fence).await?;
        let (revoked, reason) = (receipt.revoked, fence.reason.as_str());
        tracing::warn!(revoked, reason, "the store is fenced");
        self.inner().adopt_deployment().await?;
        Ok(receipt)
    }
}

impl crate::marketplace::Inner {
    /// The deployment id that the store has now, which is taken over: another process may have
    /// fenced it.
    pub(in crate::marketplace) async fn adopt_deployment(&self) -> Result<DeploymentId> {
        if let Some(found) = self.read::<Deployment>(&RecordKey::deployment()).await? {
            self.adopt(&found.value);
        }
        Ok(self.deployment())
    }

    /// Takes over what was read as the store's deployment.
    pub(in crate::marketplace) fn adopt(&self, deployment: &Deployment) {
        if self.deployment() != deployment.id {
            let mut held =
                self.deployment.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            held.clone_from(deployment);
        }
    }
}

impl Context<'_> {
    /// Revokes the attempts that are stored as issued, of one key or of all, and that expire after
    /// `since`, each step in a commit of its own; answers how many.
    async fn revoke_issued(
        &self,
        kid: Option<KeyId>,
        since: Timestamp,
        actor: &Actor,
    ) -> Result<u64> {
        let market = self.market;
        let until = market.head().await?.last;
        let (scan, first) = (Scan::AttemptsByExpiry, AttemptId::from_bytes([0; 16]));
        let mut after =
            PageKey { order: ColumnValue::Integer(since.as_millis()), id: first.to_string() };
        let is_meant = |row: &Versioned<Attempt>| {
            let its_kid = row.value.token.as_ref().map(|token| token.kid);
            row.value.state == AttemptState::Issued
                && row.value.expires_at > since
                && row.created <= until
                && (kid.is_none() || kid == its_kid)
        };
        let (mut revoked, mut tries) = (0, 0);
        while tries < TRIES {
            let rows = market.list::<Attempt>(&scan, Some(&after), STEP).await?;
            let mut cx = Context::for_reading(market, self.principal).await?;
            cx.acts(actor.clone());
            let step = cx.revoke_all(rows.iter().filter(|row| is_meant(row))).await?;
            if step > 0 {
                match market.store.commit(cx.into_commit()).await {
                    Ok(Committed::Applied { .. }) => (revoked, tries) = (revoked + step, 0),
                    // Somebody redeemed or revoked one of them: the same ones are read again.
                    Ok(Committed::Refused(Refusal::Conflict(_)) | Committed::Replayed(_))
                    | Err(StoreError::OutcomeUnknown(_)) => {
                        tries += 1;
                        continue;
                    }
                    Ok(Committed::Refused(_)) => return Err(ErrorCode::Internal.into()),
                    Err(error) => return Err(market.store_error(&error)),
                }
            }
            match rows.last().filter(|_| rows.len() == usize::from(STEP.get())) {
                Some(last) => after = scan.plan().page_key(&last.clone().map(Into::into)),
                None => return Ok(revoked),
            }
        }
        Err(ErrorCode::Contended.into())
    }

    /// Revokes those of some attempts that are still stored as issued.
    async fn revoke_all(
        &mut self,
        rows: impl Iterator<Item = &Versioned<Attempt>> + Send,
    ) -> Result<u64> {
        let mut revoked = 0;
        for row in rows {
            let found = self.get::<Attempt>(RecordKey::attempt(row.value.id)).await?;
            if let Some(found) = found
                && found.value.state == AttemptState::Issued
            {
                self.revoke_attempt(found.value);
                revoked += 1;
            }
        }
        Ok(revoked)
    }

    async fn operating_actor(&mut self) -> Result<Actor> {
        let id = self.operator(Action::OperateMarketplace).await?.person;
        Ok(Actor::Operator { id })
    }
}

#[derive(Serialize)]
struct RevokeKey {
    kid: KeyId,
}

impl Command for RevokeKey {
    const OPERATION: &'static str = "key.revoke";
    type Receipt = KeyRevocationReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<KeyRevocationReceipt> {
        let actor = cx.operating_actor().await?;
        if cx.market.keys().state(&self.kid) != Some(KeyState::Revoked) {
            return Err(ErrorCode::WrongState.into());
        }
        let revoked = cx.revoke_issued(Some(self.kid), cx.now, &actor).await?;
        cx.event(Fact::KeyRevoked { kid: self.kid, revoked });
        Ok(KeyRevocationReceipt { kid: self.kid, revoked, at: cx.now })
    }

    async fn may_replay(
        &self,
        cx: &mut Context<'_>,
        _: Option<&KeyRevocationReceipt>,
    ) -> Result<()> {
        cx.require(Action::OperateMarketplace)
    }
}

#[derive(Serialize)]
struct Fence {
    reason: Reason,
}

impl Command for Fence {
    const OPERATION: &'static str = "marketplace.fence";
    type Receipt = FenceReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<FenceReceipt> {
        let actor = cx.operating_actor().await?;
        // Whatever was lost followed the end of the log, so it redeemed nothing that had expired by
        // then: the time is never before the log's. What had is told as it was, and not gone over. Where the
        // log's end was written by a clock that was ahead, the fence goes by the clock of now.
        let ends = cx.market.head().await?.at.min(cx.market.clock.now());
        let revoked = cx.revoke_issued(None, ends.minus(DOUBT), &actor).await?;
        // Read as an expectation, so that nothing is issued or redeemed across the change.
        let key = RecordKey::deployment();
        let before = cx.find::<Deployment>(key, ErrorCode::Unavailable).await?.value;
        let disregarded = before.disregarded.max(cx.behind.map(|_| cx.now));
        if cx.behind.is_some() {
            cx.now = cx.market.clock.now();
        }
        let (deployment, at) = (cx.id(DeploymentId::from_bytes), cx.now);
        cx.put(Deployment { id: deployment, since: at, disregarded, ..before });
        cx.event(Fact::DeploymentRenewed { revoked });
        Ok(FenceReceipt { deployment, revoked, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&FenceReceipt>) -> Result<()> {
        cx.require(Action::OperateMarketplace)
    }
}
