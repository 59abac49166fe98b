//! What is known of a client before it says hello, and the answer when that is not good enough.

use std::any::Any;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Who a client is, as the program's own login says.
pub trait Identity: Send + Sync + 'static {
    /// Whether both are the same person. Only then one may resume the session of the other.
    fn same(&self, other: &dyn Identity) -> bool;
    /// For the program, which knows what it put in.
    fn as_any(&self) -> &dyn Any;
}

/// An identity that was established.
pub type Authenticated = Arc<dyn Identity>;

/// The request with which a WebSocket begins.
#[derive(Clone, Default)]
pub struct RequestInfo {
    /// Below the mount prefix, percent-encoded, without the query.
    pub path: String,
    /// Behind the question mark; empty when there is none.
    pub query: String,
    /// In their order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// Of the client: `127.0.0.1:50000`, `[::1]:50000`; another text when the transport has no such addresses.
    pub address: Option<String>,
    /// Host and port where the connection came in, as the server sees it.
    pub local: Option<(String, u16)>,
    /// Who it is, when whoever runs the server has established that already.
    pub identity: Option<Authenticated>,
}

impl RequestInfo {
    /// The value of a header, by its name in lower case; the first one when there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of a header.
    pub(crate) fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self
            .headers
            .iter()
            .filter(move |(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn ip(&self) -> Option<IpAddr> {
        let address = self.address.as_deref()?;
        let ip = match address.parse::<SocketAddr>() {
            Ok(address) => address.ip(),
            Err(_) => address.parse().ok()?,
        };
        Some(ip.to_canonical())
    }

    /// Whether the client is on this machine; one without an address is taken for a stranger.
    pub(crate) fn is_loopback(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_loopback())
    }
}

/// Headers may hold secrets, and addresses are nobody's business: neither is printed.
impl fmt::Debug for RequestInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestInfo")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The HTTP answer to a request that does not become a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 400, 401, 403 or 503.
    pub status: u16,
    /// One sentence for people: what is wrong, and what would be right.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}
