//! What requests hold: exactly what is taken, also where the schemas leave it out.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::path::PathItem;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, OneOfBuilder, SchemaType};
use utoipa::openapi::{ObjectBuilder, OpenApi, RefOr, Schema, schema::Type};

/// Says, of all that the body of a request can hold, that the variants of enums take no other fields,
/// and which fields may be null: those that could be in `derived`, the schemas before they were made tidy
/// for answers, which leave out what they do not have.
pub(super) fn complete(document: &mut OpenApi, derived: &BTreeMap<String, RefOr<Schema>>) {
    let Some(components) = &mut document.components else { return };
    keep_parts_open(&mut components.schemas);
    let mut waiting = Vec::new();
    for item in document.paths.paths.values() {
        let PathItem { put, post, patch, .. } = item;
        for operation in [put, post, patch].into_iter().flatten() {
            let Some(RefOr::T(body)) = &operation.request_body else { continue };
            for content in body.content.values() {
                if let RefOr::T(content) = content
                    && let Some(schema) = &content.schema
                {
                    references(schema, &mut waiting);
                }
            }
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let (Some(schema), Some(derived)) =
            (components.schemas.get_mut(&name), derived.get(&name))
        {
            references(schema, &mut waiting);
            complete_schema(schema, derived);
        }
    }
}

/// Writes out the enums that are a part of something larger, whose other fields they must not refuse.
fn keep_parts_open(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let enums: BTreeMap<String, RefOr<Schema>> = schemas
        .iter()
        .filter(|(_, schema)| matches!(schema, RefOr::T(Schema::OneOf(_))))
        .map(|(name, schema)| (format!("#/components/schemas/{name}"), schema.clone()))
        .collect();
    for schema in schemas.values_mut() {
        let RefOr::T(Schema::AllOf(whole)) = schema else { continue };
        for part in &mut whole.items {
            if let RefOr::Ref(to) = part
                && let Some(written_out) = enums.get(&to.ref_location)
            {
                *part = written_out.clone();
            }
        }
    }
}

fn complete_schema(schema: &mut RefOr<Schema>, derived: &RefOr<Schema>) {
    match (schema, derived) {
        (RefOr::T(Schema::Object(schema)), RefOr::T(Schema::Object(derived))) => {
            keep_null(schema, derived);
        }
        (RefOr::T(Schema::OneOf(one)), RefOr::T(Schema::OneOf(derived))) => {
            for (variant, derived) in one.items.iter_mut().zip(&derived.items) {
                if let (RefOr::T(Schema::Object(variant)), RefOr::T(Schema::Object(derived))) =
                    (variant, derived)
                    && !variant.properties.is_empty()
                {
                    let closed = AdditionalProperties::FreeForm(false);
                    variant.additional_properties = Some(Box::new(closed));
                    keep_null(variant, derived);
                }
            }
        }
        _ => {}
    }
}

fn keep_null(schema: &mut Object, derived: &Object) {
    for (name, property) in &mut schema.properties {
        let was_null = derived.properties.get(name).is_some_and(takes_null);
        if was_null && !takes_null(property) {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            let description = take_description(property);
            let either = OneOfBuilder::new().item(null).item(property.clone());
            *property = either.description(description).into();
        }
    }
}

/// What stands at a property, and not at one of the things that it may be.
fn take_description(property: &mut RefOr<Schema>) -> Option<String> {
    match property {
        RefOr::Ref(to) => Some(std::mem::take(&mut to.description)),
        RefOr::T(Schema::Object(object)) => object.description.take(),
        RefOr::T(Schema::Array(array)) => array.description.take(),
        RefOr::T(_) => None,
    }
}

fn takes_null(schema: &RefOr<Schema>) -> bool {
    let null = |kinds: &SchemaType| match kinds {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => null(&array.schema_type),
        RefOr::T(Schema::OneOf(one)) => one.items.iter().any(takes_null),
        _ => false,
    }
}

/// The names of the schemas that this one leads to.
fn references(schema: &RefOr<Schema>, found: &mut Vec<String>) {
    let schema = match schema {
        RefOr::Ref(to) => {
            found.extend(to.ref_location.rsplit('/').next().map(str::to_owned));
            return;
        }
        RefOr::T(schema) => schema,
    };
    match schema {
        Schema::Object(object) => {
            object.properties.values().for_each(|property| references(property, found));
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &array.items {
                references(items, found);
            }
        }
        Schema::OneOf(one) => one.items.iter().for_each(|item| references(item, found)),
        Schema::AllOf(all) => all.items.iter().for_each(|item| references(item, found)),
        Schema::AnyOf(any) => any.items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
