//! One connection to the server: the page's end of the protocol, as far as load needs it.
//!
//! What it leaves out: it keeps no frames to send again, so it may only be cut off when the server has processed all.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

/// What went wrong; all of it ends the run.
#[derive(Debug)]
pub(crate) enum Failure {
    Usage(String),
    Transport(Box<Error>),
    Io(std::io::Error),
    Server(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) => write!(out, "{problem}"),
            Self::Transport(problem) => write!(out, "the connection failed: {problem}"),
            Self::Io(problem) => write!(out, "the system failed: {problem}"),
            Self::Server(problem) => write!(out, "the server did not behave: {problem}"),
        }
    }
}

impl From<Error> for Failure {
    fn from(problem: Error) -> Self {
        Self::Transport(Box::new(problem))
    }
}

impl From<std::io::Error> for Failure {
    fn from(problem: std::io::Error) -> Self {
        Self::Io(problem)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    AuroraView,
    Plain,
}

#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    pub(crate) dialect: Dialect,
    /// How much is read at a time.
    pub(crate) read_bytes: usize,
}

/// A text of the server, and the binary messages it announced.
pub(crate) struct Received {
    pub(crate) text: Utf8Bytes,
    pub(crate) attachments: Vec<Bytes>,
}

/// A session's place: what a new connection needs to go on where the old one was.
struct Place {
    document: String,
    session: String,
    resume: String,
    sent: u64,
    received: u64,
}

pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
    dialect: Dialect,
    place: Place,
    acknowledged: u64,
}

static DOCUMENTS: AtomicU64 = AtomicU64::new(1);

impl Peer {
    /// A new session with a document that is ready. With the plain dialect, a connection.
    pub(crate) async fn connect(target: &Target) -> Result<Self, Failure> {
        let number = DOCUMENTS.fetch_add(1, Ordering::Relaxed);
        let mut peer = Self {
            socket: dial(target).await?,
            dialect: target.dialect,
            place: Place {
                document: format!("load{number:012}"),
                session: String::new(),
                resume: String::new(),
                sent: 0,
                received: 0,
            },
            acknowledged: 0,
        };
        if target.dialect == Dialect::AuroraView {
            peer.hello(target, None).await?;
            peer.feed_frame(r#"{"type":"ready"}"#, Vec::new()).await?;
            peer.flush().await?;
            while !peer.receive().await?.text.contains("__auroraview_welcome") {}
            peer.acknowledge().await?;
        }
        Ok(peer)
    }

    /// Cuts the connection without a word, as a network does, and returns what [`Lost::resume`] needs.
    pub(crate) fn cut(self) -> Lost {
        Lost(self.place)
    }

    /// Ends the session as a page does that is left.
    pub(crate) async fn leave(mut self) -> Result<(), Failure> {
        if self.dialect == Dialect::AuroraView {
            self.acknowledge().await?;
            self.socket.feed(Message::text(r#"{"type":"bye"}"#)).await?;
        }
        Ok(self.socket.close(None).await?)
    }

    async fn hello(&mut self, target: &Target, lost: Option<u64>) -> Result<(), Failure> {
        let mut hello = serde_json::json!({
            "protocol": 1, "document": self.place.document, "url": "http://127.0.0.1/load"
        });
        if let Some(token) = &target.token {
            hello["token"] = token.as_str().into();
        }
        if let Some(received) = lost {
            hello["session"] = self.place.session.as_str().into();
            hello["resume"] = self.place.resume.as_str().into();
            hello["received"] = received.into();
        }
        // The connection's messages begin with their type, whatever order the serializer has.
        let text = hello.to_string().replacen('{', r#"{"type":"hello","#, 1);
        self.socket.send(Message::text(text)).await?;
        let answer = loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => break text,
                Some(Ok(Message::Close(frame))) => return Err(closed(format!("{frame:?}"))),
                Some(Ok(_)) => {}
                Some(Err(problem)) => return Err(problem.into()),
                None => return Err(closed("before the session".into())),
            }
        };
        let session: Value = serde_json::from_str(&answer)
            .map_err(|_| Failure::Server(format!("expected a session, found {answer}")))?;
        let (Some("session"), Some(id), Some(resume), Some(resumed)) = (
            session["type"].as_str(),
            session["id"].as_str(),
            session["resume"].as_str(),
            session["resumed"].as_bool(),
        ) else {
            return Err(Failure::Server(format!(
                "expected a session, found {answer}"
            )));
        };
        if resumed != lost.is_some() {
            return Err(Failure::Server(format!("resumed is {resumed}: {answer}")));
        }
        if resumed && session["received"].as_u64() != Some(self.place.sent) {
            return Err(Failure::Server(format!("it lost frames of ours: {answer}")));
        }
        self.place.session = id.to_owned();
        self.place.resume = resume.to_owned();
        Ok(())
    }

    /// Queues calls, `(id, method, params, bytes of an attachment)`; [`flush`](Self::flush) sends them. With the plain
    /// dialect several calls are one JSON array and an attachment is a binary message without a text.
    pub(crate) async fn feed_calls(&mut self, calls: &[Call<'_>]) -> Result<(), Failure> {
        let mut messages = String::with_capacity(calls.len() * 100);
        let mut attachments = Vec::new();
        for call in calls {
            if !messages.is_empty() {
                messages.push(',');
            }
            call.write(self.dialect, &mut messages);
            attachments.extend(call.attachment.clone());
        }
        match self.dialect {
            Dialect::AuroraView => self.feed_frame(&messages, attachments).await,
            Dialect::Plain => {
                if let Some(binary) = attachments.pop() {
                    self.socket.feed(Message::Binary(binary)).await?;
                } else if let [_] = calls {
                    self.socket.feed(Message::text(messages)).await?;
                } else {
                    self.socket
                        .feed(Message::text(format!("[{messages}]")))
                        .await?;
                }
                Ok(())
            }
        }
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.socket.flush().await?)
    }

    async fn feed_frame(&mut self, messages: &str, attachments: Vec<Bytes>) -> Result<(), Failure> {
        use fmt::Write as _;
        let mut frame = String::with_capacity(messages.len() + 100);
        frame.push('{');
        if !attachments.is_empty() {
            let _ = write!(frame, r#""att":{},"#, attachments.len());
        }
        self.place.sent += 1;
        self.acknowledged = self.place.received;
        let (seq, document, ack) = (self.place.sent, &self.place.document, self.acknowledged);
        let _ = write!(
            frame,
            r#""seq":{seq},"v":1,"doc":"{document}","ack":{ack},"msgs":[{messages}]}}"#
        );
        self.socket.feed(Message::text(frame)).await?;
        for attachment in attachments {
            self.socket.feed(Message::Binary(attachment)).await?;
        }
        Ok(())
    }

    /// Tells the server what was received, unless a frame has said so. Such a frame has no number of its own.
    pub(crate) async fn acknowledge(&mut self) -> Result<(), Failure> {
        if self.acknowledged < self.place.received {
            self.acknowledged = self.place.received;
            let (document, ack) = (&self.place.document, self.acknowledged);
            let frame = format!(r#"{{"v":1,"doc":"{document}","ack":{ack},"msgs":[]}}"#);
            self.socket.send(Message::text(frame)).await?;
        }
        Ok(())
    }

    /// The next frame; what belongs to the connection is dealt with here.
    pub(crate) async fn receive(&mut self) -> Result<Received, Failure> {
        loop {
            let text = match self.next().await? {
                Message::Text(text) => text,
                Message::Binary(binary) if self.dialect == Dialect::Plain => {
                    let attachments = vec![binary];
                    return Ok(Received {
                        text: Utf8Bytes::default(),
                        attachments,
                    });
                }
                other => return Err(Failure::Server(format!("unexpected: {other}"))),
            };
            if self.dialect == Dialect::Plain {
                return Ok(Received {
                    text,
                    attachments: Vec::new(),
                });
            }
            if text.starts_with(r#"{"type":"ping""#) {
                self.socket
                    .send(Message::text(r#"{"type":"pong"}"#))
                    .await?;
                continue;
            }
            if text.starts_with(r#"{"type":"#) {
                continue;
            }
            let count = if text.starts_with(r#"{"att":"#) {
                number_after(&text, r#""att":"#)?
            } else {
                0
            };
            let mut attachments = Vec::new();
            for _ in 0..count {
                match self.next().await? {
                    Message::Binary(binary) => attachments.push(binary),
                    other => return Err(Failure::Server(format!("no attachment: {other}"))),
                }
            }
            let seq = number_after(&text, r#""seq":"#)?;
            if seq != self.place.received + 1 {
                let expected = self.place.received + 1;
                return Err(Failure::Server(format!(
                    "expected frame {expected}, found {seq}"
                )));
            }
            self.place.received = seq;
            return Ok(Received { text, attachments });
        }
    }

    async fn next(&mut self) -> Result<Message, Failure> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                    // The library has put the pong into its queue.
                    self.socket.flush().await?;
                }
                Some(Ok(Message::Close(frame))) => return Err(closed(format!("{frame:?}"))),
                Some(Ok(message)) => return Ok(message),
                Some(Err(problem)) => return Err(problem.into()),
                None => return Err(closed("without a word".into())),
            }
        }
    }
}

/// A session whose connection is gone.
pub(crate) struct Lost(Place);

impl Lost {
    /// A new connection for the same document.
    pub(crate) async fn resume(self, target: &Target) -> Result<Peer, Failure> {
        let received = self.0.received;
        let mut peer = Peer {
            socket: dial(target).await?,
            dialect: target.dialect,
            place: self.0,
            acknowledged: received,
        };
        peer.hello(target, Some(received)).await?;
        Ok(peer)
    }
}

/// A call, before it has the form of a dialect.
pub(crate) struct Call<'a> {
    pub(crate) id: u64,
    pub(crate) method: &'a str,
    /// JSON text.
    pub(crate) params: &'a str,
    pub(crate) attachment: Option<Bytes>,
}

impl Call<'_> {
    fn write(&self, dialect: Dialect, out: &mut String) {
        use fmt::Write as _;
        let Self {
            id, method, params, ..
        } = self;
        let kind = match dialect {
            Dialect::AuroraView => r#""type":"call","#,
            Dialect::Plain => "",
        };
        let _ = write!(
            out,
            r#"{{{kind}"id":{id},"method":"{method}","params":{params}"#
        );
        if let Some(attachment) = &self.attachment {
            let _ = write!(out, r#","att":[{{"bytes":{}}}]"#, attachment.len());
        }
        out.push('}');
    }
}

/// How many results a text of the server holds.
///
/// # Errors
/// One of them is an error.
pub(crate) fn results_in(dialect: Dialect, text: &str) -> Result<u64, Failure> {
    let mark = match dialect {
        Dialect::AuroraView => "\"__auroraview_call_result\"",
        Dialect::Plain => "\"result\":",
    };
    if text.contains("\"error\":") {
        return Err(Failure::Server(format!("a call failed: {text:.300}")));
    }
    Ok(text.matches(mark).count() as u64)
}

/// The integer that follows the first occurrence of a mark.
///
/// # Errors
/// There is none.
pub(crate) fn number_after(text: &str, mark: &str) -> Result<u64, Failure> {
    let missing = || Failure::Server(format!("no {mark} in {text:.300}"));
    let rest = &text[text.find(mark).ok_or_else(missing)? + mark.len()..];
    let rest = rest.trim_start();
    let end = rest
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..end].parse().map_err(|_| missing())
}

async fn dial(target: &Target) -> Result<WebSocketStream<TcpStream>, Failure> {
    let url = target.url.as_str();
    let request = url.into_client_request()?;
    let authority = request.uri().authority().map(ToString::to_string);
    let authority = authority.ok_or_else(|| Failure::Usage(format!("no host in {url}")))?;
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let mut config = WebSocketConfig::default();
    // The library clears that much before each read, which would cost more than reading a small message.
    config.read_buffer_size = target.read_bytes;
    config.max_message_size = None;
    config.max_frame_size = None;
    let (socket, _) =
        tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

fn closed(how: String) -> Failure {
    Failure::Server(format!("the connection was closed: {how}"))
}
