//! The screen as lines: a function of the model and the size.

use fleetprompt_core::marketplace::{SearchHit, Suggestions};
use fleetprompt_core::search::Excerpt;

use crate::line::{Line, Look, columns, end_of};
use crate::listing;
use crate::model::{Model, Opened, Size};
use crate::words;

const KEYS: &str = "↑↓ select  Enter open  Tab complete  ^O order  ^K kind  Esc quit";
const KEYS_IN_LISTING: &str = "↑↓ scroll  Esc back  ^C quit";
const PROMPT: &str = "Search: ";

/// What the terminal is to show: exactly as many lines as it has rows.
pub(crate) struct Screen {
    pub(crate) lines: Vec<Line>,
    /// The column and row of the cursor.
    pub(crate) cursor: Option<(usize, usize)>,
}

/// The screen of a model.
pub(crate) fn screen(model: &Model, size: Size) -> Screen {
    let mut cursor = None;
    let (mut lines, keys) = match &model.opened {
        Some(opened) => {
            let lines = listing::lines(opened, size.columns);
            let shown = lines.into_iter().skip(opened.above).take(size.rows.saturating_sub(1));
            (shown.collect(), KEYS_IN_LISTING)
        }
        None => {
            let mut lines = head(model, size.columns);
            let column = lines.first().map_or(0, |_| prompt(model, size.columns).width());
            cursor = (column < size.columns && size.rows > 0).then_some((column, 0));
            lines.extend(body(model, size));
            (lines, KEYS)
        }
    };
    lines.truncate(size.rows.saturating_sub(1));
    lines.resize(size.rows.saturating_sub(1), Line::default());
    if size.rows > 1 {
        lines.push(foot(model, keys, size.columns));
    } else if size.rows == 1 {
        lines = vec![prompt(model, size.columns)];
    }
    let lines = lines.into_iter().map(|line| line.cut(size.columns)).collect();
    Screen { lines, cursor }
}

/// How many rows the results have.
pub(crate) fn room(model: &Model, size: Size) -> usize {
    size.rows.saturating_sub(head(model, size.columns).len() + 1)
}

/// Which listing comes first: the one that does now, unless the selected one would not be seen.
pub(crate) fn top(model: &Model, size: Size) -> usize {
    let hits = model.results.as_ref().map_or(&[][..], |results| &results.page.items);
    let mut room = room(model, size);
    let mut first = model.selected;
    for (at, hit) in hits.iter().enumerate().take(model.selected + 1).rev() {
        let Some(left) = room.checked_sub(card(hit, false, size.columns).len()) else { break };
        (room, first) = (left, at);
        if at <= model.top {
            break;
        }
    }
    if first <= model.top { model.top.min(model.selected) } else { first }
}

/// How many lines of a listing may be above the screen: so many that its end is seen.
pub(crate) fn most_above(opened: &Opened, size: Size) -> usize {
    let lines = listing::lines(opened, size.columns).len();
    lines.saturating_sub(size.rows.saturating_sub(1))
}

fn head(model: &Model, width: usize) -> Vec<Line> {
    let kind =
        model.kind.map_or("all kinds".to_owned(), |kind| format!("{}s only", words::kind(kind)));
    let settings = format!("by {} · {kind}", words::order(model.order));
    let right = Line::default().with(Look::Faint, &settings);
    let prompt = prompt(model, width);
    // What one types comes first.
    let both = prompt.width() + right.width() < width;
    let mut lines = vec![if both { prompt.and_right(right, width) } else { prompt }];
    let Some(results) = &model.results else { return lines };
    lines.push(suggested(&results.suggestions));
    if let Some(counts) = &results.page.counts {
        let found = words::found(counts);
        let took = format!(" in {}", words::took(results.took));
        let line = Line::default().with(Look::Strong, &found).with(Look::Faint, &took);
        lines.push(line.with(Look::Faint, &format!("   {}", words::facets(counts))).cut(width));
    }
    lines.extend(
        words::notices(&results.page).iter().map(|it| Line::default().with(Look::Notice, it)),
    );
    lines.push(Line::default().with(Look::Faint, &"─".repeat(width)));
    lines
}

/// The prompt: of a long one its end, which is where one types.
fn prompt(model: &Model, width: usize) -> Line {
    let line = Line::default().with(Look::Faint, PROMPT);
    let room = width.saturating_sub(columns(PROMPT) + 1);
    line.with(Look::Strong, end_of(&model.prompt, room))
}

fn suggested(suggestions: &Suggestions) -> Line {
    let listings = suggestions.listings.iter().map(|listing| listing.title.to_string());
    let publishers = suggestions.publishers.iter().map(|it| format!("@{}", it.handle));
    let all: Vec<String> = listings.chain(publishers).collect();
    if all.is_empty() {
        return Line::default();
    }
    Line::default().with(Look::Faint, &format!("Tab →   {}", all.join(" · ")))
}

fn body(model: &Model, size: Size) -> Vec<Line> {
    let Some(results) = &model.results else { return Vec::new() };
    let hits = results.page.items.iter().enumerate().skip(model.top);
    let room = room(model, size);
    let mut lines = Vec::new();
    for (at, hit) in hits {
        if lines.len() >= room {
            break;
        }
        lines.extend(card(hit, at == model.selected, size.columns));
    }
    lines
}

/// A listing in the results.
fn card(hit: &SearchHit, selected: bool, width: usize) -> Vec<Line> {
    let margin = || {
        let pointer = if selected { "▌ " } else { "  " };
        Line::default().with(Look::Pointer, pointer)
    };
    let SearchHit { listing, marks } = hit;
    let address = format!("  {}", words::address(listing));
    let first = margin().with_excerpt(Look::Strong, &marks.title).with(Look::Faint, &address);
    let labels = Line::default().with(Look::Faint, &words::labels(listing));
    let mut lines = vec![
        first.and_right(labels, width),
        margin().with_excerpt(Look::Plain, &marks.summary).cut(width),
    ];
    if let Some(excerpt) = &marks.description {
        lines.push(around_first_mark(margin(), excerpt, width));
    }
    lines
}

/// As much of an excerpt as a line holds, so that the first of the marked words is seen.
fn around_first_mark(margin: Line, excerpt: &Excerpt, width: usize) -> Line {
    let excerpt = on_one_line(excerpt);
    let start = excerpt.marks.first().map_or(0, |mark| mark.start);
    let before = excerpt.text.get(..start).unwrap_or_default();
    let near = end_of(before, width / 3);
    let near = if near.len() < before.len() {
        near.split_once(' ').map_or(near, |(_, words)| words)
    } else {
        near
    };
    let left_out = before.len() - near.len();
    let shown = Excerpt {
        text: excerpt.text.get(left_out..).unwrap_or_default().to_owned(),
        marks: excerpt.marks.iter().map(|it| it.start - left_out..it.end - left_out).collect(),
        before: excerpt.before || left_out > 0,
        after: excerpt.after,
    };
    margin
        .with(Look::Faint, if shown.before { "… " } else { "" })
        .with_excerpt(Look::Faint, &shown)
        .with(Look::Faint, if shown.after { " …" } else { "" })
        .cut(width)
}

/// An excerpt with one space for each row of white space in it.
fn on_one_line(excerpt: &Excerpt) -> Excerpt {
    let (mut text, mut marks) = (String::new(), Vec::new());
    for (part, marked) in excerpt.parts() {
        let start = text.len();
        for c in part.chars() {
            if !c.is_whitespace() {
                text.push(c);
            } else if !text.is_empty() && !text.ends_with(' ') {
                text.push(' ');
            }
        }
        if marked {
            marks.push(start..text.len());
        }
    }
    Excerpt { text, marks, before: excerpt.before, after: excerpt.after }
}

fn foot(model: &Model, keys: &str, width: usize) -> Line {
    if let Some(trouble) = &model.trouble {
        return Line::default().with(Look::Alarm, trouble);
    }
    let place = model.opened.is_none().then(|| place(model)).flatten().unwrap_or_default();
    Line::default().with(Look::Faint, keys).and_right(place, width)
}

/// Which of the listings is selected.
fn place(model: &Model) -> Option<Line> {
    let page = &model.results.as_ref()?.page;
    let loaded = u32::try_from(page.items.len()).ok()?;
    let (counted, more) = page.counts.as_ref().map_or((0, true), |it| (it.matches, it.more));
    let plus = if more && page.next.is_some() { "+" } else { "" };
    let selected = words::grouped(u32::try_from(model.selected).ok()? + 1);
    let of = words::grouped(loaded.max(counted));
    (loaded > 0).then(|| Line::default().with(Look::Faint, &format!("{selected} of {of}{plus}")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fleetprompt_core::domain::AssetKind;
    use fleetprompt_core::marketplace::{Correction, Counts, Facet, Instead};
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Key, Results};
    use crate::samples::{hit, listing, mark, page_of, suggestions};

    const SIZE: Size = Size { columns: 80, rows: 24 };

    /// A search with everything in it that a screen may show.
    fn model(listings: usize) -> Model {
        let mut page = page_of(listings);
        if let Some(first) = page.items.first_mut() {
            first.marks.title.marks = mark(0..7);
            first.marks.summary.marks = mark(6..14);
            let text = "reads an invoice and".to_owned();
            first.marks.description =
                Some(Excerpt { text, marks: mark(9..16), before: true, after: true });
        }
        let agents = Facet { value: AssetKind::WhsAgent, matches: 12 };
        let invoices = Facet { value: "invoices".parse().unwrap(), matches: 9 };
        page.counts = Some(Counts {
            matches: 12,
            more: false,
            kinds: vec![agents],
            categories: Vec::new(),
            tags: vec![invoices],
            badges: Vec::new(),
        });
        let mut model = Model { prompt: "invoice".to_owned(), ..Model::default() };
        let took = Duration::from_micros(1_400);
        model.show(Results { page, suggestions: suggestions(), took });
        model
    }

    fn shown(model: &Model, size: Size) -> Vec<String> {
        screen(model, size)
            .lines
            .iter()
            .map(|line| line.to_string().trim_end().to_owned())
            .collect()
    }

    #[test]
    fn everything_found_is_on_the_screen() {
        let rule = "─".repeat(80);
        let expected = [
            "Search: invoice                                         by relevance · all kinds",
            "Tab →   Invoice reader · @acme",
            "12 found in 1.4 ms   agent 12  #invoices 9",
            rule.as_str(),
            "▌ Invoice reader 0  acme/reader-0                              ✓ verified  agent",
            "▌ Reads invoices and files them where they belong.",
            "▌ … reads an invoice and …",
            "  Invoice reader 1  acme/reader-1                              ✓ verified  agent",
            "  Reads invoices and files them where they belong.",
            "",
        ];
        let mut lines = shown(&model(2), SIZE);
        assert_eq!(lines.len(), 24);
        let foot =
            "↑↓ select  Enter open  Tab complete  ^O order  ^K kind  Esc quit         1 of 12";
        assert_eq!(lines.pop().as_deref(), Some(foot));
        lines.truncate(expected.len());
        assert_eq!(lines, expected);
        assert_eq!(screen(&model(2), SIZE).cursor, Some((15, 0)));
    }

    #[test]
    fn the_searched_words_are_marked() {
        let screen = screen(&model(1), SIZE);
        let pieces = screen.lines.iter().flat_map(Line::pieces);
        let marked = pieces.filter(|piece| piece.look() == Look::Marked);
        let marked: Vec<_> = marked.map(|piece| piece.text()).collect();
        assert_eq!(marked, ["Invoice", "invoices", "invoice"]);
    }

    #[test]
    fn the_first_marked_word_of_an_excerpt_is_seen() {
        let text = format!("{}invoice\n\n    {}", "word ".repeat(30), "word ".repeat(10));
        let excerpt = Excerpt { text, marks: mark(150..157), before: false, after: true };
        let line = around_first_mark(Line::default().with(Look::Plain, "  "), &excerpt, 60);
        assert_eq!(line.width(), 60);
        let text = "  … word word word invoice word word word word word word wo…";
        assert_eq!(line.to_string(), text);
        let marked = line.pieces().iter().find(|piece| piece.look() == Look::Marked);
        assert_eq!(marked.map(|piece| piece.text()), Some("invoice"));
    }

    #[test]
    fn it_is_said_what_was_searched_for_instead() {
        let mut model = model(1);
        let correction =
            Correction { word: "invocie".to_owned(), searched: vec!["invoice".to_owned()] };
        let instead = Instead { corrections: vec![correction], left_out: Vec::new() };
        if let Some(results) = &mut model.results {
            results.page.instead = Some(instead);
            results.page.cut = true;
        }
        let lines = shown(&model, SIZE);
        assert_eq!(lines[3], "nothing has `invocie`; showing `invoice`");
        assert_eq!(lines[4], "the query is longer than what is looked at of it");
    }

    #[test]
    fn nothing_that_a_terminal_would_act_upon_gets_onto_the_screen() {
        let hostile = "\u{1b}]52;c;cGFzdGU=\u{7}\u{9b}2J\u{202e}\u{8}x\r\n";
        let mut model = model(1);
        model.prompt = hostile.to_owned();
        model.trouble = Some(hostile.to_owned());
        if let Some(results) = &mut model.results {
            let correction =
                Correction { word: hostile.to_owned(), searched: vec![hostile.to_owned()] };
            let left_out = vec![hostile.to_owned()];
            results.page.instead = Some(Instead { corrections: vec![correction], left_out });
            let text = format!("{hostile}{hostile}");
            let marks = vec![0..1, 3..9, 10..12, hostile.len()..hostile.len() + 1];
            results.page.items[0].marks.description =
                Some(Excerpt { text, marks, before: false, after: false });
        }
        for line in shown(&model, SIZE) {
            assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
        }
    }

    #[test]
    fn wide_characters_leave_everything_in_its_column() {
        let mut wide = listing(0);
        wide.content.title = "研究助手と請求書リーダー".parse().unwrap();
        wide.content.summary = "請求書を読み、".repeat(20).parse().unwrap();
        let mut model = model(0);
        if let Some(results) = &mut model.results {
            results.page.items = vec![hit(wide), hit(listing(1))];
        }
        let lines = screen(&model, SIZE).lines;
        let (title, summary, other) = (&lines[4], &lines[5], &lines[6]);
        assert_eq!((title.width(), other.width()), (80, 80));
        assert!(title.to_string().ends_with("✓ verified  agent"));
        assert!(summary.width() <= 80 && summary.to_string().ends_with('…'));
    }

    #[test]
    fn the_end_of_a_long_prompt_is_seen_while_one_types() {
        let mut model = model(1);
        model.prompt = format!("{}the end", "word ".repeat(50));
        let screen = screen(&model, SIZE);
        assert!(screen.lines[0].to_string().ends_with("word the end"));
        assert_eq!(screen.cursor, Some((79, 0)));
    }

    #[test]
    fn the_selected_listing_is_always_seen_whole() {
        let mut model = model(30);
        for key in [vec![Key::Down; 35], vec![Key::Up; 20], vec![Key::PageDown; 9]].concat() {
            model.press(key, SIZE);
            let lines = shown(&model, SIZE);
            let card: Vec<_> = lines.iter().filter(|line| line.starts_with('▌')).collect();
            let lines = if model.selected == 0 { 3 } else { 2 };
            assert_eq!(card.len(), lines, "listing {}", model.selected);
            assert!(card[0].contains(&format!("reader-{} ", model.selected)));
        }
        let small = Size { columns: 40, rows: 8 };
        model.settle(small);
        let lines = shown(&model, small);
        assert!(lines.iter().any(|line| line.starts_with('▌')), "after a resize as well");
    }

    #[test]
    fn moving_up_within_the_screen_does_not_scroll() {
        let mut model = model(30);
        (0..20).for_each(|_| assert_eq!(model.press(Key::Down, SIZE), crate::model::Wish::Nothing));
        let top = model.top;
        assert!(top > 0);
        model.press(Key::Up, SIZE);
        assert_eq!((model.top, model.selected), (top, 19));
    }

    #[test]
    fn a_listing_is_shown_whole() {
        let mut model = model(1);
        let mut listing = listing(0);
        listing.content.description = Some("# How\n\nIt reads.\n\n    code".parse().unwrap());
        model.open(listing, None);
        let lines = shown(&model, SIZE);
        let all = lines.join("\n");
        for part in [
            "Invoice reader 0\nReads invoices and files them where they belong.\n\n",
            "address       acme/reader-0\n",
            "publisher     Acme Robotics  ✓ verified\n",
            "offers        agent agt_7f3c\n",
            "reference     not confirmed by its owning system\n",
            "version       1.3.0\n",
            "released      2026-02-03\n",
            "tags          #invoices #ocr\n",
            "licence       Apache-2.0\n",
            "documentation https://acme.example/docs\n",
            "\n# How\n\nIt reads.\n\n    code\n",
        ] {
            assert!(all.contains(part), "{part:?} in\n{all}");
        }
        assert!(lines[23].starts_with("↑↓ scroll  Esc back"));
        assert_eq!(screen(&model, SIZE).cursor, None);
    }

    proptest! {
        #[test]
        fn a_screen_of_any_size_is_filled_and_not_overflowed(
            columns in 0_usize..120,
            rows in 0_usize..40,
            opened in any::<bool>(),
            presses in 0_usize..12,
        ) {
            let size = Size { columns, rows };
            let mut model = model(10);
            if opened {
                model.open(listing(0), None);
            }
            (0..presses).for_each(|_| { model.press(Key::Down, size); });
            let screen = screen(&model, size);
            prop_assert_eq!(screen.lines.len(), rows);
            prop_assert!(screen.lines.iter().all(|line| line.width() <= columns));
            if let Some((column, row)) = screen.cursor {
                prop_assert!(column < columns && row < rows);
            }
        }
    }
}
