//! Plain parts that stand in for those of the library.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fleetprompt_core::Marketplace;
use fleetprompt_core::domain::{IssuerName, PersonIdentity, TenantIdentity};
use fleetprompt_core::port::Principal;
use fleetprompt_http::identity::{Authenticate, AuthenticateError, AuthenticateFuture};
use http::request::Parts;
use http::{StatusCode, header};
use tokio::net::TcpListener;

use crate::failure::{Failure, Outcome};
use crate::settings::Settings;

/// Who vouches for made-up identities.
pub(crate) const DEV_ISSUER: &str = "https://dev.invalid";

pub(super) fn identity(settings: &Settings, served: SocketAddr) -> Outcome<Arc<dyn Authenticate>> {
    if settings.identity.oidc.is_some() || !settings.identity.services.is_empty() {
        return Err(Failure::usage("identity: this build takes made-up identities only"));
    }
    match settings.insecure_dev_identity {
        false => Ok(Arc::new(Nobody)),
        true if served.ip().is_loopback() => Ok(Arc::new(MadeUp)),
        true => Err(Failure::usage(format!(
            "insecure-dev-identity: made-up identities are for loopback addresses, not for {served}"
        ))),
    }
}

/// The one identity provider that people come from, if there is one.
pub(super) fn people_issuer(settings: &Settings) -> Outcome<Option<IssuerName>> {
    match settings.insecure_dev_identity {
        true => Ok(Some(DEV_ISSUER.parse()?)),
        false => Ok(None),
    }
}

/// Nobody can sign in.
struct Nobody;

impl Authenticate for Nobody {
    fn authenticate<'a>(&'a self, head: &'a Parts) -> AuthenticateFuture<'a> {
        let signed = head.headers.contains_key(header::AUTHORIZATION);
        let who = if signed { Err(AuthenticateError::Invalid) } else { Ok(Principal::Anonymous) };
        Box::pin(std::future::ready(who))
    }
}

/// Whoever one says one is.
struct MadeUp;

impl Authenticate for MadeUp {
    fn authenticate<'a>(&'a self, head: &'a Parts) -> AuthenticateFuture<'a> {
        Box::pin(std::future::ready(made_up(head)))
    }
}

fn made_up(head: &Parts) -> Result<Principal, AuthenticateError> {
    let invalid = AuthenticateError::Invalid;
    let Some(value) = head.headers.get(header::AUTHORIZATION) else {
        return Ok(Principal::Anonymous);
    };
    let credential = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let issuer = DEV_ISSUER.parse().map_err(|_| invalid)?;
    let credential = credential.ok_or(invalid)?;
    if let Some(system) = credential.strip_prefix("dev-system:") {
        return Ok(Principal::system(issuer, system.parse().map_err(|_| invalid)?));
    }
    let mut parts = credential.strip_prefix("dev:").ok_or(invalid)?.split(':');
    let (tenant, subject) = (parts.next().unwrap_or_default(), parts.next().ok_or(invalid)?);
    let subject = subject.parse().map_err(|_| invalid)?;
    let identity = match tenant {
        "" | "-" => PersonIdentity::personal(issuer, subject),
        tenant => {
            let tenant = tenant.parse().map_err(|_| invalid)?;
            PersonIdentity::new(TenantIdentity::organisation(issuer, tenant), subject)
        }
    };
    match (parts.next(), parts.next()) {
        (None, _) => Ok(Principal::person(identity)),
        (Some("operator"), None) => Ok(Principal::operator(identity)),
        _ => Err(invalid),
    }
}

/// Adds the questions that a supervisor asks.
pub(super) fn health(router: Router, market: Marketplace) -> Router {
    let ready = move || {
        let market = market.clone();
        async move {
            match market.act_as(Principal::Anonymous).feed_cursor().await {
                Ok(_) => (StatusCode::OK, "ready\n"),
                Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
            }
        }
    };
    router.route("/healthz", get(|| async { "up\n" })).route("/readyz", get(ready))
}

/// Serves until `stop` is over, and then what runs to its end, for a while.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    settings: &Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Outcome {
    let within = Duration::from_secs(settings.serve.shutdown_seconds.unwrap_or(30).into());
    let (told, hears) = tokio::sync::oneshot::channel();
    let stop = async move {
        stop.await;
        drop(told.send(()));
    };
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop);
    let late = async {
        // Without an answer, nobody was told to stop.
        if hears.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(within).await;
    };
    tokio::select! {
        ended = serving => ended.map_err(|error| Failure::failed(error.to_string())),
        () = late => {
            tracing::warn!("some requests were cut off: they did not finish in time");
            Ok(())
        }
    }
}
