//! Whether names may go live, or are held for an operator first.
//!
//! Who is new, or shows itself for the first time, is held as a whole: nobody but its members sees
//! it. Who is live already stays so under its former names, and only the new ones are held.

use crate::domain::{
    DisplayName, Fact, Handle, HoldReason, Listing, NameReview, NameState, NameSubject, Publisher,
    PublisherId, ReviewedName, TenantId,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Spelling;
use crate::port::{ClaimedName, NameOwner, RecordKey};

use super::context::Context;
use super::well_known::{Asking, LooksLike};

/// What is to become of some names. Nothing of it is written before [`Context::settle`].
pub(super) struct NameVerdict {
    subject: NameSubject,
    names: ReviewedName,
    known: Option<NameReview>,
    outcome: Outcome,
}

enum Outcome {
    /// They may go live.
    Passes,
    /// They stand as was decided, or wait as they did.
    Stands(NameState),
    /// They are held from now on.
    Held(LooksLike),
}

impl NameVerdict {
    /// Why the names are held, if they are.
    pub(super) fn held(&self) -> Option<HoldReason> {
        match self.outcome {
            Outcome::Passes | Outcome::Stands(NameState::Allowed) => None,
            Outcome::Stands(_) | Outcome::Held(_) => Some(HoldReason::LooksWellKnown),
        }
    }

    fn of(
        subject: NameSubject,
        names: ReviewedName,
        known: Option<NameReview>,
        alike: Option<LooksLike>,
    ) -> Self {
        let decided = known.as_ref().filter(|known| known.names == names).map(|known| known.state);
        let outcome = match (decided, alike) {
            (Some(NameState::Refused), _) => Outcome::Stands(NameState::Refused),
            (Some(NameState::Allowed), _) | (_, None) => Outcome::Passes,
            (Some(NameState::Waiting), Some(_)) => Outcome::Stands(NameState::Waiting),
            (None, Some(alike)) => Outcome::Held(alike),
        };
        NameVerdict { subject, names, known, outcome }
    }
}

impl Context<'_> {
    /// Judges the names that a publisher is to have; `before` is what it was, if it was there. `None`
    /// when it keeps names under which it is live.
    pub(super) async fn judge_publisher(
        &mut self,
        id: PublisherId,
        tenant: TenantId,
        before: Option<&Publisher>,
        (handle, name): (&Handle, &DisplayName),
    ) -> Result<Option<NameVerdict>> {
        let live = before.filter(|before| !before.held);
        let new_handle = live.is_none_or(|live| live.handle != *handle);
        let new_name = live.is_none_or(|live| live.profile.name != *name);
        if !new_handle && !new_name {
            return Ok(None);
        }
        let subject = NameSubject::Publisher(id);
        let known = match before {
            Some(_) => self.known_review(subject).await?,
            None => None,
        };
        // What was allowed once stays allowed beside whatever else changes.
        let (mut handle_passes, mut name_passes) = (!new_handle, !new_name);
        if let Some(NameReview { names, state: NameState::Allowed, .. }) = &known
            && let ReviewedName::Publisher { handle: allowed, name: shown } = names
        {
            handle_passes |= allowed == handle;
            name_passes |= shown == name;
        }
        let asking = Asking { publisher: id, tenant };
        let mut alike = None;
        if !handle_passes {
            alike = self.market.looks_like(&Spelling::of_handle(handle), asking).await?;
        }
        if alike.is_none() && !name_passes {
            alike = self.market.shown_like(name, asking).await?;
        }
        let names = ReviewedName::Publisher { handle: handle.clone(), name: name.clone() };
        Ok(Some(NameVerdict::of(subject, names, known, alike)))
    }

    /// Judges the slug that a listing is to have. `None` when everybody reads it under that slug
    /// already, or nobody but its publisher's own will.
    pub(super) async fn judge_listing(
        &mut self,
        before: &Listing,
        after: &Listing,
        publisher: &Publisher,
    ) -> Result<Option<NameVerdict>> {
        let live = before.is_readable_by_anyone();
        if !after.is_shown_but_for_its_name() || live && after.slug == before.slug {
            return Ok(None);
        }
        let subject = NameSubject::Listing(after.id);
        let known = self.known_review(subject).await?;
        let asking = Asking { publisher: publisher.id, tenant: publisher.tenant };
        let alike = self.market.looks_like(&Spelling::of_slug(&after.slug), asking).await?;
        let names = ReviewedName::Listing { slug: after.slug.clone() };
        Ok(Some(NameVerdict::of(subject, names, known, alike)))
    }

    /// A listing as it goes on under the verdict: as it is to be, held, or under its former slug.
    pub(super) async fn under_verdict(
        &mut self,
        before: &Listing,
        after: Listing,
        verdict: Option<&NameVerdict>,
    ) -> Result<Listing> {
        let Some(verdict) = verdict else {
            // Nobody else is to read it, or everybody does already.
            return Ok(Listing { held: false, ..after });
        };
        if verdict.held().is_none() {
            return Ok(Listing { held: false, ..after });
        }
        if !before.is_readable_by_anyone() {
            return Ok(Listing { held: true, ..after });
        }
        let name = ClaimedName::slug(before.publisher, &after.slug);
        self.expect_free(name, NameOwner::new(before.id), ErrorCode::SlugTaken).await?;
        Ok(Listing { slug: before.slug.clone(), ..after })
    }

    /// Refuses a name that somebody else has. It is not taken: that happens when it is allowed.
    pub(super) async fn expect_free(
        &mut self,
        name: ClaimedName,
        owner: NameOwner,
        taken: ErrorCode,
    ) -> Result<()> {
        let found = self.owner_of(&name).await?;
        if found.is_some_and(|found| found != owner) { Err(taken.into()) } else { Ok(()) }
    }

    /// Writes down what a verdict changes.
    pub(super) fn settle(&mut self, publisher: PublisherId, verdict: Option<NameVerdict>) {
        let Some(NameVerdict { subject, names, known, outcome }) = verdict else { return };
        match outcome {
            Outcome::Stands(_) => {}
            Outcome::Passes => {
                if known.is_some_and(|known| known.state != NameState::Allowed) {
                    self.delete(RecordKey::name_review(subject));
                }
            }
            Outcome::Held(LooksLike { likeness, resembles }) => {
                self.put(NameReview {
                    subject,
                    names,
                    likeness,
                    resembles,
                    state: NameState::Waiting,
                    reason: None,
                    held_at: self.now,
                    decided_at: None,
                });
                let listing = match subject {
                    NameSubject::Publisher(_) => None,
                    NameSubject::Listing(id) => Some(id),
                };
                self.event(Fact::NameHeld { publisher, listing });
            }
        }
    }

    /// Takes a name off the queue, and forgets what was decided about it.
    pub(super) async fn forget_review(&mut self, subject: NameSubject) -> Result<()> {
        if self.known_review(subject).await?.is_some() {
            self.delete(RecordKey::name_review(subject));
        }
        Ok(())
    }

    pub(super) async fn known_review(
        &mut self,
        subject: NameSubject,
    ) -> Result<Option<NameReview>> {
        let found = self.get::<NameReview>(RecordKey::name_review(subject)).await?;
        Ok(found.map(|row| row.value))
    }
}
