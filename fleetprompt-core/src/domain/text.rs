//! Text that people and other systems write: names, prose and opaque references.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::bounds::{Bound, COMBINING_MARKS_MAX};
use super::parse::{ParseError, Rule};

/// Brings text into its stored form, or says which rule its characters break.
pub(crate) type Policy = fn(&str) -> Result<String, Rule>;

/// Parses text of one kind; what the macro [`texts!`] makes of a kind calls this.
pub(crate) fn parse(bound: &Bound, policy: Policy, text: &str) -> Result<String, ParseError> {
    if text.is_empty() {
        return Err(ParseError::new(bound.field, Rule::Empty));
    }
    // No stored form is shorter than a quarter of what was given, white space around it
    // aside; so the work on hostile input is bounded before it starts.
    if text.len() / 4 > bound.max_bytes {
        let rule = Rule::TooLong { max: bound.max_chars, unit: "characters" };
        return Err(ParseError::new(bound.field, rule));
    }
    let stored = policy(text).map_err(|rule| ParseError::new(bound.field, rule))?;
    bound.check(&stored)?;
    Ok(stored)
}

/// Makes types that hold checked text: `Name = BOUND, policy, "example" => "stored form";`
macro_rules! texts {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident = $bound:ident, $policy:path, $example:literal => $stored:literal
            $(, $form:ident: $value:literal)?;
    )*) => {$(
        $(#[doc = $doc])*
        ///
        #[doc = concat!(
            "Bounds: [`bounds::", stringify!($bound), "`](crate::domain::bounds::",
            stringify!($bound), ")."
        )]
        ///
        /// ```
        #[doc = concat!("use fleetprompt_core::domain::", stringify!($name), ";")]
        #[doc = concat!("let text: ", stringify!($name), " = ", stringify!($example), ".parse()?;")]
        #[doc = concat!("assert_eq!(text.as_str(), ", stringify!($stored), ");")]
        /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
        /// ```
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The text in its stored form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::ParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::domain::text::parse(&$crate::domain::bounds::$bound, $policy, text)
                    .map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::ParseError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        $crate::domain::schema! {
            $name = {
                let text = $crate::openapi::text(&$crate::domain::bounds::$bound, $stored);
                $(let text = $crate::openapi::$form(text, $value);)?
                text
            },
            $($doc),*
        }
    )*};
}
pub(crate) use texts;

texts! {
    /// The title of a listing: one line in any script, in Unicode normalisation form C, without
    /// invisible characters, at most [`COMBINING_MARKS_MAX`](crate::domain::bounds::COMBINING_MARKS_MAX)
    /// combining marks on a letter. Letters and digits in full width, or in the styles of
    /// mathematics, become plain ones, half-width katakana become full. Whether it deceives is
    /// judged when it is written, by [`deceptive`](crate::policy::deceptive).
    Title = TITLE, one_line, "  Cafe\u{301} planner " => "Café planner";
    /// The name that a publisher shows: one line, under the same rules as a [`Title`].
    DisplayName = DISPLAY_NAME, one_line, "Acme Robotics" => "Acme Robotics";
    /// A listing or publisher in a sentence or two: one line, under the same rules as a [`Title`].
    Summary = SUMMARY, one_line, "Sorts invoices." => "Sorts invoices.";

    /// A description in Markdown. Invisible characters are dropped, and so are combining marks
    /// beyond [`COMBINING_MARKS_MAX`](crate::domain::bounds::COMBINING_MARKS_MAX) on a letter;
    /// every line ending becomes `\n`.
    Description = DESCRIPTION, prose, "One\r\ntwo\u{200b}" => "One\ntwo";
    /// What a release changed, in Markdown, under the same rules as a [`Description`].
    ReleaseNotes = RELEASE_NOTES, prose, "- faster\n" => "- faster";
    /// Why somebody did something, for those who look at it later; under the same rules as a
    /// [`Description`].
    Reason = REASON, prose, "Impersonates another publisher." => "Impersonates another publisher.";

    /// What somebody tells operators when they report abuse; under the same rules as a
    /// [`Description`], but never rendered.
    ReportText = REPORT_TEXT, prose, "It sends my mail elsewhere." => "It sends my mail elsewhere.";

    /// What a screenshot shows, for those who do not see it: one line, under the same rules as a
    /// [`Title`].
    AltText = ALT_TEXT, one_line, "A list of invoices." => "A list of invoices.";

    /// An owning system's id of an asset. Opaque: compared byte for byte, never parsed, and no
    /// proof of ownership.
    UpstreamId = UPSTREAM_ID, opaque, "agent/42" => "agent/42";
    /// Where in the target system an install should land: a hint for that system to check,
    /// opaque here.
    TargetContext = TARGET_CONTEXT, opaque, "telespace:7" => "telespace:7";
    /// Where the evidence for a confirmation or a badge is kept; opaque.
    EvidenceReference = EVIDENCE_REFERENCE, opaque, "case-1138" => "case-1138";
    /// The order, claim or grant that an entitlement comes from, as its source names it; opaque.
    SourceReference = SOURCE_REFERENCE, opaque, "order-99" => "order-99";
    /// The policy decision by which an organisation granted something; opaque.
    PolicyDecisionReference = POLICY_DECISION_REFERENCE, opaque, "decision-5" => "decision-5";
    /// An identity provider, as it names itself; opaque.
    IssuerName = ISSUER_NAME, opaque, "https://id.example" => "https://id.example";
    /// A tenant, as the identity provider names it; opaque.
    TenantName = TENANT_NAME, opaque, "org_2a" => "org_2a";
    /// A person or service, as the identity provider names it; opaque.
    SubjectName = SUBJECT_NAME, opaque, "user_7f" => "user_7f";
    /// An owning system's service identity, as the identity provider names it; opaque.
    ClientName = CLIENT_NAME, opaque, "whs-backend" => "whs-backend";
    /// A deployment in an owning system that a release recommends; opaque, and a hint only.
    DeploymentReference = DEPLOYMENT_REFERENCE, opaque, "dep_2026_01" => "dep_2026_01";
}

/// Whether the text is nothing but letters, digits and signs of ASCII and its spaces: most is, also
/// of what is read again from a store, and there is little in it to look for.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn one_line(text: &str) -> Result<String, Rule> {
    if is_plain(text) {
        let stored = text.trim();
        return if stored.is_empty() { Err(Rule::Empty) } else { Ok(stored.to_owned()) };
    }
    let stored: String = text.trim().chars().flat_map(plain).nfc().collect();
    if stored.chars().any(unprintable) || joiners(&stored) || stacked_selectors(&stored) {
        return Err(Rule::Characters("visible characters on one line"));
    }
    if stored.chars().all(blank) {
        return Err(Rule::Empty);
    }
    let mut marks = Marks::default();
    if !stored.chars().all(|c| marks.allow(c)) {
        return Err(Rule::StackedMarks { max: COMBINING_MARKS_MAX });
    }
    Ok(stored)
}

/// The plain form of letters and digits that are written in full width or in the styles of
/// mathematics, and the full form of half-width katakana: names that look the same are the same
/// text. Other compatibility characters mean something by their form: `m²`, `№`, `™`.
fn plain(c: char) -> impl Iterator<Item = char> {
    let styled = matches!(c,
        '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{1d400}'..='\u{1d7ff}');
    let (plain, same) = if styled { (Some(c), None) } else { (None, Some(c)) };
    plain.into_iter().nfkc().chain(same)
}

/// Counts the combining marks on a letter.
#[derive(Default)]
struct Marks(usize);

impl Marks {
    fn allow(&mut self, c: char) -> bool {
        self.0 = if is_combining_mark(c) { self.0 + 1 } else { 0 };
        self.0 <= COMBINING_MARKS_MAX
    }
}

/// Prose keeps the form it was written in: normalising would change quoted code.
fn prose(text: &str) -> Result<String, Rule> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return trimmed(text);
    }
    let mut stored = String::with_capacity(text.len());
    let (mut last, mut joiner, mut marks) = ('\n', None, Marks::default());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let c = match c {
            '\r' if rest.peek() == Some(&'\n') => continue,
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER => {
                joiner = Some(c);
                continue;
            }
            '\n' | '\t' => c,
            _ if unprintable(c) || (selector(c) && selector(last)) => continue,
            _ if !marks.allow(c) => continue,
            _ => c,
        };
        if let Some(joiner) = joiner.take()
            && joinable(last)
            && joinable(c)
        {
            stored.push(joiner);
        }
        stored.push(c);
        last = c;
    }
    trimmed(&stored)
}

fn trimmed(prose: &str) -> Result<String, Rule> {
    if prose.chars().all(blank) {
        return Err(Rule::Empty);
    }
    // Spaces before the first word are Markdown: four of them begin a block of code.
    Ok(prose.trim_end().trim_start_matches('\n').to_owned())
}

fn opaque(text: &str) -> Result<String, Rule> {
    if !is_plain(text) && (text.chars().any(unprintable) || joiners(text)) {
        return Err(Rule::Characters("printable characters"));
    }
    // Whatever carries an id may trim it, a header for one: it would then have two spellings.
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Err(Rule::Other("may not begin or end with white space"));
    }
    Ok(text.to_owned())
}

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Persian, the Indic scripts and emoji are written with joiners; between ASCII letters a joiner
/// only hides a difference.
fn joinable(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace()
}

fn joiners(text: &str) -> bool {
    text.contains([ZERO_WIDTH_NON_JOINER, ZERO_WIDTH_JOINER])
}

/// Variation selectors choose how the character before them looks. In a row they choose nothing,
/// and have been used to smuggle hidden text past readers.
fn stacked_selectors(text: &str) -> bool {
    text.chars().zip(text.chars().skip(1)).any(|(a, b)| selector(a) && selector(b))
}

fn selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{180b}'..='\u{180d}' | '\u{180f}')
}

fn blank(c: char) -> bool {
    c.is_whitespace() || is_combining_mark(c) || c == '\u{2800}'
}

/// Controls, line and paragraph separators, private use, noncharacters, interlinear annotation,
/// and what Unicode calls `Default_Ignorable_Code_Point` (UAX #44), which covers the bidirectional
/// controls, zero-width characters, invisible fillers and tags. The joiners and the variation
/// selectors are ignorable too, but have honest uses; they are judged by where they stand.
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{e0000}'..='\u{10ffff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HIDDEN: &[char] = &[
        '\0',
        '\u{7}',
        '\u{1b}',
        '\u{7f}',
        '\u{9b}',
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{3164}',
        '\u{feff}',
        '\u{e000}',
        '\u{fdd0}',
        '\u{ffff}',
        '\u{e0041}',
        '\u{e0100}',
        '\u{10fffd}',
    ];

    #[test]
    fn names_refuse_what_cannot_be_seen() {
        let lines = ['\n', '\r', '\t', '\u{85}', '\u{2028}', '\u{2029}', '\u{200c}', '\u{200d}'];
        for c in HIDDEN.iter().chain(&lines) {
            let refused = format!("Acme{c}Bot").parse::<Title>().unwrap_err();
            assert!(matches!(refused.rule(), Rule::Characters(_)), "{c:?}");
        }
    }

    #[test]
    fn names_may_be_in_any_script() {
        for name in
            ["研究助手", "مساعد", "सहायक", "Помощник", "Ünïcode — № 1", "Robot 🤖", "❤\u{fe0f}"]
        {
            assert_eq!(name.parse::<Title>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_are_normalised_so_that_equal_looks_are_equal_text() {
        assert_eq!("Cafe\u{301}".parse::<Title>(), "Café".parse::<Title>());
    }

    #[test]
    fn styled_letters_become_plain_and_signs_stay() {
        for (written, kept) in [
            ("ＡＣＭＥ１", "ACME1"),
            ("\u{1d4d0}\u{1d4ec}\u{1d4f6}\u{1d4ee}", "Acme"),
            ("ｶﾞｲﾄﾞ", "ガイド"),
            ("入力：E = mc² № 1 ™", "入力：E = mc² № 1 ™"),
        ] {
            assert_eq!(written.parse::<Title>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn letters_buried_under_marks_are_refused_in_names_and_freed_in_prose() {
        let buried = |marks: usize| format!("Z{}algo", "\u{334}\u{301}\u{e47}".repeat(marks));
        for name in [buried(4), format!("ก{}", "\u{e47}".repeat(12))] {
            let refused = name.parse::<DisplayName>().unwrap_err();
            assert_eq!(refused.rule(), Rule::StackedMarks { max: 6 });
        }
        let freed: Description = buried(400).parse().unwrap();
        assert_eq!(freed.as_str(), buried(2));
    }

    #[test]
    fn marks_that_scripts_need_are_kept() {
        for name in ["שָׁלוֹם", "مُحَمَّد", "བསྒྲུབས", "မြွှေး", "ผู้ช่วย", "क्ष्म्यै", "1\u{fe0f}\u{20e3}"]
        {
            assert_eq!(name.parse::<Title>().map(drop), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_without_a_visible_character_are_empty() {
        for name in [" ", "\u{a0}\u{3000}", "\u{2800}", "\u{301}", "\u{fe0f}"] {
            assert_eq!(name.parse::<DisplayName>().unwrap_err().rule(), Rule::Empty, "{name:?}");
        }
    }

    #[test]
    fn text_hidden_in_variation_selectors_does_not_get_through() {
        let smuggled = "A\u{fe01}\u{fe02}\u{fe03}";
        assert!(smuggled.parse::<Title>().is_err());
        assert_eq!(smuggled.parse::<Description>().unwrap().as_str(), "A\u{fe01}");
    }

    #[test]
    fn prose_drops_what_cannot_be_seen_and_keeps_the_rest() {
        for c in HIDDEN {
            let text: Description = format!("Acme{c}Bot").parse().unwrap();
            assert_eq!(text.as_str().replace('\n', ""), "AcmeBot", "{c:?}");
        }
        let kept = "    code\n\n\tmore  text";
        assert_eq!(kept.parse::<Description>().unwrap().as_str(), kept);
    }

    #[test]
    fn prose_has_one_kind_of_line_ending() {
        let text: Description = "\r\na\r\nb\rc\u{2028}d\u{85}e\r\r\nf\n".parse().unwrap();
        assert_eq!(text.as_str(), "a\nb\nc\nd\ne\n\nf");
    }

    #[test]
    fn joiners_stay_in_prose_where_a_script_needs_them() {
        for text in ["می\u{200c}خواهم", "क्\u{200d}ष", "👩\u{200d}💻"] {
            assert_eq!(text.parse::<Description>().unwrap().as_str(), text);
        }
        for text in
            ["to\u{200d}ken", "tokén\u{200c}s", "\u{200d}é", "é\u{200d}", "é\u{200d}\u{200c}a"]
        {
            assert!(!joiners(text.parse::<Description>().unwrap().as_str()), "{text:?}");
        }
    }

    #[test]
    fn opaque_text_is_kept_byte_for_byte_or_refused() {
        for kept in ["Cafe\u{301}", "a  b", "../../etc", "urn:x:<1>"] {
            assert_eq!(kept.parse::<UpstreamId>().unwrap().as_str(), kept);
        }
        for refused in [" a", "a ", "a\u{a0}", "a\nb", "a\0", "a\u{200d}b", "\u{202e}a"] {
            assert!(refused.parse::<UpstreamId>().is_err(), "{refused:?}");
        }
    }

    #[test]
    fn serde_parses_too() {
        let bell = serde_json::from_str::<Title>(r#""a\u0007b""#).unwrap_err().to_string();
        assert!(bell.starts_with("title may only hold visible characters on one line"), "{bell}");
        let title: Title = serde_json::from_str(r#"" a ""#).unwrap();
        assert_eq!(serde_json::to_string(&title).unwrap(), r#""a""#);
    }

    #[test]
    fn a_flood_of_text_is_refused_by_its_length() {
        let refused = "\u{200b}".repeat(1 << 20).parse::<Title>().unwrap_err();
        assert_eq!(refused.rule(), Rule::TooLong { max: 120, unit: "characters" });
    }

    proptest! {
        #[test]
        fn a_stored_form_parses_to_itself(text in "\\PC{0,40}|[\\x00-\\u{ffff}]{0,40}") {
            if let Ok(title) = text.parse::<Title>() {
                prop_assert_eq!(title.as_str().parse::<Title>(), Ok(title));
            }
            if let Ok(prose) = text.parse::<Description>() {
                prop_assert_eq!(prose.as_str().parse::<Description>(), Ok(prose));
            }
            if let Ok(id) = text.parse::<UpstreamId>() {
                prop_assert_eq!(id.as_str(), &text);
            }
        }
    }
}
