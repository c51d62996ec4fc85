//! Names that are held, and what operators decide about them.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Fact, GoneReason, HoldReason, IdempotencyKey, Likeness, Listing, ListingId, NameReview,
    NameState, NameSubject, Position, Publisher, PublisherProfile, Reason, Resembled, ReviewedName,
    Slug, Timestamp,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{ClaimedName, NameOwner, PageSize, RecordKey, Scan, Versioned};
use crate::search::Cursor;

use crate::marketplace::reading::paging::{Page, Paging};
use crate::marketplace::reading::views::{ListingAddress, PublisherBrief};
use crate::marketplace::writing::actor::base_standing;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;
use crate::marketplace::{Acting, Inner};

/// A name that is held, as the members of its publisher see it. What it looks like they are not told:
/// that may be known to nobody yet.
///
/// ```
/// use fleetprompt_core::domain::NameState;
/// use fleetprompt_core::marketplace::PublisherView;
/// fn notice(publisher: &PublisherView) -> Option<&'static str> {
///     match publisher.held.as_ref()?.state {
///         NameState::Refused => Some("choose another name"),
///         _ => Some("an operator looks at the name"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HeldName {
    /// Why.
    pub why: HoldReason,
    /// Which names: the present ones, or those that are to take their place.
    pub names: ReviewedName,
    /// Whether it waits, or was refused.
    pub state: NameState,
    /// The operator's reason, once it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Since when.
    pub held_at: Timestamp,
}

/// A name that waits for an operator, or was refused by one.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::port::PageSize;
/// async fn waiting(operator: &Acting) -> Result<usize> {
///     Ok(operator.held_names(None, PageSize::MAX).await?.items.len())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HeldNameView {
    /// Whose name, for the decision.
    pub subject: NameSubject,
    /// Which state of it this is, for the decision: the position in the event log of its last change.
    pub version: Position,
    /// The names.
    pub names: ReviewedName,
    /// The publisher whose name it is, or whose listing's.
    pub publisher: PublisherBrief,
    /// In which way it looks alike.
    pub likeness: Likeness,
    /// What it looks like; `None` when that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resembles: Option<ResembledView>,
    /// Since when it is held.
    pub held_at: Timestamp,
    /// Whether it waits, or was refused.
    pub state: NameState,
    /// The operator's reason, once it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// What a held name looks like, as it is now.
///
/// ```
/// use fleetprompt_core::marketplace::ResembledView;
/// let word = ResembledView::Reserved { word: "fleetprompt".parse()? };
/// let json = serde_json::to_string(&word)?;
/// assert_eq!(json, r#"{"kind":"reserved","word":"fleetprompt"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ResembledView {
    /// A reserved handle.
    Reserved {
        /// The word.
        word: Slug,
    },
    /// The handle or the name of a publisher.
    Publisher {
        /// The publisher.
        publisher: PublisherBrief,
    },
    /// The slug of a listing.
    Listing {
        /// The listing.
        listing: ListingId,
        /// Where it is.
        address: ListingAddress,
    },
}

/// What a decision on a held name answers.
///
/// ```
/// use fleetprompt_core::domain::NameState;
/// use fleetprompt_core::marketplace::NameReceipt;
/// fn is_live(receipt: &NameReceipt) -> bool {
///     receipt.state == NameState::Allowed
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NameReceipt {
    /// Whose name.
    pub subject: NameSubject,
    /// What was decided.
    pub state: NameState,
    /// When.
    pub at: Timestamp,
}

impl Acting {
    /// The names that wait for an operator's decision, those held first coming first.
    ///
    /// # Errors
    /// `unauthenticated`, or `forbidden` for anyone but an operator; `invalid_cursor`.
    pub async fn held_names(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<HeldNameView>> {
        self.reviewed_names(NameState::Waiting, cursor, size).await
    }

    /// The names that were refused and are wanted all the same, those held first coming first: each may
    /// still be let pass.
    ///
    /// # Errors
    /// `unauthenticated`, or `forbidden` for anyone but an operator; `invalid_cursor`.
    pub async fn refused_names(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<HeldNameView>> {
        self.reviewed_names(NameState::Refused, cursor, size).await
    }

    async fn reviewed_names(
        &self,
        state: NameState,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<HeldNameView>> {
        let market = self.inner();
        if !base_standing(&self.principal).may(Action::ModerateCatalogue) {
            let anonymous = self.principal.is_anonymous();
            let code = if anonymous { ErrorCode::Unauthenticated } else { ErrorCode::Forbidden };
            return Err(code.into());
        }
        let scan = Scan::NameReviews(state);
        let paging = Paging::new(market, &self.principal, &("held_names", state), scan)?;
        let reviews = paging.page(cursor, size, |row: Versioned<NameReview>| row).await?;
        let mut items = Vec::new();
        for review in reviews.items {
            items.extend(market.held_name_view(review).await?);
        }
        Ok(Page { items, next: reviews.next })
    }

    /// Lets a held name pass: what has it goes live, or is renamed to it. It is not held again. A
    /// name that was refused can be let pass later. `version` says what was looked at, so that nobody
    /// who puts another name in its place meanwhile has that one let pass.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator; `name_not_held`; `handle_taken` or `slug_taken` when
    /// somebody else took the name that was to take another one's place; `wrong_state` when it was
    /// let pass already; `revision_mismatch` when it is not what was looked at.
    pub async fn allow_name(
        &self,
        subject: NameSubject,
        version: Position,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<NameReceipt> {
        let command = DecideName { subject, version, state: NameState::Allowed, reason };
        let receipt = self.inner().execute(&self.principal, key, &command).await?;
        if let NameSubject::Publisher(id) = subject {
            self.inner().index_listings_of(id).await?;
        }
        Ok(receipt)
    }

    /// Refuses a held name: what has it does not go live, or is not renamed to it. Its publisher is
    /// told, and may choose another name, which is judged anew. `version` says what was looked at.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator; `name_not_held`; `wrong_state` when it was decided
    /// already; `revision_mismatch` when it is not what was looked at.
    pub async fn refuse_name(
        &self,
        subject: NameSubject,
        version: Position,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<NameReceipt> {
        let command = DecideName { subject, version, state: NameState::Refused, reason };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// What is held of a name, for a reader who sees the publisher's inside.
    pub(in crate::marketplace) async fn held_name(
        &self,
        subject: NameSubject,
        publisher: &Publisher,
    ) -> Result<Option<HeldName>> {
        if self.principal.is_anonymous() {
            return Ok(None);
        }
        let market = self.inner();
        let found = market.read::<NameReview>(&RecordKey::name_review(subject)).await?;
        let Some(review) = found.map(|row| row.value) else { return Ok(None) };
        if review.state == NameState::Allowed {
            return Ok(None);
        }
        let viewer = market.viewer(&self.principal).await?;
        if !market.sight(&viewer, publisher).await?.inside {
            return Ok(None);
        }
        let NameReview { names, state, reason, held_at, .. } = review;
        Ok(Some(HeldName { why: HoldReason::LooksWellKnown, names, state, reason, held_at }))
    }
}

impl Inner {
    async fn held_name_view(&self, review: Versioned<NameReview>) -> Result<Option<HeldNameView>> {
        let Versioned { changed: version, value, .. } = review;
        let NameReview { subject, names, likeness, resembles, state, reason, held_at, .. } = value;
        let publisher = match subject {
            NameSubject::Publisher(id) => Some(id),
            NameSubject::Listing(id) => {
                let listing = self.read::<Listing>(&RecordKey::listing(id)).await?;
                listing.map(|row| row.value.publisher)
            }
        };
        let Some(publisher) = publisher else { return Ok(None) };
        let publisher = self.read::<Publisher>(&RecordKey::publisher(publisher)).await?;
        let Some(publisher) = publisher.map(|row| PublisherBrief::of(&row.value)) else {
            return Ok(None);
        };
        let resembles = self.resembled_view(resembles).await?;
        Ok(Some(HeldNameView {
            subject,
            version,
            names,
            publisher,
            likeness,
            resembles,
            held_at,
            state,
            reason,
        }))
    }

    async fn resembled_view(&self, resembles: Resembled) -> Result<Option<ResembledView>> {
        Ok(match resembles {
            Resembled::Reserved(word) => Some(ResembledView::Reserved { word }),
            Resembled::Publisher(id) => {
                let found = self.read::<Publisher>(&RecordKey::publisher(id)).await?;
                found.map(|row| ResembledView::Publisher {
                    publisher: PublisherBrief::of(&row.value),
                })
            }
            Resembled::Listing(id) => {
                let Some(found) = self.read::<Listing>(&RecordKey::listing(id)).await? else {
                    return Ok(None);
                };
                let key = RecordKey::publisher(found.value.publisher);
                let publisher = self.read::<Publisher>(&key).await?;
                publisher.map(|row| ResembledView::Listing {
                    listing: id,
                    address: ListingAddress { handle: row.value.handle, slug: found.value.slug },
                })
            }
        })
    }
}

#[derive(Serialize)]
struct DecideName {
    subject: NameSubject,
    version: Position,
    state: NameState,
    reason: Reason,
}

impl Command for DecideName {
    const OPERATION: &'static str = "name.decide";
    type Receipt = NameReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<NameReceipt> {
        cx.moderates().await?;
        let DecideName { subject, version, state, ref reason } = *self;
        let found = cx.find(RecordKey::name_review(subject), ErrorCode::NameNotHeld).await?;
        let Versioned { changed, value: review, .. }: Versioned<NameReview> = found;
        let open = match review.state {
            NameState::Waiting => true,
            NameState::Refused => state == NameState::Allowed,
            NameState::Allowed => false,
        };
        if !open {
            return Err(ErrorCode::WrongState.into());
        }
        // Revisions begin anew with a review that was closed and opened again; positions do not.
        if changed != version {
            return Err(ErrorCode::RevisionMismatch.into());
        }
        let (reason, at) = (Some(reason.clone()), cx.now);
        cx.put(NameReview { state, reason, decided_at: Some(at), ..review.clone() });
        match subject {
            NameSubject::Publisher(id) => {
                let found = cx.find(RecordKey::publisher(id), ErrorCode::NameNotHeld).await?;
                let found: Versioned<Publisher> = found;
                if state == NameState::Allowed {
                    cx.open_publisher(found.value, review.names);
                } else {
                    cx.event(Fact::NameRefused { publisher: id, listing: None });
                }
            }
            NameSubject::Listing(id) => {
                let found = cx.find(RecordKey::listing(id), ErrorCode::NameNotHeld).await?;
                let found: Versioned<Listing> = found;
                let publisher = found.value.publisher;
                if state == NameState::Allowed {
                    cx.open_listing(found.value, review.names);
                } else {
                    cx.event(Fact::NameRefused { publisher, listing: Some(id) });
                }
            }
        }
        Ok(NameReceipt { subject, state, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&NameReceipt>) -> Result<()> {
        cx.moderates().await
    }
}

impl Context<'_> {
    /// Gives a publisher the names that were held.
    fn open_publisher(&mut self, before: Publisher, names: ReviewedName) {
        let ReviewedName::Publisher { handle, name } = names else { return };
        let id = before.id;
        self.claim(ClaimedName::handle(&handle.skeleton()), NameOwner::new(id));
        let profile = PublisherProfile { name, ..before.profile };
        let after = Publisher { handle, profile, held: false, ..before };
        self.change_publisher(after, Fact::NameAllowed { publisher: id, listing: None });
    }

    /// Gives a listing the slug that was held.
    fn open_listing(&mut self, before: Listing, names: ReviewedName) {
        let ReviewedName::Listing { slug, title } = names else { return };
        let (publisher, id) = (before.publisher, before.id);
        self.claim(ClaimedName::slug(publisher, &slug), NameOwner::new(id));
        let mut content = before.content.clone();
        content.title = title.unwrap_or(content.title);
        let after = Listing { slug, content, held: false, ..before.clone() };
        let fact = Fact::NameAllowed { publisher, listing: Some(id) };
        self.change_listing(&before, after, fact, GoneReason::Withdrawn);
    }
}
