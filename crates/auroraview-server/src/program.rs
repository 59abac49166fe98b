//! What the program is to the server: two traits.

use std::sync::Arc;

use auroraview_protocol::Reason;
use bytes::Bytes;

use crate::mailbox::SessionOutlet;
use crate::request::{Authenticated, RequestInfo};

/// The program. Called from any thread of the server; only `authenticate` may take its time.
pub trait Program: Send + Sync + 'static {
    /// A new session. Frames for its page go to `outlet`; the hello of its first document follows.
    fn begin(&self, info: SessionInfo, outlet: Arc<SessionOutlet>) -> Arc<dyn Served>;

    /// The session that [`Options::expects`](crate::Options): it has begun, and nobody is there. Called once, while
    /// [`Sessions::new`](crate::Sessions::new) runs. [`Served::connected`] says when somebody is.
    fn expect(&self, session_id: String, outlet: Arc<SessionOutlet>) -> Arc<dyn Served>;

    /// Who asks; `None` refuses (HTTP 401). Only called when [`Options::authenticate`](crate::Options) is set.
    fn authenticate(&self, request: &RequestInfo) -> Option<Authenticated>;
}

/// One session, as the program sees it. No lock of the registry is held during any of the calls; of one session,
/// `resume`, `received`, `connected`, `suspended`, `resumed` and the hello come one at a time. A connection that is just being closed
/// may still call after `end`.
pub trait Served: Send + Sync + 'static {
    /// A frame or message of the page; `attachments` are all that its text announced.
    fn receive(&self, text: &str, attachments: Vec<Bytes>);

    /// The page has a new connection and is the same `document`, which processed the frames up to `received`. True: the
    /// session goes on, and what the page lacks is delivered again. False: the hello that follows begins the document
    /// anew, even if it is the current one; `received` is [`u64::MAX`] when nothing else is wanted, as after a reload.
    fn resume(&self, document: &str, received: u64) -> bool;

    /// The number of the page's last numbered frame that was processed; 0 at a new document.
    fn received(&self) -> u64;

    /// The transport refused something of the page's unread.
    fn refuse(&self, reason: Reason);

    /// The connection is lost; the page may come back.
    fn suspended(&self);

    /// The expected session has its first connection.
    fn connected(&self, info: SessionInfo);

    /// There is a connection again, perhaps from elsewhere. Not called for the first one.
    fn resumed(&self, info: SessionInfo);

    /// The session is over: `closed`, `timeout`, `kicked`, `server_closed`, `backpressure` or `protocol`. Called exactly
    /// once, with no lock of the server held. What it delivers still goes out when there is a connection.
    fn end(&self, reason: &'static str);
}

/// A session and its present connection.
#[derive(Clone)]
pub struct SessionInfo {
    /// 22 characters; not a secret, and of no use without one.
    pub session_id: String,
    /// Of the client, as [`RequestInfo::address`].
    pub address: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// Of the page, as it says, without a fragment that could hold the token.
    pub url: String,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// With [`Options::authenticate`](crate::Options).
    pub identity: Option<Authenticated>,
}
