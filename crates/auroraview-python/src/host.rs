//! Where windows live: in this process, through the host library, or each in a process of its own.
//!
//! A view sends its commands on a [`Route`] and gets its events by `ViewCore::handle`, in a call that never runs Python:
//! of the GUI thread, or of the thread that reads what a shell says. Nothing above knows which of the two it is, but that
//! an event may come inside of a command, where a loop of the application drives GTK: who sends has no lock then that the
//! handling of an event takes.
//!
//! * [`in_process`]: the host library, loaded at the first show
//! * [`isolated`]: the place of a view's shell, which may be lost and replaced
//! * [`shell`]: one process with a window; [`life`]: the thread that starts and hears it; [`descriptors`]: what comes
//!   beside its events; [`outgoing`]: the commands on their way to it

mod descriptors;
mod in_process;
mod isolated;
mod life;
mod outgoing;
mod shell;

use std::time::Instant;

use auroraview_host_api::{HostCommand, LogLevel};
use pyo3::prelude::*;

#[cfg(test)]
pub(crate) use in_process::testing;
pub(crate) use in_process::{host_guest_thread, host_start, register};
pub(crate) use isolated::Isolated;
pub(crate) use life::End;

/// The way of a view's commands.
pub(crate) enum Route {
    /// To the GUI thread of this process.
    InProcess,
    /// To a process of its own.
    Isolated(Isolated),
}

impl Route {
    /// A command may be obeyed while it is sent. Who has the GIL lets go of it for that long.
    pub(crate) fn may_obey(&self) -> bool {
        matches!(self, Route::InProcess) && in_process::is_guest()
    }

    /// Sends a command; waits for nobody. False when nobody is there to take it.
    pub(crate) fn send(&self, command: &HostCommand) -> bool {
        match self {
            Route::InProcess => in_process::send(command),
            Route::Isolated(isolated) => isolated.send(command),
        }
    }

    /// The host's own number of a question that was asked under this one; `None` when who asked is gone.
    pub(crate) fn question(&self, request: u64) -> Option<u64> {
        match self {
            Route::InProcess => Some(request),
            Route::Isolated(isolated) => isolated.question(request),
        }
    }
}

fn log_line(level: LogLevel, message: &str) {
    match level {
        LogLevel::Debug => log::debug!("{message}"),
        LogLevel::Info => log::info!("{message}"),
        LogLevel::Warning => log::warn!("{message}"),
        LogLevel::Error => log::error!("{message}"),
    }
}

/// What to do where WebKitGTK is missing.
const INSTALL: &str = "Install WebKitGTK 4.1 (Debian, Ubuntu: apt install libwebkit2gtk-4.1-0)";

/// Closes all windows and waits until they are gone, at most `timeout` seconds. Returns whether they are; processes of
/// windows that are not are killed.
#[pyfunction]
pub(crate) fn host_shut_down(py: Python<'_>, timeout: f64) -> bool {
    let deadline = Instant::now() + crate::lane::seconds(timeout);
    py.detach(|| {
        let asked = in_process::ask_to_shut_down();
        let shells = shell::ask_all_to_end();
        let gone = shell::wait_for_all(&shells, deadline);
        (!asked || in_process::wait_for_shut_down(deadline)) && gone
    })
}
