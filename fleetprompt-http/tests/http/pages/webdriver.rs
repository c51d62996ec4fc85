//! A browser: Chromium, driven by the protocol that browsers are tested with (W3C WebDriver).

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::forward;

/// The key by which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that are no letters.
pub(super) const ENTER: &str = "\u{e007}";
pub(super) const TAB: &str = "\u{e004}";

/// A browser that ends with the test, however that ends.
pub(super) struct Browser {
    address: SocketAddr,
    session: String,
    /// The process of the browser, which outlives a driver that is killed.
    process: Option<rustix::process::Pid>,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    pub(super) async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .args(["--port=0", "--log-level=WARNING"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver does not start: install chromium and chromium-driver (Debian)");
        let mut told = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = told.next_line().await.unwrap().expect("chromedriver ended");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        // Whoever does not read what it says holds it up.
        tokio::spawn(async move { while let Ok(Some(_)) = told.next_line().await {} });
        let profile = tempfile::tempdir().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let folder = format!("--user-data-dir={}", profile.path().display());
        // Its own sandbox needs more than containers and root have; the pages are ours.
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-proxy-server",
            &folder,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let begun = ask(address, Method::POST, "/session", Some(wanted)).await;
        let session = format!("/session/{}", begun["sessionId"].as_str().unwrap());
        let process = begun["capabilities"]["goog:processID"].as_i64().unwrap();
        let process = rustix::process::Pid::from_raw(process.try_into().unwrap());
        Browser { address, session, process, driver, _profile: profile }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        ask(self.address, method, &format!("{}{path}", self.session), body).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Goes to an address, and waits until all of it is there.
    pub(super) async fn go(&self, address: &str) {
        self.post("/url", json!({"url": address})).await;
    }

    pub(super) async fn back(&self) {
        self.post("/back", json!({})).await;
    }

    pub(super) async fn address(&self) -> String {
        let url = self.ask(Method::GET, "/url", None).await;
        url.as_str().unwrap().to_owned()
    }

    /// What an expression of JavaScript is worth on the page. The driver asks the page's own engine: no
    /// policy of the page stands against it.
    pub(super) async fn value(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    pub(super) async fn text(&self, expression: &str) -> String {
        let value = self.value(expression).await;
        value.as_str().unwrap_or_else(|| panic!("{expression}: {value}")).to_owned()
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub(super) async fn press(&self, keys: &str) {
        let letters = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|what| json!({"type": what, "value": key.to_string()}))
        });
        let keyboard = json!({"type": "key", "id": "keys", "actions": letters.collect::<Vec<_>>()});
        self.post("/actions", json!({"actions": [keyboard]})).await;
    }

    /// Clicks on what a selector finds first.
    pub(super) async fn click(&self, selector: &str) {
        let found =
            self.post("/element", json!({"using": "css selector", "value": selector})).await;
        let element = found[ELEMENT].as_str().unwrap();
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Makes the page as wide and high as this, in its own pixels, in one scheme of colours.
    pub(super) async fn show_as(&self, width: u32, height: u32, scheme: &str) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", scheme).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await;
    }

    /// What was written to a log since it was asked for last: `browser` or `performance`.
    pub(super) async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.post("/se/log", json!({"type": kind})).await;
        entries.as_array().unwrap().clone()
    }

    /// A picture of what is seen, where `FLEETPROMPT_TEST_PICTURES` names a folder for them.
    pub(super) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("FLEETPROMPT_TEST_PICTURES") else { return };
        let picture = self.ask(Method::GET, "/screenshot", None).await;
        let picture = STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }

    pub(super) async fn quit(mut self) {
        self.ask(Method::DELETE, "", None).await;
        self.process = None;
        self.driver.kill().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
    }
}

/// The value of the driver's answer.
async fn ask(address: SocketAddr, method: Method, path: &str, body: Option<Value>) -> Value {
    let body = Body::from(body.map(|body| body.to_string()).unwrap_or_default());
    let request = Request::builder().method(method).uri(path).body(body).unwrap();
    let (head, body) = forward(address, request).await.into_parts();
    let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    assert!(head.status.is_success(), "{path}: {body}");
    body["value"].clone()
}
