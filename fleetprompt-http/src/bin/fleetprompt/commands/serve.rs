//! `serve`: the marketplace over HTTP, until it is told to stop.

use std::future::Future;
use std::net::SocketAddr;
#[cfg(unix)]
use std::sync::{Arc, atomic::AtomicBool};
use std::time::Duration;

use fleetprompt_core::Marketplace;
use fleetprompt_http::observe::Metrics;
use tokio::net::TcpListener;

use super::key_watch::KeyWatch;
use super::maintain::upkeep;
use crate::assemble::{self, Background, Database, IfMissing};
use crate::cli::ServeArgs;
use crate::failure::{Failure, Outcome};
use crate::output::tell;
use crate::server_log::ServerLog;
use crate::settings::Settings;

pub(super) async fn run(settings: Settings, args: ServeArgs) -> Outcome {
    let insecure_dev_identity = settings.insecure_dev_identity || args.insecure_dev_identity;
    let settings = Settings { insecure_dev_identity, ..settings };
    let log = ServerLog::begin(&settings)?;
    let served = serve(&settings, log.metrics()).await;
    log.end().await;
    served
}

async fn serve(settings: &Settings, metrics: &Metrics) -> Outcome {
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| Failure::not_bound(settings.listen, &error))?;
    let keys = assemble::keys(settings)?;
    let database = assemble::database(settings, IfMissing::Make).await?;
    let market = assemble::marketplace(settings, &database, keys).await?;
    warn(settings);
    let served = run_server(settings, (&database, &market), (listener, metrics), |served| {
        tell!("FleetPrompt is ready on http://{served}");
    })
    .await;
    database.close(market).await;
    served
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
    (listener, metrics): (TcpListener, &Metrics),
    ready: impl FnOnce(SocketAddr),
) -> Outcome {
    let failed = |error: std::io::Error| Failure::failed(error.to_string());
    let served = listener.local_addr().map_err(failed)?;
    let prepared =
        assemble::prepare(listener, served, (database, market), settings, metrics).await?;
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

/// Over at the first signal to stop. A second SIGTERM or SIGINT ends the program at once: where it arrives,
/// so that nothing which hangs can hold it up. SIGHUP, which may come several times when a terminal is
/// closed, does not.
#[cfg(unix)]
fn stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use tokio::signal::unix::{SignalKind, signal};
    let told = Arc::new(AtomicBool::new(false));
    for number in [SIGTERM, SIGINT] {
        // The second one finds what the first one left.
        signal_hook::flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&told))?;
        signal_hook::flag::register(number, Arc::clone(&told))?;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = match hangup_is_ignored() {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    Ok(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {}, _ = hung_up => {} }
        tracing::info!("stopping: what runs is finished; a second signal stops at once");
    })
}

/// Whether whoever started the program wants it to outlive its terminal, as `nohup` does. Only Linux says
/// so in a file; elsewhere it is not known.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    // The lowest bit is the first signal, which SIGHUP is.
    ignored.is_some_and(|signals| signals & 1 == 1)
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
