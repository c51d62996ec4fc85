//! The token itself: minted, taken apart, verified.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::claims::{Audience, Claims};
use super::codec;
use super::derive::DerivedKey;
use super::digest::TokenDigest;
use super::key::KeyId;
use super::sealed::{Form, Sealed};

const FORM: Form = Form {
    prefix: "fpi1",
    domain: "fleetprompt install token 1",
    max_bytes: InstallToken::MAX_BYTES,
};

/// A token that does not hold, whatever the reason: malformed, an unknown kid, a wrong MAC, another
/// audience, expired, never issued. One error, so that nobody learns which.
///
/// ```
/// use fleetprompt_core::token::InvalidToken;
/// assert_eq!(InvalidToken.to_string(), "invalid token");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid token")]
pub struct InvalidToken;

/// The text of an install token: a credential, good once, for minutes.
///
/// Wiped from memory when dropped, redacted in `Debug`, compared in constant time, without
/// `Display`; [`expose`](Self::expose) is the one way to the text.
///
/// ```
/// use fleetprompt_core::token::{InstallToken, TokenDigest};
/// let presented = InstallToken::presented("fpi1.k1.WzFd.c2VjcmV0".to_owned());
/// assert_eq!(format!("{presented:?}"), "InstallToken(redacted)");
/// assert_eq!(presented.digest(), TokenDigest::of(presented.expose()));
/// ```
#[derive(Clone)]
pub struct InstallToken(Zeroizing<String>);

impl InstallToken {
    /// The longest token, in bytes. Claims of the largest allowed sizes stay below it.
    pub const MAX_BYTES: usize = 2_048;

    /// The token of these claims. The same claims and key give the same token, so that a retried
    /// issuance can rebuild it. The [module](super) has an example.
    ///
    /// `key` is for [`Purpose::InstallToken`](super::Purpose::InstallToken) and the scope of the
    /// claims' issuer and audience; under any other, no one could verify the token.
    pub fn mint(key: &DerivedKey, claims: &Claims) -> Self {
        let context = claims.audience.as_str().as_bytes();
        let payload = codec::encode(claims);
        InstallToken(Zeroizing::new(FORM.seal(key, context, &payload)))
    }

    /// Text that someone presents as a token. Nothing is checked yet, so that malformed text is
    /// refused where, and how, any other invalid token is.
    pub fn presented(text: String) -> Self {
        InstallToken(Zeroizing::new(text))
    }

    /// The token's text. Whoever has it can present it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// By what the token is recognised without being kept.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.expose())
    }
}

impl PartialEq for InstallToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for InstallToken {}

impl fmt::Debug for InstallToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallToken(redacted)")
    }
}

/// A token that has been taken apart and not yet believed: all it tells is its kid.
///
/// The [module](super) has an example.
///
/// ```
/// use fleetprompt_core::token::{InvalidToken, UnverifiedToken};
/// assert_eq!(UnverifiedToken::parse("fpi2.k1.W10.AAAA").unwrap_err(), InvalidToken);
/// ```
pub struct UnverifiedToken<'a>(Sealed<'a>);

impl<'a> UnverifiedToken<'a> {
    /// Takes a token apart, after checking its length; its payload is not decoded.
    ///
    /// # Errors
    /// [`InvalidToken`] for text that is not of the form of a token.
    pub fn parse(text: &'a str) -> Result<Self, InvalidToken> {
        FORM.split(text).map(UnverifiedToken).ok_or(InvalidToken)
    }

    /// The kid that the token names: an unproven hint at the key to verify it with.
    pub fn kid(&self) -> &KeyId {
        &self.0.kid
    }

    /// The claims, if the token was minted with `key` for `audience`.
    ///
    /// Both come from the caller that authenticated, never from the token. The MAC is compared, in
    /// constant time, before the payload is decoded. Clocks are not looked at.
    ///
    /// # Errors
    /// [`InvalidToken`] for a token of another kid, key or audience, or one that was changed.
    pub fn verify(&self, key: &DerivedKey, audience: &Audience) -> Result<Claims, InvalidToken> {
        let context = audience.as_str().as_bytes();
        let payload = FORM.open(&self.0, key, context).ok_or(InvalidToken)?;
        let claims = codec::decode(&payload).ok_or(InvalidToken)?;
        if claims.audience == *audience { Ok(claims) } else { Err(InvalidToken) }
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedToken({}, redacted)", self.kid())
    }
}
