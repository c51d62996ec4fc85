use super::*;
use crate::domain::{ListingState, ReleaseContent, Sha256Digest, Timestamp};
use crate::port::{Clause, Matching, Phrase};

const ID: &str = "01940000-0000-7000-8000-000000000001";

fn listing() -> Listing {
    let at = "2026-01-31T12:00:00Z";
    serde_json::from_value(serde_json::json!({
        "id": ID, "publisher": ID, "slug": "invoice-sorter",
        "asset": { "kind": "whs_agent", "whsAgentId": "agent/42" },
        "content": {
            "title": "Invoice sorter", "summary": "Puts every bill into its own folder.",
            "description": "Reads PDF attachments.", "tags": ["machine-learning", "pdf"],
            "category": "finance", "priceClass": "free", "visibility": "public",
        },
        "state": "published", "createdAt": at, "updatedAt": at, "releasedAt": at,
    }))
    .unwrap()
}

fn publisher() -> Publisher {
    let at = "2026-01-31T12:00:00Z";
    serde_json::from_value(serde_json::json!({
        "id": ID, "tenant": ID, "handle": "acme", "profile": { "name": "Acme Robotics" },
        "badges": [{ "kind": "verified", "evidence": "case-1", "grantedAt": at }],
        "createdAt": at, "updatedAt": at,
    }))
    .unwrap()
}

fn made(listing: &Listing) -> IndexEntry {
    entry(listing, &publisher(), None, 0, None)
}

fn titled(title: &str, slug: &str) -> IndexEntry {
    let mut listing = listing();
    listing.content.title = title.parse().unwrap();
    listing.slug = slug.parse().unwrap();
    made(&listing)
}

fn term(text: &str) -> Term {
    text.parse().unwrap()
}

/// What somebody means who types this, as a phrase.
fn stems(words: &str) -> Vec<Term> {
    analyse(words, WORDS).words.into_iter().map(|word| word.token.stem).collect()
}

fn says(entry: &IndexEntry, phrase: &str) -> bool {
    let clause = Clause { any: vec![Phrase::new(stems(phrase))] };
    entry.satisfies(&Matching { all: vec![clause], ..Matching::default() })
}

fn labels<'e>(entry: &'e IndexEntry, class: &str) -> Vec<&'e str> {
    let of_class = entry.labels.iter().filter(|label| label.class() == Some(class));
    of_class.map(|label| label.as_str()).collect()
}

#[test]
fn each_text_is_found_in_its_field() {
    let entry = made(&listing());
    for (word, field) in [
        ("sorter", Field::Name),
        ("finance", Field::Tags),
        ("learning", Field::Tags),
        ("acme", Field::Publisher),
        ("robotics", Field::Publisher),
        ("folder", Field::Summary),
        ("attachments", Field::Description),
    ] {
        let [stem] = stems(word).try_into().unwrap();
        let mut expected = [0; Field::COUNT];
        expected[field.number()] = 1;
        assert_eq!(entry.occurrences(&stem), expected, "{word}");
    }
}

#[test]
fn phrases_are_found_within_a_text_and_never_across_two() {
    let entry = made(&listing());
    for inside in ["invoice sorter", "machine learning", "its own folder", "acme"] {
        assert!(says(&entry, inside), "{inside}");
    }
    for across in ["learning pdf", "pdf finance", "sorter puts", "sorter invoice", "acme robotics"]
    {
        assert!(!says(&entry, across), "{across}");
    }
}

#[test]
fn a_slug_adds_what_the_title_does_not_say() {
    let same = titled("Invoice sorter", "invoice-sorter");
    assert_eq!(same.lengths()[Field::Name.number()], 3, "two words, and both put together");
    assert!(says(&same, "invoicesorter"));
    let more = titled("Sorter", "paper-sorter");
    assert!(says(&more, "paper") && says(&more, "papersorter"));
    assert_eq!(more.occurrences(&term("sorter"))[Field::Name.number()], 1);
}

#[test]
fn labels_say_what_is_filtered_by() {
    let entry = made(&listing());
    for (class, expected) in [
        ("k", vec!["k:whs_agent"]),
        ("c", vec!["c:finance"]),
        ("t", vec!["t:machine-learning", "t:pdf"]),
        ("b", vec!["b:verified"]),
        ("f", vec!["f:free"]),
        ("y", vec!["y:2026"]),
        ("m", vec!["m:2026-01"]),
        ("s", vec![]),
    ] {
        assert_eq!(labels(&entry, class), expected);
    }
    // The same sixteen bytes as in the id, in base64.
    assert_eq!(labels(&entry, "p"), ["p:AZQAAAAAcACAAAAAAAAAAQ"]);
}

#[test]
fn places_say_where_a_word_is_best_placed() {
    let mut listing = listing();
    listing.content.tags = vec!["sorter".to_owned(), "pdf".to_owned()].try_into().unwrap();
    let entry = made(&listing);
    let in_name = label::in_name(&stems("sorter")[0]).unwrap();
    let in_tags = label::in_tags_only(&stems("sorter")[0]).unwrap();
    assert!(entry.labels.contains(&in_name) && !entry.labels.contains(&in_tags));
    assert!(entry.labels.contains(&term("g:pdf")));
    assert!(entry.labels.contains(&label::in_publisher(&stems("acme")[0]).unwrap()));
}

#[test]
fn it_is_called_by_its_title_its_slug_and_its_publisher() {
    let entry = titled("Mail  Röbot", "mailer");
    for name in ["mail robot", "mailer", "acme"] {
        assert!(entry.labels.contains(&label::called(name).unwrap()), "{name}");
    }
    assert_eq!(labels(&entry, "x").len(), 3);
}

#[test]
fn systems_are_the_owner_and_those_of_the_latest_release() {
    let content = serde_json::json!({ "compatibility": [{ "system": "delegatic", "range": "*" }] });
    let content: ReleaseContent = serde_json::from_value(content).unwrap();
    let listing = listing();
    let release = Release {
        listing: listing.id,
        version: "1.0.0".parse().unwrap(),
        content,
        digest: Sha256Digest::of(b"release"),
        yanked: None,
        published_at: Timestamp::MIN,
    };
    let whs = "whs".parse().unwrap();
    let entry = entry(&listing, &publisher(), Some(&whs), 0, Some(&release));
    assert_eq!(labels(&entry, "s"), ["s:delegatic", "s:whs"]);
}

#[test]
fn what_changes_the_quality_changes_the_entry() {
    let listing = listing();
    let plain = made(&listing);
    let deprecated = Listing { state: ListingState::Deprecated, ..listing.clone() };
    assert!(made(&deprecated).quality < plain.quality);
    assert!(entry(&listing, &publisher(), None, 100, None).quality > plain.quality);
}

#[test]
fn names_without_words_have_their_place_and_long_ones_are_cut() {
    assert_eq!(titled("++", "plus").sort_name, "++");
    assert_eq!(titled("  Éclair  Bot ", "bot").sort_name, "eclair bot");
    let long = titled(&"\u{fdfa}".repeat(120), "long").sort_name;
    assert!(long.len() <= SORT_NAME_BYTES, "{}", long.len());
}

#[test]
fn a_description_is_read_up_to_a_bound() {
    let mut listing = listing();
    let text = format!("{} beyond", "word ".repeat(DESCRIPTION_WORDS));
    listing.content.description = Some(text.parse().unwrap());
    let entry = made(&listing);
    assert_eq!(entry.lengths()[Field::Description.number()], 1_000);
    assert!(!says(&entry, "beyond"));
}
