//! Versions that were written for another scheme.

use super::Version;
use crate::domain::bounds;
use crate::domain::parse::{ParseError, Rule};

/// What [`Version::normalised`] read.
///
/// ```
/// use fleetprompt_core::domain::Version;
/// assert!(!Version::normalised("1.2.3")?.changed);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalised {
    /// The version that was read.
    pub version: Version,
    /// Whether its text differs from what was given.
    pub changed: bool,
}

impl Version {
    /// Reads a version that was written for another scheme, for imports.
    ///
    /// A semantic version is taken as it is, less a `v` before it. Other text is read as PEP 440
    /// writes versions, and is accepted where a semantic version says the same *and sorts the same*
    /// among others that are read in this way, `1.2.3` included:
    ///
    /// | written | read as |
    /// | --- | --- |
    /// | `1`, `0.11`, `2024.01.05`, `1.2.3.0` | `1.0.0`, `0.11.0`, `2024.1.5`, `1.2.3` |
    /// | `1.2a1`, `1.2.3beta`, `2.0.0rc6` | `1.2.0-alpha.1`, `1.2.3-beta.0`, `2.0.0-rc.6` |
    /// | `1.2.dev3` | `1.2.0-0.dev.3`, which sorts before `alpha` as in PEP 440 |
    ///
    /// Refused, because what sorts where they belong does not exist or would say something else:
    /// a fourth number other than 0, epochs (`1!2.0`), post-releases, local versions, and
    /// developmental releases of pre-releases (`1.0rc1.dev2`). No stable version lies between
    /// `1.2.3` and `1.2.4`, and build metadata has no part in precedence.
    ///
    /// # Errors
    ///
    /// [`ParseError`] of field `version` for text that is none of the above.
    ///
    /// ```
    /// use fleetprompt_core::domain::Version;
    /// let read = Version::normalised("v2.0rc6")?;
    /// assert_eq!(read.version.as_str(), "2.0.0-rc.6");
    /// assert!(read.changed);
    /// assert!(Version::normalised("2.0.post1").is_err());
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn normalised(text: &str) -> Result<Normalised, ParseError> {
        if let Ok(version) = text.parse() {
            return Ok(Normalised { version, changed: false });
        }
        let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let version = match bare.parse() {
            Ok(version) => version,
            Err(_) => from_pep_440(bare)?,
        };
        Ok(Normalised { version, changed: true })
    }
}

fn from_pep_440(text: &str) -> Result<Version, ParseError> {
    bounds::VERSION.check(text)?;
    let lowered = text.to_ascii_lowercase();
    semantic(&lowered)
        .ok_or(ParseError::new(
            bounds::VERSION.field,
            Rule::Format("a version that a semantic version can stand for"),
        ))?
        .parse()
}

fn semantic(text: &str) -> Option<String> {
    let letter = text.find(|c: char| c.is_ascii_lowercase()).unwrap_or(text.len());
    let (numbers, suffix) = text.split_at_checked(letter)?;
    if suffix.is_empty() {
        return three_numbers(numbers);
    }
    let release = three_numbers(numbers.strip_suffix(SEPARATORS).unwrap_or(numbers))?;
    let label = suffix.trim_end_matches(|c: char| c.is_ascii_digit());
    let (label, number) = match suffix.strip_prefix(label)? {
        "" => (label, 0),
        digits => (label.strip_suffix(SEPARATORS).unwrap_or(label), digits.parse::<u64>().ok()?),
    };
    let stage = match label {
        "a" | "alpha" => "alpha",
        "b" | "beta" => "beta",
        "c" | "rc" | "pre" | "preview" => "rc",
        "dev" => "0.dev",
        _ => return None,
    };
    Some(format!("{release}-{stage}.{number}"))
}

const SEPARATORS: [char; 3] = ['.', '-', '_'];

fn three_numbers(text: &str) -> Option<String> {
    let digits = |number: &str| number.bytes().all(|b| b.is_ascii_digit());
    let mut numbers = text.split('.').map(|n| digits(n).then(|| n.parse::<u64>().ok())?);
    let [major, minor, patch] = [(); 3].map(|()| numbers.next().unwrap_or(Some(0)));
    let release = format!("{}.{}.{}", major?, minor?, patch?);
    numbers.all(|further| further == Some(0)).then_some(release)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn what_another_scheme_writes_is_read_where_it_sorts_the_same() {
        for (written, read) in [
            ("1", "1.0.0"),
            ("0.11", "0.11.0"),
            ("2024.01.05", "2024.1.5"),
            ("1.2.3.0", "1.2.3"),
            ("v1.2.3", "1.2.3"),
            ("V1.2.3-rc1", "1.2.3-rc1"),
            ("2.0.0rc6", "2.0.0-rc.6"),
            ("1.2a1", "1.2.0-alpha.1"),
            ("1.2.3beta", "1.2.3-beta.0"),
            ("1.2.dev3", "1.2.0-0.dev.3"),
            ("1.0c2", "1.0.0-rc.2"),
            ("1.0-Alpha_4", "1.0.0-alpha.4"),
            ("1a07", "1.0.0-alpha.7"),
        ] {
            let normalised = Version::normalised(written).unwrap();
            assert_eq!(normalised, Normalised { version: version(read), changed: true });
        }
        let same = Version::normalised("1.2.3-rc1").unwrap();
        assert_eq!(same, Normalised { version: version("1.2.3-rc1"), changed: false });
    }

    #[test]
    fn what_no_semantic_version_can_stand_for_is_refused() {
        for text in [
            "",
            "v",
            "vv1",
            "1.2.3.4",
            "1.2.post1",
            "1.2-1",
            "1!2.0",
            "1.0rc1.dev2",
            "1.0+local",
            "1..2",
            "1.",
            ".1",
            "1.2.-rc1",
            "1-",
            "1.0rc-",
            "1.0gamma1",
            "1.0aa",
            "-1",
            "1.0 ",
            "99999999999999999999.0",
            "1.0rc99999999999999999999",
            "latest",
            "1.0é",
        ] {
            let refused = Version::normalised(text).unwrap_err();
            assert_eq!(refused.field(), "version", "{text}");
        }
    }

    /// A version as PEP 440 sorts it: numbers, then stage, then the number of the stage.
    type Pep440 = (Vec<u64>, u8, u64);

    fn pep_440() -> impl Strategy<Value = (String, Pep440)> {
        let stage = prop::sample::select(vec![
            ("", 4),
            (".dev", 0),
            ("a", 1),
            ("alpha", 1),
            ("b", 2),
            ("_beta", 2),
            ("rc", 3),
            ("c", 3),
        ]);
        (prop::collection::vec(0_u64..12, 1..5), stage, 0_u64..12).prop_map(
            |(mut numbers, (stage, rank), n)| {
                let joined: Vec<String> = numbers.iter().map(u64::to_string).collect();
                let n = if stage.is_empty() { 0 } else { n };
                let suffix = if stage.is_empty() { String::new() } else { format!("{stage}{n}") };
                while numbers.last() == Some(&0) {
                    numbers.pop();
                }
                (joined.join(".") + &suffix, (numbers, rank, n))
            },
        )
    }

    proptest! {
        #[test]
        fn normalising_keeps_the_order_of_pep_440((a, left) in pep_440(), (b, right) in pep_440()) {
            let (a, b) = (Version::normalised(&a), Version::normalised(&b));
            prop_assert_eq!(a.is_ok(), left.0.len() <= 3);
            if let (Ok(a), Ok(b)) = (a, b) {
                let order = a.version.precedence_key().cmp(&b.version.precedence_key());
                prop_assert_eq!(order, left.cmp(&right), "{} {}", a.version, b.version);
            }
        }
    }
}
