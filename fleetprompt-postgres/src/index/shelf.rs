//! Lists in other orders than that of ranks.

use fleetprompt_core::port::{Shelf, ShelfKey};

use crate::error::Fault;
use crate::session::Session;

use super::dictionary::Dictionary;
use super::order::Span;
use super::question::{Question, terms};
use super::stream::{Need, matches};

pub(super) async fn shelf(mut session: Session<'_>, shelf: Shelf) -> Result<Vec<ShelfKey>, Fault> {
    let Some(span) = Span::of_shelf(&shelf) else { return Ok(Vec::new()) };
    let dictionary = Dictionary::load(&mut session, terms(&shelf.matching)).await?;
    let Some(question) = Question::new(&shelf.matching, &dictionary) else {
        return Ok(Vec::new());
    };
    let size = usize::from(shelf.size.get());
    let found = matches(&mut session, &question, span, size, Need::default()).await?;
    found.iter().map(|it| it.found.shelf_key(shelf.order)).collect()
}
