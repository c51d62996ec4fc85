//! Answers that get lost between a store and its caller, and requests that race.

use std::thread;

use super::*;
use crate::conformance::{Fault, FaultStore};
use crate::domain::Span;
use crate::port::StoreError;

/// A world, and the store between its data and its marketplace.
fn world() -> (World, FaultStore) {
    let data = MemoryStore::default();
    let between = FaultStore::new(Arc::new(data.clone()));
    (World::over(data, between.clone()), between)
}

#[test]
fn a_commit_whose_answer_got_lost_is_not_made_twice() {
    let (world, between) = world();
    let (token, _) = world.issue();
    between.script([Fault::AnswerLost]);
    let manifest = world.redeem(&token, "redeem").unwrap();
    assert_eq!(world.events("install.redeemed"), 1);
    assert_eq!(world.redeem(&token, "redeem").unwrap(), manifest);

    between.script([Fault::AnswerLost]);
    let started = world.begin(&world.ada(), "again").unwrap();
    assert_eq!(world.events("install.begun"), 2);
    assert_eq!(token_of(&world.begin(&world.ada(), "again").unwrap()), token_of(&started));
}

/// What it rests on is read in one question, so that a store far away is waited for as rarely.
#[test]
fn a_redemption_is_whole_or_absent_wherever_the_store_fails_and_asks_few_questions() {
    let redeemed = |calls: &u64| {
        let (world, between) = world();
        let (token, attempt) = world.issue();
        between.fail_after(*calls, StoreError::Unavailable("there were enough calls"));
        let answer = world.redeem(&token, "redeem");
        if let Err(error) = &answer {
            assert_eq!(error.code(), ErrorCode::Unavailable);
        }
        let is_redeemed = world.attempt(attempt).redemption.is_some();
        assert_eq!(world.events("install.redeemed"), usize::from(is_redeemed));
        answer.is_ok()
    };
    // The head of the log, the key, the deployment and the attempt; the records that it rests on, with
    // the buyer's mark; the reference and the publisher's tenant; the commit.
    assert_eq!((0..40).find(redeemed), Some(8));
}

#[test]
fn a_caller_that_died_after_the_commit_gets_the_same_bytes_later() {
    let (world, between) = world();
    let (token, attempt) = world.issue();
    between.script([Fault::CutOff]);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::Unavailable);
    between.mend();
    let kept = world.attempt(attempt).redemption.unwrap().manifest.unwrap();
    world.clock.advance(Span::hours(12));
    assert_eq!(world.redeem(&token, "redeem").unwrap(), kept);
    assert_eq!(world.events("install.redeemed"), 1);
}

#[test]
fn one_token_redeemed_by_many_at_once_is_redeemed_once() {
    let world = World::new();
    let (token, _) = world.issue();
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|n| {
                let (world, token) = (&world, &token);
                // Half of them retry one request; the others come with keys of their own.
                let name = if n % 2 == 0 { "mine".to_owned() } else { format!("other-{n}") };
                scope.spawn(move || (n % 2 == 0, world.redeem(token, &name)))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(world.events("install.redeemed"), 1);
    let mine: Vec<_> = answers.iter().filter(|(mine, _)| *mine).map(|(_, it)| it).collect();
    assert!(mine.windows(2).all(|pair| pair[0] == pair[1]), "one key, two answers");
    let manifests = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    assert!(manifests == 8 || manifests == 1, "{manifests}");
}
