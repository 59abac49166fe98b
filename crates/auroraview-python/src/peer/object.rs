//! A page as Python holds it: `_core.Peer`, which `auroraview.Peer` wraps.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use auroraview_protocol::{Backpressure, Emitted, EncodedEvent};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::PeerCore;
use crate::bridge::{encode_event, encode_events};
use crate::error;
use crate::lock;

/// See the module.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Peer {
    pub(crate) core: Arc<PeerCore>,
}

impl Peer {
    fn pushed(&self, py: Python<'_>, outcome: Result<Emitted, Backpressure>) -> PyResult<()> {
        match outcome {
            Ok(Emitted::Queued) => Ok(()),
            Ok(Emitted::Dropped) => {
                if !self.core.drop_logged.swap(true, Ordering::Relaxed) {
                    log::warn!("emits to a page that was closed are dropped, except retained ones");
                }
                Ok(())
            }
            Err(full) => Err(error::backpressure(py, full.to_string())),
        }
    }
}

#[pymethods]
impl Peer {
    #[getter]
    fn id(&self) -> u64 {
        self.core.id
    }

    /// Names the `auroraview.Peer` object, as a weak reference to it.
    fn set_python(&self, reference: Py<PyAny>) {
        *lock(&self.core.python) = Some(reference);
    }

    /// Has every frame told to a function, on the notice thread, or to nobody any more: `("page" | "python", text,
    /// attachments)`, who sent it first. Secrets of the transport are not in it.
    #[pyo3(signature = (callback = None))]
    fn record(&self, callback: Option<Py<PyAny>>) {
        self.core.record(callback.map(Arc::new));
    }

    fn set_debug(&self, on: bool) {
        self.core.debug.store(on, Ordering::Relaxed);
    }

    #[pyo3(signature = (event, payload, retain, latest = None))]
    fn emit(
        &self,
        py: Python<'_>,
        event: &str,
        payload: &Bound<'_, PyAny>,
        retain: bool,
        latest: Option<&str>,
    ) -> PyResult<()> {
        let event = encode_event(event, payload, retain, self.core.limits())?;
        self.pushed(py, self.core.emit(py, &event, latest))
    }

    fn emit_batch(&self, py: Python<'_>, events: Vec<(String, Bound<'_, PyAny>)>) -> PyResult<()> {
        let encoded = encode_events(&events, self.core.limits())?;
        let core = &self.core;
        let outcome = core.patiently(py, || lock(&core.session).emit_all(&encoded));
        if outcome.is_ok() {
            core.flush_in_python(py, encoded.iter().map(EncodedEvent::size).sum());
        }
        self.pushed(py, outcome.map(|()| Emitted::Queued))
    }

    /// Ends the session: queued events are dropped, calls of the page are cancelled. A browser is turned out.
    fn close(&self, py: Python<'_>, reason: &str) {
        py.detach(|| match self.core.link() {
            None => self.core.close(reason),
            Some(link) => link.kick(reason),
        });
    }

    /// The page is there: its window is open, its connection stands.
    #[getter]
    fn connected(&self) -> bool {
        self.core.connected.load(Ordering::Acquire)
    }

    /// What is known of a browser, see `PlainInfo`; `None` for other pages.
    fn info<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        match self.core.link() {
            None => Ok(None),
            Some(link) => link.info(py).map(Some),
        }
    }

    #[getter]
    fn url(&self) -> String {
        lock(&self.core.url).clone()
    }

    /// Id of the current document, if there is one.
    #[getter]
    fn document(&self) -> Option<String> {
        lock(&self.core.session).document().map(str::to_owned)
    }

    /// How many documents there have been.
    #[getter]
    fn generation(&self) -> u64 {
        lock(&self.core.session).generation()
    }

    #[getter]
    fn is_ready(&self) -> bool {
        lock(&self.core.session).is_ready()
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = PyDict::new(py);
        let session = lock(&self.core.session);
        let counters = session.counters().clone();
        let (queued_messages, queued_bytes) = session.queued();
        let (in_flight, unacknowledged) = (session.in_flight(), session.unacknowledged());
        drop(session);
        for (name, value) in [
            ("calls", counters.calls),
            ("events", counters.events),
            ("cancels", counters.cancels),
            ("emitted", counters.emitted),
            ("dropped", counters.dropped),
            ("batches", counters.batches),
            ("duplicates", counters.duplicates),
        ] {
            stats.set_item(name, value)?;
        }
        stats.set_item("calls_in_flight", in_flight)?;
        stats.set_item("queued_messages", queued_messages)?;
        stats.set_item("queued_bytes", queued_bytes)?;
        stats.set_item("unacknowledged", unacknowledged)?;
        let refused = PyDict::new(py);
        for (reason, count) in &counters.refused {
            refused.set_item(reason.as_str(), count)?;
        }
        stats.set_item("refused", refused)?;
        Ok(stats)
    }
}
