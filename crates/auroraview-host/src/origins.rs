//! Origins: who an address belongs to, and who may use the bridge.
//!
//! An origin is written `scheme://host[:port]` as `location.origin` writes it: lower case, no default port. Addresses
//! without one (`about:`, `data:`, `file:`) have none here and never get the bridge.

use std::collections::BTreeSet;

use url::Url;

/// The scheme of a view's own pages.
pub(crate) const SCHEME: &str = "auroraview";

/// The origin of an address, `None` where `location.origin` would be `null`.
pub(crate) fn origin_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str().filter(|host| !host.is_empty())?;
    match url.scheme() {
        "http" | "https" => Some(url.origin().ascii_serialization()),
        SCHEME => Some(format!("{SCHEME}://{host}")),
        _ => None,
    }
}

/// Whether the address is one for a browser.
pub(crate) fn is_web(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// The address without its fragment, in the one way of writing it.
pub(crate) fn document_address(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) => {
            url.set_fragment(None);
            url.into()
        }
        Err(_) => address.to_owned(),
    }
}

/// The origins that may use one view's bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    origins: BTreeSet<String>,
}

impl Allowed {
    /// The view's own origin, the given ones, and that of the address the program loads. What is no origin is given
    /// back as the second value.
    pub(crate) fn new(own: &str, given: &[String], loaded: Option<&str>) -> (Self, Vec<String>) {
        let mut origins = BTreeSet::from([own.to_owned()]);
        let mut bad = Vec::new();
        for text in given {
            match origin_of(text) {
                Some(origin) => drop(origins.insert(origin)),
                None => bad.push(text.clone()),
            }
        }
        origins.extend(loaded.and_then(origin_of));
        (Self { origins }, bad)
    }

    /// Whether a document from this address may use the bridge.
    pub(crate) fn allows(&self, address: &str) -> bool {
        origin_of(address).is_some_and(|origin| self.origins.contains(&origin))
    }

    /// The origins of both.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self {
            origins: &self.origins | &other.origins,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.origins.iter().map(String::as_str)
    }

    /// WebKit's patterns for these origins. They know no ports, so the injected script looks for itself as well.
    pub(crate) fn patterns(&self) -> Vec<String> {
        let without_port = |origin: &str| {
            let url = Url::parse(origin).ok()?;
            Some(format!("{}://{}/*", url.scheme(), url.host_str()?))
        };
        let patterns: BTreeSet<String> = self.iter().filter_map(without_port).collect();
        patterns.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_the_page_sees_them() {
        for (address, origin) in [
            ("https://Example.org:443/a?b#c", Some("https://example.org")),
            ("http://127.0.0.1:8000/", Some("http://127.0.0.1:8000")),
            ("http://[::1]:80/", Some("http://[::1]")),
            (
                "auroraview://v1-ab12/page.html",
                Some("auroraview://v1-ab12"),
            ),
            ("about:blank", None),
            ("data:text/html,x", None),
            ("file:///etc/passwd", None),
            ("auroraview:page", None),
            ("no address", None),
            ("", None),
        ] {
            assert_eq!(origin_of(address).as_deref(), origin, "{address}");
        }
    }

    #[test]
    fn only_listed_origins_are_allowed() {
        let given = ["https://a.example".to_owned(), "nonsense".to_owned()];
        let (allowed, bad) = Allowed::new("auroraview://v1", &given, Some("http://b.example:80/x"));
        assert_eq!(bad, ["nonsense"]);
        for (address, yes) in [
            ("auroraview://v1/index.html", true),
            ("https://a.example:443/", true),
            ("http://b.example/", true),
            ("http://a.example/", false),
            ("https://a.example:8443/", false),
            ("https://a.example.evil.example/", false),
            ("https://user@evil.example/https://a.example/", false),
            ("auroraview://v2/", false),
            ("about:blank", false),
        ] {
            assert_eq!(allowed.allows(address), yes, "{address}");
        }
        assert_eq!(
            allowed.patterns(),
            [
                "auroraview://v1/*",
                "http://b.example/*",
                "https://a.example/*"
            ]
        );
    }

    #[test]
    fn documents_are_compared_without_fragment() {
        assert_eq!(document_address("HTTP://A.example#x"), "http://a.example/");
        assert_eq!(document_address("not an address"), "not an address");
    }
}
