//! The text of a frame to the page: stored messages joined, never parsed or encoded again.

use crate::limits::{FRAME_BYTES, PROTOCOL_VERSION};

/// One frame for the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The id of the document it is for; a page drops frames for others.
    pub document: String,
    /// The document's number.
    pub generation: u64,
    /// The frame's number, from 1 in each document.
    pub seq: u64,
    /// The frame: at most [`FRAME_BYTES`], unless it holds a single message.
    pub text: String,
}

/// A frame that is being filled.
pub(crate) struct FrameText {
    text: String,
    head: usize,
}

impl FrameText {
    const END: &str = "]}";

    pub(crate) fn new(document: &str, seq: u64) -> Self {
        // Document ids need no escapes.
        let text =
            format!("{{\"v\":{PROTOCOL_VERSION},\"doc\":\"{document}\",\"seq\":{seq},\"msgs\":[");
        let head = text.len();
        Self { text, head }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.len() == self.head
    }

    /// Adds a message. False when the frame is full; an empty frame takes a message of any size.
    pub(crate) fn push(&mut self, message: &str) -> bool {
        if !self.is_empty() {
            if self.text.len() + 1 + message.len() + Self::END.len() > FRAME_BYTES {
                return false;
            }
            self.text.push(',');
        }
        self.text.push_str(message);
        true
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push_str(Self::END);
        self.text
    }
}
