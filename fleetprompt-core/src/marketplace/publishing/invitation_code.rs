//! Invitation codes: made from the invitation's id, and kept nowhere.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::domain::{Invitation, InvitationId, Sha256Digest};
use crate::token::{DerivedKey, KeyId, Purpose};

use crate::marketplace::Inner;

const PREFIX: &str = "fpv1.";

/// The code of an invitation: whoever presents it may join the publisher, once.
///
/// `fpv1.<invitation id>.<mac>`, at most [`MAX_BYTES`](Self::MAX_BYTES) ASCII bytes; the MAC is
/// HMAC-SHA256 over the id, in base64url without padding. Wiped from memory when dropped, redacted
/// in `Debug`, compared in constant time; [`expose`](Self::expose) is the one way to the text.
///
/// ```
/// use fleetprompt_core::marketplace::InvitationCode;
/// let presented = InvitationCode::presented("fpv1.anything".to_owned());
/// assert_eq!(format!("{presented:?}"), "InvitationCode(redacted)");
/// assert_eq!(presented.expose(), "fpv1.anything");
/// ```
#[derive(Clone)]
pub struct InvitationCode(Zeroizing<String>);

impl InvitationCode {
    /// The longest code, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// Text that somebody presents as a code. Nothing is checked yet: malformed text is refused
    /// where, and how, any other wrong code is.
    pub fn presented(text: String) -> Self {
        InvitationCode(Zeroizing::new(text))
    }

    /// The code's text. Whoever has it can join.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// By what the code is recognised without being kept.
    pub(super) fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.expose().as_bytes())
    }

    /// The invitation that the code names, unproven.
    pub(super) fn invitation(&self) -> Option<InvitationId> {
        let text = Some(self.expose()).filter(|text| text.len() <= Self::MAX_BYTES)?;
        let (id, _) = text.strip_prefix(PREFIX)?.split_once('.')?;
        id.parse().ok()
    }

    fn make(key: &DerivedKey, id: InvitationId) -> Self {
        let mac = URL_SAFE_NO_PAD.encode(key.keyed_digest(&[id.as_bytes()]));
        InvitationCode(Zeroizing::new(format!("{PREFIX}{id}.{mac}")))
    }
}

impl PartialEq for InvitationCode {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for InvitationCode {}

impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationCode(redacted)")
    }
}

impl Inner {
    /// A code for a new invitation, and the key that made it.
    pub(super) fn new_code(&self, id: InvitationId) -> (InvitationCode, KeyId) {
        let key = self.keys().derive_active(Purpose::InvitationCode, &self.own_scope());
        (InvitationCode::make(&key, id), *key.kid())
    }

    /// The code of an invitation, made again; `None` once the key that made it is revoked, or the
    /// marketplace has another deployment id. Codes made before then are void.
    pub(super) fn code_of(&self, invitation: &Invitation) -> Option<InvitationCode> {
        let scope = self.own_scope();
        let key = self.keys().derive(&invitation.kid, Purpose::InvitationCode, &scope)?;
        Some(InvitationCode::make(&key, invitation.id))
            .filter(|code| code.digest() == invitation.code_digest)
    }
}
