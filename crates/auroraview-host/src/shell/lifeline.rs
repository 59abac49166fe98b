//! The end of the process, which is also that of the program that started it.
//!
//! A thread of its own watches the way to that program and the signals that ask to end; it needs nothing of the GUI
//! thread, which may be busy or stuck. It asks the loop to close all windows, and when that takes too long ends the
//! process without it.

use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use auroraview_host::GuiLoop;
use auroraview_host_api::HostCommand;

/// How long the windows may take to close.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What tells that the program is gone, or wants this process to end.
pub(crate) enum Lifeline {
    /// The program's end of this socket closes. Nothing is read from it.
    Socket(RawFd),
    /// Stdin ends. What comes on it is read and dropped.
    Stdin,
}

static GUI: OnceLock<GuiLoop> = OnceLock::new();
static LEAVING: AtomicBool = AtomicBool::new(false);
/// An event counter that the signal handler raises.
static SIGNALLED: AtomicI32 = AtomicI32::new(-1);

/// Starts watching, and takes SIGTERM and SIGHUP as wishes to end.
pub(crate) fn watch(lifeline: &Lifeline) -> io::Result<()> {
    let descriptor = match *lifeline {
        Lifeline::Socket(socket) => socket,
        Lifeline::Stdin if stdin_can_end() => libc::STDIN_FILENO,
        Lifeline::Stdin => NOBODY,
    };
    let reads = matches!(lifeline, Lifeline::Stdin);
    // SAFETY: takes two numbers.
    let counter = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if counter < 0 {
        return Err(io::Error::last_os_error());
    }
    SIGNALLED.store(counter, Ordering::Release);
    for signal in [libc::SIGTERM, libc::SIGHUP] {
        on_signal(signal)?;
    }
    thread::Builder::new()
        .name("lifeline".into())
        .spawn(move || {
            wait(descriptor, reads, counter);
            LEAVING.store(true, Ordering::Release);
            if let Some(gui) = GUI.get() {
                gui.send(HostCommand::ShutDown);
                thread::sleep(PATIENCE);
            }
            leave(0);
        })?;
    Ok(())
}

/// The loop that is to close its windows first. Its `ShutDown` is the moment to [`leave`].
pub(crate) fn holds(gui: &GuiLoop) {
    // There is one loop.
    let _ = GUI.set(gui.clone());
}

/// Whether the end was asked for.
pub(crate) fn ends() -> bool {
    LEAVING.load(Ordering::Acquire)
}

/// Ends the process now, from any thread and inside of any callback: exit handlers of the libraries do not run.
pub(crate) fn leave(status: u8) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(i32::from(status)) }
}

/// A descriptor that `poll` passes over.
const NOBODY: RawFd = -1;

/// Whether the end of stdin means something: of a pipe or a socket, but not of a file, of `/dev/null` or of a terminal,
/// which stops those who read in the background.
fn stdin_can_end() -> bool {
    // SAFETY: `stat` is plain numbers; the call fills it in or fails.
    let (answer, status) = unsafe {
        let mut status: libc::stat = std::mem::zeroed();
        (libc::fstat(libc::STDIN_FILENO, &raw mut status), status)
    };
    answer == 0
        && matches!(
            status.st_mode & libc::S_IFMT,
            libc::S_IFIFO | libc::S_IFSOCK
        )
}

fn on_signal(signal: libc::c_int) -> io::Result<()> {
    extern "C" fn handler(_: libc::c_int) {
        let one = 1_u64;
        // SAFETY: only what is allowed in a signal handler: one write of eight bytes, and errno as it was.
        unsafe {
            let errno = libc::__errno_location();
            let before = *errno;
            libc::write(
                SIGNALLED.load(Ordering::Acquire),
                (&raw const one).cast(),
                8,
            );
            *errno = before;
        }
    }
    // SAFETY: the structure is plain data, zero is an empty mask and no flags; the handler is a function for good.
    let answer = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, std::ptr::null_mut())
    };
    if answer == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Returns when the other end is gone or a signal came.
fn wait(descriptor: RawFd, reads: bool, counter: RawFd) {
    let events = if reads { libc::POLLIN } else { libc::POLLRDHUP };
    let mut questions =
        [(descriptor, events), (counter, libc::POLLIN)].map(|(fd, events)| libc::pollfd {
            fd,
            events,
            revents: 0,
        });
    loop {
        // SAFETY: two entries, alive during the call.
        let answer = unsafe { libc::poll(questions.as_mut_ptr(), 2, -1) };
        if answer < 0 {
            if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return;
        }
        let [end, signalled] = questions.map(|question| question.revents != 0);
        if signalled || (end && !(reads && more_to_drop(descriptor))) {
            return;
        }
    }
}

/// Reads and drops; whether there may be more.
fn more_to_drop(descriptor: RawFd) -> bool {
    let mut bytes = [0_u8; 4096];
    // SAFETY: as much room as is told, alive during the call.
    let count = unsafe { libc::read(descriptor, bytes.as_mut_ptr().cast(), bytes.len()) };
    count > 0
        || (count < 0 && {
            let kind = io::Error::last_os_error().kind();
            matches!(kind, io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
        })
}
