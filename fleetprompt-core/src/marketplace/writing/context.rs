//! What a decision reads and writes: every reading becomes an expectation of its commit.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::domain::{
    Actor, Event, Fact, FeedChange, ListingId, Person, PersonId, PersonIdentity, Position,
    Revision, Span, Tenant, TenantId, TenantIdentity, Timestamp,
};
use crate::error::{ErrorCode, Result};
use crate::port::{
    Change, ClaimedName, Commit, Counter, Entity, Expectation, IndexEntry, NameOwner, PageSize,
    Principal, Record, RecordKey, Refusal, Scan, Seed, Versioned, Within,
};

use crate::marketplace::{Inner, typed};

/// One round of one command.
pub(in crate::marketplace) struct Context<'m> {
    pub(in crate::marketplace) market: &'m Inner,
    pub(in crate::marketplace) principal: &'m Principal,
    /// The time of the round: the clock's, and never before the log's last event, so that a clock
    /// that stepped back brings nothing expired to life.
    pub(in crate::marketplace) now: Timestamp,
    /// How far the clock is behind the log, if by more than is tolerated.
    pub(in crate::marketplace) behind: Option<Span>,
    seed: Seed,
    draws: u32,
    read: BTreeMap<RecordKey, Option<Versioned<Record>>>,
    /// What was read ahead, and is no expectation until somebody reads it.
    ahead: BTreeMap<RecordKey, Option<Versioned<Record>>>,
    written: BTreeMap<RecordKey, Change>,
    side: Vec<Change>,
    entries: BTreeMap<ListingId, Option<Box<IndexEntry>>>,
    facts: Vec<(Fact, Option<FeedChange>)>,
    assumed: Assumed,
    actor: Actor,
    leaves_trace: bool,
}

/// What a decision took to be so, and no expectation of its commit says.
#[derive(Default)]
pub(super) struct Assumed {
    /// Names that were free.
    free: BTreeSet<ClaimedName>,
    /// Counters that left room.
    room: BTreeSet<Counter>,
}

impl Assumed {
    /// Whether a commit was refused because something is not as it was when the decision was made: made
    /// again, it may come out otherwise.
    pub(super) fn is_outdated_by(&self, refusal: &Refusal) -> bool {
        match refusal {
            Refusal::Conflict(_) => true,
            Refusal::NameTaken(name) => self.free.contains(name),
            Refusal::OutOfBounds(counter) => self.room.contains(counter),
        }
    }
}

/// Who acts, by surrogate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::marketplace) struct Who {
    pub(in crate::marketplace) person: PersonId,
    pub(in crate::marketplace) tenant: TenantId,
}

impl<'m> Context<'m> {
    pub(in crate::marketplace) async fn new(
        market: &'m Inner,
        principal: &'m Principal,
        seed: Seed,
    ) -> Result<Self> {
        let head = market.head().await?;
        Ok(Context {
            market,
            principal,
            now: market.time_at(&head),
            behind: market.behind(&head),
            seed,
            draws: 0,
            read: BTreeMap::new(),
            ahead: BTreeMap::new(),
            written: BTreeMap::new(),
            side: Vec::new(),
            entries: BTreeMap::new(),
            facts: Vec::new(),
            assumed: Assumed::default(),
            actor: Actor::Marketplace,
            leaves_trace: false,
        })
    }

    /// Sixteen bytes for an id: the time, and what the seed gives for this draw. The same command
    /// draws the same bytes in every round but for the time.
    fn draw(&mut self) -> [u8; 16] {
        self.draws += 1;
        let digest =
            Sha256::new_with_prefix(self.seed).chain_update(self.draws.to_be_bytes()).finalize();
        let mut random = [0; 10];
        random.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        let millis = u64::try_from(self.now.as_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into_bytes()
    }

    /// A new id of any kind.
    pub(in crate::marketplace) fn id<T>(&mut self, make: impl FnOnce([u8; 16]) -> T) -> T {
        make(self.draw())
    }

    /// Reads a record, as the commit must still find it.
    pub(in crate::marketplace) async fn get<E: Entity>(
        &mut self,
        key: RecordKey,
    ) -> Result<Option<Versioned<E>>> {
        match self.written.get(&key) {
            Some(Change::Put { record, expected }) => {
                let revision = expected.map_or(Revision::FIRST, Revision::next);
                let head = Position::START;
                return Ok(E::from_record(record.clone()).map(|value| Versioned {
                    revision,
                    created: head,
                    changed: head,
                    value,
                }));
            }
            Some(_) => return Ok(None),
            None => {}
        }
        if !self.read.contains_key(&key) {
            let found = match self.ahead.remove(&key) {
                Some(found) => found,
                None => {
                    self.market.store.get(&key).await.map_err(|e| self.market.store_error(&e))?
                }
            };
            self.read.insert(key.clone(), found);
        }
        Ok(self.read.get(&key).cloned().flatten().and_then(typed))
    }

    /// Reads what [`get`](Self::get) will be asked for, in one question to the store.
    pub(in crate::marketplace) async fn read_ahead(&mut self, keys: Vec<RecordKey>) -> Result<()> {
        let found = self.market.store.get_all(&keys).await;
        let found = found.map_err(|e| self.market.store_error(&e))?;
        self.ahead.extend(keys.into_iter().zip(found));
        Ok(())
    }

    /// Reads a record that must be there.
    pub(in crate::marketplace) async fn find<E: Entity>(
        &mut self,
        key: RecordKey,
        missing: ErrorCode,
    ) -> Result<Versioned<E>> {
        self.get(key).await?.ok_or_else(|| missing.into())
    }

    /// Reads a page of a list. Rows are no expectations: read by key whatever a decision rests on.
    pub(in crate::marketplace) async fn scan<E: Entity>(
        &self,
        scan: &Scan,
        size: PageSize,
    ) -> Result<Vec<E>> {
        let rows = self.market.list(scan, None, size).await?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// Reads who has a name. If it is free now and taken when the commit arrives, the command is
    /// decided again.
    pub(in crate::marketplace) async fn owner_of(
        &mut self,
        name: &ClaimedName,
    ) -> Result<Option<NameOwner>> {
        let found = self.market.store.name(name).await.map_err(|e| self.market.store_error(&e))?;
        if found.is_none() {
            self.assumed.free.insert(name.clone());
        }
        Ok(found)
    }

    /// Notes that a counter leaves room. If it is full when the commit arrives, the command is decided
    /// again.
    pub(in crate::marketplace) fn note_room(&mut self, counter: Counter) {
        self.assumed.room.insert(counter);
    }

    /// What the decision takes to be so.
    pub(super) fn assumed(&mut self) -> Assumed {
        std::mem::take(&mut self.assumed)
    }

    /// Writes a record: a new one if nothing was read under its key, else in place of what was
    /// read. Answers the revision it will have.
    pub(in crate::marketplace) fn put(&mut self, record: impl Into<Record>) -> Revision {
        let record = record.into();
        let key = record.key();
        let expected = self.expected(&key);
        self.written.insert(key, Change::Put { record, expected });
        expected.map_or(Revision::FIRST, Revision::next)
    }

    /// Removes a record that was read.
    pub(in crate::marketplace) fn delete(&mut self, key: RecordKey) {
        match self.expected(&key) {
            Some(expected) => {
                self.written.insert(key.clone(), Change::Delete { key, expected });
            }
            None => {
                self.written.remove(&key);
            }
        }
    }

    fn expected(&self, key: &RecordKey) -> Option<Revision> {
        self.read.get(key).and_then(|row| row.as_ref().map(|row| row.revision))
    }

    /// The records that the commit writes, and those that it removes as they were.
    pub(in crate::marketplace) fn written(&self) -> impl Iterator<Item = &Record> {
        self.written.iter().filter_map(|(key, change)| match change {
            Change::Put { record, .. } => Some(record),
            _ => self.read.get(key)?.as_ref().map(|row| &row.value),
        })
    }

    /// Each record that the commit writes, as it was and as it will be.
    pub(super) fn changes(&self) -> impl Iterator<Item = (Option<&Record>, Option<&Record>)> {
        self.written.iter().map(|(key, change)| {
            let before = self.read.get(key).and_then(|row| row.as_ref()).map(|row| &row.value);
            match change {
                Change::Put { record, .. } => (before, Some(record)),
                _ => (before, None),
            }
        })
    }

    /// Whether the commit creates the record.
    pub(in crate::marketplace) fn creates(&self, key: &RecordKey) -> bool {
        matches!(self.written.get(key), Some(Change::Put { expected: None, .. }))
    }

    /// Which event created a record that was read and is not written.
    pub(super) fn created(&self, key: &RecordKey) -> Option<Position> {
        let read = self.read.get(key).filter(|_| !self.written.contains_key(key))?;
        read.as_ref().map(|row| row.created)
    }

    /// Sets what the search index holds of a listing.
    pub(super) fn set_entry(&mut self, listing: ListingId, entry: Option<IndexEntry>) {
        self.entries.insert(listing, entry.map(Box::new));
    }

    /// Adds to a counter.
    pub(in crate::marketplace) fn count(&mut self, counter: Counter, by: i64, within: Within) {
        self.side.push(Change::Count { counter, by, within });
    }

    /// Takes a name.
    pub(in crate::marketplace) fn claim(&mut self, name: ClaimedName, owner: NameOwner) {
        self.side.push(Change::ClaimName { name, owner });
    }

    /// Gives a name up.
    pub(in crate::marketplace) fn release(&mut self, name: ClaimedName, owner: NameOwner) {
        self.side.push(Change::ReleaseName { name, owner });
    }

    /// Records what happened.
    pub(in crate::marketplace) fn event(&mut self, fact: Fact) {
        self.facts.push((fact, None));
    }

    /// Records what happened, and what the public feed says of it.
    pub(in crate::marketplace) fn public_event(&mut self, fact: Fact, feed: Option<FeedChange>) {
        self.facts.push((fact, feed));
    }

    /// Whether anything was recorded.
    pub(in crate::marketplace) fn has_events(&self) -> bool {
        !self.facts.is_empty()
    }

    /// Records, once, that something was tended.
    pub(in crate::marketplace) fn note_upkeep(&mut self, fact: Fact) {
        let noted = (fact, None);
        if !self.facts.contains(&noted) {
            self.facts.push(noted);
        }
    }

    /// Who acts, for events. Systems and operators are set by the checks that establish them.
    pub(in crate::marketplace) fn acts(&mut self, actor: Actor) {
        self.actor = actor;
    }

    /// The name of the person who acts.
    pub(in crate::marketplace) fn identity(&self) -> Result<&'m PersonIdentity> {
        match self.principal {
            Principal::Person { identity, .. } | Principal::Operator { identity } => Ok(identity),
            Principal::System { .. } => Err(ErrorCode::Forbidden.into()),
            Principal::Anonymous => Err(ErrorCode::Unauthenticated.into()),
        }
    }

    /// The person who acts, given a surrogate if this is the first time they are seen.
    pub(in crate::marketplace) async fn who(&mut self) -> Result<Who> {
        let who = self.person(self.identity()?).await?;
        let id = who.person;
        let operator = matches!(self.principal, Principal::Operator { .. });
        self.actor = if operator { Actor::Operator { id } } else { Actor::Person { id } };
        Ok(who)
    }

    /// The surrogates of a person, made if this is the first time they are named.
    pub(in crate::marketplace) async fn person(
        &mut self,
        identity: &PersonIdentity,
    ) -> Result<Who> {
        let tenant = self.tenant(identity.tenant()).await?;
        let key = RecordKey::person(identity);
        if let Some(person) = self.get::<Person>(key).await? {
            if person.value.erasing {
                return Err(ErrorCode::SubjectErasing.into());
            }
            return Ok(Who { person: person.value.id, tenant: person.value.tenant });
        }
        let id = self.id(PersonId::from_bytes);
        self.put(Person {
            id,
            tenant,
            identity: identity.clone(),
            erasing: false,
            created_at: self.now,
        });
        self.event(Fact::PersonSeen { person: id });
        Ok(Who { person: id, tenant })
    }

    /// The surrogate of a tenant, made if this is the first time it is named.
    pub(in crate::marketplace) async fn tenant(
        &mut self,
        identity: &TenantIdentity,
    ) -> Result<TenantId> {
        let key = RecordKey::tenant(identity);
        if let Some(tenant) = self.get::<Tenant>(key).await? {
            if tenant.value.closing {
                return Err(ErrorCode::TenantClosing.into());
            }
            return Ok(tenant.value.id);
        }
        let id = self.id(TenantId::from_bytes);
        self.put(Tenant { id, identity: identity.clone(), closing: false, created_at: self.now });
        Ok(id)
    }

    /// What was written so far is committed even if the command is refused: a refusal that must
    /// leave a trace.
    pub(in crate::marketplace) fn leave_trace(&mut self) {
        self.leaves_trace = true;
    }

    /// What a refusal leaves behind: nothing, unless it was to leave a trace. It rests on all that
    /// was read: kept under a key, it outlives what it was decided on.
    pub(super) fn into_refusal(mut self) -> Commit {
        if !self.leaves_trace {
            self.written.clear();
            self.side.clear();
            self.facts.clear();
        }
        self.into_commit()
    }

    /// Everything that was decided.
    pub(in crate::marketplace) fn into_commit(self) -> Commit {
        let Context { now, read, written, side, entries, facts, actor, .. } = self;
        let expectations = read
            .into_iter()
            .filter(|(key, _)| !written.contains_key(key))
            .map(|(key, row)| Expectation { key, revision: row.map(|row| row.revision) })
            .collect();
        let entries = entries.into_iter().map(|(listing, entry)| Change::Index { listing, entry });
        let changes = written.into_values().chain(side).chain(entries).collect();
        let events = facts
            .into_iter()
            .map(|(fact, feed)| Event { at: now, actor: actor.clone(), fact, feed })
            .collect();
        Commit { receipt: None, expectations, changes, events }
    }
}
