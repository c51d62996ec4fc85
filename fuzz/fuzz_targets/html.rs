//! The same for HTML, whether or not it is any.
#![no_main]

use fleetprompt_core::{domain::RenderedHtml, policy::RenderContext};
use libfuzzer_sys::fuzz_target;

#[path = "../../fleetprompt-core/src/policy/markdown/tests/inspect.rs"]
mod inspect;

fuzz_target!(|text: &str| {
    let context = RenderContext::default();
    let made = RenderedHtml::of_html(text, &context);
    assert_eq!(inspect::fault(made.as_str()), None, "{}", made.as_str());
    assert_eq!(RenderedHtml::of_html(made.as_str(), &context), made);
});
