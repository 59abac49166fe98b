//! A session with a transport: the short loop that every transport shares.
//!
//! Feed what came, route what the session makes of it, send what the session wants to send. The session is locked only
//! for its own steps; neither a handler nor a transport runs under that lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, TryLockError};
use std::time::{Duration, Instant};

use auroraview_protocol::{
    Backpressure, Batch, Broadcast, Emitted, Encoded, EncodedEvent, ErrorObject, Incoming, Limits,
    Reason, Session,
};
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::bridge::{encode_event, encode_events};
use crate::clock::{self, Pace, Release};
use crate::dispatcher::Dispatcher;
use crate::error;
use crate::job::JobData;
use crate::lane::{Item, notices};
use crate::lock;
use crate::notice::Notice;
use crate::served::Link;

/// Values of more bytes are moved without the GIL.
pub(crate) const LARGE: usize = 256 * 1024;

/// So many messages are worth a frame although more follow.
const TOGETHER: usize = 256;
/// What is worth none waits at most so long.
const MOMENT: Duration = Duration::from_millis(4);

/// Moves frames to the page. Called with the order of frames locked, so it must only queue.
pub(crate) trait Outlet: Send + Sync {
    fn deliver(&self, batch: Batch);
}

/// What waits until the program knows of a session.
#[derive(Default)]
struct HeldBack {
    incoming: Vec<Incoming>,
    /// The notice of its end.
    last: Option<Notice>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// See the module.
pub(crate) struct PeerCore {
    pub(crate) id: u64,
    pub(crate) bridge: Arc<Dispatcher>,
    session: Mutex<Session>,
    /// Held from a step of the session until what came of it is routed: two connections of one session, the former and
    /// the next, may bring frames at the same time. Taken before all other locks; nobody who has it needs the GIL.
    order: Mutex<()>,
    /// Also keeps frames in order between the session and the transport.
    outlet: Mutex<Box<dyn Outlet>>,
    /// There may be something to send.
    to_flush: AtomicBool,
    /// The clock sees to what waits.
    flush_is_due: AtomicBool,
    /// Nothing is sent any more.
    muted: AtomicBool,
    /// What the session reported and is not to be seen to yet.
    held_back: Mutex<Option<HeldBack>>,
    pace: Mutex<Pace>,
    /// The page is there, or about to return.
    connected: AtomicBool,
    /// The session of a server, if it is one.
    link: OnceLock<Link>,
    calls: Mutex<HashMap<(u64, u64), Arc<JobData>>>,
    /// The `auroraview.Peer` that Python holds (weakly: Python owns the peer, not the other way round).
    python: Mutex<Option<Py<PyAny>>>,
    /// Told, on the notice thread, what happens to the document; of a session of a server the link's is.
    callback: Option<Arc<Py<PyAny>>>,
    url: Mutex<String>,
    drop_logged: AtomicBool,
    reset_logged: AtomicBool,
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
        let limits = bridge.limits;
        let peer = Arc::new(PeerCore::make(bridge, limits, outlet, Some(callback)));
        peer.bridge.add_peer(&peer);
        peer
    }

    /// A session of a server. What it reports is held back until [`PeerCore::let_go`], so that the program can be told
    /// of it first.
    pub(crate) fn new_served(
        bridge: Arc<Dispatcher>,
        limits: Limits,
        outlet: Box<dyn Outlet>,
        link: Link,
    ) -> Arc<PeerCore> {
        let mut peer = PeerCore::make(bridge, limits, outlet, None);
        peer.held_back = Mutex::new(Some(HeldBack::default()));
        peer.connected = AtomicBool::new(true);
        peer.link = OnceLock::from(link);
        let peer = Arc::new(peer);
        peer.bridge.add_peer(&peer);
        peer
    }

    fn make(
        bridge: Arc<Dispatcher>,
        limits: Limits,
        outlet: Box<dyn Outlet>,
        callback: Option<Arc<Py<PyAny>>>,
    ) -> PeerCore {
        PeerCore {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            session: Mutex::new(Session::new(limits)),
            order: Mutex::default(),
            bridge,
            outlet: Mutex::new(outlet),
            to_flush: AtomicBool::new(false),
            flush_is_due: AtomicBool::new(false),
            muted: AtomicBool::new(false),
            held_back: Mutex::default(),
            pace: Mutex::default(),
            connected: AtomicBool::new(false),
            link: OnceLock::new(),
            calls: Mutex::default(),
            python: Mutex::new(None),
            callback,
            url: Mutex::default(),
            drop_logged: AtomicBool::new(false),
            reset_logged: AtomicBool::new(false),
            debug: AtomicBool::new(false),
            refusals_logged: AtomicUsize::new(0),
        }
    }

    /// The session of a server that this is, if it is one.
    pub(crate) fn link(&self) -> Option<&Link> {
        self.link.get()
    }

    pub(crate) fn set_connected(&self, on: bool) {
        self.connected.store(on, Ordering::Release);
    }

    /// Tells the program what happened, on the notice thread.
    pub(crate) fn tell(self: &Arc<Self>, notice: Notice) {
        notices().push(match &self.callback {
            Some(callback) => Item::Notice(Arc::clone(callback), notice),
            None => Item::OfSession(Arc::clone(self), notice),
        });
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
    pub(crate) fn receive(self: &Arc<Self>, frame: &str, attachments: Vec<Bytes>) {
        self.step(|session| session.receive_with(frame, attachments));
        // Often only an acknowledgement, while a worker is busy with answers: they are not sent one by one.
        if self.more_comes() && lock(&self.session).unsent() < TOGETHER {
            self.flush_soon();
        } else {
            self.flush();
        }
    }

    /// Goes on with a document over another connection. False when that cannot be: then the document has ended, and the
    /// page begins anew.
    pub(crate) fn resume(self: &Arc<Self>, document: &str, received: u64) -> bool {
        let resumed = {
            // No frame is between session and transport while the session looks back.
            let _outlet = lock(&self.outlet);
            lock(&self.session).resume(document, received)
        };
        if !resumed {
            self.step(|session| {
                if session.document() == Some(document) {
                    session.document_gone();
                }
            });
        }
        self.flush();
        resumed
    }

    /// Number of the last frame of the page that took effect.
    pub(crate) fn received(&self) -> u64 {
        lock(&self.session).received()
    }

    /// Lets the session do something that may have consequences, and sees to them.
    fn step(self: &Arc<Self>, act: impl FnOnce(&mut Session)) {
        let mut incoming: Vec<Incoming> = Vec::new();
        let _order = lock(&self.order);
        {
            let mut session = lock(&self.session);
            act(&mut session);
            while let Some(one) = session.next_incoming() {
                incoming.push(one);
            }
            self.log_new_refusals(&session);
        }
        if incoming.is_empty() {
            return;
        }
        if self.link().is_some()
            && let Some(held_back) = &mut *lock(&self.held_back)
        {
            held_back.incoming.append(&mut incoming);
            return;
        }
        self.bridge.route_all(self, incoming);
    }

    /// Sees to what was held back, and holds back nothing any more.
    pub(crate) fn let_go(self: &Arc<Self>) {
        {
            let _order = lock(&self.order);
            let waiting = lock(&self.held_back).take().unwrap_or_default();
            self.bridge.route_all(self, waiting.incoming);
            if let Some(notice) = waiting.last {
                self.tell(notice);
            }
        }
        self.flush();
    }

    /// Tells the program the end, after all that is held back.
    pub(crate) fn tell_last(self: &Arc<Self>, notice: Notice) {
        let _order = lock(&self.order);
        match &mut *lock(&self.held_back) {
            Some(waiting) => waiting.last = Some(notice),
            None => self.tell(notice),
        }
    }

    /// Sends what may be sent. Waits for nobody: while another thread does so, it goes on for this one.
    pub(crate) fn flush(&self) {
        if self.muted.load(Ordering::SeqCst) {
            return;
        }
        self.to_flush.store(true, Ordering::SeqCst);
        while self.to_flush.load(Ordering::SeqCst) {
            let outlet = match self.outlet.try_lock() {
                Ok(outlet) => outlet,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // Who holds it looks at `to_flush` again after letting go.
                Err(TryLockError::WouldBlock) => return,
            };
            while self.to_flush.swap(false, Ordering::SeqCst) {
                loop {
                    let batch = lock(&self.session).next_batch();
                    match batch {
                        Some(batch) => outlet.deliver(batch),
                        None => break,
                    }
                }
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

    /// Gives the page events that go to all pages. Returns whether the peer had to be reset.
    pub(crate) fn broadcast(self: &Arc<Self>, py: Python<'_>, events: &[EncodedEvent]) -> bool {
        let reset = self.patiently(py, || {
            let mut session = lock(&self.session);
            let mut reset = false;
            for event in events {
                reset |= matches!(session.broadcast(event), Broadcast::Reset);
            }
            reset
        });
        self.flush_in_python(py, events.iter().map(EncodedEvent::size).sum());
        if reset {
            if !self.reset_logged.swap(true, Ordering::Relaxed) {
                log::warn!(
                    "a page does not keep up: its queue was dropped, and it was told (auroraview.onReset)"
                );
            }
            if let Some(link) = self.link() {
                py.detach(|| link.was_reset());
            }
        }
        reset
    }

    /// As [`Self::broadcast`], for an event that replaces what waits under its key.
    pub(crate) fn broadcast_latest(
        self: &Arc<Self>,
        py: Python<'_>,
        key: &str,
        event: &EncodedEvent,
    ) -> bool {
        match self.patiently(py, || lock(&self.session).emit_latest(key, event)) {
            Ok(Emitted::Queued) => {
                self.pace(py);
                false
            }
            Ok(Emitted::Dropped) => false,
            // More keys than the queue may hold messages: as any event that finds no room.
            Err(_) => self.broadcast(py, std::slice::from_ref(event)),
        }
    }

    /// Gives this page an event, as `peer.emit` does.
    pub(crate) fn emit(
        self: &Arc<Self>,
        py: Python<'_>,
        event: &EncodedEvent,
        latest: Option<&str>,
    ) -> Result<Emitted, Backpressure> {
        let emitted = self.patiently(py, || {
            let mut session = lock(&self.session);
            match latest {
                None => session.emit(event),
                Some(key) => session.emit_latest(key, event),
            }
        })?;
        match (emitted, latest) {
            (Emitted::Dropped, _) => {}
            (Emitted::Queued, None) => self.flush_in_python(py, event.size()),
            (Emitted::Queued, Some(_)) => self.pace(py),
        }
        Ok(emitted)
    }

    /// Sends what may be sent, without the GIL where that takes a while.
    fn flush_in_python(&self, py: Python<'_>, bytes: usize) {
        if bytes > LARGE {
            py.detach(|| self.flush());
        } else {
            self.flush();
        }
    }

    /// Something coalesced waits: it leaves now, or when the clock says.
    fn pace(self: &Arc<Self>, py: Python<'_>) {
        let next = lock(&self.pace).next(Instant::now(), self.bridge.frame_interval);
        match next {
            Release::Awaited => {}
            Release::At(at) => clock::wake(at, self, PeerCore::release_latest),
            Release::Now => py.detach(|| {
                lock(&self.session).release_latest();
                self.flush();
            }),
        }
    }

    /// The time has come for coalesced events to leave.
    pub(crate) fn release_latest(&self) {
        lock(&self.pace).tick(Instant::now());
        lock(&self.session).release_latest();
        self.flush();
    }

    pub(crate) fn respond(
        self: &Arc<Self>,
        generation: u64,
        id: u64,
        result: Result<Encoded, ErrorObject>,
    ) {
        lock(&self.calls).remove(&(generation, id));
        let more_comes = self.more_comes();
        let (in_flight, unsent) = {
            let mut session = lock(&self.session);
            session.respond(generation, id, result);
            (session.unacknowledged(), session.unsent())
        };
        if !more_comes || (in_flight == 0 && unsent >= TOGETHER) {
            self.flush();
        } else if in_flight == 0 {
            // While more answers follow, one frame on its way is enough: its acknowledgement sends the rest.
            self.flush_soon();
        }
    }

    /// Plain handlers of this page are still to run, so that more answers follow soon.
    fn more_comes(&self) -> bool {
        self.bridge.workers.waiting(self.id) > 0
    }

    /// Sends what may be sent within a moment, or with what comes meanwhile: a page takes in a hundred results of one
    /// frame much faster than those of ten.
    fn flush_soon(self: &Arc<Self>) {
        if !self.flush_is_due.swap(true, Ordering::AcqRel) {
            clock::wake(Instant::now() + MOMENT, self, |peer| {
                peer.flush_is_due.store(false, Ordering::Release);
                peer.flush();
            });
        }
    }

    pub(crate) fn remember(&self, generation: u64, id: u64, job: &Arc<JobData>) {
        lock(&self.calls).insert((generation, id), Arc::clone(job));
    }

    pub(crate) fn job(&self, generation: u64, id: u64) -> Option<Arc<JobData>> {
        lock(&self.calls).get(&(generation, id)).cloned()
    }

    /// The calls a document leaves behind.
    pub(crate) fn forget_document(self: &Arc<Self>, generation: u64) -> Vec<Arc<JobData>> {
        let jobs = {
            let mut calls = lock(&self.calls);
            calls
                .extract_if(|key, _| key.0 == generation)
                .map(|(_, job)| job)
                .collect()
        };
        self.tell(Notice::Plain("gone"));
        jobs
    }

    pub(crate) fn document_began(self: &Arc<Self>, url: String) {
        lock(&self.url).clone_from(&url);
        self.tell(Notice::Named("document", url));
    }

    pub(crate) fn document_ready(self: &Arc<Self>) {
        self.flush();
        self.tell(Notice::Plain("ready"));
    }

    pub(crate) fn document_gone(self: &Arc<Self>) {
        self.step(Session::document_gone);
    }

    pub(crate) fn open(&self) {
        self.drop_logged.store(false, Ordering::Relaxed);
        lock(&self.session).open();
    }

    /// As [`Self::close`], without a last frame to the page.
    pub(crate) fn close_silently(self: &Arc<Self>, reason: &str) {
        self.set_connected(false);
        self.muted.store(true, Ordering::SeqCst);
        self.step(|session| session.close(reason));
    }

    pub(crate) fn close(self: &Arc<Self>, reason: &str) {
        self.set_connected(false);
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
