//! The walk through every table, and the second look at what seems wrong.

use crate::domain::Position;
use crate::error::Result;
use crate::marketplace::{Inner, Marketplace};
use crate::port::{ClaimedName, CopyKey, CopyRow, CopyTable, PageSize, RecordKey, RecordKind};

use super::agreement::{referred, release_of};
use super::claims::bearer;
use super::look::{Ahead, Look, Looked};
use super::report::{FaultId, FaultKind, FaultPlace, RecordsReport};

/// For how many rows at a time the records are read ahead that they refer to. A pack refers to twenty.
const AHEAD: usize = 20;

/// How often something is looked at that was another each time.
const LOOKS_MAX: u32 = 10;

impl Marketplace {
    /// Compares everything that the store keeps with each other: records with the names and counters
    /// that they have and with the records that they refer to, listings with their releases, names
    /// and counters with whose they are, and the public feed with the event log. Tells `progress` how
    /// it stands after every few rows. Daily quotas and figures of installs are not derived: what they
    /// counted may have served and be gone. The search index is another matter
    /// ([`check_index`](Self::check_index)).
    ///
    /// Nothing is changed or held up, and a page of rows is in memory at a time. What seems wrong is
    /// looked at again until two looks in a row saw the same, so what changes in the meantime is no
    /// fault; what was another every time is counted in [`RecordsReport::unsettled`].
    ///
    /// # Errors
    /// When the store fails, or has a row that can't be read.
    ///
    /// ```
    /// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
    /// #     .build().await?;
    /// let report = market.check_records(|so_far| {
    ///     println!("{} rows looked at", so_far.checked);
    /// }).await?;
    /// for fault in &report.examples {
    ///     println!("{fault}");
    /// }
    /// assert!(report.is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn check_records(
        &self,
        mut progress: impl FnMut(&RecordsReport) + Send,
    ) -> Result<RecordsReport> {
        let mut report = RecordsReport::default();
        let tables = RecordKind::ALL.iter().copied().map(CopyTable::Records);
        for table in tables.chain([CopyTable::Names, CopyTable::Counters]) {
            self.inner.walk_table(table, &mut report, &mut progress).await?;
        }
        self.inner.walk_log(&mut report, &mut progress).await?;
        Ok(report)
    }
}

/// A row that is looked at, by what it is found again.
enum Subject {
    Record(RecordKey),
    Name(ClaimedName),
    Counter { scope: String, name: String },
}

impl Inner {
    pub(super) async fn table_page(
        &self,
        table: CopyTable,
        after: Option<&CopyKey>,
    ) -> Result<Vec<CopyRow>> {
        let rows = self.store.rows(table, after, PageSize::MAX).await;
        rows.map_err(|error| self.store_error(&error))
    }

    async fn walk_table(
        &self,
        table: CopyTable,
        report: &mut RecordsReport,
        progress: &mut (impl FnMut(&RecordsReport) + Send),
    ) -> Result<()> {
        let mut after = None;
        loop {
            let rows = self.table_page(table, after.as_ref()).await?;
            let full = rows.len() == usize::from(PageSize::MAX.get());
            after = rows.last().map(CopyRow::key);
            // Read after the rows: whatever wrote them is in the log by now.
            let last = self.head().await?.last;
            let mut rows = rows.into_iter();
            loop {
                let rows: Vec<_> = rows.by_ref().take(AHEAD).collect();
                if rows.is_empty() {
                    break;
                }
                self.look_at_rows(rows, last, report).await?;
            }
            progress(report);
            if !full {
                return Ok(());
            }
        }
    }

    /// Looks at rows that were written up to the event `last`.
    async fn look_at_rows(
        &self,
        rows: Vec<CopyRow>,
        last: Position,
        report: &mut RecordsReport,
    ) -> Result<()> {
        let ahead = self.read_ahead(&rows).await?;
        for row in rows {
            report.checked += 1;
            let (subject, place) = match row {
                CopyRow::Record(row) => {
                    let place = FaultPlace::of(&row.value);
                    if row.changed > last {
                        report.add(FaultKind::PositionWrong, &place);
                    }
                    (Subject::Record(row.value.key()), place)
                }
                CopyRow::Name { name, owner } => {
                    let owner = FaultId::of_text(owner.as_str());
                    let place = FaultPlace::Name(name.scope(), owner);
                    (Subject::Name(name), place)
                }
                CopyRow::Counter { scope, name, .. } => {
                    let place = FaultPlace::Counter(FaultId::of_text(&scope));
                    (Subject::Counter { scope, name }, place)
                }
                CopyRow::Receipt(_) | CopyRow::Event { .. } | CopyRow::Entry(_) => continue,
            };
            self.look_until_settled(&subject, &place, &ahead, report).await?;
        }
        Ok(())
    }

    /// Reports what is wrong with a row and was so in two looks that saw the same.
    async fn look_until_settled(
        &self,
        subject: &Subject,
        place: &FaultPlace,
        ahead: &Ahead,
        report: &mut RecordsReport,
    ) -> Result<()> {
        let mut before = self.look(subject, ahead).await?;
        for _ in 0..LOOKS_MAX {
            if before.faults.is_empty() {
                return Ok(());
            }
            let now = self.look(subject, &Ahead::default()).await?;
            if now == before {
                now.faults.iter().for_each(|kind| report.add(*kind, place));
                return Ok(());
            }
            before = now;
        }
        report.unsettled += u64::from(!before.faults.is_empty());
        Ok(())
    }

    async fn look(&self, subject: &Subject, ahead: &Ahead) -> Result<Looked> {
        let mut look = Look::new(self, ahead);
        match subject {
            Subject::Record(key) => look.at_record(key).await?,
            Subject::Name(name) => look.at_name(name).await?,
            Subject::Counter { scope, name } => look.at_counter(scope, name).await?,
        }
        Ok(look.end())
    }

    /// The rows, and in few questions the records that they refer to.
    async fn read_ahead(&self, rows: &[CopyRow]) -> Result<Ahead> {
        let mut ahead = Ahead::default();
        let mut keys: Vec<RecordKey> = Vec::new();
        for row in rows {
            match row {
                CopyRow::Record(row) => {
                    keys.extend(referred(&row.value));
                    let release = release_of(&row.value);
                    keys.extend(release.map(|(of, version)| RecordKey::release(of, version)));
                    ahead.records.insert(row.value.key(), Some(row.clone()));
                }
                CopyRow::Name { name, owner } => {
                    keys.extend(bearer(name, owner));
                    ahead.names.insert(name.clone(), owner.clone());
                }
                _ => {}
            }
        }
        keys.sort();
        keys.dedup();
        keys.retain(|key| !ahead.records.contains_key(key));
        for keys in keys.chunks(usize::from(PageSize::MAX.get())) {
            let found = self.store.get_all(keys).await.map_err(|error| self.store_error(&error))?;
            ahead.records.extend(keys.iter().cloned().zip(found));
        }
        Ok(ahead)
    }
}
