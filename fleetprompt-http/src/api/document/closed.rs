//! Says of what requests hold that it takes no unknown fields, also where the derived schemas leave it
//! out: in the variants of enums.

use std::collections::BTreeSet;

use utoipa::openapi::path::PathItem;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object};
use utoipa::openapi::{OpenApi, RefOr, Schema};

/// Closes the variants of every enum that the body of a request can hold.
pub(super) fn close_inputs(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
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
        if let Some(schema) = components.schemas.get_mut(&name) {
            references(schema, &mut waiting);
            close_variants(schema);
        }
    }
}

fn close_variants(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(one)) = schema else { return };
    for variant in &mut one.items {
        if let RefOr::T(Schema::Object(Object { additional_properties, properties, .. })) = variant
            && !properties.is_empty()
        {
            *additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
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
