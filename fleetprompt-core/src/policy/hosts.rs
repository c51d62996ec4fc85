//! Where links may lead.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::domain::Rule;

/// Ends of names that no public name server knows (RFC 6761, RFC 6762, RFC 9476).
const PRIVATE: &[&str] = &["localhost", "local", "internal", "home.arpa", "alt", "onion"];

/// Schemes whose host is a name of its own, such as that of a bucket.
const NAMED: &[&str] = &["gs", "ipfs", "s3"];

/// The rule that a link breaks whose host means something else to each reader: their own machine,
/// or one in the network that they are in.
///
/// Such a link is of no use to a buyer, and may be meant to act on what only the buyer can reach,
/// such as a router. Addresses of the public internet are allowed, as numbers too. What the link's
/// host resolves to is not asked: nothing here fetches it.
///
/// ```
/// use fleetprompt_core::policy::leads_nowhere;
/// assert!(leads_nowhere("http://localhost:8080/").is_some());
/// assert!(leads_nowhere("https://docs.example/").is_none());
/// ```
pub fn leads_nowhere(link: &str) -> Option<Rule> {
    let rule = Rule::Other("must name a host that everybody reaches");
    let Ok(url) = Url::parse(link) else { return Some(rule) };
    if NAMED.contains(&url.scheme()) {
        return None;
    }
    // The standard takes hosts apart for the schemes of the web alone.
    let host = url.host_str().map(Host::parse);
    let public = match host {
        Some(Ok(Host::Domain(name))) => is_public(name.trim_end_matches('.')),
        Some(Ok(Host::Ipv4(address))) => !is_private(address.into()),
        Some(Ok(Host::Ipv6(address))) => !is_private(address.into()),
        Some(Err(_)) | None => false,
    };
    (!public).then_some(rule)
}

fn is_public(name: &str) -> bool {
    let below = |end: &&str| name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'));
    name.contains('.') && !PRIVATE.iter().any(below)
}

/// What IANA's registries of special addresses keep off the public internet.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_private_v4(mapped),
            None => is_private_v6(address),
        },
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 198 && (18..20).contains(&second))
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is given out.
    let [first, ..] = address.segments();
    first >> 13 != 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ArtifactUri;

    fn refused(link: &str) -> bool {
        leads_nowhere(link.parse::<ArtifactUri>().unwrap().as_str()).is_some()
    }

    #[test]
    fn links_into_the_readers_own_network_are_told() {
        for link in [
            "http://localhost/",
            "http://LOCALHOST.:8080/",
            "https://app.localhost/",
            "http://router/",
            "http://printer.local/",
            "http://metadata.google.internal/",
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://10.0.0.1/",
            "http://172.16.0.1/",
            "http://192.168.1.1/setup.cgi",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
            "http://[::ffff:192.168.0.1]/",
            "oci://localhost:5000/acme/bot",
            "git+http://10.1.2.3/acme",
        ] {
            assert!(refused(link), "{link}");
        }
    }

    #[test]
    fn public_hosts_pass() {
        for link in [
            "https://docs.example/",
            "https://b\u{fc}cher.example/",
            "https://example.com.:8443/",
            "http://1.1.1.1/",
            "https://[2606:4700::1111]/",
            "oci://ghcr.io/acme/bot",
            "git+https://git.example/acme/bot",
            "s3://bucket/key",
            "ipfs://bafybeigd/a",
            "https://localhost.example/",
        ] {
            assert!(!refused(link), "{link}");
        }
    }
}
