//! Counting rows, with a digest over one spelling of them that is the same for every store.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::domain::Sha256Digest;
use crate::port::{CopyRow, Head, IndexEntry, StoreError};

use super::report::Tally;

/// The rows so far.
#[derive(Clone, Default)]
pub(super) struct Counting {
    rows: u64,
    digest: Sha256,
}

impl Counting {
    pub(super) fn row(&mut self, row: &CopyRow) -> Result<(), StoreError> {
        self.rows = self.rows.saturating_add(1);
        match row {
            CopyRow::Record(record) => {
                let (key, document) = (record.value.key(), record.value.encode()?);
                let positions = (record.revision.get(), record.created, record.changed);
                self.add(&(key.id(), positions, document))
            }
            CopyRow::Name { name, owner } => {
                self.add(&(name.scope().name(), name.name(), owner.as_str()))
            }
            CopyRow::Counter { scope, name, value } => self.add(&(scope, name, value)),
            CopyRow::Receipt(kept) => {
                let fingerprint = (kept.fingerprint.kid.as_str(), &kept.fingerprint.digest);
                self.add(&(&kept.scope.0, fingerprint, &kept.answer, kept.expires_at))
            }
            CopyRow::Event { stored, feed } => self.add(&(stored.position, feed, &stored.event)),
            CopyRow::Entry(stored) => {
                let IndexEntry { version, quality, released_at, sort_name, runs, labels } =
                    &stored.entry;
                let runs: Vec<_> =
                    runs.iter().map(|run| (run.field.number(), &run.tokens)).collect();
                let rest = (version, quality.get(), released_at, sort_name, runs, labels);
                self.add(&(stored.ordinal, rest))
            }
        }
    }

    pub(super) fn head(&mut self, head: &Head) -> Result<(), StoreError> {
        self.add(&(head.last, head.at, head.feed_last, head.pruned, head.feed_pruned))
    }

    fn add(&mut self, row: &impl Serialize) -> Result<(), StoreError> {
        let malformed = |_| StoreError::Malformed("a row could not be encoded");
        let bytes = serde_json::to_vec(row).map_err(malformed)?;
        // The length goes ahead, so that no two lists of rows are spelt alike.
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.digest.update(length.to_be_bytes());
        self.digest.update(bytes);
        Ok(())
    }

    pub(super) fn tally(&self) -> Tally {
        let digest = Sha256Digest::from_bytes(self.digest.clone().finalize().into());
        Tally { rows: self.rows, digest }
    }
}
