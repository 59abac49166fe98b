//! What waits for a page, and how it becomes frames.
//!
//! Control events go first, then results that do not wait for `ready`, then the shared queue of events and results, then
//! events of which only the last value matters. A frame that was handed out keeps its messages until the page
//! acknowledges it, and can be handed out again when the connection was lost; when the document ends first, its events
//! return to the front of the queue, and its results are dropped. Until the document is loaded the shared queue holds no
//! retained event: it gets the last value of each when it is.

mod flights;

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use crate::error::Backpressure;
use crate::latest::{Keyed, Latest};
use crate::limits::Limits;
use crate::message::{Answer, EncodedEvent};
use flights::Flight;

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
    /// Nobody will get it: the session is closed, or its queue may hold nothing.
    Dropped,
}

/// How much of something waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

impl Amount {
    fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes;
    }

    fn subtract(&mut self, other: Amount) {
        self.messages -= other.messages;
        self.bytes -= other.bytes;
    }

    fn of<'a>(events: impl IntoIterator<Item = &'a EncodedEvent>) -> Self {
        let mut amount = Self::default();
        for event in events {
            amount.add(event.size());
        }
        amount
    }
}

/// Kept small, for many move through the queues.
enum Item {
    Control(Box<str>),
    Answer(Answer),
    Event(EncodedEvent),
    Latest(Box<Keyed>),
}

impl Item {
    /// The message and what travels beside it.
    fn parts(&self) -> (&str, &[Bytes]) {
        match self {
            Self::Control(text) => (text, &[]),
            Self::Answer(answer) => answer.parts(),
            Self::Event(event) => (event.text(), event.attachments()),
            Self::Latest(keyed) => (keyed.1.text(), keyed.1.attachments()),
        }
    }
}

#[derive(Default)]
pub(crate) struct Outbox {
    control: VecDeque<String>,
    reset: bool,
    /// Answers from before the document was loaded.
    early: VecDeque<Answer>,
    shared: VecDeque<Item>,
    latest: Latest,
    loaded: bool,
    flights: VecDeque<Flight>,
    /// The messages of all flights.
    sent: VecDeque<Item>,
    last_seq: u64,
    /// The last frame that was handed out since the connection was last resumed.
    handed_seq: u64,
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

    /// Messages that are in no frame yet, of those that may leave.
    pub(crate) fn unsent(&self) -> usize {
        let shared = if self.loaded { self.shared.len() } else { 0 };
        self.control.len() + self.early.len() + shared
    }

    /// No message waits that could go into a frame.
    pub(crate) fn is_idle(&self) -> bool {
        self.unsent() == 0
            && !self.reset
            && self.latest.len() == 0
            && self.handed_seq >= self.last_seq
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
    pub(crate) fn push_answer(&mut self, answer: Answer) {
        let size = answer.size();
        self.waiting.add(size);
        self.answers.add(size);
        if self.loaded {
            self.shared.push_back(Item::Answer(answer));
        } else {
            self.early.push_back(answer);
        }
    }

    /// Queues all of `events`, or none. One that is longer than the queue is taken when nothing else waits.
    pub(crate) fn push_events(
        &mut self,
        events: &[EncodedEvent],
        limits: &Limits,
    ) -> Result<(), Backpressure> {
        let more = Amount::of(events.iter().filter(|event| self.is_to_queue(event)));
        let waiting = self.waiting_with_latest_of(events);
        let is_alone = waiting.messages == 0 && more.messages == 1;
        if more.messages > 0
            && (waiting.messages + more.messages > limits.queue_messages
                || (waiting.bytes + more.bytes > limits.queue_bytes && !is_alone))
        {
            return Err(full(waiting, limits));
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
            // What waits of the same event came before it.
            for earlier in self.latest.take_named(event.name(), self.loaded) {
                self.waiting.add(earlier.size());
                self.shared.push_back(Item::Event(earlier));
            }
            self.waiting.add(event.size());
            self.shared.push_back(Item::Event(event.clone()));
        }
    }

    /// What waits, and the last values that `events` take along into the queue.
    fn waiting_with_latest_of(&self, events: &[EncodedEvent]) -> Amount {
        let mut waiting = self.waiting;
        if self.latest.len() > 0 {
            for (at, event) in events.iter().enumerate() {
                let is_first = !events[..at].iter().any(|e| e.name() == event.name());
                if is_first && self.is_to_queue(event) {
                    let earlier = self.latest.named(event.name());
                    for one in earlier.filter(|one| self.is_to_queue(one)) {
                        waiting.add(one.size());
                    }
                }
            }
        }
        waiting
    }

    /// Keeps `event` as the last value of `key` until it may leave.
    pub(crate) fn push_latest(
        &mut self,
        key: &str,
        event: &EncodedEvent,
        limits: &Limits,
    ) -> Result<(), Backpressure> {
        if self.latest.len() >= limits.queue_messages && !self.latest.has(key) {
            let waiting = Amount {
                messages: self.latest.len(),
                bytes: self.latest.bytes(),
            };
            return Err(full(waiting, limits));
        }
        if event.is_retained() {
            self.retain(event);
        }
        self.latest.put(key, event.clone());
        Ok(())
    }

    pub(crate) fn has_latest(&self) -> bool {
        self.latest.waits_for_release()
    }

    pub(crate) fn release_latest(&mut self) {
        self.latest.release();
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
        let before = self.shared.len() + self.latest.len();
        self.shared.retain(|item| matches!(item, Item::Answer(_)));
        self.latest = Latest::default();
        let dropped = before - self.shared.len();
        for flight in &mut self.flights {
            flight.events = Amount::default();
            flight.is_reset = true;
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
            self.waiting.add(event.size());
            self.shared.push_back(Item::Event(event.clone()));
        }
    }

    /// The document is loaded: its queue begins with the retained values.
    pub(crate) fn load(&mut self) {
        self.loaded = true;
        self.latest.drop_retained();
        let events = std::mem::take(&mut self.shared);
        self.queue_retained();
        self.shared.extend(events);
    }

    /// The document ended: events it did not acknowledge wait for the next one, answers to it are dropped.
    pub(crate) fn end_document(&mut self) {
        let unsent = std::mem::take(&mut self.shared);
        let mut latest = Vec::new();
        let is_reset = |flight: &&Flight| flight.is_reset;
        let reset = self.flights.iter().take_while(is_reset);
        let reset = reset.map(|flight| flight.items).sum();
        self.flights.clear();
        let sent = std::mem::take(&mut self.sent);
        let items: Vec<Item> = sent.into_iter().skip(reset).chain(unsent).collect();
        let last_places = last_places(&items);
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Item::Event(event) if !event.is_retained() => {
                    self.shared.push_back(Item::Event(event));
                }
                Item::Latest(one) if !one.1.is_retained() => {
                    if last_places
                        .get(one.1.name())
                        .is_some_and(|place| *place > at)
                    {
                        self.shared.push_back(Item::Event(one.1));
                    } else {
                        latest.push(*one);
                    }
                }
                _ => {}
            }
        }
        self.latest.give_back(latest);
        let sizes = self.shared.iter().map(|item| match item {
            Item::Event(event) => event.size(),
            _ => 0,
        });
        self.waiting = Amount {
            messages: self.shared.len(),
            bytes: sizes.sum(),
        };
        self.answers = Amount::default();
        self.control.clear();
        self.early.clear();
        self.loaded = false;
        self.last_seq = 0;
        self.handed_seq = 0;
    }

    /// Forgets all but the retained values. Returns how many events were dropped unsent.
    pub(crate) fn clear(&mut self) -> usize {
        let events = |item: &&Item| matches!(item, Item::Event(_));
        let dropped = self.shared.iter().filter(events).count() + self.latest.len();
        *self = Self {
            retained: std::mem::take(&mut self.retained),
            retained_at: std::mem::take(&mut self.retained_at),
            ..Self::default()
        };
        dropped
    }
}

/// Where the last event of each name stands, of those names that also have a last value among `items`: there the one
/// must stay before the other.
fn last_places(items: &[Item]) -> HashMap<Box<str>, usize> {
    let mut places: HashMap<Box<str>, usize> = HashMap::new();
    for item in items {
        if let Item::Latest(one) = item {
            places.insert(one.1.name().into(), 0);
        }
    }
    if !places.is_empty() {
        for (at, item) in items.iter().enumerate() {
            if let Item::Event(event) = item
                && !event.is_retained()
                && let Some(place) = places.get_mut(event.name())
            {
                *place = at;
            }
        }
    }
    places
}

fn full(waiting: Amount, limits: &Limits) -> Backpressure {
    Backpressure {
        messages: waiting.messages,
        bytes: waiting.bytes,
        max_messages: limits.queue_messages,
        max_bytes: limits.queue_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_through_the_queues_is_no_larger_than_a_string() {
        assert_eq!(size_of::<Item>(), size_of::<String>());
    }
}
