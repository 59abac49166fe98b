//! A frame to the page: stored messages joined, never parsed or encoded again, and their attachments.

use bytes::Bytes;

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
    /// The frame; it begins with `{"att":COUNT,` when there are attachments. Both together are at most [`FRAME_BYTES`],
    /// unless it holds a single message.
    pub text: String,
    /// What its messages refer to, in order.
    pub attachments: Vec<Bytes>,
}

/// A frame that is being filled.
pub(crate) struct FrameText {
    text: String,
    head: usize,
    attachments: Vec<Bytes>,
    /// The bytes of all attachments.
    attached: usize,
}

impl FrameText {
    const END: &str = "]}";

    pub(crate) fn new(document: &str, seq: u64) -> Self {
        // Document ids need no escapes.
        let text =
            format!("{{\"v\":{PROTOCOL_VERSION},\"doc\":\"{document}\",\"seq\":{seq},\"msgs\":[");
        let head = text.len();
        Self {
            text,
            head,
            attachments: Vec::new(),
            attached: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.len() == self.head
    }

    /// Adds a message. False when the frame is full; an empty frame takes a message of any size.
    pub(crate) fn push(&mut self, message: &str, attachments: &[Bytes]) -> bool {
        let more: usize = attachments.iter().map(Bytes::len).sum();
        if !self.is_empty() {
            let count = self.attachments.len() + attachments.len();
            let size = self.text.len() + 1 + message.len() + Self::END.len() + att(count).len();
            if size + self.attached + more > FRAME_BYTES {
                return false;
            }
            self.text.push(',');
        }
        self.text.push_str(message);
        self.attachments.extend_from_slice(attachments);
        self.attached += more;
        true
    }

    pub(crate) fn finish(mut self) -> (String, Vec<Bytes>) {
        self.text.push_str(Self::END);
        if !self.attachments.is_empty() {
            self.text.insert_str(1, &att(self.attachments.len()));
        }
        (self.text, self.attachments)
    }
}

/// What follows the brace of a frame with so many attachments.
fn att(count: usize) -> String {
    match count {
        0 => String::new(),
        _ => format!("\"att\":{count},"),
    }
}
