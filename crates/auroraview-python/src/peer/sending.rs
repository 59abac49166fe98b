//! From the program to the page: events, results, and when they leave.

use std::sync::atomic::Ordering;
use std::sync::{Arc, TryLockError};
use std::time::{Duration, Instant};

use auroraview_protocol::{Backpressure, Broadcast, Emitted, Encoded, EncodedEvent, ErrorObject};
use pyo3::prelude::*;

use super::PeerCore;
use crate::clock::{self, Release};
use crate::lock;

/// Values of more bytes are moved without the GIL.
pub(crate) const LARGE: usize = 256 * 1024;

/// So many messages are worth a frame although more follow.
const TOGETHER: usize = 256;
/// What is worth none waits at most so long.
const MOMENT: Duration = Duration::from_millis(4);

impl PeerCore {
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
                    let (answer, batch) = {
                        let mut session = lock(&self.session);
                        (session.next_sync_answer(), session.next_batch())
                    };
                    if answer.is_none() && batch.is_none() {
                        break;
                    }
                    if let Some(answer) = answer {
                        self.overhear("python", &answer.text, &answer.attachments);
                        outlet.answer(answer);
                    }
                    if let Some(batch) = batch {
                        self.overhear("python", &batch.text, &batch.attachments);
                        outlet.deliver(batch);
                    }
                }
            }
        }
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
    pub(super) fn flush_in_python(&self, py: Python<'_>, bytes: usize) {
        if bytes > LARGE {
            py.detach(|| self.flush());
        } else {
            self.flush();
        }
    }

    /// Something coalesced waits: it leaves now, or when the clock says.
    fn pace(self: &Arc<Self>, py: Python<'_>) {
        let time = &self.bridge.time;
        let next = lock(&self.pace).next(time.now(), self.bridge.frame_interval);
        match next {
            Release::Awaited => {}
            Release::At(at) => time.wake(at, self, PeerCore::release_latest),
            Release::Now => py.detach(|| {
                lock(&self.session).release_latest();
                self.flush();
            }),
        }
    }

    /// The time has come for coalesced events to leave.
    pub(crate) fn release_latest(&self) {
        lock(&self.pace).tick(self.bridge.time.now());
        lock(&self.session).release_latest();
        self.flush();
    }

    /// Answers a call that no handler gets, while it is routed: what sends it comes after that.
    pub(crate) fn refuse_call(&self, generation: u64, id: u64, error: ErrorObject) {
        lock(&self.session).respond(generation, id, Err(error));
    }

    pub(crate) fn respond(
        self: &Arc<Self>,
        generation: u64,
        id: u64,
        result: Result<Encoded, ErrorObject>,
    ) {
        lock(&self.calls).remove(&(generation, id));
        let more_comes = self.more_comes();
        let (in_flight, unsent, stands_still) = {
            let mut session = lock(&self.session);
            session.respond(generation, id, result);
            let stands_still = session.has_sync_answer();
            (session.unacknowledged(), session.unsent(), stands_still)
        };
        if stands_still || !more_comes || (in_flight == 0 && unsent >= TOGETHER) {
            self.flush();
        } else if in_flight == 0 {
            // While more answers follow, one frame on its way is enough: its acknowledgement sends the rest.
            self.flush_soon();
        }
    }

    /// Sends what may be sent after the page was heard. Often it only acknowledged, while a worker is busy with answers:
    /// these are not sent one by one.
    pub(crate) fn flush_received(self: &Arc<Self>) {
        if !self.more_comes() {
            return self.flush();
        }
        let (unsent, is_empty) = {
            let session = lock(&self.session);
            (session.unsent(), session.has_nothing_to_send())
        };
        if unsent >= TOGETHER {
            self.flush();
        } else if !is_empty {
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
}
