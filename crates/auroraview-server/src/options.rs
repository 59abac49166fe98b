//! What a server allows and how long it waits.

use std::time::Duration;

/// How long a session is kept after its page said goodbye: a reload says so too, and comes back.
pub const GOODBYE: Duration = Duration::from_secs(5);

/// What clients speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The protocol of `protocol/PROTOCOL.md`.
    #[default]
    AuroraView,
    /// Nothing but `{"type": NAME, ...}`, at the root of the port; see "Plain dialect" there.
    Plain(Encoding),
}

/// How events go out in the plain dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON in text messages.
    Json,
    /// MessagePack in binary messages.
    MessagePack,
}

/// Options of [`Sessions`](crate::Sessions). Not printable: one of them is a secret.
#[derive(Clone)]
pub struct Options {
    /// How long a session without a connection is kept.
    pub session_ttl: Duration,
    /// When so long nothing came over a connection, the client is asked whether it is there.
    pub heartbeat_interval: Duration,
    /// When so long nothing came over a connection, it is given up; the session is not.
    pub heartbeat_timeout: Duration,
    /// How long a connection may take until its hello, and a request until the end of its headers.
    pub handshake_timeout: Duration,
    /// WebSocket connections at a time; more: HTTP 503.
    pub max_connections: usize,
    /// Of them from one address that is not loopback; more: HTTP 503.
    pub max_connections_per_address: usize,
    /// Sessions, connected or not; more: close code 4003.
    pub max_sessions: usize,
    /// Frames per second that one peer may send, and how many it may send at once; more: close code 4029.
    pub frames_per_second: f64,
    /// Bytes per second that one peer may send. It is slowed down first; what comes nevertheless: close code 4029.
    pub bytes_per_second: f64,
    /// Longest message, and longest frame with its attachments, in bytes; longer: close code 1009.
    pub message_bytes: usize,
    /// Whether frames go out compressed to clients that can read it: `None`: to those on other machines.
    pub compress: Option<bool>,
    /// What a hello must bring; `None`: nothing. Not looked at with `authenticate`.
    pub token: Option<String>,
    /// The program says who a client is ([`Program::authenticate`](crate::Program::authenticate)).
    pub authenticate: bool,
    /// One session is there from the start, before any client: see [`Sessions`](crate::Sessions).
    pub expects: bool,
    /// What clients speak.
    pub dialect: Dialect,
    /// Names of this server besides those it has by default: `host` (any port), `host:port`, or `*`.
    pub allow_hosts: Vec<String>,
    /// Origins whose pages may connect, besides this server's own: `https://example.org`, `null`, or `*`.
    pub allow_origins: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            session_ttl: Duration::from_secs(60),
            heartbeat_interval: Duration::from_secs(10),
            heartbeat_timeout: Duration::from_secs(20),
            handshake_timeout: Duration::from_secs(5),
            max_connections: 1_000,
            max_connections_per_address: 50,
            max_sessions: 2_000,
            frames_per_second: 2_000.0,
            bytes_per_second: 200.0 * 1024.0 * 1024.0,
            message_bytes: 128 * 1024 * 1024,
            compress: None,
            token: None,
            authenticate: false,
            expects: false,
            dialect: Dialect::default(),
            allow_hosts: Vec::new(),
            allow_origins: Vec::new(),
        }
    }
}
