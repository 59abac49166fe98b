//! Whatever the other end sends, the lane ends with a fault at worst, and keeps neither memory nor descriptors of it.
//!
//! The packets are written here by what the module documentation of `wire` says, not by the code of the crate. Each
//! test holds a lock, because descriptors are counted.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod common;

use std::fs::File;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use auroraview_lane::{DocumentId, Fault, INLINE_BYTES, Kind, Lane, Limits, SendError, Sent};
use common::{document, frame, keep, pattern, receive, send};
use proptest::prelude::*;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::io::{Errno, pwrite};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

const MIB: usize = 1 << 20;
const LIMITS: Limits = Limits {
    message_bytes: 4 * MIB,
    queue_bytes: 4 * MIB,
};
/// All segments of an end together, with these limits: the longest message and a table of a million sizes.
const POOL: usize = 16 * MIB;
const SEALS: SealFlags = SealFlags::SHRINK
    .union(SealFlags::GROW)
    .union(SealFlags::SEAL);

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// How much of our address space is mapped of segments, in bytes.
fn mapped() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let ours = maps.lines().filter(|line| line.contains("memfd:"));
    let length = |line: &str| {
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        let parse = |text| usize::from_str_radix(text, 16).ok();
        Some(parse(end)? - parse(start)?)
    };
    ours.filter_map(length).sum()
}

/// A lane, and the socket of the one who means it no good.
struct Attacked {
    lane: Lane,
    socket: OwnedFd,
}

fn attacked() -> Attacked {
    let (one, socket) = Lane::pair().unwrap();
    let lane = Lane::new(one, LIMITS).unwrap();
    Attacked { lane, socket }
}

#[derive(Debug, Clone)]
struct Head {
    packet: u8,
    kind: u8,
    segment: u16,
    attachments: u32,
    number: u64,
    document: [u8; 16],
    text: u64,
    data: u64,
}

impl Head {
    fn new(packet: u8, segment: u16) -> Head {
        Head {
            packet,
            kind: 0,
            segment,
            attachments: 0,
            number: 0,
            document: [0; 16],
            text: 0,
            data: 0,
        }
    }

    fn message(packet: u8, segment: u16, attachments: u32, text: u64, data: u64) -> Head {
        Head {
            attachments,
            document: *b"abcdefghijklmnop",
            text,
            data,
            ..Head::new(packet, segment)
        }
    }

    fn segment(number: u16, size: u64) -> Head {
        Head {
            text: size,
            ..Head::new(3, number)
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.packet, self.kind];
        bytes.extend(self.segment.to_le_bytes());
        bytes.extend(self.attachments.to_le_bytes());
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.document);
        bytes.extend(self.text.to_le_bytes());
        bytes.extend(self.data.to_le_bytes());
        bytes
    }

    fn with(&self, body: &[u8]) -> Vec<u8> {
        [self.bytes(), body.to_vec()].concat()
    }
}

fn write(socket: &OwnedFd, packet: &[u8], files: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !files.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(files)));
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    sendmsg(socket, &[IoSlice::new(packet)], &mut control, flags).map(|_| ())
}

/// A packet that came, and its descriptor.
fn read(socket: &OwnedFd) -> Option<(Vec<u8>, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut packet = vec![0; INLINE_BYTES + 48];
    let mut parts = [std::io::IoSliceMut::new(&mut packet)];
    let read = recvmsg(socket, &mut parts, &mut control, RecvFlags::DONTWAIT).ok()?;
    packet.truncate(read.bytes);
    let mut file = None;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(files) = message {
            file = files.last();
        }
    }
    Some((packet, file))
}

fn memory(size: usize, seals: SealFlags) -> OwnedFd {
    let file = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    ftruncate(&file, size as u64).unwrap();
    fcntl_add_seals(&file, seals).unwrap();
    file
}

impl Attacked {
    fn send(&self, packet: &[u8]) {
        write(&self.socket, packet, &[]).unwrap();
    }

    fn send_segment(&self, number: u16, size: usize, file: &OwnedFd) {
        let packet = Head::segment(number, size as u64).bytes();
        write(&self.socket, &packet, &[file.as_fd()]).unwrap();
    }

    /// Reads until there is nothing or the lane is over.
    fn fault(&self) -> Option<String> {
        loop {
            match receive(&self.lane) {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(fault) => return Some(fault.to_string()),
            }
        }
    }

    /// The lane is over, says so for good, and the other end is told.
    fn assert_broken(self, expected: &str) {
        let fault = self
            .fault()
            .unwrap_or_else(|| panic!("expected {expected:?}"));
        assert!(fault.contains(expected), "{fault:?}; expected {expected:?}");
        assert_eq!(receive(&self.lane).unwrap_err().to_string(), fault);
        assert_eq!(send(&self.lane, &frame("", &[])), Err(SendError::Closed));
        while let Some((packet, _)) = read(&self.socket) {
            if packet.is_empty() {
                return;
            }
        }
        panic!("the other end sees no end");
    }
}

/// Runs it, and sees that no descriptor and no mapping is left.
fn leaves_nothing(test: impl FnOnce()) {
    let _alone = alone();
    let before = (descriptors(), mapped());
    test();
    assert_eq!((descriptors(), mapped()), before);
}

#[test]
fn what_is_written_by_the_documentation_is_understood() {
    leaves_nothing(|| {
        let attacked = attacked();
        let mut body = b"abcde".to_vec();
        body.extend(2_u64.to_le_bytes());
        body.extend(3_u64.to_le_bytes());
        body.extend("hé".bytes());
        let head = Head {
            kind: 1,
            number: 7,
            ..Head::message(1, 0, 2, 3, 5)
        };
        attacked.send(&head.with(&body));
        let file = memory(MIB, SEALS);
        pwrite(&file, &body, 0).unwrap();
        attacked.send_segment(3, MIB, &file);
        attacked.send(
            &Head {
                packet: 2,
                segment: 3,
                ..head
            }
            .bytes(),
        );
        attacked.send(&Head::new(5, 3).bytes());
        for _ in 0..2 {
            let kept = receive(&attacked.lane).unwrap().unwrap();
            assert_eq!((kept.kind, kept.number), (Kind::SyncCall, 7));
            assert_eq!(kept.text, "hé");
            assert_eq!(kept.attachments, [b"ab".to_vec(), b"cde".to_vec()]);
        }
        assert_eq!(receive(&attacked.lane), Ok(None));
        let (release, file) = read(&attacked.socket).unwrap();
        assert!(file.is_none());
        assert_eq!(release, Head::new(4, 3).bytes());

        let large = frame("text", &[pattern(100_000, 0)]);
        send(&attacked.lane, &large).unwrap();
        let (announced, file) = read(&attacked.socket).unwrap();
        assert_eq!(announced, Head::segment(0, MIB as u64).bytes());
        let (message, none) = read(&attacked.socket).unwrap();
        assert!(none.is_none());
        assert_eq!(message, Head::message(2, 0, 1, 4, 100_000).bytes());
        let mut body = vec![0; 100_012];
        rustix::io::pread(file.unwrap(), &mut body, 0).unwrap();
        assert_eq!(body[..100_000], large.attachments[0]);
        assert_eq!(body[100_000..100_008], 100_000_u64.to_le_bytes());
        assert_eq!(&body[100_008..], b"text");
    });
}

#[test]
fn packets_that_lie_break_the_lane() {
    let message = |attachments, text, data| Head::message(1, 0, attachments, text, data);
    let sizes = |sizes: &[u64]| {
        sizes
            .iter()
            .flat_map(|size| size.to_le_bytes())
            .collect::<Vec<_>>()
    };
    let none = "a packet that is none";
    let elsewhere = "a message is not where it is said to be";
    let too_much = "a message of ";
    let other_sizes = "attachments of other sizes";
    let max = u64::MAX;
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![0], none),
        (vec![1; 47], none),
        (vec![0; 48], none),
        (vec![255; 48], none),
        (vec![255; INLINE_BYTES + 48], none),
        (vec![255; INLINE_BYTES + 49], "too large"),
        (Head::new(0, 0).bytes(), none),
        (Head::new(6, 1).bytes(), none),
        (Head::new(7, 0).bytes(), none),
        (Head::new(4, 8).bytes(), none),
        (Head::new(4, u16::MAX).bytes(), none),
        // What belongs to other packets.
        (
            Head {
                number: 1,
                ..Head::new(4, 0)
            }
            .bytes(),
            none,
        ),
        (
            Head {
                document: *b"abcdefghijklmnop",
                ..Head::new(5, 0)
            }
            .bytes(),
            none,
        ),
        (
            Head {
                segment: 1,
                ..message(0, 0, 0)
            }
            .bytes(),
            none,
        ),
        (
            Head {
                kind: 3,
                ..message(0, 0, 0)
            }
            .bytes(),
            none,
        ),
        (
            Head {
                document: *b"abcdefghijklmn p",
                ..message(0, 0, 0)
            }
            .bytes(),
            none,
        ),
        (
            Head {
                document: [0; 16],
                ..message(0, 0, 0)
            }
            .bytes(),
            none,
        ),
        // Never announced, never sent.
        (Head::new(4, 0).bytes(), "released that is not in use"),
        (
            Head::new(5, 0).bytes(),
            "retired that is in use, or is none",
        ),
        (Head::message(2, 0, 0, 1, 0).bytes(), elsewhere),
        (
            Head::segment(0, MIB as u64).bytes(),
            "a segment without descriptor",
        ),
        (Head::new(4, 0).with(b"x"), "longer than it says"),
        // Sizes.
        (message(0, 1, 0).bytes(), elsewhere),
        (message(0, 1, 0).with(b"xy"), elsewhere),
        (message(0, 0, 1).with(b"x"), other_sizes),
        (message(1, 0, 0).bytes(), elsewhere),
        (message(1, 0, 1).with(b"x"), elsewhere),
        (message(1, 0, 0).with(&sizes(&[1])), other_sizes),
        (message(2, 0, 0).with(&sizes(&[max, 1])), other_sizes),
        (message(2, 0, 0).with(&sizes(&[max, max])), other_sizes),
        (message(1, max, 0).bytes(), too_much),
        (message(1, 0, max).bytes(), too_much),
        (message(1, max, max).bytes(), too_much),
        (message(1, max / 2, max / 2 + 2).bytes(), too_much),
        (message(0, 4 * MIB as u64 + 1, 0).bytes(), too_much),
        (message(u32::MAX, 0, 0).bytes(), too_much),
        (message((1 << 20) + 1, 0, 0).bytes(), too_much),
        (message(1 << 20, 0, 0).bytes(), elsewhere),
        // Text.
        (message(0, 1, 0).with(&[0xff]), "no UTF-8"),
        (message(0, 3, 0).with(&[0xed, 0xa0, 0x80]), "no UTF-8"),
        (message(0, 1, 0).with(&"é".as_bytes()[..1]), "no UTF-8"),
    ];
    for (packet, expected) in cases {
        leaves_nothing(|| {
            let attacked = attacked();
            send(&attacked.lane, &frame("in the way", &[])).unwrap();
            attacked.send(&packet);
            attacked.assert_broken(expected);
        });
    }
}

#[test]
fn an_empty_packet_is_the_end() {
    leaves_nothing(|| {
        let attacked = attacked();
        attacked.send(&[]);
        assert_eq!(receive(&attacked.lane), Err(Fault::Closed));
    });
}

#[test]
fn descriptors_where_none_belong_break_the_lane_and_are_closed() {
    let message = Head::message(1, 0, 0, 1, 0).with(b"x");
    let cases: [(Vec<u8>, usize); 7] = [
        (message.clone(), 1),
        (message.clone(), 2),
        (message, 253),
        (Head::new(4, 0).bytes(), 1),
        (Head::new(5, 0).bytes(), 2),
        (Head::segment(0, MIB as u64).bytes(), 2),
        (Head::segment(0, MIB as u64).bytes(), 253),
    ];
    for (packet, count) in cases {
        leaves_nothing(|| {
            let attacked = attacked();
            let file = memory(MIB, SEALS);
            write(&attacked.socket, &packet, &vec![file.as_fd(); count]).unwrap();
            let before = descriptors();
            let expected = if count > 2 {
                "brings too much"
            } else {
                "a descriptor "
            };
            assert!(attacked.fault().unwrap().contains(expected));
            assert_eq!(descriptors(), before);
        });
    }
}

#[test]
fn only_sealed_memory_of_the_size_that_was_said_is_a_segment() {
    leaves_nothing(|| {
        let dir = tempdir();
        let on_disk = || OwnedFd::from(File::create(dir.join("file")).unwrap());
        let large_pages = || {
            let flags = MemfdFlags::ALLOW_SEALING | MemfdFlags::HUGETLB | MemfdFlags::CLOEXEC;
            let file = memfd_create("test", flags).ok()?;
            ftruncate(&file, 2 * MIB as u64).ok()?;
            fcntl_add_seals(&file, SEALS).unwrap();
            Some(file)
        };
        let cases: Vec<(usize, Option<OwnedFd>, &str)> = vec![
            (MIB, Some(memory(MIB, SealFlags::empty())), "not sealed"),
            (MIB, Some(memory(MIB, SealFlags::GROW)), "not sealed"),
            (MIB, Some(memory(MIB, SealFlags::SHRINK)), "not sealed"),
            (MIB, Some(memory(0, SEALS)), "a segment has 0 bytes"),
            (
                MIB,
                Some(memory(MIB - 1, SEALS)),
                "a segment has 1048575 bytes",
            ),
            (
                MIB,
                Some(memory(2 * MIB, SEALS)),
                "a segment has 2097152 bytes",
            ),
            (MIB, Some(on_disk()), "a segment was refused"),
            (
                MIB,
                Some(File::open("/dev/zero").unwrap().into()),
                "a segment was refused",
            ),
            (
                MIB,
                Some(std::io::pipe().unwrap().0.into()),
                "a segment was refused",
            ),
            (MIB, Some(Lane::pair().unwrap().0), "a segment was refused"),
            (2 * MIB, large_pages(), "no memory file"),
            (0, Some(memory(0, SEALS)), "a segment of 0 bytes"),
            (4096, Some(memory(4096, SEALS)), "a segment of 4096 bytes"),
            (
                3 * MIB,
                Some(memory(3 * MIB, SEALS)),
                "a segment of 3145728 bytes",
            ),
            (
                2 * POOL,
                Some(memory(2 * POOL, SEALS)),
                "a segment of 33554432 bytes",
            ),
            (
                usize::MAX,
                Some(memory(MIB, SEALS)),
                "a segment of 18446744073709551615",
            ),
        ];
        for (size, file, expected) in cases {
            let Some(file) = file else { continue };
            let attacked = attacked();
            attacked.send_segment(0, size, &file);
            attacked.assert_broken(expected);
        }
        std::fs::remove_dir_all(dir).unwrap();
    });
}

fn tempdir() -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("auroraview-lane-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn segments_are_bounded_in_number_and_bytes() {
    leaves_nothing(|| {
        let attacked = attacked();
        for number in 0..8 {
            attacked.send_segment(number, 2 * MIB, &memory(2 * MIB, SEALS));
        }
        assert_eq!(attacked.fault(), None);
        attacked.send_segment(3, MIB, &memory(MIB, SEALS));
        attacked.assert_broken("beside others of 16777216");
    });
    leaves_nothing(|| {
        let attacked = attacked();
        attacked.send_segment(3, MIB, &memory(MIB, SEALS));
        attacked.send_segment(3, MIB, &memory(MIB, SEALS));
        attacked.assert_broken("a segment's number is taken");
    });
    leaves_nothing(|| {
        let attacked = attacked();
        attacked.send_segment(0, POOL / 2, &memory(POOL / 2, SEALS));
        attacked.send_segment(1, POOL / 2, &memory(POOL / 2, SEALS));
        attacked.send(&Head::new(5, 0).bytes());
        attacked.send_segment(0, POOL / 2, &memory(POOL / 2, SEALS));
        assert_eq!(attacked.fault(), None);
        attacked.send_segment(2, MIB, &memory(MIB, SEALS));
        attacked.assert_broken("a segment of 1048576 bytes");
    });
}

#[test]
fn a_segment_in_use_is_neither_used_nor_retired_again() {
    for packet in [Head::message(2, 0, 0, 1, 0), Head::new(5, 0)] {
        leaves_nothing(|| {
            let attacked = attacked();
            attacked.send_segment(0, MIB, &memory(MIB, SEALS));
            attacked.send(&Head::message(2, 0, 0, 100_000, 0).bytes());
            attacked.send(&packet.bytes());
            let inner = attacked.lane.receive(|message| {
                let inner = receive(&attacked.lane);
                // What is being taken stays readable.
                assert_eq!(message.text.len(), 100_000);
                inner
            });
            let fault = inner.unwrap().unwrap().unwrap_err();
            assert!(matches!(fault, Fault::Broken(_)), "{fault}");
            assert_eq!(receive(&attacked.lane), Err(fault));
        });
    }
}

#[test]
fn a_message_is_not_longer_than_its_segment() {
    for (text, data) in [(MIB as u64 + 1, 0), (1, MIB as u64), (0, 4 * MIB as u64)] {
        leaves_nothing(|| {
            let attacked = attacked();
            attacked.send_segment(0, MIB, &memory(MIB, SEALS));
            attacked.send(&Head::message(2, 0, 0, text, data).bytes());
            attacked.assert_broken("not where it is said to be");
        });
    }
}

#[test]
fn a_release_is_believed_once() {
    leaves_nothing(|| {
        let attacked = attacked();
        send(&attacked.lane, &frame("", &[pattern(100_000, 0)])).unwrap();
        attacked.send(&Head::new(4, 0).bytes());
        assert_eq!(attacked.fault(), None);
        attacked.send(&Head::new(4, 0).bytes());
        attacked.assert_broken("released that is not in use");
    });
}

#[test]
fn what_has_not_left_cannot_have_been_copied() {
    leaves_nothing(|| {
        let attacked = attacked();
        let small = frame(&"x".repeat(50_000), &[]);
        while send(&attacked.lane, &small).unwrap() == Sent::Written {}
        let large = frame("", &[pattern(100_000, 0)]);
        assert_eq!(send(&attacked.lane, &large), Ok(Sent::Queued));
        attacked.send(&Head::new(4, 0).bytes());
        attacked.assert_broken("released that is not in use");
    });
}

#[test]
fn a_segment_that_is_retired_costs_nothing_even_if_nobody_reads_of_it() {
    leaves_nothing(|| {
        let limits = Limits {
            message_bytes: 80 * MIB,
            queue_bytes: 4 * MIB,
        };
        let (one, socket) = Lane::pair().unwrap();
        let lane = Lane::new(one, limits).unwrap();
        let large = frame("", &[pattern(66 * MIB, 0)]);
        for _ in 0..3 {
            assert_eq!(send(&lane, &large), Ok(Sent::Written));
            write(&socket, &Head::new(4, 0).bytes(), &[]).unwrap();
            assert_eq!(receive(&lane), Ok(None));
        }
        let mut segments = 0;
        while let Some((packet, file)) = read(&socket) {
            if let Some(file) = file {
                assert_eq!(packet[0], 3);
                assert_eq!(rustix::fs::fstat(&file).unwrap().st_blocks, 0);
                segments += 1;
            }
        }
        assert_eq!(segments, 3);
    });
}

#[test]
fn memory_that_changes_while_it_is_read_harms_nobody() {
    leaves_nothing(|| {
        let attacked = attacked();
        let file = memory(MIB, SEALS);
        attacked.send_segment(0, MIB, &file);
        let text = 100_000;
        let head = Head::message(2, 0, 1, text, 1000);
        let sizes_at = 1000;
        pwrite(&file, &1000_u64.to_le_bytes(), sizes_at).unwrap();
        pwrite(&file, &vec![b'x'; text as usize], sizes_at + 8).unwrap();
        attacked.send(&head.bytes());
        let taken = attacked.lane.receive(|message| {
            pwrite(&file, &u64::MAX.to_le_bytes(), sizes_at).unwrap();
            pwrite(&file, &vec![0xff; text as usize], sizes_at + 8).unwrap();
            // Gone, and there again as zeros.
            let flags =
                rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
            rustix::fs::fallocate(&file, flags, 0, MIB as u64).unwrap();
            keep(&message)
        });
        let kept = taken.unwrap().unwrap();
        assert_eq!(kept.text, "x".repeat(text as usize));
        assert_eq!(kept.attachments, [vec![0; 1000]]);
        // Found out when the next one comes.
        pwrite(&file, &1001_u64.to_le_bytes(), sizes_at).unwrap();
        attacked.send(&head.bytes());
        assert!(attacked.fault().unwrap().contains("other sizes"));
    });
}

#[test]
fn one_who_reads_nothing_costs_bounded_memory_and_one_who_floods_no_time() {
    leaves_nothing(|| {
        let attacked = attacked();
        let large = frame("", &[pattern(MIB, 0)]);
        let mut queued = 0;
        while let Ok(sent) = send(&attacked.lane, &large) {
            queued += usize::from(sent == Sent::Queued);
        }
        assert!(queued <= 4, "{queued}");
        assert!(mapped() <= POOL);
        assert_eq!(send(&attacked.lane, &large), Err(SendError::Full));
        // Packets without a message do not keep us here.
        let file = memory(MIB, SEALS);
        let mut sent = 0;
        while sent < 100 {
            attacked.send_segment(7, MIB, &file);
            attacked.send(&Head::new(5, 7).bytes());
            sent += 1;
        }
        attacked.send(&Head::message(1, 0, 0, 1, 0).with(b"x"));
        let rounds = (0..10).find(|_| receive(&attacked.lane).unwrap().is_some());
        assert!(rounds.is_some_and(|rounds| rounds > 0), "{rounds:?}");
    });
}

#[test]
fn a_socket_that_fails_is_the_end_of_both_halves() {
    leaves_nothing(|| {
        let attacked = attacked();
        let large = frame("", &[pattern(100_000, 0)]);
        for _ in 0..20 {
            send(&attacked.lane, &large).unwrap();
        }
        drop(attacked.socket);
        assert_eq!(send(&attacked.lane, &frame("x", &[])), Ok(Sent::Queued));
        assert_eq!(receive(&attacked.lane), Err(Fault::Closed));
        assert_eq!(send(&attacked.lane, &large), Err(SendError::Closed));
        assert!(!attacked.lane.is_waiting() && !attacked.lane.is_full());
    });
}

fn head() -> impl Strategy<Value = Head> {
    let number = prop_oneof![
        0..40_u64,
        Just(MIB as u64),
        Just(2 * MIB as u64),
        Just(u64::MAX),
        any::<u64>()
    ];
    let id = prop_oneof![9 => Just(*b"abcdefghijklmnop"), 1 => any::<[u8; 16]>()];
    let which = (
        0..8_u8,
        0..4_u8,
        prop_oneof![9 => 0..3_u16, 1 => any::<u16>()],
    );
    (which, 0..4_u32, any::<u64>(), id, number.clone(), number).prop_map(
        |((packet, kind, segment), attachments, number, document, text, data)| {
            let head = Head {
                packet,
                kind,
                segment,
                attachments,
                number,
                document,
                text,
                data,
            };
            match packet {
                3 => Head::segment(segment, text),
                4 | 5 => Head::new(packet, segment),
                6 => Head::new(6, 0),
                1 => Head { segment: 0, ..head },
                _ => head,
            }
        },
    )
}

#[derive(Debug, Clone)]
enum Act {
    Packet(Vec<u8>, usize),
    Segment(u16, usize),
    Send(usize),
    Receive,
    Read,
}

fn act() -> impl Strategy<Value = Act> {
    let body = prop::collection::vec(
        prop_oneof![Just(0_u8), Just(1), Just(b'x'), any::<u8>()],
        0..40,
    );
    prop_oneof![
        4 => (head(), body, prop_oneof![9 => Just(0_usize), 1 => 1..4_usize])
            .prop_map(|(head, body, files)| Act::Packet(head.with(&body), files)),
        2 => (head(), prop_oneof![19 => Just(0_usize), 1 => Just(1_usize)])
            .prop_map(|(head, files)| Act::Packet(head.bytes(), files)),
        1 => prop::collection::vec(any::<u8>(), 0..100).prop_map(|bytes| Act::Packet(bytes, 0)),
        2 => (0..3_u16, 0..2_usize).prop_map(|(number, size)| Act::Segment(number, MIB << size)),
        2 => prop_oneof![0..100_usize, 100_000..200_000_usize].prop_map(Act::Send),
        3 => Just(Act::Receive),
        2 => Just(Act::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_packets_in_any_order_harm_nobody(acts in prop::collection::vec(act(), 1..60)) {
        leaves_nothing(|| {
            let attacked = attacked();
            for act in acts {
                match act {
                    Act::Packet(packet, files) => {
                        let file = memory(MIB, SEALS);
                        let _ = write(&attacked.socket, &packet, &vec![file.as_fd(); files]);
                    }
                    Act::Segment(number, size) => {
                        let packet = Head::segment(number, size as u64).bytes();
                        let file = memory(size, SEALS);
                        let _ = write(&attacked.socket, &packet, &[file.as_fd()]);
                    }
                    Act::Send(length) => {
                        let _ = send(&attacked.lane, &frame("x", &[pattern(length, 0)]));
                    }
                    Act::Receive => {
                        let _ = receive(&attacked.lane);
                    }
                    Act::Read => drop(read(&attacked.socket)),
                }
            }
            assert!(mapped() <= 2 * POOL);
            let fault = attacked.fault();
            let again = attacked.fault();
            assert!(fault.is_none() || fault == again);
        });
    }
}

#[test]
fn an_id_from_the_wire_is_one_that_can_be_said() {
    assert_eq!(DocumentId::parse("abcdefghijklmnop"), Some(document()));
}
