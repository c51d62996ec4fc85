//! How a type that serialises as one value describes itself in OpenAPI. Without the feature
//! `openapi`, nothing comes of it.

/// Gives a type its schema: an [`ObjectBuilder`](utoipa::openapi::ObjectBuilder) without the
/// description, and the description in lines.
macro_rules! schema {
    ($name:ty = $schema:expr, $($doc:expr),* $(,)?) => {
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $schema.description(Some($crate::openapi::lines(&[$($doc),*]))).into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use schema;
