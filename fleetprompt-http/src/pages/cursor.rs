//! Lists that go on on another page.

use fleetprompt_core::ErrorCode;
use fleetprompt_core::port::PageSize;
use fleetprompt_core::search::Cursor;

use crate::convention::{Caller, Problem};

use super::links;

/// How many entries a page shows.
pub(super) const SIZE: PageSize = PageSize::new(20);

/// The parameter that says where to go on.
pub(super) const PARAMETER: &str = "cursor";

/// The first value of a parameter that is not empty. Others that somebody hung on are no reason to refuse a
/// reader.
pub(super) fn parameter(caller: &Caller, name: &str) -> Option<String> {
    let query = caller.uri().query().unwrap_or_default();
    let mut sent = url::form_urlencoded::parse(query.as_bytes());
    let found = sent.find(|(sent, value)| sent == name && !value.trim().is_empty());
    found.map(|(_, value)| value.into_owned())
}

/// A part of a list that was asked for, and whether it is there.
pub(super) struct Part<T> {
    pub(super) found: Option<T>,
    /// Whether the list begins here.
    pub(super) is_first: bool,
}

/// What `list` answers from where the request says; nothing, where that has expired or never was a place in
/// this list.
pub(super) async fn part<T>(
    caller: &Caller,
    list: impl AsyncFnOnce(Option<&Cursor>) -> fleetprompt_core::Result<T>,
) -> Result<Part<T>, Problem> {
    let sent = parameter(caller, PARAMETER);
    let is_first = sent.is_none();
    let Ok(cursor) = sent.map(|sent| sent.parse::<Cursor>()).transpose() else {
        return Ok(Part { found: None, is_first });
    };
    match list(cursor.as_ref()).await {
        Ok(found) => Ok(Part { found: Some(found), is_first }),
        Err(refused) if !is_first && is_expired(refused.code()) => {
            Ok(Part { found: None, is_first })
        }
        Err(refused) => Err(refused.into()),
    }
}

fn is_expired(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::InvalidCursor | ErrorCode::CursorTooOld)
}

/// The link to the part of the list at `path` that begins at a cursor.
pub(super) fn next(path: &str, cursor: Option<&Cursor>) -> Option<String> {
    let cursor = cursor?.to_string();
    Some(links::asking(path, [(PARAMETER, cursor.as_str())]))
}
