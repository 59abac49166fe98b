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

/// The answer to a synchronous call, for whoever stands still for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncAnswer {
    /// What [`crate::Session::receive_sync`] was given.
    pub number: u64,
    /// A frame without a number that holds the answer alone; it begins as that of a [`Batch`].
    pub text: String,
    /// What the answer refers to, in order.
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

    /// `seq`: its number, if it is to be acknowledged.
    pub(crate) fn new(document: &str, seq: Option<u64>) -> Self {
        // Document ids need no escapes.
        let mut text = format!("{{\"v\":{PROTOCOL_VERSION},\"doc\":\"{document}\",");
        if let Some(seq) = seq {
            text.push_str(&format!("\"seq\":{seq},"));
        }
        text.push_str("\"msgs\":[");
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
        if !self.is_empty() {
            if self.size_with(message, attachments) > FRAME_BYTES {
                return false;
            }
            self.text.push(',');
        }
        self.text.push_str(message);
        if !attachments.is_empty() {
            self.attachments.extend_from_slice(attachments);
            self.attached += attachments.iter().map(Bytes::len).sum::<usize>();
        }
        true
    }

    /// The bytes of the frame if it took that message, too, and ended with it.
    fn size_with(&self, message: &str, attachments: &[Bytes]) -> usize {
        let text = self.text.len() + 1 + message.len() + Self::END.len();
        if self.attachments.is_empty() && attachments.is_empty() {
            return text;
        }
        let head = att(self.attachments.len() + attachments.len()).len();
        let attached = attachments.iter().map(Bytes::len).sum::<usize>();
        head + text + self.attached + attached
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
