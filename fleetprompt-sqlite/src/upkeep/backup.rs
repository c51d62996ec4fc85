//! A copy of the database, which has its name when it is whole and on disk, and not before.

use std::ffi::OsString;
#[cfg(unix)]
use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use fleetprompt_core::port::StoreError;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tempfile::NamedTempFile;

use crate::error::{Fault, open_error, store_error};

/// How many pages are copied at a time: 4 MiB.
const STEP_PAGES: i32 = 1_024;

const EXISTS: StoreError = StoreError::Open("the backup's file exists already");

/// How far a backup is.
///
/// ```
/// use fleetprompt_sqlite::BackupProgress;
/// let now = BackupProgress { copied: 256, pages: 1_024 };
/// assert_eq!(now.copied * 100 / now.pages, 25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupProgress {
    /// Pages copied so far.
    pub copied: u64,
    /// Pages in all.
    pub pages: u64,
}

/// Why a backup's file could not be made.
fn not_made(error: &Error) -> StoreError {
    match error.kind() {
        ErrorKind::AlreadyExists => EXISTS,
        ErrorKind::NotFound => StoreError::Open("the backup's folder does not exist"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::Open("the backup's folder can't be written to")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Open("the backup's file can't be made"),
    }
}

/// Copies the database into a new file at `to`. Whoever is stopped in the middle leaves a file of another
/// name, which nobody takes for a backup and which is in no later one's way.
pub(super) fn back_up(
    conn: &Connection,
    to: &Path,
    progress: impl FnMut(BackupProgress),
) -> Result<(), Fault> {
    // Told before anything is copied. What comes there meanwhile is not written over either.
    if to.symlink_metadata().is_ok() {
        return Err(EXISTS.into());
    }
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let partial = partial(to, folder).map_err(|error| not_made(&error))?;
    copy(conn, partial.path(), progress)?;
    partial.as_file().sync_all().map_err(|error| not_made(&error))?;
    partial.persist_noclobber(to).map_err(|error| not_made(&error.error))?;
    sync_folder(folder).map_err(|error| not_made(&error))?;
    Ok(())
}

/// An empty file that only its owner reads, beside the one that is to be made. SQLite takes it for a new
/// database.
fn partial(to: &Path, folder: &Path) -> Result<NamedTempFile, Error> {
    let mut prefix = to.file_name().map(OsString::from).ok_or(ErrorKind::InvalidInput)?;
    prefix.push(".");
    tempfile::Builder::new().prefix(&prefix).suffix(".partial").tempfile_in(folder)
}

fn copy(
    conn: &Connection,
    to: &Path,
    mut progress: impl FnMut(BackupProgress),
) -> Result<(), Fault> {
    // One snapshot for all steps: without it, each commit would make the copying begin again.
    let snapshot = conn.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut target = Connection::open(to).map_err(|error| open_error(&error))?;
    // Nobody reads the copy before it is whole, so there is nothing to go back to, and all of it is
    // flushed at once.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    {
        let backup = Backup::new(&snapshot, &mut target)?;
        loop {
            let step = backup.step(STEP_PAGES)?;
            let pages = |n: i32| u64::try_from(n).unwrap_or_default();
            let now = backup.progress();
            let all = pages(now.pagecount);
            let copied = all.saturating_sub(pages(now.remaining));
            progress(BackupProgress { copied, pages: all });
            match step {
                StepResult::Done => break,
                // Nobody else uses the copy; a virus scanner or the like may.
                StepResult::Busy | StepResult::Locked => thread::sleep(Duration::from_millis(10)),
                _ => {}
            }
        }
    }
    target.close().map_err(|(_, error)| store_error(&error))?;
    snapshot.commit()?;
    Ok(())
}

/// Makes the new name durable, where a folder can be flushed.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), Error> {
    let Ok(folder) = File::open(folder) else { return Ok(()) };
    match folder.sync_all() {
        Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), Error> {
    Ok(())
}
