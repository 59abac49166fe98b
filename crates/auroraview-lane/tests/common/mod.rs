//! What the tests of a lane share: two joined ends, and messages that can be kept.

#![allow(dead_code, reason = "each test uses some of it")]

use std::cell::RefCell;

use auroraview_lane::{Data, DocumentId, Fault, Kind, Lane, Limits, Message, SendError, Sent};

pub(crate) const LIMITS: Limits = Limits {
    message_bytes: 16 << 20,
    queue_bytes: 4 << 20,
};

/// A message with all that was attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) kind: Kind,
    pub(crate) document: DocumentId,
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) attachments: Vec<Vec<u8>>,
}

pub(crate) fn document() -> DocumentId {
    DocumentId::parse("abcdefghijklmnop").unwrap()
}

pub(crate) fn ends(limits: Limits) -> (Lane, Lane) {
    let (one, other) = Lane::pair().unwrap();
    let lane = |socket| Lane::new(socket, limits).unwrap();
    (lane(one), lane(other))
}

pub(crate) fn keep(message: &Message<'_>) -> Kept {
    // SAFETY: a zero byte stands behind the text, as `Message` says.
    let text = unsafe { std::ffi::CStr::from_ptr(message.text_ptr()) };
    assert_eq!(text.to_bytes(), message.text.as_bytes());
    Kept {
        kind: message.kind,
        document: message.document,
        number: message.number,
        text: message.text.to_owned(),
        attachments: (0..message.attachments())
            .map(|index| message.to_bytes(index).to_vec())
            .collect(),
    }
}

pub(crate) fn frame(text: &str, attachments: &[Vec<u8>]) -> Kept {
    Kept {
        kind: Kind::Frame,
        document: document(),
        number: 0,
        text: text.to_owned(),
        attachments: attachments.to_vec(),
    }
}

pub(crate) fn send(lane: &Lane, message: &Kept) -> Result<Sent, SendError> {
    let attachments: Vec<Data<'_>> = message
        .attachments
        .iter()
        .map(|bytes| Data::Lent(bytes))
        .collect();
    let Kept {
        kind,
        document,
        number,
        text,
        ..
    } = message;
    lane.send(*kind, *document, *number, text, &attachments)
}

pub(crate) fn receive(lane: &Lane) -> Result<Option<Kept>, Fault> {
    lane.receive(|message| keep(&message))
}

/// Bytes that differ from place to place and from seed to seed.
pub(crate) fn pattern(length: usize, seed: usize) -> Vec<u8> {
    // Of no length that divides a page.
    let piece: Vec<u8> = (0..length.clamp(1, 5003))
        .map(|at| (at * 7 + at / 256 + seed) as u8)
        .collect();
    let mut bytes = piece.repeat(length.div_ceil(piece.len()));
    bytes.truncate(length);
    bytes
}

/// All that comes, both ends being served until neither has more to do.
pub(crate) fn drain(from: &Lane, to: &Lane) -> Vec<Kept> {
    let kept = RefCell::default();
    loop {
        let before = kept_count(&kept);
        while to
            .receive(|message| kept.borrow_mut().push(keep(&message)))
            .unwrap()
            .is_some()
        {}
        assert!(from.receive(|message| keep(&message)).unwrap().is_none());
        from.flush().unwrap();
        if kept_count(&kept) == before {
            return kept.into_inner();
        }
    }
}

fn kept_count(kept: &RefCell<Vec<Kept>>) -> usize {
    kept.borrow().len()
}
