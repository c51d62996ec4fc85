//! The suite that every store must pass, and what it takes to test a marketplace.
//!
//! The author of a store implements [`StoreFixture`] and lets [`store_conformance!`] make a test of
//! each case:
//!
//! ```
//! mod my_store {
//!     use std::sync::Arc;
//!
//!     use fleetprompt_core::conformance::StoreFixture;
//!     use fleetprompt_core::memory::MemoryStore;
//!     use fleetprompt_core::port::Store;
//!
//!     struct MyFixture(MemoryStore);
//!
//!     impl StoreFixture for MyFixture {
//!         fn new() -> Self { MyFixture(MemoryStore::default()) }
//!         fn store(&self) -> Arc<dyn Store> { Arc::new(self.0.clone()) }
//!         fn second(&self) -> Arc<dyn Store> { self.store() }
//!         fn reopen(&mut self) {}
//!     }
//!
//!     fleetprompt_core::store_conformance!(MyFixture);
//! }
//! ```
//!
//! No case can be skipped: the marketplace relies on all of them. Some of them draw random input,
//! 64 times, and by default the same in every run; the environment variables `PROPTEST_CASES` and
//! `PROPTEST_RNG_SEED` say otherwise.
//!
//! [`store_conformance!`]: crate::store_conformance

use std::sync::Arc;

use crate::port::Store;

#[expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the cases are tests, which others compile"
)]
mod cases;
mod faults;
#[expect(clippy::unwrap_used, clippy::panic, reason = "property tests, which others compile")]
mod indexing;
#[expect(clippy::unwrap_used, reason = "all that is parsed is valid")]
pub mod load;
mod ports;
#[expect(clippy::unwrap_used, reason = "helpers of tests, which others compile")]
mod questions;
#[expect(clippy::unwrap_used, clippy::panic, reason = "property tests, which others compile")]
mod raw;
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "all samples are valid")]
pub mod samples;
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "property tests, which others compile"
)]
mod stateful;
#[expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, which others compile")]
mod support;

pub use faults::{Fault, FaultStore};
pub use ports::{ManualClock, NumberedEntropy, SeededEntropy};

/// Data of a store under test, and the ways to it.
///
/// The module's page has an example.
pub trait StoreFixture: Send + Sync + 'static {
    /// Starts with new, empty data that nothing else uses.
    fn new() -> Self;

    /// A handle on the data: always the same store.
    fn store(&self) -> Arc<dyn Store>;

    /// Another store on the same data, as another process would open it.
    fn second(&self) -> Arc<dyn Store>;

    /// Closes the store and opens it again, as the end of a process and the start of the next do.
    /// The suite holds no handle meanwhile.
    fn reopen(&mut self);
}

/// Calls the macro `$then` with `$args` and the name of every case.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ([$($then:tt)+] $args:tt) => {
        $($then)+! { $args
            a_record_is_read_back_with_its_revision_and_positions
            records_read_together_are_those_read_alone
            every_kind_of_record_is_read_back_as_it_was_put
            records_of_one_commit_share_its_first_position
            a_put_replaces_the_whole_record
            a_deleted_record_is_gone_and_may_come_back_as_a_new_one
            expectations_hold_a_commit_to_what_was_read
            the_first_failed_expectation_is_named
            a_put_must_replace_what_it_expects
            a_delete_must_remove_what_it_expects
            malformed_commits_are_refused_and_change_nothing
            the_largest_records_are_kept_whole
            names_that_mean_something_elsewhere_address_one_record
            a_commit_without_an_event_moves_no_position

            counters_start_at_nothing_and_add_up
            counters_stay_within_their_bounds
            counters_never_fall_below_nothing
            counts_of_one_commit_see_those_before_them
            counters_are_read_by_name_in_byte_order
            counters_take_the_largest_numbers
            counters_of_other_scopes_are_apart

            a_free_name_is_claimed_and_a_taken_one_is_not
            a_name_is_claimed_again_by_its_owner
            a_name_is_released_by_its_owner_alone
            claims_of_one_commit_see_those_before_them
            names_of_other_scopes_are_apart
            the_first_refusal_among_names_and_counts_is_named

            a_receipt_is_kept_with_its_commit
            a_known_key_is_replayed_before_anything_is_tested
            a_refused_commit_keeps_no_receipt
            receipts_are_pruned_by_expiry_oldest_first
            the_longest_receipt_is_kept

            events_have_dense_positions_in_their_order
            the_feed_has_a_dense_sequence_of_its_own
            a_reader_who_follows_by_pages_misses_nothing
            a_reader_ahead_of_the_log_finds_nothing
            pruning_stops_at_the_first_event_that_is_not_older
            a_reader_behind_the_pruned_events_is_told
            the_head_survives_the_pruning_of_all_events
            the_head_keeps_the_latest_time
            every_kind_of_event_is_read_back_as_it_was_appended

            every_scan_finds_its_rows_in_order
            every_scan_is_the_same_in_small_pages
            ties_are_broken_by_key
            texts_are_ordered_byte_by_byte
            a_page_holds_no_more_than_was_asked
            a_scan_follows_changes_and_deletions
            a_page_goes_on_where_its_last_row_was_deleted

            every_table_is_read_whole_in_the_order_of_keys
            a_page_goes_on_behind_a_row_of_the_same_table

            an_entry_is_set_with_its_commit_or_not_at_all
            an_entry_that_is_set_again_replaces_the_one_before
            an_entry_that_is_removed_leaves_nothing
            a_deleted_listing_takes_its_entry_along
            an_entry_for_a_listing_that_is_not_there_changes_nothing
            an_entry_stays_while_its_listing_changes
            one_commit_sets_the_entries_of_many_listings
            malformed_index_changes_are_refused_and_change_nothing
            entries_are_read_back_as_they_were_set
            the_index_is_there_after_reopening
            an_index_change_takes_effect_once_whatever_goes_wrong
            the_longest_entries_are_kept_whole

            lists_come_in_the_order_of_rank
            lists_that_tell_nothing_new_are_left_empty
            a_match_has_every_clause_and_none_that_is_excluded
            phrases_stay_within_a_run
            hits_say_how_often_terms_occur
            labels_are_no_words_and_words_no_labels
            hostile_terms_are_data
            paging_by_rank_neither_repeats_nor_skips

            labels_are_tallied_and_ties_come_in_order_of_rank
            a_tally_goes_no_further_than_was_asked
            shelves_are_read_in_order_to_their_end
            frequencies_count_entries_and_not_occurrences
            words_are_counted_as_they_are_written
            completions_are_the_most_frequent_first
            words_with_two_stems_are_offered_with_each
            listings_are_read_by_their_ordinals

            a_refused_commit_leaves_nothing
            a_dropped_commit_is_whole_or_absent
            everything_is_there_after_reopening
            positions_go_on_after_reopening
            two_handles_see_each_other_at_once

            seats_are_taken_exactly_as_often_as_there_are_seats
            one_of_many_creates_a_record
            one_of_many_takes_a_name
            one_of_many_applies_a_request
            no_update_is_lost
            concurrent_commits_are_totally_ordered
            readers_never_see_half_a_commit
            entries_set_at_once_leave_exact_frequencies
            one_of_many_entries_of_a_listing_remains_whole
            lists_of_one_question_are_of_one_state

            random_commits_do_what_the_oracle_does
            random_questions_are_answered_as_by_the_oracle
            a_long_catalogue_is_answered_as_by_the_oracle
            a_marketplace_answers_as_it_does_over_the_oracle
        }
    };
}

/// Makes a test of each case of the suite, for the
/// [`StoreFixture`](crate::conformance::StoreFixture) that is named. Give each fixture a module of
/// its own. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! store_conformance {
    ($fixture:ty) => {
        $crate::__store_cases! { [$crate::__store_tests] [$fixture] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __store_tests {
    ([$fixture:ty] $($case:ident)*) => {$(
        #[test]
        fn $case() {
            $crate::conformance::run::<$fixture>(stringify!($case));
        }
    )*};
}

macro_rules! table {
    ([$fixture:ident] $($case:ident)*) => {
        [$((stringify!($case), cases::$case::<$fixture> as fn())),*]
    };
}

/// The name of every case.
///
/// ```
/// use fleetprompt_core::conformance;
/// assert!(conformance::names().contains(&"no_update_is_lost"));
/// ```
pub fn names() -> Vec<&'static str> {
    macro_rules! names {
        ([] $($case:ident)*) => { vec![$(stringify!($case)),*] };
    }
    crate::__store_cases!([names] [])
}

/// Runs the case of this name.
///
/// # Panics
/// When the store does not pass the case, or there is none of this name.
#[expect(clippy::panic, reason = "that is how a test fails")]
pub fn run<F: StoreFixture>(name: &str) {
    let table = crate::__store_cases!([table][F]);
    match table.iter().find(|(case, _)| *case == name) {
        Some((_, case)) => case(),
        None => panic!("there is no case of this name"),
    }
}
