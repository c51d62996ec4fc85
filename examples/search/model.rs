//! What the screen is about, and what the keys do to it. No terminal, no marketplace.

use std::time::Duration;

use fleetprompt_core::domain::{AssetKind, ListingId};
use fleetprompt_core::marketplace::{
    ListingAddress, ListingView, SearchPage, SearchRequest, Suggestions,
};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder, Query};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::render;
use crate::words::ORDERS;

/// How much the prompt holds, in bytes: more than a search looks at.
const PROMPT_MAX_BYTES: usize = 2_000;

/// A key, by what it means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// What was typed, or pasted.
    Text(String),
    Backspace,
    DeleteWord,
    Clear,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Complete,
    NextOrder,
    NextKind,
    Enter,
    Escape,
    Quit,
}

impl Key {
    /// Whether what it does depends on what the prompt finds, and not on what an earlier one found.
    pub(crate) fn needs_results(&self) -> bool {
        match self {
            Key::Up | Key::Down | Key::PageUp | Key::PageDown | Key::Home | Key::End => true,
            Key::Complete | Key::Enter => true,
            Key::Text(_) | Key::Backspace | Key::DeleteWord | Key::Clear => false,
            Key::NextOrder | Key::NextKind | Key::Escape | Key::Quit => false,
        }
    }
}

/// What a key asks of the marketplace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Nothing,
    Search,
    Open(ListingId),
    Quit,
}

/// The size of the screen, in columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// A listing that is shown whole.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) listing: ListingView,
    /// Where the listing is to use in its place, if it is deprecated.
    pub(crate) successor: Option<ListingAddress>,
    /// How many lines are above the screen.
    pub(crate) above: usize,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Results {
    /// The pages so far, as one.
    pub(crate) page: SearchPage,
    pub(crate) suggestions: Suggestions,
    /// How long the search took: the first page and the counts.
    pub(crate) took: Duration,
}

/// What the screen is about.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) prompt: String,
    pub(crate) order: CatalogueOrder,
    pub(crate) kind: Option<AssetKind>,
    pub(crate) results: Option<Results>,
    /// Which listing is selected.
    pub(crate) selected: usize,
    /// Which listing is the first on the screen.
    pub(crate) top: usize,
    pub(crate) opened: Option<Opened>,
    /// What went wrong last.
    pub(crate) trouble: Option<String>,
}

impl Model {
    /// What to search for.
    pub(crate) fn request(&self) -> SearchRequest {
        SearchRequest {
            query: Query::parse(&self.prompt),
            filter: CatalogueFilter { kind: self.kind, ..CatalogueFilter::default() },
            order: self.order,
            counts: true,
        }
    }

    /// How many listings were read so far.
    fn loaded(&self) -> usize {
        self.results.as_ref().map_or(0, |results| results.page.items.len())
    }

    /// Whether the listings that were read end within or right below the screen, and there are
    /// more.
    pub(crate) fn wants_more(&self, size: Size) -> bool {
        let more = self.results.as_ref().is_some_and(|results| results.page.next.is_some());
        more && self.loaded() <= self.selected + size.rows
    }

    /// Takes the answer to a search.
    pub(crate) fn show(&mut self, results: Results) {
        self.results = Some(results);
        (self.selected, self.top, self.trouble) = (0, 0, None);
    }

    /// Takes a further page.
    pub(crate) fn add(&mut self, page: SearchPage) {
        if let Some(results) = &mut self.results {
            results.page.items.extend(page.items);
            results.page.next = page.next;
        }
    }

    /// Takes a listing to show whole.
    pub(crate) fn open(&mut self, listing: ListingView, successor: Option<ListingAddress>) {
        self.opened = Some(Opened { listing, successor, above: 0 });
        self.trouble = None;
    }

    /// Does what a key means, and says what is to be asked for then.
    pub(crate) fn press(&mut self, key: Key, size: Size) -> Wish {
        let wish = match self.opened {
            Some(_) => self.press_in_listing(&key, size),
            None => self.press_in_results(key, size),
        };
        self.settle(size);
        wish
    }

    fn press_in_listing(&mut self, key: &Key, size: Size) -> Wish {
        let Some(opened) = &mut self.opened else { return Wish::Nothing };
        match key {
            Key::Up => opened.above = opened.above.saturating_sub(1),
            Key::Down => opened.above += 1,
            Key::PageUp => opened.above = opened.above.saturating_sub(size.rows),
            Key::PageDown => opened.above += size.rows,
            Key::Home => opened.above = 0,
            Key::End => opened.above = usize::MAX,
            Key::Escape | Key::Enter | Key::Backspace => self.opened = None,
            Key::Quit => return Wish::Quit,
            _ => {}
        }
        Wish::Nothing
    }

    fn press_in_results(&mut self, key: Key, size: Size) -> Wish {
        let page = (render::room(self, size) / 3).max(1);
        match key {
            Key::Up => self.selected = self.selected.saturating_sub(1),
            Key::Down => self.selected += 1,
            Key::PageUp => self.selected = self.selected.saturating_sub(page),
            Key::PageDown => self.selected += page,
            Key::Home => self.selected = 0,
            Key::End => self.selected = self.loaded(),
            Key::Enter => return self.selected_id().map_or(Wish::Nothing, Wish::Open),
            Key::Escape | Key::Quit => return Wish::Quit,
            Key::NextOrder => {
                let now = ORDERS.iter().position(|(order, _)| *order == self.order);
                let next = now.map_or(0, |now| (now + 1) % ORDERS.len());
                self.order = ORDERS.get(next).map_or(self.order, |(order, _)| *order);
                return Wish::Search;
            }
            Key::NextKind => {
                self.kind = match self.kind {
                    None => AssetKind::ALL.first().copied(),
                    Some(now) => AssetKind::ALL.iter().copied().skip_while(|it| *it != now).nth(1),
                };
                return Wish::Search;
            }
            edit => {
                let before = self.prompt.clone();
                self.edit(edit);
                return if self.prompt == before { Wish::Nothing } else { Wish::Search };
            }
        }
        Wish::Nothing
    }

    fn edit(&mut self, key: Key) {
        match key {
            Key::Text(text) => {
                for c in text.chars() {
                    let c = if c.is_control() { ' ' } else { c };
                    if self.prompt.len() + c.len_utf8() <= PROMPT_MAX_BYTES {
                        self.prompt.push(c);
                    }
                }
            }
            Key::Backspace => {
                let last = self.prompt.grapheme_indices(true).next_back();
                self.prompt.truncate(last.map_or(0, |(at, _)| at));
            }
            Key::DeleteWord => {
                let kept = self.prompt.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.prompt.truncate(kept);
            }
            Key::Clear => self.prompt.clear(),
            Key::Complete => {
                if let Some(completed) = self.completion() {
                    self.prompt = completed;
                }
            }
            _ => {}
        }
    }

    /// The first suggestion, as somebody would type it.
    fn completion(&self) -> Option<String> {
        let suggestions = &self.results.as_ref()?.suggestions;
        let listing = suggestions.listings.first().map(|first| format!("{} ", first.title));
        listing.or_else(|| {
            suggestions.publishers.first().map(|first| format!("publisher:{} ", first.handle))
        })
    }

    fn selected_id(&self) -> Option<ListingId> {
        let hits = &self.results.as_ref()?.page.items;
        hits.get(self.selected).map(|hit| hit.listing.id)
    }

    /// Holds the selection within what was found, and the screen around it.
    pub(crate) fn settle(&mut self, size: Size) {
        self.selected = self.selected.min(self.loaded().saturating_sub(1));
        self.top = render::top(self, size);
        if let Some(mut opened) = self.opened.take() {
            opened.above = opened.above.min(render::most_above(&opened, size));
            self.opened = Some(opened);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{listing, page_of, suggestions};

    const SIZE: Size = Size { columns: 80, rows: 24 };

    fn typed(text: &str) -> Key {
        Key::Text(text.to_owned())
    }

    fn model_with(listings: usize) -> Model {
        let mut model = Model::default();
        let page = page_of(listings);
        model.show(Results { page, suggestions: suggestions(), took: Duration::ZERO });
        model
    }

    #[test]
    fn each_key_at_the_prompt_searches_again() {
        let mut model = Model::default();
        for c in ["a", "b", " ", "é"] {
            assert_eq!(model.press(typed(c), SIZE), Wish::Search);
        }
        assert_eq!(model.prompt, "ab é");
        assert_eq!(model.request().query, Query::parse("ab é"));
        assert_eq!(model.press(Key::DeleteWord, SIZE), Wish::Search);
        assert_eq!(model.prompt, "ab ");
        assert_eq!(model.press(Key::Clear, SIZE), Wish::Search);
        assert_eq!(model.press(Key::Backspace, SIZE), Wish::Nothing, "nothing was there");
    }

    #[test]
    fn backspace_takes_what_looks_like_one_character() {
        let mut model = Model::default();
        model.press(typed("ne\u{301}👩\u{200d}💻"), SIZE);
        model.press(Key::Backspace, SIZE);
        assert_eq!(model.prompt, "ne\u{301}");
        model.press(Key::Backspace, SIZE);
        assert_eq!(model.prompt, "n");
    }

    #[test]
    fn what_is_pasted_stays_one_bounded_line() {
        let mut model = Model::default();
        model.press(typed("one\ntwo\u{1b}[31m"), SIZE);
        assert_eq!(model.prompt, "one two [31m");
        model.press(typed(&"ü".repeat(1 << 20)), SIZE);
        assert!(model.prompt.len() <= PROMPT_MAX_BYTES);
    }

    #[test]
    fn the_selection_stays_within_what_was_found() {
        let mut model = model_with(3);
        for _ in 0..5 {
            model.press(Key::Down, SIZE);
        }
        assert_eq!(model.selected, 2);
        model.press(Key::PageUp, SIZE);
        assert_eq!(model.selected, 0);
        assert_eq!(model.press(Key::Up, SIZE), Wish::Nothing);
        assert_eq!(model.press(Key::Enter, SIZE), Wish::Open(listing(0).id));
        let mut nothing = model_with(0);
        nothing.press(Key::Down, SIZE);
        assert_eq!(nothing.press(Key::Enter, SIZE), Wish::Nothing);
    }

    #[test]
    fn further_pages_are_read_before_the_end_comes_into_sight() {
        let mut model = model_with(50);
        assert!(!model.wants_more(SIZE), "there is no further page");
        if let Some(results) = &mut model.results {
            results.page.next = Some("cursor".parse().unwrap());
        }
        assert!(!model.wants_more(SIZE));
        assert!(model.wants_more(Size { columns: 80, rows: 50 }), "the screen is not full");
        model.press(Key::End, SIZE);
        assert_eq!(model.selected, 49);
        assert!(model.wants_more(SIZE));
        model.add(page_of(2));
        assert!(!model.wants_more(SIZE));
        model.press(Key::End, SIZE);
        assert_eq!(model.selected, 51);
    }

    #[test]
    fn tab_completes_the_first_suggestion() {
        let mut model = model_with(1);
        assert_eq!(model.press(Key::Complete, SIZE), Wish::Search);
        assert_eq!(model.prompt, "Invoice reader ");
        if let Some(results) = &mut model.results {
            results.suggestions.listings.clear();
        }
        model.press(Key::Complete, SIZE);
        assert_eq!(model.prompt, "publisher:acme ");
        model.results = None;
        assert_eq!(model.press(Key::Complete, SIZE), Wish::Nothing);
    }

    #[test]
    fn orders_and_kinds_come_around_again() {
        let mut model = Model::default();
        let mut orders = Vec::new();
        for _ in 0..5 {
            assert_eq!(model.press(Key::NextOrder, SIZE), Wish::Search);
            orders.push(model.request().order);
        }
        assert_eq!(orders.last(), Some(&CatalogueOrder::Relevance));
        let mut kinds = Vec::new();
        for _ in 0..5 {
            assert_eq!(model.press(Key::NextKind, SIZE), Wish::Search);
            kinds.push(model.request().filter.kind);
        }
        let all = AssetKind::ALL.iter().copied().map(Some);
        assert_eq!(kinds, all.chain([None]).collect::<Vec<_>>());
    }

    #[test]
    fn escape_leaves_the_listing_first_and_then_the_search() {
        let mut model = model_with(2);
        model.press(typed("x"), SIZE);
        model.press(Key::Down, SIZE);
        model.open(listing(1), None);
        assert_eq!(model.press(typed("y"), SIZE), Wish::Nothing);
        assert_eq!(model.press(Key::Escape, SIZE), Wish::Nothing);
        assert_eq!((model.prompt.as_str(), model.selected), ("x", 1), "as it was left");
        assert_eq!(model.press(Key::Escape, SIZE), Wish::Quit);
        model.open(listing(1), None);
        assert_eq!(model.press(Key::Quit, SIZE), Wish::Quit);
    }

    #[test]
    fn a_listing_scrolls_to_its_end_and_no_further() {
        let mut model = model_with(1);
        let mut long = listing(0);
        let description = (0..100).map(|n| format!("line {n}\n")).collect::<String>();
        long.content.description = Some(description.parse().unwrap());
        model.open(long, None);
        let above = |model: &Model| model.opened.as_ref().unwrap().above;
        model.press(Key::End, SIZE);
        let end = above(&model);
        assert!(end > 70);
        model.press(Key::Down, SIZE);
        assert_eq!(above(&model), end);
        model.press(Key::PageUp, SIZE);
        assert_eq!(above(&model), end - 24);
        model.press(Key::Home, SIZE);
        assert_eq!(above(&model), 0);
    }
}
