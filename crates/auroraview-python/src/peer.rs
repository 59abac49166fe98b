//! A session with a transport: the short loop that every transport shares.
//!
//! Feed what came, route what the session makes of it, send what the session wants to send. The session is locked only
//! for its own steps; neither a handler nor a transport runs under that lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};

use auroraview_protocol::{
    Batch, Broadcast, Emitted, EncodedEvent, ErrorObject, Incoming, Limits, Reason, Session,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::bridge::{encode_event, encode_events};
use crate::dispatcher::Dispatcher;
use crate::error;
use crate::job::JobData;
use crate::lane::notices;
use crate::lock;
use crate::notice::Notice;

/// Moves frames to the page. Called with the order of frames locked, so it must only queue.
pub(crate) trait Outlet: Send + Sync {
    fn deliver(&self, batch: Batch);
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// See the module.
pub(crate) struct PeerCore {
    pub(crate) id: u64,
    pub(crate) bridge: Arc<Dispatcher>,
    session: Mutex<Session>,
    /// Also keeps frames in order between the session and the transport.
    outlet: Mutex<Box<dyn Outlet>>,
    calls: Mutex<HashMap<(u64, u64), Arc<JobData>>>,
    /// The `auroraview.Peer` that Python holds (weakly: Python owns the peer, not the other way round).
    python: Mutex<Option<Py<PyAny>>>,
    /// Told, on the notice thread, what happens to the document.
    callback: Arc<Py<PyAny>>,
    url: Mutex<String>,
    drop_logged: AtomicBool,
    /// The page may see tracebacks.
    debug: AtomicBool,
    /// How many reasons of refusals have had their line in the log.
    refusals_logged: AtomicUsize,
}

impl PeerCore {
    /// `callback` is called on the notice thread: `("document", url)`, `("ready",)`, `("gone",)`.
    pub(crate) fn new(
        bridge: Arc<Dispatcher>,
        outlet: Box<dyn Outlet>,
        callback: Arc<Py<PyAny>>,
    ) -> Arc<PeerCore> {
        let peer = Arc::new(PeerCore {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            session: Mutex::new(Session::new(bridge.limits)),
            bridge,
            outlet: Mutex::new(outlet),
            calls: Mutex::default(),
            python: Mutex::new(None),
            callback,
            url: Mutex::default(),
            drop_logged: AtomicBool::new(false),
            debug: AtomicBool::new(false),
            refusals_logged: AtomicUsize::new(0),
        });
        peer.bridge.add_peer(&peer);
        peer
    }

    pub(crate) fn is_debug(&self) -> bool {
        self.debug.load(Ordering::Relaxed)
    }

    /// Does something with the session; without the GIL when it is busy, for a frame of many megabytes takes a while to
    /// read and no Python thread is to stand still for it.
    pub(crate) fn patiently<T: Send>(&self, py: Python<'_>, act: impl FnOnce() -> T + Send) -> T {
        if matches!(self.session.try_lock(), Err(TryLockError::WouldBlock)) {
            py.detach(act)
        } else {
            act()
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.bridge.limits
    }

    pub(crate) fn python(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let reference = lock(&self.python)
            .as_ref()
            .map(|reference| reference.clone_ref(py))?;
        let peer = reference.call0(py).ok()?;
        (!peer.is_none(py)).then_some(peer)
    }

    /// Takes one frame from the page.
    pub(crate) fn receive(self: &Arc<Self>, frame: &str) {
        self.step(|session| session.receive(frame));
        self.flush();
    }

    /// Lets the session do something that may have consequences, and sees to them.
    fn step(self: &Arc<Self>, act: impl FnOnce(&mut Session)) {
        let mut incoming: Vec<Incoming> = Vec::new();
        {
            let mut session = lock(&self.session);
            act(&mut session);
            while let Some(one) = session.next_incoming() {
                incoming.push(one);
            }
            self.log_new_refusals(&session);
        }
        if !incoming.is_empty() {
            self.bridge.route_all(self, incoming);
        }
    }

    /// Sends what may be sent.
    pub(crate) fn flush(&self) {
        let outlet = lock(&self.outlet);
        loop {
            let batch = lock(&self.session).next_batch();
            match batch {
                Some(batch) => outlet.deliver(batch),
                None => return,
            }
        }
    }

    pub(crate) fn refuse(&self, reason: Reason) {
        let mut session = lock(&self.session);
        session.refuse(reason, 1);
        self.log_new_refusals(&session);
    }

    /// The first refusal for each reason is worth a line; the rest is counted in the statistics.
    fn log_new_refusals(&self, session: &Session) {
        let refused = &session.counters().refused;
        if refused.len() == self.refusals_logged.load(Ordering::Relaxed) {
            return;
        }
        self.refusals_logged.store(refused.len(), Ordering::Relaxed);
        let reasons: Vec<&str> = refused.keys().map(|reason| reason.as_str()).collect();
        log::warn!(
            "a page sent what was refused, so far for: {} (further ones are counted in `stats`)",
            reasons.join(", ")
        );
    }

    /// A handler's parameters did not fit an event.
    pub(crate) fn event_refused(&self, event: &str, message: &str) {
        log::warn!("the event {event:?} was not handled: {message}");
        self.refuse(Reason::Malformed);
    }

    pub(crate) fn welcome(&self, detail: &str) {
        lock(&self.session).welcome(detail);
        self.flush();
    }

    pub(crate) fn control(&self, event: &str, detail: &str) {
        lock(&self.session).control(event, detail);
        self.flush();
    }

    pub(crate) fn retain(&self, event: &EncodedEvent) {
        lock(&self.session).retain(event);
    }

    /// Returns whether the peer had to be reset.
    pub(crate) fn broadcast(&self, events: &[EncodedEvent]) -> bool {
        let mut reset = false;
        {
            let mut session = lock(&self.session);
            for event in events {
                reset |= matches!(session.broadcast(event), Broadcast::Reset);
            }
        }
        self.flush();
        if reset {
            log::warn!(
                "a page does not keep up: its queue was dropped, and it was told (auroraview.onReset)"
            );
        }
        reset
    }

    pub(crate) fn respond(&self, generation: u64, id: u64, result: Result<String, ErrorObject>) {
        lock(&self.calls).remove(&(generation, id));
        let more_comes = self.bridge.workers.waiting(self.id) > 0;
        let in_flight = {
            let mut session = lock(&self.session);
            session.respond(generation, id, result);
            session.unacknowledged()
        };
        // While more answers follow, one frame on its way is enough: its acknowledgement sends the rest.
        if in_flight == 0 || !more_comes {
            self.flush();
        }
    }

    pub(crate) fn remember(&self, generation: u64, id: u64, job: &Arc<JobData>) {
        lock(&self.calls).insert((generation, id), Arc::clone(job));
    }

    pub(crate) fn job(&self, generation: u64, id: u64) -> Option<Arc<JobData>> {
        lock(&self.calls).get(&(generation, id)).cloned()
    }

    /// The calls a document leaves behind.
    pub(crate) fn forget_document(&self, generation: u64) -> Vec<Arc<JobData>> {
        let jobs = {
            let mut calls = lock(&self.calls);
            calls
                .extract_if(|key, _| key.0 == generation)
                .map(|(_, job)| job)
                .collect()
        };
        notices().notice(&self.callback, Notice::Plain("gone"));
        jobs
    }

    pub(crate) fn document_began(&self, url: String) {
        lock(&self.url).clone_from(&url);
        notices().notice(&self.callback, Notice::Named("document", url));
    }

    pub(crate) fn document_ready(&self) {
        self.flush();
        notices().notice(&self.callback, Notice::Plain("ready"));
    }

    pub(crate) fn document_gone(self: &Arc<Self>) {
        self.step(Session::document_gone);
    }

    pub(crate) fn open(&self) {
        self.drop_logged.store(false, Ordering::Relaxed);
        lock(&self.session).open();
    }

    pub(crate) fn close(self: &Arc<Self>, reason: &str) {
        self.step(|session| session.close(reason));
        self.flush();
    }
}

/// The Python side; see the module.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Peer {
    pub(crate) core: Arc<PeerCore>,
}

impl Peer {
    fn pushed(&self, py: Python<'_>, outcome: Result<Emitted, String>) -> PyResult<()> {
        match outcome {
            Ok(Emitted::Queued) => {
                // A delivery only queues, but the GUI thread may hold the lock that keeps frames in order.
                py.detach(|| self.core.flush());
                Ok(())
            }
            Ok(Emitted::Dropped) => {
                if !self.core.drop_logged.swap(true, Ordering::Relaxed) {
                    log::warn!("emits to a view that was closed are dropped, except retained ones");
                }
                Ok(())
            }
            Err(text) => Err(error::backpressure(py, text)),
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

    fn set_debug(&self, on: bool) {
        self.core.debug.store(on, Ordering::Relaxed);
    }

    fn emit(
        &self,
        py: Python<'_>,
        event: &str,
        payload: &Bound<'_, PyAny>,
        retain: bool,
    ) -> PyResult<()> {
        let event = encode_event(event, payload, retain, self.core.limits())?;
        let core = &self.core;
        let outcome = core.patiently(py, || lock(&core.session).emit(&event));
        self.pushed(py, outcome.map_err(|full| full.to_string()))
    }

    fn emit_batch(&self, py: Python<'_>, events: Vec<(String, Bound<'_, PyAny>)>) -> PyResult<()> {
        let encoded = encode_events(&events, self.core.limits())?;
        let core = &self.core;
        let outcome = core.patiently(py, || lock(&core.session).emit_all(&encoded));
        let outcome = outcome.map(|()| Emitted::Queued);
        self.pushed(py, outcome.map_err(|full| full.to_string()))
    }

    /// Ends the session: queued events are dropped, calls of the page are cancelled.
    fn close(&self, reason: &str) {
        self.core.close(reason);
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
