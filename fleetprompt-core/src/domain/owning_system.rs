//! Owning systems: the products that own assets, and how to hand a buyer over to them.

use std::fmt::Write as _;
use std::str::FromStr;

use url::Url;

use super::id::AttemptId;
use super::parse::{ParseError, Rule};
use super::vocabulary::AssetKind;
use super::word::SystemName;
use super::{ClientName, IssuerName, TargetContext, UpstreamId};
use crate::token::Audience;

/// A product that owns assets and decides who may run them. Configured by whoever runs the
/// marketplace, never stored.
///
/// ```
/// use fleetprompt_core::domain::{AssetKind, OwningSystem, SystemRegistry};
/// let whs = OwningSystem {
///     name: "whs".parse()?,
///     audience: "https://whs.example".parse()?,
///     issuer: "https://id.example".parse()?,
///     client: "whs-backend".parse()?,
///     kinds: vec![AssetKind::WhsAgent],
///     deep_link: "https://whs.example/install/{upstreamId}?attempt={attemptId}".parse()?,
///     requires_confirmation: true,
/// };
/// let systems = SystemRegistry::new(vec![whs], &["whs.example"])?;
/// assert!(systems.owner_of(AssetKind::WhsAgent).is_some());
/// assert!(systems.owner_of(AssetKind::SpecAsset).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwningSystem {
    /// Its name in this marketplace.
    pub name: SystemName,
    /// The audience of tokens for it. Unique, and never used again for another system.
    pub audience: Audience,
    /// Who vouches for its service identity.
    pub issuer: IssuerName,
    /// Its service identity's client.
    pub client: ClientName,
    /// The kinds of assets that it owns.
    pub kinds: Vec<AssetKind>,
    /// Where a buyer is sent.
    pub deep_link: DeepLinkTemplate,
    /// Whether a publisher's reference must be confirmed before a token is issued for it. Leave it
    /// on: anyone can type an upstream id.
    pub requires_confirmation: bool,
}

/// A URL with places for an attempt's facts: `{kind}`, `{upstreamId}`, `{attemptId}` and
/// `{context}`, each percent-encoded when it is filled in. Scheme and host are fixed.
///
/// ```
/// use fleetprompt_core::domain::{AssetKind, AttemptId, DeepLinkTemplate};
/// let template: DeepLinkTemplate =
///     "https://whs.example/install?agent={upstreamId}&attempt={attemptId}".parse()?;
/// let link = template.fill(AssetKind::WhsAgent, &"a&b".parse()?, AttemptId::from_bytes([0; 16]), None);
/// assert!(link.starts_with("https://whs.example/install?agent=a%26b&attempt=00000000-"));
/// assert!("javascript:alert(1)".parse::<DeepLinkTemplate>().is_err());
/// assert!("https://{upstreamId}.example/".parse::<DeepLinkTemplate>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepLinkTemplate(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Kind,
    UpstreamId,
    AttemptId,
    Context,
}

impl DeepLinkTemplate {
    /// The most bytes of a template.
    pub const MAX_BYTES: usize = 1_024;

    /// The URL for an attempt.
    pub fn fill(
        &self,
        kind: AssetKind,
        upstream_id: &UpstreamId,
        attempt: AttemptId,
        context: Option<&TargetContext>,
    ) -> String {
        let mut url = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => url.push_str(text),
                Piece::Kind => url.push_str(kind.as_str()),
                Piece::UpstreamId => percent_encode(&mut url, upstream_id.as_str()),
                Piece::AttemptId => percent_encode(&mut url, &attempt.to_string()),
                Piece::Context => {
                    percent_encode(
                        &mut url,
                        context.map(TargetContext::as_str).unwrap_or_default(),
                    );
                }
            }
        }
        url
    }

    /// The host, which no attempt changes.
    ///
    /// ```
    /// use fleetprompt_core::domain::DeepLinkTemplate;
    /// let template: DeepLinkTemplate = "https://whs.example/install/{upstreamId}".parse()?;
    /// assert_eq!(template.host().as_deref(), Some("whs.example"));
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn host(&self) -> Option<String> {
        self.origin().and_then(|url| url.host_str().map(str::to_owned))
    }

    /// The scheme and host, which no attempt changes.
    fn origin(&self) -> Option<Url> {
        let Some(Piece::Text(start)) = self.0.first() else { return None };
        Url::parse(start).ok()
    }
}

impl FromStr for DeepLinkTemplate {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |rule| ParseError::new("deepLinkTemplate", rule);
        if text.len() > Self::MAX_BYTES {
            return Err(refuse(Rule::TooLong { max: Self::MAX_BYTES, unit: "bytes" }));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, from_name)) = rest.split_once('{') {
            let (name, after) = from_name
                .split_once('}')
                .ok_or(refuse(Rule::Other("has a place that is not closed")))?;
            let place = match name {
                "kind" => Piece::Kind,
                "upstreamId" => Piece::UpstreamId,
                "attemptId" => Piece::AttemptId,
                "context" => Piece::Context,
                _ => {
                    return Err(refuse(Rule::NotOneOf(
                        "{kind}, {upstreamId}, {attemptId}, {context}",
                    )));
                }
            };
            pieces.extend([Piece::Text(before.to_owned()), place]);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let template = DeepLinkTemplate(pieces);
        // The text before the first place must reach past the host, so that no place is in it.
        let origin = template.origin().ok_or(refuse(Rule::Format("an absolute URL")))?;
        let past_host = matches!(template.0.first(), Some(Piece::Text(start))
            if start.splitn(4, '/').count() == 4 || (template.0.len() == 1 && origin.has_host()));
        if !past_host || !origin.username().is_empty() || origin.password().is_some() {
            return Err(refuse(Rule::Other("must fix its scheme and host, and hold no user name")));
        }
        let loopback = matches!(origin.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match origin.scheme() {
            "https" => Ok(template),
            "http" if loopback => Ok(template),
            _ => Err(refuse(Rule::Format("an https URL, or http on a loopback address"))),
        }
    }
}

/// Everything but the unreserved characters (RFC 3986, section 2.3) as `%XX`.
fn percent_encode(into: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(byte.into())
            }
            // Writing to a string does not fail.
            _ => drop(write!(into, "%{byte:02X}")),
        }
    }
}

/// The owning systems that a marketplace knows.
///
/// ```
/// use fleetprompt_core::domain::SystemRegistry;
/// assert_eq!(SystemRegistry::new(vec![], &[])?.all().count(), 0);
/// # Ok::<(), fleetprompt_core::domain::SystemRegistryError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemRegistry(Vec<OwningSystem>);

/// Why systems can't be registered together.
///
/// ```
/// use fleetprompt_core::domain::{SystemRegistry, SystemRegistryError};
/// # let whs = fleetprompt_core::domain::OwningSystem {
/// #     name: "whs".parse()?,
/// #     audience: "https://whs.example".parse()?,
/// #     issuer: "https://id.example".parse()?,
/// #     client: "whs-backend".parse()?,
/// #     kinds: vec![fleetprompt_core::domain::AssetKind::WhsAgent],
/// #     deep_link: "https://whs.example/install/{upstreamId}".parse()?,
/// #     requires_confirmation: true,
/// # };
/// let refused = SystemRegistry::new(vec![whs.clone()], &["agentromatic.example"]);
/// assert_eq!(refused, Err(SystemRegistryError::HostNotAllowed(whs.name.clone())));
/// let refused = SystemRegistry::new(vec![whs.clone(), whs.clone()], &["whs.example"]);
/// assert_eq!(refused, Err(SystemRegistryError::Shared(whs.name)));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SystemRegistryError {
    /// Two systems share a name, an audience or a client.
    #[error("two owning systems share a name, an audience or a client, one of them is {0}")]
    Shared(SystemName),
    /// Two systems own the same kind of asset.
    #[error("the asset kind {0} has two owning systems")]
    KindTwice(AssetKind),
    /// A pack is a collection in the marketplace itself.
    #[error("{0} can't own packs: they live in the marketplace")]
    OwnsPacks(SystemName),
    /// A deep link leads to a host that is not on the allow-list.
    #[error("the deep link of {0} leads to a host that is not allowed")]
    HostNotAllowed(SystemName),
}

impl SystemRegistry {
    /// Registers `systems`, whose deep links may lead to `allowed_hosts` only.
    ///
    /// # Errors
    /// When two systems share what must be unique, or a link leads elsewhere.
    pub fn new(
        systems: Vec<OwningSystem>,
        allowed_hosts: &[&str],
    ) -> Result<Self, SystemRegistryError> {
        for (at, system) in systems.iter().enumerate() {
            if system.kinds.contains(&AssetKind::Pack) {
                return Err(SystemRegistryError::OwnsPacks(system.name.clone()));
            }
            let host = system.deep_link.host();
            if !host.is_some_and(|host| allowed_hosts.contains(&host.as_str())) {
                return Err(SystemRegistryError::HostNotAllowed(system.name.clone()));
            }
            for other in systems.iter().skip(at + 1) {
                let shared = system.name == other.name
                    || system.audience == other.audience
                    || (&system.issuer, &system.client) == (&other.issuer, &other.client);
                if shared {
                    return Err(SystemRegistryError::Shared(other.name.clone()));
                }
                if let Some(kind) = system.kinds.iter().find(|kind| other.kinds.contains(kind)) {
                    return Err(SystemRegistryError::KindTwice(*kind));
                }
            }
        }
        Ok(SystemRegistry(systems))
    }

    /// Every system.
    pub fn all(&self) -> impl Iterator<Item = &OwningSystem> {
        self.0.iter()
    }

    /// The system of this name.
    pub fn named(&self, name: &SystemName) -> Option<&OwningSystem> {
        self.0.iter().find(|system| system.name == *name)
    }

    /// The system with this service identity.
    pub fn by_client(&self, issuer: &IssuerName, client: &ClientName) -> Option<&OwningSystem> {
        self.0.iter().find(|system| system.issuer == *issuer && system.client == *client)
    }

    /// The system that owns assets of this kind.
    pub fn owner_of(&self, kind: AssetKind) -> Option<&OwningSystem> {
        self.0.iter().find(|system| system.kinds.contains(&kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_upstream_id_stays_one_parameter() {
        let template: DeepLinkTemplate =
            "https://whs.example/i?u={upstreamId}&c={context}".parse().unwrap();
        let context = "x#y\u{e9}/../&c=z".parse().unwrap();
        let hostile = "a&admin=1#frag ment?%00".parse().unwrap();
        let url = template.fill(
            AssetKind::WhsAgent,
            &hostile,
            AttemptId::from_bytes([1; 16]),
            Some(&context),
        );
        let pairs: Vec<_> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
        assert_eq!(
            pairs,
            [
                ("u".to_owned(), "a&admin=1#frag ment?%00".to_owned()),
                ("c".to_owned(), "x#y\u{e9}/../&c=z".to_owned()),
            ]
        );
    }

    #[test]
    fn schemes_and_hosts_are_fixed_by_the_template() {
        for refused in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/relative",
            "http://whs.example/",
            "https://{upstreamId}/",
            "https://whs.example{upstreamId}/",
            "https://whs{kind}.example/x",
            "https://user@whs.example/",
            "https://whs.example/{secret}",
            "https://whs.example/{kind",
            "{upstreamId}",
            "https://whs.example:{kind}/",
            "ftp://whs.example/",
        ] {
            assert!(refused.parse::<DeepLinkTemplate>().is_err(), "{refused}");
        }
        for accepted in
            ["https://whs.example/{upstreamId}", "http://127.0.0.1:8080/x", "https://whs.example"]
        {
            assert!(accepted.parse::<DeepLinkTemplate>().is_ok(), "{accepted}");
        }
    }
}
