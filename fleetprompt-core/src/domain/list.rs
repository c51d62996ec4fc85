//! Short lists without duplicates.

use super::bounds::{MAX_CAPABILITIES, MAX_SECRET_NAMES, MAX_TAGS};
use super::parse::{ParseError, Rule};
use super::word::{Capability, SecretName, Tag};

macro_rules! lists {
    ($($(#[doc = $doc:literal])* $name:ident of $item:ident = $field:literal, $max:ident, $example:literal;)*) => {$(
        $(#[doc = $doc])*
        ///
        #[doc = concat!(
            "At most [`", stringify!($max), "`](crate::domain::bounds::", stringify!($max),
            ") entries, none of them twice, in the order in which they were given."
        )]
        ///
        /// ```
        #[doc = concat!("use fleetprompt_core::domain::{", stringify!($item), ", ", stringify!($name), "};")]
        #[doc = concat!("let entry: ", stringify!($item), " = ", stringify!($example), ".parse()?;")]
        #[doc = concat!("let list = ", stringify!($name), "::try_from(vec![entry.clone()])?;")]
        /// assert_eq!(list.as_slice(), [entry.clone()]);
        #[doc = concat!("assert!(", stringify!($name), "::try_from(vec![entry.clone(), entry]).is_err());")]
        /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
        /// ```
        #[derive(
            Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "Vec<String>")]
        pub struct $name(Vec<$item>);

        impl $name {
            /// The entries, in order.
            pub fn as_slice(&self) -> &[$item] {
                &self.0
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl TryFrom<Vec<$item>> for $name {
            type Error = ParseError;
            fn try_from(entries: Vec<$item>) -> Result<Self, ParseError> {
                check(&entries, $field, $max)?;
                Ok(Self(entries))
            }
        }

        impl TryFrom<Vec<String>> for $name {
            type Error = ParseError;
            fn try_from(entries: Vec<String>) -> Result<Self, ParseError> {
                count(entries.len(), $field, $max)?;
                let entries: Result<Vec<$item>, _> =
                    entries.into_iter().map($item::try_from).collect();
                entries?.try_into()
            }
        }

        impl From<$name> for Vec<$item> {
            fn from(list: $name) -> Self {
                list.0
            }
        }

        impl<'a> IntoIterator for &'a $name {
            type Item = &'a $item;
            type IntoIter = std::slice::Iter<'a, $item>;
            fn into_iter(self) -> Self::IntoIter {
                self.0.iter()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let list = crate::openapi::set_of::<$item>($max);
                list.description(Some(crate::openapi::lines(&[$($doc),*]))).into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {
            fn schemas(
                schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>,
            ) {
                crate::openapi::referred::<$item>(schemas);
            }
        }
    )*};
}

lists! {
    /// The tags of a listing.
    Tags of Tag = "tags", MAX_TAGS, "agents";
    /// The capabilities that a release declares.
    Capabilities of Capability = "capabilities", MAX_CAPABILITIES, "net:http";
    /// The names of the secrets that a release's runtime will need.
    SecretNames of SecretName = "secretNames", MAX_SECRET_NAMES, "SMTP_PASSWORD";
}

pub(super) fn check<T: PartialEq>(
    entries: &[T],
    field: &'static str,
    max: usize,
) -> Result<(), ParseError> {
    count(entries.len(), field, max)?;
    let twice =
        entries.iter().enumerate().any(|(n, entry)| entries.iter().take(n).any(|e| e == entry));
    if twice { Err(ParseError::new(field, Rule::Duplicate)) } else { Ok(()) }
}

fn count(entries: usize, field: &'static str, max: usize) -> Result<(), ParseError> {
    if entries > max {
        return Err(ParseError::new(field, Rule::TooLong { max, unit: "entries" }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(n: usize) -> Vec<String> {
        (0..n).map(|n| format!("t{n}")).collect()
    }

    #[test]
    fn lists_end_at_their_bound() {
        assert_eq!(Tags::try_from(numbered(20)).unwrap().as_slice().len(), 20);
        let refused = Tags::try_from(numbered(21)).unwrap_err();
        assert_eq!(refused.to_string(), "tags must have at most 20 entries");
        assert!(Capabilities::try_from(numbered(50)).is_ok());
        assert!(Capabilities::try_from(numbered(51)).is_err());
        assert!(SecretNames::try_from(numbered(50)).is_ok());
        assert!(SecretNames::try_from(numbered(51)).is_err());
    }

    #[test]
    fn entries_that_differ_in_case_alone_are_the_same_tag() {
        let refused = serde_json::from_str::<Tags>(r#"["ai", "rag", "AI"]"#).unwrap_err();
        assert!(refused.to_string().starts_with("tags holds the same entry twice"));
    }

    #[test]
    fn lists_are_json_arrays_in_their_order() {
        let tags: Tags = serde_json::from_str(r#"["rag", "Agents"]"#).unwrap();
        assert_eq!(serde_json::to_string(&tags).unwrap(), r#"["rag","agents"]"#);
        assert!(serde_json::from_str::<Tags>(r#"["no spaces"]"#).is_err());
    }
}
