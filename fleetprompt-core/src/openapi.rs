//! OpenAPI 3.1 schemas of what use cases take and answer (feature `openapi`).
//!
//! The types themselves implement [`utoipa::ToSchema`], so that a facade names them as bodies and
//! parameters, and their schemas follow. [`Tidy`] makes the document that comes of it fit for
//! readers who know no Rust.

use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, ArrayBuilder, ArrayItems, ObjectBuilder, OneOfBuilder,
    SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{OpenApi, Ref, RefOr, Schema};
use utoipa::{Modify, ToSchema};

use crate::domain::bounds::Bound;

/// The crate whose traits the types implement, in the version that they do.
pub use utoipa;

/// Makes schemas that were derived from code read well: examples in Rust and links between its
/// items leave the descriptions, and what is optional is no longer said to be null as well, since
/// answers leave out what they don't have. A field that is required, and null at times, stays so.
///
/// ```
/// use fleetprompt_core::marketplace::PublisherView;
/// use fleetprompt_core::openapi::{Tidy, utoipa};
/// use utoipa::OpenApi as _;
///
/// #[derive(utoipa::OpenApi)]
/// #[openapi(components(schemas(PublisherView)), modifiers(&Tidy))]
/// struct Api;
///
/// let api = serde_json::to_value(Api::openapi())?;
/// let publisher = &api["components"]["schemas"]["PublisherView"];
/// assert_eq!(publisher["description"], "A publisher, as its page shows it.");
/// assert_eq!(publisher["properties"]["suspended"]["$ref"], "#/components/schemas/Reason");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tidy;

impl Modify for Tidy {
    fn modify(&self, openapi: &mut OpenApi) {
        if let Some(components) = &mut openapi.components {
            components.schemas.values_mut().for_each(tidy);
        }
    }
}

fn tidy(schema: &mut RefOr<Schema>) {
    let schema = match schema {
        RefOr::Ref(to) => {
            to.description = plain(&to.description);
            return;
        }
        RefOr::T(schema) => schema,
    };
    let description = match schema {
        Schema::Object(object) => {
            for (name, property) in &mut object.properties {
                if !object.required.contains(name) {
                    drop_null(property);
                }
                tidy(property);
            }
            if let Some(AdditionalProperties::RefOr(others)) =
                object.additional_properties.as_deref_mut()
            {
                tidy(others);
            }
            &mut object.description
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                tidy(items);
            }
            &mut array.description
        }
        Schema::OneOf(one) => {
            one.items.iter_mut().for_each(tidy);
            &mut one.description
        }
        Schema::AllOf(all) => {
            all.items.iter_mut().for_each(tidy);
            &mut all.description
        }
        Schema::AnyOf(any) => {
            any.items.iter_mut().for_each(tidy);
            &mut any.description
        }
        // Whatever else a schema may come to be is left as it is.
        _ => return,
    };
    if let Some(description) = description {
        *description = plain(description);
    }
}

/// Takes null from among what a property may be.
fn drop_null(property: &mut RefOr<Schema>) {
    let RefOr::T(schema) = property else { return };
    match schema {
        Schema::Object(object) => without_null(&mut object.schema_type),
        Schema::Array(array) => without_null(&mut array.schema_type),
        Schema::OneOf(one) => {
            one.items.retain(|item| !is_null(item));
            if let [_] = one.items.as_slice()
                && let Some(only) = one.items.pop()
            {
                *property = only;
            }
        }
        _ => {}
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object))
        if object.schema_type == SchemaType::Type(Type::Null))
}

fn without_null(kinds: &mut SchemaType) {
    if let SchemaType::Array(several) = kinds {
        several.retain(|kind| *kind != Type::Null);
        if let [only] = several.as_slice() {
            *kinds = SchemaType::Type(only.clone());
        }
    }
}

/// A description without examples of code, and without links to other items of the code.
fn plain(docs: &str) -> String {
    let mut in_code = false;
    let prose = docs.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !fence && !in_code
    });
    let prose = prose.collect::<Vec<_>>().join("\n");
    let mut rest = prose.trim();
    let mut text = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('[') {
        text.push_str(before);
        let link = after.split_once(']');
        let target = link.and_then(|(_, tail)| tail.strip_prefix('(')?.split_once(')'));
        rest = match (link, target) {
            (Some((label, _)), Some((to, tail))) if !to.contains("://") => {
                text.push_str(label);
                tail
            }
            (Some((label, tail)), None) if label.starts_with('`') => {
                text.push_str(label);
                tail
            }
            _ => {
                text.push('[');
                after
            }
        };
    }
    text + rest
}

/// The lines of a documentation comment, each without the space that it begins with.
pub(crate) fn lines(docs: &[&str]) -> String {
    let lines = docs.iter().map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// A text without bounds of its own.
pub(crate) fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A text within bounds; `example` is one in its stored form.
pub(crate) fn text(bound: &Bound, example: &str) -> ObjectBuilder {
    string().min_length(Some(bound.min_chars)).max_length(Some(bound.max_chars)).examples([example])
}

/// What has this form besides: a regular expression (ECMA-262).
pub(crate) fn pattern(text: ObjectBuilder, pattern: &str) -> ObjectBuilder {
    text.pattern(Some(pattern))
}

/// What has this format besides, by its name in JSON Schema or OpenAPI.
pub(crate) fn format(text: ObjectBuilder, format: &str) -> ObjectBuilder {
    text.format(Some(SchemaFormat::Custom(format.to_owned())))
}

/// The id of something that the marketplace keeps.
pub(crate) fn id() -> ObjectBuilder {
    format(string(), "uuid").examples(["01940000-0000-7000-8000-000000000001"])
}

/// One of these words.
pub(crate) fn word(words: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    string().enum_values(Some(words))
}

/// One of these numbers.
pub(crate) fn number_of<const N: usize>(numbers: [u8; N]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some(numbers))
}

/// True or false.
pub(crate) fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

/// An object that has all of these properties.
pub(crate) fn record<const N: usize>(properties: [(&str, RefOr<Schema>); N]) -> ObjectBuilder {
    properties.into_iter().fold(ObjectBuilder::new(), |object, (name, property)| {
        object.property(name, property).required(name)
    })
}

/// Either `active` is false and that is all, or it is true and all of `T` is there as well.
pub(crate) fn active_or_not<T: ToSchema>(description: &str) -> RefOr<Schema> {
    let active = |is| ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([is]));
    let inactive = record([("active", active(false).into())]);
    let active = AllOfBuilder::new()
        .item(record([("active", active(true).into())]))
        .item(Ref::from_schema_name(T::name()));
    OneOfBuilder::new().item(inactive).item(active).description(Some(description)).into()
}

/// A list of such entries.
pub(crate) fn list_of(entry: ObjectBuilder) -> RefOr<Schema> {
    ArrayBuilder::new().items(entry).into()
}

/// A list without duplicates.
pub(crate) fn set_of<T: ToSchema>(max_entries: usize) -> ArrayBuilder {
    ArrayBuilder::new()
        .items(Ref::from_schema_name(T::name()))
        .max_items(Some(max_entries))
        .unique_items(true)
}

/// What belongs to the schema of something that refers to `T`.
pub(crate) fn referred<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_lose_what_only_readers_of_the_code_can_use() {
        let docs = "The name of a [`Listing`](crate::domain::Listing) or [`Pack`]: `[a-z0-9]`.\n\
            \n\
            ```\nlet name = names[0];\n```\n\
            \n\
            See [the standard](https://spec.example/names).";
        assert_eq!(
            plain(docs),
            "The name of a `Listing` or `Pack`: `[a-z0-9]`.\n\n\n\
             See [the standard](https://spec.example/names)."
        );
    }
}
