//! Files that nobody but their owner reads, since a database holds who owns what.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a file that does not exist yet. SQLite takes an empty one for a new database, and gives what it
/// makes beside it the same permissions.
///
/// # Errors
/// `AlreadyExists` among others.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
