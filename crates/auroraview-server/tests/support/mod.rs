//! A program with real sessions, a server on a loopback port, and a client with a real WebSocket.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test file is a crate of its own and uses a part of this"
)]

pub mod direct;

use std::any::Any;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use auroraview_protocol::{EncodedEvent, Incoming, Limits, Reason, Session};
use auroraview_server::{
    Authenticated, Identity, Options, Program, RequestInfo, Served, Server, SessionInfo,
    SessionOutlet, Sessions, Site,
};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Nothing here takes longer, even on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub const TOKEN: &str = "a-token-for-the-tests";

/// One session: answers calls with their parameters, notes everything.
pub struct Page {
    pub info: Mutex<SessionInfo>,
    session: Mutex<Session>,
    outlet: Mutex<Arc<SessionOutlet>>,
    notes: Mutex<Vec<String>>,
    changed: Condvar,
}

/// All sessions there were.
#[derive(Default)]
pub struct Echo {
    pub pages: Mutex<Vec<Arc<Page>>>,
    pub limits: Limits,
}

#[derive(PartialEq)]
pub struct Name(pub String);

impl Identity for Name {
    fn same(&self, other: &dyn Identity) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Program for Echo {
    fn begin(&self, info: SessionInfo, outlet: Arc<SessionOutlet>) -> Arc<dyn Served> {
        let page = Arc::new(Page {
            info: Mutex::new(info),
            session: Mutex::new(Session::new(self.limits)),
            outlet: Mutex::new(outlet),
            notes: Mutex::default(),
            changed: Condvar::new(),
        });
        self.pages.lock().unwrap().push(page.clone());
        page
    }

    fn expect(&self, session_id: String, outlet: Arc<SessionOutlet>) -> Arc<dyn Served> {
        let nobody = SessionInfo {
            session_id,
            address: None,
            user_agent: None,
            url: String::new(),
            origin: None,
            identity: None,
        };
        self.begin(nobody, outlet)
    }

    fn authenticate(&self, request: &RequestInfo) -> Option<Authenticated> {
        let name = request.header("x-user")?;
        Some(Arc::new(Name(name.to_owned())))
    }
}

impl Echo {
    pub fn page(&self, number: usize) -> Arc<Page> {
        self.pages.lock().unwrap()[number].clone()
    }

    pub fn count(&self) -> usize {
        self.pages.lock().unwrap().len()
    }
}

impl Page {
    fn note(&self, note: String) {
        self.notes.lock().unwrap().push(note);
        self.changed.notify_all();
    }

    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }

    /// Waits until `wanted` was noted.
    pub fn wait_for(&self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut notes = self.notes.lock().unwrap();
        while !notes.iter().any(|note| note == wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "expected {wanted}, found {notes:?}");
            notes = self.changed.wait_timeout(notes, left).unwrap().0;
        }
    }

    pub fn emit(&self, event: &str, detail: &str) {
        let event = EncodedEvent::new(event, &detail.into(), false);
        self.session.lock().unwrap().emit(&event).unwrap();
        self.flush();
    }

    pub fn emit_retained(&self, event: &str, detail: &str) {
        let event = EncodedEvent::new(event, &detail.into(), true);
        self.session.lock().unwrap().emit(&event).unwrap();
        self.flush();
    }

    /// Does something with the session, and sends what comes of it.
    pub fn act<T>(&self, act: impl FnOnce(&mut Session) -> T) -> T {
        let result = act(&mut self.session.lock().unwrap());
        self.flush();
        result
    }

    pub fn duplicates(&self) -> u64 {
        self.session.lock().unwrap().counters().duplicates
    }

    pub fn refused(&self, reason: Reason) -> u64 {
        let session = self.session.lock().unwrap();
        session
            .counters()
            .refused
            .get(&reason)
            .copied()
            .unwrap_or(0)
    }

    fn flush(&self) {
        let outlet = self.outlet.lock().unwrap();
        while let Some(batch) = { self.session.lock().unwrap().next_batch() } {
            outlet.deliver(batch);
        }
    }

    fn step(&self, act: impl FnOnce(&mut Session)) {
        {
            let mut session = self.session.lock().unwrap();
            act(&mut session);
            while let Some(incoming) = session.next_incoming() {
                match incoming {
                    Incoming::Document { document, url, .. } => {
                        session.welcome("{}");
                        self.note(format!("document {document} {url}"));
                    }
                    Incoming::Ready { .. } => self.note("ready".into()),
                    Incoming::Call {
                        generation,
                        id,
                        params,
                        ..
                    } => {
                        let params =
                            params.map_or("null".into(), |given| given.json.get().to_owned());
                        session.respond(generation, id, Ok(params.into()));
                    }
                    Incoming::Event { event, detail, .. } => {
                        let detail = detail.map_or("null".into(), |given| {
                            let sizes =
                                given.attachments.iter().flatten().map(|one| one.data.len());
                            format!("{} {:?}", given.json.get(), sizes.collect::<Vec<_>>())
                        });
                        self.note(format!("{event} {detail}"));
                    }
                    Incoming::Cancel { .. } | Incoming::Gone { .. } => {}
                }
            }
        }
        self.flush();
    }
}

impl Served for Page {
    fn receive(&self, text: &str, attachments: Vec<Bytes>) {
        self.step(|session| session.receive_with(text, attachments));
    }

    fn resume(&self, document: &str, received: u64) -> bool {
        let resumed = {
            let mut session = self.session.lock().unwrap();
            let resumed = session.resume(document, received);
            if !resumed {
                session.document_gone();
            }
            resumed
        };
        self.flush();
        resumed
    }

    fn received(&self) -> u64 {
        self.session.lock().unwrap().received()
    }

    fn refuse(&self, reason: Reason) {
        self.session.lock().unwrap().refuse(reason, 1);
    }

    fn suspended(&self) {
        self.note("suspended".into());
    }

    fn connected(&self, info: SessionInfo) {
        *self.info.lock().unwrap() = info;
        self.note("connected".into());
    }

    fn resumed(&self, info: SessionInfo) {
        *self.info.lock().unwrap() = info;
        self.note("resumed".into());
    }

    fn end(&self, reason: &'static str) {
        self.session.lock().unwrap().close(reason);
        self.flush();
        self.note(format!("end {reason}"));
    }
}

/// A server and the program behind it.
pub struct Stage {
    pub program: Arc<Echo>,
    pub sessions: Arc<Sessions>,
    pub server: Server,
}

pub fn options() -> Options {
    Options {
        token: Some(TOKEN.into()),
        ..Options::default()
    }
}

impl Stage {
    pub fn new(options: Options) -> Self {
        Self::with_site(options, Site::new(None, Some("default"), false).unwrap())
    }

    pub fn with_site(options: Options, site: Site) -> Self {
        let program = Arc::new(Echo {
            limits: Limits {
                message_bytes: options.message_bytes,
                ..Limits::default()
            },
            ..Echo::default()
        });
        let sessions = Sessions::new(program.clone(), options);
        let server = Server::start(sessions.clone(), Arc::new(site), "127.0.0.1:0").unwrap();
        Self {
            program,
            sessions,
            server,
        }
    }

    pub fn port(&self) -> u16 {
        self.server.port()
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub async fn connect(&self) -> Client {
        self.connect_with("", &[]).await.unwrap()
    }

    /// `Err`: the HTTP status of the refusal.
    pub async fn connect_with(
        &self,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, u16> {
        self.connect_at(&format!("/auroraview.ws{query}"), headers)
            .await
    }

    /// A client of the plain dialect.
    pub async fn plain(&self) -> Client {
        self.connect_at("/", &[]).await.unwrap()
    }

    /// As [`Self::connect_with`], at any path.
    pub async fn connect_at(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, u16> {
        let url = format!("ws://{}{path}", self.address());
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        match timeout(PATIENCE, connect_async(request)).await.unwrap() {
            Ok((socket, _)) => Ok(Client {
                socket,
                texts: VecDeque::new(),
            }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connected, greeted, welcomed.
    pub async fn page(&self, document: &str) -> (Client, Place) {
        let mut client = self.connect().await;
        let place = client.hello(hello(document)).await;
        (client, place)
    }

    /// One request over HTTP; status line and headers in lower case, and the body.
    pub fn request(&self, head: &str) -> Answer {
        let mut socket = TcpStream::connect(self.address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = head.replace("PORT", &self.port().to_string());
        socket.write_all(head.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).unwrap();
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: head
                .lines()
                .skip(1)
                .map(|line| {
                    let (name, value) = line.split_once(": ").unwrap();
                    (name.to_ascii_lowercase(), value.to_owned())
                })
                .collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// A GET as a browser sends it, with more header lines.
    pub fn get(&self, path: &str, more: &str) -> Answer {
        self.request(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\n{more}\r\n"
        ))
    }
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Where a client stands after its hello.
#[derive(Debug, Clone)]
pub struct Place {
    pub id: String,
    pub resume: String,
    pub received: u64,
    pub resumed: bool,
}

pub fn hello(document: &str) -> Value {
    json!({"protocol": 1, "document": document, "token": TOKEN, "url": "http://localhost/"})
}

/// A hello that asks for a session back.
pub fn back(document: &str, place: &Place, received: Option<u64>) -> Value {
    let mut hello = hello(document);
    hello["session"] = place.id.clone().into();
    hello["resume"] = place.resume.clone().into();
    if let Some(received) = received {
        hello["received"] = received.into();
    }
    hello
}

/// Text whose first field is `type`, which a map of `serde_json` would put elsewhere.
pub fn typed(kind: &str, rest: &Value) -> String {
    let rest = rest.to_string();
    match rest.as_str() {
        "{}" | "null" => format!(r#"{{"type":"{kind}"}}"#),
        rest => format!(r#"{{"type":"{kind}",{}"#, &rest[1..]),
    }
}

pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
    texts: VecDeque<String>,
}

impl Client {
    pub async fn send(&mut self, text: impl Into<String>) {
        self.send_message(Message::text(text.into())).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        timeout(PATIENCE, self.socket.send(message))
            .await
            .unwrap()
            .unwrap();
    }

    pub async fn next_message(&mut self) -> Option<Message> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.unwrap() {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(Error::ConnectionClosed)) | None => return None,
                Some(Err(error)) => {
                    eprintln!("the connection broke: {error}");
                    return None;
                }
            }
        }
    }

    pub async fn text(&mut self) -> String {
        match self.next_message().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("expected a text, found {other:?}"),
        }
    }

    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The next frame, whatever the connection says in between.
    pub async fn frame(&mut self) -> Value {
        loop {
            let value = self.json().await;
            if value.get("type").is_none() {
                return value;
            }
        }
    }

    /// The next message of the connection of this type, whatever frames come in between.
    pub async fn control(&mut self, kind: &str) -> Value {
        loop {
            let value = self.json().await;
            if value["type"] == kind {
                return value;
            }
        }
    }

    /// Says hello and reads the answer.
    pub async fn hello(&mut self, hello: Value) -> Place {
        self.send(typed("hello", &hello)).await;
        let reply = self.json().await;
        assert_eq!(reply["type"], "session", "{reply}");
        Place {
            id: reply["id"].as_str().unwrap().into(),
            resume: reply["resume"].as_str().unwrap().into(),
            received: reply["received"].as_u64().unwrap(),
            resumed: reply["resumed"].as_bool().unwrap(),
        }
    }

    /// Sends messages in a numbered frame.
    pub async fn numbered(&mut self, document: &str, seq: u64, ack: u64, messages: Value) {
        self.send(format!(
            r#"{{"seq":{seq},"v":1,"doc":"{document}","ack":{ack},"msgs":{messages}}}"#
        ))
        .await;
    }

    pub async fn ack(&mut self, document: &str, ack: u64) {
        self.send(format!(
            r#"{{"v":1,"doc":"{document}","ack":{ack},"msgs":[]}}"#
        ))
        .await;
    }

    /// The code with which the server closes, whatever it says before.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.next_message().await {
                Some(Message::Close(frame)) => {
                    return frame.map_or(1005, |frame| frame.code.into());
                }
                Some(_) => {}
                None => panic!("expected a close frame"),
            }
        }
    }

    /// The connection breaks without a word.
    pub fn cut(self) {
        drop(self);
    }
}

/// Waits until `check` is true, without an event to wait for.
pub async fn until(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !check() {
        assert!(Instant::now() < deadline, "expected: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Runs `test` on a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { timeout(PATIENCE * 2, test).await.unwrap() });
}
