//! Two ends of a lane in one process, joined by a real socket.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod common;

use std::cell::Cell;
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use auroraview_lane::{
    ATTACHMENTS_MAX, Data, Fault, INLINE_BYTES, Kind, Lane, Limits, SendError, Sent,
};
use bytes::Bytes;
use common::{Kept, LIMITS, document, drain, ends, frame, keep, pattern, receive, send};
use proptest::prelude::*;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

const MIB: usize = 1 << 20;

fn is_ready(lane: &Lane, flags: PollFlags) -> bool {
    let mut polled = [PollFd::new(lane, flags)];
    poll(&mut polled, Some(&Timespec::default())).unwrap();
    polled[0].revents().intersects(flags)
}

#[test]
fn a_message_arrives_as_it_was_sent_whatever_its_size_and_parts() {
    let (one, other) = ends(LIMITS);
    let inline = INLINE_BYTES;
    let cases: [(usize, &[usize]); 16] = [
        (0, &[]),
        (1, &[]),
        (inline - 1, &[]),
        (inline, &[]),
        (inline + 1, &[]),
        (MIB, &[]),
        (3 * MIB + 1, &[]),
        (0, &[0]),
        (5, &[0, 0, 0]),
        (5, &[1, 0, 2, 3]),
        (5, &[inline - 13]),
        (5, &[inline - 12]),
        (100_000, &[1, 100_000, 0, 4097]),
        (5, &[MIB]),
        (5, &[10_000_000, 1]),
        (5, &[4 * MIB; 3]),
    ];
    for (at, (text, attachments)) in cases.into_iter().enumerate() {
        let attachments = attachments.iter().map(|length| pattern(*length, at));
        let text: String = "aé€😀x".chars().cycle().take(text).collect();
        let message = Kept {
            kind: [Kind::Frame, Kind::SyncCall, Kind::SyncAnswer][at % 3],
            number: at as u64 * 1_000_000_007,
            ..frame(&text, &attachments.collect::<Vec<_>>())
        };
        for (from, to) in [(&one, &other), (&other, &one)] {
            assert_eq!(send(from, &message), Ok(Sent::Written), "case {at}");
            assert_eq!(receive(to), Ok(Some(message.clone())), "case {at}");
            assert_eq!(receive(from), Ok(None), "what it was told is done with");
        }
    }
}

#[test]
fn thousands_of_attachments_are_one_message() {
    let (one, other) = ends(LIMITS);
    let attachments: Vec<_> = (0..20_000).map(|at| pattern(at % 100, at)).collect();
    let message = frame("many", &attachments);
    send(&one, &message).unwrap();
    assert_eq!(receive(&other), Ok(Some(message)));
}

#[test]
fn attachments_are_read_in_any_order_and_in_parts() {
    let (one, other) = ends(LIMITS);
    for large in [100, 200_000] {
        let attachments = [3, large, 0, 7].map(|length| pattern(length, length));
        send(&one, &frame("", &attachments)).unwrap();
        let read = other.receive(|message| {
            for index in [3, 0, 1, 3, 2, 0] {
                assert_eq!(message.bytes(index), attachments[index].len());
                let mut copy = vec![0; message.bytes(index)];
                message.copy(index, &mut copy);
                assert_eq!(copy, attachments[index]);
                assert_eq!(message.to_bytes(index), attachments[index]);
            }
            let mut part = [0; 50];
            message.copy_part(1, 33, &mut part);
            assert_eq!(part, attachments[1][33..83]);
            message.copy_part(2, 0, &mut []);
        });
        assert_eq!(read, Ok(Some(())));
    }
}

#[test]
fn bytes_come_from_wherever_their_owner_has_them() {
    let (one, other) = ends(LIMITS);
    for length in [0, 10, INLINE_BYTES, MIB, 3 * MIB] {
        let data = pattern(length, 1);
        let next = Cell::new(0);
        let fill = |offset: usize, piece: &mut [u8]| {
            assert_eq!(offset, next.replace(offset + piece.len()), "in a row");
            piece.copy_from_slice(&data[offset..offset + piece.len()]);
        };
        let shared = Bytes::from(data.clone());
        // Twice: the second time into memory that was used before.
        for _ in 0..2 {
            next.set(0);
            let filled = Data::Filled {
                bytes: length,
                fill: &fill,
            };
            let attachments = [filled, Data::from(shared.clone()), Data::from(&*data)];
            one.send(Kind::Frame, document(), 0, "x", &attachments)
                .unwrap();
            let expected = frame("x", &[data.clone(), data.clone(), data.clone()]);
            assert_eq!(receive(&other), Ok(Some(expected)));
            assert_eq!(receive(&one), Ok(None));
        }
    }
}

#[test]
fn what_is_filled_is_asked_for_during_the_call_alone_also_when_it_waits() {
    let limits = Limits {
        queue_bytes: 64 * MIB,
        ..LIMITS
    };
    let (one, other) = ends(limits);
    let mut sent = Vec::new();
    for at in 0..20 {
        let data = pattern(MIB, at);
        let fill = |offset: usize, piece: &mut [u8]| {
            piece.copy_from_slice(&data[offset..offset + piece.len()]);
        };
        let attachments = [Data::Filled {
            bytes: data.len(),
            fill: &fill,
        }];
        one.send(Kind::Frame, document(), 0, "", &attachments)
            .unwrap();
        sent.push(frame("", &[data]));
    }
    assert_eq!(drain(&one, &other), sent);
}

#[test]
fn what_the_socket_does_not_take_waits_and_keeps_its_order() {
    let (one, other) = ends(LIMITS);
    let mut sent = Vec::new();
    let mut queued = 0;
    while queued < 300 {
        // A few large ones among them, which must not be overtaken.
        let at = sent.len();
        let attachments = if at % 200 == 199 {
            vec![pattern(100_000, at)]
        } else {
            vec![]
        };
        let message = frame(&format!("{at} {}", "x".repeat(2000)), &attachments);
        queued += usize::from(send(&one, &message) == Ok(Sent::Queued));
        sent.push(message);
    }
    assert!(one.is_waiting());
    assert!(!is_ready(&one, PollFlags::OUT));
    assert_eq!(one.flush(), Ok(false));
    assert_eq!(drain(&one, &other), sent);
    assert_eq!(one.flush(), Ok(true));
    assert!(!one.is_waiting());
    assert!(is_ready(&one, PollFlags::OUT));
}

#[test]
fn a_message_that_waits_for_memory_leaves_by_itself_and_not_for_a_writable_socket() {
    let (one, other) = ends(LIMITS);
    let sent: Vec<_> = (0..12)
        .map(|at| frame("", &[pattern(200_000, at)]))
        .collect();
    let results: Vec<_> = sent.iter().map(|message| send(&one, message)).collect();
    let (written, queued) = results.split_at(8);
    assert!(written.iter().all(|result| *result == Ok(Sent::Written)));
    assert!(queued.iter().all(|result| *result == Ok(Sent::Queued)));
    assert!(!one.is_waiting(), "the socket has room");
    assert_eq!(one.flush(), Ok(false));
    // A small one behind them does not overtake.
    let last = frame("last", &[]);
    assert_eq!(send(&one, &last), Ok(Sent::Queued));
    for message in &sent {
        assert_eq!(receive(&other).unwrap().as_ref(), Some(message));
        assert_eq!(receive(&one), Ok(None), "this sends on");
    }
    assert_eq!(receive(&other), Ok(Some(last)));
    assert_eq!(one.flush(), Ok(true));
}

#[test]
fn both_ends_full_of_large_messages_do_not_wait_for_each_other() {
    let (one, other) = ends(LIMITS);
    let large = |at| frame("", &[pattern(150_000, at)]);
    for lane in [&one, &other] {
        for at in 0..20 {
            send(lane, &large(at)).unwrap();
        }
        // And packets up to where the socket takes no more.
        while !lane.is_waiting() {
            if send(lane, &frame("x", &[])) == Err(SendError::Full) {
                break;
            }
        }
    }
    let (mut from_one, mut from_other) = (0, 0);
    for _ in 0..200_000 {
        from_one += usize::from(receive(&other).unwrap().is_some());
        from_other += usize::from(receive(&one).unwrap().is_some());
        if one.flush().unwrap() && other.flush().unwrap() && from_one > 20 {
            break;
        }
    }
    assert!(from_one >= 20 && from_other >= 20);
    assert_eq!((one.flush(), other.flush()), (Ok(true), Ok(true)));
}

#[test]
fn the_queue_is_bounded_and_says_when_it_is_half_full() {
    let limits = Limits {
        message_bytes: 8 * MIB,
        queue_bytes: MIB,
    };
    let (one, other) = ends(limits);
    let message = frame(&"x".repeat(10_000), &[]);
    let mut was_full = false;
    let count = loop_until_full(&one, &message, &mut was_full);
    assert!(was_full && one.is_full());
    let socket = 2 * MIB;
    assert!(count * 10_000 < limits.queue_bytes + socket, "{count}");
    assert_eq!(drain(&one, &other).len(), count);
    assert!(!one.is_full());
    // One that is longer than all that may wait may wait alone.
    let large = frame("", &[pattern(3 * MIB, 0)]);
    let count = loop_until_full(&one, &large, &mut was_full);
    assert!(one.is_full());
    let waiting = one.send(Kind::Frame, document(), 0, "", &[]);
    assert_eq!(waiting, Err(SendError::Full));
    let received = drain(&one, &other);
    assert_eq!(received.len(), count);
    assert!(received.iter().all(|message| *message == large));
}

fn loop_until_full(lane: &Lane, message: &Kept, was_full: &mut bool) -> usize {
    for count in 0.. {
        match send(lane, message) {
            Ok(_) => *was_full |= lane.is_full(),
            Err(error) => {
                assert_eq!(error, SendError::Full);
                return count;
            }
        }
    }
    unreachable!()
}

#[test]
fn what_is_too_large_is_refused_and_changes_nothing() {
    let limits = Limits {
        message_bytes: 1000,
        queue_bytes: 1000,
    };
    let (one, other) = ends(limits);
    let exact = frame(&"x".repeat(400), &[pattern(600, 0)]);
    assert_eq!(send(&one, &exact), Ok(Sent::Written));
    let longer = frame(&"x".repeat(401), &[pattern(600, 0)]);
    let error = send(&one, &longer).unwrap_err();
    let (bytes, limit) = (1001, 1000);
    assert_eq!(error, SendError::TooLarge { bytes, limit });
    assert_eq!(
        error.to_string(),
        "a message of 1001 bytes is too large; expected at most 1000"
    );
    let many = vec![Data::Lent(&[]); ATTACHMENTS_MAX + 1];
    let error = one.send(Kind::Frame, document(), 0, "", &many).unwrap_err();
    let attachments = ATTACHMENTS_MAX + 1;
    assert_eq!(error, SendError::TooMany { attachments });
    assert_eq!(receive(&other), Ok(Some(exact)));
    assert_eq!(receive(&other), Ok(None));
    let many = &many[..ATTACHMENTS_MAX];
    one.send(Kind::Frame, document(), 0, "", many).unwrap();
    let received = other.receive(|message| message.attachments());
    assert_eq!(received, Ok(Some(ATTACHMENTS_MAX)));
}

#[test]
fn all_that_was_sent_before_the_end_is_received_and_then_the_end_for_good() {
    // Also when the end that closes has not read what came to it.
    for unread in [false, true] {
        let (one, other) = ends(LIMITS);
        let sent = [frame("a", &[]), frame("b", &[pattern(200_000, 0)])];
        if unread {
            send(&other, &frame("never read", &[])).unwrap();
        }
        for message in &sent {
            send(&one, message).unwrap();
        }
        drop(one);
        assert!(is_ready(&other, PollFlags::IN));
        // That nothing can be sent any more is no reason not to receive.
        assert_eq!(send(&other, &sent[0]), Err(SendError::Closed));
        assert!(!other.is_waiting());
        for message in &sent {
            assert_eq!(receive(&other).unwrap().as_ref(), Some(message));
        }
        for _ in 0..2 {
            assert_eq!(receive(&other), Err(Fault::Closed));
            assert_eq!(send(&other, &sent[0]), Err(SendError::Closed));
            assert_eq!(other.flush(), Err(SendError::Closed));
        }
    }
}

#[test]
fn a_message_may_be_taken_while_another_is() {
    let (one, other) = ends(LIMITS);
    let outer = frame("outer", &[pattern(300_000, 1)]);
    let inner = frame("inner", &[pattern(400_000, 2)]);
    let small = frame("small", &[]);
    for message in [&outer, &inner, &small] {
        send(&one, message).unwrap();
    }
    let taken = other.receive(|message| {
        assert_eq!(message.text, "outer");
        assert_eq!(receive(&other), Ok(Some(inner.clone())));
        // What is sent from here arrives, and what it takes the place of does not change under us.
        send(&other, &frame("answer", &[])).unwrap();
        assert_eq!(
            receive(&one).unwrap().map(|kept| kept.text),
            Some("answer".into())
        );
        send(&one, &inner).unwrap();
        assert_eq!(receive(&other), Ok(Some(small.clone())));
        assert_eq!(receive(&other), Ok(Some(inner.clone())));
        keep(&message)
    });
    assert_eq!(taken, Ok(Some(outer)));
}

#[test]
fn a_panic_while_a_message_is_taken_gives_its_memory_back() {
    let (one, other) = ends(LIMITS);
    let large = frame("", &[pattern(300_000, 1)]);
    for _ in 0..30 {
        assert_eq!(send(&one, &large), Ok(Sent::Written));
        let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            other.receive(|_| std::panic::resume_unwind(Box::new(())))
        }));
        assert!(taken.is_err());
        assert_eq!(receive(&one), Ok(None));
    }
    send(&one, &large).unwrap();
    assert_eq!(receive(&other), Ok(Some(large)));
}

#[test]
fn many_threads_send_and_each_keeps_its_order() {
    let (one, other) = ends(Limits {
        queue_bytes: 64 * MIB,
        ..LIMITS
    });
    const COUNT: usize = 300;
    let received = std::thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let one = &one;
            scope.spawn(move || {
                for at in 0..COUNT {
                    let data = if at % 10 == 0 {
                        vec![pattern(100_000, at)]
                    } else {
                        vec![]
                    };
                    let message = frame(&format!("{name}{at}"), &data);
                    while send(one, &message) == Err(SendError::Full) {
                        std::thread::yield_now();
                    }
                }
            });
        }
        let mut received = Vec::new();
        while received.len() < 3 * COUNT {
            received.extend(receive(&other).unwrap());
            assert_eq!(receive(&one), Ok(None));
            one.flush().unwrap();
        }
        received
    });
    for name in ["a", "b", "c"] {
        let of_one = received.iter().filter(|kept| kept.text.starts_with(name));
        let texts: Vec<_> = of_one.map(|kept| kept.text.clone()).collect();
        let expected: Vec<_> = (0..COUNT).map(|at| format!("{name}{at}")).collect();
        assert_eq!(texts, expected);
    }
}

#[test]
fn no_other_socket_is_a_lane() {
    let (stream, _other) = UnixStream::pair().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (pipe, _other) = std::io::pipe().unwrap();
    let sockets: [OwnedFd; 3] = [stream.into(), listener.into(), pipe.into()];
    for socket in sockets {
        Lane::new(socket, LIMITS).unwrap_err();
    }
    let (one, _other) = Lane::pair().unwrap();
    let flags = rustix::io::fcntl_getfd(one.as_fd()).unwrap();
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    Lane::new(one, LIMITS).unwrap();
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Send(usize, usize),
    Receive,
    Flush,
    Rest,
}

fn op() -> impl Strategy<Value = (bool, Op)> {
    let length =
        || prop_oneof![6 => 0..50_usize, 2 => 60_000..70_000_usize, 3 => 100_000..700_000_usize];
    let op = prop_oneof![
        5 => (length(), length()).prop_map(|(text, data)| Op::Send(text, data)),
        4 => Just(Op::Receive),
        1 => Just(Op::Flush),
        1 => Just(Op::Rest),
    ];
    (any::<bool>(), op)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_both_do_each_message_arrives_once_and_in_order(ops in prop::collection::vec(op(), 1..150)) {
        let (one, other) = ends(LIMITS);
        let mut sent = [VecDeque::new(), VecDeque::new()];
        let mut serial = 0;
        for (side, op) in ops {
            let side = usize::from(side);
            let (lane, peer) = [(&one, &other), (&other, &one)][side];
            match op {
                Op::Send(text, data) => {
                    serial += 1;
                    let attachments = if data == 0 { vec![] } else { vec![pattern(data, serial), vec![7]] };
                    let message = Kept { number: serial as u64, ..frame(&"x".repeat(text), &attachments) };
                    match send(lane, &message) {
                        Ok(_) => sent[side].push_back(message),
                        Err(error) => assert!(error == SendError::Full && lane.is_full()),
                    }
                }
                Op::Receive => match receive(lane).unwrap() {
                    Some(message) => assert_eq!(Some(message), sent[1 - side].pop_front()),
                    None => assert!(sent[1 - side].is_empty() || !peer.flush().unwrap()),
                },
                Op::Flush => {
                    let empty = lane.flush().unwrap();
                    assert!(!(empty && lane.is_waiting()));
                }
                Op::Rest => lane.rest(),
            }
        }
        while sent.iter().any(|sent| !sent.is_empty()) {
            for (side, lane) in [&one, &other].into_iter().enumerate() {
                lane.flush().unwrap();
                if let Some(message) = receive(lane).unwrap() {
                    assert_eq!(Some(message), sent[1 - side].pop_front());
                }
            }
        }
        for lane in [&one, &other] {
            assert_eq!(receive(lane), Ok(None));
            assert_eq!(lane.flush(), Ok(true));
        }
    }
}
