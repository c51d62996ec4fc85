//! Lists and counts in the order of ranks.

use std::collections::HashMap;

use fleetprompt_core::port::{Field, Find, Hit, LabelCount, List, Tally, TallyRequest, Term};

use crate::error::Fault;
use crate::session::Session;

use super::dictionary::Dictionary;
use super::order::Span;
use super::question::{Question, terms};
use super::stream::{Match, Need, matches};
use super::words::{Words, read_labels, term};

pub(super) async fn find(mut session: Session<'_>, find: Find) -> Result<Vec<Vec<Hit>>, Fault> {
    let asked = find.lists.iter().flat_map(|list| terms(&list.matching));
    let dictionary = Dictionary::load(&mut session, asked).await?;
    let mut lists = Vec::with_capacity(find.lists.len());
    for wanted in &find.lists {
        lists.push(list(&mut session, &dictionary, wanted, &find.weigh).await?);
    }
    Ok(lists)
}

async fn list(
    session: &mut Session<'_>,
    dictionary: &Dictionary,
    list: &List,
    weigh: &[Term],
) -> Result<Vec<Hit>, Fault> {
    let Some(question) = Question::new(&list.matching, dictionary) else { return Ok(Vec::new()) };
    let span = Span::of_ranks(list.after, list.until);
    let need = Need { runs: !weigh.is_empty(), labels: false };
    let found = matches(session, &question, span, list.limit.into(), need).await?;
    found.iter().map(|found| hit(found, weigh)).collect()
}

fn hit(found: &Match, weigh: &[Term]) -> Result<Hit, Fault> {
    let rank = found.found.rank;
    if weigh.is_empty() {
        return Ok(Hit { rank, lengths: [0; Field::COUNT], counts: Vec::new() });
    }
    let words = Words::read(&found.texts.runs)?;
    let counts = weigh.iter().map(|wanted| words.tally(|stem| stem == wanted.as_str()));
    Ok(Hit { rank, lengths: words.tally(|_| true), counts: counts.collect() })
}

pub(super) async fn tally(mut session: Session<'_>, request: TallyRequest) -> Result<Tally, Fault> {
    let dictionary = Dictionary::load(&mut session, terms(&request.matching)).await?;
    let most = usize::try_from(request.most).unwrap_or(usize::MAX);
    let mut found = match Question::new(&request.matching, &dictionary) {
        Some(question) => {
            let need = Need { runs: false, labels: !request.classes.is_empty() };
            let span = Span::of_ranks(None, None);
            matches(&mut session, &question, span, most.saturating_add(1), need).await?
        }
        None => Vec::new(),
    };
    let more = found.len() > most;
    found.truncate(most);
    let labels = request.classes.iter().map(|(class, top)| counted(&found, *class, *top));
    Ok(Tally {
        matches: u32::try_from(found.len()).unwrap_or(u32::MAX),
        more,
        labels: labels.collect::<Result<_, _>>()?,
    })
}

/// The labels of a class with the highest counts; ties in the order in which the matches carry them.
fn counted(found: &[Match], class: char, top: u16) -> Result<Vec<LabelCount>, Fault> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut counts: Vec<(&str, u32)> = Vec::new();
    let is_of_class =
        |label: &&str| label.strip_prefix(class).is_some_and(|rest| rest.starts_with(':'));
    for label in found.iter().flat_map(|it| read_labels(&it.texts.labels)).filter(is_of_class) {
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
