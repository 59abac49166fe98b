//! A session with a transport: the short loop that every transport shares.
//!
//! Feed what came, route what the session makes of it, send what the session wants to send. The session is locked only
//! for its own steps; neither a handler nor a transport runs under that lock. `sending` is the way out, `object` what
//! Python holds.

mod backlog;
mod object;
mod sending;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, TryLockError, Weak};

use auroraview_protocol::{Batch, EncodedEvent, Incoming, Limits, Reason, Session, SyncAnswer};
use bytes::Bytes;
use pyo3::prelude::*;

use crate::clock::Pace;
use crate::dispatcher::Dispatcher;
use crate::fast_lane::FastLane;
use crate::job::JobData;
use crate::lane::{Item, notices};
use crate::lock;
use crate::notice::Notice;
use crate::served::Link;

use backlog::Backlog;
pub(crate) use object::Peer;
pub(crate) use sending::LARGE;

/// Moves frames to the page. Called with the order of frames locked and no other lock: what comes of a frame may come
/// inside of this call, on the same thread (see [`crate::host`]).
pub(crate) trait Outlet: Send + Sync {
    fn deliver(&self, batch: Batch);

    /// Answers a page that stands still. Only where one can.
    fn answer(&self, _: SyncAnswer) {}
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
    /// The fast lane of a page in a window.
    fast_lane: OnceLock<Weak<FastLane>>,
    backlog: Backlog,
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
    /// Whether there is a listener, for those who have no time to look.
    is_recorded: AtomicBool,
    /// Told of every frame, both ways.
    listener: Mutex<Option<Arc<Py<PyAny>>>>,
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

    /// A session of a server, where nobody is yet. What it reports is held back until [`PeerCore::let_go`], so that the program can be told
    /// of it first.
    pub(crate) fn new_served(
        bridge: Arc<Dispatcher>,
        limits: Limits,
        outlet: Box<dyn Outlet>,
        link: Link,
    ) -> Arc<PeerCore> {
        let mut peer = PeerCore::make(bridge, limits, outlet, None);
        peer.held_back = Mutex::new(Some(HeldBack::default()));
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
            fast_lane: OnceLock::new(),
            backlog: Backlog::default(),
            calls: Mutex::default(),
            python: Mutex::new(None),
            callback,
            url: Mutex::default(),
            drop_logged: AtomicBool::new(false),
            reset_logged: AtomicBool::new(false),
            debug: AtomicBool::new(false),
            refusals_logged: AtomicUsize::new(0),
            is_recorded: AtomicBool::new(false),
            listener: Mutex::new(None),
        }
    }

    /// The session of a server that this is, if it is one.
    pub(crate) fn link(&self) -> Option<&Link> {
        self.link.get()
    }

    /// To be told once, before anything comes.
    pub(crate) fn set_fast_lane(&self, fast_lane: &Arc<FastLane>) {
        let _ = self.fast_lane.set(Arc::downgrade(fast_lane));
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
        if self.take_in(frame, attachments) {
            self.flush();
        }
        self.flush_received();
    }

    /// As [`Self::receive`], and sends nothing: [`Self::flush_received`] is to follow, or [`Self::flush`] when this
    /// returns that the page waits for something.
    pub(crate) fn take_in(self: &Arc<Self>, frame: &str, attachments: Vec<Bytes>) -> bool {
        self.overhear("page", frame, &attachments);
        self.step(|session| session.receive_with(frame, attachments))
    }

    /// Takes a synchronous call, and sends nothing: [`Self::flush`] is to follow.
    pub(crate) fn take_in_sync(
        self: &Arc<Self>,
        frame: &str,
        attachments: Vec<Bytes>,
        number: u64,
    ) {
        self.overhear("page", frame, &attachments);
        self.step(|session| session.receive_sync(frame, attachments, number));
    }

    /// Has every frame told, on the notice thread: `("page" | "python", text, attachments)`; who sent it comes first.
    fn record(&self, callback: Option<Arc<Py<PyAny>>>) {
        self.is_recorded
            .store(callback.is_some(), Ordering::Release);
        let before = std::mem::replace(&mut *lock(&self.listener), callback);
        // A Python object may do anything when it goes, so not under the lock.
        drop(before);
    }

    /// A frame passes, from the page or to it. Before anything comes of it, so that this is told later.
    fn overhear(&self, from: &'static str, frame: &str, attachments: &[Bytes]) {
        if !self.is_recorded.load(Ordering::Acquire) {
            return;
        }
        if let Some(callback) = &*lock(&self.listener) {
            let notice = Notice::Traffic(from, frame.to_owned(), attachments.to_vec());
            notices().notice(callback, notice);
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

    /// Lets the session do something that may have consequences, and sees to them. Sends nothing; returns whether the
    /// page waits for that.
    fn step(self: &Arc<Self>, act: impl FnOnce(&mut Session)) -> bool {
        let mut incoming: Vec<Incoming> = Vec::new();
        let order = lock(&self.order);
        {
            let mut session = lock(&self.session);
            act(&mut session);
            while let Some(one) = session.next_incoming() {
                incoming.push(one);
            }
            self.log_new_refusals(&session);
        }
        if incoming.is_empty() {
            return false;
        }
        if self.link().is_some()
            && let Some(held_back) = &mut *lock(&self.held_back)
        {
            held_back.incoming.append(&mut incoming);
            return false;
        }
        let begins =
            |one: &Incoming| matches!(one, Incoming::Document { .. } | Incoming::Ready { .. });
        let is_awaited = incoming.iter().any(begins);
        self.bridge.route_all(self, incoming);
        drop(order);
        is_awaited
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

    /// As [`Self::refuse`], for a synchronous call, which is answered: [`Self::flush`] is to follow.
    pub(crate) fn refuse_sync(&self, reason: Reason, number: u64) {
        let mut session = lock(&self.session);
        session.refuse_sync(reason, number);
        self.log_new_refusals(&session);
    }

    /// A handler's parameters did not fit an event.
    pub(crate) fn event_refused(&self, event: &str, message: &str) {
        log::warn!("the event {event:?} was not handled: {message}");
        self.refuse(Reason::Malformed);
    }

    /// To be flushed when nothing is locked any more.
    pub(crate) fn welcome(&self, detail: &str) {
        lock(&self.session).welcome(detail);
    }

    /// To be flushed when nothing is locked any more.
    pub(crate) fn control(&self, event: &str, detail: &str) {
        lock(&self.session).control(event, detail);
    }

    /// It is the current one.
    pub(crate) fn has_document(&self, document: &str) -> bool {
        lock(&self.session).document() == Some(document)
    }

    /// How often it has refused something.
    #[cfg(test)]
    pub(crate) fn stats_refused(&self) -> u64 {
        lock(&self.session).counters().refused.values().sum()
    }

    pub(crate) fn retain(&self, event: &EncodedEvent) {
        lock(&self.session).retain(event);
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
