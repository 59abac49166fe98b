//! One process with a window: `auroraview-shell`, as who sends to it and ends it sees it.
//!
//! Its [`Life`] is a thread of its own. The process is asked to end by hanging up; what does not end is killed.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use auroraview_child::Child;
use auroraview_host_api::HostCommand;
use auroraview_host_api::stream::put;

use super::life::Life;
use super::outgoing::Outgoing;
use crate::lock;
use crate::view::ViewCore;

/// How long it may take to end when nobody speaks to it any more, or its window is to close.
pub(super) const END: Duration = Duration::from_secs(2);

static SHELLS: Mutex<Vec<Weak<Shell>>> = Mutex::new(Vec::new());

/// See the module.
pub(super) struct Shell {
    /// Counts the shells of a view.
    pub(super) number: u64,
    pub(super) out: Outgoing,
    pub(super) child: OnceLock<Arc<Child>>,
    end_is_expected: AtomicBool,
    guarded: AtomicBool,
    over: Mutex<bool>,
    is_over: Condvar,
}

impl Shell {
    /// Starts one, and does not wait for it; `view` gets its events, and its end.
    pub(super) fn start(
        number: u64,
        program: &Path,
        view: Weak<ViewCore>,
    ) -> std::io::Result<Arc<Shell>> {
        let (ours, theirs) = UnixStream::pair()?;
        let shell = Arc::new(Shell {
            number,
            out: Outgoing::new(ours),
            child: OnceLock::new(),
            end_is_expected: AtomicBool::new(false),
            guarded: AtomicBool::new(false),
            over: Mutex::new(false),
            is_over: Condvar::new(),
        });
        let life = Life::prepare(Arc::clone(&shell), view, program, theirs)?;
        std::thread::Builder::new()
            .name("auroraview-shell".to_owned())
            .spawn(move || life.run())?;
        let mut shells = lock(&SHELLS);
        shells.retain(|shell| shell.strong_count() > 0);
        shells.push(Arc::downgrade(&shell));
        drop(shells);
        Ok(shell)
    }

    /// Never blocks. False when nobody reads it.
    pub(super) fn send(&self, bytes: Vec<u8>) -> bool {
        self.out.send(bytes)
    }

    /// Its end is no crash from now on.
    pub(super) fn expect_end(&self) {
        self.end_is_expected.store(true, Ordering::Release);
    }

    pub(super) fn end_is_expected(&self) -> bool {
        self.end_is_expected.load(Ordering::Acquire)
    }

    /// Asks it to end, by saying nothing more.
    pub(super) fn hang_up(&self) {
        self.expect_end();
        self.out.hang_up();
    }

    /// It was asked to close its window; if that does not end it soon, it is killed. Does not wait.
    pub(super) fn see_to_its_end(self: &Arc<Self>) {
        if self.guarded.swap(true, Ordering::AcqRel) {
            return;
        }
        let shell = Arc::clone(self);
        let guard = move || {
            if !shell.wait(Instant::now() + END) {
                shell.kill();
            }
        };
        let thread = std::thread::Builder::new().name("auroraview-shell-end".to_owned());
        if let Err(problem) = thread.spawn(guard) {
            log::warn!("nobody waits for the end of the window's process: {problem}");
        }
    }

    fn kill(&self) {
        self.hang_up();
        if let Some(child) = self.child.get() {
            child.kill();
        }
    }

    /// It is gone and the view knows.
    pub(super) fn is_gone(&self) {
        *lock(&self.over) = true;
        self.is_over.notify_all();
    }

    /// Waits for [`Self::is_gone`]; returns whether that was in time.
    fn wait(&self, deadline: Instant) -> bool {
        let mut over = lock(&self.over);
        while !*over {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            over = self
                .is_over
                .wait_timeout(over, left)
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .0;
        }
        true
    }
}

/// Asks all shells to end, and returns them.
pub(super) fn ask_all_to_end() -> Vec<Arc<Shell>> {
    let mut shells: Vec<_> = lock(&SHELLS).iter().filter_map(Weak::upgrade).collect();
    // At the end of a process that was forked from the program: that one keeps its windows.
    shells.retain(|shell| shell.out.is_ours());
    for shell in &shells {
        shell.expect_end();
        if !put(&HostCommand::ShutDown).is_ok_and(|bytes| shell.send(bytes)) {
            shell.hang_up();
        }
    }
    shells
}

/// Waits until they are gone and kills those that are not; returns whether there were none of these.
pub(super) fn wait_for_all(shells: &[Arc<Shell>], deadline: Instant) -> bool {
    let mut late = Vec::new();
    for shell in shells {
        if !shell.wait(deadline) {
            late.push(shell);
            shell.kill();
        }
    }
    let deadline = Instant::now() + END / 4;
    for shell in &late {
        shell.wait(deadline);
    }
    late.is_empty()
}
