//! What the kernel offers to wait on many descriptors: a set of them, and one that a thread can make ready.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Something can be read, or the other end is gone.
pub(super) const READ: u32 = libc::EPOLLIN as u32;
/// Something can be written.
pub(super) const WRITE: u32 = libc::EPOLLOUT as u32;
/// Neither, for now.
pub(super) const NOTHING: u32 = 0;

/// How many ready descriptors one look may find; the others are found by the next.
const FOUND: usize = 32;

/// A set of descriptors; each has a number by which it is found.
pub(super) struct Epoll(OwnedFd);

/// What is ready.
pub(crate) struct Ready {
    found: [libc::epoll_event; FOUND],
    count: usize,
}

impl Ready {
    pub(crate) fn none() -> Ready {
        Ready {
            found: [libc::epoll_event { events: 0, u64: 0 }; FOUND],
            count: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The numbers, and for what each is ready.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.found[..self.count]
            .iter()
            .map(|one| (one.u64, one.events))
    }
}

impl Epoll {
    pub(super) fn new() -> io::Result<Epoll> {
        // SAFETY: takes a number and returns a descriptor of our own, or a negative number.
        owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }).map(Epoll)
    }

    pub(super) fn add(&self, one: BorrowedFd<'_>, number: u64, events: u32) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, one, number, events)
    }

    pub(super) fn change(&self, one: BorrowedFd<'_>, number: u64, events: u32) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, one, number, events)
    }

    pub(super) fn remove(&self, one: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, one, 0, NOTHING)
    }

    fn control(
        &self,
        what: libc::c_int,
        one: BorrowedFd<'_>,
        number: u64,
        events: u32,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events,
            u64: number,
        };
        // SAFETY: both descriptors are open, and `event` lives for the duration of the call.
        let done =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), what, one.as_raw_fd(), &raw mut event) };
        if done == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// Waits until something is ready, at most so long; `None`: for ever. May find nothing all the same.
    pub(super) fn wait(&self, at_most: Option<Duration>, ready: &mut Ready) {
        let milliseconds = at_most.map_or(-1, |time| {
            libc::c_int::try_from(time.as_millis()).unwrap_or(libc::c_int::MAX)
        });
        // SAFETY: there is room for as many events as are asked for.
        let found = unsafe {
            libc::epoll_wait(
                self.0.as_raw_fd(),
                ready.found.as_mut_ptr(),
                FOUND as libc::c_int,
                milliseconds,
            )
        };
        // Negative: a signal came.
        ready.count = usize::try_from(found).unwrap_or(0);
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Is ready from [`Bell::ring`] until [`Bell::silence`].
pub(super) struct Bell(OwnedFd);

impl Bell {
    pub(super) fn new() -> io::Result<Bell> {
        // SAFETY: takes numbers and returns a descriptor of our own, or a negative number.
        owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) }).map(Bell)
    }

    pub(super) fn ring(&self) {
        let one = 1_u64;
        // SAFETY: the eight bytes are there. That it rings already is no matter.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    pub(super) fn silence(&self) {
        let mut count = 0_u64;
        // SAFETY: there is room for eight bytes. That it does not ring is no matter.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn owned(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was made for us just now.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
