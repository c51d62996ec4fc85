//! Reports of abuse: anybody who is signed in tells operators what is wrong with a publisher or
//! listing; operators work through the queue.
//!
//! A report changes nothing by itself. Its subject is not told of it, and whoever filed it is known
//! to operators by surrogate.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Fact, IdempotencyKey, Listing, NameSubject, PersonId, Publisher, Reason, Report, ReportClass,
    ReportId, ReportOutcome, ReportState, ReportText, Timestamp, WebLink,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{
    ClaimedName, Counter, NameOwner, NameScope, PageSize, RecordKey, Scan, Versioned, Within,
};
use crate::search::Cursor;

use crate::marketplace::reading::paging::{Page, Paging};
use crate::marketplace::reading::views::{ListingAddress, PublisherBrief};
use crate::marketplace::writing::actor::base_standing;
use crate::marketplace::writing::context::{Context, Who};
use crate::marketplace::writing::execute::Command;
use crate::marketplace::{Acting, Inner};

/// What somebody reports.
///
/// ```
/// use fleetprompt_core::domain::{ListingId, NameSubject, ReportClass};
/// use fleetprompt_core::marketplace::NewReport;
/// let report = NewReport {
///     subject: NameSubject::Listing(ListingId::from_bytes([1; 16])),
///     class: ReportClass::Impersonation,
///     text: "It calls itself the official one of Acme, and is not.".parse()?,
///     evidence: Some("https://acme.example/our-agents".parse()?),
/// };
/// # drop(report);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewReport {
    /// What it is about.
    pub subject: NameSubject,
    /// Which kind of abuse.
    pub class: ReportClass,
    /// What is wrong, for an operator to read.
    pub text: ReportText,
    /// Where there is more to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<WebLink>,
}

/// What a write to a report answers.
///
/// ```
/// use fleetprompt_core::domain::ReportState;
/// use fleetprompt_core::marketplace::ReportReceipt;
/// fn thanks(receipt: &ReportReceipt) -> bool {
///     receipt.state == ReportState::Open
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReportReceipt {
    /// The report.
    pub id: ReportId,
    /// What it is about.
    pub subject: NameSubject,
    /// Its state after the write.
    pub state: ReportState,
    /// When it was written.
    pub at: Timestamp,
}

/// A report, as operators see it.
///
/// ```
/// use fleetprompt_core::{Acting, Result};
/// use fleetprompt_core::domain::ReportClass;
/// use fleetprompt_core::port::PageSize;
/// async fn urgent(operator: &Acting) -> Result<usize> {
///     let queue = operator.reports(None, PageSize::MAX).await?.items;
///     Ok(queue.iter().filter(|report| report.class == ReportClass::Malware).count())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReportView {
    /// The report, for the decision.
    pub id: ReportId,
    /// What it is about.
    pub subject: NameSubject,
    /// The publisher that it is about, or whose listing it is about.
    pub publisher: PublisherBrief,
    /// Where the listing is, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<ListingAddress>,
    /// Who filed it, by surrogate.
    pub reporter: PersonId,
    /// Which kind of abuse.
    pub class: ReportClass,
    /// What the reporter says.
    pub text: ReportText,
    /// Where there is more to see. Written by the reporter: open it with care.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<WebLink>,
    /// When it was filed.
    pub filed_at: Timestamp,
}

impl Acting {
    /// Reports a publisher or listing that the principal can read. One report of theirs about it is
    /// open at a time.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden` for systems and operators; `listing_not_found` or
    /// `publisher_not_found`, also for what the principal may not see; `already_reported`;
    /// `quota_exceeded`.
    pub async fn report(&self, new: NewReport, key: &IdempotencyKey) -> Result<ReportReceipt> {
        self.inner().execute(&self.principal, key, &FileReport { new }).await
    }

    /// The reports that are open, those filed first coming first.
    ///
    /// # Errors
    /// `unauthenticated`, or `forbidden` for anyone but an operator; `invalid_cursor`.
    pub async fn reports(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<ReportView>> {
        let market = self.inner();
        if !base_standing(&self.principal).may(Action::ModerateCatalogue) {
            let anonymous = self.principal.is_anonymous();
            let code = if anonymous { ErrorCode::Unauthenticated } else { ErrorCode::Forbidden };
            return Err(code.into());
        }
        let scan = Scan::Reports(ReportState::Open);
        let paging = Paging::new(market, &self.principal, &"reports", scan)?;
        let reports = paging.page(cursor, size, |row: Versioned<Report>| row.value).await?;
        let mut items = Vec::new();
        for report in reports.items {
            items.extend(market.report_view(report).await?);
        }
        Ok(Page { items, next: reports.next })
    }

    /// Closes a report: it was right, and what it takes has been done, or it is dismissed. The one
    /// who filed it may report the same again.
    ///
    /// # Errors
    /// `forbidden` for anyone but an operator; `report_not_found`; `wrong_state` when it is closed
    /// already.
    pub async fn resolve_report(
        &self,
        report: ReportId,
        outcome: ReportOutcome,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<ReportReceipt> {
        let command = ResolveReport { report, outcome, reason };
        self.inner().execute(&self.principal, key, &command).await
    }
}

impl Inner {
    async fn report_view(&self, report: Report) -> Result<Option<ReportView>> {
        let Report { id, subject, reporter, class, text, evidence, filed_at, .. } = report;
        let (publisher, slug) = match subject {
            NameSubject::Publisher(publisher) => (publisher, None),
            NameSubject::Listing(listing) => {
                let listing = self.read::<Listing>(&RecordKey::listing(listing)).await?;
                let Some(Versioned { value: listing, .. }) = listing else { return Ok(None) };
                (listing.publisher, Some(listing.slug))
            }
        };
        let publisher = self.read::<Publisher>(&RecordKey::publisher(publisher)).await?;
        Ok(publisher.map(|Versioned { value: publisher, .. }| ReportView {
            id,
            subject,
            address: slug.map(|slug| ListingAddress { handle: publisher.handle.clone(), slug }),
            publisher: PublisherBrief::of(&publisher),
            reporter,
            class,
            text,
            evidence,
            filed_at,
        }))
    }
}

impl ClaimedName {
    /// That somebody's report about something is open.
    pub(in crate::marketplace) fn open_report(reporter: PersonId, subject: NameSubject) -> Self {
        ClaimedName::new(NameScope::OpenReport, format!("{reporter}/{subject}"))
    }
}

#[derive(Serialize)]
struct FileReport {
    new: NewReport,
}

impl Command for FileReport {
    const OPERATION: &'static str = "report.file";
    type Receipt = ReportReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ReportReceipt> {
        cx.require(Action::Report)?;
        let NewReport { subject, class, ref text, ref evidence } = self.new;
        let who = cx.who().await?;
        cx.reportable(subject, who).await?;
        let (id, at) = (cx.id(ReportId::from_bytes), cx.now);
        cx.claim(ClaimedName::open_report(who.person, subject), NameOwner::new(id));
        let today = Counter::reports(who.person, at.day());
        cx.count(today, 1, Within::AtMost(cx.market.quotas.reports_per_day));
        let state = ReportState::Open;
        cx.put(Report {
            id,
            subject,
            reporter: who.person,
            class,
            text: text.clone(),
            evidence: evidence.clone(),
            state,
            reason: None,
            filed_at: at,
            decided_at: None,
        });
        cx.event(Fact::ReportFiled { report: id, class });
        Ok(ReportReceipt { id, subject, state, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ReportReceipt>) -> Result<()> {
        cx.require(Action::Report)
    }
}

#[derive(Serialize)]
struct ResolveReport {
    report: ReportId,
    outcome: ReportOutcome,
    reason: Reason,
}

impl Command for ResolveReport {
    const OPERATION: &'static str = "report.resolve";
    type Receipt = ReportReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ReportReceipt> {
        cx.moderates().await?;
        let key = RecordKey::report(self.report);
        let before = cx.find::<Report>(key, ErrorCode::ReportNotFound).await?.value;
        if before.state != ReportState::Open {
            return Err(ErrorCode::WrongState.into());
        }
        let Report { id, subject, reporter, .. } = before;
        let (state, at) = (ReportState::from(self.outcome), cx.now);
        cx.release(ClaimedName::open_report(reporter, subject), NameOwner::new(id));
        let (reason, decided_at) = (Some(self.reason.clone()), Some(at));
        cx.put(Report { state, reason, decided_at, ..before });
        cx.event(Fact::ReportResolved { report: id, state });
        Ok(ReportReceipt { id, subject, state, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ReportReceipt>) -> Result<()> {
        cx.moderates().await
    }
}

impl Context<'_> {
    /// Requires something that `who` can see without being its publisher's.
    async fn reportable(&mut self, subject: NameSubject, who: Who) -> Result<()> {
        match subject {
            NameSubject::Listing(id) => self.readable_listing(id, who).await.map(drop),
            NameSubject::Publisher(id) => {
                let missing = ErrorCode::PublisherNotFound;
                let found = self.find::<Publisher>(RecordKey::publisher(id), missing).await?;
                if found.value.is_open() { Ok(()) } else { Err(missing.into()) }
            }
        }
    }
}
