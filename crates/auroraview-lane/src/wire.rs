//! What a packet is: a head of 48 bytes, and of a message that is sent in its packet the body.
//!
//! | bytes | little-endian |
//! |---|---|
//! | 0 | which packet: 1 message in the packet, 2 message in a segment, 3 segment, 4 release, 5 retire, 6 rest |
//! | 1 | of a message its kind: 0 frame, 1 synchronous call, 2 answer to one |
//! | 2-3 | number of the segment |
//! | 4-7 | how many attachments |
//! | 8-15 | number of the synchronous call |
//! | 16-31 | id of the document |
//! | 32-39 | length of the text in bytes; of packet 3 the size of the segment |
//! | 40-47 | length of all attachments together in bytes |
//!
//! What is of no use to a packet is zero. The body is the attachments one after another, then the length of each (eight
//! bytes), then the text. A body in a segment begins at its first byte.
//!
//! Packet 3 brings the descriptor of a new segment, which keeps its number until the same end retires it (5). A message
//! in a segment has it until the other end, which copied it, releases the segment (4). No other packet brings
//! descriptors. Who is asked to rest (6) retires the segments that nothing is in.

use crate::DocumentId;
use crate::limits::{ENTRY, SEGMENTS};

/// Length of the head in bytes.
pub(crate) const HEAD: usize = 48;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A frame of the protocol.
    Frame,
    /// A frame with one call, whose caller waits for the answer.
    SyncCall,
    /// The answer to it.
    SyncAnswer,
}

/// What a packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet {
    Message {
        head: MessageHead,
        /// Where the body is; `None`: behind the head.
        segment: Option<u16>,
    },
    Segment {
        number: u16,
        bytes: u64,
    },
    Release {
        number: u16,
    },
    Retire {
        number: u16,
    },
    Rest,
}

/// All of a message but its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageHead {
    pub(crate) kind: Kind,
    pub(crate) document: DocumentId,
    pub(crate) number: u64,
    pub(crate) attachments: u32,
    pub(crate) text: u64,
    pub(crate) data: u64,
}

impl MessageHead {
    /// Length of the body, if there can be such a one.
    pub(crate) fn body(&self) -> Option<usize> {
        let body = self.data.checked_add(self.text)?;
        let body = body.checked_add(u64::from(self.attachments) * ENTRY as u64)?;
        usize::try_from(body).ok()
    }
}

impl Packet {
    pub(crate) fn write(&self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        let (which, number) = match *self {
            Packet::Message { segment: None, .. } => (1, 0),
            Packet::Message {
                segment: Some(number),
                ..
            } => (2, number),
            Packet::Segment { number, .. } => (3, number),
            Packet::Release { number } => (4, number),
            Packet::Retire { number } => (5, number),
            Packet::Rest => (6, 0),
        };
        bytes[0] = which;
        bytes[2..4].copy_from_slice(&number.to_le_bytes());
        match self {
            Packet::Message { head, .. } => {
                bytes[1] = head.kind as u8;
                bytes[4..8].copy_from_slice(&head.attachments.to_le_bytes());
                bytes[8..16].copy_from_slice(&head.number.to_le_bytes());
                bytes[16..32].copy_from_slice(&head.document.bytes());
                bytes[32..40].copy_from_slice(&head.text.to_le_bytes());
                bytes[40..48].copy_from_slice(&head.data.to_le_bytes());
            }
            Packet::Segment { bytes: size, .. } => {
                bytes[32..40].copy_from_slice(&size.to_le_bytes());
            }
            Packet::Release { .. } | Packet::Retire { .. } | Packet::Rest => {}
        }
        bytes
    }

    /// What a head says; `None` when it is none.
    pub(crate) fn read(bytes: &[u8; HEAD]) -> Option<Packet> {
        let number = u16::from_le_bytes(part(bytes, 2));
        if usize::from(number) >= SEGMENTS {
            return None;
        }
        let packet = match bytes[0] {
            which @ (1 | 2) => Packet::Message {
                head: MessageHead {
                    kind: match bytes[1] {
                        0 => Kind::Frame,
                        1 => Kind::SyncCall,
                        2 => Kind::SyncAnswer,
                        _ => return None,
                    },
                    document: DocumentId::from_bytes(part(bytes, 16))?,
                    number: u64::from_le_bytes(part(bytes, 8)),
                    attachments: u32::from_le_bytes(part(bytes, 4)),
                    text: u64::from_le_bytes(part(bytes, 32)),
                    data: u64::from_le_bytes(part(bytes, 40)),
                },
                segment: (which == 2).then_some(number),
            },
            3 => Packet::Segment {
                number,
                bytes: u64::from_le_bytes(part(bytes, 32)),
            },
            4 => Packet::Release { number },
            5 => Packet::Retire { number },
            6 => Packet::Rest,
            _ => return None,
        };
        // What is of no use is zero: there is one way to say each thing.
        (packet.write() == *bytes).then_some(packet)
    }
}

fn part<const N: usize>(bytes: &[u8; HEAD], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
