//! One look at a row and at what it must agree with.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::marketplace::{Inner, typed};
use crate::port::{
    ClaimedName, Counter, Entity, NameOwner, PageKey, PageSize, Record, RecordKey, Scan, Versioned,
};

use super::report::FaultKind;

/// What was read ahead of a page of first looks, in few questions to the store.
#[derive(Default)]
pub(super) struct Ahead {
    pub(super) records: BTreeMap<RecordKey, Option<Versioned<Record>>>,
    pub(super) names: BTreeMap<ClaimedName, NameOwner>,
}

/// Reads what a row must agree with, a row after the other, and notes what it saw. Two looks in a row
/// that saw the same saw what was there at once, in the moment between them.
pub(super) struct Look<'m> {
    market: &'m Inner,
    ahead: &'m Ahead,
    seen: Sha256,
    faults: Vec<FaultKind>,
}

/// What a look found, and what it saw.
#[derive(PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) faults: Vec<FaultKind>,
    seen: [u8; 32],
}

impl<'m> Look<'m> {
    pub(super) fn new(market: &'m Inner, ahead: &'m Ahead) -> Self {
        Look { market, ahead, seen: Sha256::new(), faults: Vec::new() }
    }

    pub(super) fn end(self) -> Looked {
        Looked { faults: self.faults, seen: self.seen.finalize().into() }
    }

    pub(super) fn find(&mut self, kind: FaultKind) {
        self.faults.push(kind);
    }

    /// Each in one length-prefixed piece, so that no two rows look like another one.
    fn note(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.seen.update((piece.len() as u64).to_be_bytes());
            self.seen.update(piece);
        }
    }

    /// A record is as it was while its revision and the position of its last change are: one that was
    /// deleted and made again has a later position.
    fn note_row(&mut self, id: &str, row: &Versioned<Record>) {
        let (revision, changed) = (row.revision.get(), row.changed.get());
        self.note(&[id.as_bytes(), &revision.to_be_bytes(), &changed.to_be_bytes()]);
    }

    pub(super) async fn row(&mut self, key: &RecordKey) -> Result<Option<Versioned<Record>>> {
        let found = match self.ahead.records.get(key) {
            Some(found) => found.clone(),
            None => {
                let found = self.market.store.get(key).await;
                found.map_err(|error| self.market.store_error(&error))?
            }
        };
        match &found {
            Some(row) => self.note_row(key.id(), row),
            None => self.note(&[b"none"]),
        }
        Ok(found)
    }

    pub(super) async fn record<E: Entity>(&mut self, key: &RecordKey) -> Result<Option<E>> {
        Ok(self.row(key).await?.and_then(typed).map(|row| row.value))
    }

    /// Expects a record to be there.
    pub(super) async fn require(&mut self, key: &RecordKey) -> Result<()> {
        if self.row(key).await?.is_none() {
            self.find(FaultKind::ReferenceBroken(key.kind()));
        }
        Ok(())
    }

    /// At most two rows of a list.
    pub(super) async fn first_two<E: Entity>(&mut self, scan: &Scan) -> Result<Vec<E>> {
        let rows = self.page(scan, None, PageSize::new(2)).await?;
        Ok(rows.into_iter().filter_map(typed).map(|row| row.value).collect())
    }

    /// Sums over a list, whatever its length.
    pub(super) async fn sum<E: Entity, const N: usize>(
        &mut self,
        scan: &Scan,
        of: impl Fn(&E) -> [u64; N] + Send,
    ) -> Result<[u64; N]> {
        let plan = scan.plan();
        let (mut sums, mut after): ([u64; N], Option<PageKey>) = ([0; N], None);
        loop {
            let rows = self.page(scan, after.as_ref(), PageSize::MAX).await?;
            let full = rows.len() == usize::from(PageSize::MAX.get());
            after = rows.last().map(|row| plan.page_key(row));
            for row in rows.into_iter().filter_map(typed::<E>) {
                for (sum, more) in sums.iter_mut().zip(of(&row.value)) {
                    *sum = sum.saturating_add(more);
                }
            }
            if !full {
                return Ok(sums);
            }
        }
    }

    async fn page(
        &mut self,
        scan: &Scan,
        after: Option<&PageKey>,
        size: PageSize,
    ) -> Result<Vec<Versioned<Record>>> {
        let rows = self.market.store.scan(scan, after, size).await;
        let rows = rows.map_err(|error| self.market.store_error(&error))?;
        self.note(&[b"rows", &(rows.len() as u64).to_be_bytes()]);
        for row in &rows {
            self.note_row(row.value.key().id(), row);
        }
        Ok(rows)
    }

    pub(super) async fn owner(&mut self, name: &ClaimedName) -> Result<Option<NameOwner>> {
        let found = match self.ahead.names.get(name) {
            Some(owner) => Some(owner.clone()),
            None => {
                let found = self.market.store.name(name).await;
                found.map_err(|error| self.market.store_error(&error))?
            }
        };
        match &found {
            Some(owner) => self.note(&[b"owner", owner.as_str().as_bytes()]),
            None => self.note(&[b"free"]),
        }
        Ok(found)
    }

    /// Expects `owner` to hold a name.
    pub(super) async fn hold(
        &mut self,
        name: &ClaimedName,
        owner: impl Into<String>,
    ) -> Result<()> {
        if self.owner(name).await? != Some(NameOwner::new(owner)) {
            self.find(FaultKind::NameNotHeld(name.scope()));
        }
        Ok(())
    }

    pub(super) async fn counted(&mut self, counter: &Counter) -> Result<u64> {
        let value = self.market.counted(counter).await?;
        self.note(&[b"counted", &value.to_be_bytes()]);
        Ok(value)
    }

    /// Expects a counter to say how much there is.
    pub(super) async fn count(&mut self, counter: &Counter, there_is: u64) -> Result<()> {
        if self.counted(counter).await? != there_is {
            self.find(FaultKind::CounterWrong(counter.family()));
        }
        Ok(())
    }
}
