//! The `Content-Security-Policy` of what is served, and the headers that go with it.

use std::io;

/// Own origin; inline scripts and styles, because the simplest page has them; WebAssembly, which is no script of others.
const DEFAULT: &str = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; \
     media-src 'self' data: blob:; worker-src 'self' blob:; form-action 'self'; object-src 'none'; \
     base-uri 'none'; frame-ancestors 'none'";

/// Nothing inline.
const STRICT: &str = "default-src 'self'; img-src 'self' data: blob:; form-action 'self'; object-src 'none'; \
     base-uri 'none'; frame-ancestors 'none'";

/// Which policy pages are served with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ContentPolicy {
    /// One of ours.
    Own(&'static str),
    /// The user's, as it stands.
    Custom(String),
    /// No header.
    None,
}

impl ContentPolicy {
    /// `default`, `strict`, or the header's value.
    ///
    /// # Errors
    /// `InvalidInput` when the text cannot stand in a header.
    pub(crate) fn new(text: Option<&str>) -> io::Result<Self> {
        let good = |text: &str| {
            text.bytes()
                .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
        };
        match text {
            None => Ok(Self::None),
            Some("default") => Ok(Self::Own(DEFAULT)),
            Some("strict") => Ok(Self::Own(STRICT)),
            Some(text) if good(text) => Ok(Self::Custom(text.to_owned())),
            Some(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a content security policy is one line of ASCII text",
            )),
        }
    }

    /// The headers for an answer under the given `Host`.
    pub(crate) fn headers(&self, host: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = vec![("Referrer-Policy", "no-referrer".to_owned())];
        match self {
            Self::Own(policy) => {
                let sockets = host.map(sockets).unwrap_or_default();
                headers.push((
                    "Content-Security-Policy",
                    format!("{policy}; connect-src 'self' data: blob:{sockets}"),
                ));
                headers.push(("X-Frame-Options", "DENY".to_owned()));
            }
            Self::Custom(policy) => headers.push(("Content-Security-Policy", policy.clone())),
            Self::None => {}
        }
        headers
    }
}

/// The WebSockets of our own origin, which not every browser counts to `'self'`. Addresses in brackets cannot stand in a
/// policy.
fn sockets(host: &str) -> String {
    let plain = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte));
    match plain {
        true => format!(" ws://{host} wss://{host}"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(csp: Option<&str>, host: Option<&str>) -> String {
        let headers = ContentPolicy::new(csp).unwrap().headers(host);
        let found = headers
            .into_iter()
            .find(|(name, _)| *name == "Content-Security-Policy");
        found.map(|(_, value)| value).unwrap_or_default()
    }

    #[test]
    fn the_default_names_the_sockets_of_its_own_origin() {
        let value = policy(Some("default"), Some("localhost:8000"));
        assert!(
            value.ends_with(
                "connect-src 'self' data: blob: ws://localhost:8000 wss://localhost:8000"
            )
        );
        for part in [
            "'unsafe-inline'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(value.contains(part), "{part}");
        }
        assert!(!policy(Some("strict"), None).contains("unsafe-inline"));
    }

    #[test]
    fn a_host_that_is_none_adds_nothing() {
        for host in ["a;script-src *", "[::1]:8000", "a b", ""] {
            assert!(
                policy(Some("default"), Some(host)).ends_with("blob:"),
                "{host}"
            );
        }
    }

    #[test]
    fn ones_own_policy_stands_as_it_is() {
        assert_eq!(
            policy(Some("default-src *"), Some("localhost")),
            "default-src *"
        );
        assert_eq!(policy(None, Some("localhost")), "");
        assert!(ContentPolicy::new(Some("a\r\nSet-Cookie: b")).is_err());
    }
}
