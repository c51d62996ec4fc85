//! The suite over the store in memory, and the proof that the suite can fail.

mod mutants;

use std::panic::catch_unwind;
use std::sync::Arc;

use fleetprompt_core::conformance::{self, StoreFixture};
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::Store;

struct InMemory(MemoryStore);

impl StoreFixture for InMemory {
    fn new() -> Self {
        InMemory(MemoryStore::default())
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    fn second(&self) -> Arc<dyn Store> {
        self.store()
    }

    fn reopen(&mut self) {}
}

mod memory {
    use super::InMemory;

    fleetprompt_core::store_conformance!(InMemory);
}

/// Each kind of broken store fails the cases that are there to find it, and random commits or
/// commands find it too where they can.
macro_rules! found {
    ($($mutant:ident: $($case:ident)*;)*) => {
        #[expect(non_snake_case, reason = "a test is called like the store that it finds out")]
        mod found {
            $(#[test]
            fn $mutant() {
                for case in [$(stringify!($case)),*] {
                    let outcome = super::catch_unwind(|| {
                        super::conformance::run::<super::mutants::Fixture<super::mutants::$mutant>>(case)
                    });
                    let said = outcome.expect_err(case);
                    assert!(!super::text(&*said).contains("there is no case"), "{case}");
                }
            })*
        }
    };
}

fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => panic.downcast_ref::<&str>().copied().unwrap_or_default(),
    }
}

found! {
    SkipsARow: every_scan_is_the_same_in_small_pages random_commits_do_what_the_oracle_does;
    ShufflesTies: ties_are_broken_by_key every_scan_finds_its_rows_in_order;
    ForgetsReceipts: a_receipt_is_kept_with_its_commit one_of_many_applies_a_request
        a_dropped_commit_is_whole_or_absent random_commits_do_what_the_oracle_does
        a_marketplace_answers_as_it_does_over_the_oracle;
    LooksUpTheKeyLate: a_known_key_is_replayed_before_anything_is_tested
        random_commits_do_what_the_oracle_does;
    IgnoresExpectations: expectations_hold_a_commit_to_what_was_read
        random_commits_do_what_the_oracle_does;
    AppliesHalf: a_refused_commit_leaves_nothing random_commits_do_what_the_oracle_does;
    LeavesGaps: events_have_dense_positions_in_their_order concurrent_commits_are_totally_ordered
        random_commits_do_what_the_oracle_does;
    HidesPruning: a_reader_behind_the_pruned_events_is_told random_commits_do_what_the_oracle_does;
    PrunesTooMuch: pruning_stops_at_the_first_event_that_is_not_older
        random_commits_do_what_the_oracle_does;
    CountsOn: counters_stay_within_their_bounds random_commits_do_what_the_oracle_does;
    TestsThenCounts: seats_are_taken_exactly_as_often_as_there_are_seats;
    GivesNamesAway: a_free_name_is_claimed_and_a_taken_one_is_not one_of_many_takes_a_name
        random_commits_do_what_the_oracle_does a_marketplace_answers_as_it_does_over_the_oracle;
    RemembersReads: two_handles_see_each_other_at_once no_update_is_lost
        random_commits_do_what_the_oracle_does;
    LosesAll: everything_is_there_after_reopening random_commits_do_what_the_oracle_does
        a_marketplace_answers_as_it_does_over_the_oracle;
}
