//! Reads what a child writes, and tells of its end. One thread a child, both outputs.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::lines::Lines;
use crate::lock;
use crate::process::{Process, READ_GRACE};
use crate::spec::{Output, Watch};

const CHUNK: usize = 8 * 1024;
/// What is read at most of a pipe when time is up: as much as the pipe of a child without privileges can hold.
const LAST: usize = 1024 * 1024;

struct Stream {
    from: Output,
    pipe: Option<OwnedFd>,
    lines: Lines,
}

pub(crate) struct Reader {
    process: Arc<Process>,
    watch: Arc<dyn Watch>,
    streams: [Stream; 2],
}

impl Reader {
    pub(crate) fn new(
        process: Arc<Process>,
        watch: Arc<dyn Watch>,
        stdout: OwnedFd,
        stderr: OwnedFd,
    ) -> io::Result<Reader> {
        let stream = |from, pipe: OwnedFd| -> io::Result<Stream> {
            // Of our end alone: the two ends of a pipe have flags of their own.
            rustix::io::ioctl_fionbio(&pipe, true)?;
            Ok(Stream {
                from,
                pipe: Some(pipe),
                lines: Lines::default(),
            })
        };
        Ok(Reader {
            streams: [
                stream(Output::Stdout, stdout)?,
                stream(Output::Stderr, stderr)?,
            ],
            process,
            watch,
        })
    }

    /// Until the child has ended.
    pub(crate) fn run(mut self) {
        let Reader {
            process,
            watch,
            streams,
        } = &mut self;
        let mut give = |from, line: &str| {
            lock(&process.tail).push(from, line);
            watch.line(from, line);
        };
        let mut buffer = [0; CHUNK];
        read_all(process, streams, &mut buffer, &mut give);
        for stream in streams {
            read_rest(stream, &mut buffer, &mut give);
            stream.lines.finish(|line| give(stream.from, line));
        }
        process.set_drained();
        if let Some(exit) = process.wait(None) {
            watch.exited(exit);
        }
    }
}

/// Until both pipes are at their end, or a while after the child's.
fn read_all(
    process: &Process,
    streams: &mut [Stream; 2],
    buffer: &mut [u8],
    give: &mut impl FnMut(Output, &str),
) {
    let mut deadline: Option<Instant> = None;
    loop {
        let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if timeout.is_some_and(|left| left.is_zero()) || streams.iter().all(|s| s.pipe.is_none()) {
            return;
        }
        let ready = wait_for(process, streams, timeout);
        for (stream, ready) in streams.iter_mut().zip(ready.outputs) {
            if ready {
                stream.read(buffer, give);
            }
        }
        if ready.ended && deadline.is_none() {
            deadline = Some(Instant::now() + READ_GRACE);
        }
    }
}

/// What a pipe still holds, without waiting for more.
fn read_rest(stream: &mut Stream, buffer: &mut [u8], give: &mut impl FnMut(Output, &str)) {
    let mut read = 0;
    while read < LAST {
        match stream.read(buffer, give) {
            0 => break,
            count => read += count,
        }
    }
    stream.pipe = None;
}

struct Ready {
    outputs: [bool; 2],
    ended: bool,
}

fn wait_for(process: &Process, streams: &[Stream; 2], timeout: Option<Duration>) -> Ready {
    let mut polled = Vec::with_capacity(3);
    for stream in streams {
        if let Some(pipe) = &stream.pipe {
            polled.push(PollFd::new(pipe, PollFlags::IN));
        }
    }
    // Once it is known that the process has ended, the descriptor has nothing new to say.
    if timeout.is_none() {
        polled.push(PollFd::new(&process.ended, PollFlags::IN));
    }
    let timespec = timeout.and_then(|left| Timespec::try_from(left).ok());
    if let Err(error) = poll(&mut polled, timespec.as_ref())
        && error != Errno::INTR
    {
        log::error!("{} ({}): {error}", process.name, process.pid);
    }
    let mut results = polled.iter().map(|one| !one.revents().is_empty());
    let mut next = || results.next().unwrap_or(false);
    Ready {
        outputs: [0, 1].map(|at: usize| streams[at].pipe.is_some() && next()),
        ended: timeout.is_none() && next(),
    }
}

impl Stream {
    /// Reads what is there; how many bytes that were. At the end of the pipe it is closed.
    fn read(&mut self, buffer: &mut [u8], give: &mut impl FnMut(Output, &str)) -> usize {
        let Some(pipe) = &self.pipe else { return 0 };
        match rustix::io::retry_on_intr(|| rustix::io::read(pipe.as_fd(), &mut *buffer)) {
            Ok(0) => self.pipe = None,
            Ok(count) => {
                self.lines
                    .push(&buffer[..count], |line| give(self.from, line));
                return count;
            }
            Err(Errno::AGAIN) => {}
            Err(_) => self.pipe = None,
        }
        0
    }
}
