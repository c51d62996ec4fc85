//! `serve`: the marketplace over HTTP, until it is told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use fleetprompt_core::Marketplace;
use tokio::net::TcpListener;

use super::key_watch::KeyWatch;
use super::maintain::upkeep;
use crate::assemble::{self, Background, Database, IfMissing};
use crate::cli::ServeArgs;
use crate::failure::{Failure, Outcome};
use crate::output::tell;
use crate::settings::Settings;
use crate::traces::Traces;

pub(super) async fn run(settings: Settings, args: ServeArgs) -> Outcome {
    let insecure_dev_identity = settings.insecure_dev_identity || args.insecure_dev_identity;
    let settings = Settings { insecure_dev_identity, ..settings };
    let traces = Traces::begin(&settings)?;
    let served = serve(&settings).await;
    traces.end().await;
    served
}

async fn serve(settings: &Settings) -> Outcome {
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| Failure::not_bound(settings.listen, &error))?;
    let keys = assemble::keys(settings)?;
    let database = assemble::database(settings, IfMissing::Make).await?;
    let market = assemble::marketplace(settings, &database, keys).await?;
    warn(settings);
    run_server(settings, (&database, &market), listener, |served| {
        tell!("FleetPrompt is ready on http://{served}");
    })
    .await
}

/// Says what is missing, where a server runs without it and hardly anybody means that.
fn warn(settings: &Settings) {
    let identity = &settings.identity;
    let nobody = identity.oidc.is_none() && identity.services.is_empty();
    if nobody && !settings.insecure_dev_identity {
        tracing::warn!("no identity is configured: only anonymous reading works");
    }
    if settings.systems.is_empty() {
        tracing::warn!("no owning system is configured: nothing can be confirmed or installed");
    }
}

/// Serves until a signal says to stop, and tends the marketplace meanwhile.
pub(crate) async fn run_server(
    settings: &Settings,
    (database, market): (&Database, &Marketplace),
    listener: TcpListener,
    ready: impl FnOnce(SocketAddr),
) -> Outcome {
    let failed = |error: std::io::Error| Failure::failed(error.to_string());
    let served = listener.local_addr().map_err(failed)?;
    let prepared = assemble::prepare(listener, served, (database, market), settings).await?;
    // Before anybody is told that it is ready: whoever is told may stop it at once.
    let stop = stop().map_err(failed)?;
    let every = Duration::from_secs(settings.upkeep.interval_seconds.into());
    let upkeep = Background::spawn(upkeep(every, market.clone()));
    let keys = KeyWatch::new(settings, market).map(|watch| Background::spawn(watch.run()));
    ready(served);
    prepared.run(stop).await;
    drop((upkeep, keys));
    Ok(())
}

/// Over at the first signal to stop. The second one ends the program at once.
#[cfg(unix)]
fn stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (told, hears) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping: what runs is finished; a second signal stops at once");
        let _ = told.send(());
        let code = tokio::select! { _ = terminate.recv() => 143, _ = interrupt.recv() => 130 };
        std::process::exit(code);
    });
    Ok(async move { drop(hears.await) })
}

#[cfg(not(unix))]
fn stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let (told, hears) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        drop(tokio::signal::ctrl_c().await);
        tracing::info!("stopping: what runs is finished; a second signal stops at once");
        let _ = told.send(());
        drop(tokio::signal::ctrl_c().await);
        std::process::exit(130);
    });
    Ok(async move { drop(hears.await) })
}
