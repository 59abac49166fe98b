//! A host that errs, or means ill: the page goes on, and is told at most that its lane is lost.

use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use auroraview_lane::{Kind, Lane};
use gtk::glib::prelude::*;

use crate::stand::{LIMITS, Stand, document, next, reply};

crate::tests![
    a_host_that_closes_is_told_once,
    packets_that_are_none_end_the_lane_alone,
    descriptors_that_are_no_lane_are_not_used,
    answers_of_other_kinds_are_no_lane,
    what_the_page_must_not_be_asked_is_passed_over,
    a_flood_during_a_synchronous_call_is_bounded,
];

fn write(socket: &OwnedFd, bytes: &[u8]) {
    // SAFETY: the bytes are there.
    let sent = unsafe {
        libc::send(
            socket.as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            libc::MSG_NOSIGNAL,
        )
    };
    assert_eq!(sent, bytes.len() as isize);
}

fn a_host_that_closes_is_told_once() {
    let stand = Stand::with("");
    let socket = stand.socket();
    stand.eval("open()");
    drop(socket);
    stand.becomes("lost", "1");
    let tries =
        "(() => { try { return lane.post('x'); } catch (error) { return error.message; } })()";
    assert_eq!(stand.eval(tries), "the lane is lost");
    assert_eq!(
        stand.eval("lane.close(); [open(), lane.full(), lost].join()"),
        "false,false,1"
    );
    stand.load("test://page/next", "");
    assert_eq!(stand.eval("typeof began.lane"), "undefined");
}

fn packets_that_are_none_end_the_lane_alone() {
    let packets: [&[u8]; 5] = [&[0], &[255; 40], &[0; 64], &[1; 60_000], b"{\"v\":1}"];
    for packet in packets {
        let stand = Stand::with("");
        let socket = stand.socket();
        stand.eval("open()");
        write(&socket, packet);
        stand.becomes("lost", "1");
        assert_eq!(stand.eval("got.length + document.readyState"), "0complete");
    }
}

fn descriptors_that_are_no_lane_are_not_used() {
    let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    let (stream, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    let stream: OwnedFd = stream.into();
    for descriptor in [Rc::new(file), Rc::new(stream)] {
        let stand = Stand::answering(Rc::new(move |_| {
            let parameters =
                (1_u64 << 20, 1_u64 << 20, vec!["test://page".to_owned()]).to_variant();
            Some(reply(&parameters, &[&descriptor]))
        }));
        stand.load("test://page/", "");
        assert_eq!(stand.eval("typeof began.lane"), "undefined");
    }
}

fn answers_of_other_kinds_are_no_lane() {
    let origins = || vec!["test://page".to_owned()];
    let parameters = [
        ().to_variant(),
        (1_u64, 2_u64).to_variant(),
        (origins(), 1_u64, 2_u64).to_variant(),
        (1_u32, 2_u32, origins()).to_variant(),
        "a text".to_variant(),
    ];
    for parameters in parameters {
        let stand = Stand::answering(Rc::new(move |socket| Some(reply(&parameters, &[socket]))));
        stand.load("test://page/", "");
        assert_eq!(stand.eval("typeof began.lane"), "undefined");
    }
    let right = (1_u64 << 20, 1_u64 << 20, origins()).to_variant();
    let (none, two) = (right.clone(), right);
    let without = Stand::answering(Rc::new(move |_| Some(reply(&none, &[]))));
    let with_two = Stand::answering(Rc::new(move |socket| Some(reply(&two, &[socket, socket]))));
    let silent = Stand::answering(Rc::new(|_| None));
    for stand in [without, with_two, silent] {
        stand.load("test://page/", "");
        assert_eq!(stand.eval("typeof began.lane"), "undefined");
    }
}

fn what_the_page_must_not_be_asked_is_passed_over() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    lane.send(Kind::SyncCall, document(), 1, "call", &[])
        .unwrap();
    lane.send(Kind::SyncAnswer, document(), 1, "answer", &[])
        .unwrap();
    lane.send(Kind::Frame, document(), 7, "frame", &[]).unwrap();
    stand.becomes("got.join() + lost", "frame0");
}

fn a_flood_during_a_synchronous_call_is_bounded() {
    let stand = Stand::with("");
    let lane = Lane::new(
        stand.socket(),
        auroraview_lane::Limits {
            queue_bytes: 4 << 30,
            ..LIMITS
        },
    )
    .unwrap();
    stand.eval("open()");
    let before = stand.memory();
    stand.begin("var ended = lane.callSync('x', undefined, 18000, () => {}); 0");
    while next(&lane).unwrap().kind != Kind::SyncCall {}
    let piece = vec![1; 8 << 20];
    let mut sent = 0_usize;
    // The page's end closes the lane.
    while lane
        .send(Kind::Frame, document(), 0, "", &[(&piece[..]).into()])
        .is_ok()
    {
        sent += piece.len();
        crate::stand::until("room", || {
            lane.receive(|_| ()).is_err() || lane.flush().unwrap_or(true)
        });
        if lane.receive(|_| ()).is_err() {
            break;
        }
        assert!(sent < 2 << 30, "it takes what comes");
    }
    stand.becomes("[ended, lost].join()", "2,1");
    let most = (2 * LIMITS.message_bytes + LIMITS.queue_bytes) as u64 >> 20;
    assert!(
        stand.memory() < before + most + 100,
        "{before} {}",
        stand.memory()
    );
}
