//! What is served besides the WebSocket: the browser's script, and the files of a directory.
//!
//! The rules for paths, types, ranges and ETags are those of `auroraview-assets`, the same as in a window. Here come the
//! script, headers that only matter on the network, and compression.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use auroraview_assets::{Assets, Body, Request, Response};

use crate::compress::{WORTH_IT, gzip};
use crate::content_policy::ContentPolicy;
use crate::{SCRIPT_PATH, SOCKET_PATH, lock};

/// The build of the SDK for browsers.
const SCRIPT: &str = include_str!("auroraview.js");

/// What browsers ask for with the first page of an origin.
const ICON_PATH: &str = "/favicon.ico";

/// Texts longer than this are sent as they are: compressing them would take too long for one request.
const COMPRESS_MAX: u64 = 16 * 1024 * 1024;

/// Bytes of compressed files that are kept.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// How an ETag ends when the body is compressed: another representation, another tag (RFC 9110, section 8.8.3.3).
const GZIP_TAG: &str = "-gzip\"";

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct SiteRequest<'a> {
    /// `GET` or `HEAD`; others are answered with 405.
    pub method: &'a str,
    /// Below the mount prefix, from the first `/` on, percent-encoded, perhaps with a query.
    pub path: &'a str,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
}

impl<'a> SiteRequest<'a> {
    fn header(&self, name: &str) -> Option<&'a str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    fn accepts_html(&self) -> bool {
        self.header("accept")
            .is_some_and(|accept| accept.contains("text/html"))
    }

    fn accepts_gzip(&self) -> bool {
        let Some(accept) = self.header("accept-encoding") else {
            return false;
        };
        accept.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let zero = |part: &str| {
                part.strip_prefix("q=")
                    .and_then(|q| q.parse::<f32>().ok())
                    .is_some_and(|q| q <= 0.0)
            };
            named && !parts.any(zero)
        })
    }
}

/// See the module.
pub struct Site {
    assets: Option<Assets>,
    script: Script,
    policy: ContentPolicy,
    kept: Mutex<Kept>,
}

struct Script {
    etag: String,
}

/// Compressed bodies by the ETag of the original.
#[derive(Default)]
struct Kept {
    bodies: HashMap<String, Vec<u8>>,
    bytes: usize,
}

impl Site {
    /// The files below `directory`, when there is one, and the script. `csp` is `default`, `strict`, the header's value,
    /// or `None` for no header. With `nocache` files are not kept by browsers.
    ///
    /// # Errors
    /// When `directory` is none, or cannot be read, or `csp` cannot stand in a header.
    pub fn new(directory: Option<PathBuf>, csp: Option<&str>, nocache: bool) -> io::Result<Self> {
        let assets = match directory {
            Some(directory) => Some(Assets::new(directory)?.debug(nocache)),
            None => None,
        };
        Ok(Self {
            assets,
            script: Script {
                etag: auroraview_assets::etag(SCRIPT.as_bytes()),
            },
            policy: ContentPolicy::new(csp)?,
            kept: Mutex::default(),
        })
    }

    /// Answers one request; `Content-Length` is that of the body (with `HEAD`: that it would have). Reads the disk and
    /// may compress, so call it where that may take a moment.
    #[must_use]
    pub fn respond(&self, request: &SiteRequest<'_>) -> Response {
        // Asked for like a GET, so that HEAD has the same headers.
        let head = request.method == "HEAD";
        let method = if head { "GET" } else { request.method };
        // A client that kept the compressed form asks whether it is still good; ours is known by the other tag.
        let if_none_match = request
            .header("if-none-match")
            .map(|tags| tags.replace(GZIP_TAG, "\""));
        let wanted = Request {
            method,
            path: request.path,
            range: request.header("range").filter(|_| !head),
            if_range: request.header("if-range"),
            if_none_match: if_none_match.as_deref(),
            accepts_html: request.accepts_html(),
        };
        let path = request.path.split(['?', '#']).next().unwrap_or_default();
        let mut response = match (&self.assets, path) {
            (_, SCRIPT_PATH) => self.script(&wanted),
            (_, SOCKET_PATH) => upgrade_required(),
            (Some(assets), _) => match assets.respond(&wanted) {
                // Browsers ask for it by themselves, and would show an error in the console of every page.
                missing if missing.status == 404 && path == ICON_PATH => no_content(),
                response => response,
            },
            (None, _) => text(
                404,
                "Nothing is served here but /auroraview.js and the WebSocket.",
            ),
        };
        self.compress(&mut response, request);
        for (name, value) in self.policy.headers(request.header("host")) {
            response.headers.push((name.into(), value));
        }
        // The script is for any page that may connect; files are for our own.
        let whose = if path == SCRIPT_PATH {
            "cross-origin"
        } else {
            "same-origin"
        };
        response
            .headers
            .push(("Cross-Origin-Resource-Policy".into(), whose.into()));
        if head {
            response.body = Body::Empty;
        }
        response
    }

    fn script(&self, wanted: &Request<'_>) -> Response {
        if wanted.method != "GET" {
            let mut response = text(405, "The script can be read with GET and HEAD.");
            response.headers.push(("Allow".into(), "GET, HEAD".into()));
            return response;
        }
        let etag = &self.script.etag;
        let mut response = Response {
            status: 200,
            headers: vec![
                ("X-Content-Type-Options".into(), "nosniff".into()),
                (
                    "Content-Type".into(),
                    "text/javascript; charset=utf-8".into(),
                ),
                ("Cache-Control".into(), "no-cache".into()),
                ("ETag".into(), etag.clone()),
            ],
            body: Body::Empty,
        };
        if wanted
            .if_none_match
            .is_some_and(|tags| auroraview_assets::etag_matches(tags, etag))
        {
            response.status = 304;
            return response;
        }
        response
            .headers
            .push(("Content-Length".into(), SCRIPT.len().to_string()));
        response.body = Body::Bytes(SCRIPT.as_bytes().to_vec());
        response
    }

    /// Compresses a whole text that is worth it.
    fn compress(&self, response: &mut Response, request: &SiteRequest<'_>) {
        let is_text = response
            .get("Content-Type")
            .is_some_and(|kind| kind.ends_with("charset=utf-8"));
        if !is_text || !matches!(response.status, 200 | 206 | 304) {
            return;
        }
        response
            .headers
            .push(("Vary".into(), "Accept-Encoding".into()));
        let etag = response.get("ETag").map(str::to_owned);
        if response.status == 304 {
            // Of the two forms, that which the client has.
            let compressed = etag
                .as_deref()
                .and_then(|etag| etag.strip_suffix('"'))
                .filter(|start| {
                    let tags = request.header("if-none-match").unwrap_or_default();
                    tags.contains(&format!("{start}{GZIP_TAG}"))
                });
            if let Some(start) = compressed {
                let tag = format!("{start}{GZIP_TAG}");
                set(response, "ETag", Some(tag));
            }
            return;
        }
        let length = match &response.body {
            Body::Empty => 0,
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::File { length, .. } => *length,
        };
        let worth_it = length > WORTH_IT as u64 && length <= COMPRESS_MAX;
        if response.status != 200 || !request.accepts_gzip() || !worth_it {
            return;
        }
        let kept = etag
            .as_ref()
            .and_then(|etag| lock(&self.kept).bodies.get(etag).cloned());
        let body = match kept {
            Some(body) => body,
            None => {
                let bytes = match std::mem::replace(&mut response.body, Body::Empty).read_all() {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        log::debug!("a file changed while it was read: {error}");
                        *response = text(500, "The file changed while it was read.");
                        return;
                    }
                };
                let Ok(body) = gzip(&bytes) else {
                    response.body = Body::Bytes(bytes);
                    return;
                };
                if let Some(etag) = &etag {
                    lock(&self.kept).keep(etag, &body);
                }
                body
            }
        };
        set(response, "Content-Length", Some(body.len().to_string()));
        set(response, "Accept-Ranges", None);
        if let Some(start) = etag.as_deref().and_then(|etag| etag.strip_suffix('"')) {
            set(response, "ETag", Some(format!("{start}{GZIP_TAG}")));
        }
        response
            .headers
            .push(("Content-Encoding".into(), "gzip".into()));
        response.body = Body::Bytes(body);
    }
}

impl Kept {
    fn keep(&mut self, etag: &str, body: &[u8]) {
        if self.bytes + body.len() > KEPT_BYTES {
            *self = Self::default();
        }
        if body.len() <= KEPT_BYTES / 2
            && self.bodies.insert(etag.to_owned(), body.to_vec()).is_none()
        {
            self.bytes += body.len();
        }
    }
}

fn set(response: &mut Response, name: &str, value: Option<String>) {
    response
        .headers
        .retain(|(header, _)| !header.eq_ignore_ascii_case(name));
    if let Some(value) = value {
        response.headers.push((name.into(), value));
    }
}

fn upgrade_required() -> Response {
    let mut response = text(426, "Here a WebSocket is expected.");
    response
        .headers
        .push(("Upgrade".into(), "websocket".into()));
    response
}

fn no_content() -> Response {
    Response {
        status: 204,
        headers: vec![("Cache-Control".into(), "no-cache".into())],
        body: Body::Empty,
    }
}

/// An answer in a sentence.
pub(crate) fn text(status: u16, text: &str) -> Response {
    let text = format!("{text}\n");
    Response {
        status,
        headers: vec![
            ("X-Content-Type-Options".into(), "nosniff".into()),
            ("Content-Type".into(), "text/plain; charset=utf-8".into()),
            ("Content-Length".into(), text.len().to_string()),
            ("Cache-Control".into(), "no-store".into()),
        ],
        body: Body::Bytes(text.into_bytes()),
    }
}
