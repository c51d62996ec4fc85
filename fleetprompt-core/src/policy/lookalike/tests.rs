use proptest::prelude::*;
use proptest::sample::{Index, select};
use typomania::checks::{Bitflips, Check, Omitted, Repeated, SwappedCharacters, SwappedWords};
use typomania::{AuthorSet, Corpus, Package};

use super::*;

/// A handle, reserved or not.
fn handle(text: &str) -> Spelling {
    Spelling::of_reserved(&text.parse().unwrap())
}

fn slug(text: &str) -> Spelling {
    Spelling::of_slug(&text.parse().unwrap())
}

/// In which way one name looks like another one; what does is also found by its keys.
fn likeness(name: &Spelling, known: &Spelling) -> Option<Likeness> {
    let likeness = name.likeness_to(known);
    assert!(likeness.is_none() || finds(name, known), "{name:?} does not find {known:?}");
    likeness
}

fn finds(name: &Spelling, known: &Spelling) -> bool {
    !name.probes().is_disjoint(&known.keys())
}

#[test]
fn handles_that_look_like_a_well_known_one() {
    use Likeness::*;
    let table = [
        ("acme-bot", "acmebot", Separators),
        ("acmebot", "acme_bot", Separators),
        ("acrneb0t", "acme-bot", Characters),
        ("acme-b0ts", "acme-bot", Edit),
        ("acm-bot", "acme-bot", Edit),
        ("acmie-bot", "acme-bot", Edit),
        ("acne-bot", "acme-bot", Edit),
        ("acmeb-ot", "acme-bot", Separators),
        ("amce-bot", "acme-bot", Edit),
        ("langchian", "langchain", Edit),
        ("goooogle", "google", Repeated),
        ("bot-acme", "acme-bot", Order),
        ("b0t-acrne", "acme-bot", Order),
        ("acme-official", "acme", Affix),
        ("acme-0fficia1", "acme", Affix),
        ("real-acme", "acme", Affix),
        ("the-real-acme-inc", "acme", Affix),
        ("acme-inc", "acme", Affix),
        ("acmeinc", "acme", Affix),
        ("officialacme", "acme", Affix),
        ("acme-bot-team", "acmebot", Affix),
        ("acme-labs", "acme", Affix),
        ("ibm-support", "ibm", Affix),
        ("acme2", "acme", Number),
        ("acme-42", "acme", Number),
    ];
    for (name, known, expected) in table {
        assert_eq!(likeness(&handle(name), &handle(known)), Some(expected), "{name}, {known}");
    }
}

#[test]
fn handles_that_do_not() {
    let table = [
        ("acme", "acme"),
        ("acne", "acme"), // Too short for edits.
        ("acmes", "acme"),
        ("stone", "storm"), // Two edits.
        ("acme-bank", "acme-bot"),
        ("acme-weather", "acme"),
        ("weather-acme", "acme"),
        ("labs-official", "acme"),
        ("official", "acme"),
        ("studio54", "studio55"),
        ("web3", "web4"),
        ("ai-x", "x"), // One letter belongs to nobody.
        ("realty", "ty"),
        ("princess", "inc"),
    ];
    for (name, known) in table {
        assert_eq!(likeness(&handle(name), &handle(known)), None, "{name}, {known}");
    }
}

#[test]
fn slugs_say_what_an_asset_is_more_often_than_whose_it_is() {
    use Likeness::*;
    let table = [
        // The same word is no near-miss, however it is joined.
        ("github", "github", None),
        ("chat-bot", "chatbot", None),
        ("invoice-readers", "invoice-reader", None),
        ("gpt-4", "gpt-3", None),
        ("reader2", "reader", None),
        ("invoice-reader-team", "invoice-reader", None),
        ("story", "store", None),
        ("langchian", "langchain", Some(Edit)),
        ("chatb0t", "chatbot", Some(Characters)),
        ("invoice-reader-official", "invoice-reader", Some(Affix)),
        ("reader-invoice", "invoice-reader", Some(Order)),
    ];
    for (name, known, expected) in table {
        assert_eq!(likeness(&slug(name), &slug(known)), expected, "{name}, {known}");
        assert_eq!(likeness(&slug(name), &handle(known)), expected, "{name}, handle {known}");
    }
    assert_eq!(likeness(&handle("langchian"), &slug("langchain")), Some(Edit));
    assert_eq!(likeness(&handle("langchain"), &slug("lang-chain")), None);
}

#[test]
fn words_that_impostors_want_are_reserved_handles() {
    for word in IMPERSONATED {
        assert!(word.parse::<Handle>().is_err(), "{word}");
        assert!(word.parse::<Slug>().is_ok(), "{word}");
    }
    assert!(IMPERSONATED.is_sorted());
}

#[test]
fn names_that_are_shown_are_compared_by_how_they_look() {
    let key = |name: &str| display_key(&name.parse().unwrap());
    for fake in
        ["Acrne Robotics", "ACME ROBOTICS", "Acme-Robotics", "Αcme Rоbotics", "Ａcme Robotics"]
    {
        assert_eq!(key(fake), key("Acme Robotics"), "{fake}");
    }
    for other in ["Acme", "Acme Robotic", "Robotics Acme", "Акме"] {
        assert_ne!(key(other), key("Acme Robotics"), "{other}");
    }
    assert_eq!(key("!!!"), None);
    assert!(key("東京ロボット").is_some());
    assert_ne!(key("東京ロボット"), key("大阪ロボット"));
}

/// Names of six letters and more, without digits, whose words are no claims.
fn known() -> impl Strategy<Value = String> {
    "[a-z]{6,12}(-[b-z]{4,8}){0,2}"
        .prop_filter("a claim", |name| affixes::bases(name, false).next().is_none())
}

/// What a slip, or somebody who means it, makes of a name.
#[derive(Clone, Debug)]
enum Slip {
    Insert(Index, char),
    Delete(Index),
    Replace(Index, char),
    Swap(Index),
    Separate(Index),
    Double(Index),
    Before(&'static str),
    After(&'static str),
    Reverse,
}

fn slips() -> impl Strategy<Value = Slip> {
    use Slip::*;
    let letter = || proptest::char::range('a', 'z');
    prop_oneof![
        (any::<Index>(), letter()).prop_map(|(at, c)| Insert(at, c)),
        any::<Index>().prop_map(Delete),
        (any::<Index>(), letter()).prop_map(|(at, c)| Replace(at, c)),
        any::<Index>().prop_map(Swap),
        any::<Index>().prop_map(Separate),
        any::<Index>().prop_map(Double),
        select(vec!["real-", "the-", "official-", "official"]).prop_map(Before),
        select(vec!["-official", "-inc", "-hq", "-team", "inc", "-0fficial", "7"]).prop_map(After),
        Just(Reverse),
    ]
}

fn slipped(name: &str, slip: &Slip) -> String {
    let mut chars: Vec<char> = name.chars().collect();
    let end = chars.len();
    match slip {
        Slip::Insert(at, c) => chars.insert(at.index(end + 1), *c),
        Slip::Delete(at) => drop(chars.remove(at.index(end))),
        Slip::Replace(at, c) => chars[at.index(end)] = *c,
        Slip::Swap(at) => {
            let at = at.index(end - 1);
            chars.swap(at, at + 1);
        }
        Slip::Separate(at) => chars.insert(at.index(end - 1) + 1, '.'),
        Slip::Double(at) => {
            let at = at.index(end);
            let c = chars[at];
            chars.insert(at, c);
            chars.insert(at, c);
        }
        Slip::Before(word) => return format!("{word}{name}"),
        Slip::After(word) => return format!("{name}{word}"),
        Slip::Reverse => return name.split('-').rev().collect::<Vec<_>>().join("-"),
    }
    chars.into_iter().collect()
}

proptest! {
    #[test]
    fn every_near_miss_of_a_well_known_handle_is_one(name in known(), slip in slips()) {
        let fake = slipped(&name, &slip);
        let Ok(parsed) = fake.parse::<Handle>() else { return Ok(()) };
        let (fake, real) = (Spelling::of_handle(&parsed), handle(&name));
        prop_assume!(fake.text != real.text);
        prop_assert!(likeness(&fake, &real).is_some(), "{fake:?}");
    }

    #[test]
    fn every_misspelt_slug_is_a_near_miss(name in known(), slip in slips()) {
        let edit = matches!(slip, Slip::Insert(..) | Slip::Delete(_) | Slip::Replace(..) | Slip::Swap(_));
        let Ok(parsed) = slipped(&name, &slip).parse::<Slug>() else { return Ok(()) };
        let (fake, real) = (Spelling::of_slug(&parsed), slug(&name));
        let same = fake.joined() == real.joined() || plural(&fake.plain(), &real.plain());
        prop_assume!(edit && !same);
        prop_assert!(likeness(&fake, &real).is_some(), "{fake:?}");
    }

    /// Whatever two names are: what looks alike is found, and always for the same reason.
    #[test]
    fn what_looks_alike_is_found(
        one in "[a-fil015mnrvws]{2,7}([-_.][a-f015ls]{1,4}){0,3}",
        other in "[a-fil015mnrvws]{2,7}([-_.][a-f015ls]{1,4}){0,3}",
        slip in slips(),
    ) {
        let spell = |text: &str| text.parse::<Slug>().ok().map(|slug| {
            [Spelling::of_slug(&slug), Spelling::of_reserved(&slug)]
        });
        let names: Vec<Spelling> =
            [&one, &other, &slipped(&one, &slip)].into_iter().filter_map(|it| spell(it)).flatten().collect();
        for name in &names {
            for known in &names {
                prop_assert_eq!(likeness(name, known), name.likeness_to(known));
            }
        }
    }

    /// Whoever is one edit away is so both ways.
    #[test]
    fn an_edit_leads_both_ways(name in known(), slip in slips()) {
        let Ok(parsed) = slipped(&name, &slip).parse::<Slug>() else { return Ok(()) };
        let (fake, real) = (Spelling::of_reserved(&parsed), Spelling::of_reserved(&name.parse().unwrap()));
        prop_assume!(fake.joined().len() >= EDITED_HANDLE_LETTERS);
        let edit = Some(Likeness::Edit);
        prop_assert_eq!(fake.likeness_to(&real) == edit, real.likeness_to(&fake) == edit);
    }

    /// What the checks of `typomania` take for a squat of a name, these rules do too.
    #[test]
    fn they_miss_nothing_that_typomania_finds(name in known(), slip in slips(), bit in 0..7_u8, at in any::<Index>()) {
        let mut flipped = name.clone().into_bytes();
        let at = at.index(flipped.len());
        flipped[at] ^= 1 << bit;
        let flipped = String::from_utf8_lossy(&flipped).to_ascii_lowercase();
        for fake in [slipped(&name, &slip), flipped] {
            let Ok(parsed) = fake.parse::<Handle>() else { continue };
            if squats(parsed.as_str(), &name) {
                prop_assert!(likeness(&Spelling::of_handle(&parsed), &handle(&name)).is_some(), "{fake}");
            }
        }
    }

    #[test]
    fn the_longest_names_have_keys_within_their_bounds(name in "[a-z0-9]{100}|[mw]{100}|m(-[mw]){49}") {
        let spelling = slug(&name);
        prop_assert!(spelling.keys().len() <= 104);
        prop_assert!(spelling.keys().iter().any(|key| key.as_str().starts_with("s:")));
    }
}

#[test]
fn unrelated_names_are_left_alone() {
    for (one, other) in WORDS.iter().flat_map(|one| WORDS.iter().map(move |other| (one, other))) {
        assert_eq!(likeness(&handle(one), &handle(other)), None, "{one}, {other}");
        assert_eq!(likeness(&slug(one), &slug(other)), None, "{one}, {other}");
    }
}

/// Words of real catalogues that lie close to each other, and that nobody takes for one another.
const WORDS: &[&str] = &[
    "acme",
    "agent",
    "anthropic",
    "apify",
    "azure",
    "browser",
    "codex",
    "crew",
    "cursor",
    "data",
    "deepseek",
    "docs",
    "email",
    "figma",
    "files",
    "flask",
    "gemini",
    "github",
    "gitlab",
    "google",
    "hugging-face",
    "invoice-reader",
    "invoice-writer",
    "langchain",
    "langgraph",
    "linear",
    "llama",
    "mcp",
    "memory",
    "mistral",
    "notion",
    "openai",
    "pandas",
    "postgres",
    "prompt",
    "pydantic",
    "pytest",
    "pytorch",
    "redis",
    "search",
    "server",
    "slack",
    "storage",
    "stripe",
    "tensor",
    "tools",
    "vector",
    "weather",
    "web-search",
    "workflow",
];

struct One(String);

impl AuthorSet for One {
    fn contains(&self, _: &str) -> bool {
        false
    }
}

impl Package for One {
    fn authors(&self) -> &dyn AuthorSet {
        self
    }

    fn description(&self) -> Option<&str> {
        None
    }

    fn shared_authors(&self, _: &dyn AuthorSet) -> bool {
        false
    }
}

impl Corpus for One {
    fn contains_name(&self, name: &str) -> typomania::Result<bool> {
        Ok(self.0 == name)
    }

    fn get(&self, name: &str) -> typomania::Result<Option<&dyn Package>> {
        Ok((self.0 == name).then_some(self))
    }
}

/// Whether `typomania` takes `name` for a squat of `known`.
fn squats(name: &str, known: &str) -> bool {
    const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    let checks: [Box<dyn Check>; 5] = [
        Box::new(Bitflips::new(ALPHABET, std::iter::once(known))),
        Box::new(Omitted::new(ALPHABET)),
        Box::new(Repeated),
        Box::new(SwappedCharacters),
        Box::new(SwappedWords::new("-_.")),
    ];
    let (known, name_of) = (One(known.to_owned()), One(name.to_owned()));
    checks.iter().any(|check| !check.check(&known, name, &name_of).unwrap().is_empty())
}
