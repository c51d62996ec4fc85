mod bounds;
mod inspect;
mod laws;
mod meaning;
mod payloads;
mod readmes;

use std::collections::BTreeSet;

use crate::domain::{RenderedHtml, Sha256Digest};

use super::RenderContext;

/// With a repository, and one image of the listing's own, whose digest is all zeros.
fn at_home() -> RenderContext {
    let repository = "https://github.com/acme/bot".parse().unwrap();
    RenderContext::new(Some(&repository), BTreeSet::from([Sha256Digest::from_bytes([0; 32])]))
}

fn markdown(text: &str) -> String {
    RenderedHtml::of_markdown(text, &at_home()).as_str().to_owned()
}

fn html(text: &str) -> String {
    RenderedHtml::of_html(text, &at_home()).as_str().to_owned()
}

/// Whatever is made of `text` is safe, and stays as it is.
#[track_caller]
fn assert_safe(text: &str) {
    for context in [at_home(), RenderContext::default()] {
        for (how, made) in [
            ("Markdown", RenderedHtml::of_markdown(text, &context)),
            ("HTML", RenderedHtml::of_html(text, &context)),
        ] {
            let fault = inspect::fault(made.as_str());
            assert_eq!(fault, None, "as {how}: {text:?} gave {:?}", made.as_str());
            let again = RenderedHtml::of_html(made.as_str(), &context);
            assert_eq!(again, made, "as {how}: {text:?} is not stable");
        }
    }
}
