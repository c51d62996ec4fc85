//! A page as a browser parses it.

use std::collections::BTreeMap;

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// An element, with what it has and what it is in.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// All text in it.
    pub(super) text: String,
    /// The elements that it is in, from the outermost on, each with its classes.
    pub(super) within: Vec<String>,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// Whether it is in an element of this name or class.
    pub(super) fn is_within(&self, what: &str) -> bool {
        self.within.iter().any(|element| element.split(' ').any(|word| word == what))
    }
}

/// All elements of a page, in the order in which they begin.
pub(super) fn elements(html: &str) -> Vec<Element> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
    let mut found = Vec::new();
    walk(&dom.document, &mut Vec::new(), &mut found);
    found
}

fn walk(node: &Handle, within: &mut Vec<String>, found: &mut Vec<Element>) {
    let mut inside = false;
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attributes = attrs.borrow();
        let attributes = attributes
            .iter()
            .map(|one| (one.name.local.to_string(), one.value.to_string()))
            .collect::<BTreeMap<_, _>>();
        let name = name.local.to_string();
        let classes = attributes.get("class").cloned().unwrap_or_default();
        found.push(Element {
            name: name.clone(),
            attributes,
            text: text(node),
            within: within.clone(),
        });
        within.push(format!("{name} {classes}"));
        inside = true;
    }
    for child in node.children.borrow().iter() {
        walk(child, within, found);
    }
    if inside {
        within.pop();
    }
}

fn text(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(text).collect(),
    }
}
