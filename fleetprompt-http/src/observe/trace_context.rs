//! The caller's trace, by the W3C recommendation *Trace Context*.

use std::fmt;
use std::str::FromStr;

use http::{HeaderMap, HeaderName};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A valid `traceparent`: the trace and the span that a request belongs to.
///
/// ```
/// use fleetprompt_http::observe::TraceContext;
/// let context: TraceContext = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse()?;
/// assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(context.parent_id(), "00f067aa0ba902b7");
/// assert!(context.is_sampled());
/// # Ok::<(), fleetprompt_http::observe::TraceContextError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: [u8; 32],
    parent: [u8; 16],
    flags: u8,
}

/// It is not a `traceparent` as the recommendation wants it.
///
/// ```
/// use fleetprompt_http::observe::{TraceContext, TraceContextError};
/// assert_eq!("00-abc".parse::<TraceContext>(), Err(TraceContextError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid traceparent")]
pub struct TraceContextError;

impl TraceContext {
    /// That of a request; none if there is none, it is not valid, or there are several.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut fields = headers.get_all(TRACEPARENT).iter();
        let (field, None) = (fields.next()?, fields.next()) else { return None };
        field.to_str().ok()?.parse().ok()
    }

    /// The trace, 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        std::str::from_utf8(&self.trace).unwrap_or_default()
    }

    /// The caller's span, 16 hexadecimal digits.
    pub fn parent_id(&self) -> &str {
        std::str::from_utf8(&self.parent).unwrap_or_default()
    }

    /// Whether the caller keeps the trace.
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

impl FromStr for TraceContext {
    type Err = TraceContextError;

    fn from_str(text: &str) -> Result<Self, TraceContextError> {
        let mut fields = text.splitn(5, '-');
        let mut field =
            |length| fields.next().filter(|field| is_hex(field, length)).ok_or(TraceContextError);
        let (version, trace, parent, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
        // Later versions may append fields; this one has none.
        let more = fields.next().is_some();
        let zero = |digits: &str| digits.bytes().all(|digit| digit == b'0');
        if version == "ff" || (version == "00" && more) || zero(trace) || zero(parent) {
            return Err(TraceContextError);
        }
        let digits = |text: &str| text.as_bytes().to_vec();
        Ok(TraceContext {
            trace: digits(trace).try_into().map_err(|_| TraceContextError)?,
            parent: digits(parent).try_into().map_err(|_| TraceContextError)?,
            flags: u8::from_str_radix(flags, 16).map_err(|_| TraceContextError)?,
        })
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id(), self.parent_id(), self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recommendation_is_kept_to() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let span = "00f067aa0ba902b7";
        let zeros = "0".repeat(32);
        let cases = [
            (format!("00-{trace}-{span}-01"), true),
            (format!("00-{trace}-{span}-ff"), true),
            (format!("cc-{trace}-{span}-01-what-will-be"), true),
            (format!("cc-{trace}-{span}-01"), true),
            (format!("cc-{trace}-{span}-01."), false),
            (format!("00-{trace}-{span}-01-"), false),
            (format!("ff-{trace}-{span}-01"), false),
            (format!("00-{}-{span}-01", trace.to_uppercase()), false),
            (format!("00-{zeros}-{span}-01"), false),
            (format!("00-{trace}-{}-01", &zeros[..16]), false),
            (format!("00-{trace}-{span}"), false),
            (format!("00-{trace}-{span}-1"), false),
            (format!("00-{trace}-{span}é-01"), false),
            (String::new(), false),
        ];
        for (text, valid) in cases {
            assert_eq!(text.parse::<TraceContext>().is_ok(), valid, "{text}");
        }
        let text = format!("00-{trace}-{span}-00");
        let context: TraceContext = text.parse().unwrap();
        assert_eq!((context.to_string(), context.is_sampled()), (text.clone(), false));
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, text.parse().unwrap());
        assert_eq!(TraceContext::of(&headers), Some(context));
        headers.append(TRACEPARENT, text.parse().unwrap());
        assert_eq!(TraceContext::of(&headers), None, "two are none");
    }
}
