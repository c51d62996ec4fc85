//! Limits that processes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;

use fleetprompt_core::conformance::ManualClock;
use fleetprompt_core::conformance::samples::Pick;
use fleetprompt_core::domain::{Sha256Digest, Span, Timestamp};
use fleetprompt_core::policy::{ArrivalTime, LimitDecision, Rate, gcra};
use fleetprompt_core::port::{Clock as _, LimitKey, Limiter, LimiterUnavailable, LocalLimiter};
use fleetprompt_postgres::PostgresLimiter;
use pollster::block_on;
use sqlx::Row as _;

use crate::support::{Client, Schema, sql};
use crate::waiting::wait_until;

fn key(n: u64) -> LimitKey {
    LimitKey(*Sha256Digest::of(&n.to_be_bytes()).as_bytes())
}

fn passes(limiter: &PostgresLimiter, n: u64, rate: Rate) -> bool {
    matches!(block_on(limiter.arrive(key(n), rate)), Ok(LimitDecision::Allowed { .. }))
}

fn rows(schema: &Schema) -> i64 {
    sql(&format!("SELECT count(*) FROM {}.limit_due", schema.name))[0].get(0)
}

#[test]
fn random_arrivals_are_decided_as_by_the_pure_rule() {
    let schema = Schema::new();
    let clock = ManualClock::default();
    let limiter = PostgresLimiter::new(&schema.open()).clock(Arc::new(clock.clone()));
    let rates = [
        Rate::per(Span::seconds(1), 1),
        Rate::per(Span::seconds(1), 7).with_burst(3),
        Rate::per(Span::millis(1), u32::MAX),
        Rate::per(Span::days(40), 1).with_burst(u32::MAX),
        Rate::per(Span::minutes(1), 60).with_burst(10),
    ];
    let steps = [0, 0, 1, 100, 143, 999, 1_000, 70_000].map(Span::millis);
    let mut pick = Pick::seeded(1);
    let mut due = [ArrivalTime::default(); 4];
    let mut limited = 0;
    for _ in 0..1_500 {
        let (step, rate) = (pick.one_of(&steps), pick.one_of(&rates));
        let now = clock.now();
        clock.set(if pick.below(9) == 0 { now.minus(step) } else { now.plus(step) });
        let n = pick.below(4);
        let remembered = &mut due[usize::try_from(n).unwrap()];
        let (next, expected) = gcra(*remembered, clock.now(), rate);
        *remembered = next;
        assert_eq!(block_on(limiter.arrive(key(n), rate)), Ok(expected));
        limited += u64::from(matches!(expected, LimitDecision::Limited { .. }));
    }
    assert!(limited > 100, "{limited} arrivals were limited");
}

#[test]
fn what_is_given_back_can_be_spent_again_as_in_one_process() {
    let schema = Schema::new();
    let clock = Arc::new(ManualClock::default());
    let shared = PostgresLimiter::new(&schema.open()).clock(clock.clone());
    let local = LocalLimiter::new(clock.clone(), 100);
    let rates = [
        Rate::per(Span::seconds(1), 7).with_burst(3),
        Rate::per(Span::days(40), 1).with_burst(u32::MAX),
        Rate::per(Span::minutes(1), 60).with_burst(10),
    ];
    let mut pick = Pick::seeded(2);
    let (mut limited, mut given) = (0, 0);
    for _ in 0..1_000 {
        clock.advance(pick.one_of(&[0, 0, 0, 1, 100].map(Span::millis)));
        let (key, rate) = (key(pick.below(4)), pick.one_of(&rates));
        if pick.below(3) == 0 {
            for limiter in [&shared as &dyn Limiter, &local] {
                block_on(limiter.give_back(key, rate));
            }
            given += 1;
        }
        let answer = block_on(shared.arrive(key, rate));
        assert_eq!(answer, block_on(local.arrive(key, rate)));
        limited += u64::from(matches!(answer, Ok(LimitDecision::Limited { .. })));
    }
    assert!(limited > 50 && given > 50, "{limited} were limited, {given} given back");
}

#[test]
fn however_many_arrive_at_once_no_more_pass_than_the_burst() {
    let schema = Schema::new();
    let clock = Arc::new(ManualClock::default());
    let rate = Rate::per(Span::hours(1), 60).with_burst(17);
    let limiters: Vec<_> =
        (0..2).map(|_| PostgresLimiter::new(&schema.open()).clock(clock.clone())).collect();
    let passed: usize = thread::scope(|scope| {
        let arriving: Vec<_> = (0..8)
            .map(|n| {
                let limiter = &limiters[n % 2];
                scope.spawn(move || (0..20).filter(|_| passes(limiter, 0, rate)).count())
            })
            .collect();
        arriving.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 17);
    assert!(passes(&limiters[0], 1, rate), "others have budgets of their own");
}

/// What is counted together holds several rows at a time, as pruning does.
#[test]
fn counting_and_pruning_never_wait_in_a_circle() {
    let schema = Schema::new();
    let limiters = [0, 1].map(|_| PostgresLimiter::new(&schema.open()));
    // Each budget is full again when the next comes, so all rows may be pruned.
    let rate = Rate::per(Span::millis(1), 1_000);
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for seed in 0..12 {
            let (limiter, done) = (&limiters[usize::try_from(seed % 2).unwrap()], &done);
            scope.spawn(move || {
                let mut pick = Pick::seeded(seed);
                for _ in 0..60 {
                    assert!(block_on(limiter.arrive(key(pick.below(12)), rate)).is_ok());
                }
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        while done.load(Ordering::SeqCst) < 12 {
            for limiter in &limiters {
                block_on(limiter.prune(12)).unwrap();
            }
        }
    });
}

/// Callers of a budget that somebody holds up must not take all connections.
#[test]
fn those_who_wait_for_a_budget_wait_on_one_connection() {
    let schema = Schema::new();
    let limiter = PostgresLimiter::new(&schema.open());
    let rate = Rate::per(Span::seconds(1), 1_000).with_burst(1_000);
    assert!(passes(&limiter, 0, rate));
    let mut other = Client::connect();
    other.run(&format!("BEGIN; UPDATE {}.limit_due SET due = due", schema.name));
    let arrived = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut answer = limiter.arrive(key(0), rate);
                let mut context = Context::from_waker(Waker::noop());
                assert!(answer.as_mut().poll(&mut context).is_pending());
                arrived.fetch_add(1, Ordering::SeqCst);
                // Counted, or given up because it took too long: both are told.
                let _ = block_on(answer);
            });
        }
        wait_until("all have arrived", || arrived.load(Ordering::SeqCst) == 16);
        wait_until("somebody waits", || waiting(&schema) > 0);
        assert_eq!(waiting(&schema), 1);
        other.run("COMMIT");
    });
    assert!(passes(&limiter, 0, rate), "and all goes on");
}

/// How many sessions wait for a lock to count arrivals.
fn waiting(schema: &Schema) -> i64 {
    let waiting = sql(&format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE wait_event_type = 'Lock' AND query LIKE '%{}.%' AND datname = current_database()",
        schema.name
    ));
    waiting[0].get(0)
}

#[test]
fn the_clock_is_the_servers() {
    let schema = Schema::new();
    let limiter = PostgresLimiter::new(&schema.open());
    let rate = Rate::per(Span::DAY, 1);
    assert!(passes(&limiter, 0, rate));
    assert!(!passes(&limiter, 0, rate));
    let late = sql(&format!(
        "SELECT at <= extract(epoch FROM clock_timestamp()) * 1000000
             AND at > extract(epoch FROM clock_timestamp() - interval '1 hour') * 1000000
         FROM {}.limit_due",
        schema.name
    ));
    assert!(late[0].get::<bool, _>(0));
}

#[test]
fn callers_with_a_full_budget_are_forgotten_by_the_way() {
    let schema = Schema::new();
    let clock = ManualClock::default();
    let limiter = PostgresLimiter::new(&schema.open()).clock(Arc::new(clock.clone()));
    let (brief, long) = (Rate::per(Span::seconds(1), 1), Rate::per(Span::DAY, 1));
    clock.set(Timestamp::from_millis(1_000_000));
    for n in 0..300 {
        assert!(passes(&limiter, n, if n % 3 == 0 { long } else { brief }));
    }
    assert_eq!(rows(&schema), 300);
    clock.advance(Span::minutes(1));
    // Nobody who arrives waits for it.
    let forgotten = (0..20_000).any(|_| {
        passes(&limiter, 0, long);
        rows(&schema) == 100
    });
    assert!(forgotten);
    assert!(!passes(&limiter, 99, long), "who still waits is remembered");
    clock.advance(Span::days(2));
    let removed: u32 = (0..4).map(|_| block_on(limiter.prune(30)).unwrap()).sum();
    assert_eq!((removed, rows(&schema)), (100, 0));
}

#[test]
fn a_server_that_can_not_answer_is_no_permission() {
    let schema = Schema::unmade();
    let limiter = PostgresLimiter::new(&schema.open());
    sql(&format!("DROP TABLE {}.limit_due", schema.name));
    let rate = Rate::per(Span::seconds(1), 1);
    assert_eq!(block_on(limiter.arrive(key(0), rate)), Err(LimiterUnavailable));
    // Whoever gives back has been answered, and is not told.
    block_on(limiter.give_back(key(0), rate));
    assert_eq!(block_on(limiter.arrive(key(0), rate)), Err(LimiterUnavailable));
}
