//! Names that a reader could take for a well-known one, and how such a name is found.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::{
    DisplayName, Handle, Likeness, LikenessKey, Listing, Sha256Digest, Slug, Title, strokes,
};

use super::deception::passes_for_latin;

mod affixes;
mod edits;
#[cfg(test)]
mod tests;

use edits::one_edit_apart;

/// From how many distinct buyers on a listing's name, and its publisher's handle, are well known.
pub const POPULAR_BUYERS: u32 = 50;
/// From which imported popularity on they are.
pub const POPULAR_IMPORTED: u64 = 100_000;

/// How many letters a handle must have for a name that is one edit away to look like it: among
/// shorter ones, most words have neighbours that are words.
pub const EDITED_HANDLE_LETTERS: usize = 5;
/// The same, where one of the two names is a slug: what many assets are called by is a common word
/// more often than a handle is.
pub const EDITED_SLUG_LETTERS: usize = 6;

/// The fewest letters of a name that another one can claim to belong to with a word beside it.
const CLAIMED_LETTERS: usize = 3;

/// Reserved handles that look-alikes are held for: what an impostor would like to be taken for. The
/// other reserved handles are words of addresses, which have many neighbours among ordinary words.
pub const IMPERSONATED: &[&str] = &[
    "admin",
    "administrator",
    "agentelic",
    "agentromatic",
    "delegatic",
    "fleetprompt",
    "moderator",
    "official",
    "operator",
    "postmaster",
    "security",
    "specprompt",
    "support",
    "verified",
    "webhost.systems",
    "whs",
];

/// Whether so many bought or used a listing that its name is well known.
///
/// ```
/// use fleetprompt_core::domain::Listing;
/// use fleetprompt_core::policy::{POPULAR_BUYERS, is_popular};
/// fn grows_into_it(unknown: &Listing) -> bool {
///     !is_popular(unknown, 0) && is_popular(unknown, POPULAR_BUYERS)
/// }
/// # let _ = grows_into_it;
/// ```
pub fn is_popular(listing: &Listing, buyers: u32) -> bool {
    buyers >= POPULAR_BUYERS || listing.imported_popularity >= POPULAR_IMPORTED
}

/// How a handle or a slug is written, as those who might confuse it with another one read it.
///
/// ```
/// use fleetprompt_core::domain::Likeness;
/// use fleetprompt_core::policy::Spelling;
/// let spell = |handle: &str| Ok::<_, fleetprompt_core::domain::ParseError>(
///     Spelling::of_handle(&handle.parse()?));
/// let acme = spell("acme-robotics")?;
/// assert_eq!(spell("acme-robtics")?.likeness_to(&acme), Some(Likeness::Edit));
/// assert_eq!(spell("robotics-acme")?.likeness_to(&acme), Some(Likeness::Order));
/// assert_eq!(spell("real-acme-robotics")?.likeness_to(&acme), Some(Likeness::Affix));
/// assert_eq!(spell("fabulous-robotics")?.likeness_to(&acme), None);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    text: String,
    is_slug: bool,
}

impl Spelling {
    /// How a handle is written.
    pub fn of_handle(handle: &Handle) -> Self {
        Spelling { text: handle.to_string(), is_slug: false }
    }

    /// How a slug is written.
    pub fn of_slug(slug: &Slug) -> Self {
        Spelling { text: slug.to_string(), is_slug: true }
    }

    /// How a reserved handle is written, which no [`Handle`] can be.
    pub fn of_reserved(word: &Slug) -> Self {
        Spelling { text: word.to_string(), is_slug: false }
    }

    /// Whether it is a handle.
    pub fn is_handle(&self) -> bool {
        !self.is_slug
    }

    /// In which way this name looks like `known`, a well-known one of somebody else; the first that
    /// holds:
    ///
    /// | likeness | holds when |
    /// | --- | --- |
    /// | separators | two handles are the same but for `-`, `_`, `.`; a slug that is says the same word, and passes |
    /// | characters | their [skeletons](crate::domain::Skeleton) are the same but for separators |
    /// | number | they differ in digits alone: a handle is `known` and a number; otherwise these are versions, and pass |
    /// | edit | one character more, less or another one, or two neighbours swapped, separators and look-alike digits aside, in a name of [`EDITED_HANDLE_LETTERS`] or [`EDITED_SLUG_LETTERS`]; a slug may be another's plural |
    /// | repeated | the same but for how often characters are repeated in a row, from as many letters on |
    /// | order | the same words in another order |
    /// | affix | it is `known` and words before or after it that say whose it is, such as `official` or `real`, of handles also `inc`, `team` and the like |
    ///
    /// A bit that flips in memory makes one character another one, which is an edit.
    pub fn likeness_to(&self, known: &Spelling) -> Option<Likeness> {
        let slug = self.is_slug || known.is_slug;
        let (joined, other) = (self.joined(), known.joined());
        if joined == other {
            return (!slug && self.text != known.text).then_some(Likeness::Separators);
        }
        if self.strokes() == known.strokes() {
            return Some(Likeness::Characters);
        }
        let letters = without_digits(&joined);
        if !letters.is_empty() && letters == without_digits(&other) {
            let numbered = !slug && letters == other && letters.len() >= CLAIMED_LETTERS;
            return numbered.then_some(Likeness::Number);
        }
        let (plain, other) = (self.plain(), known.plain());
        let least = if slug { EDITED_SLUG_LETTERS } else { EDITED_HANDLE_LETTERS };
        if other.len() >= least {
            if one_edit_apart(&plain, &other) {
                return (!(slug && plural(&plain, &other))).then_some(Likeness::Edit);
            }
            if collapsed(&plain) == collapsed(&other) {
                return Some(Likeness::Repeated);
            }
        }
        if self.words().is_some_and(|words| Some(words) == known.words()) {
            return Some(Likeness::Order);
        }
        let strokes = known.strokes();
        let claims = other.len() >= CLAIMED_LETTERS
            && affixes::bases(&self.text, slug).any(|base| joined_strokes(&base) == strokes);
        claims.then_some(Likeness::Affix)
    }

    /// The keys under which this name is filed while it is well known.
    pub fn keys(&self) -> BTreeSet<LikenessKey> {
        let plain = self.plain();
        let mut keys = vec![
            format!("s:{}", self.strokes()),
            format!("r:{}", collapsed(&plain)),
            format!("d:{plain}"),
        ];
        keys.extend(self.words().map(|words| format!("w:{words}")));
        if plain.len() >= EDITED_HANDLE_LETTERS {
            keys.extend(edits::deletions(&plain).map(|shorter| format!("d:{shorter}")));
        }
        keys.iter().filter_map(|key| key.parse().ok()).collect()
    }

    /// The keys under which the names that this one could look like are filed: as many as it has
    /// letters, and a few. Whether it does look like what is found there,
    /// [`likeness_to`](Self::likeness_to) says.
    pub fn probes(&self) -> BTreeSet<LikenessKey> {
        let mut keys = self.keys();
        let numbered = (!self.is_slug).then(|| without_digits(&self.joined()));
        let bases = affixes::bases(&self.text, self.is_slug).chain(numbered);
        let bases = bases.map(|base| format!("s:{}", joined_strokes(&base)));
        keys.extend(bases.filter_map(|key| key.parse().ok()));
        keys
    }

    /// The name without separators.
    fn joined(&self) -> String {
        joined(&self.text)
    }

    /// The name without separators, each character that looks like another one written as that.
    /// `rn` and `m` stay apart: what is one edit away in one of them is two in the other.
    fn plain(&self) -> String {
        let alike = |c| match c {
            '0' => 'o',
            '1' | 'i' => 'l',
            '5' => 's',
            other => other,
        };
        joined(&self.text).chars().map(alike).collect()
    }

    fn strokes(&self) -> String {
        joined_strokes(&self.text)
    }

    /// Its words in alphabetical order, if there are several.
    fn words(&self) -> Option<String> {
        let mut words: Vec<String> = words(&self.text).map(joined_strokes).collect();
        words.sort_unstable();
        (words.len() > 1).then(|| words.join("-"))
    }
}

/// The key under which the name that a publisher shows is filed while it is well known: names that
/// look the same have the same. `None` for a name without letters and digits.
///
/// It goes by the skeletons of Unicode Technical Standard 39, case, spaces and punctuation aside.
///
/// ```
/// use fleetprompt_core::policy::display_key;
/// let [real, fake]: [_; 2] = ["Acme Robotics".parse()?, "ACRNE ROB0TICS".parse()?];
/// assert_eq!(display_key(&real), display_key(&fake));
/// assert_ne!(display_key(&real), display_key(&"Acme Aerobics".parse()?));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub fn display_key(name: &DisplayName) -> Option<LikenessKey> {
    key_of(&seen(name.as_str().nfkc().flat_map(char::to_lowercase)))
}

/// The keys under which well-known names are filed that a shown name looks the same as: its
/// [`display_key`]; and for a name without a Latin letter whose letters all pass for Latin ones, what
/// it reads as, among shown names, handles and slugs.
///
/// ```
/// use fleetprompt_core::policy::{Spelling, display_probes};
/// let copa = Spelling::of_handle(&"copa".parse()?).keys();
/// let cyrillic = display_probes(&"\u{441}\u{43e}\u{440}\u{430}".parse()?);
/// assert!(!cyrillic.is_disjoint(&copa), "it passes for the handle");
/// assert!(display_probes(&"Copa".parse()?).is_disjoint(&copa), "it says so openly");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub fn display_probes(name: &DisplayName) -> BTreeSet<LikenessKey> {
    display_key(name).into_iter().chain(read_as_latin(name.as_str())).collect()
}

/// The same for a title, which may say openly what it is for, as that of a connector does: none but
/// for a title without a Latin letter whose letters all pass for Latin ones.
///
/// ```
/// use fleetprompt_core::policy::title_probes;
/// assert!(title_probes(&"Chaos".parse()?).is_empty());
/// assert!(!title_probes(&"\u{425}\u{430}\u{43e}\u{441}".parse()?).is_empty(), "Cyrillic");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub fn title_probes(title: &Title) -> BTreeSet<LikenessKey> {
    read_as_latin(title.as_str()).collect()
}

/// The keys of what a name reads as that passes for Latin. Capitals can look Latin where small
/// letters do not, so that it is read both ways.
fn read_as_latin(name: &str) -> impl Iterator<Item = LikenessKey> {
    let readings = passes_for_latin(name)
        .then(|| [seen(name.nfkc()), seen(name.nfkc().flat_map(char::to_lowercase))]);
    readings.into_iter().flatten().flat_map(|seen| {
        let spelt = format!("s:{seen}").parse().ok();
        spelt.into_iter().chain(key_of(&seen))
    })
}

/// What is seen of a text: its skeleton, case, spaces and punctuation aside.
fn seen(text: impl Iterator<Item = char>) -> String {
    let skeleton: String = unicode_security::skeleton(&text.collect::<String>())
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .collect();
    strokes(&skeleton).collect()
}

fn key_of(seen: &str) -> Option<LikenessKey> {
    if seen.is_empty() {
        return None;
    }
    let digest = Sha256Digest::of(seen.as_bytes()).to_string();
    let hex = digest.split_once(':').map_or(digest.as_str(), |(_, hex)| hex);
    format!("n:{hex}").parse().ok()
}

fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(['-', '_', '.'])
}

fn joined(text: &str) -> String {
    words(text).collect()
}

fn joined_strokes(text: &str) -> String {
    strokes(&joined(text)).collect()
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Each run of a character as one.
fn collapsed(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    for c in text.chars() {
        if !short.ends_with(c) {
            short.push(c);
        }
    }
    short
}

fn plural(one: &str, other: &str) -> bool {
    one.strip_suffix('s') == Some(other) || other.strip_suffix('s') == Some(one)
}
