//! What comes over HTTP: requests for files, and the one that becomes a WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;

use auroraview_assets::{Body as FileBody, Response as FileResponse};
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use futures_util::stream;
use futures_util::task::AtomicWaker;
use hyper_util::rt::TokioIo;
use tokio::task::spawn_blocking;
use tungstenite::handshake::derive_accept_key;

use crate::connection::Connection;
use crate::io::Patient;
use crate::options::Dialect;
use crate::request::{Refusal, RequestInfo};
use crate::server::Guest;
use crate::sessions::Sessions;
use crate::site::{Site, SiteRequest, text};
use crate::{SOCKET_PATH, websocket};

/// A file is read in pieces of so many bytes.
const PIECE: u64 = 256 * 1024;

/// The WebSocket of the plain dialect.
const PLAIN_PATH: &str = "/";

/// What the handlers need.
pub(crate) struct App {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) site: Arc<Site>,
}

impl App {
    fn is_plain(&self) -> bool {
        self.sessions.options.dialect != Dialect::AuroraView
    }
}

/// Both ends of a connection, and its place, which it keeps as a WebSocket.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) _guest: Arc<Guest>,
}

/// What there is: the WebSocket of the dialect that is spoken, and files.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route(SOCKET_PATH, any(socket))
        .route(PLAIN_PATH, any(root))
        .fallback(file)
        .with_state(app)
}

async fn file(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    let info = request_info(&request, &peer);
    if let Err(refusal) = app.sessions.check(&info) {
        return refused(&refusal);
    }
    let method = request.method().clone();
    let path = match info.query.as_str() {
        "" => info.path.clone(),
        query => format!("{}?{query}", info.path),
    };
    let named = info
        .header("origin")
        .filter(|origin| app.sessions.access.names_origin(origin));
    let named = named.and_then(|origin| HeaderValue::from_str(origin).ok());
    let answer = spawn_blocking(move || {
        app.site.respond(&SiteRequest {
            method: method.as_str(),
            path: &path,
            headers: &info.headers,
        })
    });
    let mut response = match answer.await {
        Ok(answer) => response(answer),
        Err(error) => {
            log::error!("a request for a file failed: {error}");
            response(text(500, "The server failed."))
        }
    };
    if let Some(origin) = named {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}

/// The start page, or the WebSocket of plain clients.
async fn root(app: State<Arc<App>>, peer: Extension<Peer>, request: Request) -> Response {
    if app.is_plain() && upgrade_key(&request).is_some() {
        return upgrade(app, peer, request).await;
    }
    file(app, peer, request).await
}

/// The WebSocket of pages.
async fn socket(app: State<Arc<App>>, peer: Extension<Peer>, request: Request) -> Response {
    if app.is_plain() {
        let refusal = app.sessions.check(&request_info(&request, &peer)).err();
        return refused(&refusal.unwrap_or_else(|| {
            Refusal::new(404, "Clients of this port speak the plain dialect, at /.")
        }));
    }
    upgrade(app, peer, request).await
}

async fn upgrade(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
) -> Response {
    let info = request_info(&request, &peer);
    let Some(key) = upgrade_key(&request) else {
        // The same answers to the wrong question as everywhere: first who asks, then what.
        return match app.sessions.check(&info) {
            Err(refusal) => refused(&refusal),
            Ok(()) => {
                let headers = &info.headers;
                let path = SOCKET_PATH;
                response(app.site.respond(&SiteRequest {
                    method: "GET",
                    path,
                    headers,
                }))
            }
        };
    };
    let waker = Arc::new(AtomicWaker::new());
    let connection = match connect(&app.sessions, info, &waker).await {
        Ok(connection) => connection,
        Err(refusal) => return refused(&refusal),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else {
            return;
        };
        match upgraded.downcast::<TokioIo<Patient>>() {
            Ok(parts) => {
                let socket = parts.io.into_inner().into_inner();
                websocket::run(socket, parts.read_buf, connection, waker).await;
            }
            Err(_) => log::error!("a connection is not what was accepted"),
        }
        drop(peer);
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

async fn connect(
    sessions: &Arc<Sessions>,
    info: RequestInfo,
    waker: &Arc<AtomicWaker>,
) -> Result<Connection, Refusal> {
    let waker = waker.clone();
    let wake = Box::new(move || waker.wake());
    if !sessions.options.authenticate {
        return sessions.connect(info, wake);
    }
    // The program may ask its database.
    let sessions = sessions.clone();
    match spawn_blocking(move || sessions.connect(info, wake)).await {
        Ok(result) => result,
        Err(error) => {
            log::error!("authentication failed: {error}");
            Err(Refusal::new(500, "The server failed."))
        }
    }
}

/// The key of a request that wants to become a WebSocket (RFC 6455, section 4.2.1).
fn upgrade_key(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let good = request.method() == Method::GET
        && has_word(headers, header::CONNECTION, "upgrade")
        && has_word(headers, header::UPGRADE, "websocket")
        && headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|_| good)
        .cloned()
}

fn has_word(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(word))
}

fn request_info(request: &Request, peer: &Peer) -> RequestInfo {
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let mut headers: Vec<_> = headers.collect();
    // `GET http://host/path` names a host as well (RFC 9112, section 3.2.2): both must be one that is allowed.
    if let Some(authority) = request.uri().authority()
        && headers
            .iter()
            .any(|(name, value)| name == "host" && value != authority.as_str())
    {
        headers.push(("host".into(), authority.as_str().into()));
    }
    let local = peer.local.ip().to_canonical();
    RequestInfo {
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers,
        address: Some(peer.address.to_string()),
        local: Some((local.to_string(), peer.local.port())),
        identity: None,
    }
}

fn refused(refusal: &Refusal) -> Response {
    response(text(refusal.status, &refusal.message))
}

fn response(answer: FileResponse) -> Response {
    let mut response = Response::new(match answer.body {
        FileBody::Empty => Body::empty(),
        FileBody::Bytes(bytes) => Body::from(bytes),
        FileBody::File {
            file,
            start,
            length,
        } => pieces(file, start, length),
    });
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        let name = header::HeaderName::from_bytes(name.as_bytes());
        // File names are percent-encoded in headers, so there is nothing that cannot be written.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A part of a file, read as the client takes it.
fn pieces(file: std::fs::File, start: u64, length: u64) -> Body {
    let stream = stream::try_unfold((file, start, length), |(file, start, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let piece = spawn_blocking(move || {
            let length = left.min(PIECE);
            let clone = file.try_clone()?;
            let body = FileBody::File {
                file: clone,
                start,
                length,
            };
            let bytes = body.read_all()?;
            Ok::<_, std::io::Error>((bytes, (file, start + length, left - length)))
        });
        let (bytes, rest) = piece.await.map_err(std::io::Error::other)??;
        Ok::<_, std::io::Error>(Some((bytes, rest)))
    });
    Body::from_stream(stream)
}
