//! A person with a browser and a keyboard.

use std::net::{IpAddr, Ipv4Addr};

use fleetprompt_http::serve::{ServeOptions, Server};
use serde_json::Value;
use tokio::net::TcpListener;

use super::catalogue::catalogue;
use super::webdriver::{Browser, ENTER, TAB};
use crate::serve::harness::until;

/// The text of what has the focus.
const FOCUSED: &str = "document.activeElement.textContent.trim()";

/// A browser at a marketplace of its own.
struct Visit {
    browser: Browser,
    origin: String,
}

impl Visit {
    async fn begin() -> Self {
        let catalogue = catalogue().await;
        let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let town = catalogue.town.at_origin(&origin).with_pages();
        let server = Server::new(ServeOptions::default()).pages(origin.parse().unwrap());
        tokio::spawn(server.run(listener, town.app.clone(), std::future::pending()));
        Visit { browser: Browser::start().await, origin }
    }

    async fn go(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.origin)).await;
    }

    async fn path(&self) -> String {
        let address = self.browser.address().await;
        address.strip_prefix(&self.origin).unwrap_or(&address).to_owned()
    }

    /// Waits until the browser is at a path: keys and clicks are answered before it has gone where they lead.
    async fn arrives(&self, path: &str) {
        until(&format!("the browser is at {path}"), async || self.path().await == path).await;
    }

    /// The same, for a path of which only a part is known.
    async fn arrives_with(&self, part: &str) {
        let what = format!("the browser is where the path has {part}");
        until(&what, async || self.path().await.contains(part)).await;
    }

    /// Waits until an expression is worth so much on the page.
    async fn shows(&self, expression: &str, worth: u64) {
        let what = format!("{expression} is {worth}");
        until(&what, async || self.browser.value(expression).await == worth).await;
    }

    /// Fails if a page said anything to the console, where violations of its policy stand too, or if
    /// anything came from elsewhere.
    async fn end(self) {
        let told = self.browser.log("browser").await;
        assert!(told.is_empty(), "{told:#?}");
        let mut loaded = 0;
        for entry in self.browser.log("performance").await {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let message = &message["message"];
            let sent = &message["params"];
            // Before its first page the browser shows one of its own.
            let of = sent["documentURL"].as_str().unwrap_or_default();
            if message["method"] == "Network.requestWillBeSent" && of.starts_with(&self.origin) {
                let address = sent["request"]["url"].as_str().unwrap();
                // The browser draws its own controls with pictures of its own.
                let ours = address.starts_with(&self.origin);
                assert!(ours || address.starts_with("data:"), "{address}");
                loaded += u32::from(ours);
            }
        }
        assert!(loaded > 5, "{loaded}");
        self.browser.quit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_finds_and_reads_a_listing_with_the_keyboard_alone() {
    let visit = Visit::begin().await;
    let browser = &visit.browser;
    browser.show_as(1_200, 900, "light").await;
    visit.go("/").await;
    browser.picture("home").await;
    let mut met = Vec::new();
    for _ in 0..4 {
        browser.press(TAB).await;
        met.push(browser.text(&format!("document.activeElement.id || {FOCUSED}")).await);
    }
    assert_eq!(met, ["Skip to the content", "FleetPrompt", "All listings", "q"]);
    browser.press(&format!("ledger{ENTER}")).await;
    visit.arrives("/search?q=ledger").await;
    browser.picture("search").await;
    assert_eq!(browser.text("document.querySelector('mark').textContent").await, "Ledger");

    // The way past the top, and to the first thing that was found.
    browser.press(&format!("{TAB}{ENTER}")).await;
    visit.arrives("/search?q=ledger#main").await;
    assert_eq!(browser.text("document.activeElement.id").await, "main");
    let mut steps = 0;
    while browser.text(FOCUSED).await != "Ledger bot" {
        browser.press(TAB).await;
        steps += 1;
        assert!(steps < 10, "{}", browser.text(FOCUSED).await);
    }
    let ring = "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth";
    assert_eq!(browser.text(ring).await, "solid3px", "what has the focus shows it");
    browser.press(ENTER).await;
    visit.arrives("/globex/ledger-bot").await;
    assert_eq!(browser.text("document.querySelector('h1').textContent").await, "Ledger bot");
    browser.back().await;
    assert_eq!(browser.text("document.getElementById('q').value").await, "ledger");
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_filters_turns_pages_and_looks_at_pictures() {
    let visit = Visit::begin().await;
    let browser = &visit.browser;
    browser.show_as(1_200, 1_400, "light").await;
    let found = "document.querySelectorAll('.card').length";
    visit.go("/search").await;
    visit.shows(found, 20).await;
    browser.click("a[rel=next]").await;
    visit.arrives_with("cursor=").await;
    visit.shows(found, 8).await;
    browser.click(".more a").await;
    visit.arrives("/search").await;
    visit.shows(found, 20).await;
    browser.click("aside a[href*='kind=pack']").await;
    visit.arrives("/search?kind=pack").await;
    visit.shows(found, 1).await;
    browser.picture("filtered").await;
    browser.click(".chosen a").await;
    visit.arrives("/search").await;
    visit.shows(found, 20).await;
    // The form: the details open, and a choice is sent with the rest.
    browser.click("summary").await;
    browser.click("#price").await;
    browser.press(&format!("Free{ENTER}")).await;
    browser.click(".finder details button").await;
    visit.arrives_with("priceClass=free").await;
    visit.go("/acme/invoice-reader").await;
    browser.picture("listing").await;
    let pictures = "[...document.images].map(image => { image.loading = 'eager'; return image; })";
    let loaded = format!("{pictures}.filter(image => image.src.includes('/media/')).length");
    assert_eq!(browser.value(&loaded).await, 3, "the icon, a screenshot, one in the description");
    let shown =
        "Promise.all([...document.images].map(image => image.decode())).then(() => 'all of them')";
    assert_eq!(browser.text(shown).await, "all of them");
    visit.end().await;
}

/// What stands out of the window on the right.
const OUTSIDE: &str = "[...document.querySelectorAll('body *')]
  .filter(element => element.getBoundingClientRect().right > innerWidth)
  .map(element => element.outerHTML.slice(0, 80)).slice(0, 5)";

/// The pages that are looked at on a small screen and in the dark.
const LOOKED_AT: [&str; 7] = [
    "/",
    "/search?q=invoice&kind=whs_agent",
    "/search?kind=wrong",
    "/acme",
    "/acme/invoice-reader",
    "/acme/invoice-reader/releases",
    "/acme/invoice-reader/releases/1.24.0",
];

#[tokio::test(flavor = "multi_thread")]
async fn pages_fit_a_small_screen_and_large_letters() {
    let visit = Visit::begin().await;
    let browser = &visit.browser;
    for path in LOOKED_AT {
        for (width, zoom) in [(320, "100%"), (320, "200%"), (640, "200%")] {
            browser.show_as(width, 1_200, "light").await;
            visit.go(path).await;
            let enlarged = format!("document.documentElement.style.fontSize = '{zoom}'");
            browser.value(&enlarged).await;
            let name = path.split('?').next().unwrap().replace('/', "-");
            browser.picture(&format!("{width}-{zoom}{name}")).await;
            let wide = browser.value("document.documentElement.scrollWidth").await;
            let outside = browser.value(OUTSIDE).await;
            let fits = wide.as_u64().unwrap() <= width.into();
            assert!(fits, "{path} at {width}, {zoom}: {wide}, {outside}");
        }
    }
    visit.browser.log("browser").await.iter().for_each(|told| assert_is_status(told));
    visit.browser.quit().await;
}

/// Where a page answers with an error, the console says so, and nothing else.
#[track_caller]
fn assert_is_status(told: &Value) {
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("the server responded with a status of 400"), "{message}");
}

/// The least contrast of any text with what is behind it (WCAG 2.2, success criterion 1.4.3).
const CONTRAST: &str = r"(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const channels = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = colour => {
    const [r, g, b] = channels(colour).map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    for (let it = element; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if (channels(colour)[3] === 255) return colour;
    }
    return 'white';
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = {ratio: 99, text: ''};
  while (texts.nextNode()) {
    const text = texts.currentNode.textContent.trim(), element = texts.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < least.ratio) least = {ratio, text};
  }
  return least;
})()";

#[tokio::test(flavor = "multi_thread")]
async fn all_text_stands_out_in_the_light_and_in_the_dark() {
    let visit = Visit::begin().await;
    let browser = &visit.browser;
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.show_as(1_200, 1_400, scheme).await;
        for path in LOOKED_AT {
            visit.go(path).await;
            let least = browser.value(CONTRAST).await;
            assert!(least["ratio"].as_f64().unwrap() >= 4.5, "{scheme} {path}: {least}");
            let name = path.split('?').next().unwrap().replace('/', "-");
            browser.picture(&format!("{scheme}{name}")).await;
        }
        grounds.push(browser.text("getComputedStyle(document.body).backgroundColor").await);
    }
    assert_ne!(grounds[0], grounds[1]);
    visit.browser.log("browser").await.iter().for_each(assert_is_status);
    visit.browser.quit().await;
}
