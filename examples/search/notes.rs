//! Which files were imported into a database, noted in a file beside it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The notes of a database.
pub(crate) struct Notes(PathBuf);

impl Notes {
    pub(crate) fn beside(database: &Path) -> Self {
        Notes(database.with_extension("imported"))
    }

    /// What is noted of a file: its size, when it was last changed, and where it is.
    pub(crate) fn note_of(file: &Path) -> io::Result<String> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
        let metadata = fs::metadata(file).map_err(named)?;
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let path = fs::canonicalize(file).map_err(named)?;
        Ok(format!("{} {} {path:?}", metadata.len(), changed.as_millis()))
    }

    pub(crate) fn have(&self, note: &str) -> io::Result<bool> {
        match fs::read_to_string(&self.0) {
            Ok(notes) => Ok(notes.lines().any(|line| line == note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn add(&self, note: &str) -> io::Result<()> {
        let mut notes = OpenOptions::new().create(true).append(true).open(&self.0)?;
        writeln!(notes, "{note}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("catalogue.jsonl");
        fs::write(&file, "one\n").unwrap();
        let notes = Notes::beside(&folder.path().join("market.db"));
        let before = Notes::note_of(&file).unwrap();
        assert!(!notes.have(&before).unwrap());
        notes.add(&before).unwrap();
        assert!(notes.have(&before).unwrap());
        fs::write(&file, "one\ntwo\n").unwrap();
        assert!(!notes.have(&Notes::note_of(&file).unwrap()).unwrap());
    }
}
