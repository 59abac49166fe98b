//! The same page in any browser: HTTP and WebSocket on one port, and sessions that outlive their connections.
//!
//! [`Sessions`] and [`Connection`] are the server without I/O: who may connect, which session a connection belongs to,
//! what is sent again after a drop, and when a session ends. [`Site`] answers requests for files. [`Server`] is the I/O
//! skin around them (tokio); another server, such as an ASGI application, can be one as well. What the program does with
//! a session is behind the traits [`Program`] and [`Served`]. `protocol/PROTOCOL.md` says what goes over the wire.

mod auth;
mod bucket;
mod compress;
mod connection;
mod content_policy;
mod entry;
mod http;
mod io;
mod mailbox;
mod options;
mod plain;
mod program;
mod request;
mod server;
mod sessions;
mod site;
mod websocket;
mod wire;

pub use connection::Connection;
pub use mailbox::{Outgoing, SessionOutlet, Wake};
pub use options::{Dialect, Encoding, GOODBYE, Options};
pub use program::{Program, Served, SessionInfo};
pub use request::{Authenticated, Identity, Refusal, RequestInfo};
pub use server::Server;
pub use sessions::{Sessions, Stats};
pub use site::{Site, SiteRequest};
pub use wire::close_code;

/// Path of the browser's script, below where the site is mounted.
pub const SCRIPT_PATH: &str = "/auroraview.js";
/// Path of the WebSocket, below where the site is mounted.
pub const SOCKET_PATH: &str = "/auroraview.ws";

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic of the program inside a callback must not take every other session along: what our locks guard is whole
/// between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
