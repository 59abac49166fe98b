//! One lane to one web process: reading it in order, pausing it, writing to it, its end.
//!
//! Whoever reads has the lane's reading lock from the packet until what came of it is routed, so that the I/O thread, a
//! worker and the GUI thread, which may all read, keep the order. Nobody who has it needs the GIL, and nothing is sent
//! under it: what comes of a frame for the page may be the next event of the host, on the same thread.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use auroraview_lane::{
    Data, DocumentId, Fault, INLINE_BYTES, Kind, Lane, Message, SendError, Sent,
};
use auroraview_protocol::{Reason, SyncAnswer};
use bytes::Bytes;

use super::FastLane;
use super::admission::{Admission, Verdict};
use super::epoll::{NOTHING, READ, WRITE};
use super::sockets::{Sockets, new_number};
use crate::lock;
use crate::peer::PeerCore;

/// Messages of one lane that are read before others have their turn.
const TURN: usize = 64;
/// What a message takes up in the socket beside its body.
const HEAD: usize = 48;

/// A message that was read too early.
struct Held {
    kind: Kind,
    document: DocumentId,
    number: u64,
    text: String,
    attachments: Vec<Bytes>,
}

/// See the module.
pub(super) struct Connection {
    /// By which its set finds it.
    pub(super) number: u64,
    lane: Lane,
    owner: Weak<FastLane>,
    peer: Weak<PeerCore>,
    sockets: Arc<Sockets>,
    admission: Mutex<Admission>,
    reading: Mutex<Option<Held>>,
    /// There is one, for who does not read.
    holds: AtomicBool,
    /// Nothing more is read or sent, and the page is told so by the end of the socket.
    is_over: AtomicBool,
    /// What the set watches it for.
    watched: Mutex<u32>,
}

/// How far a lane is read at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// A little way, and no further where the page has sent more than is wanted.
    Turn,
    /// What is there by now, for what is seen to next came after it. Still a page cannot have as much as it likes read so,
    /// and one that writes on and on does not keep the reader.
    Present,
}

/// How a lane ended.
pub(super) enum Ended {
    By(Fault),
    /// By this end.
    Here,
}

/// What is to be sent after reading, when nothing is locked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ToSend {
    Nothing,
    /// The page was heard.
    Heard,
    /// The page waits for something.
    Awaited,
}

impl Connection {
    pub(super) fn new(
        lane: Lane,
        owner: Weak<FastLane>,
        peer: Weak<PeerCore>,
        sockets: Arc<Sockets>,
    ) -> Connection {
        Connection {
            number: new_number(),
            lane,
            owner,
            peer,
            sockets,
            admission: Mutex::default(),
            reading: Mutex::default(),
            holds: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            watched: Mutex::new(NOTHING),
        }
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.lane.as_fd()
    }

    pub(super) fn admitted(&self) -> Option<DocumentId> {
        lock(&self.admission).admitted()
    }

    /// The socket is ready.
    pub(super) fn attend(&self, readable: bool, writable: bool) {
        if writable && self.lane.flush().is_err() {
            self.drain();
            self.end(&mut lock(&self.reading), &Ended::By(Fault::Closed));
        } else if readable {
            self.read_and_send(Extent::Turn, |_| {});
        } else {
            self.watch();
        }
    }

    /// Reads what is there now, before something that came after it is seen to.
    pub(super) fn drain(&self) {
        self.read_and_send(Extent::Present, |_| {});
    }

    /// Takes the hello of a document, which came another way, and what it sends on the lane from now on. False when the
    /// lane is over, and nothing was done.
    pub(super) fn admit(
        &self,
        document: DocumentId,
        hello: &str,
        attachments: &mut Vec<Bytes>,
    ) -> bool {
        let mut is_admitted = false;
        self.read_and_send(Extent::Present, |peer| {
            if !self.is_over.load(Ordering::SeqCst) {
                lock(&self.admission).admit(document);
                peer.take_in(hello, std::mem::take(attachments));
                is_admitted = true;
            }
        });
        // What waited for that.
        self.read_and_send(Extent::Turn, |_| {});
        is_admitted
    }

    /// The document that was admitted is gone. What it wrote before that is taken.
    pub(super) fn document_gone(&self) {
        self.read_and_send(Extent::Present, |_| lock(&self.admission).end());
    }

    /// Reads, does something before anybody reads on, and sends what comes of it.
    fn read_and_send(&self, extent: Extent, then: impl FnOnce(&Arc<PeerCore>)) {
        let Some(peer) = self.peer.upgrade() else {
            return self.close();
        };
        let mut held = lock(&self.reading);
        let to_send = self.read(&peer, &mut held, extent);
        then(&peer);
        drop(held);
        self.watch();
        match to_send {
            ToSend::Nothing => {}
            ToSend::Heard => peer.flush_received(),
            ToSend::Awaited => peer.flush(),
        }
    }

    fn read(&self, peer: &Arc<PeerCore>, held: &mut Option<Held>, extent: Extent) -> ToSend {
        let mut to_send = ToSend::Nothing;
        let (mut messages, mut bytes) = (0, 0);
        let present = match extent {
            Extent::Turn => 0,
            Extent::Present => self.present(),
        };
        loop {
            let is_enough = match extent {
                Extent::Turn => messages >= TURN || peer.is_paused(),
                Extent::Present => bytes > present || peer.is_overrun(),
            };
            if is_enough || self.is_over.load(Ordering::SeqCst) {
                break;
            }
            let came = match held.take() {
                Some(early) => match self.judge(early.document) {
                    Verdict::Hold => {
                        *held = Some(early);
                        break;
                    }
                    Verdict::Drop => ToSend::Nothing,
                    Verdict::Take => take(peer, early.kind, early.number, &early.text, || {
                        early.attachments
                    }),
                },
                None => match self.lane.receive(|message| {
                    bytes += packet_bytes(&message);
                    self.look_at(peer, held, &message)
                }) {
                    Ok(Some(came)) => came,
                    Ok(None) => break,
                    Err(fault) => {
                        self.end(held, &Ended::By(fault));
                        break;
                    }
                },
            };
            to_send = to_send.max(came);
            messages += 1;
        }
        self.holds.store(held.is_some(), Ordering::SeqCst);
        to_send
    }

    /// Bytes of the packets that can be read now.
    fn present(&self) -> usize {
        let mut bytes: libc::c_int = 0;
        // SAFETY: the descriptor is open as long as the lane is, and there is room for the number.
        let done =
            unsafe { libc::ioctl(self.socket().as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
        if done == 0 {
            usize::try_from(bytes).unwrap_or(usize::MAX)
        } else {
            usize::MAX
        }
    }

    fn judge(&self, document: DocumentId) -> Verdict {
        lock(&self.admission).judge(document)
    }

    fn look_at(
        &self,
        peer: &Arc<PeerCore>,
        held: &mut Option<Held>,
        message: &Message<'_>,
    ) -> ToSend {
        let attachments = || {
            (0..message.attachments())
                .map(|index| message.to_bytes(index))
                .collect()
        };
        match self.judge(message.document) {
            Verdict::Take => take(
                peer,
                message.kind,
                message.number,
                message.text,
                attachments,
            ),
            Verdict::Drop => ToSend::Nothing,
            Verdict::Hold => {
                *held = Some(Held {
                    kind: message.kind,
                    document: message.document,
                    number: message.number,
                    text: message.text.to_owned(),
                    attachments: attachments(),
                });
                ToSend::Nothing
            }
        }
    }

    /// Sends a frame to the document that is admitted.
    pub(super) fn send_frame(&self, document: DocumentId, text: &str, attachments: Vec<Bytes>) {
        self.send(Kind::Frame, document, 0, text, attachments);
    }

    /// Sends the answer to a synchronous call. Dropped when no document is there that could wait for it.
    pub(super) fn send_answer(&self, answer: SyncAnswer) {
        if let Some(document) = self.admitted() {
            let SyncAnswer {
                number,
                text,
                attachments,
            } = answer;
            self.send(Kind::SyncAnswer, document, number, &text, attachments);
        }
    }

    fn send(
        &self,
        kind: Kind,
        document: DocumentId,
        number: u64,
        text: &str,
        attachments: Vec<Bytes>,
    ) {
        let attachments: Vec<Data<'_>> = attachments.into_iter().map(Data::Shared).collect();
        match self.lane.send(kind, document, number, text, &attachments) {
            Ok(Sent::Written) => {}
            Ok(Sent::Queued) => self.watch(),
            // Who reads learns of it, too; what was not acknowledged goes to the next document.
            Err(SendError::Closed) => {}
            Err(problem) => {
                // Not from here: who reads may wait for what this thread has locked.
                log::warn!("a frame cannot be sent on the fast lane: {problem}; it ends here");
                self.hang_up();
            }
        }
    }

    /// Whoever reads at either end finds the end of the lane.
    fn hang_up(&self) {
        // SAFETY: the descriptor is open as long as the lane is.
        unsafe { libc::shutdown(self.socket().as_raw_fd(), libc::SHUT_RDWR) };
    }

    /// Nothing comes or goes any more.
    pub(super) fn close(&self) {
        self.end(&mut lock(&self.reading), &Ended::Here);
    }

    fn end(&self, held: &mut Option<Held>, how: &Ended) {
        if self.is_over.swap(true, Ordering::SeqCst) {
            return;
        }
        *held = None;
        let had_document = {
            let mut admission = lock(&self.admission);
            let had_document = admission.admitted().is_some();
            admission.end();
            had_document
        };
        if let (true, Some(peer)) = (had_document, self.peer.upgrade()) {
            // Before others see that there is no lane: what the session sends to this document has no other way.
            peer.document_gone();
        }
        self.watch();
        self.hang_up();
        self.sockets.remove(self);
        if let Some(owner) = self.owner.upgrade() {
            owner.forget(self, how);
        }
    }

    /// Has the set watch the socket for what there is to do with it now. To be called after each change of that.
    pub(super) fn watch(&self) {
        let mut watched = lock(&self.watched);
        let mut wanted = NOTHING;
        if !self.is_over.load(Ordering::SeqCst) {
            let is_paused = || self.peer.upgrade().is_some_and(|peer| peer.is_paused());
            if !self.holds.load(Ordering::SeqCst) && !is_paused() {
                wanted |= READ;
            }
            if self.lane.is_waiting() {
                wanted |= WRITE;
            }
        }
        if *watched != wanted {
            match self.sockets.watch(self, *watched, wanted) {
                Ok(()) => *watched = wanted,
                Err(problem) => {
                    log::error!("a fast lane cannot be waited for: {problem}; it ends here");
                    // The page learns of it, and goes on without.
                    self.hang_up();
                }
            }
        }
    }
}

/// What a message took up in the socket, never more than it did.
fn packet_bytes(message: &Message<'_>) -> usize {
    let attached: usize = (0..message.attachments())
        .map(|index| size_of::<u64>() + message.bytes(index))
        .sum();
    let body = message.text.len() + attached;
    // What is longer came in shared memory.
    HEAD + if body <= INLINE_BYTES { body } else { 0 }
}

/// Takes a message of the document that is admitted.
fn take(
    peer: &Arc<PeerCore>,
    kind: Kind,
    number: u64,
    text: &str,
    attachments: impl FnOnce() -> Vec<Bytes>,
) -> ToSend {
    let is_too_large = text.len() > peer.limits().message_bytes;
    match kind {
        // The first that a document writes, see `admission`.
        Kind::Frame if text.is_empty() => return ToSend::Nothing,
        Kind::Frame if is_too_large => peer.refuse(Reason::TooLarge),
        Kind::Frame => {
            let is_awaited = peer.take_in(text, attachments());
            return if is_awaited {
                ToSend::Awaited
            } else {
                ToSend::Heard
            };
        }
        Kind::SyncCall if is_too_large => peer.refuse_sync(Reason::TooLarge, number),
        Kind::SyncCall => peer.take_in_sync(text, attachments(), number),
        Kind::SyncAnswer => peer.refuse(Reason::UnknownType),
    }
    ToSend::Awaited
}
