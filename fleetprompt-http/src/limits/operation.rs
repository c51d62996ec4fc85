//! Kinds of operations: what a request costs and whose budget pays.

use axum::extract::{MatchedPath, Request};
use http::Method;

use crate::pages::Kind;

/// What kind of work a request asks for.
///
/// ```
/// use fleetprompt_http::limits::Operation;
/// use http::Method;
/// let search = Operation::classify(&Method::GET, Some("/v1/listings"), Some("q=agent"));
/// assert_eq!(search, Operation::Search);
/// assert!(search.cost() > Operation::Point.cost());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Reads one thing.
    Point,
    /// Reads a page of things.
    List,
    /// Searches.
    Search,
    /// Completes what is being typed.
    Suggest,
    /// Follows the change feed.
    Feed,
    /// Takes an image.
    Media,
    /// Changes something.
    Write,
    /// Brings an image.
    Upload,
    /// Begins an install, which may issue a token.
    Mint,
    /// Redeems an install token, or asks for its manifest again.
    Redeem,
    /// Asks about an install token.
    Introspect,
    /// An operator's work.
    Operator,
    /// Asks about the service itself.
    Meta,
}

/// Which of a principal's budgets pays for an operation.
///
/// ```
/// use fleetprompt_http::limits::{Budgeted, Operation};
/// assert_eq!(Operation::Upload.budgeted(), Budgeted::Write);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Budgeted {
    /// Reads.
    Read,
    /// Searches and suggestions.
    Search,
    /// Writes.
    Write,
    /// Installs begun.
    Mint,
    /// Install tokens presented.
    Redeem,
}

impl Operation {
    /// The kind of a request, by its method, the template of its route (none if no route matches) and
    /// its query. The router may be nested under any path, one with a `/v1/` of its own too: what counts
    /// begins at the last.
    pub fn classify(method: &Method, template: Option<&str>, query: Option<&str>) -> Self {
        let Some(template) = template else { return Operation::Point };
        if let Some(page) = Kind::of_template(template) {
            return page.operation(asks(query));
        }
        let Some((_, path)) = template.rsplit_once("/v1/") else { return Operation::Meta };
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let reads = matches!(*method, Method::GET | Method::HEAD);
        match (reads, segments.as_slice()) {
            _ if *method == Method::OPTIONS => Operation::Meta,
            // Not under our own `/v1/`, but the host's path may have one.
            (true, [.., "docs" | "openapi.json"]) => Operation::Meta,
            (_, ["audit-log" | "fence" | "held-names" | "keys" | "subjects" | "tenants", ..]) => {
                Operation::Operator
            }
            (true, ["listings"]) if asks(query) => Operation::Search,
            (true, ["suggest", ..]) => Operation::Suggest,
            (true, ["changes", ..]) => Operation::Feed,
            (true, segments) if segments.contains(&"media") => Operation::Media,
            (true, [.., last]) if last.starts_with('{') => Operation::Point,
            (true, _) => Operation::List,
            (false, ["entitlements", "lookup"]) => Operation::List,
            (false, ["installs"]) => Operation::Mint,
            (false, ["install-tokens", "introspect"]) => Operation::Introspect,
            (false, ["install-tokens", ..] | ["installs", _, "manifest"]) => Operation::Redeem,
            (false, segments) if segments.contains(&"media") && *method != Method::DELETE => {
                Operation::Upload
            }
            (false, _) => Operation::Write,
        }
    }

    /// The kind of a request that is routed; what a host put among its extensions goes first.
    pub(crate) fn of(request: &Request) -> Self {
        let told = request.extensions().get::<Operation>().copied();
        told.unwrap_or_else(|| {
            let template = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
            Operation::classify(request.method(), template, request.uri().query())
        })
    }

    /// What it takes of a budget.
    pub const fn cost(self) -> u32 {
        match self {
            Operation::Point | Operation::Media | Operation::Meta | Operation::Suggest => 1,
            Operation::Redeem | Operation::Introspect | Operation::Operator => 1,
            Operation::List | Operation::Feed => 2,
            Operation::Search | Operation::Write | Operation::Mint => 5,
            Operation::Upload => 20,
        }
    }

    /// Which of a principal's budgets pays.
    pub const fn budgeted(self) -> Budgeted {
        match self {
            Operation::Search | Operation::Suggest => Budgeted::Search,
            Operation::Write | Operation::Upload | Operation::Operator => Budgeted::Write,
            Operation::Mint => Budgeted::Mint,
            Operation::Redeem | Operation::Introspect => Budgeted::Redeem,
            Operation::Point
            | Operation::List
            | Operation::Feed
            | Operation::Media
            | Operation::Meta => Budgeted::Read,
        }
    }

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::Point => "point",
            Operation::List => "list",
            Operation::Search => "search",
            Operation::Suggest => "suggest",
            Operation::Feed => "feed",
            Operation::Media => "media",
            Operation::Write => "write",
            Operation::Upload => "upload",
            Operation::Mint => "mint",
            Operation::Redeem => "redeem",
            Operation::Introspect => "introspect",
            Operation::Operator => "operator",
            Operation::Meta => "meta",
        }
    }
}

impl Budgeted {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Budgeted::Read => "read",
            Budgeted::Search => "search",
            Budgeted::Write => "write",
            Budgeted::Mint => "mint",
            Budgeted::Redeem => "redeem",
        }
    }
}

/// Whether a query has words to search for.
fn asks(query: Option<&str>) -> bool {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.any(|(name, value)| matches!(&*name, "q" | "query") && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_their_kinds() {
        let cases = [
            ("GET", "/v1/listings", None, Operation::List),
            ("GET", "/v1/listings", Some("q=&limit=5"), Operation::List),
            ("GET", "/v1/listings", Some("limit=5&%71=x"), Operation::Search),
            ("HEAD", "/v1/listings/{id}", None, Operation::Point),
            ("GET", "/v1/publishers/{handle}/listings/{slug}/releases", None, Operation::List),
            ("GET", "/v1/suggest", Some("q=x"), Operation::Suggest),
            ("GET", "/v1/changes", None, Operation::Feed),
            ("GET", "/v1/listings/{listing}/media/{digest}", None, Operation::Media),
            ("PUT", "/v1/listings/{id}/media/icon", None, Operation::Upload),
            ("DELETE", "/v1/listings/{id}/media/icon", None, Operation::Write),
            ("POST", "/v1/listings", None, Operation::Write),
            ("PATCH", "/v1/listings/{id}", None, Operation::Write),
            ("POST", "/v1/installs", None, Operation::Mint),
            ("GET", "/v1/installs", None, Operation::List),
            ("POST", "/v1/installs/{id}/manifest", None, Operation::Redeem),
            ("POST", "/market/v1/install-tokens/redeem", None, Operation::Redeem),
            ("POST", "/v1/install-tokens/introspect", None, Operation::Introspect),
            ("GET", "/v1/audit-log", None, Operation::Operator),
            ("POST", "/v1/keys/{kid}/revoke", None, Operation::Operator),
            ("POST", "/v1/listings/{listing}/takedown", None, Operation::Write),
            ("POST", "/v1/entitlements/lookup", None, Operation::List),
            ("GET", "/openapi.json", None, Operation::Meta),
            ("GET", "/", None, Operation::List),
            ("GET", "/search", Some("q=&kind=pack"), Operation::List),
            ("GET", "/v1/market/search", Some("q=x"), Operation::Search),
            ("GET", "/{handle}/{slug}/releases/{version}", None, Operation::Point),
        ];
        for (method, path, query, expected) in cases {
            let method = method.parse().unwrap();
            assert_eq!(
                Operation::classify(&method, Some(path), query),
                expected,
                "{method} {path}"
            );
        }
        assert_eq!(Operation::classify(&Method::GET, None, Some("q=x")), Operation::Point);
    }

    #[test]
    fn every_route_is_of_its_kind_wherever_the_router_is_mounted() {
        let redeem = |at| Operation::classify(&Method::POST, Some(at), None);
        assert_eq!(redeem("/api/v1/market/v1/install-tokens/redeem"), Operation::Redeem);
        let document = serde_json::to_value(crate::openapi()).unwrap();
        let mut seen = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            let methods = item.as_object().unwrap().keys().map(|name| name.to_uppercase());
            for method in methods.filter_map(|name| name.parse::<Method>().ok()) {
                let kind = |at: &str| Operation::classify(&method, Some(at), Some("q=x"));
                for mount in ["/market", "/api/v1/market", "/v1/market", "/api/v1"] {
                    let nested = format!("{mount}{path}");
                    assert_eq!(kind(&nested), kind(path), "{method} {nested}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 200, "{seen}");
    }
}
