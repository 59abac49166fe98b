//! The fast lane of a view: a socket to the library in its page's web process, past the GUI thread.
//!
//! It carries the frames of documents that asked for it in their hello. The hello itself comes the ordinary way, through
//! the host, which checks who speaks; so everything about documents is decided there, and [`Connection`] takes the
//! frames of that document alone. What comes through the host was written after what is on the lane by then: that is
//! read first.
//!
//! * [`admission`]: which document's frames are taken
//! * [`connection`]: one lane to one web process
//! * [`sockets`]: the lanes of one bridge, and the threads that read them; [`epoll`]: how they wait

mod admission;
mod connection;
mod epoll;
mod sockets;
#[cfg(test)]
mod tests;

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use auroraview_lane::{DocumentId, Fault, Lane, Limits};
use auroraview_protocol::{Batch, SyncAnswer, begins_document};
use bytes::Bytes;

use crate::lock;
use crate::peer::PeerCore;
use crate::turns::Shared;
use connection::{Connection, Ended};

pub(crate) use epoll::Ready;
pub(crate) use sockets::Sockets;

/// Which way the frames of a page take, and why not the fast one.
pub(crate) type Standing = (&'static str, Option<String>);

const FAST: &str = "fast";
const ORDINARY: &str = "script-message";

struct State {
    connection: Option<Arc<Connection>>,
    /// Why there is no connection.
    reason: String,
    /// The last document that wanted to use one.
    asking: Option<String>,
}

/// See the module.
pub(crate) struct FastLane {
    workers: Arc<Shared>,
    limits: Limits,
    peer: OnceLock<Weak<PeerCore>>,
    state: Mutex<State>,
}

impl FastLane {
    /// `limits`: as the host tells them to the page's end.
    pub(crate) fn new(workers: Arc<Shared>, limits: Limits) -> Arc<FastLane> {
        Arc::new(FastLane {
            workers,
            limits,
            peer: OnceLock::new(),
            state: Mutex::new(State {
                connection: None,
                reason: "the window is not open".to_owned(),
                asking: None,
            }),
        })
    }

    /// Whose frames it carries. To be told once, before anything else.
    pub(crate) fn belongs_to(self: &Arc<Self>, peer: &Arc<PeerCore>) {
        let _ = self.peer.set(Arc::downgrade(peer));
        peer.set_fast_lane(self);
    }

    /// A process that is forked from this one has none.
    fn connection(&self) -> Option<Arc<Connection>> {
        let connection = lock(&self.state).connection.clone();
        connection.filter(|_| self.workers.sockets().are_there())
    }

    /// The window opens anew. `why_not`: why its pages do not get the lane, if they do not.
    pub(crate) fn window_opens(&self, why_not: Option<String>) {
        let expected = || "the web process has not loaded the library".to_owned();
        lock(&self.state).reason = why_not.unwrap_or_else(expected);
    }

    /// A web process has the other end of this one. It takes the place of the lane before.
    pub(crate) fn offer(self: &Arc<Self>, socket: OwnedFd) {
        self.close("the page's web process was replaced");
        if let Err(problem) = self.connect(socket) {
            let reason = format!("the lane to the web process cannot be used: {problem}");
            log::warn!("{reason}");
            lock(&self.state).reason = reason;
        }
    }

    fn connect(self: &Arc<Self>, socket: OwnedFd) -> std::io::Result<()> {
        let peer = self.peer.get().cloned().unwrap_or_default();
        let sockets = self.workers.sockets();
        let connection = Arc::new(Connection::new(
            Lane::new(socket, self.limits)?,
            Arc::downgrade(self),
            peer,
            Arc::clone(sockets),
        ));
        sockets.add(&connection)?;
        lock(&self.state).connection = Some(Arc::clone(&connection));
        connection.watch();
        self.workers.lanes_came();
        Ok(())
    }

    /// The page asked and gets none, in the host's words.
    pub(crate) fn unavailable(&self, reason: String) {
        log::debug!("no fast lane: {reason}");
        lock(&self.state).reason = reason;
    }

    /// Takes the hello of a document whose other frames come on the lane. False when there is none; then the hello is
    /// to be taken as any.
    pub(crate) fn admit(&self, document: &str, hello: &str, attachments: &mut Vec<Bytes>) -> bool {
        lock(&self.state).asking = Some(document.to_owned());
        let (Some(connection), Some(document)) = (self.connection(), DocumentId::parse(document))
        else {
            return false;
        };
        connection.admit(document, hello, attachments)
    }

    /// Whether this frame, which came the ordinary way, is the second hello of a document that used the lane: it has lost
    /// it, perhaps without our knowledge, and goes on without. Then the lane is done with it.
    pub(crate) fn is_left(&self, document: &str, frame: &str) -> bool {
        {
            let mut state = lock(&self.state);
            if state.asking.as_deref() != Some(document) || !begins_document(frame) {
                return false;
            }
            state.asking = None;
        }
        self.document_gone();
        true
    }

    /// Reads what the page wrote before that which is seen to next.
    pub(crate) fn drain(&self) {
        if let Some(connection) = self.connection() {
            connection.drain();
        }
    }

    /// As [`Self::drain`], and from now on nothing is taken of the document that was admitted.
    pub(crate) fn document_gone(&self) {
        if let Some(connection) = self.connection() {
            connection.document_gone();
        }
    }

    /// A frame came the ordinary way: perhaps a document that does not use the lane has the page now.
    pub(crate) fn make_way(&self, peer: &PeerCore) {
        if let Some(connection) = self.connection()
            && let Some(admitted) = connection.admitted()
            && !peer.has_document(admitted.as_str())
        {
            connection.document_gone();
        }
    }

    /// There is room for more of what the page sends.
    pub(crate) fn resume(&self) {
        if let Some(connection) = self.connection() {
            connection.watch();
        }
    }

    /// Sends a frame to its document; returns it when that is not on the lane.
    pub(crate) fn deliver(&self, batch: Batch) -> Option<Batch> {
        if let Some(connection) = self.connection()
            && let Some(admitted) = connection.admitted()
            && admitted.as_str() == batch.document
        {
            connection.send_frame(admitted, &batch.text, batch.attachments);
            return None;
        }
        Some(batch)
    }

    /// Answers a page that stands still.
    pub(crate) fn answer(&self, answer: SyncAnswer) {
        if let Some(connection) = self.connection() {
            connection.send_answer(answer);
        }
    }

    /// Ends the connection, after what the page has sent was taken.
    pub(crate) fn close(&self, reason: &str) {
        if let Some(connection) = self.connection() {
            connection.drain();
            connection.close();
        }
        lock(&self.state).reason = reason.to_owned();
    }

    fn forget(&self, connection: &Connection, how: &Ended) {
        let mut state = lock(&self.state);
        let is_present = |present: &Arc<Connection>| std::ptr::eq(&**present, connection);
        if !state.connection.as_ref().is_some_and(is_present) {
            return;
        }
        state.connection = None;
        match how {
            Ended::Here => {}
            Ended::By(Fault::Closed) => {
                log::debug!("the web process has closed its end of the fast lane");
                state.reason = "the web process has closed its end".to_owned();
            }
            Ended::By(Fault::Broken(problem)) => {
                log::warn!("the fast lane has ended, pages go on without it: {problem}");
                state.reason = format!("it has ended: {problem}");
            }
        }
    }

    /// Which way the frames of the page take now.
    pub(crate) fn standing(&self) -> Standing {
        let state = lock(&self.state);
        match &state.connection {
            None => (ORDINARY, Some(state.reason.clone())),
            Some(connection) if connection.admitted().is_some() => (FAST, None),
            Some(_) => {
                let reason = "the page's document does not use it";
                (ORDINARY, Some(reason.to_owned()))
            }
        }
    }
}

impl Drop for FastLane {
    fn drop(&mut self) {
        if let Some(connection) = self.connection() {
            connection.close();
        }
    }
}
