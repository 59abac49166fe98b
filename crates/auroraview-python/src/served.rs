//! Sessions of a server: peers whose pages are in browsers.
//!
//! The server's threads take no GIL. What the program has to know goes to the notice thread; until that thread has told
//! the program of a new session, nothing the session reports is seen to ([`PeerCore::let_go`]). Only a program's own
//! `authenticate` runs on a thread of the server.

mod connection;
mod identity;
mod link;
mod program;
mod server;
mod sessions;

pub(crate) use connection::Connection;
pub(crate) use link::Link;
pub(crate) use server::{FilePart, Server, Site};
pub(crate) use sessions::Sessions;
