//! Whatever a publisher writes in Markdown, the page shows nothing that runs, loads, styles or
//! clobbers, by the judgement of a parser of its own; and it is stable.
#![no_main]

use std::collections::BTreeSet;

use fleetprompt_core::domain::{RenderedHtml, Sha256Digest};
use fleetprompt_core::policy::RenderContext;
use libfuzzer_sys::fuzz_target;

#[path = "../../fleetprompt-core/src/policy/markdown/tests/inspect.rs"]
mod inspect;

fuzz_target!(|text: &str| {
    let repository = "https://github.com/acme/bot".parse().expect("a web address");
    let media = BTreeSet::from([Sha256Digest::from_bytes([0; 32])]);
    let context = RenderContext::new(Some(&repository), media);
    let made = RenderedHtml::of_markdown(text, &context);
    assert_eq!(inspect::fault(made.as_str()), None, "{}", made.as_str());
    assert_eq!(RenderedHtml::of_html(made.as_str(), &context), made);
});
