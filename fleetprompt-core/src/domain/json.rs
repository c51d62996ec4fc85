//! JSON from outside, read strictly.
//!
//! JSON leaves open what two equal keys mean, and readers differ: what one checks, another never
//! sees. Here a text has one meaning or none: no key twice, nothing behind the end, no half of a
//! surrogate pair, no more bytes or levels than the reader says.

use std::cell::RefCell;
use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
    value::MapAccessDeserializer,
};
use serde_json::{Map, Value};

use super::bounds::JSON_DEPTH_MAX;
use super::rule_code::RuleCode;

/// How much JSON is read.
///
/// ```
/// use fleetprompt_core::domain::JsonBounds;
/// let body = JsonBounds { max_bytes: 1_024, ..JsonBounds::DOCUMENT };
/// assert_eq!(body.max_depth, fleetprompt_core::domain::bounds::JSON_DEPTH_MAX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonBounds {
    /// The most bytes.
    pub max_bytes: usize,
    /// The most levels of arrays and objects.
    pub max_depth: usize,
}

impl JsonBounds {
    /// A document of any use case: 256 KiB, [`JSON_DEPTH_MAX`] levels.
    ///
    /// ```
    /// use fleetprompt_core::domain::JsonBounds;
    /// assert_eq!(JsonBounds::DOCUMENT.max_bytes, 256 * 1_024);
    /// ```
    pub const DOCUMENT: JsonBounds =
        JsonBounds { max_bytes: 256 * 1_024, max_depth: JSON_DEPTH_MAX };
}

/// JSON that was refused: which rule it breaks, and where.
///
/// ```
/// use fleetprompt_core::domain::{JsonBounds, JsonRule, from_json};
/// let twice = br#"{"name": "Acme", "name": "Other"}"#;
/// let refused = from_json::<serde_json::Value>(twice, JsonBounds::DOCUMENT).unwrap_err();
/// assert_eq!(refused.rule(), &JsonRule::DuplicateKey);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    pointer: String,
    rule: JsonRule,
}

impl JsonError {
    /// Where the value stands that was refused, as a JSON pointer (RFC 6901) whose keys are those
    /// of the type that was to be read; empty for the whole text.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The rule that it breaks.
    pub fn rule(&self) -> &JsonRule {
        &self.rule
    }

    pub(crate) fn whole(rule: JsonRule) -> Self {
        JsonError { pointer: String::new(), rule }
    }

    fn within(mut self, step: &str) -> Self {
        let step = step.replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{step}{}", self.pointer);
        self
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "JSON" } else { &self.pointer };
        write!(f, "{place} {}", self.rule)
    }
}

impl std::error::Error for JsonError {}

/// A rule that JSON can break.
///
/// ```
/// use fleetprompt_core::domain::JsonRule;
/// assert_eq!(JsonRule::DuplicateKey.to_string(), "holds a key twice");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonRule {
    /// More bytes than the bound.
    TooLarge {
        /// The bound.
        max: usize,
    },
    /// More levels than the bound.
    TooDeep {
        /// The bound.
        max: usize,
    },
    /// Not UTF-8.
    NotUtf8,
    /// Not JSON (RFC 8259), or something follows it.
    NotJson,
    /// An escape for half of a surrogate pair, which is no character.
    UnpairedSurrogate,
    /// An object with the same key twice.
    DuplicateKey,
    /// An object with a key that the type does not have.
    UnknownField,
    /// An object without a field that the type needs.
    MissingField(&'static str),
    /// A value of another type.
    WrongType,
    /// Another word than these, which the type has.
    NotOneOf(&'static [&'static str]),
    /// A value that its type refused.
    Refused {
        /// The type's rule; `other` if the type does not say.
        code: RuleCode,
        /// The type's words, which never hold the value.
        words: String,
    },
}

impl JsonRule {
    /// The rule as one stable word.
    ///
    /// ```
    /// use fleetprompt_core::domain::{JsonBounds, PublisherProfile, RuleCode, from_json};
    /// let nameless = from_json::<PublisherProfile>(br#"{"name":" "}"#, JsonBounds::DOCUMENT);
    /// assert_eq!(nameless.unwrap_err().rule().code(), RuleCode::Empty);
    /// ```
    pub fn code(&self) -> RuleCode {
        match self {
            JsonRule::TooLarge { .. } => RuleCode::TooLong,
            JsonRule::TooDeep { .. } => RuleCode::TooDeep,
            JsonRule::NotUtf8 | JsonRule::UnpairedSurrogate => RuleCode::NotText,
            JsonRule::NotJson => RuleCode::NotJson,
            JsonRule::DuplicateKey => RuleCode::Duplicate,
            JsonRule::UnknownField => RuleCode::Unknown,
            JsonRule::MissingField(_) => RuleCode::Missing,
            JsonRule::WrongType => RuleCode::WrongType,
            JsonRule::NotOneOf(_) => RuleCode::NotOneOf,
            JsonRule::Refused { code, .. } => *code,
        }
    }
}

impl fmt::Display for JsonRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsonRule::TooLarge { max } => write!(f, "must have at most {max} bytes"),
            JsonRule::TooDeep { max } => write!(f, "must have at most {max} levels"),
            JsonRule::NotUtf8 => f.write_str("must be UTF-8"),
            JsonRule::NotJson => f.write_str("must be one value by RFC 8259"),
            JsonRule::UnpairedSurrogate => f.write_str("holds half of a surrogate pair"),
            JsonRule::DuplicateKey => f.write_str("holds a key twice"),
            JsonRule::UnknownField => f.write_str("has a field that is not known"),
            JsonRule::MissingField(field) => write!(f, "lacks the field {field}"),
            JsonRule::WrongType => f.write_str("is not of the type that is needed"),
            JsonRule::NotOneOf(words) => write!(f, "must be one of {}", words.join(", ")),
            JsonRule::Refused { words, .. } => f.write_str(words),
        }
    }
}

/// Reads a value of any type whose own refusals repeat no value, as those of this crate.
///
/// The text is read once into a tree, which is bounded and checked on the way, and the value is
/// made from the tree.
///
/// ```
/// use fleetprompt_core::domain::{JsonBounds, PublisherProfile, from_json};
/// let profile: PublisherProfile = from_json(br#"{"name":"Acme"}"#, JsonBounds::DOCUMENT)?;
/// assert_eq!(profile.name.as_str(), "Acme");
///
/// let nameless = from_json::<PublisherProfile>(br#"{"name":" "}"#, JsonBounds::DOCUMENT);
/// assert_eq!(nameless.unwrap_err().to_string(), "/name displayName must not be empty");
/// # Ok::<(), fleetprompt_core::domain::JsonError>(())
/// ```
///
/// # Errors
/// The first rule that the text breaks, or that a value in it does.
pub fn from_json<T: DeserializeOwned>(json: &[u8], bounds: JsonBounds) -> Result<T, JsonError> {
    let tree = tree(json, bounds).map_err(JsonError::from)?;
    from_tree(tree)
}

/// Makes a value from a tree that was read.
pub(crate) fn from_tree<T: DeserializeOwned>(tree: Value) -> Result<T, JsonError> {
    T::deserialize(Node(tree))
}

impl From<Fault> for JsonError {
    fn from(fault: Fault) -> Self {
        JsonError::whole(fault.rule)
    }
}

/// Up to here every integer is a double of its own: 2^53.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// What stopped the reading of a tree, and the key that is there twice, if that is it.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) rule: JsonRule,
    pub(crate) key: Option<String>,
}

impl From<JsonRule> for Fault {
    fn from(rule: JsonRule) -> Self {
        Fault { rule, key: None }
    }
}

/// Reads JSON whose meaning is the same to everybody.
pub(crate) fn tree(json: &[u8], bounds: JsonBounds) -> Result<Value, Fault> {
    if json.len() > bounds.max_bytes {
        return Err(JsonRule::TooLarge { max: bounds.max_bytes }.into());
    }
    let text = str::from_utf8(json).map_err(|_| JsonRule::NotUtf8)?;
    let fault = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let strict = Strict { bounds, depth: 0, fault: &fault };
    let read = strict.deserialize(&mut reader).and_then(|tree| reader.end().map(|()| tree));
    read.map_err(|_| {
        fault.take().unwrap_or_else(|| {
            let halved = has_unpaired_surrogate(json);
            if halved { JsonRule::UnpairedSurrogate } else { JsonRule::NotJson }.into()
        })
    })
}

/// Whether an escape stands for half of a surrogate pair.
fn has_unpaired_surrogate(json: &[u8]) -> bool {
    let mut rest = json;
    let mut high = false;
    loop {
        let Some((first, after)) = rest.split_first() else { return high };
        let unit = (*first == b'\\').then(|| escaped(after)).flatten();
        let is_low = unit.is_some_and(|unit| (0xdc00..0xe000).contains(&unit));
        if high != is_low {
            return true;
        }
        high = unit.is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
        let length = match (first, unit) {
            (_, Some(_)) => 5,
            (b'\\', None) => 1,
            _ => 0,
        };
        rest = after.get(length..).unwrap_or_default();
    }
}

/// The code unit behind the `\` of an escape `\uXXXX`.
fn escaped(after: &[u8]) -> Option<u16> {
    let digits = after.strip_prefix(b"u")?.get(..4)?;
    let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

/// Reads one value into a tree, and notes the rule by which it stopped.
#[derive(Clone, Copy)]
struct Strict<'f> {
    bounds: JsonBounds,
    depth: usize,
    fault: &'f RefCell<Option<Fault>>,
}

impl Strict<'_> {
    fn stop<E: de::Error>(&self, fault: Fault) -> E {
        *self.fault.borrow_mut() = Some(fault);
        E::custom("see the fault")
    }

    fn inside<E: de::Error>(self) -> Result<Self, E> {
        let max = self.bounds.max_depth;
        if self.depth >= max {
            return Err(self.stop(JsonRule::TooDeep { max }.into()));
        }
        Ok(Strict { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// However a whole number is written, it is an integer (JSON Schema core 2020-12, section 4.2.1), where
    /// doubles are exact (RFC 8259, section 6).
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        let is_whole = value.fract() == 0.0 && value.abs() <= EXACT_MAX;
        let whole = is_whole.then(|| value.to_string().parse::<i64>().ok()).flatten();
        Ok(whole.map_or_else(|| value.into(), Value::from))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(inside)? {
            entries.push(entry);
        }
        Ok(Value::Array(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(self.stop(Fault { rule: JsonRule::DuplicateKey, key: Some(key) }));
            }
            let value = members.next_value_seed(inside)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// A value of a tree, from which a typed value is made. What serde would say of a value that does
/// not fit repeats it; what [`JsonError`] says does not.
struct Node(Value);

impl de::Error for JsonError {
    /// What a type says of a value that it refuses.
    fn custom<T: fmt::Display>(words: T) -> Self {
        let whole = format!("{words:#}");
        let coded = whole
            .split_once(": ")
            .and_then(|(word, rest)| Some((RuleCode::of(word)?, rest.to_owned())));
        let (code, words) = coded.unwrap_or((RuleCode::Other, words.to_string()));
        JsonError::whole(JsonRule::Refused { code, words })
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        JsonError::whole(JsonRule::WrongType)
    }

    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        JsonError::whole(JsonRule::WrongType)
    }

    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        JsonError::whole(JsonRule::WrongType)
    }

    fn unknown_variant(_: &str, words: &'static [&'static str]) -> Self {
        JsonError::whole(JsonRule::NotOneOf(words))
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        JsonError::whole(JsonRule::UnknownField)
    }

    fn missing_field(field: &'static str) -> Self {
        JsonError::whole(JsonRule::MissingField(field))
    }

    fn duplicate_field(_: &'static str) -> Self {
        JsonError::whole(JsonRule::DuplicateKey)
    }
}

impl<'de> de::Deserializer<'de> for Node {
    type Error = JsonError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (_, _, Some(value)) => visitor.visit_f64(value),
                _ => Err(JsonError::whole(JsonRule::WrongType)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(entries) => {
                let mut entries = Entries { entries: entries.into_iter(), at: 0 };
                let value = visitor.visit_seq(&mut entries)?;
                match entries.entries.next() {
                    None => Ok(value),
                    Some(_) => Err(JsonError::whole(JsonRule::WrongType)),
                }
            }
            Value::Object(members) => visitor.visit_map(Members::of(members)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(word.into_deserializer()),
            Value::Object(members) if members.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(Members::of(members)))
            }
            _ => Err(JsonError::whole(JsonRule::WrongType)),
        }
    }

    /// A word of a type is its name, and never the number that serde would take for it as well.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::String(word) => visitor.visit_string(word),
            _ => Err(JsonError::whole(JsonRule::WrongType)),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct ignored_any
    }
}

struct Entries {
    entries: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'de> SeqAccess<'de> for &mut Entries {
    type Error = JsonError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, JsonError> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        let at = self.at;
        self.at += 1;
        let read = seed.deserialize(Node(entry)).map(Some);
        read.map_err(|refused| refused.within(&at.to_string()))
    }
}

struct Members {
    members: serde_json::map::IntoIter,
    /// The member whose key was read and whose value was not.
    open: Option<(String, Value)>,
}

impl Members {
    fn of(members: Map<String, Value>) -> Self {
        Members { members: members.into_iter(), open: None }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = JsonError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, JsonError> {
        let Some((key, value)) = self.members.next() else { return Ok(None) };
        let read = seed.deserialize(key.as_str().into_deserializer()).map(Some);
        self.open = Some((key, value));
        read
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, JsonError> {
        let (key, value) = self.open.take().unwrap_or_default();
        seed.deserialize(Node(value)).map_err(|refused| refused.within(&key))
    }
}

#[cfg(test)]
mod tests;
