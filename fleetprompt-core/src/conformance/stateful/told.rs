//! What a marketplace answers, and what is learnt from it.

use std::fmt::Debug;

use super::commands::Doing;
use super::scene::Lesson;
use crate::domain::{Handle, NameSubject, Revision};
use crate::error::{ErrorKind, Result};
use crate::marketplace::{
    AttemptView, AuditEntry, ChangesPage, EntitlementReceipt, EntitlementView, Erasure,
    FenceReceipt, Found, HeldNameView, Imported, InstallReceipt, InstallStarted, Introspection,
    InvitationReceipt, InvitationView, IssuedInvitation, KeyRevocationReceipt, ListingAddress,
    ListingReceipt, ListingView, MemberReceipt, MemberView, Metrics, MyPublisher, NameReceipt,
    Page, PublisherReceipt, PublisherView, RedeemedManifest, ReferenceReceipt, ReferenceView,
    ReleaseReceipt, ReleaseView, ReportReceipt, ReportView, TenantDeletion, Way,
};

/// What a marketplace answered.
pub(super) struct Answer {
    /// All of it, spelled out.
    pub(super) text: String,
    pub(super) taught: Vec<Lesson>,
    kind: Option<ErrorKind>,
}

impl Answer {
    pub(super) fn of<T: Told>(doing: &Doing<'_>, answer: Result<T>) -> Self {
        let mut text = format!("{answer:?}");
        let mut taught = Vec::new();
        if let Ok(told) = &answer {
            told.teach(doing, &mut taught);
            text.push_str(&told.secrets());
        }
        Answer { text, taught, kind: answer.err().map(|error| error.kind()) }
    }

    pub(super) fn error_kind(&self) -> Option<ErrorKind> {
        self.kind
    }
}

/// An answer that is no refusal.
pub(super) trait Told: Debug {
    /// What can be asked about from now on.
    fn teach(&self, _: &Doing<'_>, _: &mut Vec<Lesson>) {}

    /// What `Debug` doesn't show.
    fn secrets(&self) -> String {
        String::new()
    }
}

macro_rules! told {
    ($($kind:ty: |$told:ident, $doing:ident| $lessons:expr;)*) => {$(
        impl Told for $kind {
            fn teach(&self, $doing: &Doing<'_>, lessons: &mut Vec<Lesson>) {
                let $told = self;
                lessons.extend($lessons);
            }
        }
    )*};
    ($($kind:ty),*) => { $(impl Told for $kind {})* };
}

told! {
    PublisherReceipt: |told, doing| {
        let held = told.held.map(|_| Lesson::Held(NameSubject::Publisher(told.id)));
        [Lesson::Publisher(doing.known(told.id, told.revision))].into_iter().chain(held)
    };
    ListingReceipt: |told, doing| {
        let held = told.held.map(|_| Lesson::Held(NameSubject::Listing(told.id)));
        [Lesson::Listing(doing.known(told.id, told.revision))].into_iter().chain(held)
    };
    Page<HeldNameView>: |told, doing| {
        let _ = doing;
        told.items.iter().map(|held| Lesson::Seen(held.subject, held.version))
    };
    InvitationReceipt: |told, doing| { let _ = doing; [Lesson::Invitation(told.id)] };
    ReportReceipt: |told, doing| { let _ = doing; [Lesson::Report(told.id)] };
    MemberReceipt: |told, doing| { let _ = doing; [Lesson::Member(told.person)] };
    EntitlementReceipt: |told, doing|
        [Lesson::Entitlement(doing.known((told.id, doing.listing()), told.revision))];
}

told!(
    InstallReceipt,
    NameReceipt,
    ReleaseReceipt,
    ListingView,
    ReleaseView,
    PublisherView,
    Found<ListingView, ListingAddress>,
    Found<PublisherView, Handle>,
    Imported,
    Metrics,
    ChangesPage,
    Vec<AuditEntry>,
    Page<ListingView>,
    Page<ReleaseView>,
    Page<MyPublisher>,
    ReferenceReceipt,
    EntitlementView,
    AttemptView,
    Introspection,
    KeyRevocationReceipt,
    FenceReceipt,
    Erasure,
    TenantDeletion,
    Page<InvitationView>,
    Page<MemberView>,
    Page<ReferenceView>,
    Page<ReportView>,
    Page<EntitlementView>,
    Page<AttemptView>
);

impl Told for IssuedInvitation {
    fn teach(&self, doing: &Doing<'_>, lessons: &mut Vec<Lesson>) {
        self.receipt.teach(doing, lessons);
        lessons.extend(self.code.iter().map(|code| Lesson::Code(code.expose().to_owned())));
    }

    fn secrets(&self) -> String {
        self.code.as_ref().map(|code| code.expose().to_owned()).unwrap_or_default()
    }
}

impl Told for InstallStarted {
    fn teach(&self, doing: &Doing<'_>, lessons: &mut Vec<Lesson>) {
        for handover in &self.handovers {
            let attempt = (handover.attempt.id, handover.attempt.system.clone());
            let known = doing.known(attempt, Revision::FIRST);
            lessons.push(Lesson::Attempt(known));
            if let Way::Token(Some(token)) = &handover.way {
                let token = (token.expose().to_owned(), handover.attempt.system.clone());
                let known = doing.known(token, Revision::FIRST);
                lessons.push(Lesson::Token(known));
            }
        }
    }

    fn secrets(&self) -> String {
        let secret = |way: &Way| match way {
            Way::Token(Some(token)) => token.expose().to_owned(),
            Way::DeepLink(Some(link)) => link.as_str().to_owned(),
            Way::Token(None) | Way::DeepLink(None) => String::new(),
        };
        self.handovers.iter().map(|handover| secret(&handover.way)).collect()
    }
}

impl Told for RedeemedManifest {
    fn secrets(&self) -> String {
        self.as_str().to_owned()
    }
}
