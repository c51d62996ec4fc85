//! The words by which programs know the rules that input can break.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A rule as one stable word, for programs that choose their own sentences.
        ///
        /// ```
        /// use fleetprompt_core::domain::{Handle, RuleCode};
        /// let refused = "".parse::<Handle>().unwrap_err();
        /// assert_eq!(refused.rule().code(), RuleCode::Empty);
        /// assert_eq!(RuleCode::Empty.as_str(), "empty");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RuleCode {
            $($(#[$doc])* $name,)*
        }

        impl RuleCode {
            /// All codes.
            pub const ALL: &'static [RuleCode] = &[$(RuleCode::$name,)*];

            /// The code's word.
            pub fn as_str(self) -> &'static str {
                match self { $(RuleCode::$name => $word,)* }
            }
        }
    };
}

codes! {
    /// Empty, or nothing but white space.
    Empty = "empty",
    /// More than the bound.
    TooLong = "too_long",
    /// Less than the bound.
    TooShort = "too_short",
    /// More levels of arrays and objects than the bound.
    TooDeep = "too_deep",
    /// A character that this kind of value may not hold.
    Characters = "characters",
    /// Not of the format that is needed.
    Format = "format",
    /// Outside the allowed range.
    OutOfRange = "out_of_range",
    /// Not one of the allowed words.
    NotOneOf = "not_one_of",
    /// There twice.
    Duplicate = "duplicate",
    /// Not there.
    Missing = "missing",
    /// Not known.
    Unknown = "unknown",
    /// A value of another type.
    WrongType = "wrong_type",
    /// Not UTF-8, or not text at all.
    NotText = "not_text",
    /// Not JSON.
    NotJson = "not_json",
    /// More combining marks on one letter than a script needs.
    StackedMarks = "stacked_marks",
    /// A word that mixes scripts whose letters look alike.
    MixedScripts = "mixed_scripts",
    /// Letters that only look like Latin ones.
    LooksLatin = "looks_latin",
    /// What looks like a secret.
    Secret = "secret",
    /// A rule of its own, which the sentence beside it tells.
    Other = "other",
}

impl RuleCode {
    /// The code of this word.
    pub(super) fn of(word: &str) -> Option<RuleCode> {
        RuleCode::ALL.iter().copied().find(|code| code.as_str() == word)
    }
}

impl fmt::Display for RuleCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RuleCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_one_word_of_its_own_and_written_down() {
        let contracts = std::fs::read_to_string("../docs/spec_v1/10_API_CONTRACTS.md").unwrap();
        for code in RuleCode::ALL {
            assert_eq!(RuleCode::of(code.as_str()), Some(*code));
            assert!(contracts.contains(&format!("`{code}`")), "{code}");
        }
    }
}
