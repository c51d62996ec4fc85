//! Whether names may go live, or are held for an operator first.
//!
//! Who is new, or shows itself for the first time, is held as a whole: nobody but its members sees
//! it. Who is live already stays so under its former names, and only the new ones are held.

use std::collections::BTreeSet;

use crate::domain::{
    DisplayName, Fact, Handle, HoldReason, Likeness, Listing, ListingContent, NameReview,
    NameState, NameSubject, Publisher, PublisherId, ReviewedName, TenantId,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{Spelling, display_key, display_probes, title_probes};
use crate::port::{ClaimedName, NameOwner, RecordKey};

use super::well_known::{Asking, LooksLike};
use crate::marketplace::writing::context::Context;

/// What is to become of some names. Nothing of it is written before [`Context::settle`].
pub(in crate::marketplace) struct NameVerdict {
    subject: NameSubject,
    names: ReviewedName,
    known: Option<NameReview>,
    outcome: Outcome,
}

enum Outcome {
    /// They may go live.
    Passes,
    /// They wait as they did, or are refused as what looked alike in them was.
    Stands(NameState),
    /// They are held from now on.
    Held(LooksLike),
}

impl NameVerdict {
    /// Why the names are held, if they are.
    pub(in crate::marketplace) fn held(&self) -> Option<HoldReason> {
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
        let refused = known.as_ref().is_some_and(|known| stays_refused(known, &names));
        let outcome = match (decided, alike) {
            _ if refused => Outcome::Stands(NameState::Refused),
            (Some(NameState::Waiting), Some(_)) => Outcome::Stands(NameState::Waiting),
            (Some(NameState::Allowed), _) | (_, None) => Outcome::Passes,
            (_, Some(alike)) => Outcome::Held(alike),
        };
        NameVerdict { subject, names, known, outcome }
    }
}

/// Whether a refusal is of these names too: what looked alike in the refused ones reads the same in
/// them, whatever else changed.
fn stays_refused(known: &NameReview, names: &ReviewedName) -> bool {
    let by_what_is_shown = known.likeness == Likeness::DisplayName;
    let same = match (&known.names, names) {
        (
            ReviewedName::Publisher { handle: refused, name: refused_name },
            ReviewedName::Publisher { handle, name },
        ) => match by_what_is_shown {
            true => refused_name == name || display_key(refused_name) == display_key(name),
            false => refused.skeleton() == handle.skeleton(),
        },
        (
            ReviewedName::Listing { slug: refused, title: refused_title },
            ReviewedName::Listing { slug, title },
        ) => match by_what_is_shown {
            true => refused_title.as_ref().map(title_probes) == title.as_ref().map(title_probes),
            false => refused.skeleton() == slug.skeleton(),
        },
        _ => false,
    };
    known.state == NameState::Refused && same
}

impl Context<'_> {
    /// Judges the names that a publisher is to have; `before` is what it was, if it was there. `None`
    /// when it keeps names under which it is live.
    pub(in crate::marketplace) async fn judge_publisher(
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
            alike = self.market.shown_like(&display_probes(name), asking).await?;
        }
        let names = ReviewedName::Publisher { handle: handle.clone(), name: name.clone() };
        Ok(Some(NameVerdict::of(subject, names, known, alike)))
    }

    /// Judges the slug that a listing is to have, and a title whose letters pass for Latin ones.
    /// `None` when everybody reads it under these already, or nobody but its publisher's own will.
    pub(in crate::marketplace) async fn judge_listing(
        &mut self,
        before: &Listing,
        after: &Listing,
        publisher: &Publisher,
    ) -> Result<Option<NameVerdict>> {
        let live = before.is_readable_by_anyone();
        let new_slug = !live || after.slug != before.slug;
        let title = &after.content.title;
        let probes = match live && *title == before.content.title {
            true => BTreeSet::new(),
            false => title_probes(title),
        };
        if !after.is_shown_but_for_its_name() || !new_slug && probes.is_empty() {
            return Ok(None);
        }
        let subject = NameSubject::Listing(after.id);
        let known = self.known_review(subject).await?;
        let asking = Asking { publisher: publisher.id, tenant: publisher.tenant };
        let mut alike = None;
        if new_slug {
            alike = self.market.looks_like(&Spelling::of_slug(&after.slug), asking).await?;
        }
        if alike.is_none() {
            alike = self.market.shown_like(&probes, asking).await?;
        }
        let title = (!probes.is_empty()).then(|| title.clone());
        let names = ReviewedName::Listing { slug: after.slug.clone(), title };
        Ok(Some(NameVerdict::of(subject, names, known, alike)))
    }

    /// A listing as it goes on under the verdict: as it is to be, held, or under its former names.
    pub(in crate::marketplace) async fn under_verdict(
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
        let mut content = after.content;
        if let ReviewedName::Listing { title: Some(_), .. } = verdict.names {
            content = ListingContent { title: before.content.title.clone(), ..content };
        }
        Ok(Listing { slug: before.slug.clone(), content, ..after })
    }

    /// Refuses a name that somebody else has. It is not taken: that happens when it is allowed.
    pub(in crate::marketplace) async fn expect_free(
        &mut self,
        name: ClaimedName,
        owner: NameOwner,
        taken: ErrorCode,
    ) -> Result<()> {
        let found = self.owner_of(&name).await?;
        if found.is_some_and(|found| found != owner) { Err(taken.into()) } else { Ok(()) }
    }

    /// Writes down what a verdict changes.
    pub(in crate::marketplace) fn settle(
        &mut self,
        publisher: PublisherId,
        verdict: Option<NameVerdict>,
    ) {
        let Some(NameVerdict { subject, names, known, outcome }) = verdict else { return };
        match outcome {
            // What an operator sees, and would let pass later, is what is wanted now.
            Outcome::Stands(_) => {
                if let Some(known) = known.filter(|known| known.names != names) {
                    self.put(NameReview { names, ..known });
                }
            }
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
    pub(in crate::marketplace) async fn forget_review(
        &mut self,
        subject: NameSubject,
    ) -> Result<()> {
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
