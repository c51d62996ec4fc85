//! A batch of commits in the form that `commit_1` takes: steps, and what they speak of by its place.
//! The comment on that function (`schema/0001_functions.sql`) says what each array holds.

use std::collections::HashMap;
use std::hash::Hash;

use fleetprompt_core::domain::{Position, Revision};
use fleetprompt_core::port::{
    ClaimedName, Committed, Counter, IdempotencyScope, NameOwner, NewReceipt, RecordKey,
    RecordKind, Refusal, StoreError, StoredReceipt, Within,
};
use sqlx::postgres::PgRow;

use crate::error::Fault;
use crate::index::NewEntries;
use crate::prepared::{Body, Claim, Prepared, Write};
use crate::read::stored_receipt;
use crate::row::{self, integer};
use crate::session::{Settings, Statement};

/// What a step does, as a number. Zero: nothing can be done.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
enum Op {
    Malformed = 0,
    Expect = 1,
    Count = 2,
    Take = 3,
    GiveUp = 4,
    Put = 5,
    Delete = 6,
    Append = 7,
    Keep = 8,
    Index = 9,
}

/// What it means when a step fails.
enum Blame {
    Conflict(RecordKey),
    NameTaken(ClaimedName),
    OutOfBounds(Counter),
    Malformed(StoreError),
    /// It can't fail.
    Nobody,
}

/// Things by their places, which begin at 1.
struct Places<T> {
    places: HashMap<T, i32>,
    in_order: Vec<T>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Places { places: HashMap::new(), in_order: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Places<T> {
    fn of(&mut self, thing: &T) -> i32 {
        if let Some(place) = self.places.get(thing) {
            return *place;
        }
        self.in_order.push(thing.clone());
        let place = place(self.in_order.len());
        self.places.insert(thing.clone(), place);
        place
    }

    fn list<U>(&self, of: impl Fn(&T) -> U) -> Vec<U> {
        self.in_order.iter().map(of).collect()
    }
}

/// Batches are bounded, and so is what a commit holds: no place comes near the end of `i32`.
fn place(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Commits that are written together.
#[derive(Default)]
pub(crate) struct Batch {
    receipts: Vec<Option<NewReceipt>>,
    receipt_places: Vec<i32>,
    first_uses: HashMap<IdempotencyScope, i32>,
    step_ends: Vec<i32>,
    ops: Vec<i32>,
    places: Vec<i32>,
    xs: Vec<i64>,
    ys: Vec<i64>,
    zs: Vec<i64>,
    blames: Vec<Blame>,
    kinds: Places<RecordKind>,
    record_kinds: Vec<i32>,
    records: Places<RecordKey>,
    row_docs: Vec<String>,
    row_columns: Vec<String>,
    event_times: Vec<i64>,
    event_docs: Vec<String>,
    names: Places<ClaimedName>,
    owners: Places<NameOwner>,
    counters: Places<Counter>,
    entries: NewEntries,
}

impl Batch {
    /// Adds a commit.
    pub(crate) fn push(&mut self, prepared: &Prepared) {
        let this = place(self.receipts.len() + 1);
        self.receipt_places.push(match &prepared.receipt {
            Some(new) => *self.first_uses.entry(new.scope).or_insert(this),
            None => 0,
        });
        self.receipts.push(prepared.receipt.clone());
        match &prepared.body {
            Ok(body) => self.push_body(body, prepared.receipt.is_some()),
            Err(error) => self.step(Op::Malformed, 0, [0; 3], Blame::Malformed(error.clone())),
        }
        self.step_ends.push(place(self.ops.len()));
    }

    /// The steps, in the order that the port prescribes: from the first put on, none can fail.
    fn push_body(&mut self, body: &Body, keeps_receipt: bool) {
        for expectation in &body.expectations {
            self.expect(&expectation.key, expectation.revision);
        }
        for write in &body.writes {
            self.expect(&write.key, write.expected);
        }
        for claim in &body.claims {
            self.claim(claim);
        }
        for write in &body.writes {
            self.write(write);
        }
        for (listing, entry) in &body.indexed {
            let record = self.record(&RecordKey::listing(*listing));
            let entry = entry.as_ref().map_or(0, |entry| self.entries.push(entry));
            self.step(Op::Index, record, [entry.into(), 0, 0], Blame::Nobody);
        }
        for event in &body.events {
            self.event_times.push(event.at.as_millis());
            self.event_docs.push(event.doc.clone());
            let event_place = place(self.event_docs.len());
            self.step(Op::Append, event_place, [event.in_feed.into(), 0, 0], Blame::Nobody);
        }
        if keeps_receipt {
            self.step(Op::Keep, 0, [0; 3], Blame::Nobody);
        }
    }

    fn step(&mut self, op: Op, place: i32, [x, y, z]: [i64; 3], blame: Blame) {
        self.ops.push(op as i32);
        self.places.push(place);
        self.xs.push(x);
        self.ys.push(y);
        self.zs.push(z);
        self.blames.push(blame);
    }

    fn record(&mut self, key: &RecordKey) -> i32 {
        let kind = self.kinds.of(&key.kind());
        let record = self.records.of(key);
        if self.record_kinds.len() < self.records.in_order.len() {
            self.record_kinds.push(kind);
        }
        record
    }

    fn expect(&mut self, key: &RecordKey, revision: Option<Revision>) {
        let record = self.record(key);
        let revision = revision.map_or(0, |revision| integer(revision.get()));
        self.step(Op::Expect, record, [revision, 0, 0], Blame::Conflict(key.clone()));
    }

    fn claim(&mut self, claim: &Claim) {
        match claim {
            Claim::Count { counter, by, within } => {
                let (least, most) = bounds(*within);
                let place = self.counters.of(counter);
                let blame = Blame::OutOfBounds(counter.clone());
                self.step(Op::Count, place, [*by, least, most], blame);
            }
            Claim::Take { name, owner } => {
                let (place, owner) = (self.names.of(name), self.owners.of(owner));
                self.step(Op::Take, place, [owner.into(), 0, 0], Blame::NameTaken(name.clone()));
            }
            Claim::GiveUp { name, owner } => {
                let (place, owner) = (self.names.of(name), self.owners.of(owner));
                self.step(Op::GiveUp, place, [owner.into(), 0, 0], Blame::Nobody);
            }
        }
    }

    fn write(&mut self, write: &Write) {
        let record = self.record(&write.key);
        match &write.row {
            Some(row) => {
                self.row_docs.push(row.doc.clone());
                self.row_columns.push(row.columns.clone());
                let row = place(self.row_docs.len());
                self.step(Op::Put, record, [row.into(), 0, 0], Blame::Nobody);
            }
            None => {
                let listing = write.key.kind() == RecordKind::Listing;
                self.step(Op::Delete, record, [listing.into(), 0, 0], Blame::Nobody);
            }
        }
    }

    /// The call.
    pub(crate) fn statement(&self, settings: &Settings) -> Statement {
        let kept = |of: fn(&NewReceipt) -> String| {
            self.receipts.iter().map(|new| new.as_ref().map(of)).collect::<Vec<_>>()
        };
        let digests = |of: fn(&NewReceipt) -> &[u8; 32]| {
            let digest = |new: &NewReceipt| of(new).to_vec();
            self.receipts.iter().map(|new| new.as_ref().map(digest)).collect::<Vec<_>>()
        };
        let expiry = |new: &NewReceipt| new.expires_at.as_millis();
        let expiries = self.receipts.iter().map(|new| new.as_ref().map(expiry));
        let parameters: Vec<String> = (1..=37).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT outcome, detail, kid, fingerprint, answer FROM {}.commit_1({})",
            settings.schema,
            parameters.join(", ")
        );
        let statement = settings
            .statement(sql)
            .bind(self.receipt_places.clone())
            .bind(self.step_ends.clone())
            .bind(digests(|new| &new.scope.0))
            .bind(kept(|new| new.fingerprint.kid.as_str().to_owned()))
            .bind(digests(|new| &new.fingerprint.digest))
            .bind(kept(|new| new.answer.clone()))
            .bind(expiries.collect::<Vec<_>>())
            .bind(self.ops.clone())
            .bind(self.places.clone())
            .bind(self.xs.clone())
            .bind(self.ys.clone())
            .bind(self.zs.clone())
            .bind(self.kinds.list(|kind| kind.name()))
            .bind(self.record_kinds.clone())
            .bind(self.records.list(|key| key.id().to_owned()))
            .bind(self.row_docs.clone())
            .bind(self.row_columns.clone())
            .bind(self.event_times.clone())
            .bind(self.event_docs.clone())
            .bind(self.names.list(|name| name.scope().name()))
            .bind(self.names.list(|name| name.name().to_owned()))
            .bind(self.owners.list(|owner| owner.as_str().to_owned()))
            .bind(self.counters.list(|counter| counter.scope().to_owned()))
            .bind(self.counters.list(|counter| counter.name().to_owned()));
        self.entries.bind(statement)
    }

    /// What the function's answers mean.
    pub(crate) fn answers(
        self,
        answers: Vec<Answer>,
    ) -> Result<Vec<Result<Committed, StoreError>>, Fault> {
        if answers.len() != self.receipts.len() {
            return Err(StoreError::Corrupt("the function answered another batch").into());
        }
        answers.into_iter().map(|answer| self.committed(answer)).collect()
    }

    fn committed(&self, answer: Answer) -> Result<Result<Committed, StoreError>, Fault> {
        let unknown = || Fault::from(StoreError::Corrupt("the function answered something else"));
        Ok(match answer {
            Answer::Applied(last) => Ok(Committed::Applied { last }),
            Answer::Replayed(kept) => Ok(Committed::Replayed(kept)),
            Answer::ReplayedOf(commit) => {
                let kept = self.receipts.get(commit).and_then(Option::as_ref);
                let NewReceipt { fingerprint, answer, .. } = kept.ok_or_else(unknown)?.clone();
                Ok(Committed::Replayed(StoredReceipt { fingerprint, answer }))
            }
            Answer::Failed(step) => match self.blames.get(step).ok_or_else(unknown)? {
                Blame::Conflict(key) => Ok(Committed::Refused(Refusal::Conflict(key.clone()))),
                Blame::NameTaken(name) => Ok(Committed::Refused(Refusal::NameTaken(name.clone()))),
                Blame::OutOfBounds(counter) => {
                    Ok(Committed::Refused(Refusal::OutOfBounds(counter.clone())))
                }
                Blame::Malformed(error) => Err(error.clone()),
                Blame::Nobody => return Err(unknown()),
            },
        })
    }
}

/// Where a counter must lie, both ends included. Nothing lies beyond `i64`.
fn bounds(within: Within) -> (i64, i64) {
    match within {
        Within::Any => (0, i64::MAX),
        Within::AtMost(most) => (0, integer(most)),
        Within::AtLeast(least) => match i64::try_from(least) {
            Ok(least) => (least, i64::MAX),
            Err(_) => (i64::MAX, -1),
        },
    }
}

/// What the function answers for one commit.
pub(crate) enum Answer {
    /// It was applied: the log's last position after it.
    Applied(Position),
    /// Its receipt was there.
    Replayed(StoredReceipt),
    /// Its receipt is that of an earlier commit of the batch, counted from 0.
    ReplayedOf(usize),
    /// The step that failed, counted from 0.
    Failed(usize),
}

impl Answer {
    /// The answer in a row.
    pub(crate) fn read(row: &PgRow) -> Result<Self, Fault> {
        let (outcome, detail): (i32, u64) = (row::get(row, 0)?, row::natural(row, 1)?);
        let counted = || usize::try_from(detail.saturating_sub(1)).unwrap_or(usize::MAX);
        Ok(match (outcome, detail) {
            (0, last) => Answer::Applied(Position::new(last)),
            (1, 0) => Answer::Replayed(stored_receipt(row, 2)?),
            (1, _) => Answer::ReplayedOf(counted()),
            (2, _) => Answer::Failed(counted()),
            _ => return Err(StoreError::Corrupt("the function answered something else").into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_port() {
        let huge = u64::MAX;
        for within in [
            Within::Any,
            Within::AtMost(3),
            Within::AtMost(huge),
            Within::AtLeast(2),
            Within::AtLeast(huge),
        ] {
            let (least, most) = bounds(within);
            for value in [0, 1, 2, 3, 4, i64::MAX as u64] {
                let inside = (least..=most).contains(&integer(value));
                assert_eq!(within.apply(value, 0).is_some(), inside, "{within:?} {value}");
            }
        }
    }

    #[test]
    fn what_is_the_same_has_one_place() {
        let mut places = Places::default();
        assert_eq!(["a", "b", "a"].map(|thing| places.of(&thing)), [1, 2, 1]);
        assert_eq!(places.list(|thing| *thing), ["a", "b"]);
    }
}
