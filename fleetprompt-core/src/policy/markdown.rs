//! What publishers write in Markdown, as HTML that is safe to show.
//!
//! Four steps, each with one task:
//!
//! 1. `events`: Markdown becomes HTML, with what only Markdown knows written out.
//! 2. `tidy`: the HTML is written anew so that every element stands where it may, at a bounded depth.
//! 3. the sanitiser, ammonia, with the one allow-list: whatever is not on it vanishes.
//! 4. `finish`: images from elsewhere become links.
//!
//! The third is what safety rests on. The others bound its work and make the result stable:
//! sanitising twice changes nothing. Raw HTML in Markdown goes the same way as all else, so that
//! what is harmless in it survives.

mod allow_list;
mod escape;
mod events;
mod finish;
mod highlight;
mod links;
mod tidy;
mod tokens;

use std::borrow::Cow;

use memchr::memchr2;

use crate::domain::{RenderedHtml, SanitiserVersion, bounds};

pub(crate) use allow_list::MEDIA_SCHEME;
pub use links::RenderContext;

/// The longest text that is rendered, in bytes; what is longer is shown as it was written.
const TEXT_MAX: usize = bounds::DESCRIPTION.max_bytes;
/// The most HTML that is made of a text, in bytes; what would take more is shown as it was written.
const HTML_MAX: usize = 1 << 20;
/// The most bytes that writing a page may look at: a fraction of a second's work. What would take
/// more is shown as it was written.
const WORK_MAX: usize = 1 << 30;
/// How long a piece is, in bytes, of what is shown as it was written in pieces.
const PIECE_MAX: usize = 1 << 7;

impl SanitiserVersion {
    /// The rules of this crate. Raised by whatever changes what is made of a text: the allow-list,
    /// the rules of links and images, and a new version of a library that reads or writes HTML.
    pub const CURRENT: SanitiserVersion = SanitiserVersion::new(2);
}

impl RenderedHtml {
    /// Renders Markdown: CommonMark with tables, strikethrough, task lists, footnotes, alerts and
    /// bare links; code is highlighted. Headings are shifted under the page's own two.
    ///
    /// The work is bounded. A text longer than
    /// [`DESCRIPTION`](crate::domain::bounds::DESCRIPTION), one that would grow beyond 1 MiB, or one
    /// that takes more work than its length lets expect, is shown as it was written.
    ///
    /// ```
    /// use fleetprompt_core::{domain::RenderedHtml, policy::RenderContext};
    /// let html = RenderedHtml::of_markdown("# Bot\n- [x] sorts", &RenderContext::default());
    /// assert!(html.as_str().starts_with(r#"<h3 id="user-content-bot">Bot</h3>"#));
    /// assert!(html.as_str().contains(r#"<span class="task">☑</span> sorts"#));
    /// ```
    pub fn of_markdown(text: &str, context: &RenderContext) -> Self {
        let html = Some(text).filter(|text| text.len() <= TEXT_MAX).and_then(events::unsafe_html);
        Self::bounded(html.as_deref(), text, context)
    }

    /// Makes HTML safe. What was made by the same rules stays as it is.
    ///
    /// ```
    /// use fleetprompt_core::{domain::RenderedHtml, policy::RenderContext};
    /// let html = "<p onclick=alert(1)>Hi<iframe src=//evil.example></iframe>";
    /// let safe = RenderedHtml::of_html(html, &RenderContext::default());
    /// assert_eq!(safe.as_str(), "<p>Hi</p>");
    /// ```
    pub fn of_html(html: &str, context: &RenderContext) -> Self {
        Self::bounded(Some(html), html, context)
    }

    fn bounded(html: Option<&str>, text: &str, context: &RenderContext) -> Self {
        let html = html.filter(|html| html.len() <= HTML_MAX);
        let safe = html.and_then(|html| sanitise(html, context));
        let safe = safe.filter(|safe| safe.len() <= HTML_MAX);
        Self::new(safe.unwrap_or_else(|| as_written(text, context)))
    }
}

/// Makes HTML safe, unless that takes too much work, now or when it is done again.
fn sanitise(html: &str, context: &RenderContext) -> Option<String> {
    let bases = context.bases.clone();
    let sanitiser = allow_list::sanitiser(move |element, attribute, value| {
        attribute_value(element, attribute, value, bases.as_ref())
    });
    let tidy = tidy::tidy(html);
    if work(&tidy) > WORK_MAX {
        return None;
    }
    let mut clean = Vec::with_capacity(tidy.len() + tidy.len() / 4);
    // Neither fails: bytes in memory take all that is written, and what is written is UTF-8.
    let clean = sanitiser.clean(&tidy).write_to(&mut clean).map(|()| String::from_utf8(clean));
    let mut clean = clean.ok().and_then(Result::ok).unwrap_or_default();
    // From character references: whoever reads the HTML takes them for line feeds (HTML, 13.2.3.5).
    if clean.contains('\r') {
        clean = clean.replace("\r\n", "\n").replace('\r', "\n");
    }
    let mut finished = finish::finish(&clean, &context.media);
    // At the beginning of a page, its reader takes one for a mark of the order of bytes, and drops it.
    let marks = finished.len() - finished.trim_start_matches('\u{feff}').len();
    finished.drain(..marks);
    (work(&finished) <= WORK_MAX).then_some(finished)
}

/// How many bytes the writer of HTML looks at. For each `&` and each character whose first byte is
/// that of a no-break space it looks for the next `<` and `>`, be it at the end of a long text.
fn work(html: &str) -> usize {
    let mut work = 0_usize;
    let mut rest = html.as_bytes();
    while !rest.is_empty() {
        // Text is written for itself, as is each value of a tag: ends of values are left out here.
        let end = memchr2(b'<', b'>', rest).map_or(rest.len(), |at| at + 1);
        let (run, behind) = rest.split_at(end.min(rest.len()));
        rest = behind;
        let (mut specials, mut length) = (0_usize, 0_usize);
        for piece in run.split_inclusive(|byte| matches!(byte, b'&' | 0xC2)) {
            // These are `<` and `>` once they are read.
            if piece.starts_with(b"lt;") || piece.starts_with(b"gt;") {
                work = work.saturating_add(specials.saturating_mul(length));
                (specials, length) = (0, 0);
            }
            specials += usize::from(matches!(piece.last(), Some(b'&' | 0xC2)));
            length += piece.len();
        }
        work = work.saturating_add(specials.saturating_mul(length));
    }
    work
}

/// What a listed attribute may say; its character references are resolved.
fn attribute_value<'u>(
    element: &str,
    attribute: &str,
    value: &'u str,
    bases: Option<&links::Bases>,
) -> Option<Cow<'u, str>> {
    let fits = match attribute {
        "href" => return links::link(value, bases).map(Cow::Owned),
        "src" => return links::image(value, bases).map(Cow::Owned),
        "id" => return links::own_id(value).map(Cow::Owned),
        "open" => return Some(Cow::Borrowed("")),
        "align" => ["center", "left", "right"].contains(&value),
        "colspan" | "rowspan" => is_number(value, 2),
        "start" => is_number(value, 9),
        "width" | "height" => is_number(value.strip_suffix('%').unwrap_or(value), 4),
        // The sanitiser's own, and classes, which it has a list of.
        "rel" => element == "a",
        "class" | "alt" | "title" => true,
        _ => false,
    };
    fits.then_some(Cow::Borrowed(value))
}

fn is_number(value: &str, digits: usize) -> bool {
    (1..=digits).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text as its author wrote it, up to the bound of what is rendered.
fn as_written(text: &str, context: &RenderContext) -> String {
    let (text, _) = text.split_at(text.floor_char_boundary(TEXT_MAX));
    let mut html = "<pre>\n".to_owned();
    escape::escape(text, &mut html);
    sanitise(&(html + "</pre>"), context)
        .unwrap_or_else(|| sanitise(&in_pieces(text), context).unwrap_or_default())
}

/// The same in elements of their own, each of which is short.
fn in_pieces(text: &str) -> String {
    let mut html = "<pre>\n".to_owned();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE_MAX));
        rest = behind;
        html.push_str("<span>");
        escape::escape(piece, &mut html);
        html.push_str("</span>");
    }
    html + "</pre>"
}

#[cfg(test)]
mod tests;
