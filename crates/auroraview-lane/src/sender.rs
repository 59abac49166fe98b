//! The sending half: what leaves at once, and what waits for the socket or for a segment.
//!
//! Messages leave in the order they came in. Releases overtake them: a message that waits for a segment must never hold
//! up the release that the other end waits for.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use bytes::Bytes;
use rustix::cmsg_space;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, sendmsg, shutdown,
};

use crate::data::Part;
use crate::limits::{ENTRY, INLINE_BYTES};
use crate::pool::Pool;
use crate::wire::{MessageHead, Packet};
use crate::{ATTACHMENTS_MAX, Data, Limits, SendError, Sent};

/// What a message costs in the queue beside its bytes.
const OVERHEAD: usize = 64;
/// Places of an empty queue that are kept.
const KEPT_PLACES: usize = 64;

/// Something that waits.
#[derive(Debug)]
enum Waiting {
    /// For the socket, as it is.
    Packet {
        bytes: Box<[u8]>,
        file: Option<Arc<OwnedFd>>,
    },
    /// For a segment.
    Body(Box<Body>),
}

#[derive(Debug)]
struct Body {
    head: MessageHead,
    text: Box<str>,
    data: Vec<Bytes>,
    cost: usize,
}

/// What stops the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// Nothing does: it is empty.
    No,
    /// The other end has to read.
    Socket,
    /// The other end has to release a segment.
    Segment,
}

/// Why something did not leave.
enum Stop {
    Blocked(Blocked),
    Failed(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Failed(error)
    }
}

/// A packet that has to leave ahead of a message.
type Ahead = (Packet, Option<Arc<OwnedFd>>);

/// Everything about sending, behind one lock.
#[derive(Debug)]
pub(crate) struct Sender {
    limits: Limits,
    pool: Pool,
    queue: VecDeque<Waiting>,
    /// Bytes in the queue.
    queued: usize,
    /// How many of the queue have no segment yet.
    bodies: usize,
    /// Segments of the other end that it may use again and was not told so, one bit each.
    releases: u32,
    /// Segments of ours whose message has not left, one bit each: nobody can have copied it.
    unsent: u32,
    /// How many messages were in segments, of either end.
    shared: u64,
    blocked: Blocked,
    /// Room for a packet.
    scratch: Vec<u8>,
    closed: bool,
    /// What the system refused, if that is why.
    failure: Option<String>,
}

impl Sender {
    pub(crate) fn new(limits: Limits) -> Sender {
        Sender {
            limits,
            pool: Pool::new(limits.pool_bytes()),
            queue: VecDeque::new(),
            queued: 0,
            bodies: 0,
            releases: 0,
            unsent: 0,
            shared: 0,
            blocked: Blocked::No,
            scratch: Vec::new(),
            closed: false,
            failure: None,
        }
    }

    pub(crate) fn blocked(&self) -> Blocked {
        self.blocked
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    pub(crate) fn shared(&self) -> u64 {
        self.shared
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.clone()
    }

    /// Nothing is sent any more, and nothing kept.
    pub(crate) fn close(&mut self) {
        *self = Sender {
            closed: true,
            failure: self.failure.take(),
            ..Sender::new(self.limits)
        };
    }

    pub(crate) fn send(
        &mut self,
        socket: &OwnedFd,
        mut head: MessageHead,
        text: &str,
        attachments: &[Data<'_>],
    ) -> Result<Sent, SendError> {
        if self.closed {
            return Err(SendError::Closed);
        }
        let (count, limit) = (attachments.len(), self.limits.message_bytes);
        if count > ATTACHMENTS_MAX {
            return Err(SendError::TooMany { attachments: count });
        }
        let sizes = attachments.iter().map(Data::bytes);
        let data = sizes.fold(0, usize::saturating_add);
        let bytes = data.saturating_add(text.len());
        if bytes > limit {
            return Err(SendError::TooLarge { bytes, limit });
        }
        let body = bytes + count * ENTRY;
        let cost = body + OVERHEAD;
        if self.queued > 0 && self.queued + cost > self.limits.queue_bytes {
            return Err(SendError::Full);
        }
        head.attachments = count as u32;
        head.text = text.len() as u64;
        head.data = data as u64;
        if body <= INLINE_BYTES {
            self.send_small(socket, head, text, attachments);
        } else {
            self.send_large(socket, head, text, attachments, cost);
        }
        if self.closed {
            Err(SendError::Closed)
        } else if self.queue.is_empty() {
            Ok(Sent::Written)
        } else {
            Ok(Sent::Queued)
        }
    }

    fn send_small(
        &mut self,
        socket: &OwnedFd,
        head: MessageHead,
        text: &str,
        attachments: &[Data<'_>],
    ) {
        let segment = None;
        let packet = Packet::Message { head, segment }.write();
        if attachments.is_empty() {
            self.post(socket, [&packet, text.as_bytes()], None);
            return;
        }
        let mut whole = mem::take(&mut self.scratch);
        whole.clear();
        whole.extend_from_slice(&packet);
        for data in attachments {
            data.part().put(&mut whole);
        }
        put_sizes(&mut whole, attachments.iter().map(Data::bytes));
        whole.extend_from_slice(text.as_bytes());
        self.post(socket, [&whole, &[]], None);
        self.scratch = whole;
    }

    fn send_large(
        &mut self,
        socket: &OwnedFd,
        head: MessageHead,
        text: &str,
        attachments: &[Data<'_>],
        cost: usize,
    ) {
        // One that overtook another that waits for a segment might take what that one needs.
        if self.bodies == 0 {
            let mut ahead = Vec::new();
            let data = attachments.iter().map(Data::part);
            let placed = self.place(head, data, text, &mut ahead);
            for (packet, file) in ahead {
                self.post(socket, [&packet.write(), &[]], file);
            }
            match placed {
                Ok(Some(packet)) => return self.post(socket, [&packet.write(), &[]], None),
                Ok(None) => {}
                Err(error) => return self.fail(socket, error),
            }
        }
        self.queued += cost;
        self.bodies += 1;
        self.queue.push_back(Waiting::Body(Box::new(Body {
            head,
            text: text.into(),
            data: attachments.iter().map(Data::keep).collect(),
            cost,
        })));
        if self.blocked == Blocked::No {
            self.blocked = Blocked::Segment;
        }
    }

    /// Writes a body into a segment, if there is one for it. The packet that says so, and those that have to leave before.
    fn place<'a>(
        &mut self,
        head: MessageHead,
        data: impl Iterator<Item = Part<'a>> + Clone,
        text: &'a str,
        ahead: &mut Vec<Ahead>,
    ) -> io::Result<Option<Packet>> {
        let body = head.body().unwrap_or(usize::MAX);
        let taken = self.pool.take(body, |packet| ahead.push((packet, None)))?;
        let Some(taken) = taken else {
            return Ok(None);
        };
        let number = taken.number;
        if taken.is_new {
            let bytes = taken.segment.size() as u64;
            let packet = Packet::Segment { number, bytes };
            ahead.push((packet, Some(taken.segment.file())));
        }
        let mut sizes = Vec::new();
        put_sizes(&mut sizes, data.clone().map(|part| part.bytes()));
        let front = [Part::Bytes(&sizes), Part::Bytes(text.as_bytes())];
        taken.segment.write(data, front)?;
        self.unsent |= 1 << number;
        self.shared += 1;
        let segment = Some(number);
        Ok(Some(Packet::Message { head, segment }))
    }

    /// Sends a packet of two parts, or has it wait.
    fn post(&mut self, socket: &OwnedFd, parts: [&[u8]; 2], file: Option<Arc<OwnedFd>>) {
        if self.closed {
            return;
        }
        if self.queue.is_empty() && self.releases == 0 {
            match write(socket, parts, file.as_deref()) {
                Ok(()) => return self.left(parts[0]),
                Err(Stop::Blocked(by)) => self.blocked = by,
                Err(Stop::Failed(error)) => return self.fail(socket, error),
            }
        }
        let bytes: Box<[u8]> = parts.concat().into();
        self.queued += bytes.len() + OVERHEAD;
        self.queue.push_back(Waiting::Packet { bytes, file });
    }

    /// A packet is on its way: if it is a message in a segment, that may be released from now on.
    fn left(&mut self, packet: &[u8]) {
        if self.unsent == 0 {
            return;
        }
        let packet = packet.first_chunk().and_then(Packet::read);
        if let Some(Packet::Message { segment, .. }) = packet {
            self.unsent &= !segment.map_or(0, |number| 1 << number);
        }
    }

    /// Tells the other end that it may use a segment again.
    pub(crate) fn release(&mut self, socket: &OwnedFd, number: u16) {
        if !self.closed {
            self.shared += 1;
            self.releases |= 1 << number;
            self.go_on(socket);
        }
    }

    /// The other end says that we may use a segment again. False: it cannot have copied what is in it.
    pub(crate) fn released(&mut self, socket: &OwnedFd, number: u16) -> bool {
        if self.closed {
            return true;
        }
        let mut retired = Vec::new();
        if self.unsent & (1 << number) != 0
            || !self.pool.release(number, |packet| retired.push(packet))
        {
            return false;
        }
        self.post_all(socket, retired);
        self.go_on(socket);
        true
    }

    /// Gives the memory back that is kept for later.
    pub(crate) fn rest(&mut self, socket: &OwnedFd) {
        let mut retired = Vec::new();
        self.pool.rest(|packet| retired.push(packet));
        self.scratch = Vec::new();
        self.post_all(socket, retired);
    }

    /// Asks the other end to do so.
    pub(crate) fn ask_to_rest(&mut self, socket: &OwnedFd) {
        self.post_all(socket, vec![Packet::Rest]);
    }

    fn post_all(&mut self, socket: &OwnedFd, packets: Vec<Packet>) {
        for packet in packets {
            self.post(socket, [&packet.write(), &[]], None);
        }
    }

    /// Sends what waits, unless it is known that the socket takes nothing.
    fn go_on(&mut self, socket: &OwnedFd) {
        if self.blocked != Blocked::Socket {
            self.flush(socket);
        }
    }

    /// Sends what waits, as far as it goes.
    pub(crate) fn flush(&mut self, socket: &OwnedFd) {
        match self.try_flush(socket) {
            Ok(()) => self.blocked = Blocked::No,
            Err(Stop::Blocked(by)) => self.blocked = by,
            Err(Stop::Failed(error)) => self.fail(socket, error),
        }
    }

    fn try_flush(&mut self, socket: &OwnedFd) -> Result<(), Stop> {
        while self.releases != 0 {
            let number = self.releases.trailing_zeros() as u16;
            write(socket, [&Packet::Release { number }.write(), &[]], None)?;
            self.releases &= self.releases - 1;
        }
        while let Some(first) = self.queue.pop_front() {
            let (bytes, file) = match first {
                Waiting::Packet { bytes, file } => (bytes, file),
                Waiting::Body(body) => {
                    self.place_first(body)?;
                    continue;
                }
            };
            if let Err(stop) = write(socket, [&bytes, &[]], file.as_deref()) {
                self.queue.push_front(Waiting::Packet { bytes, file });
                return Err(stop);
            }
            self.queued -= bytes.len() + OVERHEAD;
            self.left(&bytes);
        }
        self.queue.shrink_to(KEPT_PLACES);
        Ok(())
    }

    /// Has the first message of the queue wait no longer for a segment, but for the socket.
    fn place_first(&mut self, body: Box<Body>) -> Result<(), Stop> {
        let mut ahead = Vec::new();
        let data = body.data.iter().map(|data| Part::Bytes(data));
        let placed = self.place(body.head, data, &body.text, &mut ahead)?;
        match placed {
            Some(packet) => {
                self.queued -= body.cost;
                self.bodies -= 1;
                ahead.push((packet, None));
            }
            None => self.queue.push_front(Waiting::Body(body)),
        }
        for (packet, file) in ahead.into_iter().rev() {
            let bytes: Box<[u8]> = Box::new(packet.write());
            self.queued += bytes.len() + OVERHEAD;
            self.queue.push_front(Waiting::Packet { bytes, file });
        }
        match self.queue.front() {
            Some(Waiting::Body(_)) => Err(Stop::Blocked(Blocked::Segment)),
            _ => Ok(()),
        }
    }

    fn fail(&mut self, socket: &OwnedFd, error: io::Error) {
        // That the other end is gone is for the receiving half to say, once it has read what is left.
        let kind = error.kind();
        if kind != io::ErrorKind::BrokenPipe && kind != io::ErrorKind::ConnectionReset {
            self.failure = Some(error.to_string());
        }
        self.close();
        let _ = shutdown(socket, Shutdown::Both);
    }
}

fn put_sizes(into: &mut Vec<u8>, sizes: impl Iterator<Item = usize>) {
    for size in sizes {
        into.extend_from_slice(&(size as u64).to_le_bytes());
    }
}

/// One packet.
fn write(socket: &OwnedFd, parts: [&[u8]; 2], file: Option<&OwnedFd>) -> Result<(), Stop> {
    let parts = parts.map(IoSlice::new);
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files = file.map(|file| [file.as_fd()]);
    if let Some(files) = &files {
        control.push(SendAncillaryMessage::ScmRights(files));
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    match retry_on_intr(|| sendmsg(socket, &parts, &mut control, flags)) {
        Ok(_) => Ok(()),
        Err(Errno::AGAIN) => Err(Stop::Blocked(Blocked::Socket)),
        Err(error) => Err(Stop::Failed(error.into())),
    }
}
