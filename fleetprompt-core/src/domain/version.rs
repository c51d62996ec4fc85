//! Versions of releases, their order, and ranges of versions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::bounds;
use super::parse::{ParseError, Rule};
use super::schema::schema;
use super::text::texts;
use super::vocabulary::words;

mod import;
mod precedence;

pub use import::Normalised;
pub use precedence::PrecedenceKey;

/// A version by Semantic Versioning 2.0.0, strictly; at most 64 characters.
///
/// Two versions are equal when they are the same text. Their order is that of precedence (semver
/// 2.0.0, section 11), with build metadata deciding between versions of equal precedence.
///
/// ```
/// use fleetprompt_core::domain::{Channel, Version};
/// let version: Version = "2.0.0-rc.1".parse()?;
/// assert_eq!(version.channel(), Channel::Prerelease);
/// assert!(version < "2.0.0".parse()?);
/// assert!("2.0".parse::<Version>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    parsed: semver::Version,
    text: String,
}

impl Version {
    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is a stable version or a pre-release.
    pub fn channel(&self) -> Channel {
        if self.parsed.pre.is_empty() { Channel::Stable } else { Channel::Prerelease }
    }

    /// A text whose byte order is the order of precedence.
    pub fn precedence_key(&self) -> PrecedenceKey {
        PrecedenceKey::of(&self.parsed)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Version {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        bounds::VERSION.check(text)?;
        let parsed = semver::Version::parse(text)
            .map_err(|_| refused("a semantic version, as in 1.2.3 or 2.0.0-rc.1"))?;
        Ok(Version { parsed, text: text.to_owned() })
    }
}

/// The grammar of Semantic Versioning 2.0.0, but for the bound on its numbers (64 bits).
#[cfg(feature = "openapi")]
fn semver_pattern() -> String {
    let number = "(0|[1-9][0-9]*)";
    // What consists of digits alone has no zero in front.
    let pre = format!("({number}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)");
    let build = "[0-9A-Za-z-]+";
    format!("^{number}\\.{number}\\.{number}(-{pre}(\\.{pre})*)?(\\+{build}(\\.{build})*)?$")
}

impl TryFrom<String> for Version {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.text
    }
}

schema! {
    Version =
        crate::openapi::pattern(crate::openapi::text(&bounds::VERSION, "1.4.0"), &semver_pattern()),
    "A version of a release: a semantic version (Semantic Versioning 2.0.0).",
}

words! {
    /// Who a version is meant for.
    Channel = "channel" {
        /// Everybody.
        Stable = "stable",
        /// Those who asked for versions before their time.
        Prerelease = "prerelease",
    }
}

texts! {
    /// The versions of a system that a release works with, as Cargo writes requirements.
    CompatibleRange = COMPATIBLE_RANGE, range, ">=1.2, <3" => ">=1.2, <3";
}

impl CompatibleRange {
    /// Whether `version` is in the range. A pre-release is in it only where the range names a
    /// pre-release of the same three numbers.
    ///
    /// ```
    /// use fleetprompt_core::domain::{CompatibleRange, Version};
    /// let range: CompatibleRange = ">=1.2, <3".parse()?;
    /// let [inside, outside]: [Version; 2] = ["2.9.0".parse()?, "3.0.0".parse()?];
    /// assert!(range.matches(&inside) && !range.matches(&outside));
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn matches(&self, version: &Version) -> bool {
        semver::VersionReq::parse(self.as_str()).is_ok_and(|range| range.matches(&version.parsed))
    }
}

fn range(text: &str) -> Result<String, Rule> {
    semver::VersionReq::parse(text)
        .map(|range| range.to_string())
        .map_err(|_| Rule::Format("a range of versions, as in `>=1.2, <3`"))
}

fn refused(format: &'static str) -> ParseError {
    ParseError::new(bounds::VERSION.field, Rule::Format(format))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_semantic_and_strictly_so() {
        for good in ["0.0.0", "1.2.3-a.1+b.01", "1.0.0--", "18446744073709551615.0.0"] {
            assert_eq!(version(good).to_string(), good);
        }
        for bad in [
            "1",
            "1.2",
            "v1.2.3",
            "1.2.3.4",
            "01.2.3",
            "1.2.3-01",
            "1.2.3-",
            "1.2.3 ",
            "1.2.3-a..b",
            "1.2.3-é",
            "18446744073709551616.0.0",
        ] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ranges_have_one_spelling() {
        let range: CompatibleRange = ">= 1.2,<3".parse().unwrap();
        assert_eq!(range.as_str(), ">=1.2, <3");
        assert!("not a range".parse::<CompatibleRange>().is_err());
    }
}
