//! What to run, and who hears of it.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

use crate::exit::Exit;

/// A process to be made.
#[derive(Debug)]
pub struct Spec {
    /// A path, or a name that is looked up in the child's `PATH`. A relative path with a slash is taken from `cwd`.
    pub program: PathBuf,
    /// What follows the program's name.
    pub args: Vec<OsString>,
    /// Changes to our own environment, as it is when the child is prepared; `None` removes a variable.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// Where the child runs; `None`: where we do.
    pub cwd: Option<PathBuf>,
    /// What the child reads.
    pub stdin: Stdin,
    /// Stays open in the child, under the same number. The child gets no other descriptor of ours.
    pub socket: Option<Socket>,
    /// For log lines.
    pub name: String,
}

impl Spec {
    /// A program without arguments, with our environment and directory, that reads `/dev/null`.
    pub fn new(program: impl Into<PathBuf>, name: impl Into<String>) -> Spec {
        Spec {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            stdin: Stdin::Null,
            socket: None,
            name: name.into(),
        }
    }
}

/// A descriptor for a child, which is told its number. The number is the one it has here, because any other may be taken:
/// by another thread of ours, or by what the standard library opens on the way.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// Gives it a number that is not that of standard input, output or error, should it have one.
    ///
    /// # Errors
    /// As the system has it: too many open files.
    pub fn new(descriptor: OwnedFd) -> io::Result<Socket> {
        if descriptor.as_raw_fd() > 2 {
            return Ok(Socket(descriptor));
        }
        Ok(Socket(rustix::io::fcntl_dupfd_cloexec(&descriptor, 3)?))
    }

    /// Its number in the child.
    pub fn number(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// What a child reads.
#[derive(Debug)]
pub enum Stdin {
    /// `/dev/null`.
    Null,
    /// Nothing, until [`Child::close_stdin`](crate::Child::close_stdin).
    Open,
    /// This line (at most 4095 bytes, without its end), then as `Open`.
    Line(String),
}

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The child's standard output.
    Stdout,
    /// The child's standard error.
    Stderr,
}

/// Hears of a child, on a thread of the child's own.
///
/// While `line` does not return, nothing more is read, and a child that goes on writing comes to wait. That holds up
/// neither [`Child::wait`](crate::Child::wait) nor the end of the child.
pub trait Watch: Send + Sync + 'static {
    /// The child wrote a line. Without its end; invalid UTF-8 is replaced; a line of more than
    /// [`LINE_LIMIT`](crate::LINE_LIMIT) bytes comes in pieces.
    fn line(&self, from: Output, line: &str);

    /// The child has ended and was reaped. Once, after the last line.
    ///
    /// Processes that inherited its output do not delay this past 0.3 seconds; their output is then closed.
    fn exited(&self, exit: Exit);
}
