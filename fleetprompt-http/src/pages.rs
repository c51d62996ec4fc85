//! The pages for browsers: the catalogue as everybody may read it, with no script and nothing to sign in to
//! (ADR-0028). They ask the same use cases as the API, and speak by the same conventions.

mod address;
mod asset;
mod card;
mod cursor;
mod error;
mod frame;
mod home;
mod image;
mod links;
mod listing;
mod publisher;
mod release;
mod releases;
mod respond;
mod search;
mod words;

use axum::Router;
use axum::routing::{any, get};

use crate::api::Api;
use crate::convention::Problem;

pub(crate) use address::Kind;
pub(crate) use error::{ErrorPlace, is_template, place, respond as error_page};
pub(crate) use links::is_of_api;

/// The routes of the pages.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(address::HOME, get(home::page))
        .route(address::SEARCH, get(search::page))
        .route(address::PUBLISHER, get(publisher::page))
        .route(address::LISTING, get(listing::page))
        .route(address::RELEASES, get(releases::page))
        .route(address::RELEASE, get(release::page))
        .route(address::IMAGE, get(image::image))
        .route(address::ASSET, get(asset::file))
        .route(address::ROBOTS, get(asset::robots))
        // What the API does not have is no publisher's page.
        .route("/v1", any(|| async { Problem::not_found() }))
        .route("/v1/{*rest}", any(|| async { Problem::not_found() }))
}
