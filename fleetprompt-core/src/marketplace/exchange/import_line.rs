//! One line of a catalogue in JSON Lines.

use serde_json::{Map, Value};

use crate::domain::{
    Asset, AssetKind, Category, Day, DisplayName, JsonBounds, JsonFault, JsonRule, ListingContent,
    ParseError, PriceClass, Rule, SchemaVersion, Tag, Tags, Timestamp, UpstreamId, Version,
    Visibility, json_tree,
};

use super::importing::ImportRow;

/// The most bytes of a line.
pub const IMPORT_LINE_MAX_BYTES: usize = 256 * 1_024;

/// A line that was understood.
///
/// A line is a JSON object. Required: `publisher` (handle), `slug`, `kind`, `upstreamId`, `title`,
/// `summary`, `version`. Optional: `tags`, `category`, `priceClass`, `popularity`, `updated`
/// (`YYYY-MM`, `YYYY-MM-DD` or RFC 3339), `publisherName`, `description`, `documentation`,
/// `repository`, `license`, `schemaVersion`. Anything else is refused, so that a misspelt field is
/// not lost in silence; and so is a field that is there twice. Packs can't be imported.
///
/// ```
/// use fleetprompt_core::marketplace::ImportLine;
/// let line = r#"{"publisher":"acme","slug":"bot","kind":"whs_agent","upstreamId":"a1",
///     "title":"Bot","summary":"Answers.","version":"1.0rc1","updated":"2026-04"}"#;
/// let line = ImportLine::parse(line, false)?;
/// assert_eq!(line.row.version.as_str(), "1.0.0-rc.1");
/// assert!(line.version_normalised);
///
/// let refused = ImportLine::parse(r#"{"publisher":"acme"}"#, false).unwrap_err();
/// assert_eq!(refused.to_string(), "slug is missing");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportLine {
    /// The row.
    pub row: ImportRow,
    /// Whether the version was not semver and was brought into that form (see
    /// [`Version::normalised`]).
    pub version_normalised: bool,
}

/// The bounds of a line.
pub(super) const BOUNDS: JsonBounds =
    JsonBounds { max_bytes: IMPORT_LINE_MAX_BYTES, ..JsonBounds::DOCUMENT };

const FIELDS: &[&str] = &[
    "publisher",
    "publisherName",
    "slug",
    "kind",
    "upstreamId",
    "schemaVersion",
    "title",
    "summary",
    "description",
    "tags",
    "category",
    "priceClass",
    "documentation",
    "repository",
    "license",
    "version",
    "updated",
    "popularity",
];

impl ImportLine {
    /// Understands a line. With `confirm`, the reference counts as confirmed on the importing
    /// operator's word.
    ///
    /// # Errors
    /// The first field that is missing, unknown or breaks its rule.
    pub fn parse(line: &str, confirm: bool) -> Result<Self, ParseError> {
        let Value::Object(fields) = json_tree(line.as_bytes(), BOUNDS).map_err(unreadable)? else {
            return Err(ParseError::new("line", Rule::Format("a JSON object")));
        };
        Self::of(fields, confirm)
    }

    /// As [`parse`](Self::parse), of what was read.
    pub(super) fn of(fields: Map<String, Value>, confirm: bool) -> Result<Self, ParseError> {
        if fields.keys().any(|name| !FIELDS.contains(&name.as_str())) {
            return Err(ParseError::new("line", Rule::Other("has a field that is not known")));
        }
        let fields = Fields(fields);
        let publisher = fields.required("publisher")?;
        let slug = fields.required("slug")?;
        let kind: AssetKind = fields.required("kind")?;
        let asset = asset(kind, &fields)?;
        let version = Version::normalised(fields.text("version")?.ok_or(missing("version"))?)?;
        let released_at = fields.text("updated")?.map(updated).transpose()?;
        let publisher_name: Option<DisplayName> = fields.optional("publisherName")?;
        let content = ListingContent {
            title: fields.required("title")?,
            summary: fields.required("summary")?,
            description: fields.optional("description")?,
            tags: fields.tags()?,
            category: fields.optional("category")?.map_or_else(|| shelf(kind), Ok)?,
            price_class: fields.optional("priceClass")?.unwrap_or(PriceClass::Free),
            visibility: Visibility::Public,
            documentation: fields.optional("documentation")?,
            repository: fields.optional("repository")?,
            license: fields.optional("license")?,
        };
        Ok(ImportLine {
            version_normalised: version.changed,
            row: ImportRow {
                publisher_name: publisher_name.map_or_else(|| named_like(&publisher), Ok)?,
                publisher,
                slug,
                asset,
                content,
                version: version.version,
                released_at: released_at.unwrap_or(Timestamp::MIN),
                popularity: fields.number("popularity")?,
                confirm,
            },
        })
    }
}

/// Says why a line is no JSON with one meaning, by the field if it is one that a line has.
pub(super) fn unreadable(fault: JsonFault) -> ParseError {
    let known = |key: &String| FIELDS.iter().find(|field| *field == key).copied();
    let field = fault.key.as_ref().and_then(known).unwrap_or("line");
    let rule = match fault.rule {
        JsonRule::TooLarge { max } => Rule::TooLong { max, unit: "bytes" },
        JsonRule::TooDeep { .. } => Rule::Other("is nested too deeply"),
        JsonRule::UnpairedSurrogate => Rule::Other("holds half of a surrogate pair"),
        JsonRule::DuplicateKey if field == "line" => Rule::Other("holds a key twice"),
        JsonRule::DuplicateKey => Rule::Other("is there twice"),
        _ => Rule::Format("a JSON object"),
    };
    ParseError::new(field, rule)
}

fn missing(field: &'static str) -> ParseError {
    ParseError::new(field, Rule::Other("is missing"))
}

/// A publisher that brings no name along is called by its handle.
fn named_like(handle: &crate::domain::Handle) -> Result<DisplayName, ParseError> {
    handle.as_str().parse()
}

/// The shelf of what names none.
fn shelf(kind: AssetKind) -> Result<Category, ParseError> {
    match kind {
        AssetKind::WhsAgent => "agents",
        AssetKind::AgentromaticWorkflow => "workflows",
        AssetKind::SpecAsset => "specs",
        AssetKind::Pack => "packs",
    }
    .parse()
}

fn asset(kind: AssetKind, fields: &Fields) -> Result<Asset, ParseError> {
    let id: UpstreamId = fields.required("upstreamId")?;
    let schema_version: Option<SchemaVersion> = fields.optional("schemaVersion")?;
    match kind {
        AssetKind::WhsAgent => Ok(Asset::WhsAgent { whs_agent_id: id }),
        AssetKind::AgentromaticWorkflow => {
            Ok(Asset::AgentromaticWorkflow { agentromatic_workflow_id: id })
        }
        AssetKind::SpecAsset => {
            let schema_version = schema_version.map_or_else(|| "1".parse(), Ok)?;
            Ok(Asset::SpecAsset { spec_id: id, schema_version })
        }
        AssetKind::Pack => Err(ParseError::new("kind", Rule::Other("can't be a pack"))),
    }
}

/// A month, a day or a time.
fn updated(text: &str) -> Result<Timestamp, ParseError> {
    let wrong = |_| ParseError::new("updated", Rule::Format("YYYY-MM, YYYY-MM-DD or RFC 3339"));
    match text.len() {
        7 => format!("{text}-01").parse().map(Day::start).map_err(wrong),
        10 => text.parse().map(Day::start).map_err(wrong),
        _ => text.parse().map_err(wrong),
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn text(&self, field: &'static str) -> Result<Option<&str>, ParseError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ParseError::new(field, Rule::Format("a string"))),
        }
    }

    fn optional<T: std::str::FromStr<Err = ParseError>>(
        &self,
        field: &'static str,
    ) -> Result<Option<T>, ParseError> {
        let parsed = self.text(field)?.map(str::parse).transpose();
        parsed.map_err(|refused: ParseError| ParseError::new(field, refused.rule()))
    }

    fn required<T: std::str::FromStr<Err = ParseError>>(
        &self,
        field: &'static str,
    ) -> Result<T, ParseError> {
        self.optional(field)?.ok_or(missing(field))
    }

    fn number(&self, field: &'static str) -> Result<u64, ParseError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(0),
            Some(value) => value
                .as_u64()
                .ok_or(ParseError::new(field, Rule::Format("a whole number from 0 up"))),
        }
    }

    fn tags(&self) -> Result<Tags, ParseError> {
        let wrong = ParseError::new("tags", Rule::Format("a list of strings"));
        let entries = match self.0.get("tags") {
            None | Some(Value::Null) => return Ok(Tags::default()),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(wrong),
        };
        let of_tags = |refused: ParseError| ParseError::new("tags", refused.rule());
        // Real catalogues repeat tags in other cases; one of each is what they mean.
        let mut tags: Vec<Tag> = Vec::new();
        for entry in entries {
            let tag = entry.as_str().ok_or(wrong)?.parse();
            let tag: Tag = tag.map_err(of_tags)?;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags.try_into().map_err(of_tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"publisher":"acme","slug":"bot","kind":"spec_asset","upstreamId":"a1",
        "title":"Bot","summary":"Answers.","tags":["AI","ai"],"version":"2.0.0","updated":"2026-04",
        "popularity":7}"#;

    #[test]
    fn what_a_line_says_is_in_the_row() {
        let line = ImportLine::parse(LINE, true).unwrap();
        assert!(!line.version_normalised && line.row.confirm);
        assert_eq!(line.row.popularity, 7);
        assert_eq!(line.row.content.tags.as_slice().len(), 1);
        assert_eq!(line.row.released_at.to_string(), "2026-04-01T00:00:00Z");
        assert_eq!(line.row.asset.kind(), AssetKind::SpecAsset);
    }

    #[test]
    fn a_bad_line_is_told_by_field_and_never_by_value() {
        for (from, to, said) in [
            (r#""slug":"bot""#, r#""slug":"-canary-""#, "slug "),
            (r#""kind":"spec_asset""#, r#""kind":"canary""#, "kind "),
            (r#""kind":"spec_asset""#, r#""kind":"pack""#, "kind can't be a pack"),
            (r#""title":"Bot""#, r#""title":" ""#, "title must not be empty"),
            (r#""popularity":7"#, r#""popularity":-7"#, "popularity "),
            (r#""updated":"2026-04""#, r#""updated":"canary""#, "updated "),
            (r#""version":"2.0.0""#, r#""version":"canary""#, "version "),
            (r#""tags":["AI","ai"]"#, r#""tags":"canary""#, "tags "),
            (r#""tags":"#, r#""canary":1,"tags":"#, "line has a field that is not known"),
            ("{", "{{", "line must be a JSON object"),
            (r#""slug":"#, r#""slug":"canary","slug":"#, "slug is there twice"),
            (r#""tags":"#, r#""canary":1,"canary":1,"tags":"#, "line holds a key twice"),
            (r#"["AI","ai"]"#, r#"[{"canary":[],"canary":[]}]"#, "line holds a key twice"),
            (r#""Bot""#, r#""canary\ud800""#, "line holds half of a surrogate pair"),
        ] {
            let refused =
                ImportLine::parse(&LINE.replacen(from, to, 1), false).unwrap_err().to_string();
            assert!(refused.starts_with(said), "{refused}");
            assert!(!refused.contains("canary"), "{refused}");
        }
        let long = " ".repeat(IMPORT_LINE_MAX_BYTES + 1);
        assert!(ImportLine::parse(&long, false).is_err());
    }
}
