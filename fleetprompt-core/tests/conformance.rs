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
    SkipsARowOfATable: every_table_is_read_whole_in_the_order_of_keys;
    AnswersOnlyWhatIsThere: records_read_together_are_those_read_alone;
    ShufflesTies: ties_are_broken_by_key every_scan_finds_its_rows_in_order;
    BeginsAgain: every_scan_is_the_same_in_small_pages a_page_goes_on_where_its_last_row_was_deleted;
    IgnoresCase: texts_are_ordered_byte_by_byte;
    ForgetsReceipts: a_receipt_is_kept_with_its_commit one_of_many_applies_a_request
        an_index_change_takes_effect_once_whatever_goes_wrong
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
    ForgetsToRemoveWords: an_entry_that_is_removed_leaves_nothing
        words_with_two_stems_are_offered_with_each random_questions_are_answered_as_by_the_oracle;
    CountsUpOnly: an_entry_that_is_set_again_replaces_the_one_before
        random_questions_are_answered_as_by_the_oracle;
    StaleFrequencies: an_entry_that_is_removed_leaves_nothing the_index_is_there_after_reopening
        random_questions_are_answered_as_by_the_oracle;
    CountsOccurrences: frequencies_count_entries_and_not_occurrences
        random_questions_are_answered_as_by_the_oracle;
    IgnoresUntil: lists_come_in_the_order_of_rank random_questions_are_answered_as_by_the_oracle;
    ReadsEveryList: lists_that_tell_nothing_new_are_left_empty
        random_questions_are_answered_as_by_the_oracle;
    SharesTheLimit: lists_come_in_the_order_of_rank random_questions_are_answered_as_by_the_oracle;
    ExcludesTermsOnly: a_match_has_every_clause_and_none_that_is_excluded
        random_questions_are_answered_as_by_the_oracle;
    SkipsEmptyClauses: a_match_has_every_clause_and_none_that_is_excluded
        random_questions_are_answered_as_by_the_oracle;
    FoldsTerms: hostile_terms_are_data random_questions_are_answered_as_by_the_oracle;
    CrossesRuns: phrases_stay_within_a_run entries_are_read_back_as_they_were_set
        random_questions_are_answered_as_by_the_oracle;
    KeepsTheRank: an_entry_that_is_set_again_replaces_the_one_before
        random_questions_are_answered_as_by_the_oracle;
    IndexesTheRefused: an_entry_is_set_with_its_commit_or_not_at_all
        random_commits_do_what_the_oracle_does;
    BreaksTiesByLabel: labels_are_tallied_and_ties_come_in_order_of_rank
        random_questions_are_answered_as_by_the_oracle;
    SkipsTies: shelves_are_read_in_order_to_their_end
        random_questions_are_answered_as_by_the_oracle;
    CompletesInByteOrder: completions_are_the_most_frequent_first
        random_questions_are_answered_as_by_the_oracle;
    TakesLabelsForWords: labels_are_no_words_and_words_no_labels
        random_questions_are_answered_as_by_the_oracle;
    KeepsEqualRunsOnce: entries_are_read_back_as_they_were_set;
    LosesAll: everything_is_there_after_reopening the_index_is_there_after_reopening random_commits_do_what_the_oracle_does
        a_marketplace_answers_as_it_does_over_the_oracle;
}
