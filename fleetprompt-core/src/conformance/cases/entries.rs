//! Entries of the search index: set and removed with the records of their commit.

use super::catalogue::*;
use crate::conformance::StoreFixture;
use crate::conformance::questions::all_answers;
use crate::conformance::samples::{self, Pick, time};
use crate::conformance::support::{Draft, get, handle, wait};
use crate::conformance::{Fault, FaultStore};
use crate::domain::{Position, Revision, Timestamp};
use crate::memory::MemoryStore;
use crate::port::{
    Committed, Field, IndexEntry, Matching, PageSize, Quality, Rank, Run, Store as _, StoreError,
};

fn at(position: u64) -> Position {
    Position::new(position)
}

pub(in crate::conformance) fn an_entry_is_set_with_its_commit_or_not_at_all<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let handles = [fixture.store(), fixture.second()];
    let (one, other) = (entry(1, "web agents/agent", "k:a"), entry(2, "scraper", "k:b"));
    let listing = |n| samples::listing(n, &mut Pick::sparse());
    Draft::with_event().claim(&handle("taken"), "ada").apply(&*store);

    // The entry may stand before its listing.
    let draft = Draft::with_event().receipt(1, "done", time(0)).index(1, one.clone());
    draft.create(listing(1)).apply(&*store);
    for handle in &handles {
        assert_eq!(entries(&**handle), [(at(2), one.clone())]);
        assert_eq!(found(&**handle, all("agent k:a")), [at(2)]);
        assert_eq!(words(&**handle, "agents"), [1]);
        assert_eq!(completions(&**handle, "agen", 9), "agents");
    }

    let before = all_answers(&*store);
    let second = Draft::with_event().create(listing(2)).index(2, other.clone());
    second.clone().index(1, other.clone()).claim(&handle("taken"), "bob").refuse(&*store);
    second.clone().index(1, None).expect(listing_key(9), Some(Revision::FIRST)).refuse(&*store);
    let replayed = second.clone().index(1, other.clone()).receipt(1, "other", time(0));
    assert!(matches!(wait(store.commit(replayed.0)), Committed::Replayed(_)));
    assert_eq!(all_answers(&*store), before);
    assert_gone(&*store, &other);

    second.index(1, None).apply(&*store);
    for handle in &handles {
        assert_eq!(entries(&**handle), [(at(3), other.clone())]);
        assert_gone(&**handle, &one);
    }
}

pub(in crate::conformance) fn an_entry_that_is_set_again_replaces_the_one_before<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    let old = entry(7, "web agents/agent 検索", "k:a t:b n:web");
    let first = create(&*store, 1, old.clone());
    let second = create(&*store, 2, entry(5, "crawler", "k:b"));
    assert_eq!(found(&*store, Matching::default()), [first, second]);

    // The listing's place is that of its new quality, and its ordinal stays.
    let new = IndexEntry {
        released_at: time(9),
        sort_name: "a name".to_owned(),
        ..entry(3, "scrapers/scraper", "k:c")
    };
    set(&*store, 1, new.clone());
    assert_eq!(found(&*store, Matching::default()), [second, first]);
    assert_eq!(ranks(&*store, list(all("scraper"))), [Rank::new(Quality::new(3), first)]);
    assert_eq!(entries(&*store)[0], (first, new));
    assert_gone(&*store, &old);

    // Words and labels that stay are counted once, whatever they share.
    let more = entry(3, "scraper scrapers/scraper scraped/scraper", "k:c k:d");
    set(&*store, 1, more.clone());
    set(&*store, 1, more.clone());
    assert_eq!(frequencies(&*store, "scraper k:c k:d"), [1, 1, 1]);
    assert_eq!(words(&*store, "scraper scrapers scraped"), [1, 1, 1]);
    set(&*store, 1, entry(3, "scraped/scraper", "k:d"));
    assert_eq!(frequencies(&*store, "scraper k:c k:d"), [1, 0, 1]);
    assert_eq!(words(&*store, "scraper scrapers scraped"), [0, 0, 1]);
}

pub(in crate::conformance) fn an_entry_that_is_removed_leaves_nothing<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let gone = entry(7, "web agents/agent 検索 🦀 e\u{301}", "k:a t:c++ n:web x:00ff");
    create(&*store, 1, gone.clone());
    assert_eq!(frequencies(&*store, "web agent k:a"), [1, 1, 1]);
    set(&*store, 1, None);
    set(&*store, 1, None);
    assert_gone(&*store, &gone);
    assert_eq!(frequencies(&*store, "web agent k:a"), [0, 0, 0]);
    assert_eq!(entries(&*store), []);
    assert_eq!(found(&*store, Matching::default()), []);
    assert_eq!(wait(store.frequencies(&terms("web"))).entries, 0);
    assert!(get(&*store, &listing_key(1)).is_some(), "its listing stands");

    set(&*store, 1, gone);
    assert_eq!(frequencies(&*store, "web agent k:a"), [1, 1, 1]);
    assert_eq!(completions(&*store, "ag", 9), "agents");
}

pub(in crate::conformance) fn a_deleted_listing_takes_its_entry_along<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let gone = entry(7, "web agents/agent", "k:a");
    let ordinal = create(&*store, 1, gone.clone());
    create(&*store, 2, entry(7, "crawler", "k:b"));
    delete(&*store, 1);
    assert_gone(&*store, &gone);
    assert_eq!(entries(&*store).len(), 1);
    assert_eq!(listings(&*store, &[ordinal]), [None]);

    // The same id is another listing, without an entry until it gets one.
    let listing = samples::listing(1, &mut Pick::sparse());
    Draft::with_event().create(listing).apply(&*store);
    assert_gone(&*store, &gone);
    set(&*store, 1, gone.clone());
    assert_eq!(found(&*store, all("agent")), [at(4)]);

    // What a commit deletes gets no entry from it, on whichever side that stands.
    let draft = Draft::with_event().index(1, gone.clone()).delete(listing_key(1), Revision::FIRST);
    draft.apply(&*store);
    let draft = Draft::with_event().delete(listing_key(2), Revision::FIRST);
    draft.index(2, gone.clone()).apply(&*store);
    assert_gone(&*store, &gone);
    assert_eq!(entries(&*store), []);
}

pub(in crate::conformance) fn an_entry_for_a_listing_that_is_not_there_changes_nothing<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    let lost = entry(7, "web agents/agent", "k:a");
    create(&*store, 1, entry(1, "crawler", "k:b"));
    let before = all_answers(&*store);
    set(&*store, 2, lost.clone());
    set(&*store, 3, None);
    assert_eq!(all_answers(&*store), before);

    // Nor does it wait for the listing.
    let listing = samples::listing(2, &mut Pick::sparse());
    Draft::with_event().create(listing).apply(&*store);
    assert_gone(&*store, &lost);
    assert_eq!(entries(&*store).len(), 1);
}

pub(in crate::conformance) fn an_entry_stays_while_its_listing_changes<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let kept = entry(7, "web agents/agent", "k:a");
    Draft::new().event(1).event(2).apply(&*store);
    let listing = samples::listing(1, &mut Pick::sparse());
    // Its ordinal is that of the commit's first event.
    let draft = Draft::new().event(3).event(4).create(listing).index(1, kept.clone());
    assert_eq!(draft.apply(&*store), at(4));
    let changed = samples::listing(1, &mut Pick::full());
    Draft::with_event().put(changed.clone(), Some(Revision::FIRST)).apply(&*store);
    assert_eq!(entries(&*store), [(at(3), kept)]);
    assert_eq!(found(&*store, all("agent k:a")), [at(3)]);
    let row = wait(store.listings(&[at(3)])).pop().flatten().unwrap();
    assert_eq!((row.value, row.revision), (changed.into(), Revision::new(2)));
}

pub(in crate::conformance) fn one_commit_sets_the_entries_of_many_listings<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    for n in 1..=4 {
        create(&*store, n, entry(1, "crawler", "k:b"));
    }
    let listing = samples::listing(5, &mut Pick::sparse());
    Draft::with_event()
        .index(5, entry(2, "web", "k:a"))
        .index(1, entry(3, "web agent", "k:a"))
        .index(2, None)
        .create(listing)
        .delete(listing_key(3), Revision::FIRST)
        .apply(&*store);
    assert_eq!(found(&*store, all("web k:a")), [at(1), at(5)]);
    assert_eq!(found(&*store, Matching::default()), [at(1), at(5), at(4)]);
    assert_eq!(frequencies(&*store, "web agent crawler k:a k:b"), [2, 1, 1, 2, 1]);
}

pub(in crate::conformance) fn malformed_index_changes_are_refused_and_change_nothing<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    create(&*store, 1, entry(1, "web", "k:a"));
    let before = all_answers(&*store);
    let listing = |n| samples::listing(n, &mut Pick::sparse());
    let good = || entry(2, "agent", "k:b");
    let malformed = [
        Draft::with_event().create(listing(2)).create(listing(3)).index(2, good()),
        Draft::new().index(1, good()).index(1, good()),
        Draft::new().index(1, None).index(1, good()),
        Draft::new().index(9, None).index(9, None),
        // A word that reads like a label, and labels that read like words.
        Draft::new().index(1, entry(2, "k:b", "")),
        Draft::new().index(1, entry(2, "agent/n:agent", "")),
        Draft::new().index(1, entry(2, "agent", "agent")),
        Draft::new().index(1, entry(2, "agent", ":b")),
        Draft::new().index(1, entry(2, "agent", "kind:b")),
        Draft::new().index(1, entry(2, "agent", "é:b")),
        Draft::new().index(1, entry(2, "agent", "1:b")),
    ];
    for draft in malformed {
        let refused = pollster::block_on(store.commit(draft.0));
        assert!(matches!(refused, Err(StoreError::Malformed(_))), "{refused:?}");
        assert_eq!(all_answers(&*store), before);
    }
}

pub(in crate::conformance) fn entries_are_read_back_as_they_were_set<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let empty = IndexEntry { runs: Vec::new(), ..entry(0, "", "") };
    let fields = Field::ALL.iter().flat_map(|field| {
        // Runs keep their order, empty and equal ones too.
        ["b a/x b", "", "", "b a/x b", "b a/x b", "語/語 🦀"].map(|words| run(*field, words))
    });
    let mut samples = vec![
        IndexEntry { version: 0, released_at: Timestamp::MIN, ..empty.clone() },
        IndexEntry { version: u16::MAX, released_at: Timestamp::MAX, ..empty.clone() },
        IndexEntry { runs: fields.rev().collect(), ..entry(4_095, "", "k:a k:b K:a t:a:b t:") },
        IndexEntry { runs: vec![run(Field::Name, &"a ".repeat(2_000))], ..empty.clone() },
    ];
    samples.extend(samples::TEXTS.iter().chain(&["nul \0", " "]).map(|text| IndexEntry {
        sort_name: (*text).to_owned(),
        ..entry(31, "it's -- \\ * % { }", "t:it's t:--")
    }));
    let expected: Vec<(Position, IndexEntry)> = (0..)
        .zip(samples)
        .map(|(n, sample)| (create(&*store, n, sample.clone()), sample))
        .collect();
    assert_eq!(entries(&*store), expected);
    for size in [1, 3, 200] {
        let mut read = Vec::new();
        let mut after = Position::START;
        loop {
            let page = wait(store.entries(after, PageSize::new(size)));
            assert!(page.len() <= usize::from(size), "a page was too long");
            let Some(last) = page.last() else { break };
            assert!(last.ordinal > after, "a page goes on behind the one before");
            after = last.ordinal;
            read.extend(page.into_iter().map(|stored| (stored.ordinal, stored.entry)));
        }
        assert!(read == expected, "in pages of {size}");
    }
}

pub(in crate::conformance) fn the_index_is_there_after_reopening<F: StoreFixture>() {
    let mut fixture = F::new();
    let mut expected = all_answers(&*fixture.store());
    for n in 0..4 {
        let store = fixture.store();
        assert_eq!(all_answers(&*store), expected);
        create(&*store, n, entry(2, "web agents/agent 検索", "k:a t:b"));
        create(&*store, n + 10, entry(3, "web crawler", "k:b"));
        match n {
            1 => set(&*store, 0, entry(4_095, "webs/web", "k:c")),
            2 => set(&*store, 1, None),
            3 => delete(&*store, 12),
            _ => {}
        }
        expected = all_answers(&*store);
        drop(store);
        fixture.reopen();
    }
    assert_eq!(all_answers(&*fixture.store()), expected);
    assert_eq!(frequencies(&*fixture.store(), "web agent k:b"), [6, 2, 3]);
}

pub(in crate::conformance) fn an_index_change_takes_effect_once_whatever_goes_wrong<
    F: StoreFixture,
>() {
    let (oracle, fixture) = (MemoryStore::default(), F::new());
    let store = FaultStore::new(fixture.store());
    let faults = [
        Fault::Conflict,
        Fault::Unavailable,
        Fault::Lost,
        Fault::AnswerLost,
        Fault::CutOff,
        Fault::Delayed,
    ];
    for (n, fault) in (0..).zip(faults) {
        let listing = samples::listing(n, &mut Pick::sparse());
        let mut draft = Draft::with_event()
            .receipt(u8::try_from(n).unwrap(), "done", time(0))
            .create(listing)
            .index(n, entry(2, "web agents/agent", "k:a"));
        if let Some(last) = n.checked_sub(1) {
            draft = draft.index(last, entry(3, "web crawler", "k:b"));
        }
        draft.clone().apply(&oracle);
        store.script([fault]);
        // Its author asks again, as it must, until it is told: one fault costs one more try.
        let told = (0..2).any(|_| {
            let answer = pollster::block_on(store.commit(draft.0.clone()));
            store.mend();
            matches!(answer, Ok(Committed::Applied { .. } | Committed::Replayed(_)))
        });
        assert!(told, "it was never told after {fault:?}");
        assert_eq!(all_answers(&store), all_answers(&oracle), "after {fault:?}");
    }
}

pub(in crate::conformance) fn the_longest_entries_are_kept_whole<F: StoreFixture>() {
    const WORDS: usize = 70_000;
    let fixture = F::new();
    let store = fixture.store();
    let many =
        Run { field: Field::Description, tokens: run(Field::Tags, &"a ".repeat(WORDS)).tokens };
    let labels: Vec<String> = (0..500).map(|n| format!("t:{n}")).collect();
    let long = IndexEntry { runs: vec![many], ..entry(1, "", &labels.join(" ")) };
    let ordinal = create(&*store, 1, long.clone());
    assert!(entries(&*store) == [(ordinal, long)], "a long entry was not kept whole");
    // Counts end where their type does.
    let hits = hits(&*store, list(all("a t:0 t:499")), "a");
    assert_eq!(hits[0].lengths, [0, 0, 0, 0, u16::MAX]);
    assert_eq!(hits[0].counts, [[0, 0, 0, 0, u16::MAX]]);
    assert_eq!(frequencies(&*store, "a t:7"), [1, 1]);
}
