//! Descriptors that come beside what a shell says: one for each lane that it offers.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// So many may come beside one read; who sends more than is agreed upon loses the rest.
const AT_ONCE: usize = 4;
/// So many may wait for their events, which are never far.
const WAITING: usize = 16;

/// Those that have come, in order.
#[derive(Default)]
pub(super) struct Descriptors(VecDeque<OwnedFd>);

impl Descriptors {
    /// Reads bytes as `Read` does, and keeps what came beside them.
    ///
    /// # Errors
    /// Those of the socket.
    pub(super) fn read(&mut self, stream: &UnixStream, into: &mut [u8]) -> io::Result<usize> {
        const SPACE: usize = {
            // SAFETY: it is computed from a number.
            let bytes = unsafe { libc::CMSG_SPACE((AT_ONCE * size_of::<RawFd>()) as u32) };
            (bytes as usize).div_ceil(size_of::<u64>())
        };
        // Of u64, so that headers are aligned.
        let mut beside = [0_u64; SPACE];
        let mut part = libc::iovec {
            iov_base: into.as_mut_ptr().cast(),
            iov_len: into.len(),
        };
        // SAFETY: all zeros is a header of nothing.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        header.msg_control = beside.as_mut_ptr().cast();
        header.msg_controllen = size_of_val(&beside);
        // SAFETY: the header names memory that lives for the duration of the call, and its length.
        let count =
            unsafe { libc::recvmsg(stream.as_raw_fd(), &raw mut header, libc::MSG_CMSG_CLOEXEC) };
        // Negative: the call failed, and nothing came beside it.
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        // SAFETY: the kernel has filled in the header, and what it gave away is ours.
        unsafe { self.keep(&header) };
        Ok(count)
    }

    /// # Safety
    /// `header` is as the kernel has filled it in, and is kept once.
    unsafe fn keep(&mut self, header: &libc::msghdr) {
        // SAFETY: these walk what the kernel wrote, within its length; descriptors in it are open and nobody's.
        unsafe {
            let mut one = libc::CMSG_FIRSTHDR(header);
            while let Some(head) = one.as_ref() {
                if (head.cmsg_level, head.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                    let bytes = head.cmsg_len - libc::CMSG_LEN(0) as usize;
                    let first = libc::CMSG_DATA(head).cast::<RawFd>();
                    for at in 0..bytes / size_of::<RawFd>() {
                        let descriptor = OwnedFd::from_raw_fd(first.add(at).read_unaligned());
                        if self.0.len() < WAITING {
                            self.0.push_back(descriptor);
                        }
                    }
                }
                one = libc::CMSG_NXTHDR(header, head);
            }
        }
    }

    /// The one that came first.
    pub(super) fn next(&mut self) -> Option<OwnedFd> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    use super::*;

    fn send(stream: &UnixStream, bytes: &[u8], descriptors: &[&UnixStream]) {
        let mut beside = [0_u64; 16];
        let size = size_of_val(descriptors) / size_of::<&UnixStream>() * size_of::<RawFd>();
        let mut part = libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        // SAFETY: the header names memory that lives long enough; what is written to it fits.
        unsafe {
            let mut header: libc::msghdr = mem::zeroed();
            header.msg_iov = &raw mut part;
            header.msg_iovlen = 1;
            if size > 0 {
                header.msg_control = beside.as_mut_ptr().cast();
                header.msg_controllen = libc::CMSG_SPACE(size as u32) as usize;
                let head = libc::CMSG_FIRSTHDR(&raw const header);
                (*head).cmsg_level = libc::SOL_SOCKET;
                (*head).cmsg_type = libc::SCM_RIGHTS;
                (*head).cmsg_len = libc::CMSG_LEN(size as u32) as usize;
                for (at, one) in descriptors.iter().enumerate() {
                    let place = libc::CMSG_DATA(head).cast::<RawFd>().add(at);
                    place.write_unaligned(one.as_fd().as_raw_fd());
                }
            }
            assert_eq!(
                libc::sendmsg(stream.as_raw_fd(), &raw const header, 0),
                bytes.len() as isize
            );
        }
    }

    #[test]
    fn descriptors_come_in_order_beside_the_bytes() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let pairs: Vec<_> = (0..3).map(|_| UnixStream::pair().unwrap()).collect();
        send(&theirs, b"none", &[]);
        send(&theirs, b"one", &[&pairs[0].0]);
        send(&theirs, b"two", &[&pairs[1].0, &pairs[2].0]);
        let (mut descriptors, mut read, mut chunk) = (Descriptors::default(), Vec::new(), [0; 64]);
        while read.len() < 10 {
            let count = descriptors.read(&ours, &mut chunk).unwrap();
            read.extend_from_slice(&chunk[..count]);
        }
        assert_eq!(read, b"noneonetwo");
        for (at, (_, other)) in pairs.iter().enumerate() {
            let mut found = UnixStream::from(descriptors.next().unwrap());
            found.write_all(&[at as u8]).unwrap();
            let mut byte = [9];
            (&*other).read_exact(&mut byte).unwrap();
            assert_eq!(usize::from(byte[0]), at);
        }
        assert!(descriptors.next().is_none());
        drop(theirs);
        assert_eq!(descriptors.read(&ours, &mut chunk).unwrap(), 0);
    }

    #[test]
    fn one_who_sends_too_many_keeps_nothing_open_here() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (one, mut other) = UnixStream::pair().unwrap();
        let mut descriptors = Descriptors::default();
        for _ in 0..10 {
            send(&theirs, b"x", &[&one; 6]);
            assert_eq!(descriptors.read(&ours, &mut [0; 8]).unwrap(), 1);
        }
        assert!(descriptors.0.len() <= WAITING);
        drop((one, descriptors));
        assert_eq!(other.read(&mut [0]).unwrap(), 0);
    }
}
