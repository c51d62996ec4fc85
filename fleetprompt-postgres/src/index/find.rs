//! Lists and counts in the order of ranks.

use std::collections::HashMap;

use fleetprompt_core::port::{
    Field, Find, Hit, LabelCount, List, Rank, StoreError, Tally, TallyRequest, Term,
};
use sqlx::postgres::PgRow;

use crate::error::Fault;
use crate::row::{self, integer, natural};
use crate::session::Session;

use super::question::{Clauses, since};
use super::words::{read_labels, read_runs, term};

/// Which column of the hits is needed.
#[derive(Clone, Copy, Debug)]
enum Told {
    Nothing,
    Stems,
    Labels,
}

/// The lists that are to be read.
#[derive(Default)]
struct Lists {
    afters: Vec<i64>,
    untils: Vec<i64>,
    limits: Vec<i64>,
    within: Vec<bool>,
    sinces: Vec<Option<i64>>,
    clauses: Clauses,
}

impl Lists {
    /// Adds a list with a limit that may be larger than its own.
    fn push(&mut self, list: &List, limit: u64) {
        let List { matching, after, until, within_next, .. } = list;
        self.afters.push(after.map_or(-1, |rank| integer(rank.number())));
        self.untils.push(until.map_or(i64::MAX, |rank| integer(rank.number())));
        self.limits.push(integer(limit));
        self.within.push(*within_next);
        self.sinces.push(since(matching));
        let list = i32::try_from(self.limits.len()).unwrap_or(i32::MAX);
        self.clauses.push(list, matching);
    }

    async fn read(self, session: &mut Session<'_>, told: Told) -> Result<Vec<PgRow>, Fault> {
        let schema = session.schema();
        let sql = format!(
            "SELECT list, rank, texts FROM {schema}.find_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        let Lists { afters, untils, limits, within, sinces, clauses } = self;
        let statement = session.statement(sql).bind(afters).bind(untils).bind(limits);
        let statement = statement.bind(within).bind(sinces);
        let statement = clauses.bind(statement).bind(match told {
            Told::Nothing => "",
            Told::Stems => "stems",
            Told::Labels => "labels",
        });
        session.all(statement).await
    }
}

pub(super) async fn find(mut session: Session<'_>, find: Find) -> Result<Vec<Vec<Hit>>, Fault> {
    let mut found = vec![Vec::new(); find.lists.len()];
    if found.is_empty() {
        return Ok(found);
    }
    let mut lists = Lists::default();
    find.lists.iter().for_each(|list| lists.push(list, list.limit.into()));
    let told = if find.weigh.is_empty() { Told::Nothing } else { Told::Stems };
    let weighed = Weighed::new(&find.weigh);
    // What an entry holds is told with the first list that it is in.
    let mut known: HashMap<Rank, Hit> = HashMap::new();
    for row in lists.read(&mut session, told).await? {
        let rank = Rank::from_number(natural(&row, 1)?);
        if let Some(stems) = row::get::<Option<&str>>(&row, 2)? {
            known.insert(rank, weighed.hit(rank, stems)?);
        }
        let corrupt = StoreError::Corrupt("an entry of the index vanished");
        let hit = known.get(&rank).ok_or(corrupt.clone())?.clone();
        let list = row::get::<i32>(&row, 0)?.checked_sub(1);
        let list = list.and_then(|list| usize::try_from(list).ok());
        found.get_mut(list.unwrap_or(usize::MAX)).ok_or(corrupt)?.push(hit);
    }
    Ok(found)
}

/// The stems whose occurrences are wanted, each with its place.
struct Weighed<'w> {
    places: HashMap<&'w str, usize>,
    wanted: &'w [Term],
}

impl<'w> Weighed<'w> {
    fn new(wanted: &'w [Term]) -> Self {
        let mut places = HashMap::new();
        for stem in wanted {
            let place = places.len();
            places.entry(stem.as_str()).or_insert(place);
        }
        Weighed { places, wanted }
    }

    fn hit(&self, rank: Rank, stems: &str) -> Result<Hit, Fault> {
        let mut lengths = [0; Field::COUNT];
        if self.wanted.is_empty() {
            return Ok(Hit { rank, lengths, counts: Vec::new() });
        }
        let mut counts = vec![lengths; self.places.len()];
        for (field, stems) in read_runs(stems)? {
            for stem in stems {
                count(&mut lengths, field);
                let place = self.places.get(stem);
                if let Some(of_stem) = place.and_then(|place| counts.get_mut(*place)) {
                    count(of_stem, field);
                }
            }
        }
        let places = self.wanted.iter().map(|stem| self.places.get(stem.as_str()));
        let counts = places.map(|place| place.and_then(|place| counts.get(*place)).copied());
        Ok(Hit { rank, lengths, counts: counts.map(Option::unwrap_or_default).collect() })
    }
}

/// Counts a word of a field.
fn count(counts: &mut [u16; Field::COUNT], field: Field) {
    if let Some(slot) = counts.get_mut(field.number()) {
        *slot = slot.saturating_add(1);
    }
}

pub(super) async fn tally(mut session: Session<'_>, request: TallyRequest) -> Result<Tally, Fault> {
    let mut lists = Lists::default();
    lists.push(&List::best(request.matching, 0), u64::from(request.most) + 1);
    let told = if request.classes.is_empty() { Told::Nothing } else { Told::Labels };
    let mut found = lists.read(&mut session, told).await?;
    let most = usize::try_from(request.most).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let mut labels = Vec::with_capacity(found.len());
    for row in &found {
        labels.push(row::get::<&str>(row, 2)?);
    }
    let counts = request.classes.iter().map(|(class, top)| counted(&labels, *class, *top));
    Ok(Tally {
        matches: u32::try_from(found.len()).unwrap_or(u32::MAX),
        more,
        labels: counts.collect::<Result<_, _>>()?,
    })
}

/// The labels of a class with the highest counts; ties in the order in which the matches carry them.
fn counted(found: &[&str], class: char, top: u16) -> Result<Vec<LabelCount>, Fault> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut counts: Vec<(&str, u32)> = Vec::new();
    let is_of_class =
        |label: &&str| label.strip_prefix(class).is_some_and(|rest| rest.starts_with(':'));
    for label in found.iter().flat_map(|labels| read_labels(labels)).filter(is_of_class) {
        let place = *places.entry(label).or_insert_with(|| {
            counts.push((label, 0));
            counts.len() - 1
        });
        if let Some((_, count)) = counts.get_mut(place) {
            *count += 1;
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let top = counts.into_iter().take(top.into());
    top.map(|(label, matches)| Ok(LabelCount { label: term(label)?, matches })).collect()
}
