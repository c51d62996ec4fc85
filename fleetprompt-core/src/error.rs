//! The one public error: what to do about it, a code for programs, a sentence for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{ParseError, Rule, Span};

/// What to do about an error.
///
/// ```
/// use fleetprompt_core::{ErrorCode, ErrorKind};
/// fn worth_retrying(code: ErrorCode) -> bool {
///     matches!(code.kind(), ErrorKind::Limited | ErrorKind::Unavailable)
/// }
/// assert!(worth_retrying(ErrorCode::Contended) && worth_retrying(ErrorCode::QuotaExceeded));
/// assert!(!worth_retrying(ErrorCode::HandleTaken));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Fix the request: it breaks a rule of form.
    InvalidInput,
    /// Sign in.
    Unauthenticated,
    /// Give up: the principal may see this, but not do that.
    Forbidden,
    /// Give up: there is nothing of the kind, or nothing that the principal may know of.
    NotFound,
    /// Look again: the state of things does not allow this.
    Conflict,
    /// Read again: what was meant has been changed in the meantime.
    PreconditionFailed,
    /// Retry later: a limit is reached.
    Limited,
    /// Retry later, under the same idempotency key: something the marketplace needs is away.
    Unavailable,
    /// Give up and report it, with the incident's id.
    Internal,
}

macro_rules! codes {
    ($($name:ident = $word:literal, $kind:ident, $kept:literal, $message:literal;)*) => {
        /// What went wrong, for programs. The words are stable.
        ///
        /// ```
        /// use fleetprompt_core::{ErrorCode, ErrorKind};
        /// assert_eq!(ErrorCode::ListingNotFound.as_str(), "listing_not_found");
        /// assert_eq!(ErrorCode::ListingNotFound.kind(), ErrorKind::NotFound);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $message] #[serde(rename = $word)] $name,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The code's word.
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => $word,)* }
            }

            /// What to do about it.
            pub fn kind(self) -> ErrorKind {
                match self { $(ErrorCode::$name => ErrorKind::$kind,)* }
            }

            /// Whether the refusal is irreversible, so that it is kept as the answer to its
            /// idempotency key. Whatever may end differently later is never kept.
            pub fn is_kept(self) -> bool {
                match self { $(ErrorCode::$name => $kept,)* }
            }

            /// A sentence for people.
            pub fn message(self) -> &'static str {
                match self { $(ErrorCode::$name => $message,)* }
            }
        }
    };
}

codes! {
    InvalidInput = "invalid_input", InvalidInput, false, "A field breaks a rule.";
    IdempotencyKeyReused = "idempotency_key_reused", InvalidInput, false,
        "The idempotency key was used for another request. Use a new key.";
    InvalidCursor = "invalid_cursor", InvalidInput, false,
        "The cursor does not belong to this query. Start from the first page.";
    CursorTooOld = "cursor_too_old", Conflict, false,
        "Entries behind the cursor are no longer kept. Start from a snapshot.";
    Unauthenticated = "unauthenticated", Unauthenticated, false, "Sign in first.";
    Forbidden = "forbidden", Forbidden, false, "Your role does not allow this.";
    PublisherNotFound = "publisher_not_found", NotFound, false, "There is no such publisher.";
    ListingNotFound = "listing_not_found", NotFound, false, "There is no such listing.";
    ReleaseNotFound = "release_not_found", NotFound, false, "There is no such release.";
    MemberNotFound = "member_not_found", NotFound, false, "There is no such member.";
    InvitationNotFound = "invitation_not_found", NotFound, false, "There is no such invitation.";
    BadgeNotFound = "badge_not_found", NotFound, false, "The publisher has no such badge.";
    EntitlementNotFound = "entitlement_not_found", NotFound, false, "There is no such entitlement.";
    AttemptNotFound = "attempt_not_found", NotFound, false, "There is no such install attempt.";
    ReferenceNotFound = "reference_not_found", NotFound, false, "There is no such reference.";
    ReportNotFound = "report_not_found", NotFound, false, "There is no such report.";
    SubjectNotFound = "subject_not_found", NotFound, false, "There is no such subject.";
    TenantNotFound = "tenant_not_found", NotFound, false, "There is no such tenant.";
    MediaNotFound = "media_not_found", NotFound, false, "The listing has no such image.";
    UploadsOff = "uploads_off", Conflict, false, "This marketplace takes no uploads.";
    UploadRejected = "upload_rejected", InvalidInput, false,
        "The scanner found something harmful in the upload.";
    UploadNotScanned = "upload_not_scanned", Unavailable, false,
        "The upload can't be scanned at present. Try again with the same idempotency key.";
    HandleTaken = "handle_taken", Conflict, false, "The handle, or one that looks like it, is taken.";
    SlugTaken = "slug_taken", Conflict, false,
        "The slug, or one that looks like it, is taken in this publisher.";
    SourceTaken = "source_taken", Conflict, true, "An entitlement from this source exists already.";
    ReferenceTaken = "reference_taken", Conflict, false,
        "The reference is confirmed for another publisher.";
    ReleaseExists = "release_exists", Conflict, true,
        "The version, or one that differs only in build metadata, is published already.";
    RevisionMismatch = "revision_mismatch", PreconditionFailed, false,
        "It was changed since you read it. Read it again.";
    WrongState = "wrong_state", Conflict, false, "Its state does not allow this.";
    PublisherSuspended = "publisher_suspended", Conflict, false, "The publisher is suspended.";
    PublisherHeld = "publisher_held", Conflict, false,
        "The publisher's name is held for review. Nothing can be published before that is decided.";
    NameNotHeld = "name_not_held", NotFound, false, "No such name is held.";
    AlreadyReported = "already_reported", Conflict, false,
        "You have reported this already. An operator has not decided yet.";
    LastOwner = "last_owner", Conflict, false,
        "A publisher needs an owner. Make somebody else an owner first.";
    AlreadyMember = "already_member", Conflict, false, "You are a member of the publisher already.";
    InvitationExpired = "invitation_expired", Conflict, false, "The invitation has expired.";
    SubjectErasing = "subject_erasing", Conflict, false, "The subject is being erased.";
    TenantClosing = "tenant_closing", Conflict, false, "The tenant is being deleted.";
    NotObtainable = "not_obtainable", Conflict, false, "The listing can't be obtained at present.";
    NotFree = "not_free", Conflict, false, "The listing is not free to claim.";
    NoRelease = "no_release", Conflict, false, "The listing has no release to install.";
    SystemUnknown = "system_unknown", Conflict, false, "No owning system is configured for this.";
    ReferenceUnconfirmed = "reference_unconfirmed", Conflict, false,
        "The owning system has not confirmed the publisher's reference.";
    EntitlementInactive = "entitlement_inactive", Conflict, false,
        "The entitlement is not active at present.";
    EntitlementRevoked = "entitlement_revoked", Conflict, false, "The entitlement was revoked.";
    SeatsExhausted = "seats_exhausted", Limited, false, "All seats of the entitlement are taken.";
    ReleaseYanked = "release_yanked", Conflict, false, "The release was yanked.";
    ListingUnavailable = "listing_unavailable", Conflict, false, "The listing is not available.";
    InvalidToken = "invalid_token", InvalidInput, false, "The install token is not valid.";
    TokenExpired = "token_expired", Conflict, false, "The install token has expired.";
    TokenRedeemed = "token_redeemed", Conflict, true, "The install token was redeemed already.";
    AttemptRevoked = "attempt_revoked", Conflict, true, "The install attempt was revoked.";
    SubjectMismatch = "subject_mismatch", Forbidden, false,
        "The install token was issued to somebody else.";
    ManifestUnavailable = "manifest_unavailable", Conflict, false, "The attempt has no manifest.";
    PolicyDenied = "policy_denied", Forbidden, false, "The organisation's policy does not allow this.";
    QuotaExceeded = "quota_exceeded", Limited, false, "A quota is used up.";
    RateLimited = "rate_limited", Limited, false, "Too many requests.";
    Contended = "contended", Unavailable, false,
        "Others keep changing the same thing. Try again with the same idempotency key.";
    Unavailable = "unavailable", Unavailable, false,
        "The marketplace can't answer at present. Try again with the same idempotency key.";
    StoreFull = "store_full", Unavailable, false, "The marketplace has no room left.";
    StoreReadOnly = "store_read_only", Unavailable, false, "The marketplace can't be written to.";
    Internal = "internal", Internal, false, "Something went wrong on our side.";
}

/// What a use case answers when it does not succeed. Holds no value from the request.
///
/// ```
/// use fleetprompt_core::{Error, ErrorCode};
/// let error = Error::from(ErrorCode::SlugTaken);
/// assert_eq!(error.code(), ErrorCode::SlugTaken);
/// assert_eq!(error.to_string(), "The slug, or one that looks like it, is taken in this publisher.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    field: Option<ParseError>,
    retry_after: Option<Span>,
    incident: Option<u64>,
}

impl Error {
    /// What went wrong, for programs.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What to do about it.
    pub fn kind(&self) -> ErrorKind {
        self.code.kind()
    }

    /// The field and the rule it breaks, when it is about one.
    pub fn field(&self) -> Option<ParseError> {
        self.field
    }

    /// How long to wait before it is worth trying again, when that is known.
    pub fn retry_after(&self) -> Option<Span> {
        self.retry_after
    }

    /// The number under which an internal error's cause was logged.
    pub fn incident(&self) -> Option<u64> {
        self.incident
    }

    /// A refusal of `field`.
    pub fn field_rule(field: &'static str, rule: Rule) -> Self {
        ParseError::new(field, rule).into()
    }

    pub(crate) fn retry(code: ErrorCode, after: Span) -> Self {
        Error { retry_after: Some(after), ..code.into() }
    }

    pub(crate) fn internal(incident: u64) -> Self {
        Error { incident: Some(incident), ..ErrorCode::Internal.into() }
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Error { code, field: None, retry_after: None, incident: None }
    }
}

impl From<ParseError> for Error {
    fn from(refused: ParseError) -> Self {
        Error { field: Some(refused), ..ErrorCode::InvalidInput.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.field, self.incident) {
            (Some(field), _) => field.fmt(f),
            (None, Some(incident)) => {
                write!(f, "{} Incident {incident:016x}.", self.code.message())
            }
            (None, None) => f.write_str(self.code.message()),
        }
    }
}

impl std::error::Error for Error {}

/// What the marketplace's methods return.
///
/// ```
/// use fleetprompt_core::domain::Handle;
/// use fleetprompt_core::{ErrorCode, Result};
/// fn handle(text: &str) -> Result<Handle> {
///     Ok(text.parse()?)
/// }
/// assert_eq!(handle("no spaces").unwrap_err().code(), ErrorCode::InvalidInput);
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of what must never be kept under an idempotency key.
    #[test]
    fn only_irreversible_refusals_are_kept() {
        for code in ErrorCode::ALL {
            let reversible = matches!(
                code.kind(),
                ErrorKind::NotFound
                    | ErrorKind::Unauthenticated
                    | ErrorKind::Forbidden
                    | ErrorKind::Limited
                    | ErrorKind::Unavailable
                    | ErrorKind::Internal
                    | ErrorKind::PreconditionFailed
            );
            assert!(!(reversible && code.is_kept()), "{code:?} may end differently later");
        }
        let kept: Vec<_> = ErrorCode::ALL.iter().filter(|code| code.is_kept()).collect();
        let [source, release] = [ErrorCode::SourceTaken, ErrorCode::ReleaseExists];
        let [redeemed, revoked] = [ErrorCode::TokenRedeemed, ErrorCode::AttemptRevoked];
        assert_eq!(kept, [&source, &release, &redeemed, &revoked]);
    }

    #[test]
    fn words_are_unique_and_messages_are_sentences() {
        let words: std::collections::BTreeSet<_> =
            ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(words.len(), ErrorCode::ALL.len());
        assert!(ErrorCode::ALL.iter().all(|code| code.message().ends_with('.')));
    }
}
