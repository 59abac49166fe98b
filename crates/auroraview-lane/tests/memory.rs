//! What a lane keeps: nothing that grows. Each test holds a lock, because the memory of the process is measured.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};

use auroraview_lane::{Data, Kind, Limits, Sent};
use bytes::Bytes;
use common::{document, ends, frame, pattern, receive, send};

const MB: usize = 1_000_000;
const MIB: usize = 1 << 20;
const LIMITS: Limits = Limits {
    message_bytes: 128 * MIB,
    queue_bytes: 256 * MIB,
};

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A row of `/proc/self/status`, in bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let row = status.lines().find_map(|line| line.strip_prefix(name));
    let number = row.unwrap().trim_start_matches(':').trim();
    number.trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads_and_descriptors() -> (usize, usize) {
    (status("Threads") / 1024, descriptors())
}

#[test]
fn ten_thousand_megabytes_either_way_leave_memory_as_it_was() {
    let _alone = alone();
    let (one, other) = ends(LIMITS);
    let data = Bytes::from(pattern(MB, 0));
    let mut kept = vec![0; MB];
    let mut transfer = |at: usize| {
        for (from, to) in [(&one, &other), (&other, &one)] {
            let attachment = match at % 2 {
                0 => Data::Lent(&data),
                _ => Data::Shared(data.clone()),
            };
            let sent = from.send(Kind::Frame, document(), 0, "{}", &[attachment]);
            assert_eq!(sent, Ok(Sent::Written));
            let taken = to.receive(|message| {
                if at.is_multiple_of(3) {
                    assert_eq!(message.to_bytes(0).len(), MB);
                } else {
                    message.copy(0, &mut kept);
                }
            });
            assert_eq!(taken, Ok(Some(())));
        }
    };
    (0..100).for_each(&mut transfer);
    let before = (status("VmRSS"), status("VmSize"), threads_and_descriptors());
    (0..10_000).for_each(&mut transfer);
    let after = (status("VmRSS"), status("VmSize"), threads_and_descriptors());
    assert_eq!(after.2, before.2);
    let grown = |after: usize, before| after.saturating_sub(before);
    assert!(grown(after.0, before.0) < 4 * MB, "{before:?} {after:?}");
    assert!(grown(after.1, before.1) < 16 * MB, "{before:?} {after:?}");
    assert_eq!(kept, data);
}

#[test]
fn after_a_burst_few_segments_are_kept() {
    let _alone = alone();
    let (one, other) = ends(LIMITS);
    let shared = || status("RssShmem");
    let before = descriptors();
    let message = frame("", &[pattern(12 * MB, 0)]);
    let burst = || {
        let mut sent = 0;
        while send(&one, &message).is_ok() {
            sent += 1;
        }
        assert!(sent > 20, "eight in segments, the others behind them");
        for _ in 0..sent {
            assert_eq!(receive(&other), Ok(Some(message.clone())));
            assert_eq!(receive(&one), Ok(None));
        }
        assert_eq!(receive(&other), Ok(None));
        // Both ends have mapped each page.
        assert!(shared() <= 2 * 64 * MIB, "{}", shared());
        status("VmRSS")
    };
    // What the allocator keeps of the first, it has for the others.
    let (first, files) = (burst(), descriptors());
    for _ in 0..3 {
        let later = burst();
        assert!(later < first + 16 * MIB, "{first} {later}");
        assert_eq!(descriptors(), files);
    }
    drop((one, other));
    assert_eq!((shared(), descriptors()), (0, before - 2));
}

#[test]
fn a_segment_larger_than_what_is_kept_goes_when_it_is_released() {
    let _alone = alone();
    let (one, other) = ends(LIMITS);
    let message = frame("", &[pattern(100 * MB, 0)]);
    for _ in 0..3 {
        let before = descriptors();
        assert_eq!(send(&one, &message), Ok(Sent::Written));
        assert_eq!(descriptors(), before + 1);
        assert_eq!(receive(&other), Ok(Some(message.clone())));
        assert_eq!(receive(&one), Ok(None));
        assert_eq!(receive(&other), Ok(None));
        assert_eq!((status("RssShmem"), descriptors()), (0, before));
    }
}

#[test]
fn at_rest_neither_end_keeps_anything() {
    let _alone = alone();
    let (one, other) = ends(LIMITS);
    let (before, message) = (descriptors(), frame("", &[pattern(12 * MB, 0)]));
    for _ in 0..2 {
        for (from, to) in [(&one, &other), (&other, &one)] {
            assert_eq!(send(from, &message), Ok(Sent::Written));
            assert_eq!(receive(to), Ok(Some(message.clone())));
            assert_eq!(receive(from), Ok(None));
        }
        assert_eq!(one.shared(), other.shared());
        assert!(status("RssShmem") > 12 * MB && descriptors() == before + 2);
        let shared = one.shared();
        one.rest();
        for lane in [&other, &one] {
            assert_eq!(receive(lane), Ok(None));
        }
        assert_eq!((status("RssShmem"), descriptors()), (0, before));
        assert_eq!(one.shared(), shared);
    }
    // What is being taken stays, until it was.
    assert_eq!(send(&one, &message), Ok(Sent::Written));
    let taken = other.receive(|message| {
        other.rest();
        assert_eq!(receive(&one), Ok(None));
        message.to_bytes(0)
    });
    assert_eq!(taken, Ok(Some(message.attachments[0].clone().into())));
}

#[test]
fn many_small_messages_leave_memory_as_it_was() {
    let _alone = alone();
    let (one, other) = ends(LIMITS);
    let transfer = |count: usize| {
        for _ in 0..count / 100 {
            for _ in 0..100 {
                one.send(Kind::Frame, document(), 0, "[1,2,3]", &[])
                    .unwrap();
            }
            for _ in 0..100 {
                assert_eq!(other.receive(|message| message.text.len()), Ok(Some(7)));
            }
        }
    };
    transfer(10_000);
    let before = status("VmRSS");
    transfer(300_000);
    let grown = status("VmRSS").saturating_sub(before);
    assert!(grown < MIB, "{grown}");
}

#[test]
fn long_queues_of_small_messages_do_not_add_up() {
    let _alone = alone();
    let (one, other) = ends(LIMITS);
    let text = "x".repeat(30_000);
    let burst = || {
        let mut sent = 0;
        while !one.is_full() {
            one.send(Kind::Frame, document(), 0, &text, &[]).unwrap();
            sent += 1;
        }
        for _ in 0..sent {
            while other.receive(|_| ()).unwrap().is_none() {
                one.flush().unwrap();
            }
        }
        status("VmRSS")
    };
    let first = burst();
    for _ in 0..3 {
        let later = burst();
        assert!(later < first + 16 * MIB, "{first} {later}");
    }
}
