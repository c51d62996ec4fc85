//! How budgets stand, told to their owner: `RateLimit-Policy` and `RateLimit`, lists of structured
//! fields as in draft-ietf-httpapi-ratelimit-headers-10. Quotas are in requests like the one answered.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::budget::Standing;

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Writes the fields.
pub(super) fn tell(standings: &[Standing], headers: &mut HeaderMap) {
    let (mut policy, mut limit) = (String::new(), String::new());
    for standing in standings {
        let name = standing.purse.as_str();
        let comma = if policy.is_empty() { "" } else { ", " };
        let quota = standing.rate.burst();
        let window = standing.rate.fills_in().as_seconds_ceil();
        // Writing to a string does not fail.
        let _ = write!(policy, "{comma}\"{name}\";q={quota};w={window}");
        let (remaining, reset) = (standing.remaining, standing.reset.as_seconds_ceil());
        let _ = write!(limit, "{comma}\"{name}\";r={remaining};t={reset}");
    }
    for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::from_str(&text)) {
            headers.insert(name, value);
        }
    }
}
