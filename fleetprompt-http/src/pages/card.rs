//! A listing as lists show it.

use fleetprompt_core::domain::{AssetKind, ListingId, ListingState};
use fleetprompt_core::marketplace::{ImageView, ListingView, Marks, SearchHit};
use fleetprompt_core::search::Excerpt;

use super::links::{self, Links};
use super::words::{self, Badge, Date};

/// A text in pieces, and which of them were searched for.
pub(super) type Marked = Vec<(String, bool)>;

pub(super) struct Card {
    pub(super) href: String,
    pub(super) title: Marked,
    pub(super) summary: Marked,
    /// The part of the description with the most of what was searched for.
    pub(super) excerpt: Option<Cut>,
    pub(super) icon: Option<Picture>,
    pub(super) publisher: String,
    pub(super) publisher_href: String,
    pub(super) badges: Vec<Badge>,
    pub(super) kind: &'static str,
    pub(super) price: &'static str,
    pub(super) category: String,
    pub(super) latest: Option<String>,
    pub(super) released: Date,
    /// What is to be known before it is chosen.
    pub(super) notes: Vec<String>,
}

/// A part of a text.
pub(super) struct Cut {
    pub(super) before: bool,
    pub(super) parts: Marked,
    pub(super) after: bool,
}

impl Cut {
    /// A part of a Markdown text as it reads without its marks and where its links lead; nothing, if what was
    /// searched for is there alone.
    fn of(excerpt: &Excerpt) -> Option<Self> {
        let mut parts = Marked::new();
        let mut last = None;
        let mut in_address = false;
        for (part, marked) in excerpt.parts() {
            let mut shown = String::new();
            for letter in part.chars() {
                in_address = match letter {
                    '(' if last == Some(']') => true,
                    _ => in_address,
                };
                if !in_address && !"*`|#[]".contains(letter) {
                    shown.push(letter);
                }
                in_address &= letter != ')';
                last = Some(letter);
            }
            if !shown.is_empty() {
                parts.push((shown, marked));
            }
        }
        let found = parts.iter().any(|(_, marked)| *marked);
        found.then_some(Cut { before: excerpt.before, parts, after: excerpt.after })
    }
}

/// An image, with the room that it takes.
pub(super) struct Picture {
    pub(super) src: String,
    pub(super) alt: String,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Picture {
    pub(super) fn of(links: &Links, listing: ListingId, image: &ImageView, alt: String) -> Self {
        let (width, height) = (image.size.width(), image.size.height());
        Picture { src: links.image(listing, image.digest), alt, width, height }
    }
}

impl Card {
    pub(super) fn of_hit(links: &Links, hit: &SearchHit) -> Self {
        let Marks { title, summary, description } = &hit.marks;
        let excerpt = description.as_ref().and_then(Cut::of);
        let card = Card::of(links, &hit.listing);
        Card { title: marked(title), summary: marked(summary), excerpt, ..card }
    }

    pub(super) fn of(links: &Links, listing: &ListingView) -> Self {
        let content = &listing.content;
        // The title stands beside it.
        let icon = listing.media.icon.as_ref();
        let icon = icon.map(|icon| Picture::of(links, listing.id, icon, String::new()));
        let publisher = &listing.publisher;
        let kind = listing.asset.kind();
        Card {
            href: links.to(&links::listing_of(&publisher.handle, &listing.slug)),
            title: vec![(content.title.to_string(), false)],
            summary: vec![(content.summary.to_string(), false)],
            excerpt: None,
            icon,
            publisher: publisher.name.to_string(),
            publisher_href: links.to(&links::publisher(&publisher.handle)),
            badges: words::badges(&publisher.badges),
            kind: words::kind(kind),
            price: words::price(content.price_class),
            category: words::category(content.category.as_str()),
            latest: listing.latest.as_ref().map(ToString::to_string),
            released: words::date(listing.released_at),
            notes: notes(kind, listing),
        }
    }
}

fn notes(kind: AssetKind, listing: &ListingView) -> Vec<String> {
    let state = state(listing.state).map(str::to_owned);
    let owner = words::confirmation(kind, listing.reference).filter(|said| !said.confirmed);
    let owner = owner.and(words::owner(kind)).map(|owner| format!("Not confirmed by {owner}"));
    state.into_iter().chain(owner).collect()
}

/// A state that is not the usual one.
pub(super) fn state(state: ListingState) -> Option<&'static str> {
    match state {
        ListingState::Published => None,
        ListingState::Deprecated => Some("Deprecated"),
        ListingState::Unlisted => Some("Unlisted"),
        ListingState::Draft => Some("Draft"),
        ListingState::TakenDown => Some("Taken down"),
        ListingState::Deleted => Some("Deleted"),
    }
}

fn marked(excerpt: &Excerpt) -> Marked {
    excerpt.parts().map(|(part, marked)| (part.to_owned(), marked)).collect()
}

#[cfg(test)]
mod tests {
    use fleetprompt_core::search::Query;

    use super::*;

    fn read(text: &str) -> Option<String> {
        let cut = Cut::of(&Excerpt::of(text, &Query::parse("invoice"), 240))?;
        Some(
            cut.parts
                .into_iter()
                .map(|(part, marked)| if marked { format!("<{part}>") } else { part })
                .collect(),
        )
    }

    #[test]
    fn an_excerpt_reads_without_its_markdown() {
        let text = "Begin with the [**invoice** reader](https://a.example/invoice) (new).";
        assert_eq!(read(text).unwrap(), "Begin with the <invoice> reader (new).");
        assert_eq!(read("See [this](https://a.example/invoice)."), None);
    }
}
