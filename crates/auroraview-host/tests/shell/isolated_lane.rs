//! The fast lane of a view in a process of its own: its socket comes beside the bytes of its event.

use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use auroraview_host_api::stream::{Greeting, Incoming, put};
use auroraview_host_api::{HostCommand, HostEvent};

use crate::lane::{LaneEnd, with_lane};
use crate::process::{shell, turn};
use crate::streams::{greeting, options, start};

/// Reads events and the descriptors that come with them.
struct Reader {
    socket: UnixStream,
    incoming: Incoming,
    descriptors: Vec<RawFd>,
}

impl Reader {
    fn next(&mut self) -> HostEvent {
        loop {
            if let Some(event) = self.incoming.next().expect("an event") {
                return event;
            }
            self.read();
        }
    }

    fn read(&mut self) {
        // Few at a time, so that the event of a descriptor is cut.
        let mut bytes = [0_u8; 3];
        let mut control = [0_u64; 16];
        let mut part = libc::iovec {
            iov_base: bytes.as_mut_ptr().cast(),
            iov_len: bytes.len(),
        };
        // SAFETY: plain numbers and pointers; all that it names is alive during the call.
        unsafe {
            let mut message: libc::msghdr = std::mem::zeroed();
            message.msg_iov = &raw mut part;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&control);
            let flags = libc::MSG_CMSG_CLOEXEC;
            let count = libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, flags);
            assert!(count > 0, "the shell speaks in time");
            self.incoming.push(&bytes[..count.unsigned_abs()]);
            let head = libc::CMSG_FIRSTHDR(&raw const message);
            if !head.is_null() {
                assert_eq!((*head).cmsg_type, libc::SCM_RIGHTS);
                assert_eq!((*head).cmsg_len, libc::CMSG_LEN(4) as usize, "just one");
                let number = libc::CMSG_DATA(head).cast::<RawFd>();
                self.descriptors.push(number.read_unaligned());
            }
        }
    }

    /// The next lane that is offered.
    fn offered(&mut self) -> LaneEnd {
        loop {
            match self.next() {
                HostEvent::LaneOffered { .. } => {
                    let descriptor = self.descriptors.remove(0);
                    assert!(self.descriptors.is_empty(), "no other event has one");
                    return LaneEnd::new(descriptor, options("").message_bytes);
                }
                HostEvent::LaneUnavailable { reason, .. } => panic!("{reason}"),
                _ => {}
            }
        }
    }

    fn until(&mut self, wanted: &HostEvent) {
        while self.next() != *wanted {}
    }
}

fn open(view: u64) -> HostCommand {
    HostCommand::Open {
        view,
        options: Box::new(with_lane(options("<p>hi</p>"))),
    }
}

#[test]
fn a_descriptor_comes_with_the_event_that_has_one() {
    use std::io::Write;

    let _turn = turn();
    let (process, mut socket) = start(shell());
    let (greeted, incoming) = greeting(&mut socket);
    assert_eq!(greeted, Greeting::Ready);
    let mut reader = Reader {
        socket: socket.try_clone().expect("a second descriptor"),
        incoming,
        descriptors: Vec::new(),
    };
    let mut send = |command| {
        let bytes = put(&command).expect("not too long");
        socket.write_all(&bytes).expect("the shell reads");
    };
    let open_files = || {
        let folder = format!("/proc/{}/fd", process.id());
        std::fs::read_dir(folder).expect("it runs").count()
    };
    let mut before = 0;
    for view in 1..=12 {
        send(open(view));
        let lane = reader.offered();
        send(HostCommand::Close { view });
        reader.until(&HostEvent::Closed { view });
        lane.ended();
        if view == 4 {
            before = open_files();
        }
    }
    // The engine's own come and go by a few; one end of each lane would be eight.
    assert!(open_files() < before + 8, "{before} before");
}
