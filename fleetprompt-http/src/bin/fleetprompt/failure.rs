//! What went wrong, for a person in a hurry, and what the exit code says of it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use fleetprompt_core::domain::ParseError;
use fleetprompt_core::marketplace::{BuildError, KeysError};
use fleetprompt_core::port::StoreError;
use fleetprompt_core::{Error, ErrorKind};

use crate::output::note;

/// The exit codes, as `--help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Failed = 1,
    Usage = 2,
    Refused = 3,
    Unavailable = 75,
    /// As a shell says it of a program that SIGPIPE has ended.
    Unread = 141,
}

/// What to do about a store that is damaged.
const DAMAGED: &str = "docs/OPERATIONS.md#integrity-check";

/// Why a command did not do what it was told to: what is wrong, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
    hint: Option<String>,
}

/// What a command answers.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    fn new(exit: Exit, what: impl Into<String>) -> Self {
        Failure { exit, what: what.into(), hint: None }
    }

    /// Something failed.
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::new(Exit::Failed, what)
    }

    /// The command line or the configuration is wrong.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// A rule of the marketplace refused it.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::new(Exit::Refused, what)
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// Says of what, before what is wrong.
    #[must_use]
    pub(crate) fn of(self, subject: impl fmt::Display) -> Self {
        Failure { what: format!("{subject}: {}", self.what), ..self }
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &io::Error) -> Self {
        let why = match (error.raw_os_error(), error.kind()) {
            (Some(_), _) => error.to_string(),
            // Those of temporary files name these, which nobody has asked for.
            (None, io::ErrorKind::NotFound) => "there is no such folder".to_owned(),
            (None, kind) => kind.to_string(),
        };
        Self::failed(format!("{}: {why}", path.display()))
    }

    /// The address to serve on could not be had.
    pub(crate) fn not_bound(address: SocketAddr, error: &io::Error) -> Self {
        Self::failed(format!("{address}: {error}"))
            .hint("Choose another address with --listen, or stop what uses it.")
    }

    /// Not all could be written to standard output.
    pub(crate) fn unwritten(error: &io::Error) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::Unread,
            _ => Exit::Failed,
        };
        Self::new(exit, format!("standard output: {error}"))
    }

    /// Whether something failed that neither the caller nor a rule is to blame for, and that trying
    /// again does not help.
    pub(crate) fn is_failed(&self) -> bool {
        self.exit == Exit::Failed
    }

    /// Says what went wrong on standard error; nothing where whoever read the output has gone away,
    /// and wants to hear no more.
    pub(crate) fn tell(&self) {
        if self.exit != Exit::Unread {
            note!("fleetprompt: {self}");
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n  {hint}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error.kind() {
            ErrorKind::Unavailable => Exit::Unavailable,
            // Its own words are for those who are served, and leave the cause to the log.
            ErrorKind::Internal => {
                return Failure::failed("the store is damaged, or this is a defect")
                    .hint(format!("See the line above, and {DAMAGED}."));
            }
            _ => Exit::Refused,
        };
        Failure::new(exit, format!("{}: {error}", error.code().as_str()))
    }
}

impl From<ParseError> for Failure {
    fn from(refused: ParseError) -> Self {
        Failure::usage(refused.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match error {
            StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_) => Exit::Unavailable,
            _ => Exit::Failed,
        };
        let failure = Failure::new(exit, error.to_string());
        match error {
            StoreError::SchemaTooNew { .. } => failure
                .hint("A newer version of FleetPrompt wrote it: use that version or a newer one."),
            StoreError::Corrupt(_) => failure.hint(format!("See {DAMAGED}.")),
            StoreError::Unavailable(_) => {
                failure.hint("Try again; is it running, and may this host reach it?")
            }
            _ => failure,
        }
    }
}

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Store(error) => error.into(),
            KeysError::Another { .. } => Failure::usage(error.to_string()).hint(
                "Give every instance the same key ring. A new ring for this database needs other names: \
                 `fleetprompt keys generate --kid NAME`.",
            ),
        }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Store(error) => error.into(),
            BuildError::Keys(error) => error.into(),
            BuildError::TokenLifetime => Failure::usage(format!("token-lifetime-seconds: {error}")),
            other => Failure::failed(other.to_string()),
        }
    }
}
