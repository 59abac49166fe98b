//! Who an address belongs to, as the host writes it in its list: `scheme://host[:port]`, lower case, no default port.
//!
//! The engine gives addresses in their one way of writing; whatever looks otherwise has no origin here, and without one
//! there is no lane. The host checks again what it is told.

/// The origin of an address, `None` where there is none (`about:`, `data:`, `file:`) or it is not plainly written.
pub(crate) fn origin_of(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let mut letters = scheme.bytes();
    let named = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !named {
        return None;
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if host.is_empty() || host.bytes().any(|byte| byte <= b' ' || byte == b'%') {
        return None;
    }
    let origin = format!("{scheme}://{host}").to_ascii_lowercase();
    let default = match scheme.to_ascii_lowercase().as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => ":",
    };
    let origin = origin.strip_suffix(default).unwrap_or(&origin);
    Some(origin.strip_suffix(':').unwrap_or(origin).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_the_host_writes_them() {
        for (address, origin) in [
            ("https://Example.org:443/a?b#c", Some("https://example.org")),
            ("http://127.0.0.1:8000/", Some("http://127.0.0.1:8000")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://[::1]:80/", Some("http://[::1]")),
            ("http://[::1]/", Some("http://[::1]")),
            (
                "auroraview://v1-ab12/page.html",
                Some("auroraview://v1-ab12"),
            ),
            (
                "https://user:word@evil.example/https://a.example/",
                Some("https://evil.example"),
            ),
            (
                "https://a.example@evil.example",
                Some("https://evil.example"),
            ),
            (
                "https://evil.example\\@a.example/",
                Some("https://evil.example"),
            ),
            (
                "https://evil.example?@a.example/",
                Some("https://evil.example"),
            ),
            (
                "https://evil.example#@a.example/",
                Some("https://evil.example"),
            ),
            ("https://a.example:8443/", Some("https://a.example:8443")),
            ("https://a.example:/", Some("https://a.example")),
            ("about:blank", None),
            ("about:srcdoc", None),
            ("data:text/html,https://a.example/", None),
            ("blob:https://a.example/1234", None),
            ("javascript:'https://a.example/'", None),
            ("file:///etc/passwd", None),
            ("https://a%2eexample/", None),
            ("https:// a.example/", None),
            ("auroraview:page", None),
            ("://a.example", None),
            ("no address", None),
            ("", None),
        ] {
            assert_eq!(origin_of(address).as_deref(), origin, "{address}");
        }
    }
}
