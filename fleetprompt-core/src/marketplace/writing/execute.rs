//! The one way through for writes: look the key up, replay or decide, commit once.

use std::future::Future;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{IdempotencyKey, Span, Timestamp};
use crate::error::{Error, ErrorCode, Result};
use crate::port::{
    Commit, Committed, CounterFamily, Fingerprint, IdempotencyScope, NameScope, NewReceipt,
    Principal, RECEIPT_MAX_BYTES, Refusal, StoreError, StoredReceipt,
};
use crate::token::Purpose;

use super::context::Context;
use super::inspecting::inspect;
use crate::marketplace::Inner;

/// How often a decision is made again after others changed what it rested on.
const ROUNDS: u32 = 24;

/// How long an answer is kept for retries.
pub(super) const RECEIPT_KEPT: Span = Span::hours(48);

/// A write: its input, serialised as the fingerprint of the request, and the decision on it.
///
/// A command is the whole of what was asked, precondition included, so that nothing a caller says
/// can be left out of the fingerprint.
pub(in crate::marketplace) trait Command: Serialize + Sync {
    /// The operation's name: part of the idempotency scope, and stable.
    const OPERATION: &'static str;
    /// What is kept as the answer: ids, states, revisions and times, never a secret.
    type Receipt: Serialize + DeserializeOwned + Send;

    /// Authorises and decides. Reads go through the context, which turns each into an expectation.
    fn decide(&self, cx: &mut Context<'_>) -> impl Future<Output = Result<Self::Receipt>> + Send;

    /// Whether the principal may still be told the kept answer: a receipt, or a refusal if there is
    /// none.
    fn may_replay(
        &self,
        cx: &mut Context<'_>,
        receipt: Option<&Self::Receipt>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Told when nobody knows whether a commit of it was applied. What it answers in the end may
    /// then be a refusal although it was.
    fn outcome_unknown(&self) {}
}

/// A write that takes work before it can be decided: nobody gets the work done who could not
/// have the write.
pub(in crate::marketplace) trait Laborious: Command {
    /// What the work goes by.
    type Leave: Send;

    /// All of the decision that does not rest on the work. Nothing comes of what it writes.
    fn look(&self, cx: &mut Context<'_>) -> impl Future<Output = Result<Self::Leave>> + Send;
}

/// What became of asking to do the work.
pub(in crate::marketplace) enum Admitted<C: Laborious> {
    /// It was done before; this is the kept answer.
    Answered(C::Receipt),
    /// It may be done.
    GoOn(C::Leave),
}

/// What is kept under an idempotency key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept<R> {
    Done(R),
    Refused(ErrorCode),
}

impl Inner {
    /// Runs a command under an idempotency key.
    pub(in crate::marketplace) async fn execute<C: Command>(
        &self,
        principal: &Principal,
        key: &IdempotencyKey,
        command: &C,
    ) -> Result<C::Receipt> {
        self.let_in(principal).await?;
        self.carry_out(principal, key, command).await
    }

    /// What is asked of whoever writes, before anything is read.
    async fn let_in(&self, principal: &Principal) -> Result<()> {
        if principal.is_anonymous() {
            return Err(ErrorCode::Unauthenticated.into());
        }
        self.limit(principal).await
    }

    /// Whether a command that takes work before it can be decided is worth the work: the kept
    /// answer if there is one, else what the command says once it has looked. Costs what a write
    /// costs; [`carry_out`](Self::carry_out) then costs no more.
    pub(in crate::marketplace) async fn admit<C: Laborious>(
        &self,
        principal: &Principal,
        key: &IdempotencyKey,
        command: &C,
    ) -> Result<Admitted<C>> {
        self.let_in(principal).await?;
        let seed = self.entropy.seed().map_err(|_| ErrorCode::Unavailable)?;
        let mut cx = Context::new(self, principal, seed).await?;
        let scope = idempotency_scope(principal, C::OPERATION, key);
        if let Some(kept) = self.kept::<C>(&scope, &canonical(command)?).await? {
            return self.replay(cx, command, kept).await.map(Admitted::Answered);
        }
        command.look(&mut cx).await.map(Admitted::GoOn)
    }

    /// Runs a command under an idempotency key, for whom [`admit`](Self::admit) has let in.
    pub(in crate::marketplace) async fn carry_out<C: Command>(
        &self,
        principal: &Principal,
        key: &IdempotencyKey,
        command: &C,
    ) -> Result<C::Receipt> {
        let seed = self.entropy.seed().map_err(|_| ErrorCode::Unavailable)?;
        let scope = idempotency_scope(principal, C::OPERATION, key);
        let request = canonical(command)?;
        let mut inspected = None;
        for _ in 0..ROUNDS {
            let mut cx = Context::new(self, principal, seed).await?;
            if let Some(kept) = self.kept::<C>(&scope, &request).await? {
                return self.replay(cx, command, kept).await;
            }
            // After the key was looked up: what was accepted once is answered as ever, though a
            // later version would recognise more in it.
            let outcome = match *inspected.get_or_insert_with(|| inspect(command)) {
                Ok(()) => cx.decide(command).await,
                Err(refused) => Err(refused.into()),
            };
            // The first try of this very request may have had its effect since the key was looked
            // up; its answer goes before a refusal that it caused.
            if outcome.is_err()
                && let Some(kept) = self.kept::<C>(&scope, &request).await?
            {
                let cx = Context::new(self, principal, seed).await?;
                return self.replay(cx, command, kept).await;
            }
            let assumed = cx.assumed();
            let commit = self.commit_of(&outcome, cx, scope, &request)?;
            if commit.receipt.is_none() && commit.changes.is_empty() && commit.events.is_empty() {
                return outcome;
            }
            match self.store.commit(commit).await {
                Ok(Committed::Applied { .. }) => return outcome,
                // The next round finds what another run of the same request left, or reads what
                // others changed and decides again.
                Ok(Committed::Replayed(_)) => {}
                Ok(Committed::Refused(refusal)) if assumed.is_outdated_by(&refusal) => {}
                Ok(Committed::Refused(refusal)) => {
                    if self.kept::<C>(&scope, &request).await?.is_none() {
                        return Err(self.refused(&refusal));
                    }
                }
                // The key answers whether it was applied. If it was not, deciding again is safe.
                // The trace of a refusal has no key: better left twice than not at all.
                Err(StoreError::OutcomeUnknown(_)) => command.outcome_unknown(),
                Err(error) => return Err(self.store_error(&error)),
            }
        }
        Err(ErrorCode::Contended.into())
    }

    /// What an outcome writes: all that was decided and the answer, or what a refusal leaves behind.
    fn commit_of<R: Serialize>(
        &self,
        outcome: &Result<R>,
        cx: Context<'_>,
        scope: IdempotencyScope,
        request: &[u8],
    ) -> Result<Commit> {
        let now = cx.now;
        let (kept, commit) = match outcome {
            Ok(receipt) => (Some(Kept::Done(receipt)), cx.into_commit()),
            Err(refusal) if refusal.code().is_kept() => {
                (Some(Kept::Refused(refusal.code())), cx.into_refusal())
            }
            Err(_) => (None, cx.into_refusal()),
        };
        let receipt = kept.map(|kept| self.receipt(scope, request, &kept, now)).transpose()?;
        Ok(Commit { receipt, ..commit })
    }

    async fn kept<C: Command>(
        &self,
        scope: &IdempotencyScope,
        request: &[u8],
    ) -> Result<Option<Kept<C::Receipt>>> {
        let Some(stored) = self.store.receipt(scope).await.map_err(|e| self.store_error(&e))?
        else {
            return Ok(None);
        };
        self.understand(&stored, request).map(Some)
    }

    fn understand<R: DeserializeOwned>(
        &self,
        stored: &StoredReceipt,
        request: &[u8],
    ) -> Result<Kept<R>> {
        let keys = self.keys();
        let key = keys
            .derive_known(&stored.fingerprint.kid, Purpose::Fingerprint, &self.fingerprint_scope())
            .ok_or(ErrorCode::IdempotencyKeyReused)?;
        if !key.confirms(&[request], &stored.fingerprint.digest) {
            return Err(ErrorCode::IdempotencyKeyReused.into());
        }
        serde_json::from_str(&stored.answer)
            .map_err(|_| self.store_error(&StoreError::Corrupt("a kept answer can't be read")))
    }

    async fn replay<C: Command>(
        &self,
        mut cx: Context<'_>,
        command: &C,
        kept: Kept<C::Receipt>,
    ) -> Result<C::Receipt> {
        command.may_replay(&mut cx, kept.receipt()).await?;
        kept.answer()
    }

    fn receipt<R: Serialize>(
        &self,
        scope: IdempotencyScope,
        request: &[u8],
        kept: &Kept<R>,
        now: Timestamp,
    ) -> Result<NewReceipt> {
        let keys = self.keys();
        let key = keys.derive_active(Purpose::Fingerprint, &self.fingerprint_scope());
        let answer = serde_json::to_string(kept)
            .ok()
            .filter(|answer| answer.len() <= RECEIPT_MAX_BYTES)
            .ok_or_else(|| {
                self.store_error(&StoreError::Malformed("an answer is too long to keep"))
            })?;
        Ok(NewReceipt {
            scope,
            fingerprint: Fingerprint { kid: *key.kid(), digest: key.keyed_digest(&[request]) },
            answer,
            expires_at: now.plus(RECEIPT_KEPT),
        })
    }

    /// A store's refusal in the words of the domain.
    pub(super) fn refused(&self, refusal: &Refusal) -> Error {
        match refusal {
            Refusal::Conflict(_) => ErrorCode::Contended.into(),
            Refusal::NameTaken(name) => match name.scope() {
                NameScope::Handle => ErrorCode::HandleTaken.into(),
                NameScope::Slug => ErrorCode::SlugTaken.into(),
                NameScope::EntitlementSource => ErrorCode::SourceTaken.into(),
                NameScope::Reference => ErrorCode::ReferenceTaken.into(),
                NameScope::OpenReport => ErrorCode::AlreadyReported.into(),
            },
            Refusal::OutOfBounds(counter) => match counter.family() {
                CounterFamily::Owners => ErrorCode::LastOwner.into(),
                CounterFamily::Seats => ErrorCode::SeatsExhausted.into(),
                CounterFamily::Releases
                | CounterFamily::Attempts
                | CounterFamily::Uploads
                | CounterFamily::Reports => {
                    let now = self.clock.now();
                    Error::retry(ErrorCode::QuotaExceeded, now.day().next().start().since(now))
                }
                _ => ErrorCode::QuotaExceeded.into(),
            },
        }
    }
}

impl Context<'_> {
    /// Decides a command, and brings rendered texts and the search index along.
    async fn decide<C: Command>(&mut self, command: &C) -> Result<C::Receipt> {
        let receipt = command.decide(self).await?;
        self.follow_what_is_written().await?;
        Ok(receipt)
    }
}

impl<R> Kept<R> {
    fn receipt(&self) -> Option<&R> {
        match self {
            Kept::Done(receipt) => Some(receipt),
            Kept::Refused(_) => None,
        }
    }

    fn answer(self) -> Result<R> {
        match self {
            Kept::Done(receipt) => Ok(receipt),
            Kept::Refused(code) => Err(code.into()),
        }
    }
}

/// The canonical encoding of a request: versioned, absent fields left out, so that it means the
/// same in every facade and after an upgrade.
fn canonical<C: Command>(command: &C) -> Result<Vec<u8>> {
    serde_json::to_vec(&(1, C::OPERATION, command)).map_err(|_| ErrorCode::Internal.into())
}

/// Where the answer to a request is kept. A digest, so that the row names nobody.
fn idempotency_scope(
    principal: &Principal,
    operation: &str,
    key: &IdempotencyKey,
) -> IdempotencyScope {
    let mut digest = Sha256::new();
    for part in [&principal.scope_text(), operation, key.as_str()] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    IdempotencyScope(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::marketplace::tests::fixture::{Fixture, run, secret};
    use crate::port::Store as _;

    /// A text that somebody writes.
    #[derive(Serialize)]
    struct Write(String);

    impl Command for Write {
        const OPERATION: &'static str = "test.write";
        type Receipt = u64;

        async fn decide(&self, _: &mut Context<'_>) -> Result<u64> {
            Ok(2)
        }

        async fn may_replay(&self, _: &mut Context<'_>, _: Option<&u64>) -> Result<()> {
            Ok(())
        }
    }

    /// A write whose first try is committed while a second one decides, which it then stands in
    /// the way of.
    #[derive(Serialize)]
    struct Overtaken<'a> {
        #[serde(skip)]
        first_try: &'a (dyn Fn(&Overtaken<'_>) + Sync),
    }

    impl Command for Overtaken<'_> {
        const OPERATION: &'static str = "test.overtaken";
        type Receipt = u64;

        async fn decide(&self, _: &mut Context<'_>) -> Result<u64> {
            (self.first_try)(self);
            Err(ErrorCode::WrongState.into())
        }

        async fn may_replay(&self, _: &mut Context<'_>, _: Option<&u64>) -> Result<()> {
            Ok(())
        }
    }

    /// Leaves the answer 1 to `command`, as an earlier try would have.
    fn answered<C: Command>(f: &Fixture, by: &Principal, key: &IdempotencyKey, command: &C) {
        let ada = f.person("acme", "ada");
        let market = ada.inner();
        let scope = idempotency_scope(by, C::OPERATION, key);
        let request = canonical(command).unwrap();
        let now = run(market.now()).unwrap();
        let receipt = Some(market.receipt(scope, &request, &Kept::Done(1), now).unwrap());
        let (expectations, changes, events) = (vec![], vec![], vec![]);
        run(f.store.commit(Commit { receipt, expectations, changes, events })).unwrap();
    }

    #[test]
    fn what_the_first_try_came_to_goes_before_a_refusal_that_it_caused() {
        let f = Fixture::default();
        let (ada, key) = (f.person("acme", "ada"), f.key());
        let first_try = |command: &Overtaken<'_>| answered(&f, ada.principal(), &key, command);
        let command = Overtaken { first_try: &first_try };
        assert_eq!(run(ada.inner().execute(ada.principal(), &key, &command)), Ok(1));
    }

    #[test]
    fn no_two_requests_share_a_place_for_their_answers() {
        let key: IdempotencyKey = "create-acme-0001".parse().unwrap();
        let longer: IdempotencyKey = "xcreate-acme-0001".parse().unwrap();
        let ada = Fixture::default().person("acme", "ada");
        let place = |operation, key| idempotency_scope(ada.principal(), operation, key);
        assert_ne!(place("test.write", &longer), place("test.writex", &key));
    }

    #[test]
    fn what_was_accepted_by_older_rules_is_answered_as_ever() {
        let f = Fixture::default();
        let (ada, key) = (f.person("acme", "ada"), f.key());
        let market = ada.inner();
        let (principal, command) = (ada.principal(), Write(secret()));
        let anew = run(market.execute(principal, &key, &command)).unwrap_err();
        assert_eq!(anew.kind(), ErrorKind::InvalidInput, "by the rules of today");

        // As an earlier version left it, which knew fewer kinds of secrets.
        answered(&f, principal, &key, &command);
        assert_eq!(run(market.execute(principal, &key, &command)), Ok(1));
        assert!(run(market.execute(principal, &f.key(), &command)).is_err());
    }
}
