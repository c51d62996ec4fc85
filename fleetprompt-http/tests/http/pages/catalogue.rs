//! A catalogue with something of everything in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{ADA, OPERATOR, Town, WHS, content};

/// A square of one colour, as a PNG.
const SQUARE: &str = "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsOtjE6tbygi+hcEKLNXzWgQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQELgt2zgEtqP2JCgAAAABJRU5ErkJggg==";

/// What nobody but its publisher may meet.
pub(super) const HIDDEN: [&str; 5] = [
    "hidden-draft",
    "hidden-unlisted",
    "hidden-visibility",
    "hidden-organisation",
    "hidden-taken-down",
];

/// How many listings Acme has besides those with a part to play.
pub(super) const MANY: usize = 23;

/// The pages that everybody may find: the paths of listings.
pub(super) struct Catalogue {
    pub(super) town: Town,
    pub(super) acme: Vec<String>,
    pub(super) globex: Vec<String>,
    /// The deprecated one, and what takes its place.
    pub(super) deprecated: String,
    pub(super) successor: String,
    pub(super) pack: String,
}

impl Catalogue {
    /// All listings that everybody may find.
    pub(super) fn public(&self) -> Vec<String> {
        let mut all: Vec<_> = self.acme.iter().chain(&self.globex).cloned().collect();
        all.sort();
        all
    }
}

impl Town {
    async fn listed(&self, publisher: &str, slug: &str, content: Value) -> String {
        let asset = json!({"kind": "whs_agent", "whsAgentId": format!("agt_{slug}")});
        let listing = self.draft_of(publisher, slug, asset, content).await;
        self.publish(&listing).await;
        listing
    }

    async fn act(&self, listing: &str, what: &str, who: &str, body: Value) {
        let call = self.post(&format!("/v1/listings/{listing}/{what}")).by(who).json(body);
        call.send().await;
    }

    /// An image of a listing.
    async fn image(&self, listing: &str, put: bool, place: &str) {
        let read = self.get(&format!("/v1/listings/{listing}")).by(ADA).send().await.expect(200);
        let path = format!("/v1/listings/{listing}/media/{place}");
        let call = if put { self.put(&path) } else { self.post(&path) };
        let call = call.by(ADA).header("if-match", read.header("etag"));
        let bytes = STANDARD.decode(SQUARE).unwrap();
        let got = call.raw("application/octet-stream", bytes).send().await;
        assert!(got.status.is_success(), "{}", got.text());
    }
}

fn titled(title: &str, category: &str) -> Value {
    let mut said = content(title);
    said["category"] = json!(category);
    said["tags"] = json!(["ocr"]);
    said
}

/// Two publishers, thirty listings, five that are hidden.
pub(super) async fn catalogue() -> Catalogue {
    let town = Town::in_memory().await.with_pages();
    let (publisher, rich) = town.published().await;
    rich_listing(&town, &rich).await;
    let globex = town.publisher("globex", "Globex").await;
    let badge = json!({"badge": "verified", "evidence": "case-1"});
    let call = town.post("/v1/publishers/globex/badges").by(OPERATOR).json(badge);
    call.send().await.expect(200);

    let mut acme = vec!["/acme/invoice-reader".to_owned()];
    for number in 0..MANY {
        let slug = format!("tool-{number:02}");
        town.listed(&publisher, &slug, titled(&format!("Tool {number:02}"), "operations")).await;
        acme.push(format!("/acme/{slug}"));
    }
    let new = town.listed(&publisher, "newer-tool", titled("Newer tool", "operations")).await;
    let old = town.listed(&publisher, "older-tool", titled("Older tool", "operations")).await;
    town.act(&old, "deprecate", ADA, json!({"successor": new})).await;
    acme.extend(["/acme/newer-tool".to_owned(), "/acme/older-tool".to_owned()]);

    let theirs = town.listed(&globex, "ledger-bot", titled("Ledger bot", "finance")).await;
    let pack = json!({"kind": "pack", "members": [rich, theirs]});
    let pack =
        town.draft_of(&globex, "starter-pack", pack, titled("Starter pack", "finance")).await;
    town.publish(&pack).await;
    hidden(&town, &publisher).await;
    Catalogue {
        town,
        acme,
        globex: vec!["/globex/ledger-bot".to_owned(), "/globex/starter-pack".to_owned()],
        deprecated: "/acme/older-tool".to_owned(),
        successor: "/acme/newer-tool".to_owned(),
        pack: "/globex/starter-pack".to_owned(),
    }
}

/// Many releases, pictures, links.
async fn rich_listing(town: &Town, listing: &str) {
    let artifact = json!({
        "uri": "https://cdn.acme.example/reader.tar.gz",
        "digest": format!("sha256:{}", "0a".repeat(32)), "size": 34_406, "mediaType": "application/gzip",
    });
    let said = json!({
        "notes": "# New\n\nReads *credit notes*.", "secrets": ["MAILBOX_PASSWORD"],
        "compatibility": [{"system": "whs", "range": ">=1.0.0, <3.0.0"}], "artifacts": [artifact],
    });
    for number in 1..25 {
        let release = json!({"version": format!("1.{number}.0"), "content": said});
        let call = town.post(&format!("/v1/listings/{listing}/releases")).by(ADA).json(release);
        call.send().await.expect(201);
    }
    let preview = json!({"version": "2.0.0-beta.1+linux"});
    let call = town.post(&format!("/v1/listings/{listing}/releases")).by(ADA).json(preview);
    call.send().await.expect(201);
    let because = json!({"reason": "It reads too much."});
    town.act(listing, "releases/1.3.0/yank", ADA, because).await;
    town.image(listing, true, "icon").await;
    town.image(listing, false, "screenshots?alt=The%20%3Cinbox%3E").await;
    let path = format!("/v1/listings/{listing}");
    let read = town.get(&path).by(ADA).send().await.expect(200);
    let icon = read.at("/media/icon/digest").replace("sha256:", "");
    let links = json!({"content": {
        "documentation": "https://docs.acme.example/reader",
        "repository": "https://git.acme.example/reader",
        "description": format!("# What it does\n\nReads **invoices**.\n\n![Our icon](media:{icon})"),
    }});
    let call = town.patch(&path).by(ADA).header("if-match", read.header("etag")).json(links);
    call.send().await.expect(200);
}

async fn hidden(town: &Town, publisher: &str) {
    let asset = json!({"kind": "whs_agent", "whsAgentId": "agt_draft"});
    town.draft_of(publisher, "hidden-draft", asset, titled("Hidden", "secret-shelf")).await;
    let unlisted =
        town.listed(publisher, "hidden-unlisted", titled("Hidden", "secret-shelf")).await;
    town.act(&unlisted, "unlist", ADA, json!({})).await;
    for (slug, visibility) in
        [("hidden-visibility", "unlisted"), ("hidden-organisation", "organisation")]
    {
        let mut said = titled("Hidden", "secret-shelf");
        said["visibility"] = json!(visibility);
        town.listed(publisher, slug, said).await;
    }
    let down = town.listed(publisher, "hidden-taken-down", titled("Hidden", "secret-shelf")).await;
    town.act(
        &down,
        "takedown",
        OPERATOR,
        json!({"class": "spam", "reason": "The test asks for it."}),
    )
    .await;
    let confirm = json!({
        "publisher": publisher, "kind": "whs_agent", "upstreamId": "agt_newer-tool", "decision": "confirm",
    });
    town.post("/v1/references").by(WHS).json(confirm).send().await.expect(200);
}
