//! The page's side of a session: what it takes, what it refuses, and whom it answers.

use serde_json::value::RawValue;

use super::{Session, Wanted};
use crate::codec::{Ack, Frame, Head, Message, Refusal, read_frame, read_message};
use crate::counters::Reason;
use crate::error::ErrorObject;
use crate::message::{Incoming, answer_text};
use crate::state::{Input, Phase};

impl Session {
    /// Takes what the page sent: a frame, a message or an array of messages. What is refused is counted, and answered
    /// where the protocol says so; the rest takes effect. Next: [`Self::next_incoming`], [`Self::next_batch`].
    pub fn receive(&mut self, text: &str) {
        if self.phase == Phase::Closed {
            return self.counters.refuse(Reason::Closed, 1);
        }
        let taken = read_frame(text).and_then(|frame| self.receive_frame(&frame));
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

    fn receive_frame(&mut self, frame: &Frame<'_>) -> Result<(), Reason> {
        let mut messages = frame.messages.iter();
        let limits = self.limits;
        let mut read = move || messages.next().map(|raw| read_message(raw, &limits));
        let mut next = read();
        match next {
            Some(Ok(Message::Hello { document, url }))
                if !self.phase.has_document() || self.document != document =>
            {
                let doc = frame.head.as_ref().and_then(|head| head.doc.as_ref());
                if doc.is_some_and(|doc| *doc != document) {
                    return Err(Reason::Malformed);
                }
                self.begin_document(document.into_owned(), url.into_owned());
                next = read();
            }
            // What follows it is not meant for the document that is current.
            Some(Err(Refusal {
                reason,
                is_hello: true,
                ..
            })) => return Err(reason),
            _ => self.check_document(frame.head.as_ref())?,
        }
        self.acknowledge(frame.head.as_ref().map_or(Ack::Absent, |head| head.ack));
        self.incoming.reserve(frame.messages.len());
        while let Some(message) = next {
            match message {
                Ok(message) => self.receive_message(message),
                Err(refusal) => self.refuse_message(refusal),
            }
            next = read();
        }
        Ok(())
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

    fn acknowledge(&mut self, ack: Ack) {
        let known = match ack {
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
            Message::Call { id, method, params } => self.receive_call(id, method.into(), params),
            Message::Event { event, detail } => {
                self.counters.events += 1;
                self.incoming.push_back(Incoming::Event {
                    generation,
                    event: event.into_owned(),
                    detail: detail.map(ToOwned::to_owned),
                });
            }
            Message::Cancel { id } => {
                self.counters.cancels += 1;
                if let Some(wanted) = self.calls.get_mut(&id)
                    && *wanted == Wanted::Yes
                {
                    *wanted = Wanted::No;
                    self.incoming.push_back(Incoming::Cancel { generation, id });
                }
            }
        }
    }

    fn receive_call(&mut self, id: u64, method: String, params: Option<&RawValue>) {
        if self.calls.contains_key(&id) {
            return self.counters.refuse(Reason::DuplicateId, 1);
        }
        let limit = self.limits.calls_in_flight;
        if self.calls.len() >= limit || self.outbox.is_full_of_answers(&self.limits) {
            return self.refuse_message(Refusal {
                answer: Some((id, ErrorObject::busy(limit))),
                ..Reason::Busy.into()
            });
        }
        self.calls.insert(id, Wanted::Yes);
        self.counters.calls += 1;
        self.incoming.push_back(Incoming::Call {
            generation: self.generation,
            id,
            method,
            params: params.map(ToOwned::to_owned),
        });
    }

    /// Counts a refused message and answers it, unless the answer would settle a call that is in flight under the same
    /// id, or the page takes no answers.
    fn refuse_message(&mut self, refusal: Refusal) {
        self.counters.refuse(refusal.reason, 1);
        if let Some((id, error)) = refusal.answer
            && !self.calls.contains_key(&id)
            && !self.outbox.is_full_of_answers(&self.limits)
        {
            self.outbox.push_answer(answer_text(id, &Err(error)));
        }
    }
}
