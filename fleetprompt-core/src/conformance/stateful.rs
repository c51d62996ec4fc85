//! Random commands, done to two marketplaces alike: one over the oracle, one over the candidate.
//!
//! Both have the same clock, keys and randomness, so every answer must be the same, ids and tokens
//! included. The candidate alone meets conflicts and failures on its way: the caller then tries
//! again under the same key until it is told something, as the marketplace asks of its callers.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

mod commands;
mod scene;
mod told;

use commands::{Doing, Verb};
use scene::Scene;
use told::Answer;

use super::support::{config, wait};
use super::{Fault, FaultStore, ManualClock, NumberedEntropy, StoreFixture};
use crate::Marketplace;
use crate::domain::{Position, Span};
use crate::error::ErrorKind;
use crate::memory::MemoryStore;
use crate::port::{Clock as _, CounterRange, PageSize, Store};
use crate::token::KeyRing;

/// The most steps of a run.
const STEPS: usize = 60;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody asks for something; the candidate meets these faults.
    Do(Wish, Vec<Fault>),
    /// Somebody asks again for what was asked that many steps ago.
    Again(usize, Vec<Fault>),
    /// Time goes by.
    Wait(Span),
    /// The clock is set back.
    TurnBack(Span),
    /// The next key is taken into use, or the oldest one revoked.
    Rotate,
    Maintain,
    Refresh,
    Resanitise,
    Reopen,
}

/// What somebody asks for: numbers, which a scene makes something of.
#[derive(Clone, Debug)]
struct Wish {
    verb: Verb,
    /// Whoever may usually do it, or anybody.
    anybody: bool,
    who: usize,
    what: [usize; 3],
    key: u8,
}

fn wish() -> impl Strategy<Value = Wish> {
    let number = || 0..24_usize;
    (
        select(Verb::urn()),
        prop::bool::weighted(0.15),
        number(),
        [number(), number(), number()],
        0..80_u8,
    )
        .prop_map(|(verb, anybody, who, what, key)| Wish { verb, anybody, who, what, key })
}

fn step() -> impl Strategy<Value = Step> {
    let faults = || {
        let fault = select(vec![
            Fault::Conflict,
            Fault::Unavailable,
            Fault::Lost,
            Fault::AnswerLost,
            Fault::Delayed,
        ]);
        prop_oneof![2 => Just(Vec::new()), 1 => vec(fault, 1..4)]
    };
    let spans = vec![
        Span::millis(1),
        Span::seconds(30),
        Span::minutes(6),
        Span::hours(25),
        Span::days(8),
        Span::days(500),
    ];
    // Mostly by so little that hand-overs go on.
    let back = [1, 1, 30, 60, 60 * 60 * 24 * 500].map(Span::seconds).to_vec();
    prop_oneof![
        24 => (wish(), faults()).prop_map(|(wish, faults)| Step::Do(wish, faults)),
        6 => (1..6_usize, faults()).prop_map(|(ago, faults)| Step::Again(ago, faults)),
        3 => select(spans).prop_map(Step::Wait),
        1 => select(back).prop_map(Step::TurnBack),
        1 => Just(Step::Rotate),
        1 => Just(Step::Maintain),
        1 => Just(Step::Refresh),
        1 => Just(Step::Resanitise),
        1 => Just(Step::Reopen),
    ]
}

/// Whatever is asked of a marketplace over the candidate, through retries, conflicts, lost answers,
/// jumps of the clock and reopenings: the answers are those over the oracle, and so is the data.
pub(super) fn a_marketplace_answers_as_it_does_over_the_oracle<F: StoreFixture>() {
    let outcome = TestRunner::new(config()).run(&vec(step(), 1..STEPS), |steps| {
        let mut pair = Pair::<F>::new();
        let prologue = scene::prologue().into_iter().map(|wish| Step::Do(wish, Vec::new()));
        for step in prologue.chain(steps) {
            pair.step(step)?;
        }
        pair.same_data()
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// A marketplace over the oracle, and one over the candidate.
struct Pair<F> {
    oracle: MemoryStore,
    expected: Marketplace,
    fixture: F,
    candidate: Option<(FaultStore, Marketplace)>,
    clock: ManualClock,
    entropy: NumberedEntropy,
    keys: KeyRing,
    scene: Scene,
    /// What was asked before, each with what was known then.
    history: Vec<(Wish, Scene)>,
    commands: u64,
}

impl<F: StoreFixture> Pair<F> {
    fn new() -> Self {
        let (clock, entropy) = (ManualClock::default(), NumberedEntropy::default());
        let keys = scene::first_keys();
        let oracle = MemoryStore::default();
        let expected = scene::market(oracle.clone(), &clock, &entropy, &keys);
        let mut pair = Pair {
            oracle,
            expected,
            fixture: F::new(),
            candidate: None,
            clock,
            entropy,
            keys,
            scene: Scene::default(),
            history: Vec::new(),
            commands: 0,
        };
        pair.open();
        for seed in scene::seed() {
            let expected = wait(pair.oracle.commit(seed.clone()));
            assert_eq!(wait(pair.candidate().0.commit(seed)), expected);
        }
        // An import would have made entries too.
        for market in [&pair.expected, &pair.candidate().1] {
            let found = pollster::block_on(market.rebuild_index(Position::START, |_| {})).unwrap();
            assert_eq!((found.checked, found.missing), (4, 4));
        }
        pair
    }

    fn open(&mut self) {
        self.candidate = None;
        let store = FaultStore::new(self.fixture.store());
        let market = scene::market(store.clone(), &self.clock, &self.entropy, &self.keys);
        self.candidate = Some((store, market));
    }

    fn candidate(&self) -> &(FaultStore, Marketplace) {
        self.candidate.as_ref().unwrap()
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        self.commands += 1;
        self.entropy.set(self.commands);
        match step {
            Step::Do(wish, faults) => self.ask(wish, self.scene.clone(), faults)?,
            Step::Again(ago, faults) => {
                let before = self.history.len().checked_sub(ago);
                if let Some((wish, scene)) = before.and_then(|n| self.history.get(n)).cloned() {
                    self.ask(wish, scene, faults)?;
                }
            }
            Step::Wait(span) => self.clock.advance(span),
            Step::TurnBack(span) => self.clock.set(self.clock.now().minus(span)),
            Step::Rotate => {
                self.keys = scene::rotated(&self.keys);
                pollster::block_on(self.expected.set_keys(self.keys.clone())).unwrap();
                pollster::block_on(self.candidate().1.set_keys(self.keys.clone())).unwrap();
            }
            Step::Maintain => {
                let budget = PageSize::new(7);
                let expected = pollster::block_on(self.expected.maintain(budget));
                let answer = pollster::block_on(self.candidate().1.maintain(budget));
                prop_assert_eq!(answer, expected);
            }
            Step::Refresh => {
                let budget = PageSize::new(7);
                let expected = pollster::block_on(self.expected.refresh_index(budget));
                let answer = pollster::block_on(self.candidate().1.refresh_index(budget));
                prop_assert_eq!(answer, expected);
            }
            Step::Resanitise => {
                let budget = PageSize::new(7);
                let expected = pollster::block_on(self.expected.resanitize(budget));
                let answer = pollster::block_on(self.candidate().1.resanitize(budget));
                prop_assert_eq!(answer, expected);
            }
            Step::Reopen => {
                self.candidate = None;
                self.fixture.reopen();
                self.open();
            }
        }
        Ok(())
    }

    fn ask(&mut self, wish: Wish, scene: Scene, faults: Vec<Fault>) -> Result<(), TestCaseError> {
        let expected = pollster::block_on(Doing::new(&self.expected, &scene, &wish).it());
        prop_assert_ne!(expected.error_kind(), Some(ErrorKind::Internal));
        let (store, market) = self.candidate();
        let patience = faults.len();
        if !wish.verb.counts_its_last_run() {
            store.script(faults);
        }
        let mut answer = pollster::block_on(Doing::new(market, &scene, &wish).it());
        for _ in 0..patience {
            if answer.error_kind() == Some(ErrorKind::Unavailable) {
                answer = pollster::block_on(Doing::new(market, &scene, &wish).it());
            }
        }
        store.script([]);
        prop_assert_eq!(&answer.text, &expected.text, "{:?}", wish.verb);
        let report = pollster::block_on(self.expected.check_index(Position::START, |_| {}));
        prop_assert!(report.is_ok_and(|report| report.is_clean()), "{:?}", wish.verb);
        let Answer { taught, .. } = expected;
        self.scene.learn(taught);
        self.history.push((wish, scene));
        Ok(())
    }

    /// All that both stores hold is the same.
    fn same_data(&self) -> Result<(), TestCaseError> {
        let (oracle, candidate): (&dyn Store, &dyn Store) = (&self.oracle, &self.candidate().0);
        let head = wait(oracle.head());
        prop_assert_eq!(wait(candidate.head()), head);
        let mut after = head.pruned;
        while after < head.last {
            let page = wait(oracle.events(after, PageSize::MAX));
            prop_assert_eq!(&wait(candidate.events(after, PageSize::MAX)), &page);
            after = Position::new(after.get() + u64::from(PageSize::MAX.get())).min(head.last);
        }
        let feed = wait(oracle.feed(head.feed_pruned, PageSize::MAX));
        prop_assert_eq!(wait(candidate.feed(head.feed_pruned, PageSize::MAX)), feed);
        let entries = wait(oracle.entries(Position::START, PageSize::MAX));
        prop_assert_eq!(wait(candidate.entries(Position::START, PageSize::MAX)), entries);
        for key in self.scene.records() {
            prop_assert_eq!(wait(candidate.get(&key)), wait(oracle.get(&key)));
        }
        for scan in self.scene.scans(oracle) {
            let rows = wait(oracle.scan(&scan, None, PageSize::MAX));
            prop_assert_eq!(wait(candidate.scan(&scan, None, PageSize::MAX)), rows, "{:?}", scan);
        }
        for counter in self.scene.counters(oracle) {
            let range = CounterRange::one(&counter);
            let count = |store: &dyn Store| {
                let found = wait(store.counters(&range, 1));
                found.first().map_or(0, |(_, value)| *value)
            };
            prop_assert_eq!(count(candidate), count(oracle), "{}", counter.name());
        }
        Ok(())
    }
}
