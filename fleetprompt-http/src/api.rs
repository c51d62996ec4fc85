//! The routes under `/v1`, and the OpenAPI document made from them.
#![expect(unused_qualifications, reason = "utoipa's macros qualify the types that they name")]

pub(crate) mod address;
mod catalogue;
mod changes;
mod document;
mod entitlements;
mod installs;
mod listings;
pub(crate) mod media;
mod operating;
mod parameter;
mod person;
mod publishers;
mod references;
mod reports;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use fleetprompt_core::Marketplace;
use fleetprompt_core::domain::IssuerName;
use fleetprompt_core::port::Entropy;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use utoipa_axum::router::OpenApiRouter;

use crate::Origin;
use crate::convention::response_cache::{self, ResponseCache};
use crate::convention::{Problem, request_id};
use crate::identity::Authenticate;
use crate::pages;

/// What every route works with: the marketplace, who says who asks, and where it all stands.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    market: Marketplace,
    identity: Arc<dyn Authenticate>,
    origin: Origin,
    people: Option<IssuerName>,
    entropy: Arc<dyn Entropy>,
    cache: Option<Arc<ResponseCache>>,
    pages: bool,
}

impl Api {
    /// A facade of `market` for the callers whom `identity` establishes, reached at `origin`.
    pub fn new(market: Marketplace, identity: Arc<dyn Authenticate>, origin: Origin) -> Self {
        let entropy = Arc::new(fleetprompt_core::port::SystemEntropy);
        let (people, cache, pages) = (None, None, false);
        Api { inner: Arc::new(Inner { market, identity, origin, people, entropy, cache, pages }) }
    }

    /// The same, where people come from one identity provider: owning systems and operators name
    /// somebody by subject and tenant alone.
    #[must_use]
    pub fn people_of(self, issuer: IssuerName) -> Self {
        Api { inner: Arc::new(Inner { people: Some(issuer), ..Inner::clone(&self.inner) }) }
    }

    /// The same, keeping answers to anonymous readers: at most so many bytes of them. Each is used only
    /// while the store is in the state that it was made from, whichever process changed it, on the same day
    /// and under the same keys. Not for a store whose anonymous reads may be behind.
    #[must_use]
    pub fn response_cache(self, bytes: u64) -> Self {
        let cache = Some(Arc::new(ResponseCache::new(bytes)));
        Api { inner: Arc::new(Inner { cache, ..Inner::clone(&self.inner) }) }
    }

    /// The same, with pages for browsers beside the API: the catalogue as everybody may read it. Where the
    /// router stands at the root, `/` is the first of them.
    ///
    /// ```
    /// use fleetprompt_http::{Api, axum, router};
    /// fn with_pages(api: Api) -> axum::Router {
    ///     router(api.pages())
    /// }
    /// ```
    #[must_use]
    pub fn pages(self) -> Self {
        Api { inner: Arc::new(Inner { pages: true, ..Inner::clone(&self.inner) }) }
    }

    pub(crate) fn kept_responses(&self) -> Option<&ResponseCache> {
        self.inner.cache.as_deref()
    }

    pub(crate) fn market(&self) -> &Marketplace {
        &self.inner.market
    }

    pub(crate) fn identity(&self) -> &dyn Authenticate {
        &*self.inner.identity
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.inner.origin
    }

    fn people_issuer(&self) -> Option<&IssuerName> {
        self.inner.people.as_ref()
    }
}

/// The routes with their descriptions.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(document::base())
        .merge(catalogue::routes())
        .merge(changes::routes())
        .merge(publishers::routes())
        .merge(listings::routes())
        .merge(media::routes())
        .merge(entitlements::routes())
        .merge(installs::routes())
        .merge(references::routes())
        .merge(reports::routes())
        .merge(operating::routes())
        .merge(document::routes())
}

/// The router, to be served as it is or nested under a path of the host's own.
///
/// ```
/// use std::sync::Arc;
/// use fleetprompt_core::port::Principal;
/// use fleetprompt_core::token::{KeyRing, MasterKey};
/// use fleetprompt_core::{Marketplace, memory::MemoryStore};
/// use fleetprompt_http::{Api, axum, identity::{Authenticate, AuthenticateFuture}, router};
/// /// A catalogue to look at: nobody signs in.
/// struct Nobody;
/// impl Authenticate for Nobody {
///     fn authenticate<'a>(&'a self, _: &'a http::request::Parts) -> AuthenticateFuture<'a> {
///         Box::pin(std::future::ready(Ok(Principal::Anonymous)))
///     }
/// }
/// # pollster::block_on(async {
/// let market = Marketplace::builder(MemoryStore::default())
///     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
///     .issuer("https://market.example".parse()?)
///     .build()
///     .await?;
/// let api = Api::new(market, Arc::new(Nobody), "https://example.com/market".parse()?);
/// let app: axum::Router = axum::Router::new().nest("/market", router(api));
/// # drop(app);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub fn router(api: Api) -> Router {
    let (mut router, _) = routes().split_for_parts();
    if api.inner.pages {
        router = router.merge(pages::routes());
    }
    router
        .fallback(elsewhere)
        .method_not_allowed_fallback(|| async {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Problem::new(status, "method_not_allowed", "This is not done here with that method.")
        })
        .layer(from_fn_with_state(api.clone(), pass))
        .with_state(api)
}

/// What no route has. An address of a page with a slash too many leads to the page.
async fn elsewhere(State(api): State<Api>, method: Method, uri: Uri) -> Response {
    let reads = matches!(method, Method::GET | Method::HEAD);
    match uri.path().strip_suffix('/') {
        Some(path) if api.inner.pages && reads && !pages::is_of_api(uri.path()) => {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            let place = api.origin().at(&format!("{}{query}", path.trim_end_matches('/')));
            let place = HeaderValue::from_str(&place).unwrap_or(HeaderValue::from_static("/"));
            (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response()
        }
        _ => Problem::not_found().into_response(),
    }
}

/// Names the request and answers it from what is kept, or by its route: one layer, since axum copies all
/// that is left of a route's layers at each of them.
async fn pass(State(api): State<Api>, request: Request, next: Next) -> Response {
    let inner = Arc::clone(&api.inner);
    let Inner { entropy, origin, .. } = &*inner;
    let is_page = api.inner.pages && !pages::is_of_api(request.uri().path());
    let answer = async |request| {
        let answer = response_cache::answer(&api, request, next).await;
        let mut response = answer.unwrap_or_else(IntoResponse::into_response);
        pages::place(&mut response, origin, || is_page);
        response
    };
    request_id::named(&**entropy, request, answer).await
}

/// The OpenAPI 3.1 document of the routes.
///
/// ```
/// let document: fleetprompt_http::utoipa::openapi::OpenApi = fleetprompt_http::openapi();
/// assert!(document.paths.paths.contains_key("/v1/listings"));
/// ```
pub fn openapi() -> utoipa::openapi::OpenApi {
    document::complete(routes().into_openapi())
}
