//! The schemas as one document, and what holds a value against one of them.

use std::fmt::Debug;

use jsonschema::Validator;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::openapi::{Components, Info, OpenApiBuilder, Paths, RefOr, Schema};
use utoipa::{Modify as _, PartialSchema, ToSchema};

use crate::domain::*;
use crate::marketplace::tests::fixture::with_more;
use crate::marketplace::*;
use crate::openapi::Tidy;
use crate::search::CatalogueOrder;

macro_rules! all {
    ($($type:ty),* $(,)?) => {{
        let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
        $(
            schemas.push((<$type>::name().into_owned(), <$type>::schema()));
            <$type>::schemas(&mut schemas);
        )*
        schemas
    }};
}

/// Every schema of an input or an answer, and what they refer to.
pub(super) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    all![
        ActiveToken,
        AttemptView,
        AuditEntry,
        BeginInstall,
        CatalogueOrder,
        ChangesPage,
        EntitlementReceipt,
        EntitlementView,
        Erasure,
        FenceReceipt,
        HeldNameView,
        ImageFormat,
        Imported,
        InstallReceipt,
        Introspection,
        InvitationReceipt,
        InvitationView,
        KeyRevocationReceipt,
        ListingAddress,
        ListingEdit,
        ListingReceipt,
        ListingView,
        Manifest,
        MediaReceipt,
        MemberReceipt,
        MemberView,
        Metrics,
        MyPublisher,
        NameReceipt,
        NewListing,
        NewPublisher,
        NewReport,
        OperatorGrant,
        PublisherEdit,
        PublisherReceipt,
        PublisherView,
        ReferenceDecision,
        ReferenceReceipt,
        ReferenceView,
        ReleaseContent,
        ReleaseReceipt,
        ReleaseView,
        ReportReceipt,
        ReportView,
        RenderedHtml,
        ScreenshotPlace,
        SearchPage,
        Suggestions,
        TenantDeletion,
    ]
}

/// The document that a facade would make of them.
pub(super) fn document() -> Value {
    let mut components = Components::new();
    components.schemas.extend(schemas());
    let mut api = OpenApiBuilder::new()
        .info(Info::new("FleetPrompt", "1"))
        .paths(Paths::new())
        .components(Some(components))
        .build();
    Tidy.modify(&mut api);
    serde_json::to_value(api).unwrap()
}

/// Closes a schema, and all within it: what it does not name may not be there. What only a part of
/// an object is described by stays open, since the object as a whole is closed.
pub(super) fn close(schema: &mut Value, whole: bool) {
    let Value::Object(schema) = schema else { return };
    for several in ["oneOf", "allOf", "anyOf"] {
        for part in schema.get_mut(several).and_then(Value::as_array_mut).into_iter().flatten() {
            close(part, false);
        }
    }
    for property in
        schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
    {
        close(property.1, true);
    }
    if let Some(items) = schema.get_mut("items") {
        close(items, true);
    }
    if whole {
        schema.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

/// What tells whether values fit the schema of `T`, to the last property.
pub(super) fn closed<T: ToSchema>() -> Validator {
    let mut components = document()["components"].take();
    for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
        close(schema, false);
    }
    let mut root = serde_json::to_value(T::schema()).unwrap();
    close(&mut root, true);
    root["components"] = components;
    jsonschema::draft202012::options().should_validate_formats(true).build(&root).unwrap()
}

/// Each value fits the schema of its type.
#[track_caller]
pub(super) fn fits<T: ToSchema + Serialize>(values: impl IntoIterator<Item = T>) {
    let schema = closed::<T>();
    for value in values {
        told(&schema, &serde_json::to_value(value).unwrap());
    }
}

#[track_caller]
pub(super) fn told(schema: &Validator, json: &Value) {
    let faults: Vec<_> = schema.iter_errors(json).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, [""; 0], "{json}");
}

/// An answer with everything that there can be, and one with as little as there can be: of this
/// one, nothing may be missing.
#[track_caller]
pub(super) fn answers<T: ToSchema + Serialize>(full: T, bare: T) {
    let schema = closed::<T>();
    told(&schema, &serde_json::to_value(full).unwrap());
    let bare = serde_json::to_value(bare).unwrap();
    told(&schema, &bare);
    for key in bare.as_object().unwrap().keys() {
        let mut less = bare.clone();
        less.as_object_mut().unwrap().remove(key);
        assert!(!schema.is_valid(&less), "{} is always there: {bare}", key);
    }
}

/// An input as a caller may write it, and without what may be left out.
#[track_caller]
pub(super) fn inputs<T: ToSchema + Serialize + DeserializeOwned + PartialEq + Debug>(
    full: Value,
    bare: Value,
) {
    let schema = closed::<T>();
    for written in [full, bare] {
        told(&schema, &written);
        let read: T = serde_json::from_value(written.clone()).unwrap();
        let again = serde_json::to_value(&read).unwrap();
        told(&schema, &again);
        assert_eq!(serde_json::from_value::<T>(again).unwrap(), read);
        for more in with_more(&written) {
            assert!(serde_json::from_value::<T>(more.clone()).is_err(), "{more}");
        }
        for key in written.as_object().unwrap().keys() {
            let mut less = written.clone();
            less.as_object_mut().unwrap().remove(key);
            let readable = serde_json::from_value::<T>(less.clone()).is_ok();
            assert_eq!(readable, schema.is_valid(&less), "{key} in {written}");
        }
    }
}
