//! Whether the file that is open still is the one at its path. Whoever writes into one that was removed,
//! renamed or replaced is answered, and what they wrote is gone when the last process closes it.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use fleetprompt_core::port::StoreError;

const LEFT: &str = "the database's file was removed, renamed or replaced";

/// A path, and the file that was there when it was opened.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    file: FileId,
    /// Whether the file was found to be there no more: it is logged once, not with every commit.
    left: AtomicBool,
}

/// Which file it is: device and number. Nothing where a system does not say, so that all are alike.
#[cfg(unix)]
type FileId = (u64, u64);
#[cfg(not(unix))]
type FileId = ();

impl Place {
    /// The place of the file that is at `path` now.
    pub(crate) fn of(path: &Path) -> Result<Self, StoreError> {
        let file = file_at(path).map_err(|_| StoreError::Open("the file can't be looked at"))?;
        Ok(Place { path: path.to_owned(), file, left: AtomicBool::new(false) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that the file still is at the path.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let there = match file_at(&self.path) {
            Ok(found) => found == self.file,
            // A folder that can't be searched any more says nothing of what is in it.
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        };
        let path = self.path.display();
        match (self.left.swap(!there, Ordering::Relaxed), there) {
            (false, false) => {
                tracing::error!(%path, "{LEFT}: nothing is committed until it is there again");
            }
            (true, true) => tracing::warn!(%path, "the database's file is there again"),
            _ => {}
        }
        if there { Ok(()) } else { Err(StoreError::Unavailable(LEFT)) }
    }
}

#[cfg(unix)]
fn file_at(path: &Path) -> Result<FileId, Error> {
    use std::os::unix::fs::MetadataExt as _;
    // By its path: SQLite loses its locks on a file that this process opens and closes.
    let found = std::fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn file_at(_: &Path) -> Result<FileId, Error> {
    Ok(())
}
