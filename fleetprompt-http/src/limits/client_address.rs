//! Whose address a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU8;

use fleetprompt_core::domain::{ParseError, Rule};
use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Where a client's address is found: the peer's, unless proxies are trusted to say it.
///
/// ```
/// use fleetprompt_http::limits::ClientAddressOptions;
/// use http::HeaderMap;
/// let mut headers = HeaderMap::new();
/// headers.insert("x-forwarded-for", "198.51.100.9, 203.0.113.7".parse()?);
/// let peer = "192.0.2.1".parse()?;
/// let nobody = ClientAddressOptions::default();
/// assert_eq!(nobody.client(peer, &headers), peer);
/// let one: ClientAddressOptions = serde_json::from_str(r#"{"trusted-hops": 1}"#)?;
/// assert_eq!(one.client(peer, &headers).to_string(), "203.0.113.7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ClientAddressOptions {
    /// The header in which proxies say it; the other one is never looked at.
    pub header: ForwardingHeader,
    /// Which proxies are believed.
    pub trust: Trust,
    /// How much of an IPv6 address tells callers apart. Default: 64, the network that one customer has
    /// at least.
    pub ipv6_prefix: Ipv6Prefix,
}

/// Which proxies are believed.
///
/// ```
/// use fleetprompt_http::limits::Trust;
/// assert_eq!(Trust::default(), Trust::Nobody);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// None: headers are ignored.
    #[default]
    Nobody,
    /// Every request comes through exactly so many proxies, each of which appends the address that it
    /// was called from. Nothing else may be able to reach the server.
    Hops(NonZeroU8),
    /// Proxies at these addresses.
    Networks(Vec<IpNet>),
}

/// The header in which proxies say who called them.
///
/// ```
/// use fleetprompt_http::limits::ForwardingHeader;
/// let header: ForwardingHeader = serde_json::from_str(r#""forwarded""#)?;
/// assert_eq!(header, ForwardingHeader::Forwarded);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// Bits of an IPv6 address, 32 to 128.
///
/// ```
/// use fleetprompt_http::limits::Ipv6Prefix;
/// assert_eq!(Ipv6Prefix::default().bits(), 64);
/// assert!(Ipv6Prefix::try_from(8).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Ipv6Prefix(u8);

impl Ipv6Prefix {
    /// The number of bits.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl Default for Ipv6Prefix {
    fn default() -> Self {
        Ipv6Prefix(64)
    }
}

impl TryFrom<u8> for Ipv6Prefix {
    type Error = ParseError;

    fn try_from(bits: u8) -> Result<Self, ParseError> {
        let fits = (32..=128).contains(&bits);
        let rule = Rule::Other("must be between 32 and 128 bits");
        fits.then_some(Ipv6Prefix(bits)).ok_or_else(|| ParseError::new("ipv6-prefix", rule))
    }
}

impl From<Ipv6Prefix> for u8 {
    fn from(prefix: Ipv6Prefix) -> u8 {
        prefix.0
    }
}

/// As it stands in a configuration.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Written {
    header: ForwardingHeader,
    trusted_hops: u8,
    trusted_networks: Vec<IpNet>,
    ipv6_prefix: Ipv6Prefix,
}

impl TryFrom<Written> for ClientAddressOptions {
    type Error = ParseError;

    fn try_from(written: Written) -> Result<Self, ParseError> {
        let Written { header, trusted_hops, trusted_networks, ipv6_prefix } = written;
        let trust = match (NonZeroU8::new(trusted_hops), trusted_networks) {
            (None, networks) if networks.is_empty() => Trust::Nobody,
            (None, networks) => Trust::Networks(networks),
            (Some(hops), networks) if networks.is_empty() => Trust::Hops(hops),
            (Some(_), _) => {
                let rule = Rule::Other("must be left out where trusted-networks is given");
                return Err(ParseError::new("trusted-hops", rule));
            }
        };
        Ok(ClientAddressOptions { header, trust, ipv6_prefix })
    }
}

impl From<ClientAddressOptions> for Written {
    fn from(options: ClientAddressOptions) -> Written {
        let ClientAddressOptions { header, trust, ipv6_prefix } = options;
        let plain = Written { header, ipv6_prefix, ..Written::default() };
        match trust {
            Trust::Nobody => plain,
            Trust::Hops(hops) => Written { trusted_hops: hops.get(), ..plain },
            Trust::Networks(trusted_networks) => Written { trusted_networks, ..plain },
        }
    }
}

impl ClientAddressOptions {
    /// Whether `peer` is a proxy that is believed.
    pub fn is_proxy(&self, peer: IpAddr) -> bool {
        match &self.trust {
            Trust::Nobody => false,
            Trust::Hops(_) => true,
            Trust::Networks(networks) => contains(networks, peer),
        }
    }

    /// The address of the client that sent a request with these headers through `peer`. What no trusted
    /// proxy said is not believed: where it breaks off, the last believed address counts.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        match &self.trust {
            Trust::Nobody => peer,
            Trust::Hops(hops) => {
                let place = usize::from(hops.get()) - 1;
                self.said(headers).nth(place).flatten().unwrap_or(peer)
            }
            Trust::Networks(networks) => {
                let mut believed = peer;
                let mut said = self.said(headers);
                while contains(networks, believed) {
                    match said.next() {
                        Some(Some(address)) => believed = address,
                        Some(None) | None => break,
                    }
                }
                believed
            }
        }
    }

    /// The address by which callers are told apart: of IPv6, the network.
    pub fn fold(&self, address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let host_bits = 128 - u32::from(self.ipv6_prefix.bits());
                let network = u128::MAX.checked_shl(host_bits).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & network))
            }
        }
    }

    /// What proxies said, the nearest first; none for what is no address.
    fn said<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = Option<IpAddr>> + use<'a> {
        let name = match self.header {
            ForwardingHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            ForwardingHeader::Forwarded => header::FORWARDED,
        };
        let header = self.header;
        // Several fields are one list (RFC 9110, 5.3).
        let mut entries: Vec<Option<IpAddr>> = Vec::new();
        for field in headers.get_all(name) {
            match field.to_str() {
                Ok(text) => match header {
                    ForwardingHeader::XForwardedFor => {
                        entries.extend(text.split(',').map(|entry| node(entry.trim())));
                    }
                    ForwardingHeader::Forwarded => {
                        entries.extend(elements(text).map(forwarded_for))
                    }
                },
                Err(_) => entries.push(None),
            }
        }
        entries.into_iter().rev()
    }
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// An address with or without a port.
fn node(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = bracketed
        .unwrap_or(text)
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// The elements of a `Forwarded` field: split at commas outside of quotes.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    split_unquoted(text, ',')
}

fn split_unquoted(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |letter| {
        quoted ^= letter == '"';
        letter == at && !quoted
    })
}

/// The `for` of an element.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = split_unquoted(element, ';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    node(unquoted.unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(written: &str) -> ClientAddressOptions {
        serde_json::from_str(written).unwrap()
    }

    fn client(options: &ClientAddressOptions, peer: &str, fields: &[(&str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        options.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_what_trusted_proxies_say_is_believed() {
        let nobody = options("{}");
        let hops = options(r#"{"trusted-hops": 2}"#);
        let networks = options(r#"{"trusted-networks": ["10.0.0.0/8", "2001:db8:1::/48"]}"#);
        let xff = |value| ("x-forwarded-for", value);
        type Case<'a> = (&'a ClientAddressOptions, &'a str, &'a [(&'a str, &'a str)], &'a str);
        let cases: [Case<'_>; 13] = [
            (&nobody, "192.0.2.1", &[xff("198.51.100.1")], "192.0.2.1"),
            (&nobody, "::ffff:192.0.2.1", &[], "192.0.2.1"),
            (&hops, "10.0.0.1", &[xff("6.6.6.6, 203.0.113.5, 10.0.0.2")], "203.0.113.5"),
            (
                &hops,
                "10.0.0.1",
                &[xff("6.6.6.6"), xff("203.0.113.5"), xff("10.0.0.2")],
                "203.0.113.5",
            ),
            // Fewer hops than there must be: it came another way.
            (&hops, "10.0.0.1", &[xff("6.6.6.6")], "10.0.0.1"),
            (&hops, "10.0.0.1", &[xff("unknown, 10.0.0.2")], "10.0.0.1"),
            (&hops, "10.0.0.1", &[("forwarded", "for=6.6.6.6, for=7.7.7.7")], "10.0.0.1"),
            (&networks, "192.0.2.1", &[xff("198.51.100.1")], "192.0.2.1"),
            (&networks, "10.0.0.1", &[xff("6.6.6.6, 203.0.113.5:4711, 10.9.9.9")], "203.0.113.5"),
            (&networks, "10.0.0.1", &[xff("6.6.6.6, garbage, 10.9.9.9")], "10.9.9.9"),
            (&networks, "::ffff:10.0.0.1", &[xff("[2001:db8:2::7]:80")], "2001:db8:2::7"),
            (&networks, "2001:db8:1::1", &[xff("2001:db8:1::2")], "2001:db8:1::2"),
            (&networks, "10.0.0.1", &[], "10.0.0.1"),
        ];
        for (options, peer, fields, expected) in cases {
            assert_eq!(client(options, peer, fields), expected, "{peer} {fields:?}");
        }
    }

    #[test]
    fn forwarded_is_read_as_written() {
        let options = options(r#"{"header": "forwarded", "trusted-hops": 1}"#);
        let cases = [
            ("for=203.0.113.5", "203.0.113.5"),
            ("for=6.6.6.6, for=203.0.113.5;proto=https", "203.0.113.5"),
            (r#"proto=https; For="[2001:db8::7]:4711""#, "2001:db8::7"),
            (r#"for="6.6.6.6,", for=203.0.113.5"#, "203.0.113.5"),
            ("for=_hidden", "10.0.0.1"),
            ("by=203.0.113.5", "10.0.0.1"),
        ];
        for (value, expected) in cases {
            assert_eq!(client(&options, "10.0.0.1", &[("forwarded", value)]), expected, "{value}");
        }
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_caller() {
        let options = options("{}");
        let fold = |text: &str| options.fold(text.parse().unwrap()).to_string();
        assert_eq!(fold("2001:db8:0:1:2:3:4:5"), "2001:db8:0:1::");
        assert_eq!(fold("::ffff:192.0.2.9"), "192.0.2.9");
        assert_ne!(fold("192.0.2.8"), fold("192.0.2.9"));
    }
}
