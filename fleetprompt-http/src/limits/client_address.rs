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
        self.find(peer, headers).address
    }

    pub(super) fn find(&self, peer: IpAddr, headers: &HeaderMap) -> Found {
        let peer = peer.to_canonical();
        match &self.trust {
            Trust::Nobody => Found { address: peer, is_client: true },
            Trust::Hops(hops) => {
                let place = usize::from(hops.get()) - 1;
                let said = self.said(headers).into_iter().nth(place).flatten();
                Found { address: said.unwrap_or(peer), is_client: said.is_some() }
            }
            Trust::Networks(networks) => {
                let mut address = peer;
                let mut said = self.said(headers).into_iter();
                while contains(networks, address) {
                    match said.next() {
                        Some(Some(next)) => address = next,
                        Some(None) | None => return Found { address, is_client: false },
                    }
                }
                Found { address, is_client: true }
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

    /// What proxies said, the nearest first; none for what is no address. It is read from its end, which
    /// is theirs, so that nothing that a client put before it changes how it is read.
    fn said(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let (name, read): (HeaderName, fn(&str) -> Option<IpAddr>) = match self.header {
            ForwardingHeader::XForwardedFor => (HeaderName::from_static("x-forwarded-for"), node),
            ForwardingHeader::Forwarded => (header::FORWARDED, forwarded_for),
        };
        let quotes = self.header == ForwardingHeader::Forwarded;
        let mut said = Vec::new();
        // Several fields are one list (RFC 9110, 5.3).
        for field in headers.get_all(name).iter().rev() {
            let text = String::from_utf8_lossy(field.as_bytes());
            for element in (Backwards { rest: Some(&text), at: ',', quotes }) {
                let Ok(element) = element else {
                    said.push(None);
                    return said;
                };
                said.push(read(element.trim()));
            }
        }
        said
    }
}

/// Whose address a request counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) address: IpAddr,
    /// Whether it is the client's, and not that of a trusted proxy that did not say who called it.
    pub(super) is_client: bool,
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

/// The `for` of an element of a `Forwarded` field.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in (Backwards { rest: Some(element), at: ';', quotes: true }) {
        let pair = pair.ok()?.trim();
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=')?;
        if name.eq_ignore_ascii_case("for") && found.replace(value).is_some() {
            return None;
        }
    }
    let value = found?;
    let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    node(unquoted.unwrap_or(value))
}

/// The parts of a text between separators that do not stand in quotes, the last first.
struct Backwards<'a> {
    rest: Option<&'a str>,
    at: char,
    quotes: bool,
}

/// Quotes end where none begin.
#[derive(Debug)]
struct Unbalanced;

impl<'a> Iterator for Backwards<'a> {
    type Item = Result<&'a str, Unbalanced>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.take()?;
        let mut quoted = false;
        for (place, letter) in text.char_indices().rev() {
            let (before, after) = text.split_at_checked(place)?;
            if self.quotes && letter == '"' {
                quoted = !quoted || is_escape(before);
            } else if letter == self.at && !quoted {
                self.rest = Some(before);
                return Some(Ok(after.strip_prefix(self.at).unwrap_or(after)));
            }
        }
        Some(if quoted { Err(Unbalanced) } else { Ok(text) })
    }
}

/// Whether a text ends with a backslash that escapes what follows.
fn is_escape(text: &str) -> bool {
    text.chars().rev().take_while(|letter| *letter == '\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::collection::vec;
    use proptest::prelude::*;

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
            // What a client left open swallows nothing of what the proxy wrote behind it.
            (r#"for=6.6.6.6;x=", for=203.0.113.5"#, "203.0.113.5"),
            (r#"for="6.6.6.6, for=203.0.113.5"#, "203.0.113.5"),
            (r#"for=6.6.6.6;x="\, for="[2001:db8::7]:4711""#, "2001:db8::7"),
            (r#"for=203.0.113.5;host="a, for=6.6.6.6""#, "203.0.113.5"),
            (r#"for=203.0.113.5;host="a\", for=6.6.6.6;\\""#, "203.0.113.5"),
            ("for=203.0.113.5;for=6.6.6.6", "10.0.0.1"),
            (r#"for=6.6.6.6, 203.0.113.5""#, "10.0.0.1"),
            ("for=_hidden", "10.0.0.1"),
            ("by=203.0.113.5", "10.0.0.1"),
        ];
        for (value, expected) in cases {
            assert_eq!(client(&options, "10.0.0.1", &[("forwarded", value)]), expected, "{value}");
        }
    }

    #[test]
    fn what_breaks_off_at_a_proxy_is_no_client() {
        let cases = [
            (r#"{"trusted-hops": 1}"#, "", "10.0.0.1", false),
            (r#"{"trusted-hops": 1}"#, "unknown", "10.0.0.1", false),
            (r#"{"trusted-hops": 1}"#, "10.0.0.9", "10.0.0.9", true),
            (r#"{"trusted-networks": ["10.0.0.0/8"]}"#, "203.0.113.5", "203.0.113.5", true),
            (r#"{"trusted-networks": ["10.0.0.0/8"]}"#, "unknown, 10.0.0.2", "10.0.0.2", false),
            (r#"{"trusted-networks": ["10.0.0.0/8"]}"#, "10.0.0.2", "10.0.0.2", false),
            ("{}", "203.0.113.5", "10.0.0.1", true),
        ];
        for (written, said, address, is_client) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", said.parse().unwrap());
            let found = options(written).find("10.0.0.1".parse().unwrap(), &headers);
            let address = address.parse().unwrap();
            assert_eq!(found, Found { address, is_client }, "{written} {said}");
        }
    }

    /// How a proxy may write down who called it; what it quotes besides is the client's choice.
    fn elements(address: IpAddr, host: &str) -> [String; 4] {
        let escaped = host.replace('\\', r"\\").replace('"', r#"\""#);
        let quoted = match address {
            IpAddr::V4(address) => format!(r#""{address}:4711""#),
            IpAddr::V6(address) => format!(r#""[{address}]:4711""#),
        };
        [
            format!("for={quoted}"),
            format!("For={quoted};proto=https"),
            format!(r#"for={quoted};host="{escaped}""#),
            format!(r#"by=_edge; host="{escaped}";for={quoted}"#),
        ]
    }

    proptest! {
        #[test]
        fn whatever_a_client_sends_before_it_the_address_is_what_trusted_proxies_appended(
            fields in vec(r#"([,;="\\ \t]|for=|6\.6\.6\.6|10\.0\.0\.2|\[::1\]|[!-~]|\PC){0,12}"#, 0..4),
            host in r#"([,;="\\]|for=|6\.6\.6\.6|[ -~]){0,8}"#,
            hops in 1_usize..4,
            six in any::<bool>(),
            plain in any::<bool>(),
            of_its_own in any::<bool>(),
            ways in vec(0_usize..4, 3),
        ) {
            let client: IpAddr = if six { "2001:db8::7" } else { "203.0.113.5" }.parse().unwrap();
            let proxies = (1..hops).map(|number| IpAddr::from([10, 0, 0, number as u8]));
            let chain = std::iter::once(client).chain(proxies);
            let appended: Vec<String> = chain.zip(&ways).map(|(address, way)| match plain {
                true => address.to_string(),
                false => elements(address, &host)[*way].clone(),
            }).collect();
            let appended = appended.join(", ");
            let mut fields = fields;
            match fields.last_mut().filter(|_| !of_its_own) {
                Some(last) => *last += &format!(", {appended}"),
                None => fields.push(appended),
            }
            let name = if plain { "x-forwarded-for" } else { "forwarded" };
            let mut headers = HeaderMap::new();
            for field in &fields {
                // Some of what is no header field is left out by the server before.
                if let Ok(value) = HeaderValue::from_bytes(field.as_bytes()) {
                    headers.append(name, value);
                }
            }
            prop_assume!(headers.len() == fields.len());
            let peer = IpAddr::from([10, 0, 0, 9]);
            for trust in [
                format!(r#""trusted-hops": {hops}"#),
                r#""trusted-networks": ["10.0.0.0/8"]"#.to_owned(),
            ] {
                let options = options(&format!(r#"{{"header": "{name}", {trust}}}"#));
                let found = options.find(peer, &headers);
                prop_assert_eq!(found, Found { address: client, is_client: true }, "{}", trust);
            }
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
