//! Tokens of a real OpenID provider, npm's `oidc-provider`, which `scripts/oidc-provider` installs.

use std::process::Stdio;
use std::time::Duration;

use fleetprompt_core::port::Principal;
use fleetprompt_http::identity::oidc::{Oidc, OidcOptions};
use fleetprompt_http::identity::service::{ServiceOptions, Services};
use fleetprompt_http::identity::{AuthenticateError, Chain};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{ada_in, answer};

const PEOPLE: &str = "https://market.example/people";
const SYSTEMS: &str = "https://market.example/systems";

struct RealProvider {
    issuer: String,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl RealProvider {
    async fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/oidc-provider");
        let installed = Command::new(script).stderr(Stdio::inherit()).output().await.unwrap();
        assert!(installed.status.success(), "scripts/oidc-provider, with Node.js and npm");
        let folder = String::from_utf8(installed.stdout).unwrap();
        let mut process = Command::new("node")
            .arg("server.mjs")
            .current_dir(folder.trim())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut provider =
            RealProvider { issuer: String::new(), orders, answers, _process: process };
        provider.issuer = provider.answer().await["issuer"].as_str().unwrap().to_owned();
        provider
    }

    async fn answer(&mut self) -> Value {
        loop {
            let line = self.answers.next_line().await.unwrap().expect("it has ended");
            // It prints notices of its own as well.
            if line.starts_with('{') {
                let answer: Value = serde_json::from_str(&line).unwrap();
                assert_eq!(answer["error"], Value::Null);
                return answer;
            }
        }
    }

    async fn order(&mut self, order: &str) -> Value {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        self.answer().await
    }

    async fn token(&mut self, order: &str) -> String {
        self.order(order).await["token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn people_and_clients_of_a_real_provider_are_known_also_after_it_rotates_its_keys() {
    let mut provider = RealProvider::start().await;
    let issuer = provider.issuer.clone();
    let people: OidcOptions =
        serde_json::from_value(json!({"issuer": issuer, "audiences": [PEOPLE]})).unwrap();
    let whs: ServiceOptions = serde_json::from_value(json!({
        "issuer": issuer, "client": "whs-backend", "jwt": {"audiences": [SYSTEMS]},
    }))
    .unwrap();
    let services = Services::new(vec![whs]).unwrap();
    let chain = Chain::new(Some(Oidc::new(people).unwrap()), Some(services), None).unwrap();

    let system = Principal::system(issuer.parse().unwrap(), "whs-backend".parse().unwrap());
    let admin = Principal::admin(ada_in(&issuer, "org_acme"));

    let of_client = provider.token(&format!("token whs-backend {SYSTEMS}")).await;
    assert_eq!(answer(&chain, &of_client).await, Ok(system.clone()));
    let signed_in = provider.order(&format!("sign-in user_ada {PEOPLE}")).await;
    let of_ada = signed_in["token"].as_str().unwrap();
    assert_eq!(answer(&chain, of_ada).await, Ok(admin.clone()));

    // The token that says to the application who signed in opens nothing here.
    let id_token = signed_in["idToken"].as_str().unwrap();
    assert_eq!(answer(&chain, id_token).await, Err(AuthenticateError::Invalid));
    // Somebody who signs in through an application, for the audience of systems.
    let misdirected = provider.token(&format!("sign-in user_ada {SYSTEMS}")).await;
    assert_eq!(answer(&chain, &misdirected).await, Err(AuthenticateError::Invalid));

    provider.order("rotate second").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let of_client_anew = provider.token(&format!("token whs-backend {SYSTEMS}")).await;
    let of_ada_anew = provider.token(&format!("sign-in user_ada {PEOPLE}")).await;
    assert_eq!(answer(&chain, &of_client_anew).await, Ok(system));
    assert_eq!(answer(&chain, &of_ada_anew).await, Ok(admin));
    // The old key is published no more.
    assert_eq!(answer(&chain, &of_client).await, Err(AuthenticateError::Invalid));
    assert_eq!(answer(&chain, of_ada).await, Err(AuthenticateError::Invalid));
}
