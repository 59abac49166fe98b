//! One WebSocket of a server that is written in Python.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Instant;

use auroraview_server::{Connection as Inner, Outgoing};
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{into_bytes, new_bytes};
use crate::lane::notices;
use crate::lock;
use crate::notice::Notice;
use crate::served::sessions::left;

/// How soon to look again at a connection that a long frame is being read from.
const BUSY_SECONDS: f64 = 0.05;

/// Calls a Python function, on the notice thread: whoever rings may hold locks and holds no GIL.
#[derive(Clone)]
pub(crate) struct Doorbell {
    func: Arc<Py<PyAny>>,
}

impl Doorbell {
    pub(crate) fn new(func: Py<PyAny>) -> Doorbell {
        Doorbell {
            func: Arc::new(func),
        }
    }

    fn ring(&self) {
        notices().notice(&self.func, Notice::Nothing);
    }

    pub(crate) fn wake(&self) -> Box<dyn Fn() + Send + Sync> {
        let bell = self.clone();
        Box::new(move || bell.ring())
    }
}

/// See the module. Any thread; while one reads a long frame, the others find nothing to do.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Connection {
    inner: Mutex<Inner>,
    bell: Doorbell,
    /// Somebody wanted to look while it was busy.
    missed: AtomicBool,
}

impl Connection {
    pub(crate) fn new(inner: Inner, bell: Doorbell) -> Connection {
        Connection {
            inner: Mutex::new(inner),
            bell,
            missed: AtomicBool::new(false),
        }
    }

    /// Does something that may take a while.
    fn act<T: Send>(&self, py: Python<'_>, act: impl FnOnce(&mut Inner) -> T + Send) -> T {
        py.detach(|| {
            let result = act(&mut lock(&self.inner));
            if self.missed.swap(false, Ordering::AcqRel) {
                self.bell.ring();
            }
            result
        })
    }

    /// Looks at it, unless it is busy: an event loop is not to stand still for a long frame.
    fn look<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> Option<T> {
        match self.inner.try_lock() {
            Ok(mut inner) => Some(look(&mut inner)),
            Err(TryLockError::Poisoned(poisoned)) => Some(look(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => {
                self.missed.store(true, Ordering::Release);
                // It may have become free before it was known that somebody waits.
                let mut inner = self.inner.try_lock().ok()?;
                Some(look(&mut inner))
            }
        }
    }
}

#[pymethods]
impl Connection {
    fn receive_text(&self, py: Python<'_>, text: &str) {
        self.act(py, |inner| inner.receive_text(text));
    }

    fn receive_bytes(&self, py: Python<'_>, data: Bound<'_, PyBytes>) {
        let data: Bytes = into_bytes(data);
        self.act(py, |inner| inner.receive_binary(data));
    }

    /// What to send next: `("text", str)`, `("bytes", bytes)`, `("close", (code, reason))`; `None`: nothing now.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<(&'static str, Bound<'py, PyAny>)>> {
        let next = self.look(|inner| {
            loop {
                let next = if inner.next_is_long() {
                    py.detach(|| inner.next_outgoing())
                } else {
                    inner.next_outgoing()
                };
                // Servers in Python send pings as they see fit; their applications cannot.
                if !matches!(next, Some(Outgoing::Ping)) {
                    return next;
                }
            }
        });
        let next = next.flatten();
        Ok(match next {
            None | Some(Outgoing::Ping) => None,
            Some(Outgoing::Text(text)) => Some(("text", text.into_pyobject(py)?.into_any())),
            Some(Outgoing::Binary(data)) => Some(("bytes", new_bytes(py, &data)?.into_any())),
            Some(Outgoing::Close(code, reason)) => {
                Some(("close", (code, reason).into_pyobject(py)?.into_any()))
            }
        })
    }

    /// Does what is due; returns the seconds until more is, `None`: the connection is over.
    fn tick(&self, py: Python<'_>) -> Option<f64> {
        py.detach(|| {
            let then = self.look(|inner| inner.tick(Instant::now()));
            then.map_or(Some(BUSY_SECONDS), left)
        })
    }

    /// Seconds for which nothing should be read, because the page has sent too much of late.
    fn pause(&self) -> Option<f64> {
        let pause = self.look(|inner| inner.pause()).flatten();
        pause.map(|pause| pause.as_secs_f64())
    }

    /// The transport is gone.
    fn closed(&self, py: Python<'_>) {
        self.act(py, Inner::closed);
    }
}
