//! Random catalogues, which the oracle and the candidate are asked about alike.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestRng, TestRunner};

use super::StoreFixture;
use super::questions::{Question, any_entry, any_question, standing};
use super::samples::{self, Pick};
use super::support::{Draft, config, get, wait};
use crate::memory::MemoryStore;
use crate::port::{Commit, IndexEntry, PageSize, Store};

/// How many listings there are.
const LISTINGS: u64 = 12;

/// What happens to a catalogue. Whether a listing is there is seen when it happens.
#[derive(Clone, Debug)]
enum Step {
    /// Entries are set and removed.
    Index(BTreeMap<u64, Option<IndexEntry>>),
    /// A listing is deleted; or it is not there, and comes back with an entry or without.
    Toggle(u64, Option<IndexEntry>),
    /// A listing is replaced, and its entry stays.
    Touch(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let entry = || proptest::option::weighted(0.85, any_entry());
    prop_oneof![
        6 => btree_map(0..LISTINGS, entry(), 1..8).prop_map(Step::Index),
        1 => (0..LISTINGS, entry()).prop_map(|(n, entry)| Step::Toggle(n, entry)),
        1 => (0..LISTINGS).prop_map(Step::Touch),
    ]
}

impl Step {
    fn commit(self, oracle: &MemoryStore) -> Commit {
        let listing = |n| samples::listing(n, &mut Pick::sparse());
        let stands = |n| get(oracle, &listing(n).key());
        let draft = Draft::with_event();
        let draft = match self {
            Step::Index(entries) => {
                entries.into_iter().fold(draft, |draft, (n, entry)| draft.index(n, entry))
            }
            Step::Toggle(n, entry) => match stands(n) {
                Some(row) => draft.index(n, entry).delete(row.value.key(), row.revision),
                None => draft.index(n, entry).create(listing(n)),
            },
            Step::Touch(n) => match stands(n) {
                Some(row) => draft.put(row.value, Some(row.revision)),
                None => draft,
            },
        };
        draft.0
    }
}

/// Whatever a catalogue went through, every question has the oracle's answer, also after reopening.
pub(super) fn random_questions_are_answered_as_by_the_oracle<F: StoreFixture>() {
    let input = (vec(step(), 1..10), vec(any_question(), 20..50));
    let standing = standing();
    let outcome = TestRunner::new(config()).run(&input, |(steps, questions)| {
        let (oracle, mut fixture) = (MemoryStore::default(), F::new());
        let handles = [fixture.store(), fixture.second()];
        let created = (0..LISTINGS).map(|n| Step::Toggle(n, None));
        let half = steps.len() / 2;
        let steps = created
            .map(|step| (step, false))
            .chain(steps.into_iter().enumerate().map(|(n, step)| (step, n == half)));
        for ((step, look), store) in steps.zip(handles.iter().cycle()) {
            if look {
                // What is asked on the way must not be remembered for too long.
                same(&standing, &**store, &oracle)?;
            }
            let commit = step.commit(&oracle);
            prop_assert_eq!(wait(store.commit(commit.clone())), wait(oracle.commit(commit)));
        }
        same(&questions, &*handles[0], &oracle)?;
        same(&standing, &*handles[1], &oracle)?;
        drop(handles);
        fixture.reopen();
        same(&standing, &*fixture.store(), &oracle)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// Puts the questions to both, and wants the same answers.
fn same(
    questions: &[Question],
    store: &dyn Store,
    oracle: &MemoryStore,
) -> Result<(), TestCaseError> {
    for question in questions {
        prop_assert_eq!(question.ask(store), question.ask(oracle), "{:?}", question);
    }
    Ok(())
}

/// Where terms are frequent, a store may follow other plans than where they are rare: the answers
/// are the same.
pub(super) fn a_long_catalogue_is_answered_as_by_the_oracle<F: StoreFixture>() {
    const LONG: u64 = 600;
    const QUESTIONS: usize = 200;
    let (oracle, fixture) = (MemoryStore::default(), F::new());
    let store = fixture.store();
    let config = config();
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    for n in 0..LONG {
        let entry = any_entry().new_tree(&mut runner).unwrap().current();
        let listing = samples::listing(n, &mut Pick::sparse());
        let draft = Draft::with_event().create(listing).index(n, entry);
        draft.clone().apply(&oracle);
        draft.apply(&*store);
    }
    let mut questions = standing();
    for _ in 0..QUESTIONS {
        let mut question = any_question().new_tree(&mut runner).unwrap().current();
        if let Question::Shelves(shelf) = &mut question {
            shelf.size = PageSize::MAX;
        }
        questions.push(question);
    }
    if let Err(failure) = same(&questions, &*store, &oracle) {
        panic!("{failure}");
    }
}
