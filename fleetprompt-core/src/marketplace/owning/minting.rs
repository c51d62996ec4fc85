//! Making the token of an attempt: once when it is issued, and again when its answer was lost.

use crate::domain::{Attempt, AttemptStatus, Deployment, DeploymentId, PersonIdentity};
use crate::error::{ErrorCode, Result};
use crate::port::RecordKey;
use crate::token::{
    Audience, Claims, DerivedKey, InstallToken, KeyId, KeyRing, KeyScope, Purpose, ReleaseDigest,
    token_id,
};

use crate::marketplace::Inner;
use crate::marketplace::writing::context::Context;

/// The two keys that make tokens for one audience under one kid.
struct MintingKeys {
    token: DerivedKey,
    id: DerivedKey,
}

impl Context<'_> {
    /// Which copy of the data this is, as the store says now: another process may have fenced it.
    pub(super) async fn deployment(&mut self) -> Result<DeploymentId> {
        let found =
            self.find::<Deployment>(RecordKey::deployment(), ErrorCode::Unavailable).await?;
        self.market.adopt(&found.value);
        Ok(found.value.id)
    }

    /// The token of a new attempt, under the active key.
    pub(super) async fn mint(
        &mut self,
        attempt: &Attempt,
        audience: &Audience,
        holder: &PersonIdentity,
    ) -> Result<(KeyId, InstallToken)> {
        let deployment = self.deployment().await?;
        let ring = self.market.keys();
        let kid = *ring.active();
        let keys = self.market.minting_keys(&ring, &kid, deployment, audience);
        let keys = keys.ok_or(ErrorCode::Unavailable)?;
        let token =
            InstallToken::mint(&keys.token, &self.market.claims(attempt, audience, holder, &keys)?);
        Ok((kid, token))
    }

    /// The token of an attempt that was issued before, made again from its record under the key
    /// that made it. `None` once it is worth nothing: redeemed, revoked, expired, its key not in
    /// use any more, or the marketplace fenced since.
    pub(super) async fn mint_again(
        &mut self,
        attempt: &Attempt,
        holder: &PersonIdentity,
    ) -> Result<Option<InstallToken>> {
        let Some(issued) = &attempt.token else { return Ok(None) };
        let Some(system) = self.market.systems.named(&attempt.system) else { return Ok(None) };
        if attempt.status(self.now) != AttemptStatus::Issued {
            return Ok(None);
        }
        self.expect_in_time()?;
        let deployment = self.deployment().await?;
        let ring = self.market.keys();
        let keys = self.market.minting_keys(&ring, &issued.kid, deployment, &system.audience);
        let Some(keys) = keys else { return Ok(None) };
        let claims = self.market.claims(attempt, &system.audience, holder, &keys)?;
        let token = InstallToken::mint(&keys.token, &claims);
        Ok((token.digest().as_bytes() == issued.digest.as_bytes()).then_some(token))
    }
}

impl Inner {
    fn minting_keys(
        &self,
        ring: &KeyRing,
        kid: &KeyId,
        deployment: DeploymentId,
        audience: &Audience,
    ) -> Option<MintingKeys> {
        let handover = KeyScope::handover(deployment, &self.issuer, audience);
        Some(MintingKeys {
            token: ring.derive(kid, Purpose::InstallToken, &handover)?,
            id: ring.derive(kid, Purpose::TokenId, &KeyScope::own(deployment))?,
        })
    }

    fn claims(
        &self,
        attempt: &Attempt,
        audience: &Audience,
        holder: &PersonIdentity,
        keys: &MintingKeys,
    ) -> Result<Claims> {
        Ok(Claims {
            issuer: self.issuer.clone(),
            audience: audience.clone(),
            subject: holder.subject().as_str().parse()?,
            tenant: holder.tenant().name().parse()?,
            attempt: attempt.id,
            listing: attempt.listing,
            release: attempt.version.as_str().parse()?,
            release_digest: ReleaseDigest::from_bytes(*attempt.release_digest.as_bytes()),
            entitlement: attempt.entitlement,
            issued: attempt.issued_at,
            expires: attempt.expires_at,
            token_id: token_id(&keys.id, attempt.id),
        })
    }
}
