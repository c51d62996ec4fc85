//! What can go wrong in a store.

/// Why a store could not answer.
///
/// Texts are constants: they never hold a value from a request or a record.
///
/// ```
/// use fleetprompt_core::port::StoreError;
/// let newer = StoreError::SchemaTooNew { found: 7, known: 5 };
/// assert_eq!(newer.to_string(), "the store has schema version 7; this program knows up to 5");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Busy, shutting down or unreachable. Nothing was changed; trying again may help.
    #[error("the store is unavailable: {0}")]
    Unavailable(&'static str),
    /// It is not known whether the commit was applied. The idempotency key answers it.
    #[error("the outcome of a commit is unknown: {0}")]
    OutcomeUnknown(&'static str),
    /// No room is left. Nothing was changed.
    #[error("the store is full")]
    Full,
    /// The store can't be written to. Nothing was changed.
    #[error("the store is read-only")]
    ReadOnly,
    /// What is stored can't be understood.
    #[error("the store is corrupt: {0}")]
    Corrupt(&'static str),
    /// A copy into the store was begun and not finished: finish it first. Nothing was changed.
    #[error("a copy into the store was begun and not finished")]
    UnfinishedCopy,
    /// The store was written by a newer version of the program.
    #[error("the store has schema version {found}; this program knows up to {known}")]
    SchemaTooNew {
        /// The version found.
        found: u32,
        /// The newest version that is known.
        known: u32,
    },
    /// There is no store, and none was to be made. Nothing was changed.
    #[error("there is no marketplace here: {0}")]
    Missing(&'static str),
    /// The store is not one of FleetPrompt's, or could not be opened.
    #[error("the store could not be opened: {0}")]
    Open(&'static str),
    /// The caller broke the port's rules; a defect, never a user's doing.
    #[error("a malformed request to the store: {0}")]
    Malformed(&'static str),
}
