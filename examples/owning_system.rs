//! The other side: an owning system that is handed install tokens. It looks at a token offline,
//! redeems it once, checks its own rules, and refuses what they do not allow: owning an asset is no
//! permission to run it.

use std::collections::BTreeSet;
use std::process::ExitCode;

use fleetprompt_core::domain::{IdempotencyKey, InstallMethod, PersonIdentity, Sha256Digest};
use fleetprompt_core::marketplace::{BeginInstall, RedeemRequest, Way};
use fleetprompt_core::port::{Clock as _, Principal, SystemClock};
use fleetprompt_core::token::{InstallToken, OfflineVerifier};
use fleetprompt_core::{Acting, ErrorKind, Marketplace};
use fleetprompt_examples::{Outcome, list_an_agent, member, once, open, service};

fn main() -> ExitCode {
    match pollster::block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("owning_system: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What an owning system keeps for itself: who may run agents in which workspace, and what is
/// installed. None of it is FleetPrompt's to know.
struct WebHostSystems {
    marketplace: Acting,
    offline: OfflineVerifier,
    may_run_agents: BTreeSet<(String, String)>,
    installed: BTreeSet<String>,
}

/// What became of a token that a browser brought.
enum Arrival {
    Installed { agent: String, attempt: String },
    AlreadyInstalled { attempt: String },
    Refused(&'static str),
    TryAgainLater,
}

impl WebHostSystems {
    /// A browser arrives with a token, in a session that this system authenticated by itself.
    async fn arrive(
        &mut self,
        session: &PersonIdentity,
        workspace: &str,
        presented: &str,
    ) -> Outcome<Arrival> {
        // A cheap look first: most garbage ends here, and nothing is authorised by it.
        if self.offline.verify(presented, SystemClock.now()).is_err() {
            return Ok(Arrival::Refused("this is not a token for us"));
        }
        // Our own rules come before anything is used up: a token is single-use, our rules may change.
        let subject = session.subject().as_str().to_owned();
        if !self.may_run_agents.contains(&(subject, workspace.to_owned())) {
            return Ok(Arrival::Refused("you may not run agents in this workspace"));
        }
        let request = RedeemRequest {
            token: InstallToken::presented(presented.to_owned()),
            expected: session.clone(),
        };
        let manifest =
            match self.marketplace.redeem(request, &redeem_key(session, presented)?).await {
                Ok(manifest) => manifest.read()?,
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    return Ok(Arrival::TryAgainLater);
                }
                Err(error) => return Ok(Arrival::Refused(error.code().message())),
            };
        // Whatever happens between redeeming and installing, the attempt is installed once.
        let attempt = manifest.attempt.to_string();
        if !self.installed.insert(attempt.clone()) {
            return Ok(Arrival::AlreadyInstalled { attempt });
        }
        let agent = manifest.reference.asset.upstream_id().map(ToString::to_string);
        let agent = agent.unwrap_or_default();
        Ok(Arrival::Installed { agent, attempt })
    }
}

/// The same token, subject and tenant: the same key. So whoever tries again after an answer was
/// lost gets that answer, and nobody has to remember a key.
fn redeem_key(session: &PersonIdentity, presented: &str) -> Outcome<IdempotencyKey> {
    let (tenant, subject) = (session.tenant().name(), session.subject());
    let digest = Sha256Digest::of(format!("{tenant}\n{subject}\n{presented}").as_bytes());
    Ok(format!("redeem-{digest}").parse()?)
}

async fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let market = open(&folder.path().join("market.db")).await?;
    let publisher = market.act_as(Principal::person(member("org_acme", "user_ada")?));
    let listing = list_an_agent(&publisher, &market.act_as(service("whs")?)).await?;
    let bob = member("org_buyers", "user_bob")?;
    let eve = member("org_buyers", "user_eve")?;

    let mut whs = web_host_systems(&market)?;
    let begin = BeginInstall {
        listing,
        version: None,
        method: InstallMethod::Token,
        context: Some("workspace-42".parse()?),
        entitlement: None,
    };
    let buyer = market.act_as(Principal::person(bob.clone()));
    buyer.claim_free(listing, &once("claim")?).await?;
    let started = buyer.begin_install(begin, &once("install")?).await?;
    let Some(Way::Token(Some(token))) = started.handovers.into_iter().next().map(|one| one.way)
    else {
        return Err("no token was issued".into());
    };
    let token = token.expose();

    let garbled = token.replacen("fpi1", "fpi2", 1);
    tell("a token that was tampered with", whs.arrive(&bob, "workspace-42", &garbled).await?);
    tell("Bob, in a workspace where he may not", whs.arrive(&bob, "workspace-7", token).await?);
    tell("Eve, who found Bob's token", whs.arrive(&eve, "workspace-42", token).await?);
    tell("Bob, where he may", whs.arrive(&bob, "workspace-42", token).await?);
    tell("Bob again, after a time-out", whs.arrive(&bob, "workspace-42", token).await?);
    Ok(())
}

fn web_host_systems(market: &Marketplace) -> Outcome<WebHostSystems> {
    let offline_keys = market.offline_keys(&"whs".parse()?);
    let verifier = OfflineVerifier::new("https://market.example".parse()?, "whs".parse()?);
    let rights = [("user_bob", "workspace-42"), ("user_eve", "workspace-42")];
    Ok(WebHostSystems {
        marketplace: market.act_as(service("whs")?),
        offline: offline_keys.into_iter().fold(verifier, OfflineVerifier::with_key),
        may_run_agents: rights.map(|(who, place)| (who.to_owned(), place.to_owned())).into(),
        installed: BTreeSet::new(),
    })
}

fn tell(who: &str, arrival: Arrival) {
    let said = match arrival {
        Arrival::Installed { agent, attempt } => format!("installed {agent} (attempt {attempt})"),
        Arrival::AlreadyInstalled { attempt } => format!("installed already (attempt {attempt})"),
        Arrival::Refused(why) => format!("refused: {why}"),
        Arrival::TryAgainLater => "try again later".to_owned(),
    };
    println!("{who:<38} {said}");
}
