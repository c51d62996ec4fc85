//! The part of a text that is shown to somebody who searches: no longer than was asked for, a part
//! of the text, with marks on whole characters; a text that is its own
//! query is marked.
#![no_main]

use fleetprompt_core::search::{Excerpt, Query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, u8)| {
    let (text, typed, most) = input;
    let excerpt = Excerpt::of(text, &Query::parse(typed), most.into());
    assert!(text.contains(&excerpt.text));
    assert!(excerpt.text.chars().count() <= most.into());
    let mut from = 0;
    for mark in &excerpt.marks {
        assert!(from <= mark.start && mark.start < mark.end);
        assert!(excerpt.text.get(mark.clone()).is_some());
        from = mark.end;
    }
    let whole: String = excerpt.parts().map(|(part, _)| part).collect();
    assert_eq!(whole, excerpt.text);

    let itself = Query::parse(text);
    let marked = Excerpt::of(text, &itself, usize::MAX).marks;
    assert!(itself.is_empty() || !marked.is_empty());
});
