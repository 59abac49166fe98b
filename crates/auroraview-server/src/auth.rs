//! Who may speak to a port on a user's machine: names of the server, origins of pages, secrets.
//!
//! A page of the open web can make a browser send requests to any port of this machine. Two things give it away: the
//! `Origin` it comes from, and, when it has its own DNS name point here (rebinding), the `Host` it asks for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

use crate::request::{Refusal, RequestInfo};

/// The allow-lists.
pub(crate) struct Access {
    hosts: Vec<Authority>,
    any_host: bool,
    /// In lower case, as browsers write them.
    origins: Vec<String>,
    any_origin: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    Ip(IpAddr),
}

/// What stands in a `Host` header, and behind the scheme of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Authority {
    host: Host,
    port: Option<u16>,
}

impl Access {
    /// Entries that are no host or origin match nothing.
    pub(crate) fn new(hosts: &[String], origins: &[String]) -> Self {
        let authority = |entry: &String| {
            let bare = entry.parse::<IpAddr>().ok().map(|ip| Authority {
                host: Host::Ip(ip.to_canonical()),
                port: None,
            });
            let parsed = bare.or_else(|| Authority::parse(entry));
            if parsed.is_none() && entry != "*" {
                log::warn!(
                    "expected a host such as example.org or example.org:8000 in allow_hosts, found {entry:?}"
                );
            }
            parsed
        };
        Self {
            hosts: hosts.iter().filter_map(authority).collect(),
            any_host: hosts.iter().any(|host| host == "*"),
            origins: origins.iter().map(|origin| normal_origin(origin)).collect(),
            any_origin: origins.iter().any(|origin| origin == "*"),
        }
    }

    /// Whether a request with these headers may be answered at all.
    pub(crate) fn check(&self, request: &RequestInfo) -> Result<(), Refusal> {
        let host = self.check_host(request)?;
        self.check_origin(request, &host)
    }

    fn check_host(&self, request: &RequestInfo) -> Result<Option<Authority>, Refusal> {
        let mut values = request.header_values("host");
        let (Some(value), None) = (values.next(), values.next()) else {
            return match self.any_host {
                true => Ok(None),
                false => Err(Refusal::new(403, "Expected one Host header.")),
            };
        };
        let host = Authority::parse(value);
        let allowed = match &host {
            _ if self.any_host => true,
            Some(host) => self.allows_host(host, request.local.as_ref()),
            None => false,
        };
        if allowed {
            return Ok(host);
        }
        Err(Refusal::new(
            403,
            format!(
                "The host {value:?} is not allowed here; the option allow_hosts names those that are."
            ),
        ))
    }

    fn allows_host(&self, host: &Authority, local: Option<&(String, u16)>) -> bool {
        let named = |entry: &Authority| {
            entry.host == host.host && entry.port.is_none_or(|port| host.has_port(port))
        };
        if self.hosts.iter().any(named) {
            return true;
        }
        match local {
            Some((name, port)) => host.is_default(name, *port),
            // A socket without an address is reached through a proxy, which no DNS name can be bent to.
            None => self.hosts.is_empty(),
        }
    }

    fn check_origin(&self, request: &RequestInfo, host: &Option<Authority>) -> Result<(), Refusal> {
        let mut values = request.header_values("origin");
        let Some(value) = values.next() else {
            return Ok(());
        };
        if values.next().is_none()
            && self.allows_origin(value, host.as_ref(), request.local.as_ref())
        {
            return Ok(());
        }
        Err(Refusal::new(
            403,
            format!(
                "The origin {value:?} is not allowed here; the option allow_origins names those that are."
            ),
        ))
    }

    fn allows_origin(
        &self,
        origin: &str,
        host: Option<&Authority>,
        local: Option<&(String, u16)>,
    ) -> bool {
        let origin = normal_origin(origin);
        if self.any_origin || self.origins.contains(&origin) {
            return true;
        }
        let (usual, authority) = if let Some(authority) = origin.strip_prefix("http://") {
            (80, authority)
        } else if let Some(authority) = origin.strip_prefix("https://") {
            (443, authority)
        } else {
            return false;
        };
        let Some(authority) = Authority::parse(authority) else {
            return false;
        };
        let port = authority.port.unwrap_or(usual);
        let same = host
            .is_some_and(|host| host.host == authority.host && host.port.unwrap_or(usual) == port);
        // Another name of the same loopback port is no foreign page: nobody else listens there.
        let loopback = local.is_some_and(|(name, local_port)| {
            usual == 80
                && port == *local_port
                && Host::parse(name).is_some_and(|local| local.is_loopback())
                && authority.host.is_loopback()
        });
        same || loopback
    }

    /// Whether pages of this origin were named, so that they may read what they ask for.
    pub(crate) fn names_origin(&self, origin: &str) -> bool {
        self.any_origin || self.origins.contains(&normal_origin(origin))
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        let ipv6 = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        if let Some(ipv6) = ipv6 {
            return ipv6.parse::<Ipv6Addr>().ok().map(|ip| Self::Ip(ip.into()));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::Ip(ip.to_canonical()));
        }
        let good = !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        good.then(|| Self::Name(text.to_ascii_lowercase()))
    }

    /// One of the three names that a loopback port has by default.
    fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Ip(IpAddr::V4(ip)) => *ip == Ipv4Addr::LOCALHOST,
            Self::Ip(IpAddr::V6(ip)) => *ip == Ipv6Addr::LOCALHOST,
        }
    }
}

impl Authority {
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            // Not the last colon inside of brackets.
            Some((host, port)) if !port.ends_with(']') => {
                let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
                (host, Some(port.parse().ok().filter(|_| digits)?))
            }
            _ => (text, None),
        };
        if host.contains(':') && !host.starts_with('[') {
            return None;
        }
        Some(Self {
            host: Host::parse(host)?,
            port,
        })
    }

    /// A port that is not said is the usual one of http or https; behind a proxy one cannot tell which.
    fn has_port(&self, port: u16) -> bool {
        match self.port {
            Some(own) => own == port,
            None => port == 80 || port == 443,
        }
    }

    /// Whether a server at `name` and `port` goes by this name without being told so.
    fn is_default(&self, name: &str, port: u16) -> bool {
        let local = Host::parse(name);
        let beyond_loopback = match &local {
            Some(Host::Ip(ip)) => !ip.is_loopback(),
            _ => false,
        };
        // Rebinding needs a DNS name, so an address that was typed in is as good as it gets.
        if beyond_loopback && matches!(self.host, Host::Ip(_)) {
            return true;
        }
        self.has_port(port) && (self.host.is_loopback() || local.as_ref() == Some(&self.host))
    }
}

fn normal_origin(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let origin = origin.strip_suffix('/').unwrap_or(&origin);
    let usual = match origin {
        _ if origin.starts_with("http://") => ":80",
        _ if origin.starts_with("https://") => ":443",
        _ => return origin.to_owned(),
    };
    origin.strip_suffix(usual).unwrap_or(origin).to_owned()
}

/// Whether a query has the field `token`: there it would end up in logs and histories.
pub(crate) fn has_token(query: &str) -> bool {
    query.split('&').any(|field| {
        let name = field.split_once('=').map_or(field, |(name, _)| name);
        percent_decode_str(name).decode_utf8_lossy() == "token"
    })
}

/// Compares secrets in a time that says nothing about where they differ.
pub(crate) fn same_secret(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// 128 bits from the system's random source, as 22 characters that may stand anywhere.
pub(crate) fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(local: Option<(&str, u16)>, headers: &[(&str, &str)]) -> RequestInfo {
        RequestInfo {
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            local: local.map(|(host, port)| (host.into(), port)),
            ..RequestInfo::default()
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_loopback_port_has_three_names() {
        let access = Access::new(&[], &[]);
        for (host, good) in [
            ("127.0.0.1:8000", true),
            ("localhost:8000", true),
            ("LOCALHOST:8000", true),
            ("[::1]:8000", true),
            ("[0:0:0:0:0:0:0:1]:8000", true),
            ("127.0.0.1", false),
            ("127.0.0.1:8001", false),
            ("localhost", false),
            ("evil.example:8000", false),
            ("localhost.evil.example:8000", false),
            ("127.0.0.1.evil.example:8000", false),
            ("192.168.1.5:8000", false),
            ("[::2]:8000", false),
            ("::1:8000", false),
            ("127.0.0.1:8000:8000", false),
            ("127.0.0.1:+8000", false),
            ("127.0.0.1:", false),
            ("user@127.0.0.1:8000", false),
            ("", false),
        ] {
            let request = request(Some(("127.0.0.1", 8000)), &[("host", host)]);
            assert_eq!(access.check(&request).is_ok(), good, "{host}");
        }
        let twice = [("host", "localhost:8000"), ("host", "localhost:8000")];
        assert_eq!(
            access
                .check(&request(Some(("127.0.0.1", 8000)), &twice))
                .unwrap_err()
                .status,
            403
        );
        assert!(
            access
                .check(&request(Some(("127.0.0.1", 8000)), &[]))
                .is_err()
        );
    }

    #[test]
    fn a_port_that_is_not_said_is_the_usual_one() {
        let access = Access::new(&[], &[]);
        assert!(
            access
                .check(&request(Some(("127.0.0.1", 80)), &[("host", "localhost")]))
                .is_ok()
        );
    }

    #[test]
    fn beyond_loopback_addresses_are_good_and_names_must_be_allowed() {
        let access = Access::new(&texts(&["studio.example", "panel.example:9000"]), &[]);
        for (host, good) in [
            ("192.168.1.5:8000", true),
            ("[fe80::1]:80", true),
            ("studio.example", true),
            ("studio.example:1234", true),
            ("panel.example:9000", true),
            ("panel.example:9001", false),
            ("evil.example:8000", false),
        ] {
            let request = request(Some(("192.168.1.5", 8000)), &[("host", host)]);
            assert_eq!(access.check(&request).is_ok(), good, "{host}");
        }
    }

    #[test]
    fn without_an_address_of_its_own_any_name_will_do_unless_some_are_given() {
        let headers = [("host", "anything.example")];
        assert!(
            Access::new(&[], &[])
                .check(&request(None, &headers))
                .is_ok()
        );
        assert!(
            Access::new(&texts(&["b.example"]), &[])
                .check(&request(None, &headers))
                .is_err()
        );
        assert!(
            Access::new(&texts(&["*"]), &[])
                .check(&request(None, &headers))
                .is_ok()
        );
    }

    #[test]
    fn origins_are_our_own_or_were_named() {
        let access = Access::new(
            &texts(&["studio.example"]),
            &texts(&["https://App.example:443/", "vscode-webview://x"]),
        );
        for (host, origin, good) in [
            ("localhost:8000", "http://localhost:8000", true),
            ("localhost:8000", "http://127.0.0.1:8000", true),
            ("localhost:8000", "http://[::1]:8000", true),
            ("localhost:8000", "http://localhost:8001", false),
            ("localhost:8000", "https://127.0.0.1:8000", false),
            ("localhost:8000", "http://evil.example", false),
            ("localhost:8000", "http://evil.example:8000", false),
            (
                "localhost:8000",
                "http://localhost:8000.evil.example",
                false,
            ),
            (
                "localhost:8000",
                "http://localhost:8000@evil.example",
                false,
            ),
            ("localhost:8000", "null", false),
            ("localhost:8000", "file://", false),
            ("localhost:8000", "", false),
            ("localhost:8000", "https://app.example", true),
            ("localhost:8000", "http://app.example", false),
            ("localhost:8000", "vscode-webview://x", true),
            ("studio.example", "https://studio.example", true),
            ("studio.example", "http://studio.example:80", true),
            ("studio.example", "https://studio.example:444", false),
            ("studio.example:444", "https://studio.example:444", true),
        ] {
            let headers = [("host", host), ("origin", origin)];
            let request = request(Some(("127.0.0.1", 8000)), &headers);
            assert_eq!(access.check(&request).is_ok(), good, "{host} {origin}");
        }
        let twice = [
            ("host", "localhost:8000"),
            ("origin", "http://localhost:8000"),
            ("origin", "http://localhost:8000"),
        ];
        assert!(
            access
                .check(&request(Some(("127.0.0.1", 8000)), &twice))
                .is_err()
        );
        let null = Access::new(&[], &texts(&["null"]));
        let headers = [("host", "localhost:8000"), ("origin", "null")];
        assert!(
            null.check(&request(Some(("127.0.0.1", 8000)), &headers))
                .is_ok()
        );
    }

    #[test]
    fn a_token_in_the_query_is_found_however_it_is_written() {
        for (query, found) in [
            ("token=x", true),
            ("a=b&token=x", true),
            ("token", true),
            ("%74oken=x", true),
            ("", false),
            ("tokens=x&mytoken=y&a=token", false),
        ] {
            assert_eq!(has_token(query), found, "{query}");
        }
    }

    #[test]
    fn random_texts_have_22_characters_and_differ() {
        let (a, b) = (random_text().unwrap(), random_text().unwrap());
        assert_eq!((a.len(), b.len()), (22, 22));
        assert!(!same_secret(&a, &b) && same_secret(&a, &a.clone()) && !same_secret(&a, &a[1..]));
    }
}
