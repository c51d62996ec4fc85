//! The order of versions as an order of bytes.

use std::fmt;

/// An ASCII text whose byte order is the precedence of versions (semver 2.0.0, section 11): equal
/// for versions that differ in build metadata alone. At most 256 bytes.
///
/// A database must compare it byte by byte: collation `BINARY` in SQLite, `"C"` in PostgreSQL.
///
/// ```
/// use fleetprompt_core::domain::Version;
/// let [old, new, built]: [Version; 3] = ["1.9.0".parse()?, "1.10.0".parse()?, "1.10.0+7".parse()?];
/// assert!(old.precedence_key() < new.precedence_key());
/// assert_eq!(new.precedence_key(), built.precedence_key());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrecedenceKey(String);

impl PrecedenceKey {
    const MAX_BYTES: usize = 256;

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text could be a key, by its length and characters.
    pub(crate) fn is_like(text: &str) -> bool {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'!');
        (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(known)
    }

    /// The key is a row of items, none of which is the beginning of another of its place, so that
    /// two keys differ first where their versions do:
    ///
    /// - the three numbers, each as its count of digits (two digits) and its digits;
    /// - `3` for a stable version, or each identifier of a pre-release: `1` and a number as above,
    ///   or `2`, its text and a `!`, which sorts below all that an identifier can hold;
    /// - `0` after the last identifier of a pre-release.
    pub(super) fn of(version: &semver::Version) -> Self {
        let mut key = String::new();
        for number in [version.major, version.minor, version.patch] {
            push_number(&mut key, &number.to_string());
        }
        if version.pre.is_empty() {
            key.push('3');
            return PrecedenceKey(key);
        }
        for identifier in version.pre.split('.') {
            if identifier.bytes().all(|b| b.is_ascii_digit()) {
                key.push('1');
                push_number(&mut key, identifier);
            } else {
                key.push('2');
                key.push_str(identifier);
                key.push('!');
            }
        }
        key.push('0');
        PrecedenceKey(key)
    }
}

impl fmt::Display for PrecedenceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn push_number(key: &mut String, digits: &str) {
    key.push_str(&format!("{:02}{digits}", digits.len()));
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use crate::domain::Version;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn keys_sort_as_the_specification_says() {
        let in_order = [
            "1.0.0-0",
            "1.0.0-9",
            "1.0.0-10",
            "1.0.0-10.a",
            "1.0.0--",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-alpha-",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1-0",
            "1.0.9",
            "1.0.10",
            "1.9.0",
            "1.10.0",
            "9.0.0",
            "10.0.0",
        ];
        let keys: Vec<_> = in_order.iter().map(|text| version(text).precedence_key()).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
    }

    fn semantic(version: &Version) -> semver::Version {
        version.as_str().parse().unwrap()
    }

    /// Identifiers that differ where an encoding goes wrong: digits against letters, prefixes,
    /// lengths, and the characters at the ends of the alphabet.
    fn identifier() -> impl Strategy<Value = String> {
        prop_oneof![
            "0|[1-9][0-9]{0,21}",
            "[0-9]{0,3}[-a-zA-Z][-0-9a-zA-Z]{0,3}",
            prop::sample::select(vec!["a", "a-", "aa", "a0", "-", "--", "z", "Z", "0a", "9", "10"])
                .prop_map(str::to_owned),
        ]
    }

    fn any_version() -> impl Strategy<Value = Version> {
        let number = || prop_oneof![0_u64..3, 8_u64..12, 98_u64..102];
        let pre = prop::collection::vec(identifier(), 0..4);
        ((number(), number(), number()), pre, "(\\+[-0-9a-z]{1,3})?")
            .prop_map(|((major, minor, patch), pre, build)| {
                let dash = if pre.is_empty() { "" } else { "-" };
                format!("{major}.{minor}.{patch}{dash}{}{build}", pre.join("."))
            })
            .prop_filter_map("too long", |text| text.parse().ok())
    }

    fn twins() -> impl Strategy<Value = (Version, Version)> {
        // Versions of the same three numbers, whose pre-releases decide.
        let pre = || prop::collection::vec(identifier(), 0..3);
        (pre(), pre()).prop_filter_map("too long", |(a, b)| {
            let with = |pre: Vec<String>| {
                let dash = if pre.is_empty() { "" } else { "-" };
                format!("1.0.0{dash}{}", pre.join(".")).parse().ok()
            };
            Some((with(a)?, with(b)?))
        })
    }

    fn same_order(a: &Version, b: &Version) -> Result<(), TestCaseError> {
        let keys =
            a.precedence_key().as_str().as_bytes().cmp(b.precedence_key().as_str().as_bytes());
        prop_assert_eq!(keys, semantic(a).cmp_precedence(&semantic(b)), "{} {}", a, b);
        Ok(())
    }

    proptest! {
        #[test]
        fn keys_compare_as_precedence_does(a in any_version(), b in any_version(), (c, d) in twins()) {
            same_order(&a, &b)?;
            same_order(&c, &d)?;
        }

        #[test]
        fn the_order_of_versions_agrees_with_their_keys(a in any_version(), b in any_version()) {
            match a.precedence_key().cmp(&b.precedence_key()) {
                Ordering::Equal => {}
                order => prop_assert_eq!(a.cmp(&b), order),
            }
        }

        #[test]
        fn keys_keep_to_their_bound(text in "1\\.0\\.0-[0-9a-z.]{57}") {
            if let Ok(version) = text.parse::<Version>() {
                prop_assert!(version.precedence_key().as_str().len() <= 256);
            }
        }
    }
}
