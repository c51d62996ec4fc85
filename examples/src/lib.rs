//! What the examples share: keys in a file, the owning systems of the family, and words for people.

pub mod importing;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use fleetprompt_core::domain::{
    Asset, AssetKind, Capability, IdempotencyKey, ListingContent, ListingId, OwningSystem,
    ParseError, PersonIdentity, PriceClass, PublisherProfile, ReleaseContent, SecretName,
    SystemRegistry, Tag, TenantIdentity, Visibility,
};
use fleetprompt_core::marketplace::{NewListing, NewPublisher, ReferenceDecision};
use fleetprompt_core::port::{Entropy as _, Principal, SystemEntropy};
use fleetprompt_core::token::{KeyRing, MasterKey};
use fleetprompt_core::{Acting, Marketplace};
use fleetprompt_sqlite::SqliteStore;

/// What an example answers.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The key ring of a database: its master key lies in a file beside it, made when there is none,
/// readable by its owner only. A real host takes the key from its secret store.
///
/// # Errors
/// When the file can't be read or written, or holds no key.
pub fn keys_beside(database: &Path) -> Outcome<KeyRing> {
    let path = database.with_extension("key");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SystemEntropy.seed()?.to_vec();
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)?.write_all(&key)?;
            key
        }
        Err(error) => return Err(error.into()),
    };
    Ok(KeyRing::single(MasterKey::from_bytes(&bytes)?))
}

/// The owning systems of the family, at addresses of their own.
///
/// # Errors
/// Never with the values in here.
pub fn systems() -> Outcome<SystemRegistry> {
    let system = |name: &str, kind| -> Result<OwningSystem, ParseError> {
        Ok(OwningSystem {
            name: name.parse()?,
            audience: name.parse()?,
            issuer: "https://id.example".parse()?,
            client: format!("{name}-backend").parse()?,
            kinds: vec![kind],
            deep_link: format!(
                "https://{name}.example/install/{{upstreamId}}?attempt={{attemptId}}"
            )
            .parse()?,
            requires_confirmation: true,
        })
    };
    let systems = vec![
        system("whs", AssetKind::WhsAgent)?,
        system("agentromatic", AssetKind::AgentromaticWorkflow)?,
        system("specprompt", AssetKind::SpecAsset)?,
    ];
    Ok(SystemRegistry::new(
        systems,
        &["whs.example", "agentromatic.example", "specprompt.example"],
    )?)
}

/// A marketplace in `database`, with the owning systems of the family.
///
/// # Errors
/// When the file or its key can't be opened.
pub async fn open(database: &Path) -> Outcome<Marketplace> {
    open_store(database, SqliteStore::open(database)?).await
}

/// A marketplace over a store that was opened in `database` with options of its own.
///
/// # Errors
/// When the key beside it can't be opened.
pub async fn open_store(database: &Path, store: SqliteStore) -> Outcome<Marketplace> {
    Ok(Marketplace::builder(store)
        .keys(keys_beside(database)?)
        .issuer("https://market.example".parse()?)
        .systems(systems()?)
        .build()
        .await?)
}

/// A member of an organisation, as the identity provider of the examples names it.
///
/// # Errors
/// When a name breaks its rule.
pub fn member(tenant: &str, subject: &str) -> Outcome<PersonIdentity> {
    let tenant = TenantIdentity::organisation("https://id.example".parse()?, tenant.parse()?);
    Ok(PersonIdentity::new(tenant, subject.parse()?))
}

/// The service identity of an owning system.
///
/// # Errors
/// When the name breaks its rule.
pub fn service(system: &str) -> Outcome<Principal> {
    Ok(Principal::system("https://id.example".parse()?, format!("{system}-backend").parse()?))
}

/// A key for a write that is tried once, or again under the same name.
///
/// # Errors
/// When the name is too long.
pub fn once(name: &str) -> Outcome<IdempotencyKey> {
    Ok(format!("example-key-for-{name}").parse()?)
}

/// A WHS agent, listed and released in three versions by `publisher`, and confirmed by WHS.
///
/// # Errors
/// Whatever the marketplace refuses.
pub async fn list_an_agent(publisher: &Acting, whs: &Acting) -> Outcome<ListingId> {
    let profile = PublisherProfile {
        name: "Acme Robotics".parse()?,
        summary: Some("Agents that do the paperwork.".parse()?),
        website: Some("https://acme.example/".parse()?),
    };
    let new = NewPublisher { handle: "acme".parse()?, profile };
    let acme = publisher.create_publisher(new, &once("publisher")?).await?;

    let content = ListingContent {
        title: "Invoice reader".parse()?,
        summary: "Reads invoices and files them where they belong.".parse()?,
        description: None,
        tags: vec!["invoices".parse::<Tag>()?, "ocr".parse()?].try_into()?,
        category: "finance".parse()?,
        price_class: PriceClass::Free,
        visibility: Visibility::Public,
        documentation: Some("https://acme.example/docs".parse()?),
        repository: None,
        license: Some("Apache-2.0".parse()?),
    };
    let new = NewListing {
        publisher: acme.id,
        slug: "invoice-reader".parse()?,
        asset: Asset::WhsAgent { whs_agent_id: "agt_7f3c".parse()? },
        content,
    };
    let listing = publisher.create_listing(new, &once("listing")?).await?.id;
    for version in ["1.0.0", "1.10.0", "1.9.0", "2.0.0-beta.1"] {
        let content = ReleaseContent {
            capabilities: vec!["files:read".parse::<Capability>()?].try_into()?,
            secrets: vec!["MAILBOX_PASSWORD".parse::<SecretName>()?].try_into()?,
            ..ReleaseContent::default()
        };
        let key = once(version)?;
        publisher.publish_release(listing, version.parse()?, content, &key).await?;
    }
    publisher.publish_listing(listing, &once("publication")?).await?;

    let (kind, agent) = (AssetKind::WhsAgent, "agt_7f3c".parse()?);
    let confirm = ReferenceDecision::Confirm { reason: None };
    whs.decide_reference(acme.id, kind, agent, confirm, &once("confirmation")?).await?;
    Ok(listing)
}
