//! The plain dialect: JSON objects with a `type`, for front ends that know nothing of our protocol.
//!
//! It is an adapter on one connection that plays the page's end. To the session it is a document like any other, one for
//! each connection: it says hello, numbers nothing, and acknowledges a frame once all of it was handed to the socket, so
//! that back-pressure and coalescing hold for a client that does not know of them. `protocol/PROTOCOL.md` has the rules.

mod incoming;
mod json;
mod message_pack;
mod outgoing;
mod walk;

use std::collections::VecDeque;

use bytes::Bytes;

use crate::mailbox::Outgoing;
use crate::options::Encoding;

pub(crate) use incoming::{read_message, read_token};

/// The state of one connection. See the module.
pub(crate) struct Plain {
    encoding: Encoding,
    /// The id of the document, once there is one.
    document: String,
    /// The client said ready.
    ready: bool,
    /// What came of the last frame and was not handed out yet.
    waiting: VecDeque<Outgoing>,
    /// Frames that were taken.
    taken: u64,
    /// Frames that were handed out whole.
    acknowledged: u64,
}

/// A frame that is not as the session writes them.
#[derive(Debug)]
pub(crate) struct Unreadable;

impl Plain {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            document: String::new(),
            ready: false,
            waiting: VecDeque::new(),
            taken: 0,
            acknowledged: 0,
        }
    }

    pub(crate) fn begin(&mut self, document: String) {
        self.document = document;
    }

    /// Something is there to be handed out.
    pub(crate) fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next message for the client, of the frame that was taken last.
    pub(crate) fn next(&mut self) -> Option<Outgoing> {
        self.waiting.pop_front()
    }

    /// Takes a frame of the session apart.
    pub(crate) fn take(&mut self, frame: &str, attachments: &[Bytes]) -> Result<(), Unreadable> {
        self.taken += 1;
        let taken = outgoing::expand(frame, attachments, self.encoding, &mut self.waiting);
        if taken.is_none() {
            self.waiting.clear();
        }
        taken.ok_or(Unreadable)
    }

    /// What tells the session that all it gave was handed out, unless it knows.
    pub(crate) fn acknowledgement(&mut self) -> Option<String> {
        if self.acknowledged == self.taken {
            return None;
        }
        self.acknowledged = self.taken;
        // Document ids need no escapes.
        let (document, ack) = (&self.document, self.taken);
        Some(format!(
            r#"{{"v":1,"doc":"{document}","ack":{ack},"msgs":[]}}"#
        ))
    }

    /// The frame for what the client said; its first `ready` is that of the document, too.
    pub(crate) fn frame_of(&mut self, message: &incoming::Message) -> String {
        let is_ready = message.name == "ready" && !self.ready;
        self.ready |= is_ready;
        let ready = if is_ready { r#"{"type":"ready"},"# } else { "" };
        let document = &self.document;
        let mut frame = format!(r#"{{"v":1,"doc":"{document}","msgs":[{ready}"#);
        message.write_event(&mut frame);
        frame.push_str("]}");
        frame
    }
}
