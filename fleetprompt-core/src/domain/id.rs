//! Identifiers that FleetPrompt gives out, revisions and log positions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::parse::{ParseError, Rule};
use super::schema::schema;
use super::time::Timestamp;

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident = $field:literal;)*) => {$(
        $(#[doc = $doc])*
        ///
        /// A UUID, version 7 when FleetPrompt made it: later ids sort after earlier ones. Parsing
        /// accepts the lower-case hyphenated form only, so that an id has one spelling.
        ///
        /// ```
        #[doc = concat!("use fleetprompt_core::domain::", stringify!($name), ";")]
        #[doc = concat!("let id: ", stringify!($name), " = \"01940000-0000-7000-8000-000000000001\".parse()?;")]
        /// assert_eq!(id.to_string(), "01940000-0000-7000-8000-000000000001");
        /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// The id with these sixteen bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The sixteen bytes of the id.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                parse_uuid(text, $field).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseError;
            fn try_from(text: String) -> Result<Self, ParseError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        schema! { $name = crate::openapi::id(), $($doc),* }
    )*};
}

fn parse_uuid(text: &str, field: &'static str) -> Result<Uuid, ParseError> {
    let wrong = ParseError::new(field, Rule::Format("a lower-case hyphenated UUID"));
    let canonical =
        text.len() == 36 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    if !canonical {
        return Err(wrong);
    }
    Uuid::try_parse(text).map_err(|_| wrong)
}

ids! {
    /// One copy of the marketplace's data; renewed when a copy becomes another environment.
    DeploymentId = "deploymentId";
    /// The surrogate of a tenant: what records hold in place of the identity provider's name.
    TenantId = "tenantId";
    /// The surrogate of a subject in a tenant: what records hold in place of a person's name.
    PersonId = "personId";
    /// A publisher.
    PublisherId = "publisherId";
    /// An invitation to join a publisher.
    InvitationId = "invitationId";
    /// A listing.
    ListingId = "listingId";
    /// An entitlement.
    EntitlementId = "entitlementId";
    /// An install attempt. No credential: knowing it permits nothing.
    AttemptId = "attemptId";
    /// A report of abuse.
    ReportId = "reportId";
    /// One upload of an image: no two bring the same one, so what it brought has a name of its own.
    UploadId = "uploadId";
}

impl UploadId {
    /// When the upload began, by the marketplace's clock, which a version 7 UUID begins with
    /// (RFC 9562, section 5.7).
    ///
    /// ```
    /// use fleetprompt_core::domain::UploadId;
    /// let id: UploadId = "0198f2a4-7c00-7000-8000-000000000001".parse()?;
    /// assert_eq!(id.begun_at(), "2025-08-28T21:45:22.688Z".parse()?);
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn begun_at(&self) -> Timestamp {
        let millis = self.0.as_u128() >> 80;
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

/// How often a record has been changed: 1 when created, one more with each change.
///
/// ```
/// use fleetprompt_core::domain::Revision;
/// assert_eq!(Revision::FIRST.next().get(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(minimum = 1))]
#[serde(transparent)]
pub struct Revision(u64);

impl Revision {
    /// The revision of a record that was just created.
    pub const FIRST: Revision = Revision(1);

    /// The revision numbered `n`; 0 is held as 1.
    pub const fn new(n: u64) -> Self {
        if n == 0 { Self::FIRST } else { Revision(n) }
    }

    /// The revision after this one.
    pub const fn next(self) -> Self {
        Revision(self.0.saturating_add(1))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A place in the event log. The first event has position 1; positions are dense.
///
/// ```
/// use fleetprompt_core::domain::Position;
/// assert!(Position::START < Position::new(1));
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first event: where a reader starts.
    pub const START: Position = Position(0);

    /// Position `n`.
    pub const fn new(n: u64) -> Self {
        Position(n)
    }

    /// The position after this one.
    pub const fn next(self) -> Self {
        Position(self.0.saturating_add(1))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}
