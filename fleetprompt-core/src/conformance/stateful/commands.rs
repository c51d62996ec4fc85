//! The commands that are tried, one a line.

use std::num::NonZeroU32;

use super::Wish;
use super::scene::{self, Known, Role, Scene};
use super::told::Answer;
use crate::conformance::samples::{self, Pick};
use crate::domain::{
    Asset, AttemptId, BadgeKind, BindingState, Channel, EntitlementId, EvidenceReference, Handle,
    IdempotencyKey, InstallMethod, InvitationId, ListingContent, ListingId, NameSubject, PersonId,
    PersonIdentity, Position, PublisherId, PublisherProfile, PublisherRole, Reason, ReleaseContent,
    ReportClass, ReportId, ReportOutcome, Revision, Slug, TakedownReason, TenantIdentity, Version,
};
use crate::error::Result;
use crate::marketplace::{
    BeginInstall, Holder, ImportRow, InvitationCode, ListingEdit, NewListing, NewPublisher,
    NewReport, OperatorGrant, PublisherEdit, RedeemRequest, ReferenceDecision, ReferenceReceipt,
};
use crate::port::{PageSize, Principal};
use crate::search::{CatalogueFilter, CatalogueOrder};
use crate::token::{InstallToken, KeyId};
use crate::{Acting, Marketplace};

/// `n Role Name => what is called;` makes a command that is drawn n times as often as one with a 1,
/// mostly by those who have the role.
macro_rules! commands {
    (|$d:ident| $($often:literal $role:ident $name:ident => $call:expr;)*) => {
        /// What can be asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Verb { $($name,)* }

        impl Verb {
            /// Every verb, as often as it is to be drawn.
            pub(super) fn urn() -> Vec<Verb> {
                [$([Verb::$name].repeat($often)),*].concat()
            }

            fn role(self) -> Role {
                match self { $(Verb::$name => Role::$role,)* }
            }
        }

        impl Doing<'_> {
            /// Asks for it.
            pub(super) async fn it(&self) -> Answer {
                let $d = self;
                match self.verb { $(Verb::$name => Answer::of(self, Box::pin($call).await),)* }
            }
        }
    };
}

commands! { |d|
    4 Person CreatePublisher => d.by.create_publisher(d.new_publisher(), &d.key);
    3 PublishersOwner UpdatePublisher =>
        d.by.update_publisher(d.publisher(), d.publishers_revision(), d.edit(), &d.key);
    2 PublishersOwner TransferPublisher => d.by.transfer_publisher(d.publisher(), d.member(), &d.key);
    4 PublishersOwner Invite => d.by.invite(d.publisher(), d.role(), &d.key);
    1 PublishersOwner RevokeInvitation => d.by.revoke_invitation(d.invitation(), &d.key);
    4 Person AcceptInvitation => async { d.by.accept_invitation(&d.code(), &d.key).await };
    2 PublishersOwner ChangeRole =>
        d.by.change_role(d.publisher(), d.member(), d.role(), &d.key);
    1 PublishersOwner RemoveMember => d.by.remove_member(d.publisher(), d.member(), &d.key);
    1 Person Leave => d.by.leave(d.publisher(), &d.key);
    1 PublishersOwner Members => d.by.members(d.publisher(), None, PageSize::MAX);
    1 PublishersOwner Invitations => d.by.invitations(d.publisher(), None, PageSize::MAX);
    4 PublishersOwner CreateListing => d.by.create_listing(d.new_listing(), &d.key);
    2 ListingsOwner UpdateListing =>
        d.by.update_listing(d.made(), d.mades_revision(), d.listing_edit(), &d.key);
    2 ListingsOwner PublishListing => d.by.publish_listing(d.made(), &d.key);
    1 ListingsOwner UnlistListing => d.by.unlist_listing(d.made(), &d.key);
    1 ListingsOwner DeprecateListing => d.by.deprecate_listing(d.made(), d.successor(), &d.key);
    1 ListingsOwner DeleteListing => d.by.delete_listing(d.made(), &d.key);
    1 ListingsOwner TransferListing => d.by.transfer_listing(d.made(), d.to(), &d.key);
    4 ListingsOwner PublishRelease =>
        d.by.publish_release(d.made(), d.version(), d.release_content(), &d.key);
    2 ListingsOwner YankRelease =>
        d.by.yank_release(d.made(), d.version(), d.reason(), &d.key);
    1 ListingsOwner UnyankRelease => d.by.unyank_release(d.made(), d.version(), &d.key);
    1 Operator TakeDown => d.by.take_down(d.made(), d.class(), d.reason(), &d.key);
    2 Operator RestoreListing => d.by.restore_listing(d.made(), &d.key);
    3 Person Report => d.by.report(d.new_report(), &d.key);
    1 Operator Reports => d.by.reports(None, PageSize::MAX);
    2 Operator ResolveReport => d.by.resolve_report(d.report(), d.outcome(), d.reason(), &d.key);
    2 Operator Import => d.by.import(d.import_row());
    1 Person Browse => d.by.browse(CatalogueFilter::default(), d.order(), None, PageSize::MAX);
    1 Person Listing => d.by.listing(d.listing());
    1 Person ListingByName => async { d.by.listing_by_name(&d.handle(), &d.slug()).await };
    1 Person Releases => d.by.releases(d.listing(), None, PageSize::MAX);
    1 Person LatestRelease => d.by.latest_release(d.listing(), d.channel());
    1 Person Publisher => d.by.publisher(d.publisher());
    1 Person PublisherByHandle => async { d.by.publisher_by_handle(&d.handle()).await };
    1 Person MyPublishers => d.by.my_publishers(None, PageSize::MAX);
    1 PublishersOwner PublisherListings =>
        d.by.publisher_listings(d.publisher(), None, PageSize::MAX);
    1 ListingsOwner Metrics => d.by.metrics(d.made(), 30);
    1 Person Changes => d.by.changes(None, PageSize::MAX);
    1 Operator AuditLog => d.by.audit_log(Position::START, PageSize::MAX);
    2 Operator GrantBadge => d.by.grant_badge(d.publisher(), d.badge(), d.evidence(), &d.key);
    1 Operator RemoveBadge => d.by.remove_badge(d.publisher(), d.badge(), &d.key);
    3 Operator AllowName => d.by.allow_name(d.subject(), d.seen(), d.reason(), &d.key);
    3 Operator RefuseName => d.by.refuse_name(d.subject(), d.seen(), d.reason(), &d.key);
    4 Operator HeldNames => d.by.held_names(None, PageSize::MAX);
    2 Operator RefusedNames => d.by.refused_names(None, PageSize::MAX);
    1 Operator SuspendPublisher => d.by.suspend_publisher(d.publisher(), d.reason(), &d.key);
    3 Operator RestorePublisher => d.by.restore_publisher(d.publisher(), &d.key);
    2 System DecideReference => d.decide_reference();
    1 System References => d.by.references(d.binding_state(), None, PageSize::MAX);
    6 Person ClaimFree => d.by.claim_free(d.listing(), &d.key);
    4 Operator GrantEntitlement => d.by.grant_entitlement(d.grant(), &d.key);
    2 Operator ActivateEntitlement =>
        d.by.activate_entitlement(d.entitlement(), d.entitlements_revision(), d.reason(), &d.key);
    2 Operator SuspendEntitlement =>
        d.by.suspend_entitlement(d.entitlement(), d.entitlements_revision(), d.reason(), &d.key);
    2 Operator ResumeEntitlement =>
        d.by.resume_entitlement(d.entitlement(), d.entitlements_revision(), d.reason(), &d.key);
    1 Operator RevokeEntitlement =>
        d.by.revoke_entitlement(d.entitlement(), d.entitlements_revision(), d.reason(), &d.key);
    1 Holder Entitlement => d.by.entitlement(d.entitlement());
    1 Person MyEntitlements => d.by.my_entitlements(None, PageSize::MAX);
    9 Holder BeginInstall => d.by.begin_install(d.install(), &d.key);
    1 Person BeginInstallOfAny => d.by.begin_install(d.install_of_any(), &d.key);
    1 Beginner RevokeInstall => d.by.revoke_install(d.attempt(), &d.key);
    1 Beginner Attempt => d.by.attempt(d.attempt());
    1 Person MyInstalls => d.by.my_installs(None, PageSize::MAX);
    9 Addressee Redeem => d.by.redeem(d.token(), &d.key);
    2 Addressee Introspect => async { d.by.introspect(&d.token()).await };
    2 Receiver ManifestAgain => async { d.by.manifest_again(d.attempt(), &d.expected()).await };
    1 Operator RevokeKey => d.by.revoke_key(d.kid(), &d.key);
    1 Operator Fence => d.by.fence(d.reason(), &d.key);
    1 Operator EraseSubject => async { d.by.erase_subject(&d.person(), &d.key).await };
    1 Operator DeleteTenant => async { d.by.delete_tenant(&d.tenant(), &d.key).await };
}

impl Verb {
    /// Whether the answer tells how much was left for the run that finished: another round of the
    /// same command then answers less.
    pub(super) fn counts_its_last_run(self) -> bool {
        matches!(self, Verb::Fence | Verb::RevokeKey | Verb::Import)
    }
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
        let what = wish.what;
        let by = match wish.verb.role() {
            _ if wish.anybody => nth(&scene::anybody(), wish.who),
            Role::PublishersOwner => recent(&scene.publishers, what[0]).by,
            Role::ListingsOwner => recent(&scene.listings, what[0]).by,
            Role::Holder => recent(&scene.entitlements, what[0]).by,
            Role::Beginner => recent(&scene.attempts, what[0]).by,
            Role::Addressee => scene::system(&recent(&scene.tokens, what[0]).it.1),
            Role::Receiver => scene::system(&recent(&scene.attempts, what[0]).it.1),
            role => nth(&scene::principals(role), wish.who),
        };
        Doing {
            verb: wish.verb,
            by: market.act_as(by),
            scene,
            what,
            key: format!("a-command-key-{:03}", wish.key).parse().unwrap(),
        }
    }

    fn publisher(&self) -> PublisherId {
        recent(&self.scene.publishers, self.what[0]).it
    }

    fn publishers_revision(&self) -> Revision {
        self.revision(recent(&self.scene.publishers, self.what[0]).revision)
    }

    /// Mostly what is held.
    fn subject(&self) -> NameSubject {
        recent(&self.scene.held, self.what[0]).0
    }

    /// As it was when an operator looked last.
    fn seen(&self) -> Position {
        recent(&self.scene.held, self.what[0]).1
    }

    fn member(&self) -> PersonId {
        recent(&self.scene.members, self.what[1])
    }

    fn invitation(&self) -> InvitationId {
        recent(&self.scene.invitations, self.what[0])
    }

    fn code(&self) -> InvitationCode {
        InvitationCode::presented(recent(&self.scene.codes, self.what[0]))
    }

    pub(super) fn listing(&self) -> ListingId {
        nth(&self.scene.listings, self.what[0]).it
    }

    /// A listing that was made lately.
    fn made(&self) -> ListingId {
        recent(&self.scene.listings, self.what[0]).it
    }

    /// Mostly the one that is known, or the one after it: publishing a release is a change too.
    fn mades_revision(&self) -> Revision {
        let known = self.revision(recent(&self.scene.listings, self.what[0]).revision);
        if self.what[2].is_multiple_of(2) { known } else { known.next() }
    }

    fn slug(&self) -> Slug {
        nth(&["invoice-bot", "invoice_b0t", "crm"], self.what[1]).parse().unwrap()
    }

    fn handle(&self) -> Handle {
        let handles = ["acme-bots", "acrne.bots", "globex", "g1obex", "initech"];
        nth(&handles, self.what[1]).parse().unwrap()
    }

    fn asset(&self) -> Asset {
        nth(&scene::assets(), self.what[2])
    }

    fn content(&self) -> ListingContent {
        let n = self.what.iter().sum::<usize>() as u64;
        samples::listing(n, &mut Pick::seeded(n)).content
    }

    fn new_listing(&self) -> NewListing {
        NewListing {
            publisher: self.publisher(),
            slug: self.slug(),
            asset: self.asset(),
            content: self.content(),
        }
    }

    fn listing_edit(&self) -> ListingEdit {
        let asset = (self.what[2] > 20).then(|| self.asset());
        ListingEdit { slug: self.slug(), content: self.content(), asset }
    }

    fn successor(&self) -> Option<ListingId> {
        (self.what[1] > 12).then(|| nth(&self.scene.listings, self.what[2]).it)
    }

    /// Where a listing moves to.
    fn to(&self) -> PublisherId {
        recent(&self.scene.publishers, self.what[1]).it
    }

    fn version(&self) -> Version {
        nth(&self.scene.versions, self.what[1])
    }

    fn release_content(&self) -> ReleaseContent {
        let content = samples::release(0, &mut Pick::seeded(self.what[2] as u64)).content;
        // Only a spec asset has one.
        ReleaseContent { schema_version: None, ..content }
    }

    fn import_row(&self) -> ImportRow {
        let NewPublisher { handle, profile } = self.new_publisher();
        ImportRow {
            publisher: handle,
            publisher_name: profile.name,
            slug: self.slug(),
            asset: self.asset(),
            content: self.content(),
            version: self.version(),
            released_at: samples::time(self.what[0] as u64),
            popularity: self.what[2] as u64,
            confirm: self.what[2] > 6,
        }
    }

    fn new_report(&self) -> NewReport {
        let subject = match self.what[1].is_multiple_of(2) {
            true => NameSubject::Listing(self.listing()),
            false => NameSubject::Publisher(self.publisher()),
        };
        let text = "It's \"bad\".".parse().unwrap();
        NewReport { subject, class: nth(ReportClass::ALL, self.what[2]), text, evidence: None }
    }

    fn report(&self) -> ReportId {
        recent(&self.scene.reports, self.what[0])
    }

    fn outcome(&self) -> ReportOutcome {
        nth(ReportOutcome::ALL, self.what[1])
    }

    fn class(&self) -> TakedownReason {
        nth(TakedownReason::ALL, self.what[1])
    }

    fn channel(&self) -> Channel {
        nth(Channel::ALL, self.what[1])
    }

    fn order(&self) -> CatalogueOrder {
        use CatalogueOrder::{Name, Newest, Popularity, RecentlyUpdated};
        nth(&[Newest, RecentlyUpdated, Name, Popularity], self.what[1])
    }

    fn entitlement(&self) -> EntitlementId {
        recent(&self.scene.entitlements, self.what[0]).it.0
    }

    fn entitlements_revision(&self) -> Revision {
        self.revision(recent(&self.scene.entitlements, self.what[0]).revision)
    }

    /// Mostly the one that is known.
    fn revision(&self, known: Revision) -> Revision {
        if self.what[1] < 20 { known } else { Revision::new(self.what[2] as u64) }
    }

    fn attempt(&self) -> AttemptId {
        recent(&self.scene.attempts, self.what[0]).it.0
    }

    fn token(&self) -> RedeemRequest {
        let token = InstallToken::presented(recent(&self.scene.tokens, self.what[0]).it.0);
        RedeemRequest { token, expected: self.expected() }
    }

    /// Mostly whoever began the install.
    fn expected(&self) -> PersonIdentity {
        let by = match self.verb.role() {
            Role::Receiver => recent(&self.scene.attempts, self.what[0]).by,
            _ => recent(&self.scene.tokens, self.what[0]).by,
        };
        match by {
            Principal::Person { identity, .. } if self.what[2] < 18 => identity,
            _ => self.person(),
        }
    }

    fn person(&self) -> PersonIdentity {
        nth(&scene::people(), self.what[2])
    }

    fn tenant(&self) -> TenantIdentity {
        nth(&scene::tenants(), self.what[2])
    }

    fn role(&self) -> PublisherRole {
        nth(PublisherRole::ALL, self.what[1])
    }

    fn badge(&self) -> BadgeKind {
        nth(BadgeKind::ALL, self.what[1])
    }

    fn binding_state(&self) -> BindingState {
        nth(BindingState::ALL, self.what[1])
    }

    fn kid(&self) -> KeyId {
        nth(&["k1", "k2", "k3"], self.what[1]).parse().unwrap()
    }

    fn evidence(&self) -> EvidenceReference {
        "case's 1".parse().unwrap()
    }

    fn reason(&self) -> Reason {
        "It's for a reason.".parse().unwrap()
    }

    fn edit(&self) -> PublisherEdit {
        let NewPublisher { handle, profile } = self.new_publisher();
        PublisherEdit { handle, profile }
    }

    fn new_publisher(&self) -> NewPublisher {
        let name = nth(&["Acme", "Bots & \"Söhne\"", "日本"], self.what[2]);
        NewPublisher {
            handle: self.handle(),
            profile: PublisherProfile { name: name.parse().unwrap(), summary: None, website: None },
        }
    }

    fn grant(&self) -> OperatorGrant {
        let holder = match nth(&[None, Some(None), Some(Some(1)), Some(Some(2))], self.what[1]) {
            None => Holder::Person(self.person()),
            Some(seats) => {
                Holder::Tenant { identity: self.tenant(), seats: seats.and_then(NonZeroU32::new) }
            }
        };
        OperatorGrant {
            listing: self.listing(),
            holder,
            reference: nth(&["order-1", "order's", "order-3"], self.what[2]).parse().unwrap(),
            reason: self.reason(),
            window: None,
            pending: self.what[1] > 18,
        }
    }

    /// Of what the holder owns.
    fn install(&self) -> BeginInstall {
        let listing = recent(&self.scene.entitlements, self.what[0]).it.1;
        BeginInstall { listing, ..self.install_of_any() }
    }

    fn install_of_any(&self) -> BeginInstall {
        use InstallMethod::{DeepLink, Token};
        let version = (self.what[1] > 18).then(|| nth(&self.scene.versions, self.what[2]));
        BeginInstall {
            listing: self.listing(),
            version,
            method: nth(&[Token, Token, Token, DeepLink], self.what[2]),
            entitlement: None,
            context: (self.what[1] == 7).then(|| "telespace's 7".parse().unwrap()),
        }
    }

    async fn decide_reference(&self) -> Result<ReferenceReceipt> {
        let (kind, upstream_id) = nth(&self.scene.references, self.what[1]);
        let decision = match self.what[2] > 6 {
            true => ReferenceDecision::Confirm { reason: None },
            false => ReferenceDecision::Refuse { reason: self.reason() },
        };
        let publisher = match self.what[0].checked_sub(12) {
            Some(n) => recent(&self.scene.publishers, n).it,
            None => self.scene.publishers[0].it,
        };
        self.by.decide_reference(publisher, kind, upstream_id, decision, &self.key).await
    }

    /// Something that was learnt by whoever acts.
    pub(super) fn known<T>(&self, it: T, revision: Revision) -> Known<T> {
        Known { it, by: self.by.principal().clone(), revision }
    }
}

fn nth<T: Clone>(choices: &[T], n: usize) -> T {
    choices[n % choices.len()].clone()
}

/// One of the three that were learnt last, or what was known at first.
fn recent<T: Clone>(known: &[T], n: usize) -> T {
    let back = if n < 21 { n / 7 } else { known.len() - 1 };
    known[(known.len() - 1).saturating_sub(back)].clone()
}
