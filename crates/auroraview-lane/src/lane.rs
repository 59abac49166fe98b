//! One end of a lane.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::net::sockopt::{set_socket_send_buffer_size, socket_domain, socket_type};
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, socketpair};

use crate::lock;
use crate::receiver::{Next, Received, Receiver};
use crate::sender::{Blocked, Sender};
use crate::wire::MessageHead;
use crate::{Data, DocumentId, Fault, Kind, Limits, Message, SendError, Sent};

/// What the system is asked to hold of what one end sent and the other has not read; it may grant less.
const SOCKET_BYTES: usize = 1 << 20;
/// So many packets that are no messages are read in a row.
const CONTROLS: usize = 64;

/// One end of a lane. All of it may be used on any thread, and none of it blocks.
#[derive(Debug)]
pub struct Lane {
    socket: OwnedFd,
    limits: Limits,
    sender: Mutex<Sender>,
    receiver: Mutex<Receiver>,
    waiting: AtomicBool,
    full: AtomicBool,
    shared: AtomicU64,
}

impl Lane {
    /// The two ends of a new lane: sockets for [`Self::new`] in whatever process they get to.
    ///
    /// # Errors
    /// Those of the system.
    pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (one, other) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        for socket in [&one, &other] {
            set_socket_send_buffer_size(socket, SOCKET_BYTES)?;
        }
        Ok((one, other))
    }

    /// Takes an end. `limits` are to be the same at the other end.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when it is no such socket, and those of the system.
    pub fn new(socket: OwnedFd, limits: Limits) -> io::Result<Lane> {
        let expected = (AddressFamily::UNIX, SocketType::SEQPACKET);
        if (socket_domain(&socket)?, socket_type(&socket)?) != expected {
            let problem = "a lane needs a local socket that keeps packets apart";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        Ok(Lane {
            socket,
            limits,
            sender: Mutex::new(Sender::new(limits)),
            receiver: Mutex::new(Receiver::new(limits)),
            waiting: AtomicBool::new(false),
            full: AtomicBool::new(false),
            shared: AtomicU64::new(0),
        })
    }

    /// Sends a message: at once what the socket takes, the rest waits for [`Self::flush`]. `number` is that of a
    /// synchronous call or of its answer, else 0.
    ///
    /// # Errors
    /// When it was not taken; see there.
    pub fn send(
        &self,
        kind: Kind,
        document: DocumentId,
        number: u64,
        text: &str,
        attachments: &[Data<'_>],
    ) -> Result<Sent, SendError> {
        let head = MessageHead {
            kind,
            document,
            number,
            attachments: 0,
            text: 0,
            data: 0,
        };
        self.with_sender(|sender| sender.send(&self.socket, head, text, attachments))
    }

    /// Sends what waits, as far as it goes now; to be called when the socket can be written again. True when nothing
    /// waits any more.
    ///
    /// # Errors
    /// [`SendError::Closed`], only.
    pub fn flush(&self) -> Result<bool, SendError> {
        self.with_sender(|sender| {
            sender.flush(&self.socket);
            if sender.is_closed() {
                return Err(SendError::Closed);
            }
            Ok(sender.blocked() == Blocked::No)
        })
    }

    /// Whether to call [`Self::flush`] when the socket can be written. To be asked after each call of the others, on
    /// whatever thread. Not so while a message waits for shared memory alone: that comes by [`Self::receive`], which then
    /// sends it.
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Whether more than half of [`Limits::queue_bytes`] waits.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// How many messages were in shared memory up to now, of either end. While that stays the same, what is kept of such
    /// memory is of no use.
    pub fn shared(&self) -> u64 {
        self.shared.load(Ordering::Acquire)
    }

    /// Gives back the shared memory that both ends keep for later. One of them is to call this when [`Self::shared`] has
    /// not changed for a while: a lane has no clock.
    pub fn rest(&self) {
        self.with_sender(|sender| {
            sender.rest(&self.socket);
            sender.ask_to_rest(&self.socket);
        });
    }

    /// Takes the next message; `None` when there is none now. `take` may use the lane, this function too.
    ///
    /// # Errors
    /// The lane is over; every later call says the same. All that came before the other end was closed was taken before.
    pub fn receive<T>(&self, take: impl FnOnce(Message<'_>) -> T) -> Result<Option<T>, Fault> {
        // One who floods us with what is no message does not keep us here.
        for _ in 0..CONTROLS {
            let next = lock(&self.receiver).next(&self.socket);
            match next {
                Ok(Next::Message(received)) => {
                    let mut taken = Taken {
                        lane: self,
                        received: Some(received),
                    };
                    let Some(received) = &mut taken.received else {
                        return Ok(None);
                    };
                    return match received.open() {
                        Ok(message) => Ok(Some(take(message))),
                        Err(fault) => Err(self.fail(fault)),
                    };
                }
                Ok(Next::Release(number)) => {
                    if !self.with_sender(|sender| sender.released(&self.socket, number)) {
                        let fault = Fault::broken("a segment was released that is not in use");
                        return Err(self.fail(fault));
                    }
                }
                Ok(Next::Rest) => self.with_sender(|sender| sender.rest(&self.socket)),
                Ok(Next::Seen) => {}
                Ok(Next::Nothing) => return Ok(None),
                Err(fault) => return Err(self.fail(fault)),
            }
        }
        Ok(None)
    }

    fn with_sender<T>(&self, act: impl FnOnce(&mut Sender) -> T) -> T {
        let mut sender = lock(&self.sender);
        let result = act(&mut sender);
        let waiting = sender.blocked() == Blocked::Socket;
        self.waiting.store(waiting, Ordering::Release);
        let full = sender.queued() > self.limits.queue_bytes / 2;
        self.full.store(full, Ordering::Release);
        self.shared.store(sender.shared(), Ordering::Release);
        result
    }

    fn fail(&self, mut fault: Fault) -> Fault {
        let failure = self.with_sender(|sender| {
            sender.close();
            sender.failure()
        });
        // It was this end that closed it.
        if let (Fault::Closed, Some(failure)) = (&fault, failure) {
            fault = Fault::Broken(failure);
        }
        let _ = shutdown(&self.socket, Shutdown::Both);
        lock(&self.receiver).fail(fault)
    }
}

/// A message that is being taken: whatever becomes of that, its segment goes back.
struct Taken<'a> {
    lane: &'a Lane,
    received: Option<Received>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let Some(received) = self.received.take() else {
            return;
        };
        let number = lock(&self.lane.receiver).done(received);
        if let Some(number) = number {
            let lane = self.lane;
            lane.with_sender(|sender| sender.release(&lane.socket, number));
        }
    }
}

impl AsFd for Lane {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Lane {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
