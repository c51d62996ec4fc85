//! The commands that are tried, one a line.

use std::fmt::{Debug, Write as _};
use std::num::NonZeroU32;

use super::Wish;
use super::scene::{self, Lesson, Role, Scene};
use crate::domain::{
    AttemptId, BadgeKind, EntitlementId, IdempotencyKey, InstallMethod, ListingId, PersonIdentity,
    PublisherId, PublisherRole, Reason, Revision,
};
use crate::error::{ErrorKind, Result};
use crate::marketplace::{
    AttemptView, BeginInstall, EntitlementReceipt, EntitlementView, Erasure, FenceReceipt, Holder,
    InstallReceipt, InstallStarted, Introspection, InvitationCode, InvitationReceipt,
    IssuedInvitation, KeyRevocationReceipt, MemberReceipt, MemberView, NewPublisher, OperatorGrant,
    Page, PublisherEdit, PublisherReceipt, RedeemRequest, RedeemedManifest, ReferenceDecision,
    ReferenceReceipt, ReferenceView, TenantDeletion, Way,
};
use crate::port::PageSize;
use crate::token::InstallToken;
use crate::{Acting, Marketplace};

/// `Role Name => what is called;` makes a command that is mostly tried by those who have the role.
macro_rules! commands {
    (|$d:ident| $($role:ident $name:ident => $call:expr;)*) => {
        /// What can be asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Verb { $($name,)* }

        impl Verb {
            pub(super) const ALL: &'static [Verb] = &[$(Verb::$name,)*];

            fn role(self) -> Role {
                match self { $(Verb::$name => Role::$role,)* }
            }
        }

        impl Doing<'_> {
            /// Asks for it.
            pub(super) async fn it(&self) -> Answer {
                let $d = self;
                match self.verb { $(Verb::$name => Answer::of(Box::pin($call).await),)* }
            }
        }
    };
}

commands! { |d|
    Person CreatePublisher => d.by.create_publisher(d.new_publisher(), &d.key);
    Person UpdatePublisher => d.by.update_publisher(d.publisher(), d.revision(), d.edit(), &d.key);
    Person Invite => d.by.invite(d.publisher(), d.role(), &d.key);
    Person RevokeInvitation => d.by.revoke_invitation(d.of(&d.scene.invitations), &d.key);
    Person AcceptInvitation => async { d.by.accept_invitation(&d.code(), &d.key).await };
    Person Leave => d.by.leave(d.publisher(), &d.key);
    Person Members => d.by.members(d.publisher(), None, PageSize::MAX);
    Operator GrantBadge =>
        d.by.grant_badge(d.publisher(), d.badge(), "case-1".parse().unwrap(), &d.key);
    Operator RemoveBadge => d.by.remove_badge(d.publisher(), d.badge(), &d.key);
    Operator SuspendPublisher => d.by.suspend_publisher(d.publisher(), d.reason(), &d.key);
    Operator RestorePublisher => d.by.restore_publisher(d.publisher(), &d.key);
    System DecideReference => d.decide_reference();
    System References => d.by.references(d.one_of(crate::domain::BindingState::ALL), None, PageSize::MAX);
    Person ClaimFree => d.by.claim_free(d.listing(), &d.key);
    Operator GrantEntitlement => d.by.grant_entitlement(d.grant(), &d.key);
    Operator ActivateEntitlement =>
        d.by.activate_entitlement(d.entitlement(), d.revision(), d.reason(), &d.key);
    Operator SuspendEntitlement =>
        d.by.suspend_entitlement(d.entitlement(), d.revision(), d.reason(), &d.key);
    Operator ResumeEntitlement =>
        d.by.resume_entitlement(d.entitlement(), d.revision(), d.reason(), &d.key);
    Operator RevokeEntitlement =>
        d.by.revoke_entitlement(d.entitlement(), d.revision(), d.reason(), &d.key);
    Person Entitlement => d.by.entitlement(d.entitlement());
    Person MyEntitlements => d.by.my_entitlements(None, PageSize::MAX);
    Person BeginInstall => d.by.begin_install(d.install(), &d.key);
    Person RevokeInstall => d.by.revoke_install(d.attempt(), &d.key);
    Person Attempt => d.by.attempt(d.attempt());
    Person MyInstalls => d.by.my_installs(None, PageSize::MAX);
    System Redeem => d.by.redeem(d.token(), &d.key);
    System Introspect => async { d.by.introspect(&d.token()).await };
    System ManifestAgain => async { d.by.manifest_again(d.attempt(), &d.person()).await };
    Operator RevokeKey => d.by.revoke_key(d.one_of(&["k1", "k2"]).parse().unwrap(), &d.key);
    Operator Fence => d.by.fence(d.reason(), &d.key);
    Operator EraseSubject => async { d.by.erase_subject(&d.person(), &d.key).await };
    Operator DeleteTenant => async { d.by.delete_tenant(&d.of(&scene::tenants()), &d.key).await };
}

/// A wish, by somebody, to one of the marketplaces, with what the caller knows.
pub(super) struct Doing<'a> {
    verb: Verb,
    by: Acting,
    scene: &'a Scene,
    what: [usize; 3],
    key: IdempotencyKey,
}

impl<'a> Doing<'a> {
    pub(super) fn new(market: &Marketplace, scene: &'a Scene, wish: &Wish) -> Self {
        let candidates = match wish.anybody {
            true => scene::anybody(),
            false => scene::principals(wish.verb.role()),
        };
        Doing {
            verb: wish.verb,
            by: market.act_as(nth(&candidates, wish.who)),
            scene,
            what: wish.what,
            key: format!("a-command-key-{:03}", wish.key).parse().unwrap(),
        }
    }

    /// What the wish's first number stands for.
    fn of<T: Clone>(&self, known: &[T]) -> T {
        nth(known, self.what[0])
    }

    /// What the wish's second number stands for.
    fn one_of<T: Clone>(&self, choices: &[T]) -> T {
        nth(choices, self.what[1])
    }

    /// What the wish's third number stands for.
    fn last_of<T: Clone>(&self, choices: &[T]) -> T {
        nth(choices, self.what[2])
    }

    fn publisher(&self) -> PublisherId {
        self.of(&self.scene.publishers)
    }

    fn listing(&self) -> ListingId {
        self.of(&self.scene.listings)
    }

    fn entitlement(&self) -> EntitlementId {
        self.of(&self.scene.entitlements)
    }

    fn attempt(&self) -> AttemptId {
        self.of(&self.scene.attempts)
    }

    fn person(&self) -> PersonIdentity {
        self.last_of(&scene::people())
    }

    /// Mostly low, as revisions are after a few commands.
    fn revision(&self) -> Revision {
        self.one_of(&[1, 1, 1, 2, 2, 3].map(Revision::new))
    }

    fn role(&self) -> PublisherRole {
        self.one_of(PublisherRole::ALL)
    }

    fn badge(&self) -> BadgeKind {
        self.one_of(BadgeKind::ALL)
    }

    fn reason(&self) -> Reason {
        "It's for a reason.".parse().unwrap()
    }

    fn code(&self) -> InvitationCode {
        InvitationCode::presented(self.of(&self.scene.codes))
    }

    fn token(&self) -> RedeemRequest {
        let token = InstallToken::presented(self.of(&self.scene.tokens));
        RedeemRequest { token, expected: self.person() }
    }

    fn edit(&self) -> PublisherEdit {
        let NewPublisher { handle, profile } = self.new_publisher();
        PublisherEdit { handle, profile }
    }

    fn new_publisher(&self) -> NewPublisher {
        let handle = self.one_of(&["acme-bots", "acrne.bots", "globex", "g1obex", "initech"]);
        let name = self.last_of(&["Acme", "Bots & \"Söhne\"", "日本"]);
        NewPublisher {
            handle: handle.parse().unwrap(),
            profile: crate::domain::PublisherProfile {
                name: name.parse().unwrap(),
                summary: None,
                website: None,
            },
        }
    }

    fn grant(&self) -> OperatorGrant {
        let holder = match self.last_of(&[None, Some(None), Some(Some(1)), Some(Some(2))]) {
            None => Holder::Person(self.person()),
            Some(seats) => Holder::Tenant {
                identity: self.last_of(&scene::tenants()),
                seats: seats.and_then(NonZeroU32::new),
            },
        };
        OperatorGrant {
            listing: self.listing(),
            holder,
            reference: self.one_of(&["order-1", "order's", "order-3"]).parse().unwrap(),
            reason: self.reason(),
            window: None,
            pending: self.what[1] > 18,
        }
    }

    fn install(&self) -> BeginInstall {
        BeginInstall {
            listing: self.listing(),
            version: self
                .one_of(&[None, None, None, Some(())])
                .map(|()| self.last_of(&self.scene.versions)),
            method: nth(
                &[InstallMethod::Token, InstallMethod::Token, InstallMethod::DeepLink],
                self.what[2],
            ),
            entitlement: None,
            context: None,
        }
    }

    async fn decide_reference(&self) -> Result<ReferenceReceipt> {
        let (kind, upstream_id) = self.one_of(&self.scene.references);
        let decision = match self.what[2] > 6 {
            true => ReferenceDecision::Confirm { reason: None },
            false => ReferenceDecision::Refuse { reason: self.reason() },
        };
        let publisher = nth(&self.scene.publishers, self.what[0] / 6);
        self.by.decide_reference(publisher, kind, upstream_id, decision, &self.key).await
    }
}

fn nth<T: Clone>(choices: &[T], n: usize) -> T {
    choices[n % choices.len()].clone()
}

/// What a marketplace answered.
pub(super) struct Answer {
    /// All of it, spelled out.
    pub(super) text: String,
    pub(super) taught: Vec<Lesson>,
    kind: Option<ErrorKind>,
}

impl Answer {
    fn of<T: Told>(answer: Result<T>) -> Self {
        let mut text = format!("{answer:?}");
        let mut taught = Vec::new();
        if let Ok(told) = &answer {
            told.teach(&mut taught);
            let _ = write!(text, "{}", told.secrets());
        }
        Answer { text, taught, kind: answer.err().map(|error| error.kind()) }
    }

    pub(super) fn error_kind(&self) -> Option<ErrorKind> {
        self.kind
    }
}

/// An answer that is no refusal.
trait Told: Debug {
    /// What can be asked about from now on.
    fn teach(&self, _: &mut Vec<Lesson>) {}

    /// What `Debug` doesn't show.
    fn secrets(&self) -> String {
        String::new()
    }
}

macro_rules! told {
    ($($kind:ty: |$told:ident, $lessons:ident| $teach:expr;)*) => {$(
        impl Told for $kind {
            fn teach(&self, $lessons: &mut Vec<Lesson>) {
                let $told = self;
                $teach
            }
        }
    )*};
    ($($kind:ty),*) => { $(impl Told for $kind {})* };
}

told! {
    PublisherReceipt: |told, lessons| lessons.push(Lesson::Publisher(told.id));
    InvitationReceipt: |told, lessons| lessons.push(Lesson::Invitation(told.id));
    EntitlementReceipt: |told, lessons| lessons.push(Lesson::Entitlement(told.id));
    InstallReceipt: |told, lessons| {
        lessons.extend(told.attempts.iter().map(|id| Lesson::Attempt(*id)));
    };
}

told!(
    MemberReceipt,
    ReferenceReceipt,
    EntitlementView,
    AttemptView,
    Introspection,
    KeyRevocationReceipt,
    FenceReceipt,
    Erasure,
    TenantDeletion,
    Page<MemberView>,
    Page<ReferenceView>,
    Page<EntitlementView>,
    Page<AttemptView>
);

impl Told for IssuedInvitation {
    fn teach(&self, lessons: &mut Vec<Lesson>) {
        self.receipt.teach(lessons);
        lessons.extend(self.code.iter().map(|code| Lesson::Code(code.expose().to_owned())));
    }

    fn secrets(&self) -> String {
        self.code.as_ref().map(|code| code.expose().to_owned()).unwrap_or_default()
    }
}

impl Told for InstallStarted {
    fn teach(&self, lessons: &mut Vec<Lesson>) {
        for handover in &self.handovers {
            lessons.push(Lesson::Attempt(handover.attempt.id));
            if let Way::Token(Some(token)) = &handover.way {
                lessons.push(Lesson::Token(token.expose().to_owned()));
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
