//! Frames on their way: filled from what waits, kept until they are acknowledged, handed out again when they must be.

use bytes::Bytes;

use super::{Amount, Item, Outbox};
use crate::frame::FrameText;
use crate::limits::FRAMES_UNACKNOWLEDGED;
use crate::message::{RESET, reason_text};

/// A frame that was handed out and not acknowledged. Its text is not kept: the same messages give the same text.
pub(super) struct Flight {
    pub(super) seq: u64,
    /// How many messages it holds.
    pub(super) items: usize,
    /// What of it counts as waiting.
    pub(super) events: Amount,
    pub(super) answers: Amount,
    /// A reset came after it: its events do not go to the next document.
    pub(super) is_reset: bool,
}

impl Outbox {
    /// The page has processed all frames up to `seq`. False when that frame was never sent; then nothing changes.
    pub(crate) fn acknowledge(&mut self, seq: u64) -> bool {
        if seq > self.last_seq {
            return false;
        }
        while self.flights.front().is_some_and(|flight| flight.seq <= seq)
            && let Some(flight) = self.flights.pop_front()
        {
            self.waiting.subtract(flight.events);
            self.waiting.subtract(flight.answers);
            self.answers.subtract(flight.answers);
            self.sent.drain(..flight.items);
        }
        self.handed_seq = self.handed_seq.max(seq);
        true
    }

    /// The page has a new connection and has processed all frames up to `seq`: the others are handed out again. False
    /// when that cannot be; then nothing changes.
    pub(crate) fn resume(&mut self, seq: u64) -> bool {
        let acknowledged = self.last_seq - self.flights.len() as u64;
        if seq < acknowledged || !self.acknowledge(seq) {
            return false;
        }
        self.handed_seq = seq;
        true
    }

    /// The number of the last frame that was handed out to the current document.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The next frame for `document`: its number, text and attachments. `None` when there is nothing to send or enough is
    /// on its way.
    pub(crate) fn next_frame(&mut self, document: &str) -> Option<(u64, String, Vec<Bytes>)> {
        if self.handed_seq < self.last_seq {
            self.handed_seq += 1;
            return self.frame_again(document, self.handed_seq);
        }
        if self.flights.len() >= FRAMES_UNACKNOWLEDGED {
            return None;
        }
        let seq = self.last_seq + 1;
        let mut frame = FrameText::new(document, Some(seq));
        let mut flight = Flight {
            seq,
            items: 0,
            events: Amount::default(),
            answers: Amount::default(),
            is_reset: false,
        };
        let before = self.sent.len();
        self.fill(&mut frame, &mut flight);
        flight.items = self.sent.len() - before;
        if frame.is_empty() {
            return None;
        }
        self.last_seq = seq;
        self.handed_seq = seq;
        self.flights.push_back(flight);
        let (text, attachments) = frame.finish();
        Some((seq, text, attachments))
    }

    /// Frame `seq`, which is not acknowledged, as it was.
    fn frame_again(&self, document: &str, seq: u64) -> Option<(u64, String, Vec<Bytes>)> {
        let at = self.flights.iter().position(|flight| flight.seq == seq)?;
        let before: usize = self.flights.range(..at).map(|flight| flight.items).sum();
        let mut frame = FrameText::new(document, Some(seq));
        for item in self.sent.range(before..).take(self.flights[at].items) {
            let (text, attachments) = item.parts();
            let fits = frame.push(text, attachments);
            debug_assert!(fits, "it fitted before");
        }
        let (text, attachments) = frame.finish();
        Some((seq, text, attachments))
    }

    /// Moves what comes next into a frame until it is full; what does not fit keeps all behind it waiting.
    fn fill(&mut self, frame: &mut FrameText, flight: &mut Flight) {
        while let Some(text) = self.control.pop_front() {
            if !frame.push(&text, &[]) {
                return self.control.push_front(text);
            }
            self.sent.push_back(Item::Control(text.into()));
        }
        if self.reset {
            let text = reason_text(RESET, "the page did not keep up");
            if !frame.push(&text, &[]) {
                return;
            }
            self.sent.push_back(Item::Control(text.into()));
            self.reset = false;
        }
        while let Some(answer) = self.early.pop_front() {
            let (text, attachments) = answer.parts();
            if !frame.push(text, attachments) {
                return self.early.push_front(answer);
            }
            flight.answers.add(answer.size());
            self.sent.push_back(Item::Answer(answer));
        }
        if !self.loaded {
            return;
        }
        while let Some(item) = self.shared.pop_front() {
            let (text, attachments) = item.parts();
            if !frame.push(text, attachments) {
                return self.shared.push_front(item);
            }
            match &item {
                Item::Event(event) => flight.events.add(event.size()),
                Item::Answer(answer) => flight.answers.add(answer.size()),
                Item::Control(_) | Item::Latest(_) => {}
            }
            self.sent.push_back(item);
        }
        while let Some(event) = self.latest.front()
            && frame.push(event.text(), event.attachments())
        {
            let one = self.latest.pop().map(Box::new);
            self.sent.extend(one.map(Item::Latest));
        }
    }
}
