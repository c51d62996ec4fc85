//! What a search asks for, as its address spells it.

use std::collections::BTreeMap;
use std::str::FromStr;

use fleetprompt_core::domain::{Day, ParseError, Tag, Tags, Timestamp};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder};

use crate::pages::cursor;
use crate::pages::links::{self, Links};
use crate::pages::words;

/// The parameters, in the order in which addresses name them, and what the page calls them. They are those of
/// the API.
const PARAMETERS: [(&str, &str); 9] = [
    ("q", "Search"),
    ("kind", "Kind"),
    ("category", "Category"),
    ("tags", "Tags"),
    ("badge", "Publisher"),
    ("system", "Works with"),
    ("priceClass", "Price"),
    ("updatedSince", "Updated since"),
    ("sort", "Order"),
];

/// Each parameter that says something. A form sends those that say nothing too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms(BTreeMap<&'static str, String>);

/// A value that its filter does not take.
pub(super) struct Wrong {
    pub(super) label: &'static str,
    pub(super) rule: String,
}

impl Wrong {
    fn new(name: &'static str, rule: String) -> Self {
        let label = PARAMETERS.into_iter().find(|(known, _)| *known == name);
        Wrong { label: label.map_or(name, |(_, label)| label), rule }
    }

    fn choice(name: &'static str) -> Self {
        Wrong::new(name, "choose one of the list".to_owned())
    }
}

impl Terms {
    /// What a query says. What the page does not know is somebody else's, and passed over; of a parameter
    /// that is there twice, the first counts.
    pub(super) fn of(query: &str) -> Self {
        let mut terms = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let known = PARAMETERS.into_iter().find(|(known, _)| *known == name);
            let value = value.trim();
            if let (Some((name, _)), false) = (known, value.is_empty()) {
                terms.entry(name).or_insert_with(|| value.to_owned());
            }
        }
        Terms(terms)
    }

    /// The text of a parameter; empty if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The day since which something was updated, as a form shows it.
    pub(super) fn day(&self) -> &str {
        self.get("updatedSince").split('T').next().unwrap_or_default()
    }

    /// The filters that hold: parameter, what the page calls it, value.
    pub(super) fn filtering(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let filters = PARAMETERS.into_iter().filter(|(name, _)| !matches!(*name, "q" | "sort"));
        filters.filter_map(|(name, label)| Some((name, label, self.0.get(name)?.as_str())))
    }

    /// The tags that were typed.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.get("tags").split([',', ' ']).map(str::trim).filter(|tag| !tag.is_empty())
    }

    /// The same with another value for a parameter; one that is empty leaves it out.
    pub(super) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut terms = self.0.clone();
        match value {
            "" => terms.remove(name),
            value => terms.insert(name, value.to_owned()),
        };
        Terms(terms)
    }

    /// The same with one tag more.
    pub(super) fn with_tag(&self, tag: &str) -> Self {
        let tags: Vec<&str> = self.tags().chain([tag]).collect();
        self.with("tags", &tags.join(","))
    }

    /// The same with one tag less.
    pub(super) fn without_tag(&self, tag: &str) -> Self {
        let tags: Vec<&str> = self.tags().filter(|one| *one != tag).collect();
        self.with("tags", &tags.join(","))
    }

    /// The words and the order alone.
    pub(super) fn without_filters(&self) -> Self {
        let mut terms = self.0.clone();
        terms.retain(|name, _| matches!(*name, "q" | "sort"));
        Terms(terms)
    }

    /// The page of this search.
    pub(super) fn address(&self, links: &Links) -> String {
        links::asking(&links.search(), self.pairs())
    }

    /// The page of this search that begins at a cursor.
    pub(super) fn going_on(&self, links: &Links, cursor: &str) -> String {
        links::asking(&links.search(), self.pairs().chain([(cursor::PARAMETER, cursor)]))
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        PARAMETERS.iter().filter_map(|(name, _)| Some((*name, self.0.get(name)?.as_str())))
    }

    /// What the core is asked, or what is wrong.
    pub(super) fn parsed(&self) -> Result<(CatalogueFilter, CatalogueOrder), Vec<Wrong>> {
        let mut wrong = Vec::new();
        let filter = CatalogueFilter {
            kind: self.one("kind", &mut wrong),
            publisher: None,
            category: self.read("category", &mut wrong, |text| text.to_ascii_lowercase().parse()),
            tags: self.read("tags", &mut wrong, |_| self.parsed_tags()).unwrap_or_default(),
            badge: self.one("badge", &mut wrong),
            system: self.read("system", &mut wrong, |text| text.to_ascii_lowercase().parse()),
            updated_since: self.read("updatedSince", &mut wrong, since),
            price_class: self.one("priceClass", &mut wrong),
        };
        let order = self.get("sort");
        let known = words::ORDERS.into_iter().find(|(_, word, _)| *word == order);
        if known.is_none() && !order.is_empty() {
            wrong.push(Wrong::choice("sort"));
        }
        match wrong.is_empty() {
            true => Ok((filter, known.map(|(order, ..)| order).unwrap_or_default())),
            false => Err(wrong),
        }
    }

    /// A word of a list.
    fn one<T: FromStr>(&self, name: &'static str, wrong: &mut Vec<Wrong>) -> Option<T> {
        let chosen = self.0.get(name)?.parse().ok();
        if chosen.is_none() {
            wrong.push(Wrong::choice(name));
        }
        chosen
    }

    fn read<T>(
        &self,
        name: &'static str,
        wrong: &mut Vec<Wrong>,
        parse: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        parse(self.0.get(name)?)
            .map_err(|refused| wrong.push(Wrong::new(name, refused.rule().to_string())))
            .ok()
    }

    fn parsed_tags(&self) -> Result<Tags, ParseError> {
        let mut tags = Vec::new();
        for tag in self.tags() {
            let tag: Tag = tag.parse()?;
            // What somebody typed twice is meant once.
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Tags::try_from(tags)
    }
}

/// A day, as a form sends it, or a time, as the API takes it.
fn since(text: &str) -> Result<Timestamp, ParseError> {
    text.parse::<Day>().map(Day::start).or_else(|refused| text.parse().map_err(|_| refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_left_out_and_what_is_unknown_passed_over() {
        let terms = Terms::of("q=+web+&kind=&utm_source=x&tags=b,a&tags=c&cursor=x");
        assert_eq!(terms.pairs().collect::<Vec<_>>(), [("q", "web"), ("tags", "b,a")]);
        assert_eq!(terms.with_tag("c").without_tag("b").get("tags"), "a,c");
        assert_eq!(terms.without_tag("a").without_tag("b"), Terms::of("q=web"));
    }

    #[test]
    fn each_wrong_value_is_named() {
        let terms = Terms::of(
            "kind=x&category=a+b&tags=%3F&badge=x&system=%3F&priceClass=x&updatedSince=x&sort=x",
        );
        let wrong = terms.parsed().unwrap_err();
        assert_eq!(wrong.len(), 8);
        let terms = Terms::of("updatedSince=2026-01-31&tags=C%2B%2B,c%2B%2B&category=Finance");
        let (filter, order) = terms.parsed().unwrap_or_else(|_| panic!("all of them are right"));
        assert_eq!(filter.updated_since, "2026-01-31T00:00:00Z".parse().ok());
        assert_eq!(filter.tags.as_slice(), ["c++".parse().unwrap()]);
        assert_eq!(order, CatalogueOrder::Relevance);
    }
}
