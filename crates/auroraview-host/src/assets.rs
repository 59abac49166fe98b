//! What a view serves from its own origin, and the way of a request from the web engine to it and back.
//!
//! The engine asks on the GUI thread; files are read and answered on a thread of GLib's pool.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use auroraview_assets::{Assets, Request, Response};
use auroraview_host_api::Source;
use gtk::gio;
use wry::RequestAsyncResponder;
use wry::http;

use crate::HostError;
use crate::origins::SCHEME;
use crate::view;

/// Where a server has the script that makes `window.auroraview` in a browser. A page that names it is shown in a window
/// unchanged: here the bridge is injected, so the file is empty.
const BROWSER_SCRIPT: &str = "/auroraview.js";
const NO_SCRIPT: &[u8] = b"// In a window, window.auroraview is there already.\n";
const SCRIPT_HEADERS: [(&str, &str); 2] = [
    ("Content-Type", "text/javascript; charset=utf-8"),
    ("Cache-Control", "no-store"),
];

/// What is served.
#[derive(Clone)]
pub(crate) enum Site {
    /// Nothing of our own: the view shows an address.
    Nothing,
    /// One page at `/`.
    Html(Arc<str>),
    /// A directory's files.
    Directory(Arc<Assets>),
}

impl Site {
    /// What this source serves.
    pub(crate) fn of(source: &Source, debug: bool) -> Result<Self, HostError> {
        match source {
            Source::Url(_) => Ok(Self::Nothing),
            Source::Html(text) => Ok(Self::Html(text.as_str().into())),
            Source::Directory { root, .. } => match Assets::new(root) {
                Ok(assets) => Ok(Self::Directory(Arc::new(assets.debug(debug)))),
                Err(source) => Err(HostError::Directory {
                    root: root.clone(),
                    source,
                }),
            },
        }
    }

    fn respond(&self, request: &http::Request<Vec<u8>>) -> http::Response<Cow<'static, [u8]>> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        match self {
            Self::Html(_) | Self::Directory(_) if request.uri().path() == BROWSER_SCRIPT => {
                build(200, SCRIPT_HEADERS.into_iter(), NO_SCRIPT.to_vec())
            }
            Self::Html(text) if request.uri().path() == "/" => page(text),
            Self::Html(_) | Self::Nothing => plain(404, "nothing is served here"),
            Self::Directory(assets) => {
                let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
                file(
                    assets.respond(&Request {
                        method: request.method().as_str(),
                        path,
                        range: header(http::header::RANGE),
                        if_range: header(http::header::IF_RANGE),
                        if_none_match: header(http::header::IF_NONE_MATCH),
                        accepts_html: header(http::header::ACCEPT)
                            .is_some_and(|accept| accept.contains("text/html")),
                    }),
                )
            }
        }
    }
}

/// Answers one request of the view named by `view`, or of one with that host when the engine does not say which asks
/// (workers).
pub(crate) fn serve(view: &str, request: http::Request<Vec<u8>>, responder: RequestAsyncResponder) {
    let host = request.uri().host().unwrap_or_default();
    let Some(site) = view::site_for(view.parse().ok(), host) else {
        responder.respond(plain(404, "no view has this origin"));
        return;
    };
    // The task goes on by itself; its handle is only for waiting.
    drop(gio::spawn_blocking(move || {
        let response = catch_unwind(AssertUnwindSafe(|| site.respond(&request)));
        responder.respond(response.unwrap_or_else(|_| plain(500, "the file could not be served")));
    }));
}

/// What a site has at one of its addresses. Any thread; `Err` is a sentence.
pub(crate) fn read(site: &Site, address: &str) -> Result<Vec<u8>, String> {
    let request = http::Request::get(address).body(vec![]);
    let request = request.map_err(|error| format!("{address} is no address: {error}"))?;
    let response = site.respond(&request);
    match response.status() {
        http::StatusCode::OK => Ok(response.into_body().into_owned()),
        status => Err(format!("there is no such file ({status})")),
    }
}

/// The address of a source's page on the view's own origin; for an address, itself.
pub(crate) fn entry_address(own_origin: &str, source: &Source) -> Result<String, HostError> {
    let address = match source {
        Source::Url(url) => url.clone(),
        Source::Html(_) => format!("{own_origin}/"),
        Source::Directory { .. } => own_origin.to_owned(),
    };
    let parsed = url::Url::parse(&address);
    let mut url = parsed.map_err(|source| HostError::Address {
        url: address,
        source,
    })?;
    if let Source::Directory { entry, .. } = source
        && let Ok(mut segments) = url.path_segments_mut()
    {
        segments.clear().extend(entry.split('/'));
    }
    Ok(url.into())
}

/// The host part of a view's own origin. Where data is kept, it must be the same in every run, or storage would be
/// lost; elsewhere it is unguessable.
pub(crate) fn own_origin(id: u64, source: &Source, keeps_data: bool) -> Result<String, HostError> {
    let host = if keeps_data {
        let name = match source {
            Source::Directory { root, .. } => root.as_str(),
            Source::Html(_) | Source::Url(_) => "",
        };
        let kind = gtk::glib::ChecksumType::Sha256;
        match gtk::glib::compute_checksum_for_bytes(kind, &gtk::glib::Bytes::from(name.as_bytes()))
        {
            Some(sum) if !name.is_empty() => format!("d-{}", &sum[..32]),
            _ => "html".to_owned(),
        }
    } else {
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|error| HostError::Random(error.to_string()))?;
        format!("v{id}-{:016x}", u64::from_ne_bytes(random))
    };
    Ok(format!("{SCHEME}://{host}"))
}

fn page(text: &str) -> http::Response<Cow<'static, [u8]>> {
    let headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
    ];
    build(200, headers.into_iter(), text.as_bytes().to_vec())
}

fn plain(status: u16, text: &str) -> http::Response<Cow<'static, [u8]>> {
    let headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
    ];
    build(status, headers.into_iter(), text.as_bytes().to_vec())
}

fn file(response: Response) -> http::Response<Cow<'static, [u8]>> {
    let Response {
        status,
        headers,
        body,
    } = response;
    match body.read_all() {
        Ok(bytes) => {
            let headers = headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
            build(status, headers, bytes)
        }
        Err(error) => plain(500, &format!("the file could not be read: {error}")),
    }
}

fn build<'a>(
    status: u16,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: Vec<u8>,
) -> http::Response<Cow<'static, [u8]>> {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    // Only a bad header can fail here; the page then gets the body with the status alone.
    builder.body(Cow::Owned(body)).unwrap_or_else(|_| {
        let mut empty = http::Response::new(Cow::Borrowed(&b""[..]));
        *empty.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        empty
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(root: &str, entry: &str) -> Source {
        Source::Directory {
            root: root.into(),
            entry: entry.into(),
        }
    }

    #[test]
    fn entries_are_percent_encoded() {
        for (source, address) in [
            (Source::Html("x".into()), "auroraview://v1/"),
            (directory("/r", "index.html"), "auroraview://v1/index.html"),
            (
                directory("/r", "a b/100%/ü#?.html"),
                "auroraview://v1/a%20b/100%25/%C3%BC%23%3F.html",
            ),
            (
                Source::Url("https://A.example".into()),
                "https://a.example/",
            ),
        ] {
            assert_eq!(entry_address("auroraview://v1", &source).unwrap(), address);
        }
        assert!(entry_address("auroraview://v1", &Source::Url("no address".into())).is_err());
    }

    #[test]
    fn origins_are_stable_only_where_data_is_kept() {
        let (a, b) = (directory("/a", "x"), directory("/b", "x"));
        let stable = |source| own_origin(1, source, true).unwrap();
        assert_eq!(stable(&a), own_origin(2, &a, true).unwrap());
        assert_ne!(stable(&a), stable(&b));
        assert_eq!(stable(&Source::Html("x".into())), "auroraview://html");
        assert_ne!(
            own_origin(1, &a, false).unwrap(),
            own_origin(1, &a, false).unwrap()
        );
    }
}
