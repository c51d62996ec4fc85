//! What an install token says.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digest::{ReleaseDigest, TokenId};
use crate::domain::{AttemptId, EntitlementId, ListingId, ParseError, Rule, Timestamp};

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident = $field:literal;)*) => {$(
        $(#[doc = $doc])*
        ///
        /// Opaque: 1 to 128 bytes of UTF-8 without control characters, compared byte for byte.
        ///
        /// ```
        #[doc = concat!("use fleetprompt_core::token::", stringify!($name), ";")]
        #[doc = concat!("let name: ", stringify!($name), " = \"acme|31\".parse()?;")]
        /// assert_eq!(name.as_str(), "acme|31");
        #[doc = concat!("assert!(\"acme\\n31\".parse::<", stringify!($name), ">().is_err());")]
        /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The longest text, in bytes.
            pub const MAX_BYTES: usize = 128;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                text.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseError;
            fn try_from(text: String) -> Result<Self, ParseError> {
                let broken = if text.is_empty() {
                    Rule::Empty
                } else if text.len() > Self::MAX_BYTES {
                    Rule::TooLong { max: Self::MAX_BYTES, unit: "bytes" }
                } else if text.chars().any(char::is_control) {
                    Rule::Characters("characters that are not control characters")
                } else {
                    return Ok(Self(text));
                };
                Err(ParseError::new($field, broken))
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        crate::domain::schema! {
            $name = crate::openapi::string().min_length(Some(1)).max_length(Some(Self::MAX_BYTES)),
            $($doc),*
        }
    )*};
}

texts! {
    /// The marketplace that mints a token, by its configured name.
    Issuer = "issuer";
    /// The one owning system that may redeem a token, by its configured name. Never reused for
    /// another system, since keys are derived from it.
    Audience = "audience";
    /// A subject, tenant or release version, as the system that named it spells it.
    ClaimText = "claim";
}

/// The claims of an install token, all mandatory.
///
/// They are readable by whoever holds the token, so they hold opaque names and no personal data.
/// FleetPrompt itself takes no fact from them: what counts is the attempt's record. The
/// [module](super) makes some.
///
/// ```
/// use fleetprompt_core::domain::{Span, Timestamp};
/// use fleetprompt_core::token::Claims;
/// /// What an owning system could show while it asks for the token to be redeemed.
/// fn left(claims: &Claims, now: Timestamp) -> Span {
///     claims.expires.since(now)
/// }
/// # let _ = left;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who minted the token.
    pub issuer: Issuer,
    /// Who may redeem it.
    pub audience: Audience,
    /// For whom, within the tenant.
    pub subject: ClaimText,
    /// For which tenant.
    pub tenant: ClaimText,
    /// The install attempt that the token hands over.
    pub attempt: AttemptId,
    /// The listing that is to be installed.
    pub listing: ListingId,
    /// The version of its release.
    pub release: ClaimText,
    /// What that release consists of.
    pub release_digest: ReleaseDigest,
    /// What the buyer owns. Ownership is no permission to run anything.
    pub entitlement: EntitlementId,
    /// When the token was minted; never compared with a clock.
    pub issued: Timestamp,
    /// From when on the token is worthless.
    pub expires: Timestamp,
    /// The token's own id.
    pub token_id: TokenId,
}
