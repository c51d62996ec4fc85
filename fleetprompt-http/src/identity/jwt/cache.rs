//! A provider's keys, kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleetprompt_core::domain::IssuerName;
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::watch;
use tokio::time::Instant;

use super::KeyOptions;
use super::fetch::{Fetcher, Source};
use super::keys::{KeySet, Lookup};
use crate::identity::IdentityConfigError;
use crate::identity::error::{Judged, Refused};

/// How soon after an answer a token with an unknown key makes us ask again. Whoever invents such tokens
/// can have the provider asked this often, and no more.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(30);
/// How soon after a failure the provider is asked again; doubled with each failure in a row.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest pause between failures.
const LAST_RETRY: Duration = Duration::from_secs(60);

/// Keys of one provider: asked for once at a time, by a task of its own that no caller's disconnection
/// ends, and used until they are too old.
#[derive(Clone)]
pub(crate) struct KeyCache {
    shared: Arc<Shared>,
}

struct Shared {
    fetcher: Fetcher,
    issuer: IssuerName,
    refresh: Duration,
    max_age: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// When the provider was asked last.
    asked: Option<Instant>,
    failures: u32,
    /// Closed when the question that is under way has been answered.
    flight: Option<watch::Receiver<()>>,
}

struct Held {
    keys: KeySet,
    since: Instant,
}

/// What to do about a key.
enum Step {
    Answer(Judged<Arc<DecodingKey>>),
    /// Look again when this is closed.
    Wait(watch::Receiver<()>),
}

impl KeyCache {
    pub(crate) fn new(
        issuer: &IssuerName,
        options: &KeyOptions,
    ) -> Result<Self, IdentityConfigError> {
        let refresh = options.refresh_seconds.get();
        let max_age = options.max_age_seconds.get();
        if max_age < refresh {
            return Err(IdentityConfigError::KeyTimes);
        }
        let fetcher = Fetcher::new(Source::of(issuer, options.jwks_url.as_ref())?)?;
        let (issuer, state) = (issuer.clone(), Mutex::default());
        Ok(KeyCache { shared: Arc::new(Shared { fetcher, issuer, refresh, max_age, state }) })
    }

    /// Whether this is what [`new`](Self::new) would make of these.
    pub(crate) fn is_of(&self, issuer: &IssuerName, options: &KeyOptions) -> bool {
        let shared = &self.shared;
        Source::of(issuer, options.jwks_url.as_ref()).as_ref() == Ok(shared.fetcher.source())
            && shared.issuer == *issuer
            && shared.refresh == options.refresh_seconds.get()
            && shared.max_age == options.max_age_seconds.get()
    }

    /// The key of this name, for this algorithm.
    pub(crate) async fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Judged<Arc<DecodingKey>> {
        let mut flight = match self.step(id, algorithm, false) {
            Step::Answer(answer) => return answer,
            Step::Wait(flight) => flight,
        };
        // Nothing is ever sent: the sender is dropped.
        let _ = flight.changed().await;
        match self.step(id, algorithm, true) {
            Step::Answer(answer) => answer,
            Step::Wait(_) => Err(Refused::Unavailable),
        }
    }

    fn step(&self, id: Option<&str>, algorithm: Algorithm, waited: bool) -> Step {
        let now = Instant::now();
        let mut state = self.shared.state();
        let failing = state.failures > 0;
        let held = state.held.as_ref().filter(|held| now - held.since < self.shared.max_age);
        let found = held.map(|held| (held.keys.find(id, algorithm), now - held.since));
        let missing = match found {
            Some((Lookup::Found(key), age)) => {
                if age >= self.shared.refresh {
                    let flight = self.ask(&mut state, now);
                    // Nobody has come for long: a key may have been withdrawn since.
                    let stale = age >= self.shared.refresh * 2 && !failing && !waited;
                    if let Some(flight) = flight.filter(|_| stale) {
                        return Step::Wait(flight);
                    }
                }
                return Step::Answer(Ok(key));
            }
            Some((Lookup::Unfit, _)) => {
                return Step::Answer(Err(Refused::Invalid("a key that is not for the algorithm")));
            }
            // It may be new; while the provider does not answer, nobody knows.
            Some((Lookup::Unknown, _)) if !failing => Refused::Invalid("an unknown key"),
            Some((Lookup::Unknown, _)) | None => Refused::Unavailable,
        };
        match self.ask(&mut state, now).filter(|_| !waited) {
            Some(flight) => Step::Wait(flight),
            None => Step::Answer(Err(missing)),
        }
    }

    /// Joins the question that is under way, or asks, unless it is too soon for that.
    fn ask(&self, state: &mut State, now: Instant) -> Option<watch::Receiver<()>> {
        let under_way = state.flight.clone().filter(|flight| flight.has_changed().is_ok());
        if under_way.is_some() {
            return under_way;
        }
        let pause = match state.failures {
            0 => UNKNOWN_KEY_PAUSE,
            failures => {
                let doubled = 2_u32.saturating_pow(failures - 1);
                FIRST_RETRY.saturating_mul(doubled).min(LAST_RETRY)
            }
        };
        if state.asked.is_some_and(|asked| now - asked < pause) {
            return None;
        }
        let (sender, flight) = watch::channel(());
        state.asked = Some(now);
        state.flight = Some(flight.clone());
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let fetched = shared.fetcher.fetch().await;
            let now = Instant::now();
            let mut state = shared.state();
            state.asked = Some(now);
            state.flight = None;
            match fetched {
                Ok(keys) => {
                    state.held = Some(Held { keys, since: now });
                    state.failures = 0;
                    tracing::debug!(issuer = %shared.issuer, "has the issuer's keys");
                }
                Err(error) => {
                    state.failures = state.failures.saturating_add(1);
                    let failures = state.failures;
                    tracing::warn!(issuer = %shared.issuer, %error, failures, "no keys of the issuer");
                }
            }
            drop(state);
            drop(sender);
        });
        Some(flight)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in a state is half done when a holder panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyCache").field("fetcher", &self.shared.fetcher).finish_non_exhaustive()
    }
}
