//! The process behind a child: what is known of it, signals to it, and the thread that reaps it.
//!
//! A process that was not reaped keeps its number, and its group keeps it too. So signals are sent, and the process is
//! reaped, under one lock, and never after another.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid,
};

use crate::exit::Exit;
use crate::lock;
use crate::tail::Tail;

/// How long those that inherited the output of a child may hold up the news of its end.
const GRACE: Duration = Duration::from_millis(300);
/// The part of it in which they are read; then what is already there.
pub(crate) const READ_GRACE: Duration = Duration::from_millis(250);

/// What the threads of a child and its owner share.
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) name: String,
    /// Our own process: one that was forked from it has no say.
    owner: u32,
    state: Mutex<State>,
    changed: Condvar,
    pub(crate) tail: Mutex<Tail>,
    stdin: Mutex<Option<OwnedFd>>,
    /// Readable from the end of the process on.
    pub(crate) ended: OwnedFd,
}

#[derive(Default)]
struct State {
    /// The process is no more; it may still have to be reaped.
    ended: bool,
    /// All it wrote was read.
    drained: bool,
    /// A signal was sent to the group: what is left of it when its leader ends, is killed.
    signalled: bool,
    /// It was reaped.
    exit: Option<Exit>,
}

impl Process {
    pub(crate) fn new(pid: Pid, name: String, stdin: Option<OwnedFd>) -> io::Result<Process> {
        Ok(Process {
            pid,
            name,
            owner: std::process::id(),
            state: Mutex::default(),
            changed: Condvar::new(),
            tail: Mutex::default(),
            stdin: Mutex::new(stdin),
            ended: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.owner == std::process::id()
    }

    pub(crate) fn exit(&self) -> Option<Exit> {
        lock(&self.state).exit
    }

    pub(crate) fn close_stdin(&self) {
        drop(lock(&self.stdin).take());
    }

    /// Sends a signal to the group, if its leader was not reaped.
    pub(crate) fn signal(&self, signal: Signal) {
        let mut state = lock(&self.state);
        if state.exit.is_some() || !self.is_ours() {
            return;
        }
        state.signalled = true;
        // Its own answer to a leader that has ended is in `reap`.
        if !state.ended {
            self.signal_group(signal);
        }
    }

    fn signal_group(&self, signal: Signal) {
        if let Err(error) = kill_process_group(self.pid, signal) {
            log::debug!("{} ({}): no {signal:?}: {error}", self.name, self.pid);
        }
    }

    /// Waits until the process was reaped; `None` when the time is up before.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Option<Exit> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.wait_while(deadline, |state| state.exit.is_none()).exit
    }

    /// Says that nothing more will be read.
    pub(crate) fn set_drained(&self) {
        lock(&self.state).drained = true;
        self.changed.notify_all();
    }

    fn wait_while(
        &self,
        deadline: Option<Instant>,
        go_on: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        while go_on(&state) {
            state = match deadline {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state
    }

    /// Waits for the end of the process, sees to what is left, and reaps it. On a thread of its own.
    pub(crate) fn reap(&self) {
        let _ = self.look(WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        lock(&self.state).ended = true;
        let _ = rustix::io::write(&self.ended, &1_u64.to_ne_bytes());
        let deadline = Instant::now() + GRACE;
        let mut state = self.wait_while(Some(deadline), |state| !state.drained);
        let unreaped = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // The host application may have reaped it, and the number be another's.
        if state.signalled && matches!(self.look(unreaped), Ok(Some(_))) {
            self.signal_group(Signal::KILL);
        }
        let exit = match self.look(WaitIdOptions::EXITED) {
            Ok(Some(status)) => exit_of(&status),
            _ => {
                log::warn!("{} ({}): how it ended is not known", self.name, self.pid);
                Exit::Code(255)
            }
        };
        self.close_stdin();
        state.exit = Some(exit);
        drop(state);
        self.changed.notify_all();
        log::debug!("{} ({}) {exit}", self.name, self.pid);
    }

    fn look(&self, options: WaitIdOptions) -> rustix::io::Result<Option<WaitIdStatus>> {
        rustix::io::retry_on_intr(|| waitid(WaitId::Pid(self.pid), options))
    }
}

fn exit_of(status: &WaitIdStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(255),
    }
}
