//! Searching as one types.

use std::mem;

use fleetprompt_core::marketplace::SearchRequest;
use fleetprompt_core::port::PageSize;
use fleetprompt_examples::Outcome;

use crate::model::{Model, Wish};
use crate::render;
use crate::terminal::{Said, Terminal};
use crate::visitor::Visitor;

/// Searches until the reader has had enough.
pub(crate) async fn search(visitor: &Visitor, mut model: Model) -> Outcome {
    let mut terminal = Terminal::take()?;
    let mut search = true;
    loop {
        // Keys that came in while a search ran are taken first: only the last prompt counts.
        if !terminal.has_more()? {
            if mem::take(&mut search) {
                answer(visitor, &mut model).await;
            }
            if model.wants_more(terminal.size()) {
                read_on(visitor, &mut model).await;
            }
            model.settle(terminal.size());
            terminal.show(render::screen(&model, terminal.size()))?;
        }
        let Said::Key(key) = terminal.listen()? else { continue };
        if key.needs_results() && mem::take(&mut search) {
            answer(visitor, &mut model).await;
        }
        match model.press(key, terminal.size()) {
            Wish::Nothing => {}
            Wish::Search => search = true,
            Wish::Open(id) => match visitor.listing(id).await {
                Ok((listing, successor)) => model.open(listing, successor),
                Err(error) => model.trouble = Some(error.to_string()),
            },
            Wish::Quit => return Ok(()),
        }
    }
}

/// Searches for what the prompt says.
async fn answer(visitor: &Visitor, model: &mut Model) {
    match visitor.search(&model.request()).await {
        Ok(results) => model.show(results),
        Err(error) => model.trouble = Some(error.to_string()),
    }
}

/// Reads a further page.
async fn read_on(visitor: &Visitor, model: &mut Model) {
    let cursor = model.results.as_ref().and_then(|results| results.page.next.clone());
    let request = SearchRequest { counts: false, ..model.request() };
    match visitor.page(&request, cursor.as_ref(), PageSize::new(50)).await {
        Ok(page) => model.add(page),
        Err(error) => model.trouble = Some(error.to_string()),
    }
}
