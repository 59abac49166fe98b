//! A child process as Python has it: its lines and its end come on the notice thread.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auroraview_child::{Exit, Output, Prepared, Spec, Stdin, Watch};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error;
use crate::gate::Gate;
use crate::lane::{notices, seconds};
use crate::notice::Notice;

/// Lines of one child that may wait to be told; then it is not read.
const LINES: usize = 1000;
/// How often a wait looks whether there is a Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// Tells a Python callback.
struct ToPython {
    callback: Arc<Py<PyAny>>,
    gate: Arc<Gate>,
}

impl Watch for ToPython {
    fn line(&self, from: Output, line: &str) {
        let permit = self.gate.enter();
        let from = match from {
            Output::Stdout => "stdout",
            Output::Stderr => "stderr",
        };
        let notice = Notice::Text("line", from, line.to_owned());
        notices().notice(&self.callback, Notice::Gated(Box::new(notice), permit));
    }

    fn exited(&self, exit: Exit) {
        let notice = Notice::Number("exited", exit.returncode().into());
        notices().notice(&self.callback, notice);
    }
}

/// See the module. When it is garbage, the process is asked to end, then killed.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Child {
    child: Arc<auroraview_child::Child>,
}

#[pymethods]
impl Child {
    /// `env` is on top of ours, `None` removes; `stdin`: `None` is `/dev/null`, `""` open, else one line, then open.
    /// `callback("line", "stdout" | "stderr", text)`, at the end `callback("exited", returncode)`. Raises `OSError`,
    /// and `ValueError` for text that no process can get.
    #[new]
    #[allow(clippy::too_many_arguments, reason = "raw and positional")]
    fn new(
        py: Python<'_>,
        program: OsString,
        args: Vec<OsString>,
        env: HashMap<OsString, Option<OsString>>,
        cwd: Option<OsString>,
        stdin: Option<String>,
        name: String,
        callback: Py<PyAny>,
    ) -> PyResult<Child> {
        let watch = Arc::new(ToPython {
            callback: Arc::new(callback),
            gate: Gate::new(LINES),
        });
        let spec = Spec {
            args,
            env: env.into_iter().collect(),
            cwd: cwd.clone().map(Into::into),
            stdin: match stdin {
                None => Stdin::Null,
                Some(line) if line.is_empty() => Stdin::Open,
                Some(line) => Stdin::Line(line),
            },
            ..Spec::new(&program, name)
        };
        let prepared = Prepared::new(spec).map_err(|error| raised(&error, cwd))?;
        let child = py
            .detach(|| prepared.spawn(watch))
            .map_err(|error| raised(&error, Some(program)))?;
        Ok(Child { child })
    }

    #[getter]
    fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// As `subprocess` has it.
    #[getter]
    fn returncode(&self) -> Option<i32> {
        self.child.exit().map(Exit::returncode)
    }

    /// Waits, in seconds; `None` waits forever. A signal handler may end it with what it raises.
    #[pyo3(signature = (timeout))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<i32>> {
        let deadline = timeout.map(|timeout| Instant::now() + seconds(timeout));
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let slice = left.map_or(LOOK, |left| left.min(LOOK));
            let exit = py.detach(|| self.child.wait(Some(slice)));
            if exit.is_some() || left == Some(slice) {
                return Ok(exit.map(Exit::returncode));
            }
            py.check_signals()?;
        }
    }

    /// Closes stdin; `ask` seconds later SIGTERM to the process group, `terminate` seconds later SIGKILL.
    fn stop(&self, py: Python<'_>, ask: f64, terminate: f64) -> Option<i32> {
        py.detach(|| self.child.stop(seconds(ask), seconds(terminate)))
            .map(Exit::returncode)
    }

    /// Sends SIGKILL to the process group, and does not wait.
    fn kill(&self, py: Python<'_>) {
        py.detach(|| self.child.kill());
    }

    /// The last lines of its stderr, or of its stdout when there are none.
    fn tail(&self, py: Python<'_>) -> String {
        py.detach(|| self.child.tail())
    }

    fn __repr__(&self) -> String {
        match self.child.exit() {
            None => format!("<Child {}>", self.child.pid()),
            Some(exit) => format!("<Child {}: {exit}>", self.child.pid()),
        }
    }
}

/// The `OSError`, or the `ValueError` of what was refused before the system saw it.
fn raised(error: &io::Error, path: Option<OsString>) -> PyErr {
    match error.raw_os_error() {
        None if error.kind() == io::ErrorKind::InvalidInput => {
            PyValueError::new_err(error.to_string())
        }
        _ => error::os_of(error, path),
    }
}
