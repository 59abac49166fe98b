//! The other end of a lane as its enemy: whatever packets, descriptors and shared memory it sends, and whatever our end
//! does meanwhile, there is at worst a fault, and no descriptor is left.
//!
//! The bytes of the input are what happens, one after another.
#![no_main]

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use auroraview_fuzz::Choices;
use auroraview_lane::{
    Data, DocumentId, Fault, INLINE_BYTES, Kind, Lane, Limits, Message, SendError,
};
use libfuzzer_sys::fuzz_target;
use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, ftruncate, memfd_create,
};
use rustix::io::pwrite;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, recvmsg, sendmsg, shutdown,
};

const MIB: u64 = 1 << 20;
const LIMITS: Limits = Limits {
    message_bytes: 3 << 20,
    queue_bytes: 1 << 20,
};
const DOCUMENT: [u8; 16] = *b"abcdefghijklmnop";
/// Each costs a few bytes.
const MOST: usize = 200;

fuzz_target!(|input: &[u8]| {
    let before = descriptors();
    Attack::new().run(&mut Choices::new(input));
    assert_eq!(descriptors(), before, "descriptors that are open");
});

fn descriptors() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").expect("this process");
    open.count()
}

struct Attack {
    lane: Lane,
    socket: OwnedFd,
    /// Memory that was sent, to be changed under who reads it.
    sent: Vec<OwnedFd>,
    /// Memory that was got.
    got: Vec<OwnedFd>,
    fault: Option<Fault>,
}

impl Attack {
    fn new() -> Attack {
        let (one, socket) = Lane::pair().expect("two sockets");
        Attack {
            lane: Lane::new(one, LIMITS).expect("a socket of a lane"),
            socket,
            sent: Vec::new(),
            got: Vec::new(),
            fault: None,
        }
    }

    fn run(&mut self, choices: &mut Choices<'_>) {
        for _ in 0..MOST {
            let Some(act) = choices.next() else { break };
            match act % 32 {
                0..2 => {
                    let length = choices.below(100);
                    let packet: Vec<u8> = (0..length).map_while(|_| choices.next()).collect();
                    self.write(&packet, &[]);
                }
                2..8 => self.send_message(choices),
                8..11 => self.send_segment(choices),
                11 => self.send_control(choices),
                12..14 => self.change(choices),
                14..16 => self.read(choices),
                16..20 => self.send(choices),
                20..28 => drop(self.receive(choices, 0)),
                28 => drop(self.lane.flush()),
                31 => self.lane.rest(),
                29 if choices.one_in(8) => drop(shutdown(&self.socket, Shutdown::Write)),
                30 if choices.one_in(8) => self.write(&[7; INLINE_BYTES + 60], &[]),
                _ => assert!(!self.lane.is_full() || self.fault.is_none()),
            }
        }
        // All that is there; in vain a few times, as control packets may stand before it.
        let mut in_vain = 0;
        while in_vain < 4 && self.fault.is_none() {
            in_vain = if self.receive(choices, 9) {
                0
            } else {
                in_vain + 1
            };
        }
    }

    fn write(&self, packet: &[u8], files: &[BorrowedFd<'_>]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(files));
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let _ = sendmsg(&self.socket, &[IoSlice::new(packet)], &mut control, flags);
    }

    /// A message that is nearly right.
    fn send_message(&mut self, choices: &mut Choices<'_>) {
        let placed = choices.one_in(2);
        let sizes: Vec<u64> = (0..choices.below(4)).map(|_| length(choices)).collect();
        let text = length(choices);
        let mut data = sizes.iter().copied().fold(0, u64::wrapping_add);
        if choices.one_in(16) {
            data = length(choices);
        }
        let mut packet = vec![1 + u8::from(placed), choices.below(4) as u8 % 3];
        packet.extend([if placed { choices.below(4) as u8 } else { 0 }, 0]);
        packet.extend((sizes.len() as u32).to_le_bytes());
        packet.extend(u64::from(choices.next().unwrap_or(0)).to_le_bytes());
        packet.extend(DOCUMENT);
        packet.extend(text.to_le_bytes());
        packet.extend(data.to_le_bytes());
        let whole = data.saturating_add(text);
        let body = if whole < INLINE_BYTES as u64 - 100 {
            let mut body = vec![b'x'; data as usize];
            body.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
            body.extend((0..text).map(|_| choices.next().unwrap_or(b'x') & 0x9f));
            body
        } else {
            sizes.iter().flat_map(|size| size.to_le_bytes()).collect()
        };
        if !placed {
            packet.extend(body);
        } else if let Some(file) = self.sent.last() {
            let at = if body.len() as u64 > whole { 0 } else { data };
            let _ = pwrite(file, &body, at);
        }
        if choices.one_in(16)
            && let Some(byte) = packet.get_mut(choices.below(48))
        {
            *byte = choices.next().unwrap_or(0);
        }
        let file = choices.one_in(32).then(|| memory(4096, SealFlags::empty()));
        let files: Vec<_> = file.iter().map(AsFd::as_fd).collect();
        self.write(&packet, &files);
    }

    fn send_segment(&mut self, choices: &mut Choices<'_>) {
        let size = [MIB, 2 * MIB, 4 * MIB, 8 * MIB, 4096, 0][choices.below(48).min(6) % 6];
        let real = if choices.one_in(16) {
            length(choices)
        } else {
            size
        };
        let seals = match choices.below(16) {
            0 => SealFlags::empty(),
            1 => SealFlags::SHRINK,
            _ => SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL,
        };
        let file = memory(real.min(64 * MIB), seals);
        let packet = control(3, choices.below(5) as u8, size);
        let count = if choices.one_in(16) {
            choices.below(9)
        } else {
            1
        };
        self.write(&packet, &vec![file.as_fd(); count]);
        self.sent.push(file);
    }

    fn send_control(&mut self, choices: &mut Choices<'_>) {
        let (which, number) = (4 + choices.below(3) as u8, choices.below(10) as u8);
        let file = choices.one_in(16).then(|| memory(4096, SealFlags::empty()));
        let files: Vec<_> = file.iter().map(AsFd::as_fd).collect();
        self.write(&control(which, number, 0), &files);
    }

    /// Changes memory that was sent or got.
    fn change(&mut self, choices: &mut Choices<'_>) {
        let files = [&self.sent, &self.got][choices.below(2)];
        let Some(file) = files.get(choices.below(files.len().max(1))) else {
            return;
        };
        let at = length(choices);
        if choices.one_in(4) {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let _ = fallocate(file, flags, 0, MIB);
        } else {
            let value = u64::from(choices.next().unwrap_or(0));
            let _ = pwrite(file, &value.to_le_bytes(), at.min(2 * MIB));
        }
    }

    /// Reads a packet of our end, which has to be one, and mostly answers as it should.
    fn read(&mut self, choices: &mut Choices<'_>) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut packet = vec![0; INLINE_BYTES + 48];
        let mut parts = [IoSliceMut::new(&mut packet)];
        let Ok(read) = recvmsg(
            &self.socket,
            &mut parts,
            &mut ancillary,
            RecvFlags::DONTWAIT,
        ) else {
            return;
        };
        let mut files = 0;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                for file in received {
                    files += 1;
                    self.got.push(file);
                }
            }
        }
        if read.bytes == 0 {
            return;
        }
        assert!(read.bytes >= 48 && (1..=6).contains(&packet[0]));
        assert_eq!(files, usize::from(packet[0] == 3));
        assert!(packet[0] == 1 || read.bytes == 48);
        if packet[0] == 2 && !choices.one_in(8) {
            self.write(&control(4, packet[2], 0), &[]);
        }
    }

    fn send(&mut self, choices: &mut Choices<'_>) {
        let length = [0, 10, 3000, 70_000, 300_000, 3 << 20][choices.below(6)];
        let bytes = vec![1; length];
        let fill = |offset: usize, piece: &mut [u8]| {
            assert!(offset + piece.len() <= length);
            piece.fill(2);
        };
        let filled = Data::Filled {
            bytes: length,
            fill: &fill,
        };
        let shared = Data::Shared(bytes.clone().into());
        let attachments = [Data::Lent(&bytes), shared, filled];
        let attachments = &attachments[..choices.below(4)];
        let document = DocumentId::parse("abcdefghijklmnop").expect("an id");
        match self
            .lane
            .send(Kind::Frame, document, 0, "text", attachments)
        {
            Ok(_) => assert!(self.fault.is_none()),
            Err(SendError::TooLarge { bytes, limit }) => assert!(bytes > limit),
            Err(SendError::Full) => assert!(self.fault.is_none()),
            // That nothing can be sent may show before all was received.
            Err(_) => {}
        }
    }

    fn receive(&mut self, choices: &mut Choices<'_>, depth: usize) -> bool {
        let mut again = None;
        let received = self.lane.receive(|message| {
            look(&message);
            if depth < 3 && choices.one_in(4) {
                again = Some(self.lane.receive(|inner| look(&inner)));
                look(&message);
            }
        });
        let came = matches!(received, Ok(Some(())));
        for result in [received.err(), again.and_then(Result::err)] {
            let Some(fault) = result else { continue };
            let first = self.fault.get_or_insert_with(|| fault.clone());
            assert_eq!(*first, fault, "the first reason stays");
        }
        came
    }
}

fn look(message: &Message<'_>) {
    let mut total = message.text.len();
    for index in 0..message.attachments() {
        let length = message.bytes(index);
        total += length;
        let copy = message.to_bytes(index);
        assert_eq!(copy.len(), length);
        let mut part = vec![0; length.min(7)];
        message.copy_part(index, length - part.len(), &mut part);
    }
    assert!(total <= LIMITS.message_bytes);
    // SAFETY: a zero byte stands behind the text, as `Message` says.
    let behind = unsafe { *message.text_ptr().add(message.text.len()) };
    assert_eq!(behind, 0);
}

fn control(which: u8, number: u8, size: u64) -> Vec<u8> {
    let mut packet = vec![0; 48];
    (packet[0], packet[2]) = (which, number);
    packet[32..40].copy_from_slice(&size.to_le_bytes());
    packet
}

fn length(choices: &mut Choices<'_>) -> u64 {
    let byte = choices.next().unwrap_or(0);
    match byte {
        0..128 => u64::from(byte % 32),
        128..192 => u64::from(byte) * 1000,
        192..240 => u64::from(byte) * 8192,
        240 => MIB,
        241 => MIB + 1,
        242 => MIB - 16,
        243 => u64::MAX,
        244 => u64::MAX - 15,
        245 => 1 << 63,
        _ => 1 << (byte - 230),
    }
}

fn memory(size: u64, seals: SealFlags) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = memfd_create("fuzz", flags).expect("memory");
    ftruncate(&file, size).expect("a size");
    fcntl_add_seals(&file, seals).expect("seals");
    file
}
