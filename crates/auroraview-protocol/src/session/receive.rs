//! The page's side of a session: what it takes, what it refuses, and whom it answers.

mod sync;

use std::slice;
use std::vec;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::{Session, Wanted};
use crate::codec::{Ack, Frame, Head, Message, Refusal, Value, read_frame, read_message};
use crate::counters::Reason;
use crate::error::ErrorObject;
use crate::limits::Limits;
use crate::message::{Answer, Incoming};
use crate::state::{Input, Phase};

impl Session {
    /// Takes what the page sent: a frame, a message or an array of messages. What is refused is counted, and answered
    /// where the protocol says so; the rest takes effect. Next: [`Self::next_incoming`], [`Self::next_batch`].
    pub fn receive(&mut self, text: &str) {
        self.receive_with(text, Vec::new());
    }

    /// As [`Self::receive`], for a frame and the attachments that came with it. A frame is refused when they are not as
    /// many as it says.
    pub fn receive_with(&mut self, text: &str, attachments: Vec<Bytes>) {
        if self.phase == Phase::Closed {
            return self.counters.refuse(Reason::Closed, 1);
        }
        let taken = read_frame(text).and_then(|frame| self.receive_frame(&frame, attachments));
        if let Err(reason) = taken {
            self.counters.refuse(reason, 1);
        }
    }

    /// Counts what a transport refused before anyone could read it.
    pub fn refuse(&mut self, reason: Reason, count: u64) {
        self.counters.refuse(reason, count);
    }

    /// The next thing the page did.
    pub fn next_incoming(&mut self) -> Option<Incoming> {
        self.incoming.pop_front()
    }

    /// The transport saw the document leave. What it did not acknowledge waits for the next `hello`. Without a document
    /// this does nothing.
    pub fn document_gone(&mut self) {
        self.end_document(Input::Gone);
    }

    /// The transport has a new connection for `document`, whose page has processed the frames up to `received`. What it
    /// has not is handed out again by [`Self::next_batch`], as it was. False when `document` is not current or cannot
    /// stand there: then nothing has changed, and the page must begin a new document.
    pub fn resume(&mut self, document: &str, received: u64) -> bool {
        self.phase.has_document() && self.document == document && self.outbox.resume(received)
    }

    fn receive_frame(&mut self, frame: &Frame<'_>, attachments: Vec<Bytes>) -> Result<(), Reason> {
        let head = frame.head.as_ref();
        let is_complete = attachments.len() == head.map_or(0, |head| head.att);
        let mut reader = Reader {
            messages: frame.messages.iter(),
            attachments: attachments.into_iter(),
            limits: self.limits,
        };
        let mut next = reader.read();
        match next {
            Some(Ok(Message::Hello { document, url }))
                if !self.phase.has_document() || self.document != document =>
            {
                let doc = head.and_then(|head| head.doc.as_ref());
                if !is_complete || doc.is_some_and(|doc| *doc != document) {
                    return Err(Reason::Malformed);
                }
                let seq = head.and_then(|head| head.seq);
                if seq.is_some_and(|seq| seq != 1) {
                    return Err(Reason::Gap);
                }
                self.begin_document(document.into_owned(), url.into_owned());
                self.received = seq.unwrap_or(0);
                next = reader.read();
            }
            // What follows it is not meant for the document that is current.
            Some(Err(Refusal {
                reason,
                is_hello: true,
                ..
            })) => {
                if self.check_document(head).is_ok() && !self.is_new(head)? {
                    return Ok(());
                }
                return Err(reason);
            }
            _ => {
                self.check_document(head)?;
                if !self.is_new(head)? {
                    self.acknowledge(head);
                    return Ok(());
                }
                if !is_complete {
                    return Err(Reason::Malformed);
                }
            }
        }
        self.acknowledge(head);
        self.incoming.reserve(frame.messages.len());
        while let Some(message) = next {
            match message {
                Ok(message) => self.receive_message(message),
                Err(refusal) => self.refuse_message(refusal),
            }
            next = reader.read();
        }
        if reader.attachments.len() > 0 {
            self.counters.refuse(Reason::Malformed, 1);
        }
        Ok(())
    }

    /// Whether a frame for the current document takes effect, by its number; then that is the last one taken.
    fn is_new(&mut self, head: Option<&Head<'_>>) -> Result<bool, Reason> {
        match head.and_then(|head| head.seq) {
            None => Ok(true),
            Some(seq) if seq <= self.received => {
                self.counters.duplicates += 1;
                Ok(false)
            }
            Some(seq) if seq == self.received + 1 => {
                self.received = seq;
                Ok(true)
            }
            Some(_) => Err(Reason::Gap),
        }
    }

    /// Whether a frame that does not begin a document is for the current one.
    fn check_document(&self, head: Option<&Head<'_>>) -> Result<(), Reason> {
        let doc = match head {
            Some(head) => Some(head.doc.as_ref().ok_or(Reason::Malformed)?),
            None => None,
        };
        match doc {
            _ if self.generation == 0 => Err(Reason::NoHello),
            Some(doc) if !self.phase.has_document() || self.document != *doc => {
                Err(Reason::StaleDocument)
            }
            None if !self.phase.has_document() => Err(Reason::NoHello),
            _ => Ok(()),
        }
    }

    fn acknowledge(&mut self, head: Option<&Head<'_>>) {
        let known = match head.map_or(Ack::Absent, |head| head.ack) {
            Ack::Absent => true,
            Ack::Upto(seq) => self.outbox.acknowledge(seq),
            Ack::Bad => false,
        };
        if !known {
            self.counters.refuse(Reason::BadAck, 1);
        }
    }

    fn begin_document(&mut self, document: String, url: String) {
        self.end_document(Input::Hello);
        self.generation += 1;
        self.document.clone_from(&document);
        self.incoming.push_back(Incoming::Document {
            generation: self.generation,
            document,
            url,
        });
    }

    fn receive_message(&mut self, message: Message<'_>) {
        let generation = self.generation;
        match message {
            // A hello that begins a document never comes here.
            Message::Hello { .. } => self.counters.refuse(Reason::OutOfOrder, 1),
            Message::Ready => match self.phase.after(Input::Ready) {
                Some(after) => {
                    self.phase = after;
                    self.outbox.load();
                    self.incoming.push_back(Incoming::Ready { generation });
                }
                None => self.counters.refuse(Reason::OutOfOrder, 1),
            },
            Message::Call { id, method, params } => {
                if let Err(refusal) = self.begin_call(id, method.into(), params, Wanted::Yes) {
                    self.refuse_message(refusal);
                }
            }
            Message::Event { event, detail } => {
                self.counters.events += 1;
                self.incoming.push_back(Incoming::Event {
                    generation,
                    event: event.into_owned(),
                    detail: detail.map(Into::into),
                });
            }
            Message::Cancel { id } => {
                self.counters.cancels += 1;
                if let Some(wanted) = self.calls.get_mut(&id)
                    && *wanted != Wanted::No
                {
                    *wanted = Wanted::No;
                    self.incoming.push_back(Incoming::Cancel { generation, id });
                }
            }
        }
    }

    fn begin_call(
        &mut self,
        id: u64,
        method: String,
        params: Option<Value<'_>>,
        wanted: Wanted,
    ) -> Result<(), Refusal> {
        if self.calls.contains_key(&id) {
            return Err(Reason::DuplicateId.into());
        }
        let limit = self.limits.calls_in_flight;
        if self.calls.len() >= limit || self.outbox.is_full_of_answers(&self.limits) {
            return Err(Refusal {
                answer: Some((id, ErrorObject::busy(limit))),
                ..Reason::Busy.into()
            });
        }
        self.calls.insert(id, wanted);
        self.counters.calls += 1;
        self.incoming.push_back(Incoming::Call {
            generation: self.generation,
            id,
            method,
            params: params.map(Into::into),
            sync: wanted != Wanted::Yes,
        });
        Ok(())
    }

    /// Counts a refused message and answers it, unless the answer would settle a call that is in flight under the same
    /// id, or the page takes no answers.
    fn refuse_message(&mut self, refusal: Refusal) {
        self.counters.refuse(refusal.reason, 1);
        if let Some((id, error)) = refusal.answer
            && !self.calls.contains_key(&id)
            && !self.outbox.is_full_of_answers(&self.limits)
        {
            self.outbox.push_answer(Answer::new(id, &Err(error)));
        }
    }
}

/// Reads the messages of a frame one by one and gives each its attachments.
struct Reader<'f, 'a> {
    messages: slice::Iter<'f, &'a RawValue>,
    attachments: vec::IntoIter<Bytes>,
    limits: Limits,
}

impl<'a> Reader<'_, 'a> {
    fn read(&mut self) -> Option<Result<Message<'a>, Refusal>> {
        let raw = self.messages.next()?;
        Some(read_message(raw, &mut self.attachments, &self.limits))
    }
}
