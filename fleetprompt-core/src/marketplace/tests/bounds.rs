//! The bounds as the data model tells them.

use std::path::Path;

use crate::domain::bounds::{Bound, LISTS, ListBound, MAX_ICON_BYTES, MAX_SCREENSHOT_BYTES, TABLE};
use crate::domain::{DeepLinkTemplate, IdempotencyKey, JsonBounds};
use crate::marketplace::{IMPORT_LINE_MAX_BYTES, InvitationCode};
use crate::search::{Cursor, Query};
use crate::token::InstallToken;

/// The rows under `heading` in the data model, as they are written.
pub(super) fn documented(heading: &str) -> Vec<String> {
    let file = "../docs/spec_v1/30_DATA_MODEL.md";
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let model = std::fs::read_to_string(model).unwrap();
    let (_, section) = model.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap().split("\n### ").next().unwrap();
    section.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect()
}

fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(|group| str::from_utf8(group).unwrap()).collect::<Vec<_>>().join(",")
}

#[test]
fn the_data_model_tells_the_bounds_as_they_are() {
    let row = |bound: &Bound| {
        let Bound { field, max_chars, max_bytes, .. } = *bound;
        format!("| `{field}` | {} | {} |", with_commas(max_chars), with_commas(max_bytes))
    };
    assert_eq!(documented("### Texts"), TABLE.iter().map(row).collect::<Vec<_>>());
    let row = |list: &ListBound| format!("| `{}` | {} |", list.field, list.max_entries);
    assert_eq!(documented("### Lists"), LISTS.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_data_model_tells_the_other_bounds_as_they_are() {
    let others: Vec<(&str, usize)> = vec![
        ("IdempotencyKey", IdempotencyKey::MAX),
        ("InstallToken", InstallToken::MAX_BYTES),
        ("InvitationCode", InvitationCode::MAX_BYTES),
        ("DeepLinkTemplate", DeepLinkTemplate::MAX_BYTES),
        ("Cursor", Cursor::MAX_BYTES),
        ("Query", Query::MAX_BYTES),
        ("ImportLine", IMPORT_LINE_MAX_BYTES),
        ("JsonBounds::DOCUMENT", JsonBounds::DOCUMENT.max_bytes),
        ("icon", MAX_ICON_BYTES),
        ("screenshot", MAX_SCREENSHOT_BYTES),
    ];
    let row = |(name, bytes): &(&str, usize)| format!("| `{name}` | {} |", with_commas(*bytes));
    assert_eq!(documented("### Whole inputs"), others.iter().map(row).collect::<Vec<_>>());
}
