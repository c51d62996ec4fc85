//! What a presented token comes to: its attempt, and the facts to decide by.

use crate::domain::{
    Attempt, Entitlement, IdempotencyKey, Manifest, ManifestAuthorization, ManifestEntitlement,
    ManifestReference, ManifestRelease, ManifestSchema, OwningSystem, Person, PersonIdentity,
    Redemption, Sha256Digest,
};
use crate::error::{ErrorCode, Result};
use crate::marketplace::owning::grounds::Handed;
use crate::marketplace::writing::context::Context;
use crate::policy::{Grounds, Presentation};
use crate::port::{RecordKey, Versioned};
use crate::token::{InstallToken, KeyScope, Purpose, UnverifiedToken};

use super::key_digest;

/// A genuine token: the attempt it belongs to, and what the records say.
pub(super) struct Presented {
    pub(super) attempt: Attempt,
    pub(super) facts: Presentation,
    /// What this request is, keyed: kept with the redemption that it makes.
    pub(super) fingerprint: Sha256Digest,
    entitlement: Option<Versioned<Entitlement>>,
    handed: Handed,
}

impl Context<'_> {
    /// Looks a token up that `system` presents for `expected`. `None` when it is not genuine:
    /// malformed, of an unknown or revoked key, for another system, or never issued.
    pub(super) async fn present(
        &mut self,
        system: &OwningSystem,
        token: &InstallToken,
        expected: &PersonIdentity,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Presented>> {
        let Some((attempt, fingerprint)) = self.attempt_of(token, system, expected).await? else {
            return Ok(None);
        };
        self.read_ahead_of(&attempt, expected, key.is_some()).await?;
        let (handed, grounds) = self.grounds_of(&attempt, system).await?;
        let facts = Presentation {
            addressed: self.is_addressed(&attempt, expected).await?,
            status: attempt.status(self.now),
            mismatches: attempt.mismatches,
            same_request: is_same(attempt.redemption.as_ref(), key, fingerprint),
            grounds,
        };
        Ok(Some(Presented {
            entitlement: self.get(RecordKey::entitlement(attempt.entitlement)).await?,
            attempt,
            facts,
            fingerprint,
            handed,
        }))
    }

    /// The attempt that a genuine token belongs to, and the fingerprint of presenting it for
    /// `expected`.
    ///
    /// The key is that of the system which authenticated. Of the claims, only the attempt's id is
    /// used, and only to find the record whose digest proves the token.
    async fn attempt_of(
        &mut self,
        token: &InstallToken,
        system: &OwningSystem,
        expected: &PersonIdentity,
    ) -> Result<Option<(Attempt, Sha256Digest)>> {
        let Ok(unverified) = UnverifiedToken::parse(token.expose()) else { return Ok(None) };
        let deployment = self.deployment().await?;
        let ring = self.market.keys();
        let scope = KeyScope::handover(deployment, &self.market.issuer, &system.audience);
        let verifier = ring.derive(unverified.kid(), Purpose::InstallToken, &scope);
        let fingerprints = ring.derive_known(
            unverified.kid(),
            Purpose::Fingerprint,
            &self.market.fingerprint_scope(),
        );
        let (Some(verifier), Some(fingerprints)) = (verifier, fingerprints) else {
            return Ok(None);
        };
        let Ok(claims) = unverified.verify(&verifier, &system.audience) else { return Ok(None) };
        let Some(found) = self.get::<Attempt>(RecordKey::attempt(claims.attempt)).await? else {
            return Ok(None);
        };
        let (attempt, digest) = (found.value, token.digest());
        let is_its_token = attempt.system == system.name
            && attempt
                .token
                .as_ref()
                .is_some_and(|kept| kept.digest.as_bytes() == digest.as_bytes());
        if !is_its_token {
            return Ok(None);
        }
        let subject = expected.natural_key();
        let fingerprint = fingerprints.keyed_digest(&[digest.as_bytes(), subject.as_bytes()]);
        Ok(Some((attempt, Sha256Digest::from_bytes(fingerprint))))
    }

    /// Reads ahead what a presented token is judged by, and what its redemption writes to.
    async fn read_ahead_of(
        &mut self,
        attempt: &Attempt,
        expected: &PersonIdentity,
        redeems: bool,
    ) -> Result<()> {
        let mut keys = vec![
            RecordKey::entitlement(attempt.entitlement),
            RecordKey::release(attempt.listing, &attempt.version),
            RecordKey::listing(attempt.listing),
            RecordKey::publisher(attempt.publisher),
            RecordKey::person(expected),
        ];
        if redeems {
            keys.push(RecordKey::membership(attempt.publisher, attempt.person));
            keys.extend(self.market.buyer_marks(attempt.listing, attempt.tenant));
        }
        self.read_ahead(keys).await
    }

    /// Whether an attempt belongs to this subject in this tenant.
    pub(super) async fn is_addressed(
        &mut self,
        attempt: &Attempt,
        expected: &PersonIdentity,
    ) -> Result<bool> {
        let person = self.get::<Person>(RecordKey::person(expected)).await?;
        Ok(person.is_some_and(|row| {
            (row.value.id, row.value.tenant) == (attempt.person, attempt.tenant)
        }))
    }

    /// What an attempt rests on, as it is now.
    pub(super) async fn grounds_of(
        &mut self,
        attempt: &Attempt,
        system: &OwningSystem,
    ) -> Result<(Handed, Grounds)> {
        let entitlement =
            self.get::<Entitlement>(RecordKey::entitlement(attempt.entitlement)).await?;
        let handed = self.handed(attempt.listing, attempt.publisher, &attempt.version).await?;
        let entitlement = entitlement.as_ref().map(|row| &row.value);
        let asset = (attempt.publisher, attempt.upstream_id.as_ref());
        let grounds = handed.grounds(entitlement, asset, system, self.now);
        Ok((handed, grounds))
    }

    /// The manifest of a token that is being redeemed: written out once, and kept as it is.
    pub(super) fn manifest(
        &self,
        presented: &Presented,
        system: &OwningSystem,
        holder: &PersonIdentity,
    ) -> Result<String> {
        let Presented { attempt, handed, entitlement, .. } = presented;
        let (Some(listing), Some(release), Some(entitlement)) =
            (&handed.listing, &handed.release, entitlement)
        else {
            return Err(ErrorCode::Internal.into());
        };
        let ends = entitlement.value.window.ends_at();
        let valid_until = self.now.plus(Manifest::VALID_FOR);
        let manifest = Manifest {
            schema_version: ManifestSchema::V1,
            attempt: attempt.id,
            listing: attempt.listing,
            publisher: attempt.publisher,
            release: ManifestRelease {
                version: attempt.version.clone(),
                digest: attempt.release_digest,
            },
            reference: ManifestReference {
                system: system.name.clone(),
                asset: listing.asset.clone(),
                deployment_pin: release.content.deployment_pin.clone(),
                confirmed: handed.confirmed,
            },
            context: attempt.context.clone(),
            subject: holder.subject().as_str().parse()?,
            tenant: holder.tenant().name().parse()?,
            entitlement: ManifestEntitlement {
                id: entitlement.value.id,
                status: entitlement.value.status(self.now),
                as_of: self.now,
            },
            capabilities: release.content.capabilities.clone(),
            secrets: release.content.secrets.clone(),
            valid_until: ends.map_or(valid_until, |ends| ends.min(valid_until)),
            authorization: ManifestAuthorization::None,
        };
        serde_json::to_string(&manifest).map_err(|_| ErrorCode::Internal.into())
    }
}

/// Whether the request under `key` is the one that redeemed the attempt.
fn is_same(
    redemption: Option<&Redemption>,
    key: Option<&IdempotencyKey>,
    fingerprint: Sha256Digest,
) -> bool {
    redemption.zip(key).is_some_and(|(redemption, key)| {
        redemption.key_digest == key_digest(key) && redemption.fingerprint == fingerprint
    })
}
