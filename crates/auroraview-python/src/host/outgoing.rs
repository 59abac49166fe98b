//! Commands on their way to a shell.
//!
//! Whoever sends writes at once, as far as the socket takes it without waiting; the rest, and what comes after it, is
//! left to a thread that starts at the first need. So sending never blocks, and order is kept.

use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use crate::lock;

#[derive(Default)]
struct State {
    /// Not taken by the socket yet: bytes, and how many of them have left.
    waiting: VecDeque<(Vec<u8>, usize)>,
    /// The thread has something in its hands.
    writing: bool,
    writer: Option<JoinHandle<()>>,
    closed: bool,
}

struct Inner {
    stream: UnixStream,
    state: Mutex<State>,
    filled: Condvar,
}

/// See the module.
pub(super) struct Outgoing {
    inner: Arc<Inner>,
    /// A process that was forked from this one has the socket too, and no say.
    owner: u32,
}

impl Outgoing {
    pub(super) fn new(stream: UnixStream) -> Outgoing {
        Outgoing {
            inner: Arc::new(Inner {
                stream,
                state: Mutex::default(),
                filled: Condvar::new(),
            }),
            owner: std::process::id(),
        }
    }

    /// Whether this process began the conversation.
    pub(super) fn is_ours(&self) -> bool {
        self.owner == std::process::id()
    }

    /// The socket, for who reads from it.
    pub(super) fn stream(&self) -> &UnixStream {
        &self.inner.stream
    }

    /// Sends bytes, after all that were sent before. False when nobody reads them any more.
    pub(super) fn send(&self, bytes: Vec<u8>) -> bool {
        if !self.is_ours() {
            return false;
        }
        let mut state = lock(&self.inner.state);
        if state.closed {
            return false;
        }
        let mut sent = 0;
        if state.waiting.is_empty() && !state.writing {
            sent = match self.inner.write_some(&bytes) {
                Ok(sent) if sent == bytes.len() => return true,
                Ok(sent) => sent,
                // The reader learns of the end by itself.
                Err(_) => return false,
            };
        }
        state.waiting.push_back((bytes, sent));
        if state.writer.is_some() {
            self.inner.filled.notify_one();
            return true;
        }
        let inner = Arc::clone(&self.inner);
        let thread = std::thread::Builder::new().name("auroraview-shell-writer".to_owned());
        match thread.spawn(move || inner.write_waiting()) {
            Ok(writer) => state.writer = Some(writer),
            Err(problem) => {
                log::error!("no thread to write to the window's process: {problem}");
                state.closed = true;
                // Half a message is there: nothing more can be said.
                let _ = self.inner.stream.shutdown(Shutdown::Both);
                return false;
            }
        }
        true
    }

    /// Sends nothing more and lets the other end know. Returns when the thread has ended.
    pub(super) fn close(&self) {
        self.hang_up();
        let writer = lock(&self.inner.state).writer.take();
        if let Some(writer) = writer {
            // It cannot have panicked: it has nothing that could.
            let _ = writer.join();
        }
    }

    /// As [`Self::close`], without waiting.
    pub(super) fn hang_up(&self) {
        if !self.is_ours() {
            return;
        }
        {
            let mut state = lock(&self.inner.state);
            state.closed = true;
            state.waiting.clear();
        }
        // Also ends a write, or a read, that waits.
        let _ = self.inner.stream.shutdown(Shutdown::Both);
        self.inner.filled.notify_all();
    }
}

impl Inner {
    /// The body of the thread.
    fn write_waiting(&self) {
        let mut state = lock(&self.state);
        loop {
            if state.closed {
                return;
            }
            let Some((bytes, sent)) = state.waiting.pop_front() else {
                state.writing = false;
                state = self
                    .filled
                    .wait(state)
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                continue;
            };
            state.writing = true;
            drop(state);
            let outcome = self.write_all(&bytes[sent..]);
            drop(bytes);
            state = lock(&self.state);
            if outcome.is_err() {
                state.closed = true;
                state.waiting.clear();
            }
        }
    }

    fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let sent = self.write(bytes, 0)?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// Writes what the socket takes without waiting; returns how much.
    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.write(&bytes[sent..], libc::MSG_DONTWAIT) {
                Ok(count) => sent += count,
                Err(problem) if problem.kind() == io::ErrorKind::WouldBlock => break,
                Err(problem) => return Err(problem),
            }
        }
        Ok(sent)
    }

    fn write(&self, bytes: &[u8], flags: libc::c_int) -> io::Result<usize> {
        loop {
            // SAFETY: the descriptor is open as long as `self`, and the bytes are readable for their length.
            let sent = unsafe {
                libc::send(
                    self.stream.as_raw_fd(),
                    bytes.as_ptr().cast(),
                    bytes.len(),
                    flags | libc::MSG_NOSIGNAL,
                )
            };
            // Negative: the call failed.
            if let Ok(sent) = usize::try_from(sent) {
                return Ok(sent);
            }
            let problem = io::Error::last_os_error();
            if problem.kind() != io::ErrorKind::Interrupted {
                return Err(problem);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_the_socket_does_not_take_arrives_whole_and_in_order() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let outgoing = Outgoing::new(ours);
        let mut expected = Vec::new();
        for number in 0..200_u8 {
            let bytes = vec![number; 1 + usize::from(number) * 500];
            expected.extend_from_slice(&bytes);
            assert!(outgoing.send(bytes));
        }
        let mut found = vec![0; expected.len()];
        theirs.read_exact(&mut found).unwrap();
        assert!(found == expected);
        assert!(outgoing.send(vec![7]));
        theirs.read_exact(&mut found[..1]).unwrap();
        assert_eq!(found[0], 7);
        outgoing.close();
        assert_eq!(theirs.read(&mut found).unwrap(), 0);
    }

    #[test]
    fn closing_ends_a_write_that_nobody_reads() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let outgoing = Outgoing::new(ours);
        assert!(outgoing.send(vec![0; 8 << 20]));
        assert!(outgoing.send(vec![1]));
        outgoing.close();
        assert!(!outgoing.send(vec![2]));
        drop(theirs);
    }

    #[test]
    fn a_forked_process_has_no_say() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let outgoing = Outgoing::new(ours);
        // SAFETY: the copy makes system calls, and ends at once.
        let forked = unsafe { libc::fork() };
        if forked == 0 {
            outgoing.hang_up();
            let sent = outgoing.send(Vec::new());
            // SAFETY: takes a number and does not return.
            unsafe { libc::_exit(i32::from(sent)) };
        }
        let mut status = -1;
        // SAFETY: the process is a child of ours, and there is room for its status.
        assert_eq!(unsafe { libc::waitpid(forked, &raw mut status, 0) }, forked);
        assert_eq!(status, 0);
        assert!(outgoing.send(vec![7]));
        let mut found = [0];
        theirs.read_exact(&mut found).unwrap();
        assert_eq!(found, [7]);
    }

    #[test]
    fn nothing_is_taken_when_the_other_end_is_gone() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        let outgoing = Outgoing::new(ours);
        assert!(!outgoing.send(vec![1]));
    }
}
