//! The whole loop in one SQLite file: a publisher lists and releases an agent, its owning system
//! confirms it, a buyer claims it and begins an install, and the owning system redeems the token.

use std::process::ExitCode;

use fleetprompt_core::domain::{Channel, InstallMethod, PersonIdentity};
use fleetprompt_core::marketplace::{BeginInstall, RedeemRequest, Way};
use fleetprompt_core::port::{PageSize, Principal};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder};
use fleetprompt_core::token::InstallToken;
use fleetprompt_examples::{Outcome, list_an_agent, member, once, open, service};

fn main() -> ExitCode {
    match pollster::block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

fn step(number: u8, what: &str) {
    println!("\n{number}. {what}");
}

async fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("market.db");
    println!("FleetPrompt: one marketplace in one SQLite file, {}", database.display());
    let market = open(&database).await?;

    let ada = market.act_as(Principal::person(member("org_acme", "user_ada")?));
    let bob_is: PersonIdentity = member("org_buyers", "user_bob")?;
    let bob = market.act_as(Principal::person(bob_is.clone()));
    let visitor = market.act_as(Principal::Anonymous);
    let whs = market.act_as(service("whs")?);

    step(1, "Ada of Acme lists the WHS agent agt_7f3c and releases it; WHS confirms that she may");
    let listing = list_an_agent(&ada, &whs).await?;
    let latest = visitor.latest_release(listing, Channel::Stable).await?;
    println!("   released    1.0.0, 1.10.0, 1.9.0, 2.0.0-beta.1, in this order");
    println!("   latest      {} (the highest stable version, whatever came last)", latest.version);

    step(2, "Anyone browses the catalogue");
    let (filter, order) = (CatalogueFilter::default(), CatalogueOrder::Newest);
    for found in visitor.browse(filter, order, None, PageSize::default()).await?.items {
        println!("   {}/{}", found.publisher.handle, found.slug);
        println!("   {}: {}", found.content.title, found.content.summary);
    }

    step(3, "Bob claims it. He owns it now; whether he may run it is for WHS to say");
    let entitlement = bob.claim_free(listing, &once("claim")?).await?;
    println!("   entitlement {} ({})", entitlement.id, entitlement.state);

    step(4, "Bob begins an install and gets a token for WHS: one use, five minutes, nobody else's");
    let install = BeginInstall {
        listing,
        version: None,
        method: InstallMethod::Token,
        context: Some("workspace-42".parse()?),
        entitlement: None,
    };
    let started = bob.begin_install(install, &once("install")?).await?;
    let handover = started.handovers.into_iter().next().ok_or("no hand-over began")?;
    let Way::Token(Some(token)) = handover.way else { return Err("no token was issued".into()) };
    println!("   token       {}… ({} bytes, stored nowhere)", start(&token), token.expose().len());

    step(
        5,
        "Bob's browser carries the token to WHS, which redeems it server-side for its own session",
    );
    let request = RedeemRequest { token: token.clone(), expected: bob_is.clone() };
    let manifest = whs.redeem(request.clone(), &once("redemption")?).await?;
    println!("{}", indented(manifest.as_str())?);

    step(6, "The answer got lost on the way? WHS asks again under the same key");
    let again = whs.redeem(request.clone(), &once("redemption")?).await?;
    println!("   the same manifest, byte for byte: {}", again == manifest);

    step(7, "What does not work");
    if let Err(refused) = whs.redeem(request.clone(), &once("second-use")?).await {
        println!("   a second use:       {:<22} {refused}", refused.code().as_str());
    }
    let agentromatic = market.act_as(service("agentromatic")?);
    if let Err(refused) = agentromatic.redeem(request, &once("other-system")?).await {
        println!("   another system:     {:<22} {refused}", refused.code().as_str());
    }
    if let Err(refused) = ada.entitlement(entitlement.id).await {
        println!("   Ada looks into it:  {:<22} {refused}", refused.code().as_str());
    }

    println!(
        "\nNext: examples/owning_system.rs (the other side), examples/import.rs (a whole catalogue), \
         examples/search (finding something in it)."
    );
    Ok(())
}

/// The part of a token that names its format and key.
fn start(token: &InstallToken) -> String {
    token.expose().chars().take(8).collect()
}

/// JSON, as a person would want to read it.
fn indented(json: &str) -> Outcome<String> {
    let value: serde_json::Value = serde_json::from_str(json)?;
    let pretty = serde_json::to_string_pretty(&value)?;
    Ok(pretty.lines().map(|line| format!("   {line}")).collect::<Vec<_>>().join("\n"))
}
