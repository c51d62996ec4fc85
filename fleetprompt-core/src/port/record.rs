//! Records: what a store keeps, how each is addressed, and the columns it can be found by.

use serde::{Deserialize, Serialize};

use crate::domain::{
    AssetKind, Attempt, AttemptId, Binding, BuyerMark, Deployment, Entitlement, EntitlementId,
    IndexProgress, Invitation, InvitationId, LikenessKey, Listing, ListingId, Membership,
    NameReview, NameSubject, Person, PersonId, PersonIdentity, Position, Publisher, PublisherId,
    Release, Rendered, RenderingProgress, Report, ReportId, Revision, Seat, Sha256Digest, Standing,
    SystemName, Tenant, TenantIdentity, UpstreamId, Version, WellKnown,
};

use super::error::StoreError;

/// A value as it was read: which revision, and which commits created and last changed it.
///
/// ```
/// use fleetprompt_core::domain::{Position, Revision};
/// use fleetprompt_core::port::Versioned;
/// let [created, changed] = [Position::new(7), Position::new(9)];
/// let read = Versioned { revision: Revision::FIRST.next(), created, changed, value: "acme" };
/// let length = read.map(str::len);
/// assert_eq!((length.value, length.revision.get()), (4, 2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// How often it has been changed.
    pub revision: Revision,
    /// The position of the first event of the commit that created it. Gives records of a kind a
    /// total order (with the key), the same in every store.
    pub created: Position,
    /// The position of the first event of the commit that last changed it.
    pub changed: Position,
    /// The value.
    pub value: T,
}

impl<T> Versioned<T> {
    /// The same reading with the value replaced by what `f` makes of it.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Versioned<U> {
        Versioned {
            revision: self.revision,
            created: self.created,
            changed: self.changed,
            value: f(self.value),
        }
    }
}

/// A value of a column: what a store compares and orders by, bytewise or as a number.
///
/// ```
/// use fleetprompt_core::port::ColumnValue;
/// assert_eq!(ColumnValue::from(true), ColumnValue::Integer(1));
/// assert!(ColumnValue::from(9) < ColumnValue::from(10), "as numbers");
/// assert!(ColumnValue::from("Zebra") < ColumnValue::from("ant"), "byte by byte");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnValue {
    /// A whole number.
    Integer(i64),
    /// A text, compared byte by byte.
    Text(String),
}

impl From<i64> for ColumnValue {
    fn from(n: i64) -> Self {
        ColumnValue::Integer(n)
    }
}

impl From<bool> for ColumnValue {
    fn from(flag: bool) -> Self {
        ColumnValue::Integer(i64::from(flag))
    }
}

impl From<&str> for ColumnValue {
    fn from(text: &str) -> Self {
        ColumnValue::Text(text.to_owned())
    }
}

impl From<String> for ColumnValue {
    fn from(text: String) -> Self {
        ColumnValue::Text(text)
    }
}

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        /// A column that records are found or ordered by, beside their key and document.
        ///
        /// ```
        /// use fleetprompt_core::port::{Column, RecordKind};
        /// assert_eq!(Column::ExpiresAt.name(), "expires_at");
        /// assert!(RecordKind::Attempt.columns().contains(&Column::ExpiresAt));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column {
            /// The position that created the record; every kind has it, and the store fills it in.
            Created,
            $($(#[$doc])* $name,)*
        }

        impl Column {
            /// The column's name, fit for SQL as it stands.
            pub fn name(self) -> &'static str {
                match self { Column::Created => "created", $(Column::$name => $sql,)* }
            }

            /// A flag or a state as SQL that may stand in a statement, since a partial index is
            /// considered for a literal only. Both have few values, of harmless characters, so there
            /// are few statements; `None` for anything else, which has to be a parameter.
            ///
            /// ```
            /// use fleetprompt_core::port::Column;
            /// assert_eq!(Column::State.literal(&"draft".into()), Some("'draft'".to_owned()));
            /// assert_eq!(Column::State.literal(&"it's".into()), None);
            /// assert_eq!(Column::Kid.literal(&"k1".into()), None);
            /// ```
            pub fn literal(self, value: &ColumnValue) -> Option<String> {
                match (self, value) {
                    (Column::Yanked, ColumnValue::Integer(flag)) => Some(flag.to_string()),
                    (Column::State, ColumnValue::Text(word))
                        if word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_')) =>
                    {
                        Some(format!("'{word}'"))
                    }
                    _ => None,
                }
            }
        }
    };
}

columns! {
    /// A surrogate id.
    Surrogate = "surrogate";
    /// A tenant's surrogate.
    Tenant = "tenant";
    /// A person's surrogate; empty when the record belongs to a whole tenant.
    Person = "person";
    /// A publisher.
    Publisher = "publisher";
    /// A listing.
    Listing = "listing";
    /// An entitlement.
    Entitlement = "entitlement";
    /// An owning system.
    System = "system";
    /// A state, as its word.
    State = "state";
    /// A release channel, as its word.
    Channel = "channel";
    /// 1 when the release is yanked.
    Yanked = "yanked";
    /// A key whose byte order is semver precedence.
    Precedence = "precedence";
    /// A key's id; empty without a token.
    Kid = "kid";
    /// A key by which look-alikes find a well-known name.
    Likeness = "likeness";
    /// A publisher or listing, as what has a name.
    Subject = "subject";
    /// The version of the rules that HTML was made by.
    Sanitiser = "sanitiser";
    /// When the record has served and may be pruned, in milliseconds.
    ExpiresAt = "expires_at";
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident = $table:literal [$($column:ident),*];)*) => {
        /// A kind of record: one table in an SQL store.
        ///
        /// ```
        /// use fleetprompt_core::port::{Column, RecordKind};
        /// assert_eq!(RecordKind::Seat.name(), "seat");
        /// assert_eq!(RecordKind::Seat.columns(), [Column::Entitlement, Column::Person]);
        /// assert!(RecordKind::ALL.contains(&RecordKind::Seat));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RecordKind { $($(#[$doc])* $name,)* }

        impl RecordKind {
            /// Every kind.
            pub const ALL: &'static [RecordKind] = &[$(RecordKind::$name,)*];

            /// The kind's name, fit for an SQL table as it stands.
            pub fn name(self) -> &'static str {
                match self { $(RecordKind::$name => $table,)* }
            }

            /// The columns of the kind, besides key, revision, positions and document.
            pub fn columns(self) -> &'static [Column] {
                match self { $(RecordKind::$name => &[$(Column::$column,)*],)* }
            }
        }

        /// A record, whole. Exhaustive on purpose: a new kind breaks every adapter at compile time.
        ///
        /// ```
        /// use fleetprompt_core::domain::{Deployment, DeploymentId, Timestamp};
        /// use fleetprompt_core::port::{Record, RecordKind, StoreError};
        /// let id = DeploymentId::from_bytes([1; 16]);
        /// let record = Record::from(Deployment::new(id, Timestamp::MIN));
        /// let document = record.encode()?;
        /// assert_eq!(Record::decode(RecordKind::Deployment, &document)?, record);
        /// let misread = Record::decode(RecordKind::Listing, &document);
        /// assert!(matches!(misread, Err(StoreError::Corrupt(_))));
        /// # Ok::<(), StoreError>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Record { $($(#[$doc])* $name(Box<$name>),)* }

        impl Record {
            /// Which kind of record it is.
            pub fn kind(&self) -> RecordKind {
                match self { $(Record::$name(_) => RecordKind::$name,)* }
            }

            /// The record's address.
            pub fn key(&self) -> RecordKey {
                match self { $(Record::$name(record) => record.key(),)* }
            }

            /// The record's value in `column`; `None` when its kind has no such column, or the
            /// store fills it in.
            pub fn column(&self, column: Column) -> Option<ColumnValue> {
                match self { $(Record::$name(record) => record.column(column),)* }
            }

            /// The record as the JSON document that stores keep.
            ///
            /// # Errors
            /// [`StoreError::Malformed`] when it can't be written, which no record of the domain does.
            pub fn encode(&self) -> Result<String, StoreError> {
                let text = match self { $(Record::$name(record) => serde_json::to_string(record),)* };
                text.map_err(|_| StoreError::Malformed("a record could not be encoded"))
            }

            /// Reads what [`encode`](Self::encode) wrote.
            ///
            /// # Errors
            /// [`StoreError::Corrupt`] when the document is not a record of this kind.
            pub fn decode(kind: RecordKind, document: &str) -> Result<Self, StoreError> {
                let record = match kind {
                    $(RecordKind::$name => serde_json::from_str(document).map(Record::$name),)*
                };
                record.map_err(|_| StoreError::Corrupt("a stored document does not fit its kind"))
            }
        }

        $(
            impl From<$name> for Record {
                fn from(record: $name) -> Self {
                    Record::$name(Box::new(record))
                }
            }

            impl Entity for $name {
                const KIND: RecordKind = RecordKind::$name;
                fn from_record(record: Record) -> Option<Self> {
                    match record { Record::$name(record) => Some(*record), _ => None }
                }
            }
        )*
    };
}

records! {
    /// The marketplace's own row.
    Deployment = "deployment" [];
    /// A tenant's surrogate and name.
    Tenant = "tenant" [Surrogate];
    /// A person's surrogate and name.
    Person = "person" [Surrogate, Tenant];
    /// A publisher.
    Publisher = "publisher" [Tenant];
    /// A member of a publisher.
    Membership = "membership" [Publisher, Person];
    /// An invitation to join a publisher.
    Invitation = "invitation" [Publisher, ExpiresAt];
    /// A listing.
    Listing = "listing" [Publisher];
    /// A release of a listing.
    Release = "release" [Listing, Channel, Yanked, Precedence];
    /// Whether a publisher may offer an upstream asset.
    Binding = "binding" [Publisher, System, State];
    /// An entitlement.
    Entitlement = "entitlement" [Listing, Tenant, Person];
    /// A seat taken in an entitlement.
    Seat = "seat" [Entitlement, Person];
    /// An install attempt.
    Attempt = "attempt" [Tenant, Person, Entitlement, State, Kid, ExpiresAt];
    /// That a buyer's tenant redeemed a listing.
    BuyerMark = "buyer_mark" [Listing, ExpiresAt];
    /// How many buyers of a listing count.
    Standing = "standing" [];
    /// How far the search index has been brought.
    IndexProgress = "index_progress" [];
    /// A key of a well-known name.
    WellKnown = "well_known" [Likeness, Subject];
    /// A name that is or was held for review.
    NameReview = "name_review" [State];
    /// A report of abuse.
    Report = "report" [State];
    /// The HTML of a text.
    Rendered = "rendered" [Sanitiser];
    /// How far texts that were never rendered have been looked for.
    RenderingProgress = "rendering_progress" [];
}

/// A type that stores keep as records.
///
/// ```
/// use fleetprompt_core::domain::{Deployment, DeploymentId, Person, Timestamp};
/// use fleetprompt_core::port::{Entity, Record, RecordKind};
/// let deployment = Deployment::new(DeploymentId::from_bytes([1; 16]), Timestamp::MIN);
/// let record = Record::from(deployment.clone());
/// assert_eq!(Deployment::KIND, RecordKind::Deployment);
/// assert_eq!(Person::from_record(record.clone()), None);
/// assert_eq!(Deployment::from_record(record), Some(deployment));
/// ```
pub trait Entity: Into<Record> + Clone {
    /// The kind of its records.
    const KIND: RecordKind;
    /// The value in `record`, if it is of this type.
    fn from_record(record: Record) -> Option<Self>;
}

/// A record's address: its kind, and a text that is unique in it.
///
/// ```
/// use fleetprompt_core::domain::PersonIdentity;
/// use fleetprompt_core::port::RecordKey;
/// let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// let key = RecordKey::person(&ada);
/// assert!(key.id().contains("user_ada"));
/// assert_eq!(format!("{key:?}"), "RecordKey(person)");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    kind: RecordKind,
    id: String,
}

impl RecordKey {
    fn new(kind: RecordKind, id: impl Into<String>) -> Self {
        RecordKey { kind, id: id.into() }
    }

    /// The kind of record.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// The text that is unique in its kind.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The marketplace's own row.
    pub fn deployment() -> Self {
        Self::new(RecordKind::Deployment, "deployment")
    }

    /// A tenant, by its name.
    pub fn tenant(identity: &TenantIdentity) -> Self {
        Self::new(RecordKind::Tenant, identity.natural_key())
    }

    /// A person, by their name.
    pub fn person(identity: &PersonIdentity) -> Self {
        Self::new(RecordKind::Person, identity.natural_key())
    }

    /// A publisher.
    pub fn publisher(id: PublisherId) -> Self {
        Self::new(RecordKind::Publisher, id)
    }

    /// A membership.
    pub fn membership(publisher: PublisherId, person: PersonId) -> Self {
        Self::new(RecordKind::Membership, format!("{publisher}/{person}"))
    }

    /// An invitation.
    pub fn invitation(id: InvitationId) -> Self {
        Self::new(RecordKind::Invitation, id)
    }

    /// A listing.
    pub fn listing(id: ListingId) -> Self {
        Self::new(RecordKind::Listing, id)
    }

    /// A release. Versions that differ only in build metadata have one key.
    pub fn release(listing: ListingId, version: &Version) -> Self {
        Self::new(RecordKind::Release, format!("{listing}/{}", version.precedence_key().as_str()))
    }

    /// A publisher's binding to an upstream asset.
    pub fn binding(
        publisher: PublisherId,
        system: &SystemName,
        kind: AssetKind,
        upstream: &UpstreamId,
    ) -> Self {
        let id = format!("{publisher}/{system}/{kind}/{upstream}");
        Self::new(RecordKind::Binding, id)
    }

    /// An entitlement.
    pub fn entitlement(id: EntitlementId) -> Self {
        Self::new(RecordKind::Entitlement, id)
    }

    /// A seat.
    pub fn seat(entitlement: EntitlementId, person: PersonId) -> Self {
        Self::new(RecordKind::Seat, format!("{entitlement}/{person}"))
    }

    /// An install attempt.
    pub fn attempt(id: AttemptId) -> Self {
        Self::new(RecordKind::Attempt, id)
    }

    /// A buyer's mark on a listing.
    pub fn buyer_mark(listing: ListingId, buyer: &Sha256Digest) -> Self {
        Self::new(RecordKind::BuyerMark, format!("{listing}/{buyer}"))
    }

    /// How many buyers of a listing count.
    pub fn standing(listing: ListingId) -> Self {
        Self::new(RecordKind::Standing, listing)
    }

    /// How far the search index has been brought by the rules of `version`, which is an
    /// [`INDEX_VERSION`](super::INDEX_VERSION).
    pub fn index_progress(version: u16) -> Self {
        Self::new(RecordKind::IndexProgress, version.to_string())
    }

    /// A key of a well-known name.
    pub fn well_known(key: &LikenessKey, of: NameSubject) -> Self {
        Self::new(RecordKind::WellKnown, format!("{key}/{of}"))
    }

    /// The review of somebody's names.
    pub fn name_review(subject: NameSubject) -> Self {
        Self::new(RecordKind::NameReview, subject.to_string())
    }

    /// A report of abuse.
    pub fn report(id: ReportId) -> Self {
        Self::new(RecordKind::Report, id)
    }

    /// The HTML of a release's notes; without a release, of a listing's description.
    pub fn rendered(listing: ListingId, release: Option<&Version>) -> Self {
        let text = release.map(|version| format!("notes/{}", version.precedence_key().as_str()));
        let text = text.as_deref().unwrap_or("description");
        Self::new(RecordKind::Rendered, format!("{listing}/{text}"))
    }

    /// How far texts that were never rendered have been looked for.
    pub fn rendering_progress() -> Self {
        Self::new(RecordKind::RenderingProgress, "progress")
    }
}

/// Keys may hold names of people, so only the kind is shown.
impl std::fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordKey({})", self.kind.name())
    }
}

macro_rules! addressed {
    ($($name:ident |$r:ident| $key:expr, { $($column:ident => $value:expr),* };)*) => {$(
        impl $name {
            /// The record's address in a store.
            pub fn key(&self) -> RecordKey {
                let $r = self;
                $key
            }

            fn column(&self, column: Column) -> Option<ColumnValue> {
                let $r = self;
                let _ = $r;
                match column {
                    $(Column::$column => Some(ColumnValue::from($value)),)*
                    _ => None,
                }
            }
        }
    )*};
}

addressed! {
    Deployment |_r| RecordKey::deployment(), {};
    Tenant |r| RecordKey::tenant(&r.identity), {
        Surrogate => r.id.to_string()
    };
    Person |r| RecordKey::person(&r.identity), {
        Surrogate => r.id.to_string(),
        Tenant => r.tenant.to_string()
    };
    Publisher |r| RecordKey::publisher(r.id), {
        Tenant => r.tenant.to_string()
    };
    Membership |r| RecordKey::membership(r.publisher, r.person), {
        Publisher => r.publisher.to_string(),
        Person => r.person.to_string()
    };
    Invitation |r| RecordKey::invitation(r.id), {
        Publisher => r.publisher.to_string(),
        ExpiresAt => r.expires_at.as_millis()
    };
    Listing |r| RecordKey::listing(r.id), {
        Publisher => r.publisher.to_string()
    };
    Release |r| RecordKey::release(r.listing, &r.version), {
        Listing => r.listing.to_string(),
        Channel => r.channel().as_str(),
        Yanked => r.yanked.is_some(),
        Precedence => r.version.precedence_key().as_str()
    };
    Binding |r| RecordKey::binding(r.publisher, &r.system, r.kind, &r.upstream_id), {
        Publisher => r.publisher.to_string(),
        System => r.system.as_str(),
        State => r.state.as_str()
    };
    Entitlement |r| RecordKey::entitlement(r.id), {
        Listing => r.listing.to_string(),
        Tenant => r.tenant.to_string(),
        Person => r.person.map(|id| id.to_string()).unwrap_or_default()
    };
    Seat |r| RecordKey::seat(r.entitlement, r.person), {
        Entitlement => r.entitlement.to_string(),
        Person => r.person.to_string()
    };
    Attempt |r| RecordKey::attempt(r.id), {
        Tenant => r.tenant.to_string(),
        Person => r.person.to_string(),
        Entitlement => r.entitlement.to_string(),
        State => r.state.as_str(),
        Kid => r.token.as_ref().map(|token| token.kid.as_str()).unwrap_or_default(),
        ExpiresAt => r.expires_at.as_millis()
    };
    BuyerMark |r| RecordKey::buyer_mark(r.listing, &r.buyer), {
        Listing => r.listing.to_string(),
        ExpiresAt => r.last_at.plus(crate::domain::BUYER_MARK_KEPT).as_millis()
    };
    Standing |r| RecordKey::standing(r.listing), {};
    IndexProgress |r| RecordKey::index_progress(r.version), {};
    WellKnown |r| RecordKey::well_known(&r.key, r.of), {
        Likeness => r.key.as_str(),
        Subject => r.of.to_string()
    };
    NameReview |r| RecordKey::name_review(r.subject), {
        State => r.state.as_str()
    };
    Report |r| RecordKey::report(r.id), {
        State => r.state.as_str()
    };
    Rendered |r| RecordKey::rendered(r.listing, r.release.as_ref()), {
        Sanitiser => i64::from(r.sanitiser.get())
    };
    RenderingProgress |_r| RecordKey::rendering_progress(), {};
}

#[cfg(test)]
pub(super) mod tests;
