//! The state machine of one page.
//!
//! A [`Session`] lives as long as the program's end of a page does; documents come and go in it. Texts of the page go
//! in through `receive`, their meaning comes out of `next_incoming`; what the program says goes in through `welcome`,
//! `respond` and `emit`, and comes out of `next_batch` as frames. Nothing a page sends can make it fail.
//!
//! A connection is the transport's business: when one is lost and the same document has another, `resume` tells the
//! session where the page stands, and frames that the page numbers take effect once however often they come.

mod receive;

use std::collections::{HashMap, VecDeque};

use crate::counters::Counters;
use crate::error::{Backpressure, ErrorObject};
use crate::frame::{Batch, FrameText, SyncAnswer};
use crate::limits::Limits;
use crate::message::{Answer, CLOSED, EncodedEvent, Incoming, WELCOME, control_text, reason_text};
use crate::outbox::{Broadcast, Emitted, Outbox};
use crate::state::{Input, Phase};
use crate::value::Encoded;

/// The state of one page, from the program's side.
pub struct Session {
    limits: Limits,
    phase: Phase,
    generation: u64,
    /// Meaningful while the phase has a document.
    document: String,
    /// The last numbered frame of the current document.
    received: u64,
    /// Unanswered calls of the current document, and whether the page still wants the answer.
    calls: HashMap<u64, Wanted>,
    incoming: VecDeque<Incoming>,
    outbox: Outbox,
    /// The last frame of a closed session.
    farewell: Option<Batch>,
    sync_answers: VecDeque<SyncAnswer>,
    counters: Counters,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Yes,
    /// The page stands still until it comes, to the synchronous call of this number.
    AtOnce(u64),
    No,
}

impl Session {
    /// A session that waits for its first document; what is emitted is queued for it.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            phase: Phase::Waiting,
            generation: 0,
            document: String::new(),
            received: 0,
            calls: HashMap::new(),
            incoming: VecDeque::new(),
            outbox: Outbox::default(),
            farewell: None,
            sync_answers: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Answers the current document's `hello`; `detail_json` is the detail of `__auroraview_welcome`. Frames flow from
    /// now on. Does nothing when there is no document or it was welcomed already.
    pub fn welcome(&mut self, detail_json: &str) {
        if let Some(after) = self.phase.after(Input::Welcome) {
            self.phase = after;
            self.outbox.push_control(control_text(WELCOME, detail_json));
        }
    }

    /// Queues an internal event such as `__auroraview_bound` before all that waits. Dropped when no document is
    /// welcomed: `welcome` tells the next one all it needs.
    pub fn control(&mut self, event: &str, detail_json: &str) {
        if self.phase.is_welcomed() {
            self.outbox.push_control(control_text(event, detail_json));
        }
    }

    /// Queues an event for the page.
    ///
    /// # Errors
    /// [`Backpressure`] when it does not fit in the queue; then neither the queue nor retained values have changed. One
    /// that is longer than the whole queue fits when nothing else waits.
    pub fn emit(&mut self, event: &EncodedEvent) -> Result<Emitted, Backpressure> {
        if self.phase == Phase::Closed {
            return Ok(self.emit_closed(event));
        }
        self.emit_all(std::slice::from_ref(event))?;
        Ok(Emitted::Queued)
    }

    /// Queues all of `events`, in order, or none. On a closed session they go the way [`Self::emit`] sends them.
    ///
    /// # Errors
    /// [`Backpressure`] when they do not all fit in the queue.
    pub fn emit_all(&mut self, events: &[EncodedEvent]) -> Result<(), Backpressure> {
        if self.phase == Phase::Closed {
            for event in events {
                self.emit_closed(event);
            }
            return Ok(());
        }
        self.outbox.push_events(events, &self.limits)?;
        self.counters.emitted += events.len() as u64;
        Ok(())
    }

    /// Queues an event that goes to many pages: one that does not keep up loses what waits instead of refusing it.
    pub fn broadcast(&mut self, event: &EncodedEvent) -> Broadcast {
        match self.emit(event) {
            Ok(Emitted::Queued) => Broadcast::Queued,
            Ok(Emitted::Dropped) => Broadcast::Dropped,
            Err(full) if full.max_messages == 0 => {
                self.counters.dropped += 1;
                Broadcast::Dropped
            }
            Err(_) => {
                // Retained first, so that the reset queues it with its like; it must not be queued a second time.
                if event.is_retained() {
                    self.outbox.retain(event);
                }
                self.counters.dropped += self.outbox.reset() as u64;
                if !event.is_retained() {
                    self.outbox.push_event(event);
                }
                self.counters.emitted += 1;
                Broadcast::Reset
            }
        }
    }

    /// Keeps an event of which only the last value under `key` matters, in place of the one that waits under it. It goes
    /// to the page, after all that is queued, once [`Self::release_latest`] was called. It does not count against the
    /// queue's bound.
    ///
    /// # Errors
    /// [`Backpressure`] when as many other keys wait as the queue may hold messages; then nothing has changed.
    pub fn emit_latest(
        &mut self,
        key: &str,
        event: &EncodedEvent,
    ) -> Result<Emitted, Backpressure> {
        if self.phase == Phase::Closed {
            return Ok(self.emit_closed(event));
        }
        self.outbox.push_latest(key, event, &self.limits)?;
        self.counters.emitted += 1;
        Ok(Emitted::Queued)
    }

    /// Something waits for [`Self::release_latest`].
    pub fn has_latest(&self) -> bool {
        self.outbox.has_latest()
    }

    /// Allows all that [`Self::emit_latest`] has kept so far to leave with the next frames; until it has, newer values
    /// still replace it. The transport's clock calls it.
    pub fn release_latest(&mut self) {
        self.outbox.release_latest();
    }

    /// Records a retained value without queueing it: the next document gets it. For values that were emitted before
    /// this session began. Has no effect on an event that is not retained.
    pub fn retain(&mut self, event: &EncodedEvent) {
        if event.is_retained() {
            self.outbox.retain(event);
        }
    }

    /// Moves the phase by `input`; a document that was current ends. False when the move is illegal.
    fn end_document(&mut self, input: Input) -> bool {
        let Some(after) = self.phase.after(input) else {
            return false;
        };
        if self.phase.has_document() {
            self.outbox.end_document();
            self.received = 0;
            self.calls.clear();
            self.sync_answers.clear();
            self.incoming.push_back(Incoming::Gone {
                generation: self.generation,
            });
        }
        self.phase = after;
        true
    }

    fn emit_closed(&mut self, event: &EncodedEvent) -> Emitted {
        if event.is_retained() {
            self.outbox.retain(event);
            self.counters.emitted += 1;
            Emitted::Queued
        } else {
            self.counters.dropped += 1;
            Emitted::Dropped
        }
    }

    /// Answers call `id` of document `generation` with a value, or an error. Dropped when the
    /// document is gone, the page cancelled the call, or it was answered before. What is longer than the limit
    /// `message_bytes` is answered with `too_large` instead.
    pub fn respond(&mut self, generation: u64, id: u64, result: Result<Encoded, ErrorObject>) {
        if generation != self.generation {
            return;
        }
        let number = match self.calls.remove(&id) {
            Some(Wanted::Yes) => None,
            Some(Wanted::AtOnce(number)) => Some(number),
            Some(Wanted::No) | None => return,
        };
        let limit = self.limits.message_bytes;
        let (what, bytes) = match &result {
            Ok(value) => ("result", value.size()),
            Err(error) => ("error", error.to_json().len()),
        };
        let result = if bytes > limit {
            let message = format!("the {what} has {bytes} bytes, {limit} are allowed");
            Err(ErrorObject::too_large(message))
        } else {
            result
        };
        let answer = Answer::new(id, &result);
        match number {
            None => self.outbox.push_answer(answer),
            Some(number) => self.answer_sync(number, &answer),
        }
    }

    fn answer_sync(&mut self, number: u64, answer: &Answer) {
        let (message, attachments) = answer.parts();
        let mut frame = FrameText::new(&self.document, None);
        frame.push(message, attachments);
        let (text, attachments) = frame.finish();
        self.sync_answers.push_back(SyncAnswer {
            number,
            text,
            attachments,
        });
    }

    /// The next answer to a call that came by [`Self::receive_sync`]. Ask for it after anything else, as for
    /// [`Self::next_batch`]; it is not acknowledged, and waits for no other frame.
    pub fn next_sync_answer(&mut self) -> Option<SyncAnswer> {
        self.sync_answers.pop_front()
    }

    /// There is something for [`Self::next_sync_answer`].
    pub fn has_sync_answer(&self) -> bool {
        !self.sync_answers.is_empty()
    }

    /// Ends the session: the page is told in one last frame, its calls are over, what waits is dropped, and so is what
    /// is emitted from now on, retained values aside. Closing again does nothing.
    pub fn close(&mut self, reason: &str) {
        let farewell = self.phase.has_document().then(|| {
            let seq = self.outbox.last_seq() + 1;
            let mut frame = FrameText::new(&self.document, Some(seq));
            frame.push(&reason_text(CLOSED, reason), &[]);
            let (text, attachments) = frame.finish();
            Batch {
                document: self.document.clone(),
                generation: self.generation,
                seq,
                text,
                attachments,
            }
        });
        let mut awaited: Vec<(u64, u64)> = Vec::new();
        for (id, wanted) in &self.calls {
            if let Wanted::AtOnce(number) = wanted {
                awaited.push((*number, *id));
            }
        }
        if self.end_document(Input::Close) {
            self.farewell = farewell;
            awaited.sort_unstable();
            for (number, id) in awaited {
                let error = ErrorObject::closed(reason);
                self.answer_sync(number, &Answer::new(id, &Err(error)));
            }
            self.counters.dropped += self.outbox.clear() as u64;
        }
    }

    /// Begins a closed session again: it queues for a document to come. Does nothing on one that is not closed.
    pub fn open(&mut self) {
        if let Some(after) = self.phase.after(Input::Open) {
            self.phase = after;
            self.farewell = None;
            self.sync_answers.clear();
        }
    }

    /// The next frame for the page; `None` when nothing may be sent now. Call it until then after anything else.
    pub fn next_batch(&mut self) -> Option<Batch> {
        let batch = match self.farewell.take() {
            Some(farewell) => farewell,
            None if self.phase.is_welcomed() => {
                let (seq, text, attachments) = self.outbox.next_frame(&self.document)?;
                Batch {
                    document: self.document.clone(),
                    generation: self.generation,
                    seq,
                    text,
                    attachments,
                }
            }
            None => return None,
        };
        self.counters.batches += 1;
        Some(batch)
    }

    // ---- what is to be seen

    /// Frames that were handed out and not acknowledged: at most two.
    pub fn unacknowledged(&self) -> usize {
        self.outbox.unacknowledged()
    }

    /// Messages that wait to be put into a frame.
    pub fn unsent(&self) -> usize {
        self.outbox.unsent()
    }

    /// Nothing waits that [`Self::next_batch`] or [`Self::next_sync_answer`] might hand out, now or after an
    /// acknowledgement.
    pub fn has_nothing_to_send(&self) -> bool {
        self.farewell.is_none() && self.sync_answers.is_empty() && self.outbox.is_idle()
    }

    /// The last numbered frame of the current document that was taken; 0 when there is none.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Events and results that wait, unacknowledged included: how many, and their bytes. Control events do not count,
    /// nor do retained values for a document that is not loaded, nor what [`Self::emit_latest`] keeps.
    pub fn queued(&self) -> (usize, usize) {
        let waiting = self.outbox.waiting();
        (waiting.messages, waiting.bytes)
    }

    /// The current document was welcomed and said `ready`.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// The number of the current document, or of the last one; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The id of the current document.
    pub fn document(&self) -> Option<&str> {
        self.phase.has_document().then_some(&*self.document)
    }

    /// The program closed the session and did not open it again.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Calls of the current document that were not answered, cancelled ones included.
    pub fn in_flight(&self) -> usize {
        self.calls.len()
    }

    /// Totals since the session began.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The limits it was made with.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}
