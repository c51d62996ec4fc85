//! Identities for development: whoever asks is believed, on this machine alone.
//!
//! They are safe by four things. [`DevIdentity`] can't be made for a listener that another machine
//! reaches. A request is refused that names another host or that a proxy has passed on, since both mean
//! that it may come from elsewhere. Its principals are of an issuer of their own, [`DEV_ISSUER`], which no
//! other identity takes. And that issuer stands in every record of a person or tenant that they made: the
//! database is marked by it, record by record, wherever it is copied. Served without development
//! identities, nobody can be any of them again.

use std::net::{IpAddr, SocketAddr};

use fleetprompt_core::domain::{IssuerName, PersonIdentity, TenantIdentity};
use fleetprompt_core::port::{Principal, TenantRole};
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;

use super::error::{Judged, Refused};

/// Who vouches for development identities: nobody. The name can't exist (RFC 6761, section 6.4).
///
/// ```
/// use fleetprompt_http::identity::dev::{DEV_ISSUER, is_dev_issuer};
/// assert!(is_dev_issuer(&DEV_ISSUER.parse()?));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub const DEV_ISSUER: &str = "https://dev.invalid";

/// Whether an issuer is that of development identities, however it is spelled.
///
/// ```
/// use fleetprompt_http::identity::dev::is_dev_issuer;
/// assert!(is_dev_issuer(&"HTTPS://DEV.invalid/".parse()?));
/// assert!(!is_dev_issuer(&"https://id.example".parse()?));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub fn is_dev_issuer(issuer: &IssuerName) -> bool {
    let host =
        url::Url::parse(issuer.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned));
    issuer.as_str() == DEV_ISSUER
        || host.is_some_and(|host| host.trim_end_matches('.') == "dev.invalid")
}

/// Believes `Bearer dev:<tenant>:<subject>`, with `:admin` or `:operator` behind it if wanted, and
/// `Bearer dev-system:<system>`. A tenant that is empty or `-` is the personal one of the subject. A
/// system is the client of that name of [`DEV_ISSUER`].
///
/// While it is in a [`Chain`](super::Chain), every request is refused that does not come straight from
/// this machine, those without a credential as well.
///
/// ```
/// use fleetprompt_http::identity::Chain;
/// use fleetprompt_http::identity::dev::DevIdentity;
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let dev = DevIdentity::for_listener(listener.local_addr()?)?;
/// let chain = Chain::new(None, None, Some(dev))?;
///
/// assert!(DevIdentity::for_listener("0.0.0.0:8080".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DevIdentity {
    issuer: IssuerName,
}

/// The address can be reached from other machines.
///
/// ```
/// use fleetprompt_http::identity::dev::{DevIdentity, NotLoopback};
/// let refused = DevIdentity::for_listener("[::]:80".parse().unwrap()).unwrap_err();
/// assert_eq!(refused, NotLoopback);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("development identities need a loopback address, such as 127.0.0.1 or [::1]")]
pub struct NotLoopback;

impl DevIdentity {
    /// For a listener bound to this address: the one that it has, not the one that it was asked for.
    ///
    /// # Errors
    /// [`NotLoopback`], when other machines reach it.
    pub fn for_listener(address: SocketAddr) -> Result<Self, NotLoopback> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(NotLoopback);
        }
        let issuer = DEV_ISSUER.parse().map_err(|_| NotLoopback)?;
        Ok(DevIdentity { issuer })
    }

    pub(crate) fn person(&self, who: &str) -> Judged<Principal> {
        let malformed = |_| Refused::Invalid("a malformed development identity");
        let mut parts = who.split(':');
        let (Some(tenant), Some(subject)) = (parts.next(), parts.next()) else {
            return Err(Refused::Invalid("a development identity without subject"));
        };
        let subject = subject.parse().map_err(malformed)?;
        let identity = match tenant {
            "" | "-" => PersonIdentity::personal(self.issuer.clone(), subject),
            name => {
                let name = name.parse().map_err(malformed)?;
                let tenant = TenantIdentity::organisation(self.issuer.clone(), name);
                PersonIdentity::new(tenant, subject)
            }
        };
        match (parts.next(), parts.next()) {
            (None, _) => Ok(Principal::person(identity)),
            (Some("admin"), None) => Ok(Principal::Person { identity, role: TenantRole::Admin }),
            (Some("operator"), None) => Ok(Principal::operator(identity)),
            _ => Err(Refused::Invalid("a development identity with an unknown role")),
        }
    }

    pub(crate) fn system(&self, client: &str) -> Judged<Principal> {
        let malformed = |_| Refused::Invalid("a malformed development identity");
        Ok(Principal::system(self.issuer.clone(), client.parse().map_err(malformed)?))
    }
}

/// What proxies add to the requests that they pass on, besides `X-Forwarded-…`.
const FORWARDING: [&str; 11] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-original-host",
    "x-envoy-external-address",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
];

/// Whether a request names a loopback host, and shows no sign of a proxy.
///
/// A page from elsewhere whose name was made to resolve to this machine still names itself in `Host`.
pub(crate) fn is_local(head: &Parts) -> bool {
    let forwarded = head.headers.keys().map(http::HeaderName::as_str).any(|name| {
        name == "x-forwarded" || name.starts_with("x-forwarded-") || FORWARDING.contains(&name)
    });
    let mut named = head.headers.get_all(HOST).iter();
    let in_header = named.next();
    // HTTP/2 names the host in the target instead.
    let in_target = head.uri.authority();
    let header_local = in_header.is_none_or(|host| {
        host.to_str().ok().and_then(|host| host.parse().ok()).is_some_and(|host| is_loopback(&host))
    });
    !forwarded
        && (in_header.is_some() || in_target.is_some())
        && named.next().is_none()
        && header_local
        && in_target.is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let text = authority.as_str();
    let port_is_number = match text.strip_prefix(authority.host()) {
        Some("") => true,
        Some(port) => port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
        // There is a user name in front.
        None => false,
    };
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    port_is_number
        && (host.eq_ignore_ascii_case("localhost")
            || address.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback()))
}
