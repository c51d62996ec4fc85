//! HTML in which every element stands where the HTML standard lets it stand.
//!
//! This is what bounds the sanitiser's work: the parser of the standard can be made to build
//! documents that are larger than their source by any factor, and to walk deep stacks over and over.
//! It also makes sanitising idempotent: a document in this form parses to itself. It is no safety
//! measure; the sanitiser comes after it and believes nothing.

use super::allow_list::{self, DEPTH_MAX, Element, Kind};
use super::tokens::{Attribute, Token, Tokens, is_space};

/// Writes HTML anew: elements of the allow-list only, closed in the order in which they were
/// opened, nested at most [`DEPTH_MAX`] deep.
pub(super) fn tidy(html: &str) -> String {
    let mut tidy = Tidy {
        out: String::with_capacity(html.len() + html.len() / 8),
        open: vec![],
        too_deep: vec![],
    };
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => tidy.text(text),
            Token::Less => tidy.text("&lt;"),
            Token::Open(element) => tidy.open(element, tokens.attributes()),
            Token::Close(element) => tidy.close(element),
        }
    }
    tidy.close_down_to(0);
    tidy.out
}

struct Tidy {
    out: String,
    open: Vec<&'static Element>,
    /// Elements that were left out for being too deep, whose end tags are left out too.
    too_deep: Vec<&'static str>,
}

impl Tidy {
    fn text(&mut self, text: &str) {
        if self.is_between_cells() && !text.chars().all(is_space) {
            self.leave_table();
        }
        self.out.push_str(text);
    }

    fn open(&mut self, element: &'static Element, attributes: &[Attribute<'_>]) {
        // A cell may bring its row and section along.
        if self.open.len() + 3 > DEPTH_MAX && !matches!(element.kind, Kind::Void | Kind::Rule) {
            if self.too_deep.len() < DEPTH_MAX {
                self.too_deep.push(element.name);
            }
            return;
        }
        let has_place = match element.kind {
            Kind::Section => self.back_to(&[Kind::Table], &[]),
            Kind::Row => self.back_to(&[Kind::Section, Kind::Table], &[]) && self.imply("tbody"),
            Kind::Cell => {
                self.back_to(&[Kind::Row, Kind::Section, Kind::Table], &[])
                    && self.imply("tbody")
                    && self.imply("tr")
            }
            Kind::Link => {
                self.leave_table();
                !self.open.iter().any(|open| open.kind == Kind::Link)
            }
            Kind::Inline | Kind::Void => {
                self.leave_table();
                true
            }
            _ => self.make_room(element.kind),
        };
        if has_place {
            self.write_tag(element, attributes);
            if !matches!(element.kind, Kind::Void | Kind::Rule) {
                self.open.push(element);
            }
        }
    }

    /// Ends what a block ends; answers whether it may stand here.
    fn make_room(&mut self, kind: Kind) -> bool {
        self.leave_table();
        if let Some(paragraph) = self.innermost(&[Kind::Paragraph], &[]) {
            self.close_down_to(paragraph);
        }
        match kind {
            Kind::Item => self.back_to(&[Kind::List], &[Kind::Cell]),
            Kind::Term => self.back_to(&[Kind::Terms], &[Kind::Cell]),
            Kind::Heading => {
                if let Some(heading) = self.innermost(&[Kind::Heading], &[Kind::Cell]) {
                    self.close_down_to(heading);
                }
                true
            }
            _ => true,
        }
    }

    fn close(&mut self, element: &'static Element) {
        if let Some(at) = self.too_deep.iter().rposition(|name| *name == element.name) {
            self.too_deep.truncate(at);
            return;
        }
        let of_table = matches!(element.kind, Kind::Table | Kind::Section | Kind::Row | Kind::Cell);
        for (at, open) in self.open.iter().enumerate().rev() {
            if open.name == element.name {
                return self.close_down_to(at);
            }
            // What stands in a cell ends nothing around its table.
            if open.kind == Kind::Cell && !of_table || open.kind == Kind::Table {
                return;
            }
        }
    }

    /// The innermost open element of one of these kinds, unless one of `within` is further in.
    fn innermost(&self, kinds: &[Kind], within: &[Kind]) -> Option<usize> {
        let open = self.open.iter().enumerate().rev();
        let mut inside = open.take_while(|(_, open)| !within.contains(&open.kind));
        inside.find(|(_, open)| kinds.contains(&open.kind)).map(|(at, _)| at)
    }

    /// Closes what stands in the innermost element of these kinds; answers whether there is one.
    fn back_to(&mut self, kinds: &[Kind], within: &[Kind]) -> bool {
        let found = self.innermost(kinds, within);
        if let Some(at) = found {
            self.close_down_to(at + 1);
        }
        found.is_some()
    }

    /// Opens the part of a table that its author left out.
    fn imply(&mut self, name: &str) -> bool {
        let current = self.open.last().map(|open| open.kind);
        let is_missing = match name {
            "tbody" => current == Some(Kind::Table),
            _ => current == Some(Kind::Section),
        };
        if let Some(element) = allow_list::find(name).filter(|_| is_missing) {
            self.out.extend(["<", name, ">"]);
            self.open.push(element);
        }
        true
    }

    fn is_between_cells(&self) -> bool {
        let current = self.open.last().map(|open| open.kind);
        matches!(current, Some(Kind::Table | Kind::Section | Kind::Row))
    }

    /// Between cells there is nothing but cells: whatever else comes there ends the table.
    fn leave_table(&mut self) {
        if self.is_between_cells()
            && let Some(table) = self.innermost(&[Kind::Table], &[])
        {
            self.close_down_to(table);
        }
    }

    fn close_down_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(element) = self.open.pop() else { return };
            self.out.extend(["</", element.name, ">"]);
            self.too_deep.clear();
        }
    }

    fn write_tag(&mut self, element: &Element, attributes: &[Attribute<'_>]) {
        self.out.extend(["<", element.name]);
        for &(name, value) in attributes {
            let listed = element.attributes.iter().find(|other| other.eq_ignore_ascii_case(name));
            if let Some(name) = listed {
                self.write_attribute(name, value);
            } else if !element.classes.is_empty() && name.eq_ignore_ascii_case("class") {
                let mut classes = value.split(is_space);
                if let Some(class) = classes.find(|class| element.classes.contains(class)) {
                    self.write_attribute("class", class);
                }
            } else if element.kind == Kind::Cell && name == "style" {
                // How a table written in Markdown says to which side a column is set.
                if let Some(side) = value.strip_prefix("text-align: ") {
                    self.write_attribute("align", side);
                }
            }
        }
        self.out.push('>');
    }

    fn write_attribute(&mut self, name: &str, value: &str) {
        self.out.extend([" ", name, "=\""]);
        if value.contains('"') {
            self.out.push_str(&value.replace('"', "&quot;"));
        } else {
            self.out.push_str(value);
        }
        self.out.push('"');
    }
}
