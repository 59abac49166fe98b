//! The receiving half: reads packets, checks everything in them, and knows the segments of the other end.

use std::cell::Cell;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::cmsg_space;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};

use crate::limits::{ENTRY, INLINE_BYTES, SEGMENT_BYTES, SEGMENTS};
use crate::message::{Body, Message};
use crate::segment::Foreign;
use crate::wire::{HEAD, MessageHead, Packet};
use crate::{ATTACHMENTS_MAX, Fault, Limits};

const PACKET: usize = HEAD + INLINE_BYTES;
/// Text of messages in segments needs room of its own when it is long; so much of it is kept.
const KEPT_TEXT: usize = 1 << 20;
/// Rooms that are kept. More than one are in use when a message is taken while another is.
const KEPT_ROOMS: usize = 2;

/// Where packets are read to.
#[derive(Debug)]
struct Room {
    /// One packet, and a byte for the zero behind the text.
    packet: Box<[u8]>,
    /// Sizes and text of a message in a segment that are longer.
    long: Vec<u8>,
}

/// A segment of the other end.
#[derive(Debug)]
struct Slot {
    segment: Arc<Foreign>,
    in_use: bool,
    /// So many bytes of it were asked for at once.
    touched: usize,
}

/// Everything about receiving, behind one lock.
#[derive(Debug)]
pub(crate) struct Receiver {
    limits: Limits,
    slots: [Option<Slot>; SEGMENTS],
    rooms: Vec<Room>,
    fault: Option<Fault>,
}

/// A packet.
#[derive(Debug)]
pub(crate) enum Next {
    Nothing,
    /// One that is done with.
    Seen,
    /// The other end has copied what was in that segment of ours.
    Release(u16),
    /// The other end wants the memory back that we keep for later.
    Rest,
    Message(Received),
}

/// A message in its room.
#[derive(Debug)]
pub(crate) struct Received {
    head: MessageHead,
    room: Room,
    segment: Option<(u16, Arc<Foreign>)>,
}

impl Receiver {
    pub(crate) fn new(limits: Limits) -> Receiver {
        Receiver {
            limits,
            slots: Default::default(),
            rooms: Vec::new(),
            fault: None,
        }
    }

    /// The lane is over. What was the first reason stays it.
    pub(crate) fn fail(&mut self, fault: Fault) -> Fault {
        self.slots = Default::default();
        self.rooms = Vec::new();
        self.fault.get_or_insert(fault).clone()
    }

    /// Reads a packet.
    pub(crate) fn next(&mut self, socket: &OwnedFd) -> Result<Next, Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let mut room = self.rooms.pop().unwrap_or_else(|| Room {
            packet: vec![0; PACKET + 1].into(),
            long: Vec::new(),
        });
        let Some((length, files)) = read(socket, &mut room.packet[..PACKET])? else {
            self.keep(room);
            return Ok(Next::Nothing);
        };
        let head = room.packet[..length].first_chunk();
        let packet = head.and_then(Packet::read);
        let packet = packet.ok_or_else(|| Fault::broken("a packet that is none"))?;
        if let Packet::Message { head, segment } = packet {
            if !files.is_empty() {
                return Err(Fault::broken("a descriptor with a message"));
            }
            let message = self.message(head, segment, room, length - HEAD)?;
            return Ok(Next::Message(message));
        }
        self.keep(room);
        if length != HEAD {
            return Err(Fault::broken("a packet that is longer than it says"));
        }
        self.control(packet, files)
    }

    fn control(&mut self, packet: Packet, files: Files) -> Result<Next, Fault> {
        let file = match (files, &packet) {
            (Files { one, more: false }, Packet::Segment { .. }) => one,
            (files, _) if files.is_empty() => None,
            _ => return Err(Fault::broken("a descriptor where none belongs")),
        };
        match packet {
            Packet::Segment { number, bytes } => {
                let file = file.ok_or_else(|| Fault::broken("a segment without descriptor"))?;
                self.add(number, bytes, file)?;
                Ok(Next::Seen)
            }
            Packet::Retire { number } => {
                let slot = &mut self.slots[usize::from(number)];
                if slot.as_ref().is_none_or(|slot| slot.in_use) {
                    return Err(Fault::broken(
                        "a segment was retired that is in use, or is none",
                    ));
                }
                *slot = None;
                Ok(Next::Seen)
            }
            Packet::Release { number } => Ok(Next::Release(number)),
            Packet::Rest => Ok(Next::Rest),
            Packet::Message { .. } => Ok(Next::Nothing),
        }
    }

    /// A new segment.
    fn add(&mut self, number: u16, bytes: u64, file: OwnedFd) -> Result<(), Fault> {
        let limit = self.limits.pool_bytes();
        let others = self.slots.iter().flatten();
        let total: usize = others.map(|slot| slot.segment.size()).sum();
        let size = usize::try_from(bytes).unwrap_or(usize::MAX);
        let is_size = size.is_power_of_two() && size >= SEGMENT_BYTES;
        if !is_size || size > limit - total {
            let problem = format!("a segment of {bytes} bytes, beside others of {total}");
            return Err(Fault::Broken(problem));
        }
        let slot = &mut self.slots[usize::from(number)];
        if slot.is_some() {
            return Err(Fault::broken("a segment's number is taken"));
        }
        *slot = Some(Slot {
            segment: Arc::new(Foreign::new(file, size).map_err(Fault::Broken)?),
            in_use: false,
            touched: 0,
        });
        Ok(())
    }

    /// Finds the body of a message: `behind` bytes came with its head.
    fn message(
        &mut self,
        head: MessageHead,
        segment: Option<u16>,
        mut room: Room,
        behind: usize,
    ) -> Result<Received, Fault> {
        let bytes = head.text.saturating_add(head.data);
        if bytes > self.limits.message_bytes as u64 || head.attachments as usize > ATTACHMENTS_MAX {
            let count = head.attachments;
            let problem = format!("a message of {bytes} bytes and {count} attachments");
            return Err(Fault::Broken(problem));
        }
        let lies = || Fault::broken("a message is not where it is said to be");
        let body = head.body().ok_or_else(lies)?;
        let Some(number) = segment else {
            if body != behind {
                return Err(lies());
            }
            room.packet[HEAD + body] = 0;
            let segment = None;
            return Ok(Received {
                head,
                room,
                segment,
            });
        };
        let slot = self.slots[usize::from(number)].as_mut().ok_or_else(lies)?;
        if behind != 0 || slot.in_use || body > slot.segment.size() {
            return Err(lies());
        }
        slot.in_use = true;
        if body > slot.touched {
            slot.segment.touch(slot.touched, body);
            slot.touched = body;
        }
        let segment = Some((number, slot.segment.clone()));
        Ok(Received {
            head,
            room,
            segment,
        })
    }

    /// The message is done with: its segment, if it has one, may be told of.
    pub(crate) fn done(&mut self, received: Received) -> Option<u16> {
        if self.fault.is_some() {
            return None;
        }
        self.keep(received.room);
        let (number, _) = received.segment?;
        if let Some(slot) = &mut self.slots[usize::from(number)] {
            slot.in_use = false;
        }
        Some(number)
    }

    fn keep(&mut self, mut room: Room) {
        if self.rooms.len() < KEPT_ROOMS {
            if room.long.capacity() > KEPT_TEXT {
                room.long = Vec::new();
            }
            self.rooms.push(room);
        }
    }
}

impl Received {
    /// The message, once its sizes and its text are in memory of our own and were found right.
    pub(crate) fn open(&mut self) -> Result<Message<'_>, Fault> {
        let head = self.head;
        // It was checked that these fit together.
        let (data, text) = (head.data as usize, head.text as usize);
        let table = head.attachments as usize * ENTRY;
        let (body, front) = match &self.segment {
            None => {
                let (body, front) = self.room.packet[HEAD..].split_at(data);
                (Body::Packet(body), front)
            }
            Some((_, segment)) => {
                let front = self.room.copy_front(segment, data, table + text);
                (Body::Segment(segment), front)
            }
        };
        let (sizes, rest) = front.split_at(table);
        let entries = sizes.chunks_exact(ENTRY).flat_map(<[u8; ENTRY]>::try_from);
        let mut sum = entries.map(u64::from_le_bytes);
        if sum.try_fold(0_u64, u64::checked_add) != Some(head.data) {
            return Err(Fault::broken("attachments of other sizes than it is said"));
        }
        let text = str::from_utf8(&rest[..text])
            .map_err(|error| Fault::Broken(format!("a text that is no UTF-8: {error}")))?;
        Ok(Message {
            kind: head.kind,
            document: head.document,
            number: head.number,
            text,
            sizes,
            body,
            last: Cell::new((0, 0)),
        })
    }
}

impl Room {
    /// Copies what stands behind the attachments, with a zero byte behind it: what is in the segment may still change.
    fn copy_front(&mut self, segment: &Foreign, at: usize, length: usize) -> &[u8] {
        if length <= PACKET {
            // SAFETY: the packet has room for more.
            unsafe { segment.copy_to(at, self.packet.as_mut_ptr(), length) };
            self.packet[length] = 0;
            return &self.packet;
        }
        self.long.clear();
        self.long.reserve(length + 1);
        // SAFETY: that is reserved.
        unsafe { segment.copy_to(at, self.long.as_mut_ptr(), length) };
        // SAFETY: so many were written.
        unsafe { self.long.set_len(length) };
        self.long.push(0);
        &self.long
    }
}

/// Descriptors that came with a packet.
#[derive(Debug, Default)]
struct Files {
    one: Option<OwnedFd>,
    more: bool,
}

impl Files {
    fn is_empty(&self) -> bool {
        self.one.is_none() && !self.more
    }
}

/// One packet and what came with it; `None` when there is none now.
fn read(socket: &OwnedFd, into: &mut [u8]) -> Result<Option<(usize, Files)>, Fault> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    loop {
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(into)];
        let read = retry_on_intr(|| recvmsg(socket, &mut parts, &mut control, flags));
        let read = match read {
            Ok(read) => read,
            Err(Errno::AGAIN) => return Ok(None),
            // Said once when the other end was closed before it had read all of ours; what it wrote before is still there.
            Err(Errno::CONNRESET) => continue,
            Err(error) => return Err(Fault::Broken(format!("nothing can be read: {error}"))),
        };
        // Those that are not taken are closed here, and with `control`.
        let mut files = Files::default();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                for file in received {
                    files.more |= files.one.is_some();
                    files.one = Some(file);
                }
            }
        }
        if read
            .flags
            .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC)
        {
            return Err(Fault::broken(
                "a packet that is too large, or brings too much",
            ));
        }
        if read.bytes == 0 {
            return Err(Fault::Closed);
        }
        return Ok(Some((read.bytes, files)));
    }
}
