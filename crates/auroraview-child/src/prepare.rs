//! From a description to a running process: what is done before the fork, and between fork and exec.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child as StdChild, Command, Stdio};
use std::sync::Arc;

use rustix::fs::Access;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::child::Child;
use crate::spec::{Socket, Spec, Stdin, Watch};

/// What a pipe takes without a reader, whatever the limits of the user are.
const LINE_BYTES: usize = 4096;
/// The first descriptor after standard input, output and error.
const FIRST: RawFd = 3;

/// A process that can be spawned: its description was checked, our environment taken.
///
/// A step of its own, because the environment must not be read while another thread changes it. A Python program
/// changes it only with the GIL held: prepare with it, spawn without.
#[derive(Debug)]
pub struct Prepared {
    command: Command,
    stdin: Option<OwnedFd>,
    socket: Option<Socket>,
    name: String,
}

/// What came of it.
pub(crate) struct Spawned {
    pub(crate) process: StdChild,
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) name: String,
}

impl Prepared {
    /// Checks and takes what is needed.
    ///
    /// # Errors
    /// `InvalidInput` without a number for text that no process can get (a NUL byte, a line of several); with a number
    /// when `cwd` is no directory that can be entered.
    pub fn new(spec: Spec) -> io::Result<Prepared> {
        check_text(&spec)?;
        let mut command = Command::new(&spec.program);
        command.args(&spec.args).process_group(0);
        command.env_clear().envs(std::env::vars_os());
        for (name, value) in &spec.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(cwd) = &spec.cwd {
            check_directory(cwd)?;
            command.current_dir(cwd);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let stdin = match &spec.stdin {
            Stdin::Null => {
                command.stdin(Stdio::null());
                None
            }
            Stdin::Open => Some(prefilled(&mut command, &[])?),
            Stdin::Line(line) => Some(prefilled(&mut command, format!("{line}\n").as_bytes())?),
        };
        Ok(Prepared {
            command,
            stdin,
            socket: spec.socket,
            name: spec.name,
        })
    }

    /// Makes the process, and waits until it runs its program. From any thread.
    ///
    /// # Errors
    /// As the system has it, with its number: no such program, not executable, too many processes.
    pub fn spawn(self, watch: Arc<dyn Watch>) -> io::Result<Arc<Child>> {
        let spawned = crate::spawner::run(move || self.fork())?;
        Child::begin(spawned, watch)
    }

    /// On the thread that spawns.
    fn fork(mut self) -> io::Result<Spawned> {
        let parent = rustix::process::getpid();
        let socket = self.socket.as_ref().map(Socket::number);
        let in_child = move || -> io::Result<()> {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            if getppid() != Some(parent) {
                return Err(Errno::SRCH.into());
            }
            reset_signals();
            keep_open(socket)?;
            Ok(())
        };
        // SAFETY: between fork and exec the closure makes system calls only; it neither allocates nor locks.
        unsafe { self.command.pre_exec(in_child) };
        let process = self.command.spawn()?;
        Ok(Spawned {
            process,
            stdin: self.stdin,
            name: self.name,
        })
    }
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

fn check_text(spec: &Spec) -> io::Result<()> {
    let has_nul = |text: &OsStr| text.as_bytes().contains(&0);
    let in_env = |(name, value): &(OsString, Option<OsString>)| {
        has_nul(name) || value.as_deref().is_some_and(has_nul)
    };
    if has_nul(spec.program.as_os_str())
        || spec.args.iter().any(|arg| has_nul(arg))
        || spec.env.iter().any(in_env)
        || spec
            .cwd
            .as_deref()
            .is_some_and(|cwd| has_nul(cwd.as_os_str()))
    {
        return Err(invalid(
            "a command, its environment and directory have no NUL bytes",
        ));
    }
    let bad_name = |name: &OsStr| name.is_empty() || name.as_bytes().contains(&b'=');
    if spec.env.iter().any(|(name, _)| bad_name(name)) {
        return Err(invalid(
            "the name of an environment variable is not empty and has no \"=\"",
        ));
    }
    match &spec.stdin {
        Stdin::Line(line) if line.contains('\n') => Err(invalid("a line has no line end inside")),
        Stdin::Line(line) if line.len() >= LINE_BYTES => {
            Err(invalid("a line has at most 4095 bytes"))
        }
        _ => Ok(()),
    }
}

/// Here, because the error of a spawn does not tell a missing directory from a missing program.
fn check_directory(cwd: &Path) -> io::Result<()> {
    if !std::fs::metadata(cwd)?.is_dir() {
        return Err(Errno::NOTDIR.into());
    }
    Ok(rustix::fs::access(cwd, Access::EXEC_OK)?)
}

/// A pipe to the child that already holds what it is to read: nobody has to wait until it does.
fn prefilled(command: &mut Command, bytes: &[u8]) -> io::Result<OwnedFd> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    if !bytes.is_empty() && rustix::io::write(&writer, bytes)? != bytes.len() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    command.stdin(reader);
    Ok(writer)
}

/// In the child: ignored signals stay ignored through an exec, blocked ones blocked. Python ignores two of these, and
/// hosts the others; the child counts on what they do.
fn reset_signals() {
    let mut none = std::mem::MaybeUninit::uninit();
    // SAFETY: fills a set of ours, then gives it to this thread, the only one there is.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
    for signal in [libc::SIGPIPE, libc::SIGXFSZ, libc::SIGTERM, libc::SIGCHLD] {
        // SAFETY: the default action is no code of ours.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// In the child: what the application left open for every exec is not for this one, except the socket.
fn keep_open(socket: Option<RawFd>) -> io::Result<()> {
    let Some(socket) = socket else {
        close_on_exec(FIRST, RawFd::MAX);
        return Ok(());
    };
    close_on_exec(FIRST, socket - 1);
    close_on_exec(socket + 1, RawFd::MAX);
    // SAFETY: the descriptor is ours until this closure is dropped; only its flag changes, and only in the child.
    match unsafe { libc::fcntl(socket, libc::F_SETFD, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Linux before 5.11 cannot; the child then has descriptors more.
fn close_on_exec(first: RawFd, last: RawFd) {
    if first > last {
        return;
    }
    // SAFETY: the flag alone is set on descriptors, those of the standard library have it already.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first.cast_unsigned(),
            last.cast_unsigned(),
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
}
