//! Synchronous calls: the one place where the page waits, for at most as long as it said.
//!
//! What else comes meanwhile is kept in its order, for the loop: the page's other functions do not run inside of a call
//! that waits.

use std::ffi::c_int;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use auroraview_lane::{Kind, SendError};

use crate::connection::Connection;
use crate::js::{Protected, Thrown};
use crate::outgoing::Arrays;
use crate::page::{Opened, Page};
use crate::receiving::{Kept, hand_over, tell};
use crate::shield::say;

/// How a call ended, as the page is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// `take` was called.
    Answered = 0,
    /// The time is up. A later answer is dropped.
    Late = 1,
    /// There will be no answer.
    Lost = 2,
}

/// What a message was.
enum Seen {
    Answer,
    Other,
    TooMuch,
}

/// Sends the call and waits. An error is thrown when it could not be sent.
pub(crate) fn call(
    page: &Page,
    connection: &Rc<Connection>,
    opened: &Rc<Opened>,
    text: &str,
    arrays: &Arrays,
    milliseconds: u64,
    take: &Protected,
) -> Result<Ended, Thrown> {
    let deadline = Instant::now() + Duration::from_millis(milliseconds);
    let number = connection.next_call();
    let lane = &connection.lane;
    let sent = arrays.lend(|data| lane.send(Kind::SyncCall, opened.document, number, text, data));
    match sent {
        Ok(_) => {
            connection.alert.sent();
        }
        Err(SendError::Closed) => return Ok(lose(connection)),
        Err(problem) => return Err(problem.into()),
    }
    let ended = loop {
        // Not only when nothing comes: then one who sends without end would keep the page here.
        let left = deadline.saturating_duration_since(Instant::now());
        let seen = lane.receive(|message| match message.kind {
            Kind::SyncAnswer if message.number == number && message.document == opened.document => {
                connection.alert.came();
                page.reading(opened.number, &message, || {
                    hand_over(opened, take, &message)
                });
                Seen::Answer
            }
            Kind::Frame if message.document != opened.document => Seen::Other,
            Kind::Frame if !connection.keep(Kept::new(&message)) => Seen::TooMuch,
            _ => Seen::Other,
        });
        match seen {
            Ok(Some(Seen::Answer)) => break Ended::Answered,
            Ok(Some(Seen::Other)) if !left.is_zero() => continue,
            Ok(Some(Seen::Other)) => break Ended::Late,
            Ok(Some(Seen::TooMuch)) => {
                say("the host sent too much during a synchronous call");
                break lose(connection);
            }
            Ok(None) if connection.alert.look_again() => continue,
            Ok(None) => (),
            Err(fault) => {
                tell(&fault);
                break lose(connection);
            }
        }
        if left.is_zero() {
            break Ended::Late;
        }
        if wait(connection, left) && lane.flush().is_err() {
            break lose(connection);
        }
    };
    connection.settle();
    Ok(ended)
}

fn lose(connection: &Connection) -> Ended {
    connection.set_over();
    Ended::Lost
}

/// Waits until something may have come, or the time is up; true when what waits may be sent on.
pub(crate) fn wait(connection: &Connection, time: Duration) -> bool {
    let output = if connection.lane.is_waiting() {
        libc::POLLOUT
    } else {
        0
    };
    let mut socket = libc::pollfd {
        fd: connection.lane.as_raw_fd(),
        events: libc::POLLIN | output,
        revents: 0,
    };
    let milliseconds = time.as_micros().div_ceil(1000);
    let milliseconds = c_int::try_from(milliseconds).unwrap_or(c_int::MAX);
    // SAFETY: one descriptor that lives as long as the lane. An interruption is one more look at the lane.
    unsafe { libc::poll(&raw mut socket, 1, milliseconds) };
    socket.revents & libc::POLLOUT != 0
}
