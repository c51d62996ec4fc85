//! What is asked, and how it is said to each of those who are asked.

use fleetprompt_core::domain::{
    AssetKind, Category, Handle, PriceClass, PublisherId, Tag, Timestamp,
};
use fleetprompt_core::port::{Clause, Matching, Phrase, Term};

/// A word as it is typed, and the stem that the index has for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spelled {
    pub(crate) word: String,
    pub(crate) stem: Term,
}

/// A question of a reader.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// What has to be there: words, and phrases of more than one.
    pub(crate) parts: Vec<Vec<Spelled>>,
    /// The beginning of a last word that is still being typed.
    pub(crate) prefix: Option<String>,
    /// Among what is searched.
    pub(crate) filters: Vec<Filter>,
    /// Among what was released then or later.
    pub(crate) since: Option<Timestamp>,
}

impl Question {
    /// Single words.
    pub(crate) fn of(words: Vec<Spelled>) -> Self {
        Question { parts: words.into_iter().map(|word| vec![word]).collect(), ..Self::default() }
    }

    /// The same among fewer listings.
    pub(crate) fn among(self, filter: Option<&Filter>) -> Self {
        Question { filters: self.filters.into_iter().chain(filter.cloned()).collect(), ..self }
    }

    /// Whether it is only filters.
    pub(crate) fn is_wordless(&self) -> bool {
        self.parts.is_empty() && self.prefix.is_none()
    }

    /// What is typed.
    pub(crate) fn typed(&self) -> String {
        let parts = self.parts.iter().map(|part| match part.as_slice() {
            [one] => one.word.clone(),
            phrase => quoted(phrase),
        });
        parts.chain(self.prefix.clone()).collect::<Vec<_>>().join(" ")
    }

    /// The expression of FTS5.
    pub(crate) fn expression(&self) -> String {
        let parts = self.parts.iter().map(|part| quoted(part));
        let prefix = self.prefix.iter().map(|prefix| format!("\"{prefix}\" *"));
        parts.chain(prefix).collect::<Vec<_>>().join(" ")
    }

    /// The stems of its whole words.
    pub(crate) fn stems(&self) -> Vec<Term> {
        self.parts.iter().flatten().map(|word| word.stem.clone()).collect()
    }

    /// What the index is asked: the parts anywhere, without the prefix.
    pub(crate) fn matching(&self) -> Matching {
        let parts = self.parts.iter().map(|part| {
            let stems = part.iter().map(|word| word.stem.clone()).collect();
            Clause { any: vec![Phrase::new(stems)] }
        });
        let all = parts.chain(self.labels()).collect();
        Matching { all, none: Vec::new(), since: self.since }
    }

    /// The clauses of the filters.
    pub(crate) fn labels(&self) -> impl Iterator<Item = Clause> {
        self.filters.iter().map(|filter| Clause::of(filter.label()))
    }
}

fn quoted(words: &[Spelled]) -> String {
    let words: Vec<&str> = words.iter().map(|word| word.word.as_str()).collect();
    format!("\"{}\"", words.join(" "))
}

/// What keeps some listings and leaves others out.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    Kind(AssetKind),
    Category(Category),
    Price(PriceClass),
    Publisher(Handle, PublisherId),
    Tag(Tag),
}

impl Filter {
    /// The condition on the table of documents, and its value.
    pub(crate) fn in_sql(&self) -> (&'static str, String) {
        match self {
            Filter::Kind(kind) => ("doc.kind = ?", kind.to_string()),
            Filter::Category(category) => ("doc.category = ?", category.to_string()),
            Filter::Price(class) => ("doc.price = ?", class.to_string()),
            Filter::Publisher(handle, _) => ("doc.handle = ?", handle.to_string()),
            Filter::Tag(tag) => {
                ("EXISTS (SELECT 1 FROM tagged WHERE tag = ? AND n = doc.n)", tag.to_string())
            }
        }
    }

    /// The label that the index has for it.
    fn label(&self) -> Term {
        let label = match self {
            Filter::Kind(kind) => format!("k:{kind}"),
            Filter::Category(category) => format!("c:{category}"),
            Filter::Price(class) => format!("f:{class}"),
            Filter::Publisher(_, id) => format!("p:{id}"),
            Filter::Tag(tag) => format!("t:{tag}"),
        };
        label.parse().unwrap()
    }
}
