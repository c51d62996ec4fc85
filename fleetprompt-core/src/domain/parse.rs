//! What is said of input that breaks a rule: the field and the rule, never the value.

use std::fmt;

use super::rule_code::RuleCode;
use super::secret_kind::SecretKind;

/// A value that was refused: which kind of value, and which rule it broke.
///
/// The refused value is not in here, so that an error can be logged and shown.
///
/// ```
/// use fleetprompt_core::domain::Handle;
/// let refused = "".parse::<Handle>().unwrap_err();
/// assert_eq!(refused.to_string(), "handle must not be empty");
/// assert_eq!(format!("{refused:#}"), "empty: handle must not be empty");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    field: &'static str,
    rule: Rule,
}

impl ParseError {
    /// A refusal of `field`, which broke `rule`.
    pub const fn new(field: &'static str, rule: Rule) -> Self {
        ParseError { field, rule }
    }

    /// The kind of value that was refused, in the words of the API.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The rule that the value broke.
    pub fn rule(&self) -> Rule {
        self.rule
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What passes through serde arrives as text alone: the longer form brings the code along.
        if f.alternate() {
            write!(f, "{}: ", self.rule.code())?;
        }
        write!(f, "{} {}", self.field, self.rule)
    }
}

impl std::error::Error for ParseError {}

/// A rule that a value can break.
///
/// ```
/// use fleetprompt_core::domain::Rule;
/// assert_eq!(Rule::TooLong { max: 80, unit: "characters" }.to_string(), "must have at most 80 characters");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// Empty, or nothing but white space.
    Empty,
    /// Longer than the bound.
    TooLong {
        /// The bound.
        max: usize,
        /// What is counted: `characters`, `bytes` or `entries`.
        unit: &'static str,
    },
    /// Shorter than the bound.
    TooShort {
        /// The bound.
        min: usize,
        /// What is counted: `characters`, `bytes` or `entries`.
        unit: &'static str,
    },
    /// A character that this kind of value may not hold; the text says which are allowed.
    Characters(&'static str),
    /// Not of the named format.
    Format(&'static str),
    /// Outside the allowed range.
    OutOfRange,
    /// Not one of the allowed words; the text lists them.
    NotOneOf(&'static str),
    /// The same entry twice.
    Duplicate,
    /// More combining marks on one letter than a script needs.
    StackedMarks {
        /// The most that are allowed.
        max: usize,
    },
    /// A word that mixes scripts whose letters look alike, such as Latin and Cyrillic.
    MixedScripts,
    /// Letters of another alphabet that all look like Latin ones, or a letter that only imitates
    /// another.
    LooksLatin,
    /// What looks like a secret; where and which one is not said.
    Secret(SecretKind),
    /// A rule that needs a sentence of its own.
    Other(&'static str),
}

impl Rule {
    /// The rule as one stable word.
    ///
    /// ```
    /// use fleetprompt_core::domain::{Rule, RuleCode};
    /// let rule = Rule::TooLong { max: 80, unit: "characters" };
    /// assert_eq!(rule.code(), RuleCode::TooLong);
    /// ```
    pub fn code(&self) -> RuleCode {
        match self {
            Rule::Empty => RuleCode::Empty,
            Rule::TooLong { .. } => RuleCode::TooLong,
            Rule::TooShort { .. } => RuleCode::TooShort,
            Rule::Characters(_) => RuleCode::Characters,
            Rule::Format(_) => RuleCode::Format,
            Rule::OutOfRange => RuleCode::OutOfRange,
            Rule::NotOneOf(_) => RuleCode::NotOneOf,
            Rule::Duplicate => RuleCode::Duplicate,
            Rule::StackedMarks { .. } => RuleCode::StackedMarks,
            Rule::MixedScripts => RuleCode::MixedScripts,
            Rule::LooksLatin => RuleCode::LooksLatin,
            Rule::Secret(_) => RuleCode::Secret,
            Rule::Other(_) => RuleCode::Other,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Empty => f.write_str("must not be empty"),
            Rule::TooLong { max, unit } => write!(f, "must have at most {max} {unit}"),
            Rule::TooShort { min, unit } => write!(f, "must have at least {min} {unit}"),
            Rule::Characters(allowed) => write!(f, "may only hold {allowed}"),
            Rule::Format(name) => write!(f, "must be {name}"),
            Rule::OutOfRange => f.write_str("is outside the allowed range"),
            Rule::NotOneOf(words) => write!(f, "must be one of {words}"),
            Rule::Duplicate => f.write_str("holds the same entry twice"),
            Rule::StackedMarks { max } => {
                write!(f, "must have at most {max} combining marks on a letter")
            }
            Rule::MixedScripts => {
                f.write_str("mixes letters of scripts that look alike within a word")
            }
            Rule::LooksLatin => f.write_str("uses letters that only look like Latin ones"),
            Rule::Secret(kind) => {
                write!(f, "holds what looks like {kind}; leave it out, and revoke it if it is real")
            }
            Rule::Other(sentence) => f.write_str(sentence),
        }
    }
}
