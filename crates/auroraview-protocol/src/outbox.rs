//! What waits for a page, and how it becomes frames.
//!
//! Control events go first, then results that do not wait for `ready`, then the shared queue of events and results. A
//! frame that was handed out keeps its events until the page acknowledges it; when the document ends first, they return
//! to the front of the queue. Results belong to one document and are never sent twice. Until the document is loaded the
//! shared queue holds no retained event: it gets the last value of each when it is.

use std::collections::{HashMap, VecDeque};

use crate::error::Backpressure;
use crate::frame::FrameText;
use crate::limits::{FRAMES_UNACKNOWLEDGED, Limits};
use crate::message::{EncodedEvent, RESET, reason_text};

/// What became of an event that was emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emitted {
    /// It waits for the page, or is kept for pages to come because it is retained.
    Queued,
    /// The session is closed: nobody will get it.
    Dropped,
}

/// What became of an event that was broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broadcast {
    /// As [`Emitted::Queued`].
    Queued,
    /// The page did not keep up: what waited was dropped, the page is told, and the event waits.
    Reset,
    /// Nobody will get it: the session is closed, or the event alone is larger than the queue.
    Dropped,
}

/// How much of something waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

impl Amount {
    fn add(&mut self, text: &str) {
        self.messages += 1;
        self.bytes += text.len();
    }

    fn subtract(&mut self, other: Amount) {
        self.messages -= other.messages;
        self.bytes -= other.bytes;
    }

    fn of<'a>(events: impl IntoIterator<Item = &'a EncodedEvent>) -> Self {
        let mut amount = Self::default();
        for event in events {
            amount.add(event.text());
        }
        amount
    }
}

enum Item {
    Event(EncodedEvent),
    Answer(String),
}

impl Item {
    fn text(&self) -> &str {
        match self {
            Self::Event(event) => event.text(),
            Self::Answer(text) => text,
        }
    }
}

/// A frame that was handed out and not acknowledged.
struct Flight {
    seq: u64,
    events: Vec<EncodedEvent>,
    answers: Amount,
}

#[derive(Default)]
pub(crate) struct Outbox {
    control: VecDeque<String>,
    reset: bool,
    /// Answers from before the document was loaded.
    early: VecDeque<String>,
    shared: VecDeque<Item>,
    loaded: bool,
    flights: VecDeque<Flight>,
    last_seq: u64,
    retained: Vec<EncodedEvent>,
    retained_at: HashMap<Box<str>, usize>,
    /// Events and answers, unacknowledged included.
    waiting: Amount,
    /// Of these the answers.
    answers: Amount,
}

impl Outbox {
    pub(crate) fn waiting(&self) -> Amount {
        self.waiting
    }

    pub(crate) fn unacknowledged(&self) -> usize {
        self.flights.len()
    }

    /// So many answers wait that the page must take some before it may ask for more.
    pub(crate) fn is_full_of_answers(&self, limits: &Limits) -> bool {
        self.answers.messages >= limits.queue_messages || self.answers.bytes >= limits.queue_bytes
    }

    /// Queues an internal event for the current document.
    pub(crate) fn push_control(&mut self, text: String) {
        self.control.push_back(text);
    }

    /// Queues the answer to a call of the current document.
    pub(crate) fn push_answer(&mut self, text: String) {
        self.waiting.add(&text);
        self.answers.add(&text);
        if self.loaded {
            self.shared.push_back(Item::Answer(text));
        } else {
            self.early.push_back(text);
        }
    }

    /// Queues all of `events`, or none.
    pub(crate) fn push_events(
        &mut self,
        events: &[EncodedEvent],
        limits: &Limits,
    ) -> Result<(), Backpressure> {
        let more = Amount::of(events.iter().filter(|event| self.is_to_queue(event)));
        let waiting = self.waiting;
        if more.messages > 0
            && (waiting.messages + more.messages > limits.queue_messages
                || waiting.bytes + more.bytes > limits.queue_bytes)
        {
            return Err(Backpressure {
                messages: waiting.messages,
                bytes: waiting.bytes,
                max_messages: limits.queue_messages,
                max_bytes: limits.queue_bytes,
            });
        }
        for event in events {
            self.push_event(event);
        }
        Ok(())
    }

    /// Queues `event` whatever waits already.
    pub(crate) fn push_event(&mut self, event: &EncodedEvent) {
        if event.is_retained() {
            self.retain(event);
        }
        if self.is_to_queue(event) {
            self.waiting.add(event.text());
            self.shared.push_back(Item::Event(event.clone()));
        }
    }

    /// A document that is not loaded yet gets retained values when it is.
    fn is_to_queue(&self, event: &EncodedEvent) -> bool {
        self.loaded || !event.is_retained()
    }

    /// Keeps `event` as the last value of its name.
    pub(crate) fn retain(&mut self, event: &EncodedEvent) {
        match self.retained_at.get(event.name()) {
            Some(&at) => self.retained[at] = event.clone(),
            None => {
                self.retained_at
                    .insert(event.name().into(), self.retained.len());
                self.retained.push(event.clone());
            }
        }
    }

    /// Drops all events, retained values aside, and has the page told. Returns how many were dropped unsent.
    pub(crate) fn reset(&mut self) -> usize {
        let before = self.shared.len();
        self.shared.retain(|item| matches!(item, Item::Answer(_)));
        let dropped = before - self.shared.len();
        for flight in &mut self.flights {
            flight.events.clear();
        }
        self.waiting = self.answers;
        self.reset = true;
        if self.loaded {
            self.queue_retained();
        }
        dropped
    }

    fn queue_retained(&mut self) {
        for event in &self.retained {
            self.waiting.add(event.text());
            self.shared.push_back(Item::Event(event.clone()));
        }
    }

    /// The document is loaded: its queue begins with the retained values.
    pub(crate) fn load(&mut self) {
        self.loaded = true;
        let events = std::mem::take(&mut self.shared);
        self.queue_retained();
        self.shared.extend(events);
    }

    /// The document ended: events it did not acknowledge wait for the next one, answers to it are dropped.
    pub(crate) fn end_document(&mut self) {
        let unsent = std::mem::take(&mut self.shared);
        let unacknowledged = self.flights.drain(..).flat_map(|flight| flight.events);
        self.shared = unacknowledged
            .map(Item::Event)
            .chain(unsent)
            .filter(|item| matches!(item, Item::Event(event) if !event.is_retained()))
            .collect();
        self.waiting = Amount::of(self.shared.iter().filter_map(|item| match item {
            Item::Event(event) => Some(event),
            Item::Answer(_) => None,
        }));
        self.answers = Amount::default();
        self.control.clear();
        self.early.clear();
        self.loaded = false;
        self.last_seq = 0;
    }

    /// Forgets all but the retained values. Returns how many events were dropped unsent.
    pub(crate) fn clear(&mut self) -> usize {
        let events = |item: &&Item| matches!(item, Item::Event(_));
        let dropped = self.shared.iter().filter(events).count();
        *self = Self {
            retained: std::mem::take(&mut self.retained),
            retained_at: std::mem::take(&mut self.retained_at),
            ..Self::default()
        };
        dropped
    }

    /// The page has processed all frames up to `seq`. False when that frame was never sent; then nothing changes.
    pub(crate) fn acknowledge(&mut self, seq: u64) -> bool {
        if seq > self.last_seq {
            return false;
        }
        while self.flights.front().is_some_and(|flight| flight.seq <= seq)
            && let Some(flight) = self.flights.pop_front()
        {
            self.waiting.subtract(Amount::of(&flight.events));
            self.waiting.subtract(flight.answers);
            self.answers.subtract(flight.answers);
        }
        true
    }

    /// The number of the last frame that was handed out to the current document.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The next frame for `document` and its number; `None` when there is nothing to send or enough is on its way.
    pub(crate) fn next_frame(&mut self, document: &str) -> Option<(u64, String)> {
        if self.flights.len() >= FRAMES_UNACKNOWLEDGED {
            return None;
        }
        let seq = self.last_seq + 1;
        let mut frame = FrameText::new(document, seq);
        let mut flight = Flight {
            seq,
            events: Vec::new(),
            answers: Amount::default(),
        };
        self.fill(&mut frame, &mut flight);
        if frame.is_empty() {
            return None;
        }
        self.last_seq = seq;
        self.flights.push_back(flight);
        Some((seq, frame.finish()))
    }

    /// Moves what comes next into a frame until it is full; what does not fit keeps all behind it waiting.
    fn fill(&mut self, frame: &mut FrameText, flight: &mut Flight) {
        while let Some(text) = self.control.front() {
            if !frame.push(text) {
                return;
            }
            self.control.pop_front();
        }
        if self.reset {
            if !frame.push(&reason_text(RESET, "the page did not keep up")) {
                return;
            }
            self.reset = false;
        }
        while let Some(text) = self.early.front() {
            if !frame.push(text) {
                return;
            }
            flight.answers.add(text);
            self.early.pop_front();
        }
        while self.loaded
            && let Some(item) = self.shared.front()
            && frame.push(item.text())
        {
            match self.shared.pop_front() {
                Some(Item::Event(event)) => flight.events.push(event),
                Some(Item::Answer(text)) => flight.answers.add(&text),
                None => return,
            }
        }
    }
}
