//! Lists and counts in the order of ranks.

use std::collections::HashMap;
use std::ops::ControlFlow;

use fleetprompt_core::port::{Field, Find, Hit, LabelCount, List, Tally, TallyRequest};
use rusqlite::Connection;

use crate::error::Fault;

use super::dictionary::{self, Dictionary};
use super::forward::{Class, Id};
use super::plan::Question;
use super::stream::{self, Span};
use super::view::View;
use super::words::Stems;

pub(super) fn find(conn: &Connection, find: &Find) -> Result<Vec<Vec<Hit>>, Fault> {
    let mut dictionary = Dictionary::new(conn);
    let mut weigh = Stems::default();
    for stem in &find.weigh {
        let known = dictionary.term(stem)?;
        let words = known.map(|known| dictionary.words(known.id)).transpose()?;
        weigh.push(words.as_deref().unwrap_or_default());
    }
    find.each(|wanted| list(conn, wanted, &weigh, &mut dictionary))
}

fn list(
    conn: &Connection,
    list: &List,
    weigh: &Stems,
    dictionary: &mut Dictionary<'_>,
) -> Result<Vec<Hit>, Fault> {
    let limit = usize::from(list.limit);
    let Some(question) = Question::new(&list.matching, dictionary)?.filter(|_| limit > 0) else {
        return Ok(Vec::new());
    };
    let plan = question.plan(dictionary)?;
    let span = Span { after: list.after, until: list.until };
    let mut hits = Vec::with_capacity(limit.min(64));
    let mut keep = |hit| {
        hits.push(hit);
        if hits.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    if weigh.is_empty() {
        stream::ranks(conn, &plan, span, |rank| {
            keep(Hit { rank, lengths: [0; Field::COUNT], counts: Vec::new() })
        })?;
    } else {
        stream::entries(conn, &plan, span, |found| {
            let (lengths, counts) = weighed(found.document, weigh);
            keep(Hit { rank: found.rank, lengths, counts })
        })?;
    }
    Ok(hits)
}

/// How many words each field has, and how often each stem occurs in it, up to 65,535.
fn weighed(document: View<'_>, weigh: &Stems) -> ([u16; Field::COUNT], Vec<[u16; Field::COUNT]>) {
    let mut lengths = [0_u16; Field::COUNT];
    let mut counts = vec![[0_u16; Field::COUNT]; weigh.len()];
    for run in document.runs() {
        let field = run.field.number();
        if let Some(length) = lengths.get_mut(field) {
            *length = length.saturating_add(u16::try_from(run.length).unwrap_or(u16::MAX));
        }
        for word in run.words() {
            for stem in weigh.of(word) {
                if let Some(count) = counts.get_mut(stem).and_then(|of| of.get_mut(field)) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }
    (lengths, counts)
}

pub(super) fn tally(conn: &Connection, request: &TallyRequest) -> Result<Tally, Fault> {
    let classes: Vec<Class> = request.classes.iter().map(|(class, _)| Class::of(*class)).collect();
    let mut dictionary = Dictionary::new(conn);
    let mut matches = 0;
    let mut more = false;
    let mut counts = Counts::default();
    if let Some(question) = Question::new(&request.matching, &mut dictionary)? {
        let plan = question.plan(&mut dictionary)?;
        stream::entries(conn, &plan, Span::default(), |found| {
            if matches == request.most {
                more = true;
                return ControlFlow::Break(());
            }
            matches += 1;
            counts.add(found.document, &classes);
            ControlFlow::Continue(())
        })?;
    }
    let labels = request.classes.iter().zip(&classes);
    let labels = labels.map(|((_, top), class)| counts.top(conn, *class, usize::from(*top)));
    Ok(Tally { matches, more, labels: labels.collect::<Result<_, _>>()? })
}

/// How many matches carry each label, and in which order the labels were first met.
#[derive(Default)]
struct Counts {
    places: HashMap<(Class, Id), usize>,
    counts: Vec<(Class, Id, u32)>,
}

impl Counts {
    fn add(&mut self, document: View<'_>, classes: &[Class]) {
        for (class, label) in document.labels() {
            if !classes.contains(&class) {
                continue;
            }
            let place = *self.places.entry((class, label)).or_insert_with(|| {
                self.counts.push((class, label, 0));
                self.counts.len() - 1
            });
            if let Some((_, _, count)) = self.counts.get_mut(place) {
                *count += 1;
            }
        }
    }

    fn top(&self, conn: &Connection, class: Class, top: usize) -> Result<Vec<LabelCount>, Fault> {
        let mut of_class: Vec<_> = self.counts.iter().filter(|(of, _, _)| *of == class).collect();
        // Stable, so that ties stay in the order in which they were met.
        of_class.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
        let named = of_class.into_iter().take(top).map(|(_, label, matches)| {
            let (label, _) = dictionary::term(conn, *label)?;
            Ok(LabelCount { label, matches: *matches })
        });
        named.collect()
    }
}
