//! Markdown as the parser reads it, with what only Markdown knows written out: headings under the
//! page's own, footnotes, tasks, bare links, code.

use std::collections::{HashMap, VecDeque};

use linkify::{LinkFinder, LinkKind};
use memchr::memchr;
use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
    html::push_html,
};

use super::allow_list::{FOOTNOTE, FOOTNOTE_REFERENCE, ID_MAX, ID_PREFIX, TASK};
use super::highlight::{Language, highlight, language};

/// The most events of a text: more than prose of the longest text has. What has more was made to
/// grow while it is read, as rows of a table that fill up to its width.
const EVENTS_MAX: usize = 150_000;

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM
}

/// Markdown as HTML that is not yet safe; `None` if it grows beyond measure.
pub(super) fn unsafe_html(markdown: &str) -> Option<String> {
    let mut pass = Pass::new(Parser::new_ext(markdown, options()));
    let mut html = String::with_capacity(markdown.len() + markdown.len() / 2);
    push_html(&mut html, pass.by_ref());
    (pass.read <= EVENTS_MAX).then_some(html)
}

/// The events of a text, rewritten.
struct Pass<'a> {
    parser: Parser<'a>,
    /// How many events were read.
    read: usize,
    /// What was rewritten and not yet taken.
    body: VecDeque<Event<'a>>,
    /// Definitions of footnotes, which go to the end.
    footnotes: VecDeque<Event<'a>>,
    in_footnote: u32,
    in_link: u32,
    in_image: u32,
    /// The number of each footnote, and how often it was referred to.
    numbers: HashMap<CowStr<'a>, (usize, u32)>,
    /// The numbers of the footnotes that are being defined.
    defining: Vec<usize>,
    /// A heading that is being read: where it begins, and its words.
    heading: Option<(usize, String)>,
    /// How often a heading of these words came.
    headings: HashMap<String, u32>,
    /// Whether a block of code is being read, in a language that is not known.
    in_code: bool,
    /// Code that is being read: its language and itself.
    code: Option<(&'static Language, String)>,
    /// Text with a web address, whose rest may still come: the parser ends a text wherever a mark
    /// could stand.
    address: Option<String>,
}

impl<'a> Iterator for Pass<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            // A heading is given its id when all of it is known.
            if self.heading.is_none()
                && let Some(event) = self.body.pop_front()
            {
                return Some(event);
            }
            match self.parser.next() {
                Some(_) if self.read >= EVENTS_MAX => {
                    self.read = EVENTS_MAX + 1;
                    return None;
                }
                Some(event) => {
                    self.read += 1;
                    self.take(event);
                }
                None => {
                    self.end_address();
                    self.heading = None;
                    self.body.append(&mut self.footnotes);
                    return self.body.pop_front();
                }
            }
        }
    }
}

impl<'a> Pass<'a> {
    fn new(parser: Parser<'a>) -> Self {
        Pass {
            parser,
            read: 0,
            body: VecDeque::new(),
            footnotes: VecDeque::new(),
            in_footnote: 0,
            in_link: 0,
            in_image: 0,
            numbers: HashMap::new(),
            defining: Vec::new(),
            heading: None,
            headings: HashMap::new(),
            in_code: false,
            code: None,
            address: None,
        }
    }

    fn take(&mut self, event: Event<'a>) {
        if self.address.is_some() && !matches!(event, Event::Text(_)) {
            self.end_address();
        }
        if let Some((_, code)) = &mut self.code {
            match event {
                Event::Text(text) => code.push_str(&text),
                Event::End(TagEnd::CodeBlock) => self.code_block(),
                _ => {}
            }
            return;
        }
        if let (Some((_, words)), Event::Text(text) | Event::Code(text)) =
            (&mut self.heading, &event)
        {
            words.push_str(text);
        }
        match event {
            Event::Start(Tag::Heading { level, .. }) => self.begin_heading(level),
            Event::End(TagEnd::Heading(level)) => self.end_heading(level),
            Event::Start(Tag::CodeBlock(kind)) => self.begin_code(&kind),
            Event::End(TagEnd::CodeBlock) => {
                self.in_code = false;
                self.push(Event::Html(CowStr::Borrowed("</code></pre>\n")));
            }
            Event::Text(text) if self.in_code => self.push(Event::Text(text)),
            Event::Start(Tag::FootnoteDefinition(name)) => self.begin_footnote(name),
            Event::End(TagEnd::FootnoteDefinition) => self.end_footnote(),
            Event::FootnoteReference(name) => self.footnote_reference(name),
            Event::TaskListMarker(done) => {
                let mark = if done { '☑' } else { '☐' };
                let mark = format!("<span class=\"{TASK}\">{mark}</span> ");
                self.push(Event::InlineHtml(mark.into()));
            }
            Event::Text(text) => self.text(text),
            Event::Html(html) => self.push(Event::Html(shift_headings(html))),
            Event::InlineHtml(html) => self.push(Event::InlineHtml(shift_headings(html))),
            other => {
                let count = match &other {
                    Event::Start(Tag::Link { .. }) => Some((&mut self.in_link, 1)),
                    Event::End(TagEnd::Link) => Some((&mut self.in_link, -1)),
                    Event::Start(Tag::Image { .. }) => Some((&mut self.in_image, 1)),
                    Event::End(TagEnd::Image) => Some((&mut self.in_image, -1)),
                    _ => None,
                };
                if let Some((count, by)) = count {
                    *count = count.saturating_add_signed(by);
                }
                self.push(other);
            }
        }
    }

    fn push(&mut self, event: Event<'a>) {
        match self.in_footnote {
            0 => self.body.push_back(event),
            _ => self.footnotes.push_back(event),
        }
    }

    /// Code in a known language is kept until all of it is there, since its words may span events.
    fn begin_code(&mut self, kind: &CodeBlockKind<'a>) {
        let known = match kind {
            CodeBlockKind::Fenced(info) => language(info),
            CodeBlockKind::Indented => None,
        };
        match known {
            Some(language) => self.code = Some((language, String::new())),
            None => {
                self.in_code = true;
                self.push(Event::Html(CowStr::Borrowed("<pre><code>")));
            }
        }
    }

    fn code_block(&mut self) {
        let Some((language, code)) = self.code.take() else { return };
        let mut html = String::with_capacity(code.len() * 2);
        html.push_str("<pre><code>");
        highlight(language, &code, &mut html);
        html.push_str("</code></pre>\n");
        self.push(Event::Html(html.into()));
    }

    fn begin_heading(&mut self, level: HeadingLevel) {
        let at = if self.in_footnote == 0 { self.body.len() } else { self.footnotes.len() };
        self.heading = Some((at, String::new()));
        let level = under_the_pages_own(level);
        self.push(Event::Start(Tag::Heading { level, id: None, classes: vec![], attrs: vec![] }));
    }

    /// Gives a heading the id by which the text's own links find it.
    fn end_heading(&mut self, level: HeadingLevel) {
        if let Some((at, words)) = self.heading.take() {
            let mut id = slug(&words);
            let seen = self.headings.entry(id.clone()).or_default();
            if *seen > 0 {
                id = format!("{id}-{seen}");
            }
            *seen += 1;
            let events = if self.in_footnote == 0 { &mut self.body } else { &mut self.footnotes };
            if let Some(Event::Start(Tag::Heading { id: place, .. })) = events.get_mut(at) {
                *place = Some(format!("{ID_PREFIX}{id}").into());
            }
        }
        self.push(Event::End(TagEnd::Heading(under_the_pages_own(level))));
    }

    fn number(&mut self, name: CowStr<'a>) -> &mut (usize, u32) {
        let next = self.numbers.len() + 1;
        self.numbers.entry(name).or_insert((next, 0))
    }

    fn footnote_reference(&mut self, name: CowStr<'a>) {
        let (number, uses) = self.number(name);
        let number = *number;
        *uses += 1;
        let is_first = *uses == 1;
        if self.in_link > 0 || self.in_image > 0 {
            return self.push(Event::Text(format!("[{number}]").into()));
        }
        let id = match is_first {
            true => format!(" id=\"{ID_PREFIX}fnref-{number}\""),
            false => String::new(),
        };
        let link = format!("<a{id} href=\"#{ID_PREFIX}fn-{number}\">{number}</a>");
        let html = format!("<sup class=\"{FOOTNOTE_REFERENCE}\">{link}</sup>");
        self.push(Event::InlineHtml(html.into()));
    }

    fn begin_footnote(&mut self, name: CowStr<'a>) {
        let number = self.number(name).0;
        self.defining.push(number);
        self.in_footnote += 1;
        let html = format!(
            "<div class=\"{FOOTNOTE}\" id=\"{ID_PREFIX}fn-{number}\"><sup>{number}</sup>\n"
        );
        self.push(Event::Html(html.into()));
    }

    fn end_footnote(&mut self) {
        if let Some(number) = self.defining.pop() {
            let html = format!("<a href=\"#{ID_PREFIX}fnref-{number}\">↩</a></div>\n");
            self.push(Event::Html(html.into()));
        }
        self.in_footnote = self.in_footnote.saturating_sub(1);
    }

    fn text(&mut self, text: CowStr<'a>) {
        if let Some(address) = &mut self.address {
            address.push_str(&text);
        } else if self.in_link == 0 && self.in_image == 0 && has_address(&text) {
            self.address = Some(text.into_string());
        } else {
            self.push(Event::Text(text));
        }
    }

    /// Makes links of web addresses that stand in the text.
    fn end_address(&mut self) {
        let Some(text) = self.address.take() else { return };
        let mut finder = LinkFinder::new();
        finder.kinds(&[LinkKind::Url]);
        for span in finder.spans(&text) {
            let words = CowStr::from(span.as_str().to_owned());
            let is_web = ["http://", "https://"].iter().any(|scheme| words.starts_with(scheme));
            if span.kind().is_none() || !is_web {
                self.push(Event::Text(words));
                continue;
            }
            let link_type = LinkType::Autolink;
            let (title, id) = (CowStr::Borrowed(""), CowStr::Borrowed(""));
            self.push(Event::Start(Tag::Link { link_type, dest_url: words.clone(), title, id }));
            self.push(Event::Text(words));
            self.push(Event::End(TagEnd::Link));
        }
    }
}

/// Whether a web address may stand in the text. Most have no colon, which is found out faster.
fn has_address(text: &str) -> bool {
    memchr(b':', text.as_bytes()).is_some() && text.contains("://")
}

/// A page has its own first and second headings.
fn under_the_pages_own(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

/// The same for headings that are written as HTML.
fn shift_headings(html: CowStr<'_>) -> CowStr<'_> {
    if !html.contains("<h") && !html.contains("<H") {
        return html;
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = &*html;
    while let Some((before, behind)) = rest.split_once('<') {
        out.extend([before, "<"]);
        rest = behind;
        let name = rest.strip_prefix('/').unwrap_or(rest);
        let Some(digit) = name.strip_prefix(['h', 'H']) else { continue };
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/');
        let level = digit.chars().next().and_then(|c| c.to_digit(10));
        let Some(level @ 1..=6) = level.filter(|_| digit.chars().nth(1).is_some_and(ends)) else {
            continue;
        };
        if name.len() < rest.len() {
            out.push('/');
        }
        out.push_str(&format!("h{}", (level + 2).min(6)));
        rest = digit.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.into()
}

/// What a heading is called in links to it, as readers of READMEs know it: its words in lower case,
/// joined by `-`.
fn slug(words: &str) -> String {
    let kept = words.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ => Some(c).filter(|c| c.is_alphanumeric()),
    });
    // A suffix against repetition must still fit.
    kept.flat_map(char::to_lowercase).take(ID_MAX - 12).collect()
}
