//! What is left when this process has ended: nothing.
//!
//! The web engine's processes end by themselves when this one goes, but not soon when a page is busy: they take ten
//! seconds then. And this process may be killed, with its parent, at any moment. So another one, forked before there is
//! anything else, waits for its end and then kills what is left of the engine in the process group: not all of the group,
//! for a browser that a link was opened in belongs to it too. It has nothing but a pipe.

use std::fs;
use std::io;
use std::time::Duration;

/// How long the engine may take to end by itself: it may have something to store.
const PATIENCE: Duration = Duration::from_millis(600);

/// Starts it, where this process leads a group of its own, as the children of the Python package do. To be called before
/// any other thread runs.
pub(crate) fn start() -> io::Result<()> {
    // SAFETY: numbers only.
    if unsafe { libc::getpgrp() != libc::getpid() } {
        return Ok(());
    }
    let mut pipe = [0; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let [reads, writes] = pipe;
    // SAFETY: this is the only thread, so the copy can run anything.
    match unsafe { libc::fork() } {
        0 => wait_and_kill(reads),
        forked => {
            let outcome = match forked {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            };
            // SAFETY: it is ours; the other end stays open for as long as this process lives.
            unsafe { libc::close(reads) };
            if outcome.is_err() {
                // SAFETY: as above.
                unsafe { libc::close(writes) };
            }
            outcome
        }
    }
}

/// The body of the other process. It is of the group, whose number is no other's while there is one of it.
///
/// The copy of a process with one thread: it may run anything.
fn wait_and_kill(reads: libc::c_int) -> ! {
    let milliseconds = libc::c_int::try_from(PATIENCE.as_millis()).unwrap_or_default();
    // SAFETY: system calls with numbers, and with memory that is there meanwhile.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, c"auroraview-guard".as_ptr());
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
            libc::signal(signal, libc::SIG_IGN);
        }
        libc::dup2(reads, libc::STDIN_FILENO);
        // More than it was given is not open yet.
        for descriptor in 1..64 {
            libc::close(descriptor);
        }
        let mut byte = 0_u8;
        loop {
            let count = libc::read(libc::STDIN_FILENO, (&raw mut byte).cast(), 1);
            if count == 0 || *libc::__errno_location() != libc::EINTR {
                break;
            }
        }
        libc::poll(std::ptr::null_mut(), 0, milliseconds);
    }
    for process in engine_processes() {
        // SAFETY: numbers only. It was there a moment ago.
        unsafe { libc::kill(process, libc::SIGKILL) };
    }
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(0) }
}

/// The web engine's processes of this group.
fn engine_processes() -> Vec<libc::pid_t> {
    // SAFETY: takes nothing.
    let group = unsafe { libc::getpgrp() };
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .filter(|process: &libc::pid_t| {
            fs::read_to_string(format!("/proc/{process}/stat"))
                .is_ok_and(|status| is_of_engine(&status, group))
        })
        .collect()
}

/// Whether a line of `/proc/PID/stat`, `PID (NAME) STATE PARENT GROUP ...`, is that of one of the engine's processes.
fn is_of_engine(status: &str, group: libc::pid_t) -> bool {
    let Some((start, rest)) = status.rsplit_once(')') else {
        return false;
    };
    let name = start.split_once('(').map_or("", |(_, name)| name);
    let its_group = rest.split_ascii_whitespace().nth(2);
    name.starts_with("WebKit") && its_group.and_then(|text| text.parse().ok()) == Some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_known_by_name_and_group() {
        assert!(is_of_engine("12 (WebKitWebProces) R 1 40 40 0", 40));
        assert!(!is_of_engine("12 (WebKitWebProces) R 1 41 40 0", 40));
        assert!(!is_of_engine("12 (firefox) S 1 40 40 0", 40));
        assert!(!is_of_engine("12 (a) WebKit (b) S 1 40 40 0", 40));
        assert!(!is_of_engine("", 40));
    }
}
