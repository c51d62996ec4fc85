//! The document for people, a reference: one page without scripts.

use askama::Template;
use serde_json::Value;

/// What the page may load: its own style, and nothing else.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "reference.html")]
struct Reference<'a> {
    title: &'a str,
    about: Vec<&'a str>,
    groups: Vec<Group<'a>>,
    schemas: Vec<Schema<'a>>,
}

struct Group<'a> {
    name: &'a str,
    about: &'a str,
    operations: Vec<Operation<'a>>,
}

struct Operation<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    summary: &'a str,
    about: &'a str,
    parameters: Vec<Field<'a>>,
    body: Option<Shape>,
    answers: Vec<Answer<'a>>,
}

/// A parameter or property.
struct Field<'a> {
    name: &'a str,
    place: &'a str,
    required: bool,
    about: &'a str,
    shape: Shape,
}

struct Answer<'a> {
    status: &'a str,
    about: &'a str,
    shape: Option<Shape>,
}

struct Schema<'a> {
    name: &'a str,
    about: &'a str,
    shape: Shape,
    fields: Vec<Field<'a>>,
    /// The shapes of which it is one.
    choices: Vec<Shape>,
}

/// A type in a few words, and the schema that it leads to.
#[derive(Default)]
struct Shape {
    words: String,
    leads_to: Option<String>,
}

/// The page for this document.
pub(super) fn page(document: &Value) -> String {
    let about = text(document.pointer("/info/description"));
    let groups = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let reference = Reference {
        title: text(document.pointer("/info/title")),
        about: about.split("\n\n").collect(),
        groups: groups.map(|tag| group(document, tag)).collect(),
        schemas: entries(document.pointer("/components/schemas"))
            .map(|(name, schema)| described(name, schema))
            .collect(),
    };
    // Writing to a string does not fail.
    reference.render().unwrap_or_default()
}

fn group<'a>(document: &'a Value, tag: &'a Value) -> Group<'a> {
    let name = text(tag.get("name"));
    let operations = entries(document.get("paths")).flat_map(|(path, item)| {
        entries(Some(item)).map(move |(method, operation)| (path, method, operation))
    });
    let tagged = operations.filter(|(_, _, operation)| {
        let tags = operation.get("tags").and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|tag| tag.as_str() == Some(name)))
    });
    let operations =
        tagged.map(|(path, method, operation)| described_operation(path, method, operation));
    Group { name, about: text(tag.get("description")), operations: operations.collect() }
}

fn described_operation<'a>(path: &'a str, method: &str, operation: &'a Value) -> Operation<'a> {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let body = operation.pointer("/requestBody/content").and_then(first_shape);
    let answers = entries(operation.get("responses")).map(|(status, answer)| Answer {
        status,
        about: text(answer.get("description")),
        shape: answer.get("content").and_then(first_shape),
    });
    Operation {
        id: text(operation.get("operationId")),
        method: method.to_uppercase(),
        path,
        summary: text(operation.get("summary")),
        about: text(operation.get("description")),
        parameters: parameters
            .map(|parameter| Field {
                name: text(parameter.get("name")),
                place: text(parameter.get("in")),
                required: parameter.get("required") == Some(&Value::Bool(true)),
                about: text(parameter.get("description")),
                shape: parameter.get("schema").map(shape).unwrap_or_default(),
            })
            .collect(),
        body,
        answers: answers.collect(),
    }
}

fn described<'a>(name: &'a str, schema: &'a Value) -> Schema<'a> {
    let whole = schema.get("allOf").and_then(Value::as_array);
    let parts = whole.map_or_else(|| vec![schema], |parts| parts.iter().collect());
    let fields = parts.iter().flat_map(|part| {
        let required = part.get("required").and_then(Value::as_array);
        entries(part.get("properties")).map(move |(name, property)| Field {
            name,
            place: "",
            required: required.is_some_and(|names| names.iter().any(|known| known == name)),
            about: text(property.get("description")),
            shape: shape(property),
        })
    });
    let fields = fields.collect();
    let referred = parts.iter().filter(|part| part.get("$ref").is_some());
    let one_of = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let choices = referred.copied().chain(one_of).map(shape).collect();
    Schema { name, about: text(schema.get("description")), shape: shape(schema), fields, choices }
}

fn first_shape(content: &Value) -> Option<Shape> {
    let (kind, content) = entries(Some(content)).next()?;
    let mut shape = content.get("schema").map(shape).unwrap_or_default();
    if shape.words.is_empty() {
        kind.clone_into(&mut shape.words);
    }
    Some(shape)
}

fn shape(schema: &Value) -> Shape {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let name = name.rsplit('/').next().unwrap_or_default();
        return Shape { words: name.to_owned(), leads_to: Some(name.to_owned()) };
    }
    if let Some(items) = schema.get("items") {
        let Shape { words, leads_to } = shape(items);
        return Shape { words: format!("list of {words}"), leads_to };
    }
    for some in ["oneOf", "anyOf", "allOf"] {
        let choices = schema.get(some).and_then(Value::as_array).into_iter().flatten();
        let mut choices = choices.map(shape).filter(|shape| shape.words != "null");
        if let (Some(only), None) = (choices.next(), choices.next()) {
            return only;
        }
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return Shape { words: words.join(" | "), leads_to: None };
    }
    let kinds = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => vec![text(kind)],
    };
    let kinds: Vec<_> = kinds.into_iter().filter(|kind| *kind != "null").collect();
    let mut words = kinds.join(" or ");
    for (bound, before) in [
        ("format", ", "),
        ("minLength", ", at least "),
        ("maxLength", ", at most "),
        ("minimum", ", from "),
        ("maximum", ", to "),
        ("pattern", ", like "),
    ] {
        match schema.get(bound) {
            Some(Value::String(bound)) => words = format!("{words}{before}{bound}"),
            Some(Value::Number(bound)) => words = format!("{words}{before}{bound}"),
            _ => {}
        }
    }
    Shape { words, leads_to: None }
}

fn entries(object: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let object = object.and_then(Value::as_object).into_iter().flatten();
    object.map(|(name, value)| (name.as_str(), value))
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_each_operation_and_runs_nothing() {
        let document = serde_json::to_value(crate::openapi()).unwrap();
        let page = page(&document);
        for (path, item) in entries(document.get("paths")) {
            assert!(page.contains(path), "{path}");
            for (_, operation) in entries(Some(item)) {
                let id = text(operation.get("operationId"));
                assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
            }
        }
        for (name, _) in entries(document.pointer("/components/schemas")) {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        assert!(!page.contains("<script") && !page.contains("javascript:"));
    }

    #[test]
    fn what_a_document_says_is_shown_as_text() {
        let document = serde_json::json!({
            "info": {"title": "<img src=x>", "description": "a"},
            "tags": [{"name": "<b>", "description": "\"'&"}],
            "paths": {}, "components": {"schemas": {}},
        });
        let page = page(&document);
        assert!(!page.contains("<img") && !page.contains("<b>"), "{page}");
    }
}
