//! Looking through what is written, whatever the use case, for what must not be published: secrets,
//! names that deceive, links that lead nowhere.
//!
//! A command is serialised anyway, as the fingerprint of its request; so its texts are found by
//! serialising it once more, into a serialiser that only looks. No use case can forget a field.
//! Types say by their names what they hold: newtypes are serialised as such.

use std::fmt;

use serde::Serialize;
use serde::ser::{self, Serializer};

use crate::domain::{ParseError, Rule};
use crate::policy::{deceptive, find_secret, leads_nowhere};

/// Refuses a command that holds what must not be published, by the innermost field that it stands
/// in. These rules grow with what is known of secrets and scripts, so they are no part of the types:
/// what was stored before is read as ever.
pub(super) fn inspect<C: Serialize>(command: &C) -> Result<(), ParseError> {
    match command.serialize(Inspector { field: "request", kind: "" }) {
        Ok(()) => Ok(()),
        Err(Fault::Refused(refused)) => Err(refused),
        // What cannot be serialised is refused where its fingerprint is made.
        Err(Fault::Broken) => Err(ParseError::new("request", Rule::Format("serialisable"))),
    }
}

/// Names that an identity provider gives: nobody publishes them, and a person must be erasable
/// whatever they are called.
const GIVEN: &[&str] = &["IssuerName", "TenantName", "SubjectName", "ClientName"];

fn judge(field: &'static str, kind: &'static str, text: &str) -> Result<(), Fault> {
    let refuse = |rule| Err(Fault::Refused(ParseError::new(field, rule)));
    if !GIVEN.contains(&kind)
        && let Some(secret) = find_secret(text)
    {
        return refuse(Rule::Secret(secret));
    }
    let broken = match kind {
        "Title" | "DisplayName" => deceptive(text),
        "WebLink" | "ArtifactUri" => leads_nowhere(text),
        _ => None,
    };
    broken.map_or(Ok(()), refuse)
}

/// Why a command was not looked through to its end.
#[derive(Debug)]
enum Fault {
    Refused(ParseError),
    Broken,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Refused(refused) => refused.fmt(f),
            Fault::Broken => f.write_str("a value can't be serialised"),
        }
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Fault::Broken
    }
}

/// Looks at one value: the field that it stands in, and its newtype.
#[derive(Clone, Copy)]
struct Inspector {
    field: &'static str,
    kind: &'static str,
}

macro_rules! ignore {
    ($($method:ident $type:ty;)*) => {$(
        fn $method(self, _: $type) -> Result<(), Fault> {
            Ok(())
        }
    )*};
}

impl Serializer for Inspector {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    ignore! {
        serialize_bool bool; serialize_i8 i8; serialize_i16 i16; serialize_i32 i32;
        serialize_i64 i64; serialize_u8 u8; serialize_u16 u16; serialize_u32 u32;
        serialize_u64 u64; serialize_f32 f32; serialize_f64 f64; serialize_char char;
        serialize_unit_struct &'static str;
    }

    fn serialize_str(self, text: &str) -> Result<(), Fault> {
        judge(self.field, self.kind, text)
    }

    /// Bytes are digests and the like; a text is never written as bytes.
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        kind: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(Inspector { kind, ..self })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Fault> {
        Ok(self)
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident;)*) => {$(
        impl ser::$trait for Inspector {
            type Ok = ();
            type Error = Fault;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Fault> {
                Ok(())
            }
        }
    )*};
}

elements! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! fields {
    ($($trait:ident)*) => {$(
        impl ser::$trait for Inspector {
            type Ok = ();
            type Error = Fault;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                field: &'static str,
                value: &T,
            ) -> Result<(), Fault> {
                value.serialize(Inspector { field, kind: "" })
            }

            fn end(self) -> Result<(), Fault> {
                Ok(())
            }
        }
    )*};
}

fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Inspector {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        key.serialize(*self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::domain::{
        ArtifactUri, ClientName, DisplayName, IssuerName, PersonIdentity, SecretKind, SubjectName,
        TenantName, Title, WebLink,
    };
    use crate::marketplace::tests::fixture::{identity, of, secret};

    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Every {
        plain_text: String,
        maybe: Option<String>,
        list: Vec<String>,
        pair: (u8, String),
        map: BTreeMap<String, String>,
        shape: Shape,
        who: PersonIdentity,
    }

    #[derive(Serialize)]
    enum Shape {
        Unit,
        One(String),
        Two(u8, String),
        Named { inner: String },
    }

    fn every() -> Every {
        Every {
            plain_text: "a".into(),
            maybe: None,
            list: Vec::new(),
            pair: (1, "b".into()),
            map: BTreeMap::new(),
            shape: Shape::Unit,
            who: identity("acme", "ada"),
        }
    }

    #[test]
    fn a_secret_is_found_in_every_shape_that_a_command_can_have() {
        assert_eq!(inspect(&every()), Ok(()));
        let key = || secret();
        for (field, command) in [
            ("plainText", Every { plain_text: key(), ..every() }),
            ("maybe", Every { maybe: Some(key()), ..every() }),
            ("list", Every { list: vec!["a".into(), key()], ..every() }),
            ("pair", Every { pair: (1, key()), ..every() }),
            ("map", Every { map: [(key(), "a".into())].into(), ..every() }),
            ("map", Every { map: [("a".into(), key())].into(), ..every() }),
            ("shape", Every { shape: Shape::One(key()), ..every() }),
            ("shape", Every { shape: Shape::Two(1, key()), ..every() }),
            ("inner", Every { shape: Shape::Named { inner: key() }, ..every() }),
        ] {
            let refused = inspect(&command).unwrap_err();
            assert_eq!(refused, ParseError::new(field, Rule::Secret(SecretKind::GitLabToken)));
        }
    }

    #[test]
    fn what_an_identity_provider_calls_people_is_let_be() {
        assert_eq!(inspect(&Every { who: identity("acme", &secret()), ..every() }), Ok(()));
    }

    #[test]
    fn names_are_judged_as_names_and_other_texts_are_not() {
        let fake: Title = of("р\u{430}ypal");
        let refused = inspect(&Some(&fake)).unwrap_err();
        assert_eq!(refused.rule(), Rule::MixedScripts);
        assert_eq!(inspect(&fake.as_str()), Ok(()));
    }

    #[test]
    fn links_are_judged_by_where_they_lead() {
        let (router, bucket): (WebLink, ArtifactUri) = (of("http://192.168.1.1/"), of("s3://b/k"));
        assert!(inspect(&router).is_err());
        assert_eq!(inspect(&bucket), Ok(()));
    }

    /// The names by which the inspector knows types are those that the types have.
    #[test]
    fn types_are_known_by_their_names() {
        let name = |full: &'static str| full.rsplit("::").next().unwrap();
        let named = [
            name(std::any::type_name::<Title>()),
            name(std::any::type_name::<DisplayName>()),
            name(std::any::type_name::<WebLink>()),
            name(std::any::type_name::<ArtifactUri>()),
        ];
        assert_eq!(named, ["Title", "DisplayName", "WebLink", "ArtifactUri"]);
        let given = [
            name(std::any::type_name::<IssuerName>()),
            name(std::any::type_name::<TenantName>()),
            name(std::any::type_name::<SubjectName>()),
            name(std::any::type_name::<ClientName>()),
        ];
        assert_eq!(given, GIVEN);
    }
}
