//! The place of a view's shell. One after the other lives there: a view that is shown again, or whose shell crashed, gets
//! a new one.
//!
//! While there is none, commands go nowhere: Python keeps what a new shell needs to know, and tells it when it opens.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use auroraview_host_api::{HostCommand, ViewId, stream};

use super::shell::Shell;
use crate::lock;
use crate::view::ViewCore;

/// A question's number as Python knows it: that of the shell, shifted so far, and the shell's own. So a late answer to
/// one shell is none to the next.
const SHELL_SHIFT: u32 = 40;

#[derive(Default)]
struct State {
    shell: Option<Arc<Shell>>,
    /// How many there have been.
    count: u64,
}

/// See the module.
pub(crate) struct Isolated {
    program: PathBuf,
    state: Mutex<State>,
}

impl Isolated {
    /// `program`: path of `auroraview-shell`.
    pub(crate) fn new(program: PathBuf) -> Isolated {
        Isolated {
            program,
            state: Mutex::default(),
        }
    }

    /// Starts a shell that is to obey this command first, and does not wait for it: `view` gets its events. False when
    /// there is one already. To be called with the GIL held, which keeps the environment as it is.
    pub(crate) fn open(&self, view: &Arc<ViewCore>, command: &HostCommand) -> io::Result<bool> {
        let mut state = lock(&self.state);
        if state.shell.is_some() {
            return Ok(false);
        }
        let command = put(command)?;
        let shell = Shell::start(state.count + 1, &self.program, Arc::downgrade(view))?;
        state.count += 1;
        shell.send(command);
        state.shell = Some(shell);
        Ok(true)
    }

    pub(crate) fn send(&self, command: &HostCommand) -> bool {
        let Some(shell) = self.shell() else {
            return false;
        };
        match put(command) {
            Ok(bytes) => shell.send(bytes),
            Err(problem) => {
                log::error!("{problem}");
                false
            }
        }
    }

    /// Has the shell close its window, and end. False when there is no shell.
    pub(crate) fn close(&self, view: ViewId) -> bool {
        let shell = {
            let state = lock(&self.state);
            let Some(shell) = &state.shell else {
                return false;
            };
            // Under the lock: from now on its end is no crash, whenever it comes.
            shell.expect_end();
            Arc::clone(shell)
        };
        if let Ok(bytes) = put(&HostCommand::Close { view }) {
            shell.send(bytes);
        }
        shell.see_to_its_end();
        true
    }

    /// This shell has ended. Returns whether that was wanted, and what keeps the place from being closed, or given to
    /// another, until it is dropped.
    pub(super) fn forget(&self, shell: &Arc<Shell>) -> (bool, impl Sized + use<'_>) {
        let mut state = lock(&self.state);
        if state
            .shell
            .as_ref()
            .is_some_and(|present| Arc::ptr_eq(present, shell))
        {
            state.shell = None;
        }
        (shell.end_is_expected(), state)
    }

    /// See [`super::Route::question`].
    pub(super) fn question(&self, request: u64) -> Option<u64> {
        let shell = self.shell()?;
        let own = request.checked_sub(shell.number << SHELL_SHIFT)?;
        (own >> SHELL_SHIFT == 0).then_some(own)
    }

    fn shell(&self) -> Option<Arc<Shell>> {
        lock(&self.state).shell.clone()
    }
}

impl Drop for Isolated {
    fn drop(&mut self) {
        if let Some(shell) = self.shell() {
            shell.hang_up();
        }
    }
}

/// How Python knows a question of a shell.
pub(super) fn question_of(shell: u64, request: u64) -> u64 {
    (shell << SHELL_SHIFT) + request
}

fn put(command: &HostCommand) -> io::Result<Vec<u8>> {
    stream::put(command).map_err(io::Error::other)
}
