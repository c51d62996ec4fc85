use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::*;

fn words(text: &str) -> String {
    let words = analyse(text, 1_000).words;
    words.iter().map(|word| word.token.word.as_str()).collect::<Vec<_>>().join(" ")
}

fn joined(text: &str) -> String {
    let joined = analyse(text, 1_000).joined;
    joined.iter().map(|word| word.token.word.as_str()).collect::<Vec<_>>().join(" ")
}

fn stems(text: &str) -> String {
    let words = analyse(text, 1_000).words;
    words.iter().map(|word| word.token.stem.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn words_of_many_scripts() {
    let table = [
        ("Reads invoices, and files them.", "reads invoices and files them"),
        ("Straße STRASSE ﬁne ﬀ Ⅷ x² ①", "strasse strasse fine ff viii x 2 1"),
        ("Ærøskøbing Łódź Þór ĐÀ NẴNG ħ", "aeroskobing lodz thor da nang h"),
        ("İstanbul ISPARTA ısı", "istanbul isparta isi"),
        ("ΟΔΥΣΣΕΎΣ Ὀδυσσεύς", "οδυσσευσ οδυσσευσ"),
        ("ᾳ ΑΙ", "αι αι"),
        ("Ёлка Ещё Йод їжак", "елка еще иод іжак"),
        ("שָׁלוֹם צה״ל", "שלום צהל"),
        ("مُحَمَّد مـــحمد أكل", "محمد محمد اكل"),
        ("हिन्दी நன்றி", "हिन्दी நன்றி"),
        ("検索エンジン", "検索 索エ エン ンジ ジン"),
        ("ｶﾞｲﾄﾞ ガイド", "ガイ イド ガイ イド"),
        ("検索API v2", "検索 api v2"),
        ("水", "水"),
        ("검색 엔진을", "검색 엔진 진을"),
        ("สวัสดี น้ำ", "สวั วัส สดี น\u{e49}\u{e4d}า"),
        ("naïve café", "naive cafe"),
        ("a\u{ad}gent zero\u{200d}width", "agent zerowidth"),
        ("🚀 launch 🚀", "launch"),
        ("", ""),
        ("—…!?() ", ""),
    ];
    for (text, expected) in table {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn identifiers_are_read_in_more_ways_than_one() {
    let table = [
        ("web-scraper", "web scraper", "webscraper"),
        ("web_scraper web\u{2011}scraper", "web scraper web scraper", "webscraper webscraper"),
        ("CI/CD", "ci cd", "cicd"),
        ("node.js", "node js", "nodejs"),
        ("acme/web-scraper", "acme web scraper", "webscraper acmewebscraper"),
        ("a/b/c/d", "a b c d", ""),
        ("web--scraper web - scraper", "web scraper web scraper", ""),
        ("std::vec", "std vec", ""),
        ("-web-", "web", ""),
        ("getUserById", "getuserbyid", "get user by id"),
        ("HTTPServer", "httpserver", "http server"),
        ("LinkedIn-posts", "linkedin posts", "linked in linkedinposts"),
        ("APIs URLs LLMs", "apis urls llms", ""),
        ("iPhone", "iphone", "phone"),
        ("ÉtatMajor", "etatmajor", "etat major"),
        ("python3 gpt4", "python3 gpt4", "python 3 gpt 4"),
        ("gpt-4", "gpt 4", "gpt4"),
        ("s3 k8s b2b web3", "s3 k8s b2b web3", "web 3"),
        ("S3Bucket", "s3bucket", "s3 bucket"),
        ("OAuth2", "oauth2", "auth2 auth 2"),
        ("1,000 3.14", "1000 3 14", "314"),
        ("検索エンジン", "検索 索エ エン ンジ ジン", "ン"),
    ];
    for (text, expected, other) in table {
        assert_eq!(words(text), expected, "{text}");
        assert_eq!(joined(text), other, "{text}");
    }
}

#[test]
fn languages_of_programs_are_told_apart() {
    assert_eq!(words("C, C++ & c# (F#)"), "c c++ c# f#");
    assert_eq!(words(".NET ASP.NET notepad++ A+ #1 c#x"), "net asp net notepad a 1 c x");
    assert_eq!(joined("c++"), "c", "which is what somebody may type on the way");
}

#[test]
fn apostrophes_hold_words_together() {
    assert_eq!(
        words("don't Don’t publisher's Publisher’s rock 'n' roll"),
        "dont dont publisher publisher rock n roll"
    );
    assert_eq!(words("l'agent d’œuvre qu'il O'Reilly it's d's"), "agent oeuvre il oreilly it d");
}

#[test]
fn a_narrow_space_parts_words_as_any_other() {
    assert_eq!(words("Quoi\u{202f}! 5\u{202f}kg «\u{202f}mot\u{202f}»"), "quoi 5 kg mot");
}

#[test]
fn english_is_stemmed_lightly() {
    assert_eq!(stems("agents automated running studies"), "agent autom run studi");
    assert_eq!(stems("iOS AWS css utf8s news"), "ios aws css utf8s news");
    assert_eq!(stems("агенты getUsers"), "агенты getus");
}

#[test]
fn long_words_are_cut_where_a_character_ends() {
    let word = words(&"é".repeat(500));
    assert_eq!(word.len(), 64);
    let word = words(&"ж".repeat(500));
    assert_eq!(word, "ж".repeat(32));
    assert_eq!(words(&format!("{}я", "aж".repeat(300))), "aж".repeat(21) + "a");
    assert_eq!(joined(&"ab-".repeat(500)), "ab".repeat(32));
}

#[test]
fn no_more_words_than_asked_for() {
    for (text, most) in [("a b c d", 2), ("検索エンジン", 3), ("a-b-c", 0)] {
        let read = analyse(text, most);
        assert!(read.words.len() <= most, "{text}");
    }
    assert_eq!(analyse("a b c", 2).words.len(), 2);
}

#[test]
fn names_are_compared_without_case_marks_or_connectors() {
    for name in ["Web-Scraper", "web scraper", "Wéb  Scraper!", "WEB_SCRAPER"] {
        assert_eq!(name_key(name).as_deref(), Some("web scraper"), "{name}");
    }
    assert_eq!(name_key("GitHub"), name_key("github"));
    assert_ne!(name_key("C++"), name_key("C"));
    assert_eq!(name_key(" … "), None);
}

#[test]
fn edits_of_a_word() {
    let edits = |word: &str| single_edits(&word.parse().unwrap());
    let has = |word: &str, other: &str| edits(word).contains(&other.parse().unwrap());
    for typo in ["agnet", "agen", "agentt", "agemt", "ygent"] {
        assert!(has(typo, "agent"), "{typo}");
    }
    assert!(has("сыщк", "сыщик") && has("gtp4", "gpt4") && has("gpt5", "gpt4"));
    assert!(!has("agent", "agent4"), "digits come in where some are");
    assert!(edits("ai").is_empty() && edits(&"a".repeat(25)).is_empty());
    assert_eq!(edits("検索語").len(), 5, "swapped or left out");
    assert!(edits(&"abcdefgh1".repeat(3)[..24]).len() <= 2_000);
}

/// Text as people write it, and as they do not.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(
        prop_oneof![
            3 => "[a-zA-Z]{1,8}",
            2 => "[-_./:+#'’\", ]{1,3}",
            2 => "\\PC{0,6}",
            1 => "[0-9]{1,4}",
            1 => "[äöüßéñøÆŁİıΣςάйёЇ]{1,4}",
            1 => "[検索語ガかﾞﾀー한국어กำสี]{1,5}",
            1 => "\\p{M}{1,2}",
            1 => any::<char>().prop_map(String::from),
        ],
        0..12,
    );
    pieces.prop_map(|pieces| pieces.concat())
}

fn tokens(read: &[Analysed]) -> Vec<Token> {
    read.iter().map(|word| word.token.clone()).collect()
}

proptest! {
    #[test]
    fn spans_lie_in_the_text_in_order(text in any_text(), most in 0_usize..20) {
        let read = analyse(&text, most);
        prop_assert!(read.words.len() <= most);
        prop_assert!(read.words.is_sorted_by_key(|word| (word.span.start, word.span.end)));
        for word in read.words.iter().chain(&read.joined) {
            let part = text.get(word.span.clone());
            prop_assert!(part.is_some_and(|part| !part.is_empty()), "{word:?}");
            for term in [&word.token.word, &word.token.stem] {
                prop_assert!(term.as_str().len() <= MAX_WORD_BYTES);
                prop_assert!(!term.as_str().contains(':'));
            }
        }
    }

    #[test]
    fn how_text_is_encoded_makes_no_difference(text in any_text()) {
        let (composed, taken_apart): (String, String) = (text.nfc().collect(), text.nfd().collect());
        let [one, two] = [&composed, &taken_apart].map(|text| analyse(text, 1_000));
        prop_assert_eq!(tokens(&one.words), tokens(&two.words));
        prop_assert_eq!(tokens(&one.joined), tokens(&two.joined));
    }

    #[test]
    fn case_makes_no_difference_to_words(text in any_text()) {
        // A mark alone is no word, but in upper case this one is a letter.
        let text: String = text.nfd().filter(|c| *c != '\u{345}').collect();
        let [lower, upper] = [text.to_lowercase(), text.to_uppercase()]
            .map(|text| tokens(&analyse(&text, 1_000).words));
        prop_assert_eq!(&tokens(&analyse(&text, 1_000).words), &lower);
        prop_assert_eq!(lower, upper);
    }

    #[test]
    fn a_folded_word_is_that_word(text in any_text()) {
        for word in analyse(&text, 1_000).words {
            let again = analyse(word.token.word.as_str(), 1_000).words;
            if word.token.word.as_str().len() < MAX_WORD_BYTES && !is_pair(&word) {
                prop_assert_eq!(tokens(&again), vec![word.token]);
            }
        }
    }

    #[test]
    fn every_slip_has_its_word_among_the_edits(
        word in "[a-z]{4,23}", at in 0_usize..23, letter in "[a-z]", slip in 0_u8..4,
    ) {
        let at = at % word.len();
        let mut typo: Vec<char> = word.chars().collect();
        let letter = letter.chars().next().unwrap();
        match slip {
            0 => typo.insert(at, letter),
            1 => { typo.remove(at); }
            2 => typo[at] = letter,
            _ => typo.swap(at, (at + 1).min(word.len() - 1)),
        }
        let typo: String = typo.into_iter().collect();
        if typo == word {
            return Ok(());
        }
        let edits = single_edits(&typo.parse().unwrap());
        prop_assert!(edits.contains(&word.parse().unwrap()));
        prop_assert!(!edits.contains(&typo.parse().unwrap()));
        let mut sorted = edits.clone();
        sorted.sort();
        sorted.dedup();
        prop_assert_eq!(sorted.len(), edits.len());
    }
}

fn is_pair(word: &Analysed) -> bool {
    word.token.word.as_str().chars().any(is_unspaced)
}

proptest! {
    /// Words that take no look at their surroundings are read as they are among others.
    #[test]
    fn a_plain_word_is_the_same_alone_and_before_a_space(word in "[A-Za-z]?[a-z]{0,70}") {
        prop_assert_eq!(analyse(&word, 10), analyse(&format!("{word} "), 10));
    }
}
